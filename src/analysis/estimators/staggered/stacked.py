"""Stacked differences with the corrective weights of Wing, Freedman and Hollingsworth (2024)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Ints
from ..core.checks import require_level, require_option
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.threads import same_bits
from ..regression.few_clusters import clusters_named
from ..regression.ols import ols
from ..regression.poisson import poisson
from .wide_panel import WidePanel, wide_panel


@takes_frame
@same_bits
def stacked(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    window: tuple[int, int],
    control: str = "not_yet",
    family: str = "linear",
    offset: str | None = None,
    anticipation: int = 0,
    weighted: bool = True,
    weights: str | None = None,
    cluster: str | None = None,
    correction: str = "fixest",
    level: float = 0.95,
) -> Estimates:
    r"""Estimate event-time effects on a stack of sub-experiments, one a cohort, of equal windows.

    The estimand at each event time is the mean effect over the treated units of all cohorts whose
    whole window lies inside the panel, so that composition does not change with event time, under
    parallel trends within each sub-experiment. With ``family="poisson"`` it is the logarithm of the ratio of
    the treated units' mean to what it would have been, under parallel trends in logarithms of means:
    :math:`E[y] = n \exp(a_D + b_e + \beta_e D)`, whose :math:`\beta_e` is the log ratio of ratios of weighted
    means at e and at the base.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period. A unit enters a sub-experiment only if observed through its window.
    outcome, unit, time, cohort : str
        Columns: the outcome (not negative, for ``"poisson"``), labels of units, numeric periods,
        and first treated period, with missing, 0 or infinity for never treated.
    window : tuple of int
        First and last event time in periods, from the base or before to 0 or after. The base is the last
        period before ``cohort - anticipation``: event time ``-1 - anticipation``.
    control : {"not_yet", "never"}
        Clean controls: untreated through the window (and `anticipation` periods more), or never treated.
    family : {"linear", "poisson"}
        Least squares, effects in units of the outcome; or Poisson regression, effects in logarithms.
    offset : str, optional
        Logarithm of the exposure :math:`n`, for ``"poisson"``.
    anticipation : int
        Periods before adoption in which units may respond.
    weighted : bool
        Corrective weights, which make every sub-experiment's controls weigh as its treated do;
        without them the regression's own (and generally not convex-by-cohort-share) weights rule.
    weights : str, optional
        Positive sampling weights. A unit weighs in a sub-experiment what it weighs in the base period;
        corrective weights then balance sums of weights where they balance numbers of units.
    cluster : str, optional
        Column of clusters of units; the unit when omitted.
    correction : {"fixest", "stata", "linearmodels", "statsmodels", "none"}
        Small-sample convention, see `ols`.
    level : float
        Confidence level of intervals.

    Returns
    -------
    Estimates
        Keyed by ``event_time``. ``extra["ledger"]`` lists every cohort with its treated and control
        units or why it is left out; ``extra["overall"]`` is the mean of effects from 0 on.

    Raises
    ------
    ColumnError
        A column is absent or holds text, weights are not positive, or a cohort changes within a unit.
    KeyNotUniqueError
        A unit has two rows in one period.
    EstimationError
        The window leaves out the base or 0, or an option is none of those named.
    NotIdentifiedError
        If no cohort has its window inside the panel with treated and clean controls observed.

    References
    ----------
    Wing, Freedman and Hollingsworth (2024), doi:10.3386/w32054.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import stacked
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> stacked(frame, **keys, window=(-1, 0)).coef().round(3).to_dict()
    {0: 1.5}
    """
    _require(window, control, level, family, offset, anticipation)
    wide = wide_panel(
        data,
        outcome=outcome,
        unit=unit,
        time=time,
        cohort=cohort,
        weights=weights,
        cluster=cluster,
        offset=offset,
    )
    stack, ledger = _stack(wide, window, control, anticipation)
    if not len(stack):
        raise NotIdentifiedError(
            f"no cohort fits the window {window}: {ledger['left_out'].value_counts().to_dict()}"
        )
    stack["weight"] = stack["own"] * (_corrective_weights(stack) if weighted else 1.0)
    events = [e for e in range(window[0], window[1] + 1) if e != -1 - anticipation]
    with clusters_named("cluster", cluster or unit):
        fit = _fit(stack, events, family, offset, correction, level)
    design = {
        "outcome": outcome,
        "control": control,
        "family": family,
        "anticipation": anticipation,
        "weighted": weighted,
        "weights": weights,
        "cluster": cluster or unit,
    }
    return _result(wide, fit, stack, ledger, np.array(events), design)


def _require(
    window: tuple[int, int], control: str, level: float, family: str, offset: Any, anticipation: int
) -> None:
    require_level(level)
    require_option("control", control, ("not_yet", "never"))
    require_option("family", family, ("linear", "poisson"))
    if offset is not None and family != "poisson":
        raise EstimationError("an offset belongs to family='poisson'")
    if anticipation < 0:
        raise EstimationError(f"anticipation must be zero or more periods, not {anticipation}")
    if not (window[0] <= -1 - anticipation and window[1] >= 0):
        raise EstimationError(
            f"window must start at {-1 - anticipation} or before and end at 0 or after, not {window}"
        )


def _fit(
    stack: pd.DataFrame, events: list[int], family: str, offset: Any, correction: str, level: float
) -> Estimates:
    dummies = {f"event {e}": ((stack["event"] == e) & stack["treated"]).astype(float) for e in events}
    own: dict[str, Any] = {} if family == "linear" else {"offset": "offset" if offset else None}
    return (ols if family == "linear" else poisson)(
        stack.assign(**dummies),
        outcome="y",
        treatment=list(dummies),
        effects=["treated", "event"],
        weights="weight",
        cluster="cluster",
        correction=correction,
        level=level,
        **own,
    )


def _stack(
    wide: WidePanel, window: tuple[int, int], control: str, anticipation: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    cohorts = np.unique(wide.cohort[np.isfinite(wide.cohort)])
    parts, rows = [], []
    for g in cohorts:
        piece, row = _sub_experiment(wide, g, window, control, anticipation)
        rows.append(row)
        if piece is not None:
            parts.append(piece)
    ledger = pd.DataFrame(rows, columns=["cohort", "treated_units", "control_units", "left_out"])
    return (pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()), ledger


def _sub_experiment(
    wide: WidePanel, g: float, window: tuple[int, int], control: str, anticipation: int
) -> tuple[pd.DataFrame | None, tuple[float, int, int, str]]:
    label = float(wide.calendar.label(g))
    span = wide.columns(g + np.arange(window[0], window[1] + 1))
    if (span < 0).any():
        outside = g + window[0] < wide.periods[0] or g + window[1] > wide.periods[-1]
        reason = "window reaches outside the panel" if outside else "no row in some period of the window"
        return None, (label, 0, 0, reason)
    complete = wide.observed[:, span].all(axis=1)
    never = np.isinf(wide.cohort)
    treated = complete & (wide.cohort == g)
    controls = complete & (never if control == "never" else wide.cohort > g + window[1] + anticipation)
    counts = (label, int(treated.sum()), int(controls.sum()))
    if not (treated.any() and controls.any()):
        return None, (*counts, "no treated or no clean control observed through the window")
    units = np.flatnonzero(treated | controls)
    frame = pd.DataFrame(
        {
            "y": wide.outcome[np.ix_(units, span)].ravel(),
            "event": np.tile(np.arange(window[0], window[1] + 1), len(units)),
            "treated": np.repeat(treated[units], len(span)),
            "cluster": np.repeat(wide.cluster[units], len(span)),
            "unit": np.repeat(units, len(span)),
            "column": np.tile(span, len(units)),
            "own": np.repeat(wide.weights[units, span[-1 - anticipation - window[0]]], len(span)),
            "cohort": label,
        }
    )
    if wide.offset is not None:
        frame["offset"] = wide.offset[np.ix_(units, span)].ravel()
    return frame, (*counts, "")


def _corrective_weights(stack: pd.DataFrame) -> np.ndarray:
    """Return 1 for treated rows and, for controls, treated share over control share of the sub-experiment."""
    once = stack[stack["event"] == 0]
    treated = (once["own"] * once["treated"]).groupby(once["cohort"]).sum()
    controls = once.groupby("cohort")["own"].sum() - treated
    ratio = (treated / treated.sum()) / (controls / controls.sum())
    return np.where(stack["treated"], 1.0, stack["cohort"].map(ratio))


def _result(
    wide: WidePanel,
    fit: Estimates,
    stack: pd.DataFrame,
    ledger: pd.DataFrame,
    events: Ints,
    design: dict[str, Any],
) -> Estimates:
    touched = np.zeros(wide.outcome.shape, bool)
    touched[stack["unit"], stack["column"]] = True
    inside = wide.without_rows(~touched, "row in no sub-experiment").sample
    sample = replace(inside, clusters=fit.sample.clusters)
    design |= {
        "stacked_rows": len(stack),
        "correction": fit.design["correction"],
        "df": fit.design["df"],
    }
    after = (events >= 0) / (events >= 0).sum()
    treated = stack[stack["treated"]]
    counts = {f"treated_{name}s": treated[name].nunique() for name in ("unit", "cluster")}
    common: dict[str, Any] = {"method": "stacked", "sample": sample, "design": design, "level": fit.level}
    overall = Estimates(
        keys=pd.DataFrame({"term": ["overall"]}),
        estimate=np.array([after @ fit.estimate]),
        covariance=np.array([[after @ fit.covariance @ after]]),
        overrides={name: np.array([count]) for name, count in counts.items()},
        **common,
    )
    return Estimates(
        keys=pd.DataFrame({"event_time": events}),
        estimate=fit.estimate,
        covariance=fit.covariance,
        **common,
        overrides={name: np.full(len(events), count) for name, count in counts.items()},
        extra={"ledger": ledger, "overall": overall},
    )
