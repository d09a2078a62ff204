"""Local projections difference-in-differences (Dube, Girardi, Jorda and Taylor 2025)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Array
from ..core.checks import require_level, require_option
from ..core.entry import takes_frame
from ..core.result import Estimates, Sample
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.threads import same_bits
from ..regression.few_clusters import clusters_named
from ..regression.ols import ols
from .wide_panel import WidePanel, wide_panel

_COLUMNS = ("change", "switch", "time", "cluster", "unit", "weight")


@takes_frame
@same_bits
def local_projection(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    window: tuple[int, int],
    pooled: bool = False,
    control: str = "not_yet",
    anticipation: int = 0,
    weighting: str = "variance",
    weights: str | None = None,
    cluster: str | None = None,
    correction: str = "fixest",
    level: float = 0.95,
) -> Estimates:
    """Regress long differences on becoming treated, among newly treated and clean controls.

    The estimand at horizon h is a convex average over cohorts of effects h periods after adoption:
    weighted by treatment variance within each adoption period (``weighting="variance"``), or by the
    number of newly treated (``"equal"``), under parallel trends.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period. Each horizon uses the units observed at both ends of the difference.
    outcome, unit, time, cohort : str
        Columns: the outcome, labels of units, numeric periods, and first treated period, with missing, 0 or
        infinity for never treated.
    window : tuple of int
        First (negative) and last horizon, in periods. Differences start in the last period before
        ``cohort - anticipation``; that horizon, ``-1 - anticipation``, is not reported.
    pooled : bool
        Also not by horizon: one coefficient for the mean of all horizons from 0 on.
    control : {"not_yet", "never"}
        Compared with units untreated through the later period (and `anticipation` periods more), or with the
        never treated.
    anticipation : int
        Periods before adoption in which units may respond.
    weighting : {"variance", "equal"}
        How the effects of adoption periods are averaged: by treatment variance or by the newly treated.
    weights : str, optional
        Positive sampling weights; a difference weighs what its unit weighs in the period it starts from,
        and ``"equal"`` averages by the newly treated's weights.
    cluster : str, optional
        Column of clusters of units; the unit when omitted.
    correction : {"fixest", "stata", "linearmodels", "statsmodels", "none"}
        Small-sample convention, see `ols`.
    level : float
        Confidence level of intervals.

    Returns
    -------
    Estimates
        Keyed by ``event_time``, or one row ``term == "pooled"``. The covariance is diagonal unless
        one horizon is asked for: horizons are separate regressions. `tidy` says how many newly treated
        units, and clusters of them, each rests on. ``extra["rows"]`` has the rows
        of each.

    Raises
    ------
    ColumnError
        A column is absent or holds text, weights are not positive, or a cohort changes within a unit.
    KeyNotUniqueError
        A unit has two rows in one period.
    EstimationError
        The window leaves out the base or 0, or an option is none of those named.
    NotIdentifiedError
        If a horizon has no newly treated unit or no clean control.

    References
    ----------
    Dube, Girardi, Jorda and Taylor (2025), doi:10.1002/jae.70000.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import local_projection
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> local_projection(frame, **keys, window=(-2, 1)).coef().round(3).to_dict()
    {-2: -0.286, 0: 1.571, 1: 1.0}
    """
    _require(window, control, weighting, level, anticipation)
    wide = wide_panel(
        data, outcome=outcome, unit=unit, time=time, cohort=cohort, weights=weights, cluster=cluster
    )
    reach = _Reach(window[1], control, anticipation)
    horizons: Sequence[int | None] = [None] if pooled else reach.horizons(window)
    keys = pd.DataFrame({"term": ["pooled"]} if pooled else {"event_time": horizons})
    frames = [_long_differences(wide, h, reach) for h in horizons]
    with clusters_named("cluster", cluster or unit):
        fits = [_fit(*pair, weighting, correction, level) for pair in zip(frames, horizons, strict=True)]
    return Estimates(
        method="local_projection",
        keys=keys,
        estimate=np.array([fit.estimate[0] for fit in fits]),
        covariance=np.diag(np.array([fit.std_error[0] for fit in fits]) ** 2),
        sample=_sample(wide, fits, horizons, reach),
        design={
            "outcome": outcome,
            "control": control,
            "anticipation": anticipation,
            "weighting": weighting,
            "weights": weights,
            "cluster": cluster or unit,
            "correction": correction,
            "df": np.array([fit.design["df"] for fit in fits], dtype=float),
        },
        level=level,
        overrides=_newly_treated(frames),
        extra={"rows": pd.Series([fit.sample.used for fit in fits], index=keys.iloc[:, 0], name="rows")},
    )


@dataclass(frozen=True)
class _Reach:
    """What decides who is compared: last horizon, kind of control, periods of anticipation."""

    last: int
    control: str
    anticipation: int

    @property
    def base(self) -> int:
        """The horizon from which differences start."""
        return -1 - self.anticipation

    def horizons(self, window: tuple[int, int]) -> list[int]:
        """Return the horizons of a window without the one from which differences start."""
        return [h for h in range(window[0], window[1] + 1) if h != self.base]


def _require(window: tuple[int, int], control: str, weighting: str, level: float, anticipation: int) -> None:
    require_level(level)
    if anticipation < 0:
        raise EstimationError(f"anticipation must be zero or more periods, not {anticipation}")
    if not (window[0] <= -1 - anticipation and window[1] >= 0):
        raise EstimationError(
            f"window must start at {-1 - anticipation} or before and end at 0 or after, not {window}"
        )
    require_option("control", control, ("not_yet", "never"))
    require_option("weighting", weighting, ("variance", "equal"))


def _fit(
    frame: pd.DataFrame, horizon: int | None, weighting: str, correction: str, level: float
) -> Estimates:
    name = "pooled" if horizon is None else f"horizon {horizon}"
    if not frame["switch"].any():
        raise NotIdentifiedError(f"{name}: no newly treated unit observed at both ends; narrow the window")
    if frame["switch"].all():
        raise NotIdentifiedError(f"{name}: no clean control observed at both ends; narrow the window")
    if weighting == "equal":
        frame = frame.assign(weight=frame["weight"] * _equal_weights(frame))
    return ols(
        frame,
        outcome="change",
        treatment="switch",
        effects=["time"],
        weights=None if frame["weight"].eq(1).all() else "weight",
        cluster="cluster",
        correction=correction,
        singletons="keep",
        level=level,
    )


def _long_differences(wide: WidePanel, horizon: int | None, reach: _Reach) -> pd.DataFrame:
    """Return change, switch, period and cluster of newly treated and clean control rows."""
    pieces = [_at_period(wide, t, horizon, reach) for t in range(1, len(wide.periods))]
    columns = [np.concatenate(parts) for parts in zip(*pieces, strict=True)]
    return pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))


def _at_period(wide: WidePanel, t: int, horizon: int | None, reach: _Reach) -> list[Array]:
    ends, base, switch, used = _pairs(wide, t, horizon, reach)
    if not len(ends):
        return [np.zeros(0)] * len(_COLUMNS)
    change = wide.outcome[used][:, ends].mean(axis=1) - wide.outcome[used, base]
    cluster = wide.cluster[used].astype(float)
    period = np.full(len(change), float(t))
    return [
        change,
        switch[used].astype(float),
        period,
        cluster,
        np.flatnonzero(used),
        wide.weights[used, base],
    ]


def _pairs(
    wide: WidePanel, t: int, horizon: int | None, reach: _Reach
) -> tuple[np.ndarray, int, np.ndarray, np.ndarray]:
    """Return columns of the later ends and of the start, who switches at t, and who is compared."""
    now = wide.periods[t]
    later = now + (np.arange(reach.last + 1) if horizon is None else np.array([horizon]))
    ends, base = wide.columns(later), int(wide.columns(now + reach.base))
    switch = wide.cohort == now
    if base < 0 or (ends < 0).any():
        return ends[:0], base, switch, np.zeros(len(switch), bool)
    end = max(later[-1], now) + reach.anticipation
    clean = np.isinf(wide.cohort) if reach.control == "never" else wide.cohort > end
    return ends, base, switch, (switch | clean) & wide.observed[:, [*ends, base]].all(axis=1)


def _equal_weights(frame: pd.DataFrame) -> np.ndarray:
    """Return weights that make the regression average periods by their newly treated."""
    newly = (frame["weight"] * frame["switch"]).groupby(frame["time"]).transform("sum")
    share = (newly / frame.groupby("time")["weight"].transform("sum")).to_numpy()
    return 1.0 / np.where(share < 1, 1 - share, 1.0)


def _newly_treated(frames: list[pd.DataFrame]) -> dict[str, np.ndarray]:
    newly = [frame.loc[frame["switch"] == 1, ["unit", "cluster"]].nunique() for frame in frames]
    return {f"treated_{name}s": np.array([n[name] for n in newly]) for name in ("unit", "cluster")}


def _sample(wide: WidePanel, fits: list[Estimates], horizons: Sequence[int | None], reach: _Reach) -> Sample:
    """Return the ledger with rows that enter no difference booked as such."""
    touched = np.zeros(wide.outcome.shape, bool)
    for horizon in horizons:
        for t in range(1, len(wide.periods)):
            ends, base, _, used = _pairs(wide, t, horizon, reach)
            if len(ends):
                touched[np.ix_(used, np.array([*ends, base]))] = True
    inside = wide.without_rows(~touched, "row in no difference").sample
    clusters: list[Any] = [fit.sample.clusters for fit in fits]
    return replace(inside, clusters=min(clusters))
