"""Nearest neighbours with ties, calipers and strata: arrays in, arrays of pairs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from ..arrays import Array, Bools, Floats, Ints

TIE_TOLERANCE = 1e-5
_SPARE = 1
_LEAF = 32
_BLOCK = 2_000_000


@dataclass(frozen=True)
class Pairs:
    """Matches in compressed form: pair ``p`` joins ``target[p]`` with ``donor[p]``.

    Attributes
    ----------
    target, donor : numpy.ndarray of int, shape (pairs,)
        Row of the unit whose missing outcome is imputed, and of the unit it is imputed from.
    distance : numpy.ndarray, shape (pairs,)
        Distance (not squared) in the metric matched on.
    weight : numpy.ndarray, shape (pairs,)
        Share of `donor` in the imputation of `target`; the shares of a target sum to one.
    """

    target: np.ndarray
    donor: np.ndarray
    distance: np.ndarray
    weight: np.ndarray


def make_pairs(target: Ints, donor: Ints, squared: Floats, weights: Any = None) -> Pairs:
    """Sort pairs by target and donor; donors share a target equally, or by the `weights` of rows."""
    order = np.lexsort((donor, target))
    target, donor, squared = target[order], donor[order], squared[order]
    if weights is not None:
        total = np.bincount(target, weights[donor])
        return Pairs(target, donor, np.sqrt(squared), weights[donor] / total[target])
    matched = np.bincount(target, minlength=int(target.max(initial=-1)) + 1)
    return Pairs(target, donor, np.sqrt(squared), 1.0 / matched[target])


def squared_distances(queries: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Return squared Euclidean distances, shape (queries, pool), summed a column at a time."""
    total = np.zeros((len(queries), len(pool)))
    for left, right in zip(queries.T, pool.T, strict=True):
        total += (left[:, None] - right[None, :]) ** 2
    return total


def _row_distances(left: Floats, right: Floats) -> Floats:
    found: Floats = ((left - right) ** 2).sum(axis=1)
    return found


def with_ties(
    queries: Floats, pool: Floats, neighbours: int, tolerance: float = TIE_TOLERANCE
) -> tuple[np.ndarray, ...]:
    """Return every donor no further than the `neighbours`-th nearest plus a tolerance.

    Parameters
    ----------
    queries, pool : numpy.ndarray, shapes (q, k) and (p, k)
        Coordinates in which Euclidean distance is the metric.
    neighbours : int
        At most ``p``.
    tolerance : float
        Added to the squared distance of the last neighbour.

    Returns
    -------
    target, donor : numpy.ndarray of int
        Positions in `queries` and `pool`.
    squared : numpy.ndarray
        Squared distances.
    """
    tree = cKDTree(pool, leafsize=_LEAF, balanced_tree=False, compact_nodes=False)
    wanted = min(neighbours + _SPARE, len(pool))
    near, where = tree.query(queries, k=np.arange(1, wanted + 1))
    radius = near[:, neighbours - 1] ** 2 + tolerance
    cut_off = (near[:, -1] ** 2 <= radius) & (wanted < len(pool))
    inside = (near**2 <= radius[:, None]) & ~cut_off[:, None]
    target, _ = np.nonzero(inside)
    more_target, more_donor = _in_balls(tree, queries, radius, np.flatnonzero(cut_off))
    target = np.concatenate([target, more_target])
    donor = np.concatenate([where[inside], more_donor]).astype(np.int64)
    return target, donor, _row_distances(queries[target], pool[donor])


def _in_balls(tree: cKDTree, queries: Floats, radius: Floats, chosen: Ints) -> tuple[Ints, Ints]:
    if not len(chosen):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    balls = tree.query_ball_point(queries[chosen], np.sqrt(radius[chosen]) * (1 + 1e-12))
    sizes = [len(ball) for ball in balls]
    return np.repeat(chosen, sizes), np.concatenate([np.asarray(ball, np.int64) for ball in balls])


