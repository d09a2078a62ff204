"""A balanced panel as matrices, for synthetic controls: who is treated when, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats, Ints
from ..core.calendar import calendar_of, read_cohorts
from ..core.checks import as_list, codes, numeric, require_columns, require_option, require_unique
from ..core.result import Sample
from ..errors import ColumnError, EstimationError, NotIdentifiedError


@dataclass(frozen=True)
class SyntheticPanel:
    """Outcomes of kept units by period.

    Attributes
    ----------
    units, times : pandas.Index, shapes (n,) and (t,)
    outcomes : numpy.ndarray, shape (n, t)
    covariates : numpy.ndarray, shape (n, t, k)
    start : numpy.ndarray of int, shape (n,)
        Position of the first treated period; ``t`` for donors, which are never treated.
    sample : Sample
    """

    units: pd.Index
    times: pd.Index
    outcomes: np.ndarray
    covariates: np.ndarray
    start: np.ndarray
    sample: Sample

    @property
    def donors(self) -> np.ndarray:
        """Positions of units never treated."""
        return np.flatnonzero(self.start == len(self.times))

    def cohorts(self) -> list[tuple[int, np.ndarray]]:
        """Return (position of first treated period, positions of its units), ascending."""
        begins = np.unique(self.start[self.start < len(self.times)])
        return [(int(begin), np.flatnonzero(self.start == begin)) for begin in begins]


def read_synthetic(
    data: pd.DataFrame,
    outcome: str,
    unit: str,
    time: str,
    treatment: str | None,
    cohort: str | None,
    covariates: str | Sequence[str] | None,
    missing: str,
) -> SyntheticPanel:
    """Check and reshape the data; see `synthetic_did` for what the arguments mean."""
    names = as_list(covariates)
    if (treatment is None) == (cohort is None):
        raise EstimationError("name either treatment (0 and 1 by row) or cohort (first treated period)")
    require_option("missing", missing, ("error", "drop"))
    require_columns(data, [outcome, unit, time, treatment or cohort, *names])
    labelled = ~(data[unit].isna() | data[time].isna()).to_numpy()
    frame = data.loc[labelled]
    if frame.empty:
        raise NotIdentifiedError(f"no row has {unit} and {time}")
    require_unique(frame, unit, time)
    rows, units = codes(frame[unit])
    columns, times = codes(frame[time])
    shape = (len(units), len(times))
    outcomes = _matrix(numeric(frame, outcome), rows, columns, shape)
    layers = [_matrix(numeric(frame, name), rows, columns, shape) for name in names]
    stacked = np.stack(layers, axis=2) if layers else np.empty((*shape, 0))
    start = _starts(frame, treatment, cohort, rows, columns, units, times)
    gap = np.isnan(outcomes) | np.isnan(stacked).any(axis=2)
    keep, reasons = _kept(gap, start, units, times, missing)
    sample = _ledger(labelled, rows, keep, reasons, f"{unit} or {time} missing")
    panel = SyntheticPanel(units[keep], times, outcomes[keep], stacked[keep], start[keep], sample)
    _require_design(panel)
    return panel


def _matrix(values: Floats, rows: Ints, columns: Ints, shape: tuple[int, int]) -> Floats:
    full = np.full(shape, np.nan)
    full[rows, columns] = values
    return full


def _starts(
    frame: pd.DataFrame,
    treatment: str | None,
    cohort: str | None,
    rows: Ints,
    columns: Ints,
    units: pd.Index,
    times: pd.Index,
) -> Ints:
    if treatment is not None:
        return _starts_by_cell(numeric(frame, treatment), treatment, rows, columns, units, times)
    if not pd.api.types.is_numeric_dtype(times):
        raise ColumnError("cohort needs numeric periods; with other periods give treatment by row")
    calendar = calendar_of(times.to_numpy(dtype=float))
    if len(calendar.labels) < len(times):
        raise ColumnError("some periods differ by rounding only: round time first")
    first = read_cohorts(frame, cohort, calendar)
    by_unit = np.full(len(units), np.inf)
    by_unit[rows] = first
    if (changed := by_unit[rows] != first).any():
        raise ColumnError(f"cohort {cohort!r} changes within unit {units[rows[changed][0]]!r}")
    return np.searchsorted(calendar.position, by_unit)


def _starts_by_cell(
    values: Floats, name: str, rows: Ints, columns: Ints, units: pd.Index, times: pd.Index
) -> Ints:
    cells = _matrix(values, rows, columns, (len(units), len(times)))
    known = cells[~np.isnan(cells)]
    if not np.isin(known, (0.0, 1.0)).all() or np.isnan(values).any():
        raise ColumnError(f"treatment {name!r} must be 0 or 1 in every row")
    treated = np.nan_to_num(cells) == 1
    start = np.where(treated.any(axis=1), treated.argmax(axis=1), len(times))
    late = np.arange(len(times)) >= start[:, None]
    if (ends := late & (cells == 0)).any():
        row, column = np.argwhere(ends)[0]
        raise ColumnError(
            f"treatment ends: unit {units[row]!r} is untreated again in {times[column]!r}; "
            "these estimators need treatment that stays"
        )
    return start


def _kept(
    gap: Bools, start: Ints, units: pd.Index, times: pd.Index, missing: str
) -> tuple[Bools, dict[str, Bools]]:
    """Return the units kept and why the others are not, each under one reason."""
    holes = gap.any(axis=1)
    treated = start < len(times)
    if holes.any() and missing == "error":
        row, column = np.argwhere(gap)[0]
        raise ColumnError(
            f"{int(gap.sum())} cells of {int(holes.sum())} units are missing, first unit {units[row]!r} in "
            f"{times[column]!r}: complete them, or missing='drop' leaves these units out"
        )
    early = (start == 0) & ~holes
    reasons = {
        "treated unit with missing cells": holes & treated,
        "donor with missing cells": holes & ~treated,
        "treated in the first period": early,
    }
    return ~(holes | early), reasons


def _ledger(labelled: Bools, rows: Ints, keep: Bools, reasons: dict[str, Bools], unlabelled: str) -> Sample:
    used = np.zeros(len(labelled), bool)
    used[labelled] = keep[rows]
    dropped = {why: int(mask[rows].sum()) for why, mask in reasons.items() if mask.any()}
    if count := int((~labelled).sum()):
        dropped[unlabelled] = count
    return Sample(
        given=len(labelled), used=int(used.sum()), dropped=dropped, units=int(keep.sum()), rows=used
    )


def _require_design(panel: SyntheticPanel) -> None:
    if not len(panel.donors):
        raise NotIdentifiedError("no donor: no complete unit is never treated")
    if not panel.cohorts():
        raise NotIdentifiedError("no treated unit with a period before treatment and complete cells")
    if len(panel.times) < 2:
        raise NotIdentifiedError("a synthetic control needs at least two periods")
