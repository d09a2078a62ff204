"""Kernels of the imputation estimator: imputed effects, and the influence of their averages by unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Floats
from ..errors import NotIdentifiedError
from .untreated_fit import TwoWay, two_way
from .wide_panel import WidePanel


@dataclass(frozen=True)
class Imputed:
    """Imputed effects of treated rows and what their sampling error needs.

    Attributes
    ----------
    wide : WidePanel
    model : TwoWay
        Solver on untreated cells.
    residual : numpy.ndarray, shape (units, periods)
        Of untreated cells; zero elsewhere.
    partial : numpy.ndarray, shape (k, units, periods)
        Covariates net of their own untreated surface, in every observed cell.
    precision : numpy.ndarray, shape (k, k)
        Inverse cross-product of `partial` on untreated cells.
    row_unit, row_period : numpy.ndarray of int, shape (rows,)
        The treated rows.
    row_weight, effect : numpy.ndarray, shape (rows,)
    """

    wide: WidePanel
    model: TwoWay
    residual: np.ndarray
    partial: np.ndarray
    precision: np.ndarray
    row_unit: np.ndarray
    row_period: np.ndarray
    row_weight: np.ndarray
    effect: np.ndarray


def impute(wide: WidePanel, anticipation: int) -> Imputed:
    """Fit untreated outcomes and return the effects of treated rows.

    Raises
    ------
    NotIdentifiedError
        If no treated row can be imputed, or a covariate does not vary among untreated rows.
    """
    untreated = wide.observed & (wide.periods < (wide.cohort - anticipation)[:, None])
    kept = wide.keep(np.any(untreated, axis=1), "unit without an untreated period")
    kept = _drop_periods(kept, anticipation)
    untreated = kept.observed & (kept.periods < (kept.cohort - anticipation)[:, None])
    if not (kept.observed & ~untreated).any():
        raise NotIdentifiedError("no treated row whose unit and period are also observed untreated")
    weights = np.where(untreated, kept.weights, 0.0)
    model = two_way(weights)
    net = kept.outcome - model.fit(kept.outcome)
    partial = _partial(kept, model)
    weighted = weights * partial
    precision = _precision(np.tensordot(weighted, partial, axes=([1, 2], [1, 2])))
    slope = precision @ np.array([np.nansum(w * np.where(untreated, net, 0.0)) for w in weighted])
    net = net - np.tensordot(slope, partial, axes=1)
    units, periods = np.nonzero(kept.observed & ~untreated)
    return Imputed(
        wide=kept,
        model=model,
        residual=np.where(untreated, net, 0.0),
        partial=partial,
        precision=precision,
        row_unit=units,
        row_period=periods,
        row_weight=kept.weights[units, periods],
        effect=net[units, periods],
    )


def _drop_periods(wide: WidePanel, anticipation: int) -> WidePanel:
    untreated = wide.observed & (wide.periods < (wide.cohort - anticipation)[:, None])
    barren = ~np.any(untreated, axis=0)
    return wide.without_cells(barren, "treated in a period without an untreated unit")


def _partial(wide: WidePanel, model: TwoWay) -> np.ndarray:
    full = np.broadcast_to(wide.covariates, (*wide.outcome.shape, wide.covariates.shape[2]))
    columns = [full[:, :, k] - model.fit(full[:, :, k]) for k in range(1, full.shape[2])]
    stacked = np.array(columns).reshape(len(columns), *wide.outcome.shape)
    return np.where(wide.observed, stacked, 0.0)


def _precision(cross: np.ndarray) -> np.ndarray:
    if not len(cross):
        return cross
    scale = np.sqrt(np.diag(cross))
    if (scale < 1e-10).any() or np.linalg.cond(cross / np.outer(scale, scale)) > 1e12:
        raise NotIdentifiedError("a covariate is absorbed by unit and period effects among untreated rows")
    return np.linalg.inv(cross)


@dataclass(frozen=True)
class Averages:
    """Averages of effects, each treated row in one of them.

    Attributes
    ----------
    group : numpy.ndarray of int, shape (rows,)
        Which average a treated row belongs to.
    weight : numpy.ndarray, shape (rows,)
        Its weight in it; the weights of each average sum to one.
    count : int
        Number of averages.
    """

    group: np.ndarray
    weight: np.ndarray
    count: int

    def sums(self, values: np.ndarray, code: np.ndarray, size: int) -> np.ndarray:
        """Return weighted sums by code and average, shape (size, averages)."""
        total = np.bincount(code * self.count + self.group, self.weight * values, size * self.count)
        return total.reshape(size, self.count)

    def of(self, values: np.ndarray) -> np.ndarray:
        """Return the averages of values by row, shape (averages,)."""
        return np.bincount(self.group, self.weight * values, self.count)


def averages(group: np.ndarray, weight: np.ndarray) -> Averages:
    """Return averages with weights scaled to one in each."""
    return Averages(group, weight / np.bincount(group, weight)[group], int(group.max()) + 1)


def _untreated_influence(fit: Imputed, target: Averages) -> Floats:
    """Return what untreated residuals add to the averages' sampling error, shape (units, averages)."""
    units, periods = fit.residual.shape
    ones = np.ones(len(fit.row_unit))
    unit, period = fit.model.effects(
        target.sums(ones, fit.row_unit, units), target.sums(ones, fit.row_period, periods)
    )
    scores = fit.model.weights * fit.residual
    influence = unit * scores.sum(axis=1, keepdims=True) + scores @ period
    if len(fit.precision):
        on_rows = np.array([target.of(column[fit.row_unit, fit.row_period]) for column in fit.partial])
        influence += np.einsum("kut,ut->uk", fit.partial, scores) @ (fit.precision @ on_rows)
    found: Floats = -influence
    return found