def with_ties_allowed(
    queries: Floats,
    pool: Floats,
    neighbours: int,
    allowed: Callable[..., Any],
    tolerance: float = TIE_TOLERANCE,
) -> tuple[np.ndarray, ...]:
    """Do as `with_ties` among the donors that ``allowed(block_of_positions)`` admits, by full comparison.

    `allowed` returns a boolean array, shape (block, pool). Targets with fewer than `neighbours`
    admitted donors keep those they have.
    """
    parts = []
    step = max(1, _BLOCK // max(1, len(pool)))
    for start in range(0, len(queries), step):
        block = np.arange(start, min(start + step, len(queries)))
        squared = np.where(allowed(block), squared_distances(queries[block], pool), np.inf)
        last = min(neighbours, len(pool)) - 1
        limit = np.partition(squared, last, axis=1)[:, last]
        row, donor = np.nonzero((squared <= limit[:, None] + tolerance) & np.isfinite(squared))
        parts.append((block[row], donor, squared[row, donor]))
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def with_weighted_ties(
    queries: Floats,
    pool: Floats,
    weights: Floats,
    neighbours: int,
    allowed: Callable[[Ints], Array] | None = None,
    tolerance: float = TIE_TOLERANCE,
) -> tuple[np.ndarray, ...]:
    """Return the nearest donors whose weights reach `neighbours`, with those as near as the last, or all.

    Parameters
    ----------
    weights : numpy.ndarray, shape (p,)
        Of the rows of `pool`.
    queries, pool, neighbours, allowed, tolerance
        Of `with_ties` and `with_ties_allowed`.
    """
    parts = []
    step = max(1, _BLOCK // max(1, len(pool)))
    for start in range(0, len(queries), step):
        block = np.arange(start, min(start + step, len(queries)))
        squared = squared_distances(queries[block], pool)
        if allowed is not None:
            squared = np.where(allowed(block), squared, np.inf)
        order = np.argsort(squared, axis=1, kind="stable")
        reached = np.cumsum(weights[order], axis=1) >= neighbours
        last = np.where(reached.any(axis=1), reached.argmax(axis=1), len(pool) - 1)
        limit = squared[np.arange(len(block)), order[np.arange(len(block)), last]]
        row, donor = np.nonzero((squared <= limit[:, None] + tolerance) & np.isfinite(squared))
        parts.append((block[row], donor, squared[row, donor]))
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def keep_first(target: Ints, donor: Ints, squared: Floats, neighbours: int) -> tuple[np.ndarray, ...]:
    """Keep the `neighbours` nearest donors of each target, the lower row first among equals."""
    order = np.lexsort((donor, squared, target))
    target, donor, squared = target[order], donor[order], squared[order]
    starts = np.flatnonzero(np.r_[True, np.diff(target) != 0])
    rank = np.arange(len(target)) - np.repeat(starts, np.diff(np.r_[starts, len(target)]))
    keep = rank < neighbours
    return target[keep], donor[keep], squared[keep]


def greedy(
    queries: Floats, pool: Floats, neighbours: int, sequence: Ints, allowed: Any = None
) -> tuple[Ints, Ints, Floats]:
    """Match without replacement, each target in `sequence` taking its nearest free donors.

    Parameters
    ----------
    queries, pool : numpy.ndarray, shapes (q, k) and (p, k)
    neighbours : int
        Donors a target takes; it may end with fewer when donors run out.
    sequence : numpy.ndarray of int, shape (q,)
        Order in which targets choose; with several neighbours all choose a first, then a second.
    allowed : callable, optional
        As in `with_ties_allowed`.

    Returns
    -------
    target, donor, squared : as `with_ties`. Among equals the lower row is taken.
    """
    free = np.ones(len(pool), bool)
    lists = _candidates(queries, pool) if allowed is None else None
    found = []
    for _ in range(neighbours):
        for target in sequence:
            choice = _from_list(lists, target, free)
            if choice is None:
                choice = _from_all(queries, pool, target, free, allowed)
            if choice is not None:
                free[choice[0]] = False
                found.append((target, *choice))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    target, donor, squared = zip(*found, strict=True)
    return np.array(target, np.int64), np.array(donor, np.int64), np.array(squared)


def _candidates(queries: Floats, pool: Floats, width: int = 32) -> tuple[Ints, Floats]:
    wanted = min(width, len(pool))
    _, where = cKDTree(pool, leafsize=_LEAF, balanced_tree=False, compact_nodes=False).query(
        queries, k=np.arange(1, wanted + 1)
    )
    squared = ((queries[:, None, :] - pool[where]) ** 2).sum(axis=2)
    order = np.lexsort((where, squared), axis=1)
    return np.take_along_axis(where, order, 1), np.take_along_axis(squared, order, 1)


def _from_list(lists: tuple[Ints, Floats] | None, target: int, free: Bools) -> tuple[int, float] | None:
    """Return the nearest free candidate, or None when the list cannot settle it."""
    if lists is None:
        return None
    where, squared = lists[0][target], lists[1][target]
    open_ = free[where]
    first = int(open_.argmax())
    if not open_[first] or squared[first] >= squared[-1]:
        return None
    return int(where[first]), float(squared[first])


def _from_all(
    queries: Floats, pool: Floats, target: int, free: Bools, allowed: Any
) -> tuple[int, float] | None:
    mask = free if allowed is None else free & allowed(np.array([target]))[0]
    if not mask.any():
        return None
    rows = np.flatnonzero(mask)
    squared = _row_distances(queries[target], pool[rows])
    best = int(squared.argmin())
    return int(rows[best]), float(squared[best])
