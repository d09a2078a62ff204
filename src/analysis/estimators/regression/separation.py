"""Rows a Poisson model fits perfectly: all-zero levels of effects, and zeros separated by regressors."""

from __future__ import annotations

import numpy as np

from ..arrays import Bools, Floats
from ..core.frame import Arrays
from ..errors import NotConvergedError, NotIdentifiedError
from ..linalg.absorb import Absorber, drop_singletons
from ..linalg.groups import gram
from ..linalg.least_squares import Scaled, norms, select

_HEAVY = 1e6
_ZERO = 1e-9
_POSITIVE = 1e-5


def drop_hopeless(arrays: Arrays, singletons: str) -> Arrays:
    """Drop levels of effects whose outcomes are all zero, then new singletons, until none is left."""
    while True:
        before = len(arrays.outcome)
        arrays = arrays.keep(_in_positive_levels(arrays), "all-zero group")
        if singletons == "drop" and arrays.codes:
            arrays = arrays.keep(drop_singletons(arrays.codes), "singleton")
        if len(arrays.outcome) == before:
            return arrays


def _in_positive_levels(arrays: Arrays) -> np.ndarray:
    if not arrays.outcome.any():
        raise NotIdentifiedError("every outcome is zero: a Poisson model has no finite estimate")
    keep = np.ones(len(arrays.outcome), dtype=bool)
    for item in arrays.codes:
        keep &= np.bincount(item, arrays.outcome)[item] > 0
    return keep


def separated(arrays: Arrays, maximum: int = 5_000) -> Bools:
    """Return which rows are separated: some combination of regressors and effects is positive on them only.

    Iterative rectifier of Correia, Guimaraes and Zylkin (2020, arXiv:1903.01633): the zeros' indicator is
    regressed on everything, rows with a positive outcome weighing so much that they are fitted at zero,
    and replaced by the positive part of its fit, until the fit is nowhere negative.

    Parameters
    ----------
    arrays : Arrays
    maximum : int
        Iterations.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)

    Raises
    ------
    NotConvergedError
        If `maximum` is reached.
    """
    zero: Bools = arrays.outcome == 0
    if not zero.any():
        return zero
    fitted = _Fitted(arrays, zero)
    target = zero.astype(np.float64)
    for _ in range(maximum):
        fit = fitted(target)
        fit[(np.abs(fit) < _ZERO) | ~zero] = 0.0
        if (fit >= 0).all():
            found: Bools = zero & (fit > _POSITIVE)
            return found
        target = np.maximum(fit, 0.0)
        if not target.any():
            return np.zeros_like(zero)
    raise NotConvergedError(f"separation could not be decided in {maximum} iterations: leave out a regressor")


class _Fitted:
    """Fitted values at the zeros, held at zero elsewhere, for one target after another.

    The constraint is a heavy weight, and what it leaves is taken off by multipliers: the violation shrinks by
    the weight's factor at every repetition.
    """

    def __init__(self, arrays: Arrays, zero: np.ndarray) -> None:
        self._zero = zero
        self._weights = weights = np.where(zero, 1.0, _HEAVY)
        self._absorber = Absorber(arrays.codes, weights=weights, slopes=arrays.slopes)
        before = norms(arrays.columns, weights)
        columns = self._absorber.residualize(arrays.columns)
        cross = gram(columns, weights=weights)
        kept, _ = select(cross, before)
        self._columns = np.asfortranarray(columns[:, kept])
        self._solver = Scaled(cross[np.ix_(kept, kept)]) if kept else None

    def __call__(self, target: np.ndarray) -> np.ndarray:
        wanted = target.copy()
        for _ in range(3):
            fit = self._project(wanted)
            wanted[~self._zero] -= fit[~self._zero]
        return fit

    def _project(self, target: Floats) -> Floats:
        left = self._absorber.residualize(target)
        if self._solver is not None:
            for _ in range(2):
                left = left - self._columns @ self._solver.solve(self._columns.T @ (left * self._weights))
        found: Floats = target - left
        return found
