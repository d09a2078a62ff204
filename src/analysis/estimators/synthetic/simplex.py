"""Quadratic programs on the simplex: an exact active-set method, and Frank-Wolfe as published."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..arrays import Array, Floats, Ints
from ..errors import NotConvergedError

COMPILED_FROM = 50
"""Problems from which compiling Frank-Wolfe (numba, the extra ``fast``) repays its import."""


def distance_form(design: Floats, target: Floats, ridge: float, intercept: bool) -> Floats:
    """Return ``Q`` with ``x'Qx = mean((design @ x - target)^2) + ridge * x'x`` for all ``x`` on the simplex.

    Parameters
    ----------
    design : numpy.ndarray, shape (rows, k)
    target : numpy.ndarray, shape (rows,)
    intercept : bool
        Minimize over a constant as well.
    """
    gaps = design - target[:, None]
    if intercept:
        gaps = gaps - gaps.mean(axis=0)
    form = gaps.T @ gaps / len(target)
    form.flat[:: len(form) + 1] += ridge
    return form


def exact_minimum(form: np.ndarray, tolerance: float = 1e-12) -> np.ndarray:
    """Return the point of the simplex that minimizes ``x'Qx`` (primal active-set method).

    Parameters
    ----------
    form : numpy.ndarray, shape (k, k)
        Positive semidefinite.
    tolerance : float
        Slack of the optimality conditions, relative to the largest diagonal element.

    Raises
    ------
    NotConvergedError
        After ``50 * k`` changes of the active set.
    """
    k = len(form)
    slack = tolerance * max(float(np.abs(np.diag(form)).max()), 1e-300)
    point = np.zeros(k)
    point[int(np.diag(form).argmin())] = 1.0
    support = np.flatnonzero(point)
    for _ in range(50 * k):
        point, support = _restricted(form, point, support)
        gradient = form[:, support] @ point[support]
        level = point[support] @ gradient[support]
        entering = int(gradient.argmin())
        if gradient[entering] >= level - slack or point[entering] > 0:
            return point
        support = np.append(support, entering)
    raise NotConvergedError("the active-set method did not settle: is a donor repeated or the scale extreme?")


def _restricted(form: Floats, point: Floats, support: Ints) -> tuple[Floats, Ints]:
    """Minimize over the affine hull of `support`, dropping vertices that would turn negative."""
    while True:
        step = _affine_minimum(form[np.ix_(support, support)])
        if (step > 0).all():
            return _spread(step, support, len(point)), support
        here = point[support]
        falling = step <= 0
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(falling, here / (here - step), np.inf)
        reach = np.where(falling & (here <= 0), 0.0, reach)
        moved = here + min(float(reach.min()), 1.0) * (step - here)
        moved[reach.argmin()] = 0.0
        keep = moved > 0
        support = support[keep]
        point = _spread(moved[keep] / moved[keep].sum(), support, len(point))


def _affine_minimum(block: Floats) -> Array:
    size = len(block)
    scale = max(float(np.abs(np.diag(block)).max()), 1e-300)
    system = np.ones((size + 1, size + 1))
    system[:size, :size], system[size, size] = block / scale, 0.0
    right = np.zeros(size + 1)
    right[size] = 1.0
    try:
        return np.linalg.solve(system, right)[:size]
    except np.linalg.LinAlgError:
        return np.linalg.lstsq(system, right, rcond=None)[0][:size]


def _spread(values: Floats, support: Ints, size: int) -> Floats:
    full = np.zeros(size)
    full[support] = values
    return full


def frank_wolfe(form: Floats, start: Floats, least_decrease: float, most: int) -> Floats:
    """Return a point near the minimum of ``x'Qx`` on the simplex, by steps with exact line search.

    Stops, after two steps or more, when a step lowers the objective by at most `least_decrease`, or
    after `most` steps.
    """
    point = start.copy()
    gradient = form @ point
    value = point @ gradient
    for taken in range(most):
        vertex = np.argmin(gradient)
        slope = gradient[vertex] - value
        bend = form[vertex, vertex] - 2.0 * gradient[vertex] + value
        step = 0.0
        if bend > 0.0:
            step = min(max(-slope / bend, 0.0), 1.0)
        lower = value + 2.0 * step * slope + step * step * bend
        gradient *= 1.0 - step
        gradient += step * form[vertex]
        point *= 1.0 - step
        point[vertex] += step
        decrease = value - lower
        value = lower
        if taken >= 1 and decrease <= least_decrease:
            break
    return point


def sparsified(weights: Floats) -> Floats:
    """Set weights of at most a quarter of the largest to zero and rescale the rest to sum to one."""
    kept = np.where(weights <= weights.max() / 4, 0.0, weights)
    found: Floats = kept / kept.sum()
    return found


def _frank_wolfe_in_loops(form: Any, start: Any, least_decrease: float, most: int) -> Any:
    """Do as `frank_wolfe` in one pass over the gradient a step, for a compiler; the weights are put off."""
    k = len(start)
    scale, point, gradient = 1.0, start.copy(), form @ start
    value = start @ gradient
    vertex = int(np.argmin(gradient))
    for taken in range(most):
        slope = gradient[vertex] - value
        bend = form[vertex, vertex] - 2.0 * gradient[vertex] + value
        step = 0.0
        if bend > 0.0:
            step = min(max(-slope / bend, 0.0), 1.0)
        lower = value + 2.0 * step * slope + step * step * bend
        row = form[vertex]
        least, keep = np.inf, 1.0 - step
        lowest = 0
        for j in range(k):
            gradient[j] = keep * gradient[j] + step * row[j]
            if gradient[j] < least:
                least, lowest = gradient[j], j
        if keep * scale < 1e-100:
            point *= scale * keep
            scale = 1.0
        else:
            scale *= keep
        point[vertex] += step / scale
        decrease, value, vertex = value - lower, lower, lowest
        if taken >= 1 and decrease <= least_decrease:
            break
    return point * scale


@cache
def _compiled() -> Callable[..., Any]:
    from numba import njit

    return njit(cache=True, nogil=True)(_frank_wolfe_in_loops)


def frank_wolfe_for(problems: int) -> Callable[..., Any]:
    """Return `frank_wolfe`, compiled when so many problems repay it; the steps agree to rounding."""
    loaded = "numba" in sys.modules
    if loaded or (problems >= COMPILED_FROM and find_spec("numba") is not None):
        return _compiled()
    return frank_wolfe


def two_stage(
    form: Floats,
    start: Floats,
    least_decrease: float,
    first: int = 100,
    most: int = 10_000,
    solve: Callable[..., Any] = frank_wolfe,
) -> Floats:
    """Run Frank-Wolfe briefly, sparsify, and run it again from there (Arkhangelsky et al. 2021)."""
    rough = solve(form, start, least_decrease, first)
    found: Floats = solve(form, sparsified(rough), least_decrease, most)
    return found
