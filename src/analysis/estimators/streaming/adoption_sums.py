"""Sums behind streamed group-time effects: changes by cohort and periods, then squares of influence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats, Ints
from ..core.calendar import Calendar, calendar_of, read_cohorts
from ..errors import ColumnError, KeyNotUniqueError, NotIdentifiedError
from ..staggered.cells import Cell, controls_of, design_cells
from . import files as io
from .pieces import cut

_EARLY = "treated from the first period on"
_GAPS = "unit not observed in every period"


@dataclass(frozen=True)
class Design:
    """Cells and cohorts; `controls` says which cohorts each cell compares with."""

    calendar: Calendar
    periods: np.ndarray
    values: Any
    position: np.ndarray
    cohorts: np.ndarray
    cells: list[Cell]
    controls: np.ndarray
    pairs: list[tuple[int, int]]
    pair: np.ndarray

    @property
    def own(self) -> np.ndarray:
        """Where each cell's cohort stands among all, shape (cells,)."""
        return np.searchsorted(self.cohorts, [cell.cohort for cell in self.cells])


def design_of(files: io.Files, time: str, cohort: str, control: str, base: str, anticipation: int) -> Design:
    """Return the cells of the periods and cohorts in the files."""
    column = io.quoted("number " + time)
    everywhere = files.rows(
        f"SELECT DISTINCT {io.double(time)} FROM given WHERE {io.quoted(time)} IS NOT NULL"
    )
    calendar = calendar_of(np.array([row[0] for row in everywhere], float))
    seen = np.array([row[0] for row in files.rows(f"SELECT DISTINCT {column} FROM complete")], float)
    periods = np.unique(calendar.position[calendar.code(seen)]).astype(float)
    if len(periods) < 2:
        raise NotIdentifiedError(f"one period only ({calendar.label(periods)[0]:g}): differences need two")
    values = files.connection.execute(f"SELECT DISTINCT {io.quoted(cohort)} AS c FROM complete").df()["c"]
    position = read_cohorts(pd.DataFrame({cohort: values}), cohort, calendar)
    cohorts = np.unique(position[position - anticipation > periods[0]])
    treated = cohorts[np.isfinite(cohorts) & (cohorts <= periods[-1])]
    if not len(treated):
        raise NotIdentifiedError("no cohort starts treatment inside the panel's periods")
    if control == "never" and not np.isinf(cohorts).any():
        raise NotIdentifiedError("no never-treated unit: use control='not_yet'")
    cells = design_cells(periods, treated, base=base, anticipation=anticipation)
    stand_in: Any = SimpleNamespace(cohort=cohorts, periods=periods)
    controls = np.array([controls_of(stand_in, cell, control, anticipation) for cell in cells])
    pairs = sorted({(cell.target, cell.base) for cell in cells})
    pair = np.array([pairs.index((cell.target, cell.base)) for cell in cells])
    return Design(calendar, periods, pd.Index(values), position, cohorts, cells, controls, pairs, pair)


@dataclass
class Wide:
    """Whole units of a piece: outcome and weights (units, periods), cohort and cluster codes (units,)."""

    outcome: np.ndarray
    weight: np.ndarray
    cohort: np.ndarray
    cluster: np.ndarray | None

    @property
    def unit_weight(self) -> Floats:
        """Mean weight of each unit over its periods."""
        seen = ~np.isnan(self.outcome)
        found: Floats = np.where(seen, self.weight, 0.0).sum(axis=1) / seen.sum(axis=1)
        return found

    def change(self, target: int, base: int) -> tuple[np.ndarray, np.ndarray]:
        """Return each unit's change (0 where not seen in both periods) and its weight (0 there)."""
        change = self.outcome[:, target] - self.outcome[:, base]
        weight = np.where(np.isnan(change), 0.0, self.weight[:, min(target, base)])
        return np.where(np.isnan(change), 0.0, change), weight


class Units:
    """Reads pieces as whole units, and counts the rows that left, by reason."""

    def __init__(
        self,
        files: io.Files,
        design: Design,
        unit: str,
        time: str,
        cohort: str,
        weights: str | None,
        cluster: str | None,
        panel: str,
        anticipation: int,
    ) -> None:
        self.files, self.design = files, design
        self._names = (unit, time, cohort, weights, cluster)
        self._complete, self._anticipation = panel == "complete", anticipation
        cut(files, (unit,))
        self.dropped, self.used = dict(files.dropped), files.used
        self._lost = {_EARLY: 0, _GAPS: 0}
        self.clusters = None
        if cluster is not None and cluster != unit:
            self.clusters = pd.Index(files.levels([cluster]).iloc[:, 0])

    def count(self) -> None:
        """Book the rows lost in one pass."""
        for reason, rows in self._lost.items():
            if rows:
                self.dropped[reason] = rows
                self.used -= rows

    def pieces(self) -> Iterator[Wide]:
        """Give each piece as a `Wide`."""
        self._lost = {_EARLY: 0, _GAPS: 0}
        for frame in self.files.pieces():
            wide = self._wide(frame)
            if wide is not None:
                yield wide

    def _wide(self, frame: pd.DataFrame) -> Wide | None:
        unit, time, cohort, weights, cluster = self._names
        row, labels = pd.factorize(frame[unit])
        column = self._column(frame[f"number {time}"].to_numpy(float))
        shape = (len(labels), len(self.design.periods))
        cell = row * shape[1] + column
        if np.bincount(cell).max() > 1:
            raise KeyNotUniqueError(f"rows repeat a {unit}-{time} pair: aggregate or drop")
        start = self.design.position[self.design.values.get_indexer(frame[cohort])]
        first = _constant(start, row, shape[0], cohort)
        outcome = _spread(frame[f"number {self.files.wanted.numbers[0]}"].to_numpy(float), cell, shape)
        weight = (
            np.ones(shape)
            if weights is None
            else _spread(frame[f"number {weights}"].to_numpy(float), cell, shape)
        )
        group = None
        if self.clusters is not None:
            group = _constant(self.clusters.get_indexer(frame[cluster]).astype(float), row, shape[0], cluster)
        keep = self._kept(outcome, first)
        if not keep.any():
            return None
        code = np.searchsorted(self.design.cohorts, first[keep])
        return Wide(
            outcome[keep], weight[keep], code, None if group is None else group[keep].astype(np.int64)
        )

    def _column(self, time: Floats) -> Ints:
        calendar = self.design.calendar
        found: Ints = np.searchsorted(self.design.periods, calendar.position[calendar.code(time)])
        return found

    def _kept(self, outcome: Floats, first: Floats) -> Bools:
        seen = ~np.isnan(outcome)
        late: Bools = first - self._anticipation > self.design.periods[0]
        self._lost[_EARLY] += int(seen[~late].sum())
        if not self._complete:
            return late
        whole = seen.all(axis=1)
        self._lost[_GAPS] += int(seen[late & ~whole].sum())
        found: Bools = late & whole
        return found


