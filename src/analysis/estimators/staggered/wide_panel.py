"""From long frame to unit-by-period arrays, shared by the estimators for staggered adoption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats, Ints
from ..core.calendar import Calendar, calendar_of, read_cohorts
from ..core.cell_panel import CellPanel
from ..core.checks import as_list, codes, numeric, require_columns, require_unique
from ..core.result import Sample
from ..errors import ColumnError, KeyNotUniqueError, NotIdentifiedError


@dataclass(frozen=True)
class WidePanel:
    """Units by periods.

    Attributes
    ----------
    outcome : numpy.ndarray, shape (units, periods)
        NaN where a unit has no usable row.
    cohort : numpy.ndarray, shape (units,)
        Position of the first treated period on `calendar`, ``inf`` for never treated.
    periods : numpy.ndarray of float, shape (periods,)
        Positions of the used periods on `calendar`, increasing whole numbers.
    calendar : Calendar
        Of all given rows: what time each position is.
    covariates : numpy.ndarray, shape (units, 1 or periods, k)
        One slice when constant within unit, else one a period.
    weights : numpy.ndarray, shape (units, periods)
        Sampling weights; ones when none were given.
    cluster : numpy.ndarray of int, shape (units,)
        Codes of clusters; the unit's own code when none were given.
    units : pandas.Index
        Labels of units in row order.
    row_unit, row_period : numpy.ndarray of int, shape (rows given,)
        Unit and period of each given row, the unit -1 for rows not used.
    sample : Sample
        Ledger of rows.
    offset : numpy.ndarray, shape (units, periods), or None
        Known part of a linear index.
    """

    outcome: np.ndarray
    cohort: np.ndarray
    periods: np.ndarray
    calendar: Calendar
    covariates: np.ndarray
    weights: np.ndarray
    cluster: np.ndarray
    units: pd.Index
    row_unit: np.ndarray
    row_period: np.ndarray
    sample: Sample = field(repr=False)
    offset: np.ndarray | None = field(default=None, repr=False)

    @cached_property
    def observed(self) -> Bools:
        """Where a unit has a usable row, shape (units, periods)."""
        found: Bools = ~np.isnan(self.outcome)
        return found

    @property
    def times(self) -> np.ndarray:
        """The used periods as given, shape (periods,)."""
        return self.calendar.label(self.periods)

    @property
    def first_treated(self) -> np.ndarray:
        """Each unit's first treated period as given, ``inf`` for never treated, shape (units,)."""
        return self.calendar.label(self.cohort)

    def columns(self, position: np.ndarray) -> np.ndarray:
        """Return the column of the used period at each position, -1 where none is."""
        position = np.asarray(position, dtype=np.float64)
        at = np.clip(np.searchsorted(self.periods, position), 0, len(self.periods) - 1)
        return np.where(self.periods[at] == position, at, -1)

    def cells(
        self,
        cohort: np.ndarray,
        target: np.ndarray,
        base: np.ndarray,
        *,
        weights: Floats | None = None,
        mass: Floats | None = None,
        factor: float = 1.0,
    ) -> CellPanel:
        """Return the panel of cells of these cohorts and of periods by column; see `CellPanel`."""
        return CellPanel(
            calendar=self.calendar,
            cohort=self.cohort,
            cluster=self.cluster,
            units=self.units,
            periods=self.periods,
            observed=self.observed,
            cell_cohort=cohort,
            cell_time=self.periods[target],
            target=target,
            base=base,
            weights=weights,
            mass=mass,
            factor=factor,
        )

    def keep(self, units: np.ndarray, reason: str) -> WidePanel:
        """Return the panel of the units marked True, with the rows lost booked under `reason`."""
        if units.all():
            return self
        if not units.any():
            raise NotIdentifiedError(f"no unit is left: the last were dropped as {reason!r}")
        lost = int(self.observed[~units].sum())
        dropped = {**self.sample.dropped, reason: self.sample.dropped.get(reason, 0) + lost}
        row_unit = _recode(self.row_unit, units)
        sample = Sample(
            given=self.sample.given,
            used=self.sample.used - lost,
            dropped=dropped,
            units=int(units.sum()),
            clusters=len(np.unique(self.cluster[units])),
            rows=row_unit >= 0,
        )
        by_unit = ("outcome", "cohort", "covariates", "weights", "cluster", "units")
        kept = {name: getattr(self, name)[units] for name in by_unit}
        offset = None if self.offset is None else self.offset[units]
        return replace(self, **kept, offset=offset, row_unit=row_unit, sample=sample)

    def before(self, end: float, reason: str) -> WidePanel:
        """Return the panel of the periods before position `end`, the rows lost booked under `reason`."""
        early = self.periods < end
        lost = int(self.observed[:, ~early].sum())
        if not lost:
            return self
        if early.sum() < 2:
            raise NotIdentifiedError(f"fewer than two periods before {self.calendar.label(end):g}")
        dropped = {**self.sample.dropped, reason: self.sample.dropped.get(reason, 0) + lost}
        row_unit = np.where(early[self.row_period], self.row_unit, -1)
        sample = replace(self.sample, used=self.sample.used - lost, dropped=dropped, rows=row_unit >= 0)
        covariates = self.covariates if self.covariates.shape[1] == 1 else self.covariates[:, early]
        cut = replace(
            self,
            outcome=self.outcome[:, early],
            weights=self.weights[:, early],
            covariates=covariates,
            offset=None if self.offset is None else self.offset[:, early],
            periods=self.periods[early],
            row_unit=row_unit,
            row_period=np.where(row_unit >= 0, self.row_period, 0),
            sample=sample,
        )
        return cut.keep(np.any(cut.observed, axis=1), reason)

    def without_cells(self, periods: np.ndarray, reason: str) -> WidePanel:
        """Return the panel with all rows of the marked periods set missing and booked under `reason`."""
        return self.without_rows(np.broadcast_to(periods, self.outcome.shape), reason)

    def without_rows(self, cells: np.ndarray, reason: str) -> WidePanel:
        """Return the panel with the marked unit-periods set missing and booked under `reason`."""
        lost = int((self.observed & cells).sum())
        if not lost:
            return self
        dropped = {**self.sample.dropped, reason: self.sample.dropped.get(reason, 0) + lost}
        gone = (self.row_unit >= 0) & cells[self.row_unit, self.row_period]
        row_unit = np.where(gone, -1, self.row_unit)
        sample = replace(self.sample, used=self.sample.used - lost, dropped=dropped, rows=row_unit >= 0)
        cut = replace(self, outcome=np.where(cells, np.nan, self.outcome), row_unit=row_unit, sample=sample)
        return cut.keep(np.any(cut.observed, axis=1), reason)

    def as_never(self, first: float) -> WidePanel:
        """Return the panel with one cohort relabelled as never treated."""
        return replace(self, cohort=np.where(self.cohort == first, np.inf, self.cohort))

    def comparable(self, anticipation: int) -> WidePanel:
        """Return the panel cut before the last cohort's treatment when no unit is never treated."""
        if np.isinf(self.cohort).any():
            return self
        last = self.cohort.max()
        if len(np.unique(self.cohort)) < 2:
            raise NotIdentifiedError("one cohort and no never-treated unit: nothing to compare with")
        reason = f"at or after {self.calendar.label(last):g}, when no untreated cohort is left"
        return self.before(last - anticipation, reason).as_never(last)