def unit_influence(fit: Imputed, target: Averages, *, leave_out: bool) -> Floats:
    """Return each unit's share of the sampling error of the averages, shape (units, averages)."""
    around = _around_cells(fit, target, leave_out)
    found: Floats = _untreated_influence(fit, target) + target.sums(around, fit.row_unit, len(fit.residual))
    return found


def _around_cells(fit: Imputed, target: Averages, leave_out: bool) -> Floats:
    """Return treated effects around their cell mean, weighted by squared target weights."""
    _, cohort = np.unique(fit.wide.cohort, return_inverse=True)
    cell = cohort[fit.row_unit] * fit.residual.shape[1] + fit.row_period
    weight = target.weight**2
    total, weighted = np.bincount(cell, weight), np.bincount(cell, weight * fit.effect)
    if not leave_out:
        found: Floats = fit.effect - (weighted / np.where(total > 0, total, 1.0))[cell]
        return found
    if (np.bincount(cell) == 1).any():
        raise NotIdentifiedError("a cohort-period has one treated unit: leave-out needs two")
    found = fit.effect - (weighted[cell] - weight * fit.effect) / (total[cell] - weight)
    return found


def two_stage_influence(fit: Imputed, target: Averages, estimates: Floats) -> Floats:
    """Return each unit's share of sampling error when both stages are one moment condition."""
    treated = target.sums(fit.effect - estimates[target.group], fit.row_unit, len(fit.residual))
    found: Floats = _untreated_influence(fit, target) + treated
    return found


def pre_trend_columns(fit: Imputed, leads: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lead coefficients among untreated rows, their influence by unit, and the leads that vary."""
    wide, weights = fit.wide, fit.model.weights
    ahead = wide.cohort[:, None] - wide.periods
    columns = [(k, np.where(weights > 0, ahead == k, 0.0)) for k in range(1, leads + 1)]
    net = [(k, _net_of(fit, column)) for k, column in columns]
    net = [(k, column) for k, column in net if (weights * column**2).sum() > 1e-10]
    if not net:
        return np.zeros(0), np.zeros((len(weights), 0)), np.zeros(0, int)
    design = np.stack([column for _, column in net])
    inverse = np.linalg.inv(np.tensordot(weights * design, design, axes=([1, 2], [1, 2])))
    coefficient = inverse @ np.tensordot(weights * design, fit.residual, axes=([1, 2], [0, 1]))
    residual = np.where(weights > 0, fit.residual - np.tensordot(coefficient, design, axes=1), 0.0)
    scores = (weights * design * residual).sum(axis=2).T
    return coefficient, scores @ inverse, np.array([k for k, _ in net])


def _net_of(fit: Imputed, column: np.ndarray) -> np.ndarray:
    weights = fit.model.weights
    net = np.where(weights > 0, column - fit.model.fit(column), 0.0)
    if len(fit.precision):
        slope = fit.precision @ np.tensordot(weights * fit.partial, net, axes=([1, 2], [0, 1]))
        net = np.where(weights > 0, net - np.tensordot(slope, fit.partial, axes=1), 0.0)
    return net
