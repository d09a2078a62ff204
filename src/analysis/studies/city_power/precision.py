"""Log ratios of single cities weighted by their information, with t statistics for many data sets at once.

City i's log ratio at date g is :math:`r_{ig} = \\log((y^{after}_{ig} + 1/2) / (E_{ig} + 1/2))`. The estimate
is the weighted mean over treated cities of :math:`r_{ig} - m_{c(i)g}`, with :math:`m_{cg}` the weighted mean
of the never-adopting cities of cell c (a region, a size class, or all) at that date:

.. math:: \\hat\\tau = \\sum_{i \\in T} w_i (r_i - m_{c(i) g(i)}) / \\sum_{i \\in T} w_i

Weights are inverse variances of never-adopting cities: by size class and date, or a variance of the size
class plus sampling variance :math:`1 / y^{after} + 1 / y^{before}` at expected counts. Standard errors allow
every state's cities, treated or not and at all dates, to move together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .permutations import Assignments
from .windows import Windows, year_effects

#: Fewest never-adopting cities whose spread says what a city's log ratio varies by.
_FEWEST = 5
#: Smallest variance beyond chance in the counts: a city never weighs as if its crime followed the trend.
_LEAST = 1e-4
_CHUNK = 200


@dataclass(frozen=True)
class LogRatios:
    """Log ratios of every city at every date, their weights, cells and states.

    Attributes
    ----------
    table : Windows
    ratios, weights : numpy.ndarray, shape (G, N)
        Zero weight where the city has no comparison at the date.
    expected : numpy.ndarray, shape (G, N)
        Counterfactual crimes at the pooled trend.
    cell, state : numpy.ndarray of int, shape (N,)
    """

    table: Windows
    ratios: np.ndarray
    weights: np.ndarray
    expected: np.ndarray
    cell: np.ndarray
    state: np.ndarray


@dataclass(frozen=True)
class Fits:
    """Estimates of D data sets with two standard errors and the degrees of freedom.

    Attributes
    ----------
    estimate, clustered, jackknife : numpy.ndarray, shape (D,)
        Jackknife: each state with a treated city left out in turn.
    df : numpy.ndarray, shape (D,)
        States with a treated city, less one.
    effective : numpy.ndarray, shape (D,)
        :math:`(\\sum w)^2 / \\sum w^2` over the treated: as many cities weighted alike carry as much.
    """

    estimate: np.ndarray
    clustered: np.ndarray
    jackknife: np.ndarray
    df: np.ndarray
    effective: np.ndarray


def expected_at_trend(table: Windows) -> np.ndarray:
    """Return counterfactual crimes at the trend of all cities that never adopt, shape (G, N)."""
    curve = year_effects(table.counts, table.people, table.never[None, :])[0]
    usual = np.maximum(table.people_before @ curve, 1e-12)
    found: np.ndarray = table.before / usual * (table.people_after @ curve)
    return found


def log_ratio_table(table: Windows, trend: tuple[str, ...], weights: str) -> LogRatios:
    """Return log ratios with weights learned from cities that never adopt; see `specification.Candidate`."""
    expected = expected_at_trend(table)
    ratios = np.where(table.usable, np.log((table.after + 0.5) / (expected + 0.5)), 0.0)
    size = table.cities["size"].to_numpy()
    never = table.usable & table.never
    variance = (_by_cell if weights == "cell" else _by_counts)(table, ratios, expected, size, never)
    weight = np.where(table.usable, 1 / variance, 0.0)
    state = np.unique(table.cities["state"].to_numpy(), return_inverse=True)[1]
    return LogRatios(table, ratios, weight, expected, table.cells(trend), state)


def _by_cell(
    table: Any, ratios: np.ndarray, expected: np.ndarray, size: np.ndarray, never: np.ndarray
) -> np.ndarray:
    """Return the variance among never-adopting cities of the size class at the date, shape (G, N)."""
    found = np.empty_like(ratios)
    for value in np.unique(size):
        for date in range(len(table.dates)):
            values = ratios[date, never[date] & (size == value)]
            found[date, size == value] = values.var(ddof=1) if len(values) >= _FEWEST else np.inf
    return found


def _by_counts(
    table: Any, ratios: np.ndarray, expected: np.ndarray, size: np.ndarray, never: np.ndarray
) -> np.ndarray:
    """Return a size-class variance, beyond chance in the counts, plus that chance, shape (G, N)."""
    chance = 1 / (expected + 0.5) + 1 / (table.before + 0.5)
    found: np.ndarray = _beyond(table, ratios, chance, size, never)[size] + chance
    return found


def _beyond(
    table: Any, ratios: np.ndarray, chance: np.ndarray, size: np.ndarray, never: np.ndarray
) -> np.ndarray:
    """Return the variance of log ratios beyond chance in the counts, by size class."""
    found = np.empty(int(size.max()) + 1)
    for value in range(len(found)):
        here = never & (size == value)
        centered = [ratios[d, row] - ratios[d, row].mean() for d, row in enumerate(here) if row.any()]
        spread = np.concatenate(centered) if centered else np.zeros(1)
        beyond = np.mean(spread**2) - np.mean(chance[here]) if here.any() else 0.0
        found[value] = max(float(beyond), _LEAST)
    return found


def spread_beyond_chance(made: LogRatios) -> np.ndarray:
    """Return the variance of never-adopting cities' log ratios beyond chance in the counts, by size class."""
    table, size = made.table, made.table.cities["size"].to_numpy()
    chance = 1 / (made.expected + 0.5) + 1 / (table.before + 0.5)
    return _beyond(table, made.ratios, chance, size, table.usable & table.never)


