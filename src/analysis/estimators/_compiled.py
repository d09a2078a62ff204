"""Compiled loops (numba, the extra ``fast``): each does what one line of numpy does, without temporaries."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def group_sum(codes, values, out):
    """Add ``values[i]`` to ``out[codes[i]]`` in row order."""
    for i in range(codes.size):
        out[codes[i]] += values[i]


@njit(cache=True, nogil=True)
def group_sum_weighted(codes, values, weights, out):
    """Add ``values[i] * weights[i]`` to ``out[codes[i]]`` in row order."""
    for i in range(codes.size):
        out[codes[i]] += values[i] * weights[i]


@njit(cache=True, nogil=True)
def subtract(codes, sums, values):
    """Subtract ``sums[codes[i]]`` from ``values[i]`` in place."""
    for i in range(codes.size):
        values[i] -= sums[codes[i]]


@njit(cache=True, nogil=True)
def subtract_times(codes, sums, basis, values):
    """Subtract ``sums[codes[i]] * basis[i]`` from ``values[i]`` in place."""
    for i in range(codes.size):
        values[i] -= sums[codes[i]] * basis[i]
