"""Compiled loops (numba, the extra ``fast``): each does what one line of numpy does, without temporaries."""

from __future__ import annotations

from numba import njit

from ..arrays import Array, Floats


@njit(cache=True, nogil=True)
def group_sum(codes: Array, values: Floats, out: Floats) -> None:
    """Add ``values[i]`` to ``out[codes[i]]`` in row order."""
    for i in range(codes.size):
        out[codes[i]] += values[i]


@njit(cache=True, nogil=True)
def group_sum_weighted(codes: Array, values: Floats, weights: Floats, out: Floats) -> None:
    """Add ``values[i] * weights[i]`` to ``out[codes[i]]`` in row order."""
    for i in range(codes.size):
        out[codes[i]] += values[i] * weights[i]


@njit(cache=True, nogil=True)
def subtract(codes: Array, sums: Floats, values: Floats) -> None:
    """Subtract ``sums[codes[i]]`` from ``values[i]`` in place."""
    for i in range(codes.size):
        values[i] -= sums[codes[i]]


@njit(cache=True, nogil=True)
def subtract_times(codes: Array, sums: Floats, basis: Floats, values: Floats) -> None:
    """Subtract ``sums[codes[i]] * basis[i]`` from ``values[i]`` in place."""
    for i in range(codes.size):
        values[i] -= sums[codes[i]] * basis[i]


@njit(cache=True, nogil=True)
def pair_sum(codes: Array, other: Array, values: Floats, out: Floats, other_out: Floats) -> None:
    """Add ``values[i]`` to ``out[codes[i]]`` and to ``other_out[other[i]]`` in row order."""
    for i in range(codes.size):
        out[codes[i]] += values[i]
        other_out[other[i]] += values[i]


@njit(cache=True, nogil=True)
def pair_sum_weighted(
    codes: Array, other: Array, values: Floats, weights: Floats, out: Floats, other_out: Floats
) -> None:
    """Add ``values[i] * weights[i]`` to ``out[codes[i]]`` and to ``other_out[other[i]]`` in row order."""
    for i in range(codes.size):
        value = values[i] * weights[i]
        out[codes[i]] += value
        other_out[other[i]] += value


@njit(cache=True, nogil=True)
def pair_table(codes: Array, other: Array, factor: Floats, out: Floats) -> None:
    """Add ``factor[i]`` to ``out[codes[i], other[i]]`` in row order."""
    for i in range(codes.size):
        out[codes[i], other[i]] += factor[i]


@njit(cache=True, nogil=True)
def pair_count(codes: Array, other: Array, out: Floats) -> None:
    """Add one to ``out[codes[i], other[i]]``."""
    for i in range(codes.size):
        out[codes[i], other[i]] += 1.0


@njit(cache=True, nogil=True)
def subtract_pair(codes: Array, sums: Floats, other: Array, other_sums: Floats, values: Floats) -> None:
    """Subtract ``sums[codes[i]]``, then ``other_sums[other[i]]``, in place."""
    for i in range(codes.size):
        values[i] = (values[i] - sums[codes[i]]) - other_sums[other[i]]
