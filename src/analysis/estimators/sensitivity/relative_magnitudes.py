"""Confidence sets when violations after treatment are at most Mbar times the largest before.

The restriction is a union of polyhedra, one for each period and sign of the largest change before
treatment. Within one, moment inequalities with nuisance effects are tested by the largest dual vertex; the
inequalities on first differences leave one vertex for each direction of the target and one for each later
period, so no linear program is solved. The conditional and hybrid tests are those of Andrews, Roth and
Pakes (2023), doi:10.1093/restud/rdad016.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from ..arrays import Bools, Floats
from .event_path import EventPath

_FIRST_STAGE, _DRAWS, _WIDTH = 0.1, 20_000, 20.0
_EDGE, _ZOOM = 1e-10, 400


@dataclass(frozen=True)
class _Vertices:
    """Test statistics ``level - load * theta`` of each dual vertex and their covariance."""

    level: np.ndarray
    load: np.ndarray
    covariance: np.ndarray


def relative_set(
    path: EventPath,
    weights: np.ndarray,
    bound: float,
    level: float,
    *,
    hybrid: bool,
    points: int,
    seed: int,
) -> tuple[float, float]:
    """Return the lowest and highest accepted value of the target, NaN when none is accepted."""
    polyhedra = [_vertices(path, weights, matrix) for matrix in _restrictions(path, bound)]
    normals = np.random.default_rng(seed).standard_normal((len(polyhedra[0].level), _DRAWS if hybrid else 0))
    tests = [_Test(vertices, 1 - level, hybrid, normals) for vertices in polyhedra]
    k = path.k
    spread = _WIDTH * float(np.sqrt(weights @ path.covariance[k:, k:] @ weights))
    while True:
        grid = np.linspace(-spread, spread, points)
        accepted = np.logical_or.reduce([test.accepts(grid) for test in tests])
        if not (accepted[0] or accepted[-1]) or spread > 1e6 * _WIDTH:
            return _ends(tests, grid, accepted)
        spread *= 4


def _ends(tests: list[_Test], grid: Floats, accepted: Bools) -> tuple[float, float]:
    if not accepted.any():
        return np.nan, np.nan
    inside = np.flatnonzero(accepted)
    return (_edge(tests, grid, inside[0], -1), _edge(tests, grid, inside[-1], 1))


def _edge(tests: list[_Test], grid: Floats, position: int, step: int) -> float:
    """Return the boundary between an accepted grid point and its rejected neighbour."""
    if not 0 <= position + step < len(grid):
        return float(grid[position])
    inside, outside = float(grid[position]), float(grid[position + step])
    while abs(outside - inside) > _EDGE * (1 + abs(inside)):
        finer = np.linspace(inside, outside, _ZOOM)
        accepted = np.logical_or.reduce([test.accepts(finer) for test in tests])
        last = int(np.flatnonzero(accepted)[-1]) if accepted[1:-1].any() else 0
        inside, outside = float(finer[last]), float(finer[last + 1])
    return inside


def _restrictions(path: EventPath, bound: float) -> Iterator[np.ndarray]:
    """Yield ``A`` of ``A delta <= 0`` for each period and sign of the largest change before treatment."""
    k, total = path.k, len(path.events)
    changes = np.eye(total + 1)[1:] - np.eye(total + 1)[:-1]
    factor = np.where(np.arange(total) < k, 1.0, bound)[:, None]
    for largest in range(k):
        for sign in (1.0, -1.0):
            ceiling = factor * sign * changes[largest]
            matrix = np.vstack([changes - ceiling, -changes - ceiling])
            matrix = matrix[(matrix**2).sum(axis=1) > 1e-10]
            yield np.delete(matrix, k, axis=1)


def _vertices(path: EventPath, weights: np.ndarray, matrix: np.ndarray) -> _Vertices:
    deviation = np.sqrt(np.einsum("ij,jk,ik->i", matrix, path.covariance, matrix))
    combine = _single_rows(deviation) if len(weights) == 1 else _dual(matrix, weights, path.k)
    combine = combine / (combine @ deviation)[:, None]
    rows = combine @ matrix
    after = rows[:, path.k :]
    estimate = np.concatenate([path.before, path.after])
    load = after @ weights / (weights @ weights)
    return _Vertices(rows @ estimate, load, rows @ path.covariance @ rows.T)


def _single_rows(deviation: np.ndarray) -> np.ndarray:
    return np.eye(len(deviation))


def _dual(matrix: np.ndarray, weights: np.ndarray, k: int) -> np.ndarray:
    """Return the vertices of ``{g >= 0: A_post' g parallel to weights}`` up to scale, shape (P + 2, rows)."""
    later = np.flatnonzero(np.abs(matrix[:, k:]).sum(axis=1) > 1e-10)
    periods = len(weights)
    up, down = later[:periods], later[periods:]
    tail = np.cumsum(weights[::-1])[::-1]
    vertices = np.zeros((periods + 2, len(matrix)))
    for row, direction in enumerate((tail, -tail)):
        vertices[row, up] = np.maximum(direction, 0.0)
        vertices[row, down] = np.maximum(-direction, 0.0)
    for t in range(periods):
        vertices[2 + t, [up[t], down[t]]] = 1.0
    return vertices


class _Test:
    """The test of one polyhedron at many values of the target."""

    def __init__(self, vertices: _Vertices, size: float, hybrid: bool, normals: np.ndarray) -> None:
        self.vertices = vertices
        first = size * _FIRST_STAGE if hybrid else 0.0
        self.size = (size - first) / (1 - first)
        self.ceiling = _least_favourable(vertices.covariance, first, normals) if hybrid else np.inf

    def accepts(self, values: Floats) -> Bools:
        """Return which values the test does not reject, shape (n,)."""
        vertices = self.vertices
        statistics = vertices.level[:, None] - vertices.load[:, None] * values
        best = statistics.argmax(axis=0)
        largest = statistics.max(axis=0)
        critical = np.empty(len(values))
        for vertex in np.unique(best):
            here = best == vertex
            low, high = _truncation(statistics[:, here], vertices.covariance, vertex)
            deviation = np.sqrt(vertices.covariance[vertex, vertex])
            high = np.minimum(high, self.ceiling)
            critical[here] = np.maximum(_truncated_quantile(1 - self.size, low, high, deviation), 0.0)
        found: Bools = (largest <= critical) & (largest <= self.ceiling)
        return found


def _truncation(statistics: Floats, covariance: Floats, vertex: int) -> tuple[Floats, Floats]:
    """Return the range in which the vertex stays the largest, given the rest of the data, shapes (n,)."""
    slope = covariance[:, vertex] / covariance[vertex, vertex]
    rest = statistics - slope[:, None] * statistics[vertex]
    gap = 1 - slope
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = rest / gap[:, None]
    below, above = gap > 1e-10, gap < -1e-10
    low = limit[below].max(axis=0) if below.any() else np.full(statistics.shape[1], -np.inf)
    high = limit[above].min(axis=0) if above.any() else np.full(statistics.shape[1], np.inf)
    return low, high


def _truncated_quantile(probability: float, low: Floats, high: Floats, deviation: float) -> Floats:
    """Return the quantile of a centred normal truncated to [low, high], stable in both tails."""
    a, b = low / deviation, high / deviation
    flip = a > 0
    left, right = np.where(flip, -b, a), np.where(flip, -a, b)
    share = np.where(flip, 1 - probability, probability)
    log_left, log_right = special.log_ndtr(left), special.log_ndtr(right)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        log_mass = np.logaddexp(np.log1p(-share) + log_left, np.log(share) + log_right)
    quantile = special.ndtri_exp(np.minimum(log_mass, 0.0))
    quantile = np.where(np.isfinite(quantile), quantile, right)
    return np.where(flip, -quantile, quantile) * deviation


def _least_favourable(covariance: np.ndarray, size: float, normals: np.ndarray) -> float:
    """Return the quantile of the largest of centred normals with this covariance, from fixed draws.

    The symmetric root is unique; eigenvectors alone have no canonical sign or basis, and the draws they
    made differed by processor.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return float(np.quantile((root @ normals).max(axis=0), 1 - size))