def comparison_means(made: LogRatios, drawn: Assignments) -> np.ndarray:
    """Return the weighted mean log ratio of the comparison of every treated city, shape (D, K)."""
    groups, dates = int(made.cell.max()) + 1, len(made.table.dates)
    shape = (len(drawn), dates * groups, int(made.state.max()) + 1)
    weight, weighted = _control_sums(made, drawn, shape, groups)
    weight, weighted = weight.sum(axis=2), weighted.sum(axis=2)
    mean = np.divide(weighted, weight, out=np.full_like(weight, np.nan), where=weight > 0)
    found: np.ndarray = mean[np.arange(len(drawn))[:, None], drawn.dates * groups + made.cell[drawn.rows]]
    return found


def weighted_fits(made: LogRatios, drawn: Assignments) -> Fits:
    """Return the fits of all data sets; the means of never-adopting cities leave out the drawn ones."""
    return fits_and_scores(made, drawn)[0]


def fits_and_scores(made: LogRatios, drawn: Assignments) -> tuple[Fits, np.ndarray]:
    """Return the fits, and each state's contribution to the estimate's error, shape (D, states)."""
    parts = [
        _chunk(made, Assignments(drawn.rows[at : at + _CHUNK], drawn.dates[at : at + _CHUNK]))
        for at in range(0, len(drawn), _CHUNK)
    ]
    *fits, scores = (np.concatenate(values) for values in zip(*parts, strict=True))
    return Fits(*fits), scores


def _chunk(made: LogRatios, drawn: Assignments) -> tuple[np.ndarray, ...]:
    """Sum weights and weighted ratios by data set, cell of comparison and state; all else is algebra.

    A comparison cell is a date and a trend cell. Sums have shape (D, cells, states).
    """
    states, groups, cells = int(made.state.max()) + 1, int(made.cell.max()) + 1, len(made.table.dates)
    shape = (len(drawn), cells * groups, states)
    treated = _treated_sums(made, drawn, shape, groups)
    controls = _control_sums(made, drawn, shape, groups)
    (a, b, b2), (c, d) = treated, controls
    everything = [part.sum(axis=2, keepdims=True) for part in (a, b, c, d)]
    estimate = _mean(*everything)[:, 0]
    left = _mean(*(whole - part for whole, part in zip(everything, (a, b, c, d), strict=True)))
    has = (a > 0).any(axis=1)
    count = has.sum(axis=1)
    spread = np.where(has, (left - estimate[:, None]) ** 2, 0.0).sum(axis=1)
    jackknife = np.sqrt((count - 1) / count * spread)
    score = _scores(a, b, c, d, estimate)
    factor = states / (states - 1)
    total = everything[0].sum(axis=(1, 2))
    score = score / total[:, None]
    clustered = np.sqrt(factor * (score**2).sum(axis=1))
    effective = total**2 / b2.sum(axis=(1, 2))
    return estimate, clustered, jackknife, count - 1, effective, score


