"""The group-time cells of a staggered design: which units and periods identify each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..arrays import Bools
from .wide_panel import WidePanel


@dataclass(frozen=True)
class Cell:
    """One comparison: cohort (a position), target and base period (columns), whether it is treated."""

    cohort: float
    target: int
    base: int
    is_post: bool


def design_cells(periods: np.ndarray, cohorts: np.ndarray, *, base: str, anticipation: int) -> list[Cell]:
    """Return all cells in order of cohort and period.

    The base of a treated period is the last period before ``cohort - anticipation``; that of an
    earlier period is the period before it (``varying``) or the same last period (``universal``).
    """
    return [cell for g in cohorts for cell in _cells_of(periods, float(g), base, anticipation)]


def _cells_of(periods: np.ndarray, g: float, base: str, anticipation: int) -> Iterator[Cell]:
    last_before = int(np.searchsorted(periods, g - anticipation)) - 1
    for target in range(1 if base == "varying" else 0, len(periods)):
        is_post = periods[target] >= g
        origin = last_before if is_post or base == "universal" else target - 1
        if origin != target:
            yield Cell(g, target, origin, bool(is_post))


def controls_of(panel: WidePanel, cell: Cell, control: str, anticipation: int) -> Bools:
    """Return which units are a cell's controls: never treated, or not treated yet by its later period."""
    never: Bools = np.isinf(panel.cohort)
    if control == "never":
        return never
    later = panel.periods[max(cell.target, cell.base)] + anticipation
    found: Bools = never | ((panel.cohort > later) & (panel.cohort != cell.cohort))
    return found
