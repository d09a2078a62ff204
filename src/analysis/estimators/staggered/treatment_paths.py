"""Treatment paths by unit: baseline, first change, and through which period the path is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..arrays import Bools
from ..core.calendar import Calendar, read_calendar
from ..core.checks import codes, numeric, require_columns, require_unique
from ..errors import KeyNotUniqueError, NotIdentifiedError


@dataclass(frozen=True)
class Paths:
    """Treatment of units by period.

    Attributes
    ----------
    treatment : numpy.ndarray, shape (units, periods)
        NaN where a unit has no row with a treatment.
    periods : numpy.ndarray, shape (periods,)
        Times of all periods of `calendar` in order, those without a row too.
    calendar : Calendar
    units : pandas.Index
    row_unit : numpy.ndarray of int, shape (rows given,)
        -1 for rows without unit, period or treatment.
    baseline : numpy.ndarray, shape (units,)
        Treatment in the unit's first observed period.
    switch : numpy.ndarray of int, shape (units,)
        Position of the first period with another treatment; ``len(periods)`` when there is none.
    last : numpy.ndarray of int, shape (units,)
        Position of the last observed period.
    """

    treatment: np.ndarray
    periods: np.ndarray
    calendar: Calendar
    units: pd.Index
    row_unit: np.ndarray
    baseline: np.ndarray
    switch: np.ndarray
    last: np.ndarray

    @property
    def never(self) -> Bools:
        """Which units never change treatment, shape (units,)."""
        found: Bools = self.switch == len(self.periods)
        return found

    @property
    def sign(self) -> np.ndarray:
        """Direction of the first change: 1 up, -1 down, 0 none; shape (units,)."""
        at = np.minimum(self.switch, len(self.periods) - 1)
        first = self.treatment[np.arange(len(at)), at]
        return np.where(self.never, 0.0, np.sign(first - self.baseline))

    @property
    def is_undated(self) -> Bools:
        """Which units were not observed in the period before their first change, shape (units,)."""
        before = self.treatment[np.arange(len(self.switch)), np.maximum(self.switch - 1, 0)]
        found: Bools = ~self.never & np.isnan(before)
        return found

    @property
    def crosses(self) -> Bools:
        """Which units have treatments both above and below their baseline, shape (units,)."""
        change = self.treatment - self.baseline[:, None]
        found: Bools = (change > 0).any(axis=1) & (change < 0).any(axis=1)
        return found

    def later(self) -> np.ndarray:
        """Return which (units, periods) are at or after the unit's first change."""
        return np.arange(len(self.periods)) >= self.switch[:, None]


def treatment_paths(data: pd.DataFrame, *, unit: str, time: str, treatment: str) -> Paths:
    """Return the paths of all units with at least one observed treatment.

    Raises
    ------
    ColumnError
        On absent columns, text or infinite values.
    KeyNotUniqueError
        If a unit has two rows in one period.
    NotIdentifiedError
        If no treatment is observed.
    """
    require_columns(data, [unit, time, treatment])
    calendar, when = read_calendar(data, time)
    dose = numeric(data, treatment)
    usable = ~np.isnan(when) & ~np.isnan(dose) & data[unit].notna().to_numpy()
    if not usable.any():
        raise NotIdentifiedError(f"no row has {unit!r}, {time!r} and {treatment!r}")
    require_unique(data.loc[usable], unit, time)
    row, units = codes(data.loc[usable, unit])
    column = calendar.position[calendar.code(when[usable])]
    periods = calendar.label(np.arange(int(calendar.position[-1]) + 1))
    wide = np.full((len(units), len(periods)), np.nan)
    if np.bincount(row * len(periods) + column).max() > 1:
        raise KeyNotUniqueError(f"rows of a {unit} differ in {time} by rounding only: round {time} first")
    wide[row, column] = dose[usable]
    seen = ~np.isnan(wide)
    baseline = wide[np.arange(len(wide)), seen.argmax(axis=1)]
    changed = seen & (wide != baseline[:, None])
    row_unit = np.full(len(data), -1)
    row_unit[usable] = row
    return Paths(
        treatment=wide,
        periods=periods,
        calendar=calendar,
        units=units,
        row_unit=row_unit,
        baseline=baseline,
        switch=np.where(changed.any(axis=1), changed.argmax(axis=1), len(periods)),
        last=len(periods) - 1 - seen[:, ::-1].argmax(axis=1),
    )
