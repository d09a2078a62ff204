"""The other effects once the largest is projected out: dense Schur factors, or an iteration."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from scipy.linalg import lapack, solve_triangular

from ..arrays import Array, Floats, Ints
from ..errors import NotConvergedError
from .groups import group_sum, pair_sums, pair_table, square, subtract_groups, subtract_pair

DENSE_LEVELS = 3_000
"""Largest number of remaining levels factored as a dense matrix (72 MB)."""

_SINGULAR = 1e-10
_WEAK = 1e-2

#: Codes of an effect, the number of its levels, and the columns whose slope differs between them.
Part = tuple[Array, int, Floats | None]
#: Codes of an effect, sums by its levels, and the effects.
Sums = list[tuple[Array, Floats, Floats]]


class Block(Protocol):
    """The largest effect, whose part of any columns is known by level (made in `absorb`)."""

    codes: Array
    levels: int
    bases: list[np.ndarray]

    @property
    def mass(self) -> Any:
        """Rows, or weight, of each level."""

    def subtract(self, columns: np.ndarray) -> None:
        """Take the effect's part off columns, in place."""


class Factor:
    """Pivoted Cholesky factor of a positive semi-definite matrix scaled to unit diagonal."""

    def __init__(self, matrix: np.ndarray) -> None:
        diagonal = np.diag(matrix).copy()
        self._scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        scaled = matrix * self._scale[:, None] * self._scale
        lower, pivots, rank, _ = lapack.dpstrf(scaled, tol=_SINGULAR, lower=1)
        self.rank = int(rank)
        self._pivots = pivots[: self.rank] - 1
        self._lower = np.tril(lower[: self.rank, : self.rank])
        self.weakest = float(np.min(np.diag(self._lower), initial=1.0) ** 2)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return one solution of ``matrix @ x = right``; dependent columns get zero."""
        out = np.zeros_like(right)
        scaled = (right * self._scale[:, None])[self._pivots]
        half = solve_triangular(self._lower, scaled, lower=True)
        out[self._pivots] = solve_triangular(self._lower, half, lower=True, trans="T")
        return out * self._scale[:, None]

    def half(self, right: Floats) -> Floats:
        """Return H, shape (rank, m), with ``H' H = right' inverse(matrix) right``."""
        scaled = (right * self._scale[:, None])[self._pivots]
        found: Floats = solve_triangular(self._lower, scaled, lower=True)
        return found

    def orthonormal(self, columns: np.ndarray) -> np.ndarray:
        """Return an orthonormal basis of the span of `columns`, whose cross-product was factored."""
        return self.half(columns.T).T


class PairSchur:
    """Two plain effects: eliminate the larger, factor what is left of the smaller."""

    name, rank_is_exact = "schur", True

    def __init__(self, main: Any, other: Part, weights: Floats | None) -> None:
        self._main, (self._codes, self._levels, _), self._weights = main, other, weights
        self._table = _cross_table(main.codes, main.levels, self._codes, self._levels, weights)
        main.mass, mass = (np.asarray(self._table.sum(axis=axis)).ravel() for axis in (1, 0))
        self._factor = Factor(np.diag(mass) - _squared(self._table, main.mass))
        self.rank = self._factor.rank

    def subtract(self, columns: np.ndarray) -> None:
        """Take the projection on both effects off Fortran `columns`, in place."""
        for _ in range(1 if self._factor.weakest > _WEAK else 3):
            (codes, _, own), (other, _, effects) = self._solve(columns)
            subtract_pair(columns, other, effects, codes, own)

    def moments(self, columns: np.ndarray) -> Sums | None:
        """Return codes, sums and effects of both; None when weakly connected (rounds are needed then)."""
        return None if self._factor.weakest <= _WEAK else self._solve(columns)

    def _solve(self, columns: np.ndarray) -> Sums:
        main = self._main
        sums, other = pair_sums(columns, main.codes, main.levels, self._codes, self._levels, self._weights)
        effects = self._factor.solve(other - self._table.T @ (sums / main.mass[:, None]))
        own = (sums - self._table @ effects) / main.mass[:, None]
        return [(main.codes, sums, own), (self._codes, other, effects)]


class _NoMoments:
    """Designs whose projection is only ever taken off columns."""

    def moments(self, columns: np.ndarray) -> None:
        """Return None."""
        return None


class DenseSchur(_NoMoments):
    """Several effects, with slopes or without, beside the main block."""

    name, rank_is_exact = "schur", True

    def __init__(self, main: Block, rest: list[Part], weights: Floats | None) -> None:
        self._main, self._weights = main, weights
        self._parts = list(_parts(rest))
        self._crosses = [[self._cross(part, basis) for part in self._parts] for basis in [None, *main.bases]]
        self._factor = Factor(self._schur())
        self.rank = self._factor.rank

    def _cross(self, part: Part, basis: Floats | None) -> Floats:
        main, factor = self._main, _times(self._weights, part[2], basis)
        found: Floats = _cross_table(main.codes, main.levels, part[0], part[1], factor)
        return found

    def _schur(self) -> np.ndarray:
        blocks = [[self._own(a, b) for b in self._parts] for a in self._parts]
        total = np.block(blocks)
        for row, mass in zip(self._crosses, self._masses(), strict=True):
            joined = sparse.hstack([sparse.csr_array(item) for item in row]).tocsr()
            total = total - _squared(joined, mass)
        return total

    def _own(self, a: Part, b: Part) -> np.ndarray:
        table = _cross_table(a[0], a[1], b[0], b[1], _times(self._weights, a[2], b[2]))
        found: np.ndarray = table.toarray() if sparse.issparse(table) else table
        return found

    def _masses(self) -> list[Floats]:
        return [self._main.mass, *[np.ones(self._main.levels) for _ in self._main.bases]]

    def subtract(self, columns: np.ndarray) -> None:
        """Take the projection on all effects off Fortran `columns`, in place."""
        self._main.subtract(columns)
        rounds = 1 if self._factor.weakest > _WEAK else 3
        for _ in range(rounds + 1):
            sums = [
                group_sum(code, columns, levels, _times(self._weights, z)) for code, levels, z in self._parts
            ]
            effects = np.split(self._factor.solve(np.vstack(sums)), np.cumsum([len(s) for s in sums])[:-1])
            for (code, _, z), effect in zip(self._parts, effects, strict=True):
                subtract_groups(columns, code, effect, z)
            self._main.subtract(columns)


class Iterative(_NoMoments):
    """Many levels in more than one effect: preconditioned LSMR of `within`, else scipy's, with refinement."""

    name = "iterative"

    def __init__(self, main: Block, rest: list[Part], weights: Floats | None) -> None:
        self._main, self._rest, self._weights = main, rest, weights
        self.rank_is_exact = len(rest) == 1 and rest[0][2] is None and not main.bases
        self.rank = sum(
            levels * (1 + (0 if z is None else z.shape[1])) - _components(main.codes, codes)
            for codes, levels, z in rest
        )
        self._solve = _within(main, rest, weights) or _lsmr(main, rest, weights)

    def subtract(self, columns: np.ndarray) -> None:
        """Take the projection on all effects off Fortran `columns`, in place."""
        size = np.sqrt(_squares(columns, self._weights))
        self._main.subtract(columns)
        for _ in range(8):
            before = columns.copy(order="F")
            columns[...] = self._solve(columns)
            self._main.subtract(columns)
            if (np.sqrt(_squares(before - columns, self._weights)) <= 1e-13 * size).all():
                return
        raise NotConvergedError("the absorbed effects were not solved to 1e-13 in eight refinements")


