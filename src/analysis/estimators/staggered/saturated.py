"""Least squares on unit effects, period effects and cohort-by-period cells, from cell cross-products.

The regression ``y_it = a_i + z_i'l_t + z_i'd_{g(i),t} 1{(g,t) in S} + e_it`` with unit-constant ``z_i``
(a leading one, then covariates) is solved exactly, weights and missing periods included, by matrices of
the size of periods, never by a dense design: unit effects are projected out analytically, cells are
eliminated cohort by cohort, and what remains is one system for the period effects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..errors import NotConvergedError, NotIdentifiedError

_SINGULAR = 1e-10
_TOLERANCE, _STEPS = 1e-12, 200


@dataclass(frozen=True)
class Saturated:
    """Solution of the saturated regression.

    Attributes
    ----------
    cells : numpy.ndarray of int, shape (P, 2)
        Cohort code and period index of each estimated cell.
    effects : numpy.ndarray, shape (P, q)
        Cell coefficients on ``z``.
    residual : numpy.ndarray, shape (units, periods)
        Zero where a unit was not observed.
    influence : numpy.ndarray, shape (units, P * q)
        Each unit's share of the effects' sampling error: ``effects - truth = influence.sum(0)``.
    """

    cells: np.ndarray
    effects: np.ndarray
    residual: np.ndarray
    influence: np.ndarray


@dataclass(frozen=True)
class _Cohort:
    """Cross-products of one cohort and the elimination of its cells."""

    units: np.ndarray
    free: np.ndarray
    gram: np.ndarray
    moment: np.ndarray
    solve: np.ndarray


def fit_saturated(
    y: np.ndarray, weights: np.ndarray, cohort: np.ndarray, z: np.ndarray, cells: np.ndarray
) -> Saturated:
    """Return the exact solution.

    Parameters
    ----------
    y, weights : numpy.ndarray, shape (units, periods)
        Outcome and weights; weight zero marks a missing cell, whatever `y` holds there.
    cohort : numpy.ndarray of int, shape (units,)
        Codes from 0.
    z : numpy.ndarray, shape (units, q)
        Unit-constant regressors with a leading one.
    cells : numpy.ndarray of bool, shape (cohorts, periods)
        Which cells get coefficients of their own.

    Raises
    ------
    NotIdentifiedError
        If the period effects are not identified (periods that no two comparable units share).
    """
    y = np.where(weights > 0, y, 0.0)
    centred = np.where(weights > 0, y - _unit_mean(y, weights), 0.0)
    parts = [_cohort(np.flatnonzero(cohort == c), centred, weights, z, cells[c]) for c in range(len(cells))]
    reduced = sum(p.gram - p.gram[:, p.free] @ p.solve @ p.gram[p.free] for p in parts)
    right = sum(p.moment - p.gram[:, p.free] @ (p.solve @ p.moment[p.free]) for p in parts)
    inverse = _invert_periods(reduced, z.shape[1])
    period = inverse @ right
    effects = [p.solve @ (p.moment[p.free] - p.gram[p.free] @ period) for p in parts]
    residual = _residual(centred, weights, z, parts, period, effects)
    return Saturated(
        cells=np.argwhere(cells),
        effects=np.concatenate(effects).reshape(-1, z.shape[1]),
        residual=residual,
        influence=_influence(residual * weights, z, parts, inverse),
    )


def fit_saturated_poisson(
    y: np.ndarray,
    weights: np.ndarray,
    offset: np.ndarray,
    cohort: np.ndarray,
    z: np.ndarray,
    cells: np.ndarray,
) -> Saturated:
    """Return Poisson maximum likelihood with the same effects on the log mean.

    Every unit and every free cell must have a positive outcome somewhere. ``residual`` is that of the
    response. See `fit_saturated`; `offset` has shape (units, periods).

    Raises
    ------
    NotIdentifiedError
        As `fit_saturated`.
    NotConvergedError
        If the deviance does not settle.
    """
    seen = weights > 0
    y = np.where(seen, y, 0.0)
    start = np.exp(offset) * np.where(seen, (weights * y).sum() / (weights * np.exp(offset)).sum(), 1.0)
    mean, last = np.where(seen, (y + start) / 2 + 1e-3 * start, 1.0), np.inf
    for _ in range(_STEPS):
        working = np.log(mean) - offset + (y - mean) / mean
        fit = fit_saturated(working, weights * mean, cohort, z, cells)
        mean = np.where(seen, np.exp(np.clip(working - fit.residual + offset, -50, 50)), 1.0)
        deviance = float((weights * (mean - y * np.log(mean)))[seen].sum())
        if abs(deviance - last) <= _TOLERANCE * (abs(deviance) + 0.1):
            working = np.log(mean) - offset + (y - mean) / mean
            final = fit_saturated(working, weights * mean, cohort, z, cells)
            return replace(final, residual=np.where(seen, y - mean, 0.0))
        last = deviance
    raise NotConvergedError(f"no convergence in {_STEPS} steps: some cell or unit may be nearly all zero")


def _unit_mean(values: Floats, weights: Floats) -> Floats:
    total = weights.sum(axis=1)
    found: Floats = ((weights * values).sum(axis=1) / np.where(total > 0, total, 1.0))[:, None]
    return found


def _rows(values: Floats, z: Floats) -> Floats:
    """Return each unit's values times its z, shape (units, periods * q)."""
    return (values[:, :, None] * z[:, None, :]).reshape(len(z), -1)


