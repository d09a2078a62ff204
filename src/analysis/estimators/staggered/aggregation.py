"""Averages of group-time effects, with the influence of estimated cohort shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats, Ints
from ..core.checks import require_option
from ..core.result import Estimates
from ..errors import NotIdentifiedError
from .multiplier_bootstrap import cluster_sums, uniform_band

if TYPE_CHECKING:
    from .group_time import GroupTime

KEY = {"simple": "term", "cohort": "cohort", "calendar": "time", "event": "event_time"}


def aggregate(
    cells: GroupTime,
    by: str,
    *,
    balance: Any,
    window: tuple[int, int] | None,
    draws: int,
    seed: Any,
    level: float,
) -> Estimates:
    """Return the aggregation of `GroupTime.aggregate`."""
    require_option("by", by, tuple(KEY))
    groups = _groups(cells.panel, by, balance, window)
    if not groups:
        raise NotIdentifiedError("no group-time cell is left to average")
    places, chosen = [place for place, _ in groups], [members for _, members in groups]
    estimate, influence = _averages(cells, chosen, weighted=by != "cohort")
    overall = _overall(cells, by, places, estimate, influence)
    make = _Maker(cells, by, draws, seed, level)
    extra = {}
    if overall is not None:
        united = [np.concatenate([members for members, used in zip(chosen, overall[2], strict=True) if used])]
        extra["overall"] = make("term", ["overall"], united, overall[0], overall[1], {})
    labels = cells.panel.calendar.label(places) if by in ("cohort", "calendar") else places
    return make(KEY[by], labels, chosen, estimate, influence, extra)


def _groups(panel: Any, by: str, balance: Any, window: tuple[int, int] | None) -> list[tuple[Any, Ints]]:
    post = panel.event >= 0
    if by == "simple":
        return [("att", np.flatnonzero(post))] if post.any() else []
    if by == "event":
        return _event_groups(panel, balance, window)
    place = panel.cell_cohort if by == "cohort" else panel.cell_time
    return [(v, np.flatnonzero(post & (place == v))) for v in np.unique(place[post])]


def _event_groups(panel: Any, balance: Any, window: tuple[int, int] | None) -> list[tuple[Any, Ints]]:
    event, cohort = panel.event, panel.cell_cohort
    usable = np.ones(len(event), bool)
    if balance is not None:
        last, first = panel.periods[-1], panel.periods[0]
        usable &= (last - cohort >= balance) & (event <= balance) & (event >= balance - (last - first))
    if window is not None:
        usable &= (event >= window[0]) & (event <= window[1])
    return [(v, np.flatnonzero(usable & (event == v))) for v in np.unique(event[usable])]


def _averages(cells: Any, groups: list[Ints], *, weighted: bool) -> tuple[Floats, Floats]:
    """Return the averages of groups of cells and their influence (units, groups)."""
    panel = cells.panel
    shares = None if panel.weights is None else _Shares(panel)
    cohort = panel.cell_cohort
    weights = np.zeros((len(cohort), len(groups)))
    slopes = np.zeros((0 if shares is None else len(shares.cohorts), len(groups)))
    for j, chosen in enumerate(groups):
        if shares is None:
            fixed = panel.mass[chosen]
            weights[chosen, j] = fixed / fixed.sum()
        elif not weighted:
            weights[chosen, j] = 1.0 / len(chosen)
        else:
            weights[chosen, j], slopes[:, j] = shares.estimated(cohort[chosen], cells.estimate[chosen])
    influence = cells.influence @ weights
    if shares is not None and weighted:
        influence += shares.influence(slopes)
    return cells.estimate @ weights, influence


class _Shares:
    """Weighted shares of cohorts among the units."""

    def __init__(self, panel: Any) -> None:
        self.cohorts, self._code = np.unique(panel.cohort, return_inverse=True)
        self._weights = panel.weights
        self._share = np.bincount(self._code, self._weights) / len(self._code)

    def estimated(self, cohort: Floats, effects: Floats) -> tuple[Floats, Floats]:
        """Return weights by share of `cohort`, and the slope of the average in membership of each cohort."""
        place = np.searchsorted(self.cohorts, cohort)
        own, n = self._share[place], len(self.cohorts)
        total = own.sum()
        weights = own / total
        gaps = np.bincount(place, effects, n) - np.bincount(place, minlength=n) * (weights @ effects)
        return weights, gaps / total

    def influence(self, slopes: Floats) -> Floats:
        """Return what the estimation of the shares adds to the influence of averages (units, groups)."""
        found: Floats = self._weights[:, None] * slopes[self._code]
        return found


def _overall(
    cells: Any, by: str, places: Any, estimate: Floats, influence: Floats
) -> tuple[Floats, Floats, Bools] | None:
    """Return the average of the averages, its influence and which of them it takes."""
    if by == "simple":
        return None
    places = np.array(places)
    used = places >= 0 if by == "event" else np.ones(len(places), bool)
    if not used.any():
        return None
    if by != "cohort":
        return np.array([estimate[used].mean()]), influence[:, used].mean(axis=1, keepdims=True), used
    if cells.panel.weights is None:
        weights = _cohort_sums(cells.panel, places)
        weights = weights / weights.sum()
        return np.array([weights @ estimate]), (influence @ weights)[:, None], used
    shares = _Shares(cells.panel)
    weights, slope = shares.estimated(places, estimate)
    own = (influence @ weights)[:, None] + shares.influence(slope[:, None])
    return np.array([weights @ estimate]), own, used


def _cohort_sums(panel: Any, places: Floats) -> Floats:
    post = panel.event >= 0
    return np.array([panel.mass[post & (panel.cell_cohort == place)].sum() for place in places])


class _Maker:
    """Builds `Estimates` of averages that share a sample and a design."""

    def __init__(self, cells: GroupTime, by: str, draws: int, seed: Any, level: float) -> None:
        self.cells, self.by, self.draws, self.seed, self.level = cells, by, draws, seed, level

    def __call__(
        self,
        key: str,
        labels: Any,
        groups: list[Ints],
        estimate: Floats,
        influence: Floats,
        extra: dict[str, Estimates],
    ) -> Estimates:
        cells, units = self.cells, len(influence)
        sums = cluster_sums(influence, cells.panel.cluster)
        covariance = sums.T @ sums / units**2 * cells.panel.factor
        band = uniform_band(sums, estimate, covariance, self.draws, self.level, self.seed, units)
        return Estimates(
            method=cells.method,
            keys=pd.DataFrame({key: labels}),
            estimate=estimate,
            covariance=covariance,
            sample=cells.sample,
            design={**cells.design, "aggregation": self.by},
            level=self.level,
            overrides={**band, **cells.panel.treated_counts(groups)},
            influence=influence,
            seed=self.seed,
            extra=extra,
        )
