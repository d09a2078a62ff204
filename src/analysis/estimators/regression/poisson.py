"""Poisson pseudo-maximum likelihood with any number of absorbed effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import as_list, require_level, require_unique
from ..core.entry import takes_frame
from ..core.frame import Arrays, Effect, prepare
from ..core.result import Estimates
from ..errors import ColumnError, EstimationError
from ..linalg.threads import same_bits
from .conley import Conley
from .inference import Covariance, infer, resolve
from .ols import as_effects, column_ledger, describe, require_identified, units_of, with_intercept
from .poisson_irls import PoissonFit, fit_poisson
from .separation import drop_hopeless, separated
from .small_sample import Correction


@takes_frame
@same_bits
def poisson(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    effects: Sequence[Effect] = (),
    trends: Mapping[str, str | Sequence[str]] | None = None,
    weights: str | None = None,
    offset: str | None = None,
    cluster: str | Sequence[str] | None = None,
    covariance: Covariance | None = None,
    correction: str = "fixest",
    singletons: str = "drop",
    separation: Literal["drop", "raise"] = "drop",
    unit: str | None = None,
    time: str | None = None,
    level: float = 0.95,
) -> Estimates:
    """Fit E[y] = exp(x'b + effects + offset) by Poisson pseudo-maximum likelihood.

    The estimand is the proportional effect on the mean, ``exp(b) - 1``, for any non-negative outcome,
    counts or not, zeros included; the variance need not equal the mean when the covariance is robust.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    outcome : str
        Non-negative column.
    treatment : str or sequence of str, optional
        Columns that must be identified: an error is raised when one is absorbed or collinear.
    covariates : sequence of str
        Numeric columns that are dropped, and named in ``extra["columns"]``, when absorbed or collinear.
    effects : sequence of str or tuple of str
        Effects to absorb: ``["unit", ("state", "year")]`` absorbs units and state-by-year cells. Without
        any, an intercept is estimated.
    trends : mapping of str to str or sequence of str, optional
        Slopes that differ by level of an effect: ``{"unit": "year"}`` absorbs linear trends of units, and
        their effects.
    weights : str, optional
        Positive weights of the rows' pseudo-likelihood.
    offset : str, optional
        Column added to the linear predictor with coefficient one, e.g. the log of population.
    cluster : str or sequence of two str, optional
        Columns of clusters, one way or two.
    covariance : {"iid", "HC1", "CRV1"} or Conley, optional
        ``"CRV1"`` with `cluster` and ``"HC1"`` without. ``"iid"`` is the inverse information.
    correction : {"fixest", "stata", "statsmodels", "none"}
        Small-sample convention, see `ols`, but always with normal intervals and p-values; ``"stata"`` is G
        / (G - 1), or n / (n - 1), as in Stata's maximum-likelihood commands.
    singletons : {"drop", "keep"}
        Rows alone in a level of an effect are dropped, repeatedly, and counted; or kept.
    separation : {"drop", "raise"}
        What to do with zeros that a combination of regressors separates from the positive outcomes: the
        maximum does not exist unless they are left out, which changes no other estimate.
    unit : str, optional
        Column of units; with `time` too, a unit and time must not repeat, and the ledger counts units.
    time : str, optional
        Column of periods, any labels.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keyed by ``term``. ``sample.dropped`` counts ``"all-zero group"``, ``"singleton"`` and
        ``"separated"``. ``extra``: ``columns``, ``mean`` (fitted, of the used rows), ``iterations`` and
        ``deviance``.

    Raises
    ------
    ColumnError
        Negative outcomes, text, infinity.
    NotIdentifiedError
        Every outcome is zero, or the treatment is absorbed.
    NotConvergedError
        The maximum was not reached.

    Notes
    -----
    Santos Silva and Tenreyro (2006, doi:10.1162/rest.88.4.641); Correia, Guimaraes and Zylkin (2020,
    doi:10.1177/1536867X20909691), and for separation arXiv:1903.01633. Conditional on unit effects it is
    consistent whatever the distribution (Wooldridge 1999, doi:10.1016/S0304-4076(98)00033-5).

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import poisson
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> poisson(frame, outcome="y", treatment="treated", effects=["year"]).coef().round(3).to_dict()
    {'treated': 1.13}
    """
    require_level(level)
    if unit is not None and time is not None:
        require_unique(data, unit, time)
    treatments = as_list(treatment)
    covariance = _allowed(resolve(covariance, cluster), correction)
    arrays = with_intercept(
        prepare(
            data,
            outcome=outcome,
            columns=[*treatments, *as_list(covariates)],
            effects=as_effects(effects),
            trends=trends,
            weights=weights,
            offset=offset,
            cluster=cluster,
            singletons=singletons,
        )
    )
    if (low := float(arrays.outcome.min())) < 0:
        raise ColumnError(f"outcome {outcome!r} holds negative values (lowest {low}): Poisson needs none")
    arrays, fit = fit_where_it_exists(arrays, singletons, separation)
    require_identified(arrays.names, fit.linear.dropped, treatments)
    kept = [arrays.names[j] for j in fit.linear.kept]
    matrix, applied, influence = _infer(data, arrays, fit, covariance, correction, kept)
    return Estimates(
        method="poisson",
        keys=pd.DataFrame({"term": kept}),
        estimate=fit.linear.coefficient,
        covariance=matrix,
        sample=arrays.sample(units_of(data, unit, arrays)),
        design=describe(outcome, arrays, covariance, cluster, weights, applied)
        | {"offset": offset or "none"},
        level=level,
        influence=influence,
        extra={
            "columns": column_ledger(arrays.names, fit.linear.dropped),
            "mean": fit.mean,
            "iterations": fit.iterations,
            "deviance": _deviance(arrays, fit.mean),
            "df_absorbed": fit.absorber.rank,
        },
    )


def _allowed(covariance: Covariance, correction: str) -> Covariance:
    if not isinstance(covariance, Conley) and covariance not in ("iid", "HC1", "CRV1"):
        raise EstimationError(f"{covariance} is defined for least squares: use iid, HC1, CRV1 or Conley")
    if correction == "linearmodels":
        raise EstimationError("linearmodels has no Poisson model: choose another correction")
    return covariance


def fit_where_it_exists(
    arrays: Arrays, singletons: str = "drop", separation: str = "drop", start: Floats | None = None
) -> tuple[Arrays, PoissonFit]:
    """Return the rows for which a maximum exists, and the fit on them.

    Parameters
    ----------
    arrays : Arrays
    singletons, separation : str
        As of `poisson`.
    start : numpy.ndarray, shape (given,), optional
        Linear predictors of the given rows to begin at, missing where none is known.

    Raises
    ------
    EstimationError
        Zeros are separated and not to be dropped.
    NotIdentifiedError, NotConvergedError
    """
    arrays = drop_hopeless(arrays, singletons)
    fit = fit_poisson(arrays, start=None if start is None else start[arrays.rows])
    if not fit.drifting:
        return arrays, fit
    apart = separated(arrays)
    if not apart.any():
        return arrays, fit_poisson(arrays, maximum=1_000, watch=False)
    if separation == "raise":
        raise EstimationError(
            f"{int(apart.sum())} zeros are separated from the positive outcomes: no maximum exists with "
            "them; separation='drop' leaves them out"
        )
    return fit_where_it_exists(arrays.keep(~apart, "separated"), singletons, separation, start)


def _infer(
    data: pd.DataFrame,
    arrays: Arrays,
    fit: PoissonFit,
    covariance: Covariance,
    correction: str,
    kept: list[str],
) -> tuple[Floats, Correction, Floats | None]:
    working = replace(arrays, weights=fit.weights)
    matrix, applied, influence = infer(data, working, fit.linear, fit.absorber, covariance, correction, kept)
    base = fit.linear.bread if covariance == "iid" else matrix / applied.factor
    factor = _stata_factor(arrays, covariance) if correction == "stata" else applied.factor
    if covariance == "iid":
        factor = _iid_factor(arrays, applied)
    return base * factor, Correction(applied.name, factor, applied.counted, np.inf), influence


def _iid_factor(arrays: Arrays, applied: Correction) -> float:
    n = len(arrays.outcome)
    return (n - 1) / (n - applied.counted) if applied.name == "fixest" else 1.0


def _stata_factor(arrays: Arrays, covariance: Covariance) -> float:
    clustered = covariance == "CRV1"
    n = min(int(item.max()) + 1 for item in arrays.clusters) if clustered else len(arrays.outcome)
    return n / (n - 1)


def _deviance(arrays: Arrays, mean: np.ndarray) -> float:
    y = arrays.outcome
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(y > 0, y * np.log(y / mean), 0.0) - (y - mean)
    return float(2 * (terms.sum() if arrays.weights is None else terms @ arrays.weights))


__all__: list[Any] = ["poisson"]