def _squares(columns: np.ndarray, weights: np.ndarray | None) -> Any:
    return np.sum(columns**2 if weights is None else columns**2 * weights[:, None], axis=0)


@functools.cache
def _within_package() -> Any:
    """Return the package `within`, its threads set to one: their number would show in the last bits.

    It reads the number once, at its first solve, so this holds unless the caller has used it before.
    """
    try:
        import within
    except ImportError:
        return None
    before = os.environ.get("RAYON_NUM_THREADS")
    os.environ["RAYON_NUM_THREADS"] = "1"
    try:
        pair = np.array([0, 0, 1, 1], dtype=np.uint32)
        effects = [within.Effect(pair, True, None), within.Effect(pair[[0, 2, 1, 3]], True, None)]
        within.Solver(within.Design(effects), None).solve(np.arange(4.0))
    finally:
        if before is None:
            del os.environ["RAYON_NUM_THREADS"]
        else:
            os.environ["RAYON_NUM_THREADS"] = before
    return within


def _within(
    main: Block, rest: list[Part], weights: Floats | None
) -> Callable[[np.ndarray], np.ndarray] | None:
    within = _within_package()
    if within is None:
        return None
    effects = [within.Effect(_unsigned(main.codes), True, main.bases or None)]
    effects += [within.Effect(_unsigned(codes), True, _columns(z)) for codes, _, z in rest]
    solver = within.Solver(within.Design(effects), weights)
    options = within.LsmrOptions(tol=1e-12, maxiter=20_000, local_size=10)
    return lambda columns: np.asarray(solver.solve_batch(columns, options).demeaned)


