"""Averages of group-time effects, with the influence of estimated cohort shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._multiplier import cluster_sums, uniform_band
from ._result import Estimates
from .errors import EstimationError, NotIdentifiedError

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
    averages = [_average(cells, chosen, weighted=by != "cohort") for _, chosen in groups]
    labels = [label for label, _ in groups]
    estimate = np.array([a[0] for a in averages])
    influence = np.column_stack([a[1] for a in averages])
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


def _average(cells, chosen, *, weighted):
    effects, influence = cells.estimate[chosen], cells.influence[:, chosen]
    if "cell_weights" in cells.extra:
        fixed = cells.extra["cell_weights"][chosen]
        return _fixed(fixed, effects, influence)
    if not weighted:
        return effects.mean(), influence.mean(axis=1)
    membership, share = _shares(cells, cells.keys["cohort"].to_numpy(float)[chosen])
    return _estimated(membership, share, effects, influence)


def _fixed(weights, effects, influence):
    weights = weights / weights.sum()
    return weights @ effects, influence @ weights


def _estimated(membership, share, effects, influence):
    total, centred = share.sum(), membership - share
    weights = share / total
    moved = (centred @ effects) / total - centred.sum(axis=1) * (share @ effects) / total**2
    return weights @ effects, influence @ weights + moved


def _shares(cells, cohorts):
    """Return weighted membership (units, cells) and cohort shares (cells,)."""
    inner = cells.extra["panel"]
    membership = inner["weights"][:, None] * (inner["cohort"][:, None] == cohorts)
    return membership, membership.mean(axis=0)


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
        effect, own = _fixed(_cohort_sums(cells, labels), estimate, influence)
    else:
        membership, share = _shares(cells, labels)
        effect, own = _estimated(membership, share, estimate, influence)
    return np.array([effect]), own[:, None]


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
        band = uniform_band(sums / units, estimate, covariance, self.draws, self.level, self.seed)
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
