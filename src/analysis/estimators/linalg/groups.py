"""Sums over groups and their removal, in row order: the same bits compiled or not, on any threads."""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from .threads import each

COMPILED_FROM = 1_000_000
"""Cells (rows times columns) from which the compiled loops repay the import of numba."""

COMPILED_IF_LOADED = 50_000
"""The same once numba is loaded anyway."""

NARROW_CODES_FROM = 1_000_000
"""Rows from which codes are 32-bit to save memory; below, numpy is quicker with its own index type."""


_BLOCK = 65_536


def code_type(n: int) -> type:
    """Return the integer type of codes for `n` rows."""
    return np.int32 if n >= NARROW_CODES_FROM else np.int64


@functools.cache
def _compiled() -> Any:
    try:
        from . import compiled as module
    except ImportError:
        return None
    return module


def compiled(cells: int) -> Any:
    """Return the module of compiled loops when it is installed and worth its import, else None."""
    if cells >= COMPILED_FROM or (cells >= COMPILED_IF_LOADED and "numba" in sys.modules):
        return _compiled()
    return None


def as_columns(matrix: np.ndarray) -> np.ndarray:
    """Return `matrix` as a float64 Fortran-ordered (n, k) array, (n,) as (n, 1), copying only if needed."""
    matrix = np.asarray(matrix, dtype=np.float64)
    return np.asfortranarray(matrix[:, None] if matrix.ndim == 1 else matrix)


def group_sum(
    codes: np.ndarray, values: np.ndarray, levels: int, weights: np.ndarray | None = None
) -> Floats:
    """Return sums of (weighted) columns by group.

    Parameters
    ----------
    codes : numpy.ndarray of int, shape (n,)
        Group of each row, 0 to ``levels - 1``.
    values : numpy.ndarray, shape (n,) or (n, k)
    levels : int
    weights : numpy.ndarray, shape (n,), optional

    Returns
    -------
    numpy.ndarray, shape (levels,) or (levels, k)
        Fortran-ordered. Each sum is taken in row order.
    """
    columns = as_columns(values)
    fast = compiled(columns.size)
    out = np.zeros((levels, columns.shape[1]), order="F")

    def one(j: int) -> None:
        column = columns[:, j]
        if fast is None:
            column = column if weights is None else column * weights
            out[:, j] = np.bincount(codes, column, levels)
        elif weights is None:
            fast.group_sum(codes, column, out[:, j])
        else:
            fast.group_sum_weighted(codes, column, weights, out[:, j])

    each(one, range(columns.shape[1]), parallel=columns.size >= COMPILED_FROM)
    return out[:, 0] if np.ndim(values) == 1 else out


def subtract_groups(columns: np.ndarray, codes: np.ndarray, sums: np.ndarray, basis: Any = None) -> None:
    """Subtract ``sums[codes]`` (times `basis`, shape (n,), if given) from Fortran `columns`, in place."""
    fast = compiled(columns.size)

    def one(j: int) -> None:
        if fast is None:
            taken = sums[:, j][codes]
            columns[:, j] -= taken if basis is None else taken * basis
        elif basis is None:
            fast.subtract(codes, np.ascontiguousarray(sums[:, j]), columns[:, j])
        else:
            fast.subtract_times(codes, np.ascontiguousarray(sums[:, j]), basis, columns[:, j])

    each(one, range(columns.shape[1]), parallel=columns.size >= COMPILED_FROM)


def product_sum(codes: np.ndarray, columns: np.ndarray, factor: np.ndarray, levels: int) -> np.ndarray:
    """Return sums by group of each column times `factor`: the scores of clusters, shape (levels, k)."""
    return group_sum(codes, as_columns(columns), levels, factor)


def gram(left: Floats, right: np.ndarray | None = None, weights: Floats | None = None) -> Floats:
    """Return ``left' diag(weights) right`` in blocks of fixed size, so that memory stays small."""
    right = left if right is None else right
    if weights is None:
        return left.T @ right

    def part(start: int) -> np.ndarray:
        block = slice(start, start + _BLOCK)
        return (left[block] * weights[block, None]).T @ right[block]

    parts = each(part, range(0, len(left), _BLOCK), parallel=left.size >= COMPILED_FROM)
    return np.asarray(sum(parts, np.zeros((left.shape[1], right.shape[1]))))


def positive_exp(values: np.ndarray) -> np.ndarray:
    """Return the exponential of each value, no less than 1e-300 so that logarithms and ratios exist."""
    out = np.empty_like(values)

    def part(start: int) -> None:
        block = slice(start, start + 8 * _BLOCK)
        with np.errstate(over="ignore"):
            np.maximum(np.exp(values[block], out=out[block]), 1e-300, out=out[block])

    each(part, range(0, len(values), 8 * _BLOCK), parallel=len(values) >= COMPILED_FROM)
    return out


def square(matrix: np.ndarray) -> np.ndarray:
    """Return ``matrix' matrix`` in three products whose shapes do not depend on the number of threads."""
    half = matrix.shape[1] // 2
    left, right = matrix[:, :half], matrix[:, half:]
    tasks = [lambda: left.T @ right, lambda: (left.T @ left, right.T @ right)]
    corner, (first, last) = each(lambda task: task(), tasks, parallel=matrix.size >= COMPILED_FROM)
    return np.block([[first, corner], [corner.T, last]])


def pair_sums(
    columns: Floats, codes: Ints, levels: int, other: Ints, other_levels: int, weights: Floats | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the (weighted) sums of Fortran `columns` by `codes` and by `other`."""
    fast = compiled(columns.size)
    if fast is None:
        return group_sum(codes, columns, levels, weights), group_sum(other, columns, other_levels, weights)
    out = np.zeros((levels, columns.shape[1]), order="F")
    other_out = np.zeros((other_levels, columns.shape[1]), order="F")

    def one(j: int) -> None:
        if weights is None:
            fast.pair_sum(codes, other, columns[:, j], out[:, j], other_out[:, j])
        else:
            fast.pair_sum_weighted(codes, other, columns[:, j], weights, out[:, j], other_out[:, j])

    each(one, range(columns.shape[1]), parallel=columns.size >= COMPILED_FROM)
    return out, other_out


def pair_table(
    rows: Ints, n_rows: int, columns: Ints, n_columns: int, factor: Floats | None = None
) -> np.ndarray:
    """Return the sums of `factor` (ones if None) by pair of codes, shape (n_rows, n_columns)."""
    fast = compiled(len(rows))
    if fast is None:
        key = rows.astype(np.int64) * n_columns + columns
        table = np.bincount(key, factor, n_rows * n_columns).astype(np.float64, copy=False)
        return table.reshape(n_rows, n_columns)
    out = np.zeros((n_rows, n_columns))
    if factor is None:
        fast.pair_count(rows, columns, out)
    else:
        fast.pair_table(rows, columns, factor, out)
    return out


def subtract_pair(columns: Floats, codes: Ints, sums: Floats, other: Ints, other_sums: Floats) -> None:
    """Subtract ``sums[codes]``, then ``other_sums[other]``, from Fortran `columns`, in place."""
    fast = compiled(columns.size)
    if fast is None:
        subtract_groups(columns, codes, sums)
        subtract_groups(columns, other, other_sums)
        return

    def one(j: int) -> None:
        left, right = np.ascontiguousarray(sums[:, j]), np.ascontiguousarray(other_sums[:, j])
        fast.subtract_pair(codes, left, other, right, columns[:, j])

    each(one, range(columns.shape[1]), parallel=columns.size >= COMPILED_FROM)
