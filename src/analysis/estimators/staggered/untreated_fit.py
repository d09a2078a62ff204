"""The two-way model of untreated outcomes, fitted where units are untreated and extended everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Floats
from ..errors import NotIdentifiedError


@dataclass(frozen=True)
class TwoWay:
    """Unit and period effects on weighted unit-by-period data, by the Schur complement of periods.

    Attributes
    ----------
    weights : numpy.ndarray, shape (units, periods)
        Zero where a cell is not fitted.
    mass : numpy.ndarray, shape (units,)
        Total weight of each unit; every one positive.
    periods : numpy.ndarray of int
        Indices of periods with any weight.
    inverse : numpy.ndarray, shape (periods, periods)
        Generalised inverse of the period system.
    """

    weights: np.ndarray
    mass: np.ndarray
    periods: np.ndarray
    inverse: np.ndarray

    def effects(self, by_unit: np.ndarray, by_period: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Solve the normal equations for unit sums (units, m) and period sums (periods, m)."""
        share = by_unit / self.mass[:, None]
        period = self.inverse @ (by_period - self.weights.T @ share)
        return share - (self.weights @ period) / self.mass[:, None], period

    def fit(self, values: Floats) -> Floats:
        """Return the fitted surface of `values` (units, periods) in every cell."""
        weighted = self.weights * np.where(self.weights > 0, values, 0.0)
        unit, period = self.effects(weighted.sum(axis=1, keepdims=True), weighted.sum(axis=0)[:, None])
        found: Floats = unit + period.T
        return found


def two_way(weights: np.ndarray) -> TwoWay:
    """Return the solver for these weights.

    Raises
    ------
    NotIdentifiedError
        If units and periods fall into unconnected parts, so that period effects cannot be compared.
    """
    mass = weights.sum(axis=1)
    scaled = weights / np.sqrt(mass)[:, None]
    system = np.diag(weights.sum(axis=0)) - scaled.T @ scaled
    live = np.flatnonzero(weights.sum(axis=0) > 0)
    inner = system[np.ix_(live, live)][1:, 1:]
    inverse = np.zeros_like(system)
    if len(inner):
        scale = np.sqrt(np.diag(inner))
        if (scale <= 0).any() or np.linalg.cond(inner / np.outer(scale, scale)) > 1e12:
            raise NotIdentifiedError("untreated periods are not connected by units untreated in both")
        inverse[np.ix_(live[1:], live[1:])] = np.linalg.inv(inner)
    return TwoWay(weights, mass, live, inverse)
