"""Kernels of the switchers estimator: one comparison for each baseline, date and direction of change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..arrays import Floats, Ints


@dataclass(frozen=True)
class Problem:
    """Units by all periods of the treatment.

    Attributes
    ----------
    outcome : numpy.ndarray, shape (units, periods)
        NaN where not observed.
    treatment : numpy.ndarray, shape (units, periods)
    weights, baseline, sign : numpy.ndarray, shape (units,)
        Sampling weights, first treatment, direction of the first change.
    switch, last : numpy.ndarray of int, shape (units,)
        Positions of the first change (number of periods if none) and of the last known treatment.
    may_switch : numpy.ndarray of bool, shape (units,)
        Which switchers are studied.
    centring : str
        ``"pool"`` or ``"cohort"``: controls' deviations around the mean of all, or of their own cohort.
    is_scaled : bool
        Whether squared deviations are multiplied by n / (n - 1) of their group.
    """

    outcome: np.ndarray
    treatment: np.ndarray
    weights: np.ndarray
    baseline: np.ndarray
    sign: np.ndarray
    switch: np.ndarray
    last: np.ndarray
    may_switch: np.ndarray
    centring: str
    is_scaled: bool

    def groups(self) -> list[tuple[float, int, float]]:
        """Return baseline, switch position and direction of the studied switchers, sorted."""
        keys = np.column_stack([self.baseline, self.switch, self.sign])[self.may_switch]
        return [(b, int(f), s) for b, f, s in np.unique(keys, axis=0)]


@dataclass(frozen=True)
class Comparison:
    """Changes of switchers less changes of units of the same baseline that have not switched yet."""

    baseline: float
    switch: int
    sign: float
    event: int
    switchers: np.ndarray
    controls: np.ndarray
    reason: str


@dataclass(frozen=True)
class Horizon:
    """One event time: effect, influence (units,), weight of switchers, treatment changes."""

    effect: float
    influence: np.ndarray
    mass: float
    exposure: float
    dose: float


def compare(problem: Problem, event: int) -> Iterator[Comparison]:
    """Yield the comparisons of one event time, estimable or not."""
    for baseline, switch, sign in problem.groups():
        yield _comparison(problem, baseline, switch, sign, event)


def _comparison(problem: Problem, baseline: float, switch: int, sign: float, event: int) -> Comparison:
    none = np.zeros(0, int)
    end = switch + event if event >= 0 else switch - 2 - event
    target, base = switch + event, switch - 1
    if target < 0 or end >= problem.outcome.shape[1]:
        return Comparison(baseline, switch, sign, event, none, none, "outside the panel")
    same = (problem.baseline == baseline) & ~np.isnan(problem.outcome[:, [target, base]]).any(axis=1)
    treated = same & (problem.switch == switch) & (problem.sign == sign) & problem.may_switch
    controls = same & (problem.switch > end) & (problem.last >= end)
    reason = ""
    if not treated.any():
        reason = "no switcher observed at both ends"
    elif not controls.any():
        reason = "no unit of the same baseline without a change yet"
    return Comparison(
        baseline, switch, sign, event, np.flatnonzero(treated), np.flatnonzero(controls), reason
    )


def horizon(problem: Problem, comparisons: list[Comparison]) -> Horizon:
    """Return the average over switchers of one event time's comparisons, directions signed."""
    influence = np.zeros(len(problem.switch))
    effect = mass = exposure = dose = 0.0
    for comparison in comparisons:
        own, total, units, deviation = _difference(problem, comparison)
        effect += comparison.sign * total * own
        influence[units] += comparison.sign * total * deviation
        mass += total
        moved, now = _doses(problem, comparison)
        exposure, dose = exposure + total * moved, dose + total * now
    return Horizon(effect / mass, influence / mass, mass, exposure / mass, dose / mass)


def _difference(problem: Problem, comparison: Comparison) -> tuple[float, float, Ints, Floats]:
    """Return the difference of mean changes, the switchers' weight, units and their influence."""
    treated, controls = comparison.switchers, comparison.controls
    target, base = comparison.switch + comparison.event, comparison.switch - 1
    first, second = (problem.outcome[u, target] - problem.outcome[u, base] for u in (treated, controls))
    on, off = problem.weights[treated], problem.weights[controls]
    effect = np.average(first, weights=on) - np.average(second, weights=off)
    around = _switcher_deviation(problem, first, second, on, off)
    beside = _control_deviation(problem, controls, second, off)
    units = np.concatenate([treated, controls])
    return effect, on.sum(), units, np.concatenate([on * around / on.sum(), -off * beside / off.sum()])


def _switcher_deviation(problem: Problem, first: Floats, second: Floats, on: Floats, off: Floats) -> Floats:
    alone = problem.is_scaled and len(first) == 1
    if not alone:
        return _scaled(problem, first - np.average(first, weights=on))
    union = np.average(np.append(first, second), weights=np.append(on, off))
    found: Floats = (first - union) * np.sqrt((len(second) + 1) / len(second))
    return found


def _control_deviation(problem: Problem, controls: Ints, change: Floats, weights: Floats) -> Floats:
    if problem.centring == "pool":
        return _scaled(problem, change - np.average(change, weights=weights))
    keys = np.column_stack([problem.switch[controls], problem.sign[controls]])
    _, group = np.unique(keys, axis=0, return_inverse=True)
    means = np.bincount(group, weights * change) / np.bincount(group, weights)
    return change - means[group]


def _scaled(problem: Problem, deviation: Floats) -> Floats:
    n = len(deviation)
    return deviation * np.sqrt(n / (n - 1)) if problem.is_scaled and n > 1 else deviation


def _doses(problem: Problem, comparison: Comparison) -> tuple[float, float]:
    """Return the mean treatment change so far accumulated, and in the last period, in absolute value."""
    reach = comparison.event if comparison.event >= 0 else -2 - comparison.event
    span = np.arange(comparison.switch, comparison.switch + reach + 1)
    treated = comparison.switchers
    path = problem.treatment[np.ix_(treated, span)] - problem.baseline[treated, None]
    weights = problem.weights[treated]
    known = ~np.isnan(path).any(axis=1)
    if not known.any():
        return np.nan, np.nan
    moved = np.average(np.abs(path[known].sum(axis=1)), weights=weights[known])
    return float(moved), float(np.average(np.abs(path[known, -1]), weights=weights[known]))
