"""Time counted in periods: where each label stands on the grid of periods, and cohorts on the same grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..arrays import Array, Bools, Floats
from ..errors import ColumnError
from .checks import cohort_periods, numeric

_SAME_LABEL = 1e-12
"""Relative distance below which two labels are one period: a few thousand roundings of a double."""

_SLACK = 0.02
"""Share of a period by which labels may miss the grid: decimal labels rounded to a hundredth of a period."""

_SPARSE = 1000
"""Grid periods allowed beyond ten for each observed one; a sparser grid counts observed periods in order."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Observed periods and their positions, from which every event time is counted.

    Where all spacings between observed periods are whole multiples of the smallest, periods lie on a regular
    grid and a position counts grid steps from the first period: 2000, 2001 and 2003 stand at 0, 1 and 3, so
    that a gap stays a gap. Otherwise (2000, 2005, 2007) there is no common length of a period, and positions
    count the observed periods in order: 0, 1, 2.

    Attributes
    ----------
    labels : numpy.ndarray of float, shape (periods,)
        Distinct times, sorted.
    position : numpy.ndarray of int, shape (periods,)
    spacing : float
        Length of a period in units of time; NaN where spacing is irregular.
    """

    labels: np.ndarray
    position: np.ndarray
    spacing: float

    @property
    def is_regular(self) -> bool:
        """Whether the periods lie on a grid of equal steps."""
        return not np.isnan(self.spacing)

    def code(self, time: np.ndarray) -> np.ndarray:
        """Return which observed period each (observed) time is, shape of `time`."""
        return np.searchsorted(self.labels, time + _tolerance(self.labels), side="right") - 1

    def positions(self, time: np.ndarray) -> np.ndarray:
        """Return the positions of observed times as float64, NaN where time is missing."""
        known = ~np.isnan(time)
        found = np.full(len(time), np.nan)
        found[known] = self.position[self.code(time[known])]
        return found

    def label(self, position: ArrayLike) -> np.ndarray:
        """Return the times at `position` as float64; infinity stays.

        Off the observed periods a regular grid is continued; an irregular one gives NaN.
        """
        position = np.asarray(position, dtype=np.float64)
        at = np.clip(np.searchsorted(self.position, position), 0, len(self.position) - 1)
        continued = self.labels[0] + position * self.spacing
        continued = np.where(np.isinf(position), np.inf, continued)
        return np.where(self.position[at] == position, self.labels[at], continued)

    def columns(self, position: np.ndarray) -> np.ndarray:
        """Return which observed period stands at each integer `position`, -1 where none does."""
        at = np.clip(np.searchsorted(self.position, position), 0, len(self.position) - 1)
        return np.where(self.position[at] == position, at, -1)

    def cohort_positions(self, cohort: np.ndarray, name: str) -> np.ndarray:
        """Return the positions of first treated periods (infinity: never treated).

        On an irregular calendar a cohort before the first period stands just before it, at -1, and one
        after the last just after it.

        Raises
        ------
        ColumnError
            If a cohort lies between two periods.
        """
        treated = np.isfinite(cohort)
        place = self._on_grid if self.is_regular else self._among_labels
        found = np.full(len(cohort), np.inf)
        found[treated], off = place(cohort[treated])
        if off.any():
            between = np.unique(cohort[treated][off])
            raise ColumnError(
                f"cohort column {name!r} holds {[float(f'{g:g}') for g in between[:5]]}, between the periods "
                f"({self._described()}): a cohort is the first period observed under treatment, e.g. "
                f"{self._next(between[0]):g}; move it there"
            )
        return found

    def _on_grid(self, cohort: Floats) -> tuple[Floats, Bools]:
        exact = (cohort - self.labels[0]) / self.spacing
        nearest = np.round(exact)
        return nearest, np.abs(exact - nearest) > _SLACK

    def _among_labels(self, cohort: Array) -> Any:
        slack = _SLACK * float(np.diff(self.labels).min())
        code = np.searchsorted(self.labels, cohort - slack)
        nearest = self.labels[np.minimum(code, len(self.labels) - 1)]
        outside = (cohort < self.labels[0] - slack) | (cohort > self.labels[-1] + slack)
        position = np.where(cohort < self.labels[0] - slack, -1, code).astype(np.float64)
        return position, ~outside & (np.abs(nearest - cohort) > slack)

    def _described(self) -> str:
        first, last = self.labels[0], self.labels[-1]
        spaced = f"{self.spacing:g} apart" if self.is_regular else "of irregular spacing"
        return f"{first:g} to {last:g}, {spaced}"

    def _next(self, cohort: float) -> float:
        if not self.is_regular:
            return float(self.labels[np.searchsorted(self.labels, cohort)])
        steps = np.ceil((cohort - self.labels[0]) / self.spacing)
        return float(self.labels[0] + steps * self.spacing)


def _tolerance(labels: np.ndarray) -> float:
    return _SAME_LABEL * float(np.abs(labels).max())


def calendar_of(time: np.ndarray) -> Calendar:
    """Return the calendar of the times given (missing ones left out; at least one must be known)."""
    labels = np.unique(time[~np.isnan(time)])
    labels = labels[np.diff(labels, prepend=-np.inf) > _tolerance(labels)]
    if len(labels) == 1:
        return Calendar(labels, np.zeros(1, dtype=np.int64), 1.0)
    steps = _grid_steps(labels)
    if steps is None:
        return Calendar(labels, np.arange(len(labels)), np.nan)
    position = np.append(0, np.cumsum(steps))
    return Calendar(labels, position, float(labels[-1] - labels[0]) / int(position[-1]))


def _grid_steps(labels: np.ndarray) -> np.ndarray | None:
    """Return how many smallest spacings lie between neighbours, None where they are no whole numbers."""
    gaps = np.diff(labels)
    exact = gaps / gaps.min()
    if exact.sum() > _SPARSE + 10 * len(labels):
        return None
    steps = np.round(exact)
    spacing = gaps.sum() / steps.sum()
    off_grid = np.abs(gaps / spacing - steps) > _SLACK
    return None if off_grid.any() else steps.astype(np.int64)


def read_calendar(data: pd.DataFrame, time: str) -> tuple[Calendar, np.ndarray]:
    """Return the calendar of column `time` and its values as float64.

    Raises
    ------
    ColumnError
        On text, or without any known time.
    """
    values = numeric(data, time)
    if np.isnan(values).all():
        raise ColumnError(f"column {time!r} holds no period: nothing tells when rows are")
    return calendar_of(values), values


def read_cohorts(data: pd.DataFrame, cohort: Any, calendar: Calendar) -> np.ndarray:
    """Return each row's cohort as a position on `calendar`, infinity for never treated.

    Raises
    ------
    ColumnError
        On text, negative or complex cohorts; a zero where time runs from below zero to zero or beyond, which
        could mean never treated or treated from zero on; a cohort between two periods.
    """
    first = cohort_periods(data[cohort])
    zero = data[cohort].eq(0).fillna(False).to_numpy(bool)
    if zero.any() and calendar.labels[0] < 0 <= calendar.labels[-1]:
        raise ColumnError(
            f"cohort column {cohort!r} holds 0, which means never treated, but 0 is also a period here "
            f"({calendar._described()}): write missing or infinity for never treated, and add a constant to "
            "time and cohort if some units are first treated in period 0"
        )
    return calendar.cohort_positions(first, cohort)


def event_positions(data: pd.DataFrame, time: str, cohort: str) -> tuple[Calendar, np.ndarray, np.ndarray]:
    """Return the calendar and, row by row, the positions of time (NaN: missing) and cohort (inf: never)."""
    calendar, values = read_calendar(data, time)
    return calendar, calendar.positions(values), read_cohorts(data, cohort, calendar)
