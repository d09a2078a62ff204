"""Classic and ridge-augmented synthetic controls: predictors, weights, gaps. Kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from ..arrays import Floats
from .simplex import distance_form, exact_minimum


@dataclass(frozen=True)
class Recipe:
    """How donor weights follow from data, the same for the treated unit and for placebos.

    Attributes
    ----------
    pre : int
        Periods before treatment.
    nested : bool
        Choose predictor weights by fit of outcomes before treatment.
    augment : bool
        Add the ridge correction.
    ridge : float or None
        Its penalty; None chooses by leaving out periods.
    """

    pre: int
    nested: bool = False
    augment: bool = False
    ridge: float | None = None


def simplex_weights(predictors: Floats, target: Floats) -> np.ndarray:
    """Return convex weights of least squared distance, predictors shaped (rows, donors)."""
    return exact_minimum(distance_form(predictors, target, 0.0, False))


def donor_weights(
    recipe: Recipe, predictors: Floats, target_predictors: Floats, donors: Floats, target: Floats
) -> Floats:
    """Return weights of donors.

    Parameters
    ----------
    predictors : numpy.ndarray, shape (p, j)
    target_predictors : numpy.ndarray, shape (p,)
    donors : numpy.ndarray, shape (j, t)
        Outcomes.
    target : numpy.ndarray, shape (t,)
    """
    before, goal = donors[:, : recipe.pre], target[: recipe.pre]
    if recipe.nested:
        scale = _nested_scale(predictors, target_predictors, before, goal)
        predictors, target_predictors = predictors * scale[:, None], target_predictors * scale
    weights = simplex_weights(predictors, target_predictors)
    if not recipe.augment:
        return weights
    ridge = cross_validated_ridge(before, goal) if recipe.ridge is None else recipe.ridge
    return weights + ridge_correction(before, goal, weights, ridge)


def _nested_scale(predictors: Floats, target_predictors: Floats, before: Floats, goal: Floats) -> Floats:
    """Return roots of the predictor weights whose donor weights fit earlier outcomes best."""

    def miss(logs: Floats) -> float:
        scale = np.exp(logs - logs.max())
        weights = simplex_weights(predictors * scale[:, None], target_predictors * scale)
        return float(np.mean((goal - weights @ before) ** 2))

    size = len(predictors)
    options = {"maxiter": 200 * size, "xatol": 1e-3, "fatol": 1e-10 * max(float(np.mean(goal**2)), 1e-300)}
    starts = [np.zeros(size), *(2.0 * np.eye(size))]
    best = min(starts, key=miss)
    found = minimize(miss, best, method="Nelder-Mead", options=options)
    result: Floats = np.exp(found.x - found.x.max())
    return result


def ridge_correction(before: Floats, goal: Floats, weights: Floats, ridge: float) -> Floats:
    """Return what ridge regression adds to the weights (Ben-Michael, Feller & Rothstein 2021).

    Parameters
    ----------
    before : numpy.ndarray, shape (j, pre)
    goal : numpy.ndarray, shape (pre,)
    """
    centre = before.mean(axis=0)
    centred = before - centre
    left = (goal - centre) - weights @ centred
    found: Floats = centred @ np.linalg.solve(centred.T @ centred + ridge * np.eye(len(goal)), left)
    return found


def cross_validated_ridge(before: Floats, goal: Floats, steps: int = 20, smallest: float = 1e-8) -> float:
    """Return the largest penalty with error on left-out periods within a standard error of the least."""
    top = np.linalg.norm(before - before.mean(axis=0), 2) ** 2
    grid = top * smallest ** (np.arange(steps) / (steps - 1))
    errors = np.empty((steps, len(goal)))
    for period in range(len(goal)):
        others = np.arange(len(goal)) != period
        weights = simplex_weights(before[:, others].T, goal[others])
        for row, ridge in enumerate(grid):
            full = weights + ridge_correction(before[:, others], goal[others], weights, ridge)
            errors[row, period] = (goal[period] - full @ before[:, period]) ** 2
    mean = errors.mean(axis=1)
    best = int(mean.argmin())
    allowed = mean[best] + errors[best].std(ddof=1) / np.sqrt(len(goal))
    return float(grid[mean <= allowed].max())


def placebo_gaps(recipe: Recipe, predictors: Floats, donors: Floats) -> np.ndarray:
    """Return gaps of every donor against the others, shape (j, t)."""
    gaps = np.empty_like(donors)
    for row in range(len(donors)):
        rest = np.arange(len(donors)) != row
        weights = donor_weights(recipe, predictors[:, rest], predictors[:, row], donors[rest], donors[row])
        gaps[row] = donors[row] - weights @ donors[rest]
    return gaps


def rmspe_ratio(gaps: np.ndarray, pre: int) -> np.ndarray:
    """Return root mean square gaps after over before treatment, infinite where the fit before is exact."""
    before = np.sqrt((gaps[..., :pre] ** 2).mean(axis=-1))
    after = np.sqrt((gaps[..., pre:] ** 2).mean(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(before > 0, after / before, np.inf)


def rank_p_value(own: Floats, others: Floats) -> np.ndarray:
    """Return ``(1 + exceeding) / (1 + others)`` along the first axis of `others`."""
    found: np.ndarray = (1 + (others >= own).sum(axis=0)) / (1 + len(others))
    return found


def accepted_interval(
    p_value: Callable[[float], float], centre: float, scale: float, alpha: float
) -> tuple[float, float]:
    """Return the ends of the interval around `centre` on which ``p_value`` exceeds `alpha`, by bisection.

    The accepted set is taken to be an interval. Infinite ends mean that no value far out is rejected.
    """
    return _end(p_value, centre, -scale, alpha), _end(p_value, centre, scale, alpha)


def _end(p_value: Callable[..., Any], centre: float, step: float, alpha: float) -> float:
    inside, outside = 0.0, 1.0
    while p_value(centre + outside * step) > alpha:
        inside, outside = outside, 2 * outside
        if outside > 2**20:
            return np.inf * step
    while outside - inside > 1e-6 * max(1.0, outside):
        middle = (inside + outside) / 2
        if p_value(centre + middle * step) > alpha:
            inside = middle
        else:
            outside = middle
    return centre + inside * step
