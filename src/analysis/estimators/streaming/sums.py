"""Sums from which regressions with effects follow, added up piece by piece.

With the largest set of effects taken off within each piece (a piece holds whole levels), what remains is

    A = Z~'W Z~,   C = D~'W Z~,   S = D~'W D~

for the outcome and regressors Z and the dummies D of the other effects, all less their means by level. The
effects of the columns on D are ``S^+ C`` and the cross-products of what is left ``A - C' S^+ C`` (Frisch,
Waugh and Lovell); a second pass takes the residuals themselves, which costs no digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from ..errors import EstimationError
from .files import Files, Wanted

DENSE = 4_000
"""Levels of all effects but the largest: their cross-products are held as one dense matrix (128 MB)."""


@dataclass
class Piece:
    """Rows of whole units as arrays: Z with the outcome first, weights, codes of units and clusters."""

    z: np.ndarray
    weight: np.ndarray
    rows: np.ndarray
    within: np.ndarray
    unit: np.ndarray | None
    units: int
    dummies: list[np.ndarray]
    cluster: np.ndarray | None
    offset: np.ndarray | None

    def demeaned(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return columns less their weighted means by unit; as they are without units."""
        if self.unit is None:
            return values
        total = np.bincount(self.unit, weight, self.units)
        out = np.empty_like(values, order="F")
        for j in range(values.shape[1]):
            mean = np.bincount(self.unit, values[:, j] * weight, self.units) / total
            np.subtract(values[:, j], mean[self.unit], out=out[:, j])
        return out

    def of_dummies(self, effects: np.ndarray) -> np.ndarray:
        """Return what effects (levels, columns) add up to in each row, shape (rows, columns)."""
        return np.asfortranarray(sum(effects[codes] for codes in self.dummies))


@dataclass
class Reader:
    """Turns pieces of a data set into arrays, with the same codes in every piece.

    Attributes
    ----------
    main : int or None
        Which effect is taken off within pieces.
    offsets : list of int
        Where each other effect's dummies start; the last entry is their number.
    sizes : list of int
        Levels of each effect; the main one's are counted as they pass.
    cluster_in_unit : bool
        Whether clusters are the main effect's levels.
    """

    files: Files
    main: int | None
    intercept: bool
    summed: bool
    level_tables: list[pd.MultiIndex | None] = field(default_factory=list)
    offsets: list[int] = field(default_factory=lambda: [0])
    clusters: pd.Index | None = None

    def __post_init__(self) -> None:
        wanted = self.files.wanted
        for i, group in enumerate(wanted.groups):
            if i == self.main:
                self.level_tables.append(None)
                continue
            self.level_tables.append(pd.MultiIndex.from_frame(self.files.levels(group)))
            self.offsets.append(self.offsets[-1] + len(self.level_tables[-1]))  # type: ignore[arg-type]
        if self.offsets[-1] > DENSE:
            raise EstimationError(
                f"the effects beside the largest have {self.offsets[-1]} levels together, more than {DENSE}: "
                "streaming holds their cross-products in memory; use analysis.estimators.ols on a machine "
                "that holds the rows"
            )
        if wanted.cluster is not None and not self.cluster_in_unit:
            self.clusters = pd.Index(self.files.levels([wanted.cluster]).iloc[:, 0])

    @property
    def cluster_in_unit(self) -> bool:
        """Whether clusters are the levels taken off within pieces."""
        wanted = self.files.wanted
        return self.main is not None and wanted.groups[self.main] == (wanted.cluster,)

    def pieces(self) -> Iterator[Any]:
        """Give each piece as arrays."""
        for frame in self.files.pieces():
            yield self._piece(frame, self.files.wanted)

    def _piece(self, frame: pd.DataFrame, wanted: Wanted) -> Piece:
        n = len(frame)
        columns = [frame[f"number {name}"].to_numpy(float) for name in wanted.numbers]
        if self.intercept:
            columns.insert(1, np.ones(n))
        weight = self._weight(frame, wanted)
        unit, units = (None, 1) if self.main is None else _codes(frame, wanted.groups[self.main])
        cluster = None
        if wanted.cluster is not None:
            known: Any = self.clusters
            cluster = unit if known is None else known.get_indexer(frame[wanted.cluster])
        return Piece(
            z=np.asfortranarray(np.column_stack(columns)),
            weight=weight,
            rows=frame["rows_"].to_numpy(float) if self.summed else np.ones(n),
            within=frame["within"].to_numpy(float) if self.summed else np.zeros(n),
            unit=unit,
            units=units,
            dummies=self._dummies(frame, wanted.groups),
            cluster=cluster,
            offset=None if wanted.offset is None else frame[f"number {wanted.offset}"].to_numpy(float),
        )

    def _weight(self, frame: pd.DataFrame, wanted: Wanted) -> np.ndarray:
        if self.summed:
            return frame["weight"].to_numpy(float)
        return (
            np.ones(len(frame))
            if wanted.weights is None
            else frame[f"number {wanted.weights}"].to_numpy(float)
        )

    def _dummies(self, frame: pd.DataFrame, groups: Sequence[tuple[str, ...]]) -> list[np.ndarray]:
        found, place = [], 0
        for table, group in zip(self.level_tables, groups, strict=True):
            if table is None:
                continue
            labels: Any = frame[group[0]] if len(group) == 1 else pd.MultiIndex.from_frame(frame[list(group)])
            index = table.get_level_values(0) if len(group) == 1 else table
            found.append(index.get_indexer(labels) + self.offsets[place])
            place += 1
        return found


