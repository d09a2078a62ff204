"""What group-time cells rest on: who is treated in each, in which clusters, and on which calendar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..arrays import Floats, Ints
from .calendar import Calendar


@dataclass(frozen=True, slots=True, eq=False)
class CellPanel:
    """Units and cells behind a `GroupTime`, so that cells can be averaged without refitting.

    Attributes
    ----------
    calendar : Calendar
    cohort : numpy.ndarray, shape (units,)
        Position of the first treated period, infinity for never treated.
    cluster : numpy.ndarray of int, shape (units,)
    units : pandas.Index
        Labels, in the order of the influence functions.
    periods : numpy.ndarray, shape (periods,)
        Positions of the used periods.
    observed : numpy.ndarray of bool, shape (units, periods)
    cell_cohort, cell_time : numpy.ndarray, shape (cells,)
        Positions of each cell's cohort and period.
    target, base : numpy.ndarray of int, shape (cells,)
        Columns of `observed` in which a unit must be seen to count as treated in the cell.
    weights : numpy.ndarray, shape (units,), or None
        Weights (mean one) from which shares of cohorts are estimated; None where `mass` fixes them.
    mass : numpy.ndarray, shape (cells,), or None
        Fixed weight of each cell's treated rows.
    factor : float
        Small-sample factor of the covariance.
    """

    calendar: Calendar
    cohort: np.ndarray
    cluster: np.ndarray
    units: pd.Index
    periods: np.ndarray
    observed: np.ndarray
    cell_cohort: np.ndarray
    cell_time: np.ndarray
    target: np.ndarray
    base: np.ndarray
    weights: np.ndarray | None = None
    mass: np.ndarray | None = None
    factor: float = 1.0

    @property
    def event(self) -> Floats:
        """Periods from each cell's adoption, negative before it, shape (cells,)."""
        found: Floats = self.cell_time - self.cell_cohort
        return found

    def treated_counts(self, groups: Iterable[np.ndarray | int]) -> dict[str, np.ndarray]:
        """Return how many treated units, and clusters of them, each group of cells rests on."""
        members = {g: np.flatnonzero(self.cohort == g) for g in np.unique(self.cell_cohort)}
        counts = [self._treated_in(cells, members) for cells in groups]
        return {
            "treated_units": np.array([units for units, _ in counts], dtype=np.int64),
            "treated_clusters": np.array([clusters for _, clusters in counts], dtype=np.int64),
        }

    def _treated_in(self, cells: Ints | int, members: dict[float, Ints]) -> tuple[int, int]:
        seen = np.zeros(len(self.cohort), dtype=bool)
        for cell in np.atleast_1d(cells):
            own = members[self.cell_cohort[cell]]
            seen[own] |= self.observed[own, self.target[cell]] & self.observed[own, self.base[cell]]
        return int(seen.sum()), len(np.unique(self.cluster[seen]))