def _mean(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return the weighted mean difference from sums over comparison cells, shape (D, states or 1)."""
    mean = np.divide(d, c, out=np.zeros_like(np.broadcast_to(d, c.shape) * 1.0), where=c > 0)
    kept = np.where(c > 0, a, 0.0)
    difference = np.where(c > 0, b - a * mean, 0.0).sum(axis=1)
    found: np.ndarray = difference / np.maximum(kept.sum(axis=1), 1e-12)
    return found


def _scores(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Return each state's sum of weighted residuals, its never-adopting cities' part included."""
    whole = a.sum(axis=2, keepdims=True)
    controls = c.sum(axis=2, keepdims=True)
    mean = np.divide(d.sum(axis=2, keepdims=True), controls, out=np.zeros_like(controls), where=controls > 0)
    share = np.divide(whole, controls, out=np.zeros_like(controls), where=controls > 0)
    own = b - a * (mean + estimate[:, None, None])
    found: np.ndarray = (own - share * (d - c * mean)).sum(axis=1)
    return found


def _treated_sums(
    made: LogRatios, drawn: Assignments, shape: tuple[int, ...], groups: int
) -> list[np.ndarray]:
    rows, dates = drawn.rows, drawn.dates
    weight = made.weights[dates, rows]
    place = _place(np.arange(len(drawn))[:, None], dates * groups + made.cell[rows], made.state[rows], shape)
    return [
        np.bincount(place.ravel(), values.ravel(), int(np.prod(shape))).reshape(shape)
        for values in (weight, weight * made.ratios[dates, rows], weight**2)
    ]


def _control_sums(
    made: LogRatios, drawn: Assignments, shape: tuple[int, ...], groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return sums over never-adopting cities: all of them, less the drawn ones at every date."""
    table, dates = made.table, len(made.table.dates)
    never = np.flatnonzero(table.never)
    all_dates = np.repeat(np.arange(dates), len(never))
    everyone = np.tile(never, dates)
    whole = [
        np.bincount(
            (all_dates * groups + made.cell[everyone]) * shape[2] + made.state[everyone],
            values,
            shape[1] * shape[2],
        )
        for values in _pair(made, everyone, all_dates)
    ]
    draw, city = np.unique(
        np.column_stack([np.repeat(np.arange(len(drawn)), drawn.rows.shape[1]), drawn.rows.ravel()]), axis=0
    ).T
    mine = table.never[city]
    draw, city = draw[mine], city[mine]
    draw, at = np.repeat(draw, dates), np.tile(np.arange(dates), len(city))
    city = np.repeat(city, dates)
    place = _place(draw, at * groups + made.cell[city], made.state[city], shape)
    found = []
    for total, values in zip(whole, _pair(made, city, at), strict=True):
        gone = np.bincount(place, values, int(np.prod(shape))).reshape(shape)
        rest = total.reshape(shape[1:]) - gone
        found.append(np.where(np.abs(rest) < 1e-9, 0.0, rest))
    return found[0], found[1]


def _pair(made: LogRatios, city: np.ndarray, date: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    weight = made.weights[date, city]
    return weight, weight * made.ratios[date, city]


def _place(draw: np.ndarray, cell: np.ndarray, state: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    found: np.ndarray = (draw * shape[1] + cell) * shape[2] + state
    return found
