"""Poisson pseudo-maximum likelihood with absorbed effects: Newton's method on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..core.frame import Arrays
from ..errors import NotConvergedError, NotIdentifiedError
from ..linalg.absorb import Absorber
from ..linalg.groups import gram, positive_exp, subtract_groups, subtract_pair
from ..linalg.least_squares import Linear, Scaled, norms, select

TOLERANCE = 1e-8
"""Largest change of any row's linear predictor in the last step; the error after it is its square."""


@dataclass(frozen=True)
class PoissonFit:
    """A fit.

    Attributes
    ----------
    linear : Linear
        Coefficients, bread, residualised columns and working residuals ``(y - mu) / mu`` at the solution.
    weights : numpy.ndarray, shape (n,)
        Working weights: the rows' weights times mu.
    absorber : Absorber
        Of the effects, on the working weights.
    mean : numpy.ndarray, shape (n,)
    log_likelihood : float
        Up to the term that does not depend on the parameters.
    iterations : int
    drifting : bool
        Some rows' predictors fell without end: separation is to be looked for.
    """

    linear: Linear
    weights: np.ndarray
    absorber: Absorber
    mean: np.ndarray
    log_likelihood: float
    iterations: int
    drifting: bool = False


def fit_poisson(
    arrays: Arrays, maximum: int = 100, *, watch: bool = True, start: np.ndarray | None = None
) -> PoissonFit:
    """Maximise the Poisson pseudo-likelihood.

    Parameters
    ----------
    arrays : Arrays
        The columns are residualised in place (which changes no coefficient).
    maximum : int
        Iterations.
    watch : bool
        Stop where predictors seem to fall without end. Once separation has been ruled out they do not: beside
        very large outcomes the likelihood looks flat while rows near zero are still on their way.
    start : numpy.ndarray, shape (n,), optional
        Linear predictors to begin at, missing where none is known; the maximum does not depend on them.

    Raises
    ------
    NotConvergedError, NotIdentifiedError
    """
    kept, dropped = _identified(arrays)
    columns = arrays.columns[:, kept] if dropped else arrays.columns
    state = _State(arrays, np.asfortranarray(columns), start)
    for iteration in range(1, maximum + 1):
        change = state.step()
        if change <= TOLERANCE:
            return state.result(np.array(kept), dropped, iteration)
        if watch and state.is_flat and iteration >= 8 and change > 0.1:
            return state.result(np.array(kept), dropped, iteration, drifting=True)
    raise NotConvergedError(f"the Poisson fit did not converge in {maximum} steps (last change {change:.1e})")


def _identified(arrays: Arrays) -> tuple[list[int], dict[int, str]]:
    before = norms(arrays.columns, arrays.weights)
    columns = arrays.absorber().residualize(arrays.columns, overwrite=True)
    arrays.columns[...] = columns
    kept, dropped = select(gram(columns, weights=arrays.weights), before)
    if not kept:
        raise NotIdentifiedError("no regressor varies once the effects are absorbed")
    return kept, dropped


class _State:
    """Where Newton's method stands."""

    def __init__(self, arrays: Arrays, columns: np.ndarray, start: np.ndarray | None = None) -> None:
        self._arrays = arrays
        self._joint = np.empty((len(columns), columns.shape[1] + 1), order="F")
        self._joint[:, 1:] = columns
        self._columns = self._joint[:, 1:]
        y, w = arrays.outcome, arrays.weights
        self._y, self._w = y, w
        self._yw = y if w is None else y * w
        self._offset = np.zeros(len(y)) if arrays.offset is None else arrays.offset
        mean = float(self._yw.sum() / (len(y) if w is None else w.sum()))
        usual = np.log((y + mean) / 2)
        self.eta = usual if start is None else np.where(np.isnan(start), usual, start)
        self.coefficient = np.zeros(columns.shape[1])
        self.mean = np.exp(self.eta)
        self._value, self._started, self.is_flat = -np.inf, False, False

    def step(self) -> float:
        """Take one Newton step; return the largest change of a linear predictor."""
        target = np.subtract(self._y, self.mean, out=self._joint[:, 0])
        target /= self.mean
        if not self._started:
            target += self.eta - self._offset
        shift, move = _weighted_fit(self._absorber(), self._joint, self._weights())
        if not self._started:
            self._started = True
            self._move(self._offset, np.zeros_like(shift), move, shift, 1.0)
            return np.inf
        return self._search(move, shift)

    def _search(self, move: np.ndarray, shift: np.ndarray) -> float:
        eta, coefficient, value = self.eta, self.coefficient, self._value
        scale = 1.0
        while True:
            self._move(eta, coefficient, move, shift, scale)
            if self._value >= value - 1e-10 * abs(value) or scale < 1e-4:
                break
            scale /= 2
        self.is_flat = abs(self._value - value) <= 1e-9 * (abs(value) + 0.1)
        return scale * float(max(move.max(), -move.min()))

    def _move(self, eta: Floats, coefficient: Floats, move: Floats, shift: Floats, scale: float) -> None:
        self.eta = eta + (move if scale == 1.0 else scale * move)
        self.coefficient = coefficient + scale * shift
        self.mean = positive_exp(self.eta)
        total = self.mean.sum() if self._w is None else self.mean @ self._w
        value = float(self._yw @ self.eta - total)
        self._value = value if np.isfinite(value) else -np.inf

    def _weights(self) -> np.ndarray:
        return self.mean if self._w is None else self.mean * self._w

    def _absorber(self) -> Absorber:
        return Absorber(self._arrays.codes, weights=self._weights(), slopes=self._arrays.slopes)

    def result(
        self, kept: Ints, dropped: dict[Any, Any], iterations: int, drifting: bool = False
    ) -> PoissonFit:
        """Return the fit with columns residualised on the final weights."""
        weights, absorber = self._weights(), self._absorber()
        columns = absorber.residualize(self._columns)
        bread = Scaled(gram(columns, weights=weights)).inverse()
        working = (self._y - self.mean) / self.mean
        linear = Linear(self.coefficient, working, bread, columns, kept, dropped)
        return PoissonFit(linear, weights, absorber, self.mean, self._value, iterations, drifting)


def _weighted_fit(absorber: Absorber, joint: np.ndarray, weights: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and fitted values of the first column regressed on the others and the effects."""
    target, columns = joint[:, 0], joint[:, 1:]
    parts = absorber.moments(joint)
    if parts is None:
        left = absorber.residualize(joint)
        cross = gram(left, weights=weights)
        shift = Scaled(cross[1:, 1:]).solve(cross[1:, 0])
        return shift, target - (left[:, 0] - left[:, 1:] @ shift)
    cross = gram(joint, weights=weights) - sum(sums.T @ effects for _, sums, effects in parts)
    shift = Scaled(cross[1:, 1:]).solve(cross[1:, 0])
    fitted = (columns @ shift)[:, None]
    own = [(effects[:, 1:] @ shift - effects[:, 0])[:, None] for _, _, effects in parts]
    if len(parts) == 2:
        subtract_pair(fitted, parts[0][0], own[0], parts[1][0], own[1])
    else:
        subtract_groups(fitted, parts[0][0], own[0])
    return shift, fitted[:, 0]
