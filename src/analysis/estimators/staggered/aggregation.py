"""Averages of group-time effects, with the influence of estimated cohort shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from .multiplier_bootstrap import cluster_sums, uniform_band

if TYPE_CHECKING:
    from .group_time import GroupTime

KEY = {"simple": "term", "cohort": "cohort", "calendar": "time", "event": "event_time"}


def aggregate(cells: GroupTime, by: str, *, balance, window, draws, seed, level) -> Estimates:
    """Return the aggregation of `GroupTime.aggregate`."""
    if by not in KEY:
        raise EstimationError(f"by must be one of {tuple(KEY)}, not {by!r}")
    cohort, time = (cells.keys[name].to_numpy(float) for name in ("cohort", "time"))
    groups = _groups(cells, by, cohort, time, balance, window)
    if not groups:
        raise NotIdentifiedError("no group-time cell is left to average")
    labels = [label for label, _ in groups]
    estimate, influence = _averages(cells, [chosen for _, chosen in groups], weighted=by != "cohort")
    overall = _overall(cells, by, labels, estimate, influence)
    make = _Maker(cells, by, draws, seed, level)
    extra = {} if overall is None else {"overall": make(["overall"], overall[0], overall[1], {}, key="term")}
    return make(labels, estimate, influence, extra)


def _groups(cells, by, cohort, time, balance, window):
    post = time >= cohort
    if by == "simple":
        return [("att", np.flatnonzero(post))] if post.any() else []
    if by == "event":
        return _event_groups(cells, cohort, time, balance, window)
    label = cohort if by == "cohort" else time
    return [(v, np.flatnonzero(post & (label == v))) for v in np.unique(label[post])]


def _event_groups(cells, cohort, time, balance, window):
    event = time - cohort
    usable = np.ones(len(event), bool)
    if balance is not None:
        last, first = cells.extra["periods"][-1], cells.extra["periods"][0]
        usable &= (last - cohort >= balance) & (event <= balance) & (event >= balance - (last - first))
    if window is not None:
        usable &= (event >= window[0]) & (event <= window[1])
    return [(v, np.flatnonzero(usable & (event == v))) for v in np.unique(event[usable])]


def _averages(cells, groups, *, weighted):
    """Return the averages of groups of cells and their influence (units, groups)."""
    shares = None if "cell_weights" in cells.extra else _Shares(cells)
    cohort = cells.keys["cohort"].to_numpy(float)
    weights = np.zeros((len(cohort), len(groups)))
    slopes = np.zeros((0 if shares is None else len(shares.cohorts), len(groups)))
    for j, chosen in enumerate(groups):
        if shares is None:
            fixed = cells.extra["cell_weights"][chosen]
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

    def __init__(self, cells):
        inner = cells.extra["panel"]
        self.cohorts, self._code = np.unique(inner["cohort"], return_inverse=True)
        self._weights = inner["weights"]
        self._share = np.bincount(self._code, self._weights) / len(self._code)

    def estimated(self, cohort, effects):
        """Return weights by share of `cohort`, and the slope of the average in membership of each cohort."""
        place = np.searchsorted(self.cohorts, cohort)
        own, n = self._share[place], len(self.cohorts)
        total = own.sum()
        weights = own / total
        gaps = np.bincount(place, effects, n) - np.bincount(place, minlength=n) * (weights @ effects)
        return weights, gaps / total

    def influence(self, slopes):
        """Return what the estimation of the shares adds to the influence of averages (units, groups)."""
        return self._weights[:, None] * slopes[self._code]


def _overall(cells, by, labels, estimate, influence):
    if by == "simple":
        return None
    labels = np.array(labels)
    used = labels >= 0 if by == "event" else np.ones(len(labels), bool)
    if not used.any():
        return None
    if by != "cohort":
        return np.array([estimate[used].mean()]), influence[:, used].mean(axis=1, keepdims=True)
    if "cell_weights" in cells.extra:
        weights = _cohort_sums(cells, labels)
        weights = weights / weights.sum()
        return np.array([weights @ estimate]), (influence @ weights)[:, None]
    shares = _Shares(cells)
    weights, slope = shares.estimated(labels, estimate)
    own = (influence @ weights)[:, None] + shares.influence(slope[:, None])
    return np.array([weights @ estimate]), own


def _cohort_sums(cells, labels):
    post = (cells.keys["time"] >= cells.keys["cohort"]).to_numpy()
    cohort = cells.keys["cohort"].to_numpy(float)
    return np.array([cells.extra["cell_weights"][post & (cohort == label)].sum() for label in labels])


class _Maker:
    """Builds `Estimates` of averages that share a sample and a design."""

    def __init__(self, cells, by, draws, seed, level):
        self.cells, self.by, self.draws, self.seed, self.level = cells, by, draws, seed, level

    def __call__(self, labels, estimate, influence, extra, key=None):
        cells, units = self.cells, len(influence)
        sums = cluster_sums(influence, cells.extra["panel"]["cluster"])
        covariance = sums.T @ sums / units**2 * cells.extra.get("factor", 1.0)
        band = uniform_band(sums, estimate, covariance, self.draws, self.level, self.seed, units)
        return Estimates(
            method=cells.method,
            keys=pd.DataFrame({key or KEY[self.by]: labels}),
            estimate=estimate,
            covariance=covariance,
            sample=cells.sample,
            design={**cells.design, "aggregation": self.by},
            level=self.level,
            overrides=band,
            influence=influence,
            seed=self.seed,
            extra=extra,
        )
