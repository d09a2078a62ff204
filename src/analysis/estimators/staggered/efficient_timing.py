"""Efficient estimation when the timing of treatment is as good as random (Roth and Sant'Anna 2023)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats
from ..core.checks import require_level, require_option
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.threads import same_bits
from ..regression.few_clusters import cluster_df
from .wide_panel import WidePanel, wide_panel

ESTIMANDS = ("simple", "cohort", "calendar", "event")


@takes_frame
@same_bits
def efficient_timing(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    by: str = "simple",
    events: tuple[int, int] = (0, 0),
    anticipation: int = 0,
    beta: float | None = None,
    refined: bool = False,
    level: float = 0.95,
) -> Estimates:
    """Estimate average effects under random timing, adjusting efficiently for outcomes before treatment.

    The estimand averages the effects of cohorts and periods as `by` says (cohorts weigh by size).
    Each effect compares a cohort with all cohorts not treated yet at that period; the same contrast one
    period before adoption (before `anticipation` starts), whose mean is zero under random timing, is
    subtracted with weight `beta`.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    outcome, unit, time, cohort : str
        Columns: the outcome, labels of units, numeric periods, and first treated period, with missing, 0 or
        infinity for never treated. Units not observed in every period are dropped and counted, as are
        units treated in the first period.
    by : {"simple", "cohort", "calendar", "event"}
        One average, or one row an event time within `events`.
    events : tuple of int
        First and last event time in periods, for ``by="event"``.
    anticipation : int
        Periods before adoption in which units may respond: the contrast before adoption is taken that much
        earlier, and units that adopt within so many periods do not serve as not treated yet.
    beta : float, optional
        Weight on the contrast before adoption: 0 compares means, 1 is difference-in-differences with
        not-yet-treated controls, omitted is the variance-minimising weight, estimated.
    refined : bool
        Subtract the estimable part of effect heterogeneity from the Neyman variance.
    level : float
        Confidence level; inference is by t with units less one degrees of freedom, ``correction`` is
        ``"none"``.

    Returns
    -------
    Estimates
        Keyed by ``term`` or ``event_time``, in units of the outcome. ``extra["beta"]`` has the weights. The
        covariance is diagonal.

    Raises
    ------
    ColumnError
        A column is absent or holds text, or a cohort changes within a unit.
    KeyNotUniqueError
        A unit has two rows in one period.
    EstimationError
        An option is none of those named.
    NotIdentifiedError
        If a cohort has one unit, or an average has no cohort with a comparison.

    Notes
    -----
    There are no `weights`, `cluster` or `covariates`: the variance is Neyman's over the random assignment of
    timing to single units, and the source derives none for weighted or clustered assignment.

    References
    ----------
    Roth and Sant'Anna (2023), doi:10.1086/726581.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import efficient_timing
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> efficient_timing(frame, **keys).coef().round(3).to_dict()
    {'overall': 0.772}
    """
    require_level(level)
    require_option("by", by, ESTIMANDS)
    wide = wide_panel(data, outcome=outcome, unit=unit, time=time, cohort=cohort)
    wide = wide.keep(np.all(wide.observed, axis=1), "unit not observed in every period")
    if anticipation < 0:
        raise EstimationError(f"anticipation must be zero or more periods, not {anticipation}")
    wide = wide.keep(wide.cohort - anticipation > wide.periods[0], "treated from the first period on")
    groups = _groups(wide, anticipation)
    labels = list(range(events[0], events[1] + 1)) if by == "event" else ["overall"]
    fits = [_average(groups, by, label, beta, refined) for label in labels]
    errors = np.array([fit[1] for fit in fits])
    return Estimates(
        method="efficient_timing",
        keys=pd.DataFrame({"event_time" if by == "event" else "term": labels}),
        estimate=np.array([fit[0] for fit in fits]),
        covariance=np.diag(errors**2),
        sample=wide.sample,
        design={
            "outcome": outcome,
            "by": by,
            "anticipation": anticipation,
            "variance": "refined" if refined else "Neyman",
            "correction": "none",
            "df": cluster_df(wide.sample.units or 0, unit),
        },
        level=level,
        overrides={"treated_units": np.array([_treated(groups, by, label) for label in labels])},
        extra={"beta": pd.Series([fit[2] for fit in fits], index=labels, name="beta")},
    )


@dataclass(frozen=True)
class _Groups:
    """Cohorts with sizes (G,), mean paths (G, T) and covariances of paths (G, T, T)."""

    first: np.ndarray
    periods: np.ndarray
    size: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    anticipation: int


def _groups(wide: WidePanel, anticipation: int) -> _Groups:
    first = np.unique(wide.cohort)
    if len(first) < 2:
        raise NotIdentifiedError("one cohort only: nothing to compare with")
    members = [wide.outcome[wide.cohort == g] for g in first]
    if lone := [f"{g:g}" for g, m in zip(wide.calendar.label(first), members, strict=True) if len(m) < 2]:
        raise NotIdentifiedError(f"cohort {lone} has one unit: its variance cannot be estimated; drop it")
    return _Groups(
        first=first,
        periods=wide.periods,
        size=np.array([len(m) for m in members], float),
        mean=np.array([m.mean(axis=0) for m in members]),
        covariance=np.array([np.cov(m, rowvar=False) for m in members]),
        anticipation=anticipation,
    )


def _average(
    groups: _Groups, by: str, label: int | str, beta: Any, refined: bool
) -> tuple[float, float, float]:
    target, before = _weights(groups, by, label)
    variance = _quadratic(groups, before, before)
    if beta is None:
        beta = _quadratic(groups, before, target) / variance if variance > 0 else 0.0
    used = target - beta * before
    squared = _quadratic(groups, used, used)
    if refined:
        squared -= _heterogeneity(groups, target)
    return float((used * groups.mean).sum()), float(np.sqrt(max(squared, 0.0))), float(beta)


def _quadratic(groups: _Groups, left: np.ndarray, right: np.ndarray) -> float:
    return float(np.einsum("gt,gtu,gu,g->", left, groups.covariance, right, 1 / groups.size))


def _weights(groups: _Groups, by: str, label: int | str) -> tuple[np.ndarray, np.ndarray]:
    """Return weights on cohort mean paths of the estimand and of its contrast before adoption, (G, T)."""
    shape = groups.mean.shape
    target, before = np.zeros(shape), np.zeros(shape)
    cells = list(_cells(groups, by, label))
    if not cells:
        raise NotIdentifiedError(f"no cohort has a comparison for {by} {label}")
    for g, t, weight in cells:
        base = int(np.searchsorted(groups.periods, groups.first[g] - groups.anticipation)) - 1
        for place, weights in ((t, target), (base, before)):
            weights[:, place] += weight * _contrast(groups, g, t)
    return target, before


def _contrast(groups: _Groups, g: int, t: int) -> Floats:
    later = _later(groups, t)
    contrast: Floats = -np.where(later, groups.size, 0.0) / groups.size[later].sum()
    contrast[g] += 1.0
    return contrast


def _later(groups: _Groups, t: int) -> Bools:
    """Return which cohorts are untreated at period t, and stay so for the periods of anticipation."""
    found: Bools = groups.first > groups.periods[t] + groups.anticipation
    return found


def _cells(groups: _Groups, by: str, label: int | str) -> Iterator[tuple[int, int, float]]:
    start = np.searchsorted(groups.periods, groups.first)
    event = groups.periods - groups.first[:, None]
    found = [
        (g, t)
        for g in range(len(start))
        for t in range(start[g], len(groups.periods))
        if _later(groups, t).any() and (by != "event" or event[g, t] == label)
    ]
    bucket: dict[str, Callable[[int, int], int]] = {
        "simple": lambda g, t: 0,
        "event": lambda g, t: 0,
        "cohort": lambda g, t: g,
        "calendar": lambda g, t: t,
    }
    names = [bucket[by](g, t) for g, t in found]
    for (g, t), name in zip(found, names, strict=True):
        inside = [cell for cell, other in zip(found, names, strict=True) if other == name]
        if by == "cohort":
            share = groups.size[g] / sum(groups.size[k] for k in sorted(set(names)))
            yield g, t, share / len(inside)
        else:
            yield g, t, groups.size[g] / sum(groups.size[k] for k, _ in inside) / len(set(names))


def _treated(groups: _Groups, by: str, label: int | str) -> int:
    return int(sum(groups.size[g] for g in {g for g, _, _ in _cells(groups, by, label)}))


def _heterogeneity(groups: _Groups, target: np.ndarray) -> float:
    """Return the part of effect variance that outcomes before any treatment predict, over N."""
    early = groups.periods < groups.first[0] - groups.anticipation
    if not early.any():
        return 0.0
    slopes = [
        np.linalg.pinv(s[np.ix_(early, early)]) @ s[early] @ weights
        for s, weights in zip(groups.covariance, target, strict=True)
    ]
    total = np.sum(slopes, axis=0)
    return float(total @ groups.covariance[0][np.ix_(early, early)] @ total / groups.size.sum())