def _recode(row_unit: Ints, units: Bools) -> Ints:
    new = np.append(np.where(units, np.cumsum(units) - 1, -1), -1)
    return new[row_unit]


def wide_panel(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str | None,
    covariates: str | Sequence[str] | None = None,
    weights: str | None = None,
    cluster: str | None = None,
    offset: str | None = None,
    first: np.ndarray | None = None,
) -> WidePanel:
    """Return unit-by-period arrays from a long frame, dropping incomplete rows by reason.

    `first`, shape (rows given,), is what stands in `WidePanel.cohort` when there is no cohort column.

    Raises
    ------
    ColumnError
        On absent columns, text, infinite values, negative weights, or a cohort or cluster that
        changes within a unit.
    KeyNotUniqueError
        If a unit has two rows in one period.
    NotIdentifiedError
        If fewer than two periods or no unit remain.
    """
    names = as_list(covariates)
    require_columns(data, [outcome, unit, time, cohort, *names, weights, cluster, offset])
    values = {
        name: numeric(data, name)
        for name in dict.fromkeys([outcome, time, *names, *as_list(weights), *as_list(offset)])
    }
    dropped, usable = _complete_rows(data, values, unit, cluster)
    frame = data.loc[usable]
    if frame.empty:
        raise NotIdentifiedError(f"no complete row among {len(data)}: {dropped}")
    row, labels = codes(frame[unit])
    calendar = calendar_of(values[time])
    periods, column = np.unique(calendar.position[calendar.code(values[time][usable])], return_inverse=True)
    shape = (len(labels), len(periods))
    if np.bincount(row * shape[1] + column).max() > 1:
        require_unique(frame, unit, time)
        raise KeyNotUniqueError(f"rows of a {unit} differ in {time} by rounding only: round {time} first")
    if shape[1] < 2:
        raise NotIdentifiedError(f"one period only ({calendar.label(periods)[0]:g}): differences need two")
    place = (row, column)
    starts = read_cohorts(data, cohort, calendar) if first is None and cohort is not None else first
    by_unit = _constant_within(np.asarray(starts)[usable], row, shape[0], cohort)
    group = np.arange(shape[0])
    if cluster is not None:
        own = codes(frame[cluster])[0].astype(float)
        group = _constant_within(own, row, shape[0], cluster).astype(np.int64)
    wide_weights = _spread(_weights(values, weights, usable), place, shape)
    sample = Sample(len(data), len(frame), dropped, shape[0], len(np.unique(group)), usable)
    row_unit, row_period = np.full(len(data), -1), np.zeros(len(data), np.int64)
    row_unit[usable], row_period[usable] = row, column
    return WidePanel(
        outcome=_spread(values[outcome][usable], place, shape),
        cohort=by_unit,
        periods=periods.astype(np.float64),
        calendar=calendar,
        covariates=_covariates([values[name][usable] for name in names], place, shape),
        weights=wide_weights,
        cluster=group,
        units=labels,
        row_unit=row_unit,
        row_period=row_period,
        sample=sample,
        offset=None if offset is None else _spread(values[offset][usable], place, shape),
    )