def _constant(values: Floats, row: Ints, units: int, name: Any) -> np.ndarray:
    found = np.full(units, np.nan)
    found[row] = values
    if (found[row] != values).any():
        raise ColumnError(f"{name!r} changes within units: it must be constant in a unit")
    return found


def _spread(values: Floats, cell: Ints, shape: tuple[int, int]) -> np.ndarray:
    wide = np.full(shape[0] * shape[1], np.nan)
    wide[cell] = values
    return wide.reshape(shape)


class First:
    """Sums of changes by pair of periods and cohort: units, weights, weighted changes."""

    def __init__(self, design: Design) -> None:
        self._design = design
        shape = (len(design.pairs), len(design.cohorts))
        self.count, self.weight, self.change = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.share, self.units = np.zeros(len(design.cohorts)), 0

    def add(self, piece: Wide) -> None:
        """Add a piece."""
        cohorts = len(self._design.cohorts)
        self.units += len(piece.cohort)
        self.share += np.bincount(piece.cohort, piece.unit_weight, cohorts)
        for j, (target, base) in enumerate(self._design.pairs):
            change, weight = piece.change(target, base)
            self.count[j] += np.bincount(piece.cohort, weight > 0, cohorts)
            self.weight[j] += np.bincount(piece.cohort, weight, cohorts)
            self.change[j] += np.bincount(piece.cohort, weight * change, cohorts)

    def sides(self) -> tuple[np.ndarray, ...]:
        """Return units, weights and weighted changes of treated and of controls, shape (cells, 2) each."""
        design = self._design
        parts = []
        for table in (self.count, self.weight, self.change):
            rows = table[design.pair]
            treated = rows[np.arange(len(rows)), design.own]
            parts.append(np.column_stack([treated, (rows * design.controls).sum(axis=1)]))
        return tuple(parts)

    def effects(self) -> tuple[np.ndarray, list[str]]:
        """Return the cells' effects, NaN with a reason where there are none."""
        count, weight, change = self.sides()
        why = np.where(count[:, 0] == 0, "no treated unit observed in both periods", "")
        why = np.where((why == "") & (count[:, 1] == 0), "no control unit observed in both periods", why)
        mean = change / np.where(weight > 0, weight, np.nan)
        return mean[:, 0] - mean[:, 1], why.tolist()


class Second:
    """Squares of influence by unit or cluster, with that of the cohorts' shares beside it."""

    def __init__(self, design: Design, sums: First, effects: np.ndarray, reader: Units) -> None:
        self._design, self._found = design, np.flatnonzero(~np.isnan(effects))
        _, self._weight, change = sums.sides()
        self._mean = change / np.where(self._weight > 0, self._weight, np.nan)
        self._units, self._mean_weight = sums.units, sums.share.sum() / sums.units
        width = len(self._found) + len(design.cohorts)
        known = reader.clusters
        self._by_unit = known is None
        self._total = np.zeros((width, width) if known is None else (len(known), width))
        self._seen = np.zeros(0 if known is None else len(known), bool)

    @property
    def clusters(self) -> int:
        """Number of clusters with a unit."""
        return self._units if self._by_unit else int(self._seen.sum())

    def add(self, piece: Wide) -> None:
        """Add a piece."""
        own = self._influence(piece)
        if piece.cluster is None:
            self._total += own.T @ own
            return
        np.add.at(self._total, piece.cluster, own)
        self._seen[piece.cluster] = True

    def _influence(self, piece: Wide) -> np.ndarray:
        design, found = self._design, self._found
        out = np.zeros((len(piece.cohort), len(found) + len(design.cohorts)))
        changes = {pair: piece.change(*design.pairs[pair]) for pair in np.unique(design.pair[found])}
        for j, c in enumerate(found):
            change, weight = changes[design.pair[c]]
            treated = piece.cohort == design.own[c]
            controls = design.controls[c][piece.cohort]
            out[treated, j] = (weight * (change - self._mean[c, 0]) / self._weight[c, 0])[treated]
            out[controls, j] = -(weight * (change - self._mean[c, 1]) / self._weight[c, 1])[controls]
        share = piece.unit_weight / self._mean_weight / self._units
        out[np.arange(len(out)), len(found) + piece.cohort] = share
        return out

    def covariance(self) -> np.ndarray:
        """Return the covariance of cells and shares."""
        return self._total if self._by_unit else self._total.T @ self._total