def _cohort(units: Ints, centred: Floats, weights: Floats, z: Floats, in_cells: Bools) -> _Cohort:
    w, own = weights[units], z[units]
    q, total = own.shape[1], w.sum(axis=1)
    scaled = _rows(w / np.sqrt(np.where(total > 0, total, 1.0))[:, None], own)
    gram = -(scaled.T @ scaled)
    blocks = np.einsum("nt,na,nb->tab", w, own, own, optimize=True)
    for t in range(w.shape[1]):
        gram[t * q : (t + 1) * q, t * q : (t + 1) * q] += blocks[t]
    moment = _rows(w * centred[units], own).sum(axis=0)
    free = np.flatnonzero(np.repeat(in_cells, q))
    return _Cohort(units, free, gram, moment, _invert_cells(gram[np.ix_(free, free)]))


def _invert_cells(block: np.ndarray) -> np.ndarray:
    return np.linalg.pinv(block, rcond=_SINGULAR, hermitian=True) if len(block) else block


def _invert_periods(reduced: np.ndarray, q: int) -> np.ndarray:
    inner = reduced[q:, q:]
    scale = np.sqrt(np.maximum(np.diag(inner), 0.0))  # rounding can leave a period that is none below zero
    if (scale == 0).any() or np.linalg.cond(inner / np.outer(scale, scale)) > 1 / _SINGULAR:
        raise NotIdentifiedError(
            "period effects are not identified: a period without comparison, or a constant covariate"
        )
    inverse = np.zeros_like(reduced)
    inverse[q:, q:] = np.linalg.inv(inner)
    return inverse


def _residual(
    centred: Floats, weights: Floats, z: Floats, parts: list[_Cohort], period: Floats, effects: list[Floats]
) -> Floats:
    residual = np.zeros_like(centred)
    for part, found in zip(parts, effects, strict=True):
        coefficient = period.copy()
        coefficient[part.free] += found
        fitted = z[part.units] @ coefficient.reshape(-1, z.shape[1]).T
        w = weights[part.units]
        residual[part.units] = np.where(w > 0, centred[part.units] - (fitted - _unit_mean(fitted, w)), 0.0)
    return residual


def _influence(score: Floats, z: Floats, parts: list[_Cohort], inverse: Floats) -> Floats:
    onto = [p.solve @ p.gram[p.free] for p in parts]
    through = np.concatenate([-(block @ inverse).T for block in onto], axis=1)
    starts = np.cumsum([0] + [len(p.free) for p in parts])
    result = np.zeros((len(score), starts[-1]))
    for part, own, start in zip(parts, onto, starts[:-1], strict=True):
        rows = _rows(score[part.units], z[part.units])
        period_score = rows - rows[:, part.free] @ own
        result[part.units] = period_score @ through
        result[part.units, start : start + len(part.free)] += rows[:, part.free] @ part.solve
    return result
