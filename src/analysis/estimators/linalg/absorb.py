"""Absorbing effects: exact residuals from any number of sets of dummies and unit-specific slopes.

The effect with most parameters is projected out group by group. What remains of the others is solved
through the Schur complement of that block (exact, no tolerance), by a rank-revealing Cholesky factor
while it is small enough to be dense, else by a preconditioned least-squares iteration.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import Array, Floats, Ints
from .absorb_solve import DENSE_LEVELS, DenseSchur, Iterative, PairSchur, Part, Sums
from .groups import as_columns, code_type, group_sum, subtract_groups

Codes = Sequence[np.ndarray]


class Absorber:
    """Projects columns off sets of effects.

    Parameters
    ----------
    codes : sequence of numpy.ndarray of int, each shape (n,)
        Dense codes of each effect, every level from 0 to the largest in use; empty: nothing is absorbed.
    weights : numpy.ndarray, shape (n,), optional
        Positive weights of the rows.
    slopes : sequence of (numpy.ndarray, shape (n, p), or None), optional
        For each effect, variables whose slopes differ by level (unit trends). The intercepts are
        always absorbed with them.

    Attributes
    ----------
    levels : tuple of int
        Levels of each effect.
    rank : int
        Dimension of what is absorbed, i.e. degrees of freedom used.
    rank_is_exact : bool
        False when redundant levels were counted by pairs of effects only (three or more large effects).
    solver : str
        ``"none"``, ``"group means"``, ``"schur"`` or ``"iterative"``.

    Notes
    -----
    Two sets of effects have an exact solution; see Abowd, Creecy and Kramarz (2002) and Guimaraes and
    Portugal (2010, doi:10.1177/1536867X1101000406) for the problem.
    """

    def __init__(
        self,
        codes: Codes,
        *,
        weights: np.ndarray | None = None,
        slopes: Sequence[np.ndarray | None] | None = None,
    ) -> None:
        codes = [_as_codes(item) for item in codes]
        slopes = [None] * len(codes) if slopes is None else [_as_slopes(item) for item in slopes]
        self.weights = None if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
        self.levels = tuple(int(item.max()) + 1 for item in codes)
        self.rank, self.rank_is_exact, self.solver = 0, True, "none"
        self._subtract: Callable[[np.ndarray], None] = lambda columns: None
        self._moments: Callable[[np.ndarray], Sums | None] = lambda columns: None
        if codes:
            self._build(codes, slopes)

    def _build(self, codes: list[Array], slopes: list[Floats | None]) -> None:
        sizes = [n * (1 + (0 if s is None else s.shape[1])) for n, s in zip(self.levels, slopes, strict=True)]
        first = int(np.argmax(sizes))
        main = _Block(codes[first], self.levels[first], slopes[first], self.weights)
        self.rank, self.solver, self._subtract = main.rank, "group means", main.subtract
        self._moments = main.moments
        others = [i for i in range(len(codes)) if i != first]
        if not others:
            return
        solver = _solver(main, [(codes[i], self.levels[i], slopes[i]) for i in others], self.weights)
        self.rank, self._subtract = main.rank + solver.rank, solver.subtract
        self._moments = solver.moments
        self.rank_is_exact, self.solver = solver.rank_is_exact, solver.name

    def residualize(self, matrix: np.ndarray, *, overwrite: bool = False) -> np.ndarray:
        """Return the residuals of each column from its (weighted) projection on the effects.

        Parameters
        ----------
        matrix : numpy.ndarray, shape (n,) or (n, k)
        overwrite : bool
            Work in place when `matrix` is float64 and Fortran-ordered.

        Returns
        -------
        numpy.ndarray
            The same shape, Fortran-ordered.

        Raises
        ------
        NotConvergedError
            If the iteration (three or more large effects) does not reach its tolerance.
        """
        columns = as_columns(matrix)
        if not overwrite and np.shares_memory(columns, matrix):
            columns = columns.copy(order="F")
        self._subtract(columns)
        return columns[:, 0] if np.ndim(matrix) == 1 else columns

    def moments(self, columns: np.ndarray) -> Sums | None:
        """Return the projection without forming it, for one effect or two; None for other designs.

        Parameters
        ----------
        columns : numpy.ndarray, shape (n, k), Fortran order

        Returns
        -------
        list of (codes, sums, effects)
            For each effect its codes, the weighted sums of the columns by level, and the effects' values,
            both of shape (levels, k). The projection is the sum of ``effects[codes]``; its cross-product
            is the sum of ``sums.T @ effects``.
        """
        return self._moments(columns)


class _Block:
    """The effect projected out group by group: means, and slopes in an orthonormal basis of each group."""

    def __init__(self, codes: Array, levels: int, slopes: Floats | None, weights: Floats | None) -> None:
        self.codes, self.levels, self.weights = codes, levels, weights
        self.bases: list[np.ndarray] = []
        self.rank = levels
        for slope in () if slopes is None else slopes.T:
            self._add(slope)

    @functools.cached_property
    def mass(self) -> np.ndarray:
        """Rows, or weight, of each level."""
        if self.weights is None:
            return np.bincount(self.codes, minlength=self.levels).astype(np.float64)
        return group_sum(self.codes, self.weights, self.levels)

    def _add(self, slope: np.ndarray) -> None:
        column = slope.astype(np.float64).reshape(-1, 1, order="F").copy(order="F")
        before = self._squares(column)
        self.subtract(column)
        after = self._squares(column)
        keep = after > 1e-18 * np.maximum(before, np.finfo(float).tiny)
        scale = np.where(keep, 1.0 / np.sqrt(np.where(keep, after, 1.0)), 0.0)
        self.bases.append(column[:, 0] * scale[self.codes])
        self.rank += int(keep.sum())

    def _squares(self, column: np.ndarray) -> np.ndarray:
        return group_sum(self.codes, column[:, 0] ** 2, self.levels, self.weights)

    def moments(self, columns: np.ndarray) -> Sums | None:
        """Return codes, sums and means; None when there are slopes."""
        if self.bases:
            return None
        sums = group_sum(self.codes, columns, self.levels, self.weights)
        return [(self.codes, sums, sums / self.mass[:, None])]

    def subtract(self, columns: np.ndarray) -> None:
        """Take the block's projection off Fortran `columns`, in place (twice when there are slopes)."""
        for _ in range(2 if self.bases else 1):
            means = group_sum(self.codes, columns, self.levels, self.weights) / self.mass[:, None]
            subtract_groups(columns, self.codes, means)
            for basis in self.bases:
                factor = basis if self.weights is None else basis * self.weights
                subtract_groups(
                    columns, self.codes, group_sum(self.codes, columns, self.levels, factor), basis
                )


