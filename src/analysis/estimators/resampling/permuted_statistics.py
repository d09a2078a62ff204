"""Kernels of randomization inference: the coefficient of every re-assigned treatment, exactly.

The coefficient of a re-assigned treatment is a ratio of sums over places. Effects nested in the assigned
places, the outcome and the covariates enter through tables by place and path; effects that cross places
through their Schur complement. So ten thousand regressions are sums of looked-up rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..arrays import Floats
from ..linalg.absorb import Absorber
from ..linalg.absorb_solve import DENSE_LEVELS, Factor
from ..linalg.groups import group_sum
from ..linalg.parallel import run_chunks
from .assignments import Assignments
from .crossed_effects import Effects, crossing_factor, split

TABLE_CELLS = 3 * 10**7
KINDS = 200
ABSORBED = 1e-10


@dataclass(frozen=True)
class Panel:
    """Residualised outcome, treatment and covariates of the regression being permuted.

    Attributes
    ----------
    outcome, treatment : numpy.ndarray, shape (n,)
        Off effects and covariates.
    covariates : numpy.ndarray, shape (n, k)
        Off effects.
    effects : Effects
    cluster : numpy.ndarray of int, shape (n,)
    """

    outcome: np.ndarray
    treatment: np.ndarray
    covariates: np.ndarray
    effects: Effects
    cluster: np.ndarray

    def weighted(self, values: Floats) -> Floats:
        """Return `values` (rows first) times the weights."""
        weights = self.effects.weights
        if weights is None:
            return values
        found: Floats = values * (weights if values.ndim == 1 else weights[:, None])
        return found


def coefficients(panel: Panel, plan: Assignments, n_jobs: int | None) -> np.ndarray:
    """Return, per draw, coefficients of outcome and of treatment on the re-assigned treatment, (draws, 2).

    The second serves other nulls: under a constant effect b the draw's coefficient is the first less b
    times the second. NaN where the effects absorb the re-assigned treatment.
    """
    work = _table(panel, plan) if _fits(panel, plan) else _Dense(panel, plan, panel.effects.absorber(), False)
    return np.concatenate(run_chunks(work, plan.chunks, n_jobs))


def t_statistics(panel: Panel, plan: Assignments, n_jobs: int | None) -> np.ndarray:
    """Return the CRV1 t statistic (no small-sample factor) of each draw, shape (draws,)."""
    work = _Dense(panel, plan, panel.effects.absorber(), True)
    return np.concatenate(run_chunks(work, plan.chunks, n_jobs))[:, 0]


def _fits(panel: Panel, plan: Assignments) -> bool:
    crossing = split(panel.effects, [plan.paths.place])[1].width
    kinds = len(plan.paths.kinds)
    cells = len(plan.paths.label) * kinds * (crossing + panel.covariates.shape[1] + 4)
    return cells <= TABLE_CELLS and kinds <= KINDS and crossing <= DENSE_LEVELS


@dataclass(frozen=True)
class _Table:
    """Rows to add up: raw and residual squares, products with outcome and treatment, covariates, levels.

    `fixed` is the sum of the rows of places that no draw touches.
    """

    plan: Assignments
    rows: np.ndarray
    covariates: int
    inverse: np.ndarray
    factor: Factor | None
    fixed: np.ndarray

    def __call__(self, number: int) -> np.ndarray:
        places, kinds = self.plan.chunk(number)
        cells = (places * len(self.plan.paths.kinds) + kinds).ravel()
        starts = np.arange(0, len(cells) + 1, max(self.plan.treated, 1))
        shape = (len(places), len(self.rows))
        sums = sparse.csr_array((np.ones(len(cells)), cells, starts), shape=shape) @ self.rows
        sums += self.fixed
        return _ratios(sums[:, 2:4], self._squares(sums), sums[:, 0])

    def _squares(self, sums: Floats) -> Floats:
        """Return sums of squares of the treatment off effects and covariates."""
        first, then = sums[:, 4 : 4 + self.covariates], sums[:, 4 + self.covariates :]
        squares: Floats = sums[:, 1] - np.einsum("ij,ij->i", first @ self.inverse, first)
        if self.factor is not None:
            half = self.factor.half(then.T)
            squares = squares - np.einsum("ij,ij->j", half, half)
        return squares


def _table(panel: Panel, plan: Assignments) -> _Table:
    paths = plan.paths
    inside, crossing = split(panel.effects, [paths.place])
    absorber = inside.absorber()
    n_places, n_kinds, k = len(paths.label), len(paths.kinds), panel.covariates.shape[1]
    rows = np.zeros((n_places, n_kinds, 4 + k + crossing.width))
    products = np.column_stack([panel.outcome, panel.treatment, panel.covariates])
    for kind in range(n_kinds):
        if kind == paths.never:
            continue
        raw = paths.kinds[kind][paths.period]
        residual = absorber.residualize(raw)
        both = np.column_stack([raw * raw, residual * residual, products * raw[:, None]])
        rows[:, kind, : 4 + k] = group_sum(paths.place, panel.weighted(both), n_places)
        rows[:, kind, 4 + k :] = crossing.sums(residual, paths.place, n_places)
    gram = panel.weighted(panel.covariates).T @ panel.covariates
    factor = crossing_factor(inside, crossing) if crossing.codes else None
    fixed = _untouched(plan, rows)
    return _Table(plan, rows.reshape(n_places * n_kinds, -1), k, np.linalg.inv(gram), factor, fixed)


def _untouched(plan: Assignments, rows: Floats) -> Floats:
    """Return the sum of the rows of places that keep their path in every draw."""
    still = np.ones(len(plan.paths.label), dtype=bool)
    for members, _ in plan.groups:
        still[members] = False
    places = np.flatnonzero(still)
    found: Floats = rows[places, plan.paths.label[places]].sum(axis=0)
    return found


@dataclass(frozen=True)
class _Dense:
    """Residualize every re-assigned treatment: for t statistics, and for tables that would not fit."""

    panel: Panel
    plan: Assignments
    absorber: Absorber
    studentized: bool

    def __call__(self, number: int) -> np.ndarray:
        panel, plan = self.panel, self.plan
        columns = np.asfortranarray(plan.paths.treatment(plan.labels(*plan.chunk(number))))
        raw = np.einsum("ij,ij->j", columns, panel.weighted(columns))
        columns = self.absorber.residualize(columns, overwrite=True)
        if panel.covariates.shape[1]:
            weighted = panel.weighted(panel.covariates)
            columns -= panel.covariates @ np.linalg.solve(weighted.T @ panel.covariates, weighted.T @ columns)
        weighted = panel.weighted(columns)
        squares = np.einsum("ij,ij->j", columns, weighted)
        tops = weighted.T @ np.column_stack([panel.outcome, panel.treatment])
        found = _ratios(tops, squares, raw)
        return self._studentized(columns, found[:, 0], squares)[:, None] if self.studentized else found

    def _studentized(self, columns: Floats, estimate: Floats, squares: Floats) -> Floats:
        panel, levels = self.panel, int(self.panel.cluster.max()) + 1
        own = group_sum(panel.cluster, columns, levels, panel.weighted(panel.outcome))
        spread = group_sum(panel.cluster, columns * panel.weighted(columns), levels)
        scores = own - spread * estimate
        found: Floats = estimate * squares / np.sqrt(np.einsum("ij,ij->j", scores, scores))
        return found


def _ratios(tops: np.ndarray, squares: np.ndarray, raw: np.ndarray) -> np.ndarray:
    defined = squares > ABSORBED * raw
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(defined[:, None], tops / squares[:, None], np.nan)
