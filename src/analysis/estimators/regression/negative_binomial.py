"""Negative binomial regression, by statsmodels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import as_list, require_level
from ..core.entry import takes_frame
from ..core.frame import Arrays, Effect, prepare
from ..core.result import Estimates
from ..core.translate import translated
from ..errors import ColumnError, EstimationError, NotConvergedError, NotIdentifiedError
from ..linalg.threads import same_bits
from .ols import INTERCEPT, as_effects

_MOST_LEVELS = 500


@takes_frame
@same_bits
def negative_binomial(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    effects: Sequence[Effect] = (),
    offset: str | None = None,
    cluster: str | None = None,
    form: Literal["nb1", "nb2"] = "nb2",
    level: float = 0.95,
) -> Estimates:
    """Fit a negative binomial model of counts, effects as dummy columns.

    For comparison with published work. It is consistent only if the variance is as assumed, and with
    unit effects and few periods not even then; `poisson` needs neither.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    treatment : str or sequence of str, optional
        Columns that must be identified: an error is raised when one is absorbed or collinear.
    covariates : str or sequence of str, optional
        Numeric columns that enter linearly; those that are absorbed or collinear are dropped and named.
    effects : sequence of str or tuple of str
        Effects to absorb: ``["unit", ("state", "year")]`` absorbs units and state-by-year cells. Without
        any, an intercept is estimated.
    offset : str, optional
        Known part of the log mean, such as the log of residents; its coefficient is one.
    cluster : str, optional
        Clusters of the sandwich, times G / (G - 1) (n - 1) / (n - k); the inverse information without.
    form : {"nb1", "nb2"}
        Variance linear or quadratic in the mean.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        The regressors, then ``"alpha"``, the dispersion. Normal p-values.

    Raises
    ------
    NotConvergedError
        The iteration does not settle.
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    EstimationError
        An option is none of those named, or options contradict each other.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import negative_binomial
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> frame["count"] = [3, 5, 6, 2, 4, 7, 1, 1, 2, 4, 6, 5, 2, 3, 2, 5, 4, 6, 1, 0, 2, 3, 3, 4]
    >>> frame["count"] = frame["count"] ** 2
    >>> negative_binomial(frame, outcome="count", treatment="on").coef().round(2).to_dict()
    {'Intercept': 2.32, 'on': 0.86, 'alpha': 0.79}
    """
    require_level(level)
    names = [*as_list(treatment), *as_list(covariates)]
    arrays = prepare(
        data, outcome=outcome, columns=names, effects=as_effects(effects), offset=offset, cluster=cluster
    )
    _require_counts(arrays, outcome)
    design, terms = _design(arrays, names)
    fit = _fitted(arrays, design, form, cluster)
    keep = [*range(len(terms)), design.shape[1]]
    _require_maximum(fit, keep)
    return Estimates(
        method="negative_binomial",
        keys=pd.DataFrame({"term": [*terms, "alpha"]}),
        estimate=np.asarray(fit.params)[keep],
        covariance=np.asarray(fit.cov_params())[np.ix_(keep, keep)],
        sample=arrays.sample(),
        design={
            "outcome": outcome,
            "effects": " + ".join(arrays.effects) or "none",
            "offset": offset or "none",
            "cluster": cluster or "none",
            "form": form,
            "correction": "statsmodels" if cluster else "none",
            "df": np.inf,
        },
        level=level,
        extra={"log_likelihood": float(fit.llf), "fit": fit},
    )


def _require_counts(arrays: Arrays, outcome: str) -> None:
    if (arrays.outcome < 0).any() or (arrays.outcome % 1 != 0).any():
        raise ColumnError(f"outcome {outcome!r} must hold counts: whole numbers, none negative")


def _require_maximum(fit: Any, keep: list[int]) -> None:
    if not fit.mle_retvals["converged"]:
        raise NotConvergedError("the negative binomial likelihood was not maximised: use poisson")
    if not np.isfinite(np.asarray(fit.bse)[keep]).all():
        raise NotIdentifiedError(
            "the likelihood has no curvature at its maximum (no overdispersion): use poisson"
        )


def _fitted(arrays: Arrays, design: Floats, form: str, cluster: Any) -> Any:
    from statsmodels.discrete.discrete_model import NegativeBinomial

    with translated("statsmodels"):
        model = NegativeBinomial(arrays.outcome, design, loglike_method=form, offset=arrays.offset)
        options = {"cov_type": "cluster", "cov_kwds": {"groups": arrays.clusters[0]}} if cluster else {}
        fit = model.fit(disp=0, maxiter=500, method="bfgs", gtol=1e-8, **options)
        return model.fit(disp=0, maxiter=200, method="newton", start_params=fit.params, **options)


def _design(arrays: Arrays, names: list[str]) -> tuple[Floats, list[str]]:
    levels = sum(int(item.max()) for item in arrays.codes)
    if levels > _MOST_LEVELS:
        raise EstimationError(f"{levels} dummies are too many for a negative binomial: use poisson")
    dummies = [np.eye(int(item.max()) + 1)[item][:, 1:] for item in arrays.codes]
    ones = np.ones((len(arrays.outcome), 1))
    return np.hstack([ones, arrays.columns, *dummies]), [INTERCEPT, *names]
