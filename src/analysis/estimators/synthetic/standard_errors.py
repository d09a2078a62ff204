"""Placebo, jackknife and bootstrap errors of synthetic difference-in-differences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..errors import NotIdentifiedError
from . import weights as kernels
from .did_fit import CohortFit
from .panel import SyntheticPanel

ERRORS = ("placebo", "jackknife", "bootstrap")
_LABELS = {
    "placebo": "placebo assignments among donors, divisor their number",
    "jackknife": "jackknife over units, weights held, (n-1)/n",
    "bootstrap": "bootstrap of units, divisor draws",
}


def draws_covariance(
    panel: SyntheticPanel,
    outcomes: Floats,
    fits: list[CohortFit],
    variance: str | None,
    draws: int,
    seed: int,
) -> tuple[Floats, Any, str]:
    """Return the covariance of the effects, the effects drawn, and what was done.

    Raises
    ------
    NotIdentifiedError
        When the panel has too few donors or treated units for `variance`.
    """
    size = 1 if len(fits) == 1 else len(fits) + 1
    if variance is None:
        return np.full((size, size), np.nan), None, "none asked for"
    drawn = {"placebo": _placebo, "jackknife": _jackknife, "bootstrap": _bootstrap}[variance](
        panel, outcomes, fits, draws, seed
    )
    factor = (
        (len(drawn) - 1.0) ** 2 / len(drawn) if variance == "jackknife" else (len(drawn) - 1.0) / len(drawn)
    )
    return factor * np.atleast_2d(np.cov(drawn.T)), drawn, _LABELS[variance]


def _combine(effects: list[float], fits: list[CohortFit], counts: list[int]) -> Floats:
    """Return overall and cohort effects, cohorts weighing by treated cells."""
    if len(fits) == 1:
        return np.array(effects)
    cells = np.array([one.cells / len(one.units) * count for one, count in zip(fits, counts, strict=True)])
    return np.concatenate([[cells @ effects / cells.sum()], effects])


def _placebo(panel: SyntheticPanel, outcomes: Floats, fits: list[CohortFit], draws: int, seed: int) -> Floats:
    donors = panel.donors
    counts = [len(one.units) for one in fits]
    if len(donors) <= sum(counts):
        raise NotIdentifiedError(
            f"placebo errors need more donors than treated units: {len(donors)} and {sum(counts)}"
        )
    orders = _assignments(len(donors), counts, draws, np.random.default_rng(seed))
    return np.array([_one_placebo(outcomes[donors], fits, counts, order) for order in orders])


def _assignments(donors: int, counts: list[int], draws: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Yield orders of donors whose last ones act as treated: all of them when no more than `draws`."""
    if len(counts) == 1 and comb(donors, counts[0]) <= draws:
        for chosen in combinations(range(donors), counts[0]):
            yield np.r_[np.setdiff1d(np.arange(donors), chosen), np.array(chosen)]
    else:
        for _ in range(draws):
            yield rng.permutation(donors)


def _one_placebo(donors: Floats, fits: list[CohortFit], counts: list[int], order: Ints) -> Floats:
    kept = order[: len(donors) - sum(counts)]
    chosen = np.split(order[len(kept) :], np.cumsum(counts)[:-1])
    effects = [
        _refit(one, donors[kept], donors[rows].mean(axis=0), one.unit_weights[kept])
        for one, rows in zip(fits, chosen, strict=True)
    ]
    return _combine(effects, fits, counts)


def _refit(one: CohortFit, donors: Floats, target: Floats, units: Floats) -> float:
    start = _normalized(units), one.time_weights
    return kernels.fit(one.rule, donors, target, one.pre, start)[2]


def _normalized(weights: Floats) -> Floats:
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(weights), 1 / len(weights))


def _bootstrap(
    panel: SyntheticPanel, outcomes: Floats, fits: list[CohortFit], draws: int, seed: int
) -> Floats:
    if sum(len(one.units) for one in fits) < 2:
        raise NotIdentifiedError("the bootstrap needs at least two treated units: use placebo errors")
    rng = np.random.default_rng(seed)
    owner = np.full(len(outcomes), -1)
    for number, one in enumerate(fits):
        owner[one.units] = number
    place = np.full(len(outcomes), -1)
    place[panel.donors] = np.arange(len(panel.donors))
    found: list[np.ndarray] = []
    while len(found) < draws:
        rows = np.sort(rng.integers(0, len(outcomes), len(outcomes)))
        members = [rows[owner[rows] == number] for number in range(len(fits))]
        if all(len(group) for group in members) and (owner[rows] < 0).any():
            found.append(_one_bootstrap(outcomes, fits, rows[owner[rows] < 0], members, place))
    return np.array(found)


def _one_bootstrap(
    outcomes: Floats, fits: list[CohortFit], donors: Ints, members: list[Ints], place: Ints
) -> Floats:
    effects = [
        _refit(one, outcomes[donors], outcomes[group].mean(axis=0), one.unit_weights[place[donors]])
        for one, group in zip(fits, members, strict=True)
    ]
    return _combine(effects, fits, [len(group) for group in members])


def _jackknife(
    panel: SyntheticPanel, outcomes: Floats, fits: list[CohortFit], draws: int, seed: int
) -> Floats:
    if min(len(one.units) for one in fits) < 2:
        raise NotIdentifiedError("the jackknife needs two treated units in every cohort: use placebo errors")
    if min((one.unit_weights > 0).sum() for one in fits) < 2:
        raise NotIdentifiedError("the jackknife needs two donors with weight: use placebo errors")
    return np.array([_without(panel, outcomes, fits, left_out) for left_out in range(len(outcomes))])


def _without(panel: SyntheticPanel, outcomes: Floats, fits: list[CohortFit], left_out: int) -> Floats:
    donors = panel.donors
    stays = donors != left_out
    effects, counts = [], []
    for one in fits:
        group = one.units[one.units != left_out]
        weights = _normalized(one.unit_weights[stays])
        target = outcomes[group].mean(axis=0)
        effects.append(kernels.effect(outcomes[donors[stays]], target, one.pre, weights, one.time_weights))
        counts.append(len(group))
    return _combine(effects, fits, counts)
