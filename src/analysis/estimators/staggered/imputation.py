"""Imputation and two-stage estimators (Borusyak, Jaravel and Spiess 2024; Gardner 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import require_level, require_option
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.threads import same_bits
from ..regression.few_clusters import cluster_df
from ..regression.wald import wald
from .imputation_fit import (
    Averages,
    Imputed,
    averages,
    impute,
    pre_trend_columns,
    two_stage_influence,
    unit_influence,
)
from .multiplier_bootstrap import cluster_sums
from .wide_panel import WidePanel, wide_panel

VARIANCES = ("conservative", "leave_out")
TARGETS = ("overall", "event", "cohort", "calendar", "cell")


@takes_frame
@same_bits
def imputation(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    covariates: str | Sequence[str] | None = None,
    by: str = "event",
    anticipation: int = 0,
    weights: str | None = None,
    cluster: str | None = None,
    variance: str = "conservative",
    level: float = 0.95,
) -> Estimates:
    """Estimate effects as outcome minus the untreated outcome imputed from unit and period effects.

    The estimand is the mean of unit-level effects over the treated rows of each group of `by`
    (weighted by `weights`, if any), under parallel trends in all untreated periods.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period; missing unit-periods are allowed.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    unit : str
        Column of labels of units.
    time : str
        Column of numeric periods, or dates with a `frequency`.
    cohort : str
        First treated period of each unit, constant within it; missing, 0 or infinity for never treated.
    covariates : str or sequence of str, optional
        Time-varying, with coefficients from untreated rows.
    by : {"event", "overall", "cohort", "calendar", "cell"}
        Which averages to report.
    anticipation : int
        Periods before adoption counted as treated.
    weights : str, optional
        Positive weights, in the fit and in the averages.
    cluster : str, optional
        Clusters of units; the unit when omitted.
    variance : {"conservative", "leave_out"}
        Treated residuals around the mean effect of their cohort and period, with or without the
        unit itself in that mean. Leave-out needs two units in every cell.
    level : float
        Confidence level. Inference is by t with clusters less one degrees of freedom; no small-sample
        factor (``correction`` is ``"none"``).

    Returns
    -------
    Estimates
        `tidy` says how many treated units, and clusters of them, each row rests on.
        ``extra["pretest"](leads)`` tests parallel trends among untreated rows;
        ``extra["effects"]`` has the imputed effect of every treated row.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    KeyNotUniqueError
        A unit has two rows in one period.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.
    EstimationError
        An option is none of those named, or options contradict each other.

    References
    ----------
    Borusyak, Jaravel and Spiess (2024), doi:10.1093/restud/rdae007.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import imputation
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> imputation(frame, **keys, by="overall").coef().round(3).to_dict()
    {'att': 1.833}
    """
    require_option("variance", variance, VARIANCES)
    wide = _prepare(data, outcome, unit, time, cohort, covariates, weights, cluster, anticipation, by, level)
    fit = impute(wide, anticipation)
    keys, target = _targets(fit, by)
    estimate = target.of(fit.effect)
    influence = unit_influence(fit, target, leave_out=variance == "leave_out")
    design = _design(outcome, by, anticipation, weights, cluster or unit) | {"variance": variance}
    return _estimates("imputation", fit, keys, target, estimate, influence, design, level)


@takes_frame
@same_bits
def two_stage(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    covariates: str | Sequence[str] | None = None,
    by: str = "event",
    anticipation: int = 0,
    weights: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> Estimates:
    """Estimate effects by regressing outcomes net of untreated unit and period effects on treatment.

    The point estimates are those of `imputation`; the standard errors are of the two steps as one
    moment condition, so a unit's deviation from the mean effect of its group counts as error.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    unit : str
        Column of labels of units.
    time : str
        Column of numeric periods, or dates with a `frequency`.
    cohort : str
        First treated period of each unit, constant within it; missing, 0 or infinity for never treated.
    covariates : str or sequence of str, optional
        Numeric columns that enter the untreated outcome linearly.
    by : {"event", "overall", "cohort", "calendar", "cohort_event"}
        Rows of the result: event times, one average, cohorts, periods, or cells.
    anticipation : int
        Periods before adoption in which units may respond.
    weights : str, optional
        Positive weights of rows.
    cluster : str, optional
        Column of clusters of units; the unit when omitted.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    KeyNotUniqueError
        A unit has two rows in one period.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.
    EstimationError
        An option is none of those named, or options contradict each other.

    References
    ----------
    Gardner (2022), doi:10.48550/arXiv.2207.05943.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import two_stage
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> two_stage(frame, **keys, by="overall").coef().round(3).to_dict()
    {'att': 1.833}
    """
    wide = _prepare(data, outcome, unit, time, cohort, covariates, weights, cluster, anticipation, by, level)
    fit = impute(wide, anticipation)
    keys, target = _targets(fit, by)
    estimate = target.of(fit.effect)
    influence = two_stage_influence(fit, target, estimate)
    design = _design(outcome, by, anticipation, weights, cluster or unit)
    return _estimates("two_stage", fit, keys, target, estimate, influence, design, level)


def _prepare(
    data: pd.DataFrame,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    covariates: str | Sequence[str] | None,
    weights: str | None,
    cluster: Any,
    anticipation: int,
    by: str,
    level: float,
) -> WidePanel:
    require_level(level)
    require_option("by", by, TARGETS)
    if anticipation < 0:
        raise EstimationError(f"anticipation must be zero or more periods, not {anticipation}")
    return wide_panel(
        data,
        outcome=outcome,
        unit=unit,
        time=time,
        cohort=cohort,
        covariates=covariates,
        weights=weights,
        cluster=cluster,
    )


def _design(outcome: str, by: str, anticipation: int, weights: Any, cluster: str) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "by": by,
        "anticipation": anticipation,
        "weights": weights,
        "cluster": cluster,
        "correction": "none",
    }


def _targets(fit: Imputed, by: str) -> tuple[pd.DataFrame, Averages]:
    """Return the keys of the averages and which treated rows each takes."""
    cohort, time = fit.wide.cohort[fit.row_unit], fit.wide.periods[fit.row_period]
    label = fit.wide.calendar.label
    if by == "overall":
        return pd.DataFrame({"term": ["att"]}), averages(np.zeros(len(cohort), int), fit.row_weight)
    if by == "cell":
        first, cohort_code = np.unique(fit.wide.cohort, return_inverse=True)
        size = len(fit.wide.periods)
        found, group = np.unique(cohort_code[fit.row_unit] * size + fit.row_period, return_inverse=True)
        keys = pd.DataFrame({"cohort": label(first[found // size]), "time": fit.wide.times[found % size]})
        return keys, averages(group, fit.row_weight)
    name, values = {
        "event": ("event_time", time - cohort),
        "cohort": ("cohort", cohort),
        "calendar": ("time", time),
    }[by]
    found, group = np.unique(values, return_inverse=True)
    return pd.DataFrame({name: found if by == "event" else label(found)}), averages(group, fit.row_weight)


def _treated_counts(fit: Imputed, target: Averages) -> dict[str, np.ndarray]:
    """Return how many treated units, and clusters of them, each average rests on."""
    labels = {"units": fit.row_unit, "clusters": fit.wide.cluster[fit.row_unit]}
    pairs = {name: np.unique(np.column_stack([target.group, own]), axis=0) for name, own in labels.items()}
    return {
        f"treated_{name}": np.bincount(found[:, 0], minlength=target.count) for name, found in pairs.items()
    }


def _estimates(
    method: str,
    fit: Imputed,
    keys: pd.DataFrame,
    target: Averages,
    estimate: Floats,
    influence: Floats,
    design: dict[str, Any],
    level: float,
) -> Estimates:
    wide, units = fit.wide, len(fit.wide.cohort)
    sums = cluster_sums(influence, wide.cluster)
    df = cluster_df(wide.sample.clusters or 0, design["cluster"])
    effects = pd.DataFrame(
        {
            "unit": wide.units[fit.row_unit],
            "time": wide.times[fit.row_period],
            "cohort": wide.first_treated[fit.row_unit],
            "effect": fit.effect,
        }
    )
    return Estimates(
        method=method,
        keys=keys,
        estimate=estimate,
        covariance=sums.T @ sums,
        sample=wide.sample,
        design={**design, "df": df},
        level=level,
        overrides=_treated_counts(fit, target),
        influence=influence * units,
        extra={"effects": effects, "pretest": lambda leads: _pretest(fit, leads, df, level)},
    )


def _pretest(fit: Imputed, leads: int, df: float, level: float) -> Estimates:
    """Return coefficients of lead dummies among untreated rows, with their joint test in ``extra``."""
    if leads < 1:
        raise EstimationError(f"leads must be one or more periods, not {leads}")
    coefficient, influence, used = pre_trend_columns(fit, leads)
    if not len(used):
        raise NotIdentifiedError("no lead varies among untreated rows")
    sums = cluster_sums(influence, fit.wide.cluster)
    covariance = sums.T @ sums
    return Estimates(
        method="imputation_pretest",
        keys=pd.DataFrame({"event_time": -used}),
        estimate=coefficient,
        covariance=covariance,
        sample=fit.wide.sample,
        design={"correction": "none", "df": df, "sample": "untreated rows"},
        level=level,
        influence=influence * len(influence),
        extra={"joint": wald(coefficient, covariance, df)},
    )
