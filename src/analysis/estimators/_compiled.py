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


@njit(cache=True, nogil=True)
def subtract_and_sum(codes, means, values, other, out):
    """Subtract ``means[codes[i]]`` in place and add what is left to ``out[other[i]]``."""
    for i in range(codes.size):
        left = values[i] - means[codes[i]]
        values[i] = left
        out[other[i]] += left


@njit(cache=True, nogil=True)
def subtract_and_sum_weighted(codes, means, values, other, weights, out):
    """Subtract ``means[codes[i]]`` in place and add what is left, weighted, to ``out[other[i]]``."""
    for i in range(codes.size):
        left = values[i] - means[codes[i]]
        values[i] = left
        out[other[i]] += left * weights[i]


@njit(cache=True, nogil=True)
def subtract_pair(codes, sums, other, other_sums, values):
    """Subtract ``sums[codes[i]]``, then ``other_sums[other[i]]``, in place."""
    for i in range(codes.size):
        values[i] = (values[i] - sums[codes[i]]) - other_sums[other[i]]