def _codes(frame: pd.DataFrame, group: Sequence[str]) -> tuple[np.ndarray, int]:
    codes, count = np.zeros(len(frame), np.int64), 1
    for name in group:
        own, labels = pd.factorize(frame[name])
        codes, count = codes * len(labels) + own, len(labels)
    if len(group) > 1:
        pairs, codes = np.unique(codes, return_inverse=True)
        count = len(pairs)
    return codes, count


@dataclass
class Sums:
    """A, C and S of the module's formula, the columns' squares, and counts."""

    columns: int
    levels: int
    cross: np.ndarray = field(init=False)
    mixed: np.ndarray = field(init=False)
    inner: np.ndarray = field(init=False)
    squares: np.ndarray = field(init=False)
    within: float = 0.0
    units: int = 0

    def __post_init__(self) -> None:
        self.cross = np.zeros((self.columns, self.columns))
        self.mixed = np.zeros((self.levels, self.columns))
        self.inner = np.zeros((self.levels, self.levels))
        self.squares = np.zeros(self.columns)

    def add(self, piece: Piece, z: np.ndarray, weight: np.ndarray) -> None:
        """Add a piece's columns `z` (rows, columns) on `weight`."""
        left = piece.demeaned(z, weight)
        weighted = left * weight[:, None]
        self.cross += left.T @ weighted
        self.squares += (z * z * weight[:, None]).sum(axis=0)
        self.within += float(piece.within.sum())
        self.units += piece.units
        for codes in piece.dummies:
            for j in range(self.columns):
                self.mixed[:, j] += np.bincount(codes, weighted[:, j], self.levels)
        if piece.dummies:
            self._add_inner(piece, weight)

    def _add_inner(self, piece: Piece, weight: np.ndarray) -> None:
        n = len(weight)
        rows = np.tile(np.arange(n), len(piece.dummies))
        dummies = sparse.csr_matrix(
            (np.ones(len(rows)), (rows, np.concatenate(piece.dummies))), shape=(n, self.levels)
        )
        self.inner += (dummies.T @ dummies.multiply(weight[:, None])).toarray()
        if piece.unit is not None:
            of_unit = sparse.csr_matrix((weight, (piece.unit, np.arange(n))), shape=(piece.units, n))
            by_unit = of_unit @ dummies
            total = np.bincount(piece.unit, weight, piece.units)
            self.inner -= (by_unit.T @ by_unit.multiply(1 / total[:, None]).tocsr()).toarray()

    def effects(self) -> tuple[np.ndarray, int]:
        """Return ``S^+ C`` and the rank of S."""
        if not self.levels:
            return self.mixed, 0
        scale = 1 / np.sqrt(np.maximum(np.diag(self.inner), 1e-300))
        scale = np.where(np.diag(self.inner) > 0, scale, 0.0)
        values, vectors = np.linalg.eigh(self.inner * scale[:, None] * scale)
        kept = values > 1e-10 * max(values[-1], 1e-300)
        half = vectors[:, kept] / np.sqrt(values[kept])
        solved = scale[:, None] * (half @ (half.T @ (scale[:, None] * self.mixed)))
        return solved, int(kept.sum())


def left_over(piece: Piece, z: np.ndarray, weight: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Return columns less units and the given effects of the dummies (levels, columns)."""
    if not piece.dummies:
        return piece.demeaned(z, weight)
    return piece.demeaned(z - piece.of_dummies(effects), weight)