def _complete_rows(
    data: pd.DataFrame, values: dict[str, Floats], unit: str, cluster: str | None
) -> tuple[dict[str, int], np.ndarray]:
    left = np.ones(len(data), bool)
    dropped = {}
    missing = {name: np.isnan(column) for name, column in values.items()}
    missing[unit] = data[unit].isna().to_numpy()
    if cluster is not None:
        missing[cluster] = data[cluster].isna().to_numpy()
    for name, absent in missing.items():
        if count := int((left & absent).sum()):
            dropped[f"missing {name}"] = count
        left &= ~absent
    return dropped, left


def _constant_within(values: Floats, row: Ints, units: int, name: str | None) -> np.ndarray:
    result = np.full(units, np.nan)
    result[row] = values
    changed = result[row] != values
    if changed.any():
        count = len(np.unique(row[changed]))
        raise ColumnError(f"{name!r} changes within {count} units: it must be constant in a unit")
    return result


def _spread(values: Floats, place: tuple[Ints, Ints], shape: tuple[int, int]) -> np.ndarray:
    wide = np.full(shape, np.nan)
    wide[place] = values
    return wide


def _weights(values: dict[str, Floats], weights: str | None, usable: Bools) -> np.ndarray:
    if weights is None:
        return np.ones(int(usable.sum()))
    used = values[weights][usable]
    if (used <= 0).any():
        raise ColumnError(
            f"{int((used <= 0).sum())} weights in {weights!r} are zero or negative: drop those rows"
        )
    return used


def _covariates(columns: list[Floats], place: tuple[Ints, Ints], shape: tuple[int, int]) -> np.ndarray:
    row = place[0]
    within = np.ones((shape[0], 1, len(columns) + 1))
    for k, column in enumerate(columns, start=1):
        within[row, 0, k] = column
        if (within[row, 0, k] != column).any():
            return np.stack([np.ones(shape)] + [_spread(c, place, shape) for c in columns], axis=2)
    return within
