"""Regression on cohort, period and cell effects, each with its own slopes, from cell cross-products.

The linear predictor is ``z_i'(c_g + l_t + d_gt 1{(g,t) in S})``. All rows of one cohort and period share
a design, so the information matrix is assembled from one ``q x q`` block a cell; Poisson is the same with
reweighted blocks. Wooldridge (2021, doi:10.2139/ssrn.3906345; 2023, doi:10.1093/ectj/utad016).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import Floats
from ..errors import NotConvergedError, NotIdentifiedError

_TOLERANCE, _STEPS = 1e-12, 100


@dataclass(frozen=True)
class CellFit:
    """Solution: coefficients, predictor and mean by unit and period, unit influence.

    Attributes
    ----------
    coefficient : numpy.ndarray, shape (C + T - 1 + P, q)
    cell_rows : numpy.ndarray of int, shape (P,)
        Where the cells' coefficients stand.
    predictor, mean : numpy.ndarray, shape (units, periods)
    influence : numpy.ndarray, shape (units, (C + T - 1 + P) * q)
        Each unit's share of the coefficients' sampling error.
    parameters : int
        Rank of the information matrix.
    """

    coefficient: np.ndarray
    cell_rows: np.ndarray
    predictor: np.ndarray
    mean: np.ndarray
    influence: np.ndarray
    parameters: int


@dataclass(frozen=True)
class Layout:
    """Which effect rows each cohort-period pair switches on."""

    cohort: np.ndarray
    z: np.ndarray
    pairs: np.ndarray
    cell_rows: np.ndarray
    rows: int

    def predict(self, coefficient: Floats) -> Floats:
        """Return the linear predictor, shape (units, periods)."""
        by_pair = np.tensordot(self.pairs, coefficient, axes=1)
        found: Floats = np.einsum("ntq,nq->nt", by_pair[self.cohort], self.z)
        return found

    def gather(self, values: np.ndarray) -> np.ndarray:
        """Return ``sum_t D' (values z)`` by unit, shape (units, rows * q)."""
        q = self.z.shape[1]
        result = np.empty((len(self.z), self.rows * q))
        for g in range(len(self.pairs)):
            units = np.flatnonzero(self.cohort == g)
            by_row = values[units] @ self.pairs[g]
            result[units] = (by_row[:, :, None] * self.z[units, None, :]).reshape(len(units), -1)
        return result

    def information(self, weights: np.ndarray) -> np.ndarray:
        """Return ``sum w D'zz'D``, shape (rows * q, rows * q)."""
        q = self.z.shape[1]
        total = np.zeros((self.rows, q, self.rows, q))
        for g in range(len(self.pairs)):
            units = self.cohort == g
            z, design = self.z[units], self.pairs[g]
            blocks = np.einsum("nt,na,nb->tab", weights[units], z, z, optimize=True)
            total += np.einsum("tr,tab,ts->rasb", design, blocks, design, optimize=True)
        return total.reshape(self.rows * q, self.rows * q)


def layout(cohort: np.ndarray, z: np.ndarray, cells: np.ndarray) -> Layout:
    """Return the layout for cohort codes, regressors with a leading one, and free cells (C, T)."""
    cohorts, periods = cells.shape
    where = np.argwhere(cells)
    rows = cohorts + periods - 1 + len(where)
    pairs = np.zeros((cohorts, periods, rows))
    for g in range(cohorts):
        pairs[g, :, g] = 1.0
    for t in range(1, periods):
        pairs[:, t, cohorts + t - 1] = 1.0
    cell_rows = cohorts + periods - 1 + np.arange(len(where))
    for row, (g, t) in zip(cell_rows, where, strict=True):
        pairs[g, t, row] = 1.0
    return Layout(cohort, z, pairs, cell_rows, rows)


def fit_cells_linear(y: np.ndarray, weights: np.ndarray, design: Layout) -> CellFit:
    """Return weighted least squares; weight zero marks a missing row."""
    y = np.where(weights > 0, y, 0.0)
    inverse, rank = _inverse(design.information(weights))
    moment = design.gather(weights * y).sum(axis=0)
    coefficient = (inverse @ moment).reshape(design.rows, -1)
    return _finish(y, weights, design, coefficient, inverse, rank, lambda predictor: predictor)


def fit_cells_poisson(y: np.ndarray, weights: np.ndarray, offset: np.ndarray, design: Layout) -> CellFit:
    """Return weighted Poisson maximum likelihood by iteratively reweighted least squares.

    Raises
    ------
    NotConvergedError
        If the deviance does not settle, as when some cell's outcome is zero throughout.
    """
    y = np.where(weights > 0, y, 0.0)
    mean = np.where(weights > 0, (y + np.average(y, weights=weights)) / 2, 1.0)
    last = np.inf
    for _ in range(_STEPS):
        inverse, rank = _inverse(design.information(weights * mean))
        working = np.log(mean) - offset + (y - mean) / mean
        moment = design.gather(weights * mean * working).sum(axis=0)
        coefficient = (inverse @ moment).reshape(design.rows, -1)
        mean = np.where(weights > 0, np.exp(design.predict(coefficient) + offset), 1.0)
        deviance = float((weights * (mean - y * np.log(mean))).sum())
        if abs(deviance - last) <= _TOLERANCE * (abs(deviance) + 0.1):
            inverse, rank = _inverse(design.information(weights * mean))
            return _finish(y, weights, design, coefficient, inverse, rank, lambda eta: np.exp(eta + offset))
        last = deviance
    raise NotConvergedError(f"no convergence in {_STEPS} steps: some cell may be zero throughout")


def _inverse(information: np.ndarray) -> tuple[np.ndarray, int]:
    scale = np.sqrt(np.diag(information))
    if (scale == 0).any():
        raise NotIdentifiedError("a cohort, period or cell has no row, or a covariate is zero throughout one")
    scaled = information / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(scaled)
    if values[0] < 1e-12 * values[-1]:
        raise NotIdentifiedError(
            "effects are collinear: a cell has no comparison, or a covariate is constant in one"
        )
    return (vectors / values) @ vectors.T / np.outer(scale, scale), len(values)


def _finish(
    y: Floats,
    weights: Floats,
    design: Layout,
    coefficient: Floats,
    inverse: Floats,
    rank: int,
    link: Callable[[np.ndarray], np.ndarray],
) -> CellFit:
    predictor = design.predict(coefficient)
    mean = link(predictor)
    influence = design.gather(weights * (y - np.where(weights > 0, mean, 0.0))) @ inverse
    return CellFit(coefficient, design.cell_rows, predictor, mean, influence, rank)
