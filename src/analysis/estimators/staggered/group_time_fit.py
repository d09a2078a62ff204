"""Fitting the cells of a group-time design, batch by batch, with a ledger of what identifies each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats, Ints
from ..errors import NotIdentifiedError
from .cells import Cell, controls_of
from .two_by_two import cross_section_effect, panel_effect
from .wide_panel import WidePanel


def fit_cells(
    wide: WidePanel,
    cells: list[Cell],
    method: str,
    control: str,
    anticipation: int,
    panel: str,
    trim: float,
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Return effects (cells,), influence (units, cells) and the ledger of cells.

    Comparisons that share treated units, controls and covariates are fitted together. A cell that
    cannot be estimated is NaN, with its reason in the ledger.
    """
    batches: dict[tuple[Any, ...], list[int]] = {}
    chosen = _comparisons(wide, cells, control, anticipation, panel)
    shared = wide.covariates.shape[1] == 1 and (wide.weights == wide.weights[:, :1]).all()
    for position, (cell, (treated, controls)) in enumerate(zip(cells, chosen, strict=True)):
        earlier = -1 if shared else min(cell.target, cell.base)
        batches.setdefault((treated.tobytes(), controls.tobytes(), earlier), []).append(position)
    effects = np.full(len(cells), np.nan)
    influence = np.zeros((len(wide.cohort), len(cells)))
    reasons = [""] * len(cells)
    fit = _fit_repeated if panel == "repeated" else _fit_pairs
    for positions in batches.values():
        treated, controls = chosen[positions[0]]
        try:
            found, own, units = fit(wide, [cells[p] for p in positions], treated, controls, method, trim)
        except NotIdentifiedError as error:
            for position in positions:
                reasons[position] = str(error)
            continue
        effects[positions] = found
        influence[units[:, None], positions] = own
    return effects, influence, _ledger(wide, cells, chosen, reasons)


def _comparisons(
    wide: WidePanel, cells: list[Cell], control: str, anticipation: int, panel: str
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return each cell's treated and control units."""
    treated = {g: wide.cohort == g for g in {cell.cohort: None for cell in cells}}
    pairs = [(treated[c.cohort], controls_of(wide, c, control, anticipation)) for c in cells]
    if panel == "repeated" or wide.observed.all():
        return pairs
    seen = [wide.observed[:, c.target] & wide.observed[:, c.base] for c in cells]
    return [(on & both, off & both) for (on, off), both in zip(pairs, seen, strict=True)]


def _fit_pairs(
    wide: WidePanel, cells: list[Cell], treated: Bools, controls: Bools, method: str, trim: float
) -> tuple[Floats, Floats, Ints]:
    _require_both(treated, controls)
    used = np.flatnonzero(treated | controls)
    earlier = min(cells[0].target, cells[0].base)
    targets, bases = [c.target for c in cells], [c.base for c in cells]
    outcome = wide.outcome[used]
    change = outcome[:, targets] - outcome[:, bases]
    x = wide.covariates[used, min(earlier, wide.covariates.shape[1] - 1)]
    weights = _at(wide.weights, used, earlier, change)
    effects, own = panel_effect(change, treated[used].astype(float), x, weights, method, trim)
    return effects, own * (len(wide.cohort) / len(used)), used


def _at(weights: Floats, used: Ints, earlier: int, change: Floats) -> Floats:
    chosen: Floats = weights[used, earlier]
    if not np.isnan(chosen).any():
        return chosen
    found: Floats = np.where(np.isnan(chosen), np.nanmax(weights[used], axis=1), chosen)
    return found


def _fit_repeated(
    wide: WidePanel, cells: list[Cell], treated: Bools, controls: Bools, method: str, trim: float
) -> tuple[Floats, Floats, Ints]:
    columns = [_fit_rows(wide, cell, treated, controls, method, trim) for cell in cells]
    own = np.column_stack([c[1] for c in columns])
    return np.array([c[0] for c in columns]), own, np.arange(len(own))


def _fit_rows(
    wide: WidePanel, cell: Cell, treated: Bools, controls: Bools, method: str, trim: float
) -> tuple[float, Floats]:
    member = treated | controls
    picks = [
        (np.flatnonzero(member & wide.observed[:, t]), t, post)
        for t, post in ((cell.base, 0.0), (cell.target, 1.0))
    ]
    for units, t, _ in picks:
        _require_both(treated[units], controls[units], f" in period {wide.times[t]:g}")
    units = np.concatenate([u for u, _, _ in picks])
    post = np.concatenate([np.full(len(u), p) for u, _, p in picks])
    y = np.concatenate([wide.outcome[u, t] for u, t, _ in picks])
    weights = np.concatenate([wide.weights[u, t] for u, t, _ in picks])
    slices = wide.covariates.shape[1] - 1
    x = np.concatenate([wide.covariates[u, min(t, slices)] for u, t, _ in picks])
    effect, own = cross_section_effect(y, post, treated[units].astype(float), x, weights, method, trim)
    by_unit = np.bincount(units, own[:, 0], len(treated)) * len(treated) / len(units)
    return effect[0], by_unit


def _require_both(treated: Bools, controls: Bools, where: str = "") -> None:
    if not treated.any():
        raise NotIdentifiedError(f"no treated unit observed{where or ' in both periods'}")
    if not controls.any():
        raise NotIdentifiedError(f"no control unit observed{where or ' in both periods'}")


def _ledger(
    wide: WidePanel, cells: list[Cell], chosen: list[tuple[Bools, Bools]], reasons: list[str]
) -> pd.DataFrame:
    times = wide.times
    return pd.DataFrame(
        {
            "cohort": wide.calendar.label(np.array([c.cohort for c in cells], dtype=np.float64)),
            "time": times[[c.target for c in cells]],
            "base_time": times[[c.base for c in cells]],
            "treated_units": [int(t.sum()) for t, _ in chosen],
            "control_units": [int(c.sum()) for _, c in chosen],
            "not_estimated": reasons,
        }
    )