def _solver(main: _Block, rest: list[Part], weights: Floats | None) -> DenseSchur | PairSchur | Iterative:
    width = sum(levels * (1 + (0 if slope is None else slope.shape[1])) for _, levels, slope in rest)
    if width > DENSE_LEVELS:
        return Iterative(main, rest, weights)
    plain = len(rest) == 1 and rest[0][2] is None and not main.bases
    return PairSchur(main, rest[0], weights) if plain else DenseSchur(main, rest, weights)


def _as_codes(item: Ints) -> np.ndarray:
    item = np.ascontiguousarray(item)
    return item if item.dtype in (np.int32, np.int64) else item.astype(np.int64)


def _as_slopes(item: Any) -> np.ndarray | None:
    return None if item is None else as_columns(item)


def drop_singletons(codes: Codes) -> np.ndarray:
    """Return a mask of rows to keep once groups of one row are dropped, again until none is left.

    Such rows are fitted perfectly: they carry no information on slopes, and counting them distorts
    clustered standard errors (Correia 2015, "Singletons, cluster-robust standard errors and fixed effects").

    Parameters
    ----------
    codes : sequence of numpy.ndarray of int, each shape (n,)

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
    """
    keep = np.ones(len(codes[0]) if codes else 0, dtype=bool)
    while True:
        single = np.zeros_like(keep)
        for item in codes:
            counts = np.bincount(item if keep.all() else item[keep], minlength=int(item.max()) + 1)
            if (counts == 1).any():
                single |= (counts == 1)[item]
        if not (single & keep).any():
            return keep
        keep &= ~single


def compress(codes: Ints) -> Ints:
    """Return dense codes in the same order after some levels have gone (the same array if none has)."""
    dtype = code_type(len(codes))
    present = np.bincount(codes) > 0
    if present.all():
        return codes.astype(dtype, copy=False)
    return (np.cumsum(present) - 1).astype(dtype)[codes]
