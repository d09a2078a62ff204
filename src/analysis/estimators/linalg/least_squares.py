"""Least squares on residualised columns: which columns are identified, coefficients, bread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..arrays import Floats
from ..errors import NotIdentifiedError
from .groups import gram

ABSORBED = 1e-9
"""A column whose residual norm is below this share of its norm is absorbed by the effects."""

COLLINEAR = 1e-10
"""A column that keeps less than this share of its squared norm beside the earlier ones is collinear."""


@dataclass(frozen=True)
class Linear:
    """A least-squares fit.

    Attributes
    ----------
    coefficient : numpy.ndarray, shape (k,)
    residual : numpy.ndarray, shape (n,)
    bread : numpy.ndarray, shape (k, k)
        Inverse of the weighted cross-product of the columns kept.
    columns : numpy.ndarray, shape (n, k), Fortran order
        The residualised columns kept.
    kept : numpy.ndarray of int
        Their positions among those given.
    dropped : dict of int to str
        Position and reason (``"absorbed"`` or ``"collinear"``) of the others.
    """

    coefficient: np.ndarray
    residual: np.ndarray
    bread: np.ndarray
    columns: np.ndarray
    kept: np.ndarray
    dropped: dict[int, str]


def norms(columns: Floats, weights: Floats | None = None) -> Floats:
    """Return the (weighted) norm of each column."""
    found: Floats
    if weights is None:
        found = np.sqrt(np.array([column @ column for column in columns.T]))
        return found
    found = np.sqrt(np.array([(column * weights) @ column for column in columns.T]))
    return found


def select(cross: np.ndarray, before: np.ndarray) -> tuple[list[int], dict[int, str]]:
    """Return which columns are identified, earlier ones first, and why the others are not.

    Parameters
    ----------
    cross : numpy.ndarray, shape (k, k)
        Cross-product of the residualised columns.
    before : numpy.ndarray, shape (k,)
        Norms of the columns before the effects were taken off.
    """
    if _all_identified(cross, before):
        return list(range(len(cross))), {}
    kept: list[int] = []
    dropped: dict[int, str] = {}
    for j in range(len(cross)):
        size = cross[j, j]
        if not size > (ABSORBED * before[j]) ** 2:
            dropped[j] = "absorbed"
        elif _left_over(cross, kept, j) <= COLLINEAR * size:
            dropped[j] = "collinear"
        else:
            kept.append(j)
    return kept, dropped


def _all_identified(cross: np.ndarray, before: np.ndarray) -> bool:
    sizes = np.diag(cross)
    if not (sizes > (ABSORBED * before) ** 2).all():
        return False
    scale = 1.0 / np.sqrt(sizes)
    try:
        pivots = np.diag(np.linalg.cholesky(cross * scale[:, None] * scale)) ** 2
    except np.linalg.LinAlgError:
        return False
    return bool((pivots > 2 * COLLINEAR).all())


def _left_over(cross: np.ndarray, kept: list[int], j: int) -> float:
    if not kept:
        return float(cross[j, j])
    scale = 1.0 / np.sqrt(np.diag(cross)[kept])
    inner = cross[np.ix_(kept, kept)] * scale[:, None] * scale
    right = cross[kept, j] * scale
    return float(cross[j, j] - right @ np.linalg.solve(inner, right))


def least_squares(
    outcome: np.ndarray, columns: np.ndarray, before: np.ndarray, weights: np.ndarray | None = None
) -> Linear:
    """Regress `outcome` on the identified `columns` (Fortran order), both already residualised."""
    cross = gram(columns, weights=weights)
    kept, dropped = select(cross, before)
    if not kept:
        raise NotIdentifiedError("no regressor varies once the effects are absorbed")
    chosen = columns if not dropped else np.asfortranarray(columns[:, kept])
    cross = cross[np.ix_(kept, kept)]
    solver = Scaled(cross)
    coefficient = solver.solve(_moments(chosen, outcome, weights))
    residual = outcome - chosen @ coefficient
    if solver.condition > 1e4:
        step = solver.solve(_moments(chosen, residual, weights))
        coefficient, residual = coefficient + step, residual - chosen @ step
    return Linear(coefficient, residual, solver.inverse(), chosen, np.array(kept), dropped)


class Scaled:
    """Cholesky factor of a cross-product scaled to unit diagonal, so that units do not matter."""

    def __init__(self, cross: np.ndarray) -> None:
        self._scale = 1.0 / np.sqrt(np.diag(cross))
        scaled = cross * self._scale[:, None] * self._scale
        self._factor = cho_factor(scaled, lower=True)
        self.condition = float(np.linalg.cond(scaled))

    def solve(self, right: Floats) -> Floats:
        """Return the solution for one right-hand side."""
        found: Floats = self._scale * cho_solve(self._factor, self._scale * right)
        return found

    def inverse(self) -> Floats:
        """Return the symmetric inverse."""
        inverse = cho_solve(self._factor, np.eye(len(self._scale)))
        inverse = inverse * self._scale[:, None] * self._scale
        found: Floats = (inverse + inverse.T) / 2
        return found


def _moments(columns: Floats, values: Floats, weights: Floats | None) -> Floats:
    return columns.T @ (values if weights is None else values * weights)
