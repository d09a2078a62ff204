"""Fixed-length intervals under bounded changes of slope.

The violation's second differences are at most M in size. The estimator is the target plus a linear
combination ``v`` of coefficients before treatment that removes linear trends; its worst-case bias is M times
an l1 norm, so the frontier of bias against variance is a lasso path, and the shortest interval lies on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from ..core.distributions import normal_below, normal_quantile
from .event_path import EventPath

_FAR = 6.0
"""Bias in standard deviations beyond which the mass across zero, under Phi(-6) = 1e-9, is left out."""


@dataclass(frozen=True)
class _Problem:
    """``v = origin + basis @ u`` with bias ``M (fixed + |u|_1)`` and variance ``a + 2 b'u + u'H u``."""

    origin: np.ndarray
    basis: np.ndarray
    fixed: float
    variance: float
    slope: np.ndarray
    hessian: np.ndarray


def smoothness_interval(
    path: EventPath, weights: np.ndarray, bound: float, level: float
) -> tuple[float, float, float]:
    """Return the centre, half-length and worst-case bias of the shortest fixed-length interval."""
    problem = _problem(path, weights)
    u = _shortest(problem, bound, level)
    v = problem.origin + problem.basis @ u
    centre = float(weights @ path.after + v @ path.before)
    half, bias = _half_length(problem, u, bound, level)
    return centre, half, bias


def _problem(path: EventPath, weights: np.ndarray) -> _Problem:
    k, covariance = path.k, path.covariance
    behind = -path.distance[:k].astype(float)
    ahead = path.distance[k:].astype(float)
    fixed = sum(abs(float(weights @ np.maximum(ahead - j, 0.0))) for j in range(int(ahead[-1])))
    moments = np.array([np.maximum(behind - j, 0.0) for j in range(1, k)]).reshape(k - 1, k)
    system = np.vstack([behind, moments])
    inverse = np.linalg.inv(system)
    origin, basis = inverse[:, 0] * float(weights @ ahead), inverse[:, 1:]
    inner, cross = covariance[:k, :k], covariance[:k, k:] @ weights
    return _Problem(
        origin=origin,
        basis=basis,
        fixed=fixed,
        variance=float(weights @ covariance[k:, k:] @ weights + 2 * origin @ cross + origin @ inner @ origin),
        slope=basis.T @ (cross + inner @ origin),
        hessian=basis.T @ inner @ basis,
    )


def _shortest(problem: _Problem, bound: float, level: float) -> np.ndarray:
    if not len(problem.slope):
        return np.zeros(0)
    largest = 2 * np.abs(problem.slope).max()
    if bound == 0:
        return _lasso(problem, 0.0)

    def length(log_penalty: float) -> float:
        return _half_length(problem, _lasso(problem, np.exp(log_penalty)), bound, level)[0]

    grid = np.log(largest) + np.linspace(-14.0, 0.0, 57)
    best = int(np.argmin([length(point) for point in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = optimize.minimize_scalar(length, bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    return _lasso(problem, float(np.exp(found.x)))


def _lasso(problem: _Problem, penalty: float) -> np.ndarray:
    """Minimise ``2 b'u + u'H u + penalty |u|_1`` by its sign pattern, to the precision of a linear solve."""
    if penalty == 0.0:
        return -np.linalg.solve(problem.hessian, problem.slope)
    u = np.zeros(len(problem.slope))
    for _ in range(10_000):
        previous = u.copy()
        for j in range(len(u)):
            partial = problem.slope[j] + problem.hessian[j] @ u - problem.hessian[j, j] * u[j]
            u[j] = -np.sign(partial) * max(abs(partial) - penalty / 2, 0.0) / problem.hessian[j, j]
        if np.abs(u - previous).max() <= 1e-13 * (1 + np.abs(u).max()):
            break
    return _polish(problem, u, penalty)


def _polish(problem: _Problem, u: np.ndarray, penalty: float) -> np.ndarray:
    live = np.flatnonzero(u)
    if not len(live):
        return u
    exact = np.zeros_like(u)
    right = -(problem.slope[live] + penalty / 2 * np.sign(u[live]))
    exact[live] = np.linalg.solve(problem.hessian[np.ix_(live, live)], right)
    return exact if (np.sign(exact[live]) == np.sign(u[live])).all() else u


def _half_length(problem: _Problem, u: np.ndarray, bound: float, level: float) -> tuple[float, float]:
    bias = bound * (problem.fixed + float(np.abs(u).sum()))
    variance = problem.variance + 2 * problem.slope @ u + u @ problem.hessian @ u
    deviation = float(np.sqrt(max(variance, 0.0)))
    return deviation * _folded_quantile(bias / deviation, level), bias


def _folded_quantile(shift: float, level: float) -> float:
    r"""Return the quantile of :math:`|N(s, 1)|`: the root of :math:`\Phi(q - s) - \Phi(-q - s) = p`."""
    low, high = shift + float(normal_quantile(level)), shift + float(normal_quantile(0.5 + level / 2))
    if shift == 0:
        return high
    if shift > _FAR:
        return low
    return float(
        optimize.brentq(
            lambda value: float(normal_below(value - shift) - normal_below(-value - shift)) - level,
            low,
            high * (1 + 1e-12),
            xtol=1e-15,
            rtol=1e-15,
        )
    )