def _lsmr(main: Block, rest: list[Part], weights: Floats | None) -> Callable[[np.ndarray], np.ndarray]:
    from scipy.sparse.linalg import lsmr

    root = 1.0 if weights is None else np.sqrt(weights)
    parts = [(main.codes, main.levels, basis) for basis in [None, *main.bases]]
    blocks = [_dummies(codes, levels, z, root) for codes, levels, z in [*parts, *_parts(rest)]]
    design = sparse.hstack(blocks).tocsr()
    norms = np.sqrt(np.asarray(design.multiply(design).sum(axis=0)).ravel())
    scaled = design @ sparse.diags_array(1.0 / np.where(norms > 0, norms, 1.0))

    def solve(columns: np.ndarray) -> np.ndarray:
        out = np.empty_like(columns)
        for j in range(columns.shape[1]):
            right = columns[:, j] * root
            found = lsmr(scaled, right, atol=1e-14, btol=1e-14, conlim=0, maxiter=100_000)[0]
            out[:, j] = (right - scaled @ found) / root
        return out

    return solve


def _dummies(codes: Array, levels: int, z: Floats | None, root: Floats | float) -> Any:
    values = np.broadcast_to(root if z is None else z * root, codes.shape)
    return sparse.csr_array((values, (np.arange(len(codes)), codes)), shape=(len(codes), levels))


def _unsigned(codes: Array) -> Array:
    return codes.astype(np.uint32)


def _columns(slopes: Floats | None) -> list[Floats] | None:
    return None if slopes is None else [np.ascontiguousarray(z) for z in slopes.T]


def _parts(rest: Sequence[Part]) -> Iterator[Part]:
    for codes, levels, slopes in rest:
        yield codes, levels, None
        for z in () if slopes is None else slopes.T:
            yield codes, levels, np.ascontiguousarray(z)


def _times(*factors: Any) -> Floats | None:
    given = [factor for factor in factors if factor is not None]
    return None if not given else np.multiply.reduce(given) if len(given) > 1 else given[0]


def _cross_table(rows: Ints, n_rows: int, columns: Ints, n_columns: int, factor: Floats | None) -> Any:
    """Return sums of `factor` (ones if None) by pair of codes: dense when small, else sparse."""
    if n_rows * n_columns <= max(4 * len(rows), 1_000_000):
        return pair_table(rows, n_rows, columns, n_columns, factor)
    values = np.ones(len(rows)) if factor is None else factor
    return sparse.coo_array((values, (rows, columns)), shape=(n_rows, n_columns)).tocsr()


def _squared(table: Any, mass: Floats) -> Floats:
    """Return ``table' diag(1 / mass) table`` as a dense matrix."""
    if sparse.issparse(table):
        scaled = sparse.diags_array(1.0 / np.sqrt(mass)) @ table
        found: Floats = (scaled.T @ scaled).toarray()
        return found
    return square(table / np.sqrt(mass)[:, None])


def _components(left: np.ndarray, right: np.ndarray) -> int:
    """Return the number of connected components of the graph of levels of two effects."""
    n_left, n_right = int(left.max()) + 1, int(right.max()) + 1
    nodes = n_left + n_right
    graph = sparse.coo_array((np.ones(len(left), np.int8), (left, right + n_left)), shape=(nodes, nodes))
    return int(sparse.csgraph.connected_components(graph.tocsr(), directed=False)[0])
