"""Least squares with any number of absorbed effects, and the covariance of one's choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..core.checks import as_list, require_level, require_unique
from ..core.entry import takes_frame
from ..core.frame import Arrays, Effect, prepare
from ..core.result import Estimates
from ..errors import NotIdentifiedError
from ..linalg.absorb import Absorber
from ..linalg.least_squares import Linear, least_squares, norms
from ..linalg.threads import same_bits
from .inference import Covariance, infer, resolve
from .small_sample import Correction

INTERCEPT = "Intercept"


@takes_frame
@same_bits
def ols(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    effects: Sequence[Effect] = (),
    trends: Mapping[str, str | Sequence[str]] | None = None,
    weights: str | None = None,
    cluster: str | Sequence[str] | None = None,
    covariance: Covariance | None = None,
    correction: str = "fixest",
    singletons: str = "drop",
    unit: str | None = None,
    time: str | None = None,
    level: float = 0.95,
) -> Estimates:
    """Regress an outcome on a treatment and covariates with absorbed effects.

    The estimand is the coefficient of the best linear predictor given the effects. It is an average
    treatment effect only under further assumptions; with staggered adoption see `twfe_weights`.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    outcome : str
        Numeric column.
    treatment : str or sequence of str, optional
        Columns that must be identified: an error is raised when one is absorbed or collinear.
    covariates : sequence of str
        Columns that are dropped, and named in ``extra["columns"]``, when absorbed or collinear.
    effects : sequence of str or tuple of str
        Effects to absorb: ``["unit", ("state", "year")]`` absorbs units and state-by-year cells. Without
        any, an intercept is estimated.
    trends : mapping of str to str or sequence of str, optional
        Slopes that differ by level of an effect: ``{"unit": "year"}`` absorbs unit-specific linear
        trends (and the unit effects with them).
    weights : str, optional
        Positive weights, as inverse variances; rows of weight zero are dropped and counted.
    cluster : str or sequence of two str, optional
        Columns of clusters, one way or two.
    covariance : {"iid", "HC1", "HC2", "HC3", "CRV1", "CRV2", "CRV3"} or Conley, optional
        ``"CRV1"`` with `cluster` and ``"HC1"`` without, when omitted.
    correction : {"fixest", "stata", "linearmodels", "statsmodels", "none"}
        Small-sample convention of iid, HC1, CRV1 and Conley, with its degrees of freedom. HC2, HC3, CRV2 and
        CRV3 correct themselves and take only the degrees of freedom from it; CRV2 brings Satterthwaite
        degrees of freedom, one a coefficient.
    singletons : {"drop", "keep"}
        Rows alone in a level of an effect are dropped, repeatedly, and counted.
    unit, time : str, optional
        With both, a unit and time must not repeat; with `unit`, the ledger counts units.
    level : float
        Confidence level.

    Returns
    -------
    Estimates
        Keyed by ``term``. ``extra``: ``columns`` (for each regressor ``"used"``, ``"absorbed"`` or
        ``"collinear"``), ``residuals`` (in the order of the used rows), ``r2_within``, ``df_absorbed``,
        ``df_absorbed_is_exact``; ``influence`` is by cluster, for one-way CRV1 only.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The outcome or the treatment does not vary once the effects are absorbed, or no row is left.
    TooFewClustersError
        One cluster only.
    KeyNotUniqueError
        `unit` and `time` repeat.

    Notes
    -----
    Rows with a missing value in any column named are dropped and counted by the first such column.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import ols
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> ols("y ~ treated | unit + year", frame).coef().round(3).to_dict()
    {'treated': 1.85}
    """
    require_level(level)
    if unit is not None and time is not None:
        require_unique(data, unit, time)
    treatments = as_list(treatment)
    covariance = resolve(covariance, cluster)
    arrays = prepare(
        data,
        outcome=outcome,
        columns=[*treatments, *as_list(covariates)],
        effects=as_effects(effects),
        trends=trends,
        weights=weights,
        cluster=cluster,
        singletons=singletons,
    )
    arrays = with_intercept(arrays)
    fit, absorber, total = _fit(arrays, treatments)
    kept = [arrays.names[j] for j in fit.kept]
    matrix, applied, influence = infer(data, arrays, fit, absorber, covariance, correction, kept)
    return Estimates(
        method="ols",
        keys=pd.DataFrame({"term": kept}),
        estimate=fit.coefficient,
        covariance=matrix,
        sample=arrays.sample(units_of(data, unit, arrays)),
        design=describe(outcome, arrays, covariance, cluster, weights, applied),
        level=level,
        influence=influence,
        extra=_extra(arrays, fit, absorber, total),
    )


def _extra(arrays: Arrays, fit: Linear, absorber: Absorber, total: float) -> dict[str, Any]:
    return {
        "columns": column_ledger(arrays.names, fit.dropped),
        "residuals": fit.residual,
        "r2_within": 1.0 - _squares(fit.residual, arrays) / total,
        "df_absorbed": absorber.rank,
        "df_absorbed_is_exact": absorber.rank_is_exact,
    }


def as_effects(effects: Effect | Sequence[Effect]) -> list[Effect]:
    """Return a list of effects from one name or several."""
    return [effects] if isinstance(effects, str) else list(effects)


def with_intercept(arrays: Arrays) -> Arrays:
    """Return the arrays with a column of ones when no effect is absorbed."""
    if arrays.codes:
        return arrays
    from dataclasses import replace

    ones = np.ones((len(arrays.joint), 1))
    joint = np.asfortranarray(np.hstack([arrays.joint[:, :1], ones, arrays.joint[:, 1:]]))
    return replace(arrays, joint=joint, names=(INTERCEPT, *arrays.names))


def _fit(arrays: Arrays, treatments: list[str]) -> tuple[Linear, Any, float]:
    before = norms(arrays.joint, arrays.weights)
    absorber = arrays.absorber()
    joint = absorber.residualize(arrays.joint, overwrite=True)
    total = _squares(joint[:, 0], arrays)
    if not total > (1e-9 * before[0]) ** 2:
        raise NotIdentifiedError("the outcome does not vary once the effects are absorbed")
    if joint.shape[1] == 1:
        raise NotIdentifiedError("no regressor: name a treatment or covariates")
    fit = least_squares(joint[:, 0], joint[:, 1:], before[1:], arrays.weights)
    require_identified(arrays.names, fit.dropped, treatments)
    return fit, absorber, total


def _squares(values: np.ndarray, arrays: Arrays) -> float:
    return float(values @ (values if arrays.weights is None else values * arrays.weights))


def require_identified(names: Sequence[str], dropped: Mapping[int, str], treatments: Sequence[str]) -> None:
    """Raise `NotIdentifiedError` when a treatment was dropped, saying why."""
    for j, reason in dropped.items():
        if names[j] in treatments:
            by = "the effects" if reason == "absorbed" else "the regressors named before it"
            raise NotIdentifiedError(f"treatment {names[j]!r} does not vary: it is {reason} by {by}")


def column_ledger(names: Sequence[str], dropped: Mapping[int, str]) -> dict[str, str]:
    """Return for each regressor ``"used"``, ``"absorbed"`` or ``"collinear"``."""
    return {name: dropped.get(j, "used") for j, name in enumerate(names)}


def units_of(data: pd.DataFrame, unit: str | None, arrays: Arrays) -> int | None:
    """Return the number of units in the used rows, None when no unit is named."""
    return None if unit is None else int(data[unit][arrays.rows].nunique())


def describe(
    outcome: str,
    arrays: Arrays,
    covariance: Any,
    cluster: str | Sequence[str] | None,
    weights: str | None,
    applied: Correction,
) -> dict[str, Any]:
    """Return the plain values that say how a regression was done."""
    return {
        "outcome": outcome,
        "effects": " + ".join(arrays.effects) or "none",
        "weights": weights or "none",
        "covariance": covariance if isinstance(covariance, str) else repr(covariance),
        "cluster": " + ".join(as_list(cluster)) or "none",
        "correction": applied.name,
        "correction_factor": applied.factor,
        "parameters_counted": applied.counted,
        "df": applied.df,
    }
