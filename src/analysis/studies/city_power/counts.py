"""Log ratio of summed observed to summed counterfactual crimes, trend estimated anew in every data set.

The counterfactual crimes of city i at date g are
:math:`E_{ig} = (y^{before}_{ig} / \\sum_{t<g} n_{it} b_t) \\sum_{t \\ge g} n_{it} b_t` with the year effects
:math:`b` of a Poisson regression on cities that never adopt; the estimate is
:math:`\\log \\sum_i y^{after}_i - \\log \\sum_i E_i` over the treated.
"""

from __future__ import annotations

import numpy as np

from .permutations import Assignments
from .windows import Windows, year_effects

_CHUNK = 500


def log_ratios(table: Windows, drawn: Assignments, trend: tuple[str, ...] = ()) -> np.ndarray:
    """Return the estimate of each data set, shape (D,).

    Parameters
    ----------
    table : Windows
    drawn : Assignments
    trend : tuple of str
        Columns within whose cells the trend is estimated; empty: one trend.
    """
    parts = [
        _chunk(table, Assignments(drawn.rows[at : at + _CHUNK], drawn.dates[at : at + _CHUNK]), trend)
        for at in range(0, len(drawn), _CHUNK)
    ]
    return np.concatenate(parts)


def _chunk(table: Windows, drawn: Assignments, trend: tuple[str, ...]) -> np.ndarray:
    after, expected = crimes(table, drawn, trend)
    found: np.ndarray = np.log(after.sum(axis=1)) - np.log(expected.sum(axis=1))
    return found


def crimes(table: Windows, drawn: Assignments, trend: tuple[str, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Return observed and counterfactual crimes of every treated city, both of shape (D, K)."""
    cell, kept = table.cells(trend), drawn.controls(table.never)
    expected = np.zeros(drawn.rows.shape)
    for value in np.unique(cell[drawn.rows]):
        inside = cell == value
        curve = year_effects(table.counts[inside], table.people[inside], kept[:, inside])
        draw, place = np.nonzero(cell[drawn.rows] == value)
        rows, dates = drawn.rows[draw, place], drawn.dates[draw, place]
        usual = np.einsum("kt,kt->k", table.people_before[dates, rows], curve[draw])
        later = np.einsum("kt,kt->k", table.people_after[dates, rows], curve[draw])
        expected[draw, place] = table.before[dates, rows] / usual * later
    return table.after[drawn.dates, drawn.rows], expected
