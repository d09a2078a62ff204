"""Multiplier bootstrap of influence functions: uniform bands by the distribution of the largest t."""

from __future__ import annotations

import numpy as np

from ..errors import EstimationError
from ..linalg.threads import each

_CHUNK, _CELLS, _PATTERNS = 250, 5_000_000, 64


def uniform_band(
    contributions: np.ndarray,
    estimate: np.ndarray,
    covariance: np.ndarray,
    draws: int,
    level: float,
    seed: int | None,
    units: int = 1,
) -> dict[str, np.ndarray]:
    """Return ``band_low`` and ``band_high``, or nothing when `draws` is 0.

    Parameters
    ----------
    contributions : numpy.ndarray, shape (clusters, k)
        Each cluster's share of the estimates' sampling error, times `units`.
    estimate, covariance : numpy.ndarray
        Point estimates (k,) and their covariance (k, k).
    draws : int
        Rademacher draws, one sign a cluster.
    level, seed
        Simultaneous coverage; seed.
    """
    if draws == 0:
        return {}
    if seed is None:
        raise EstimationError("give a seed with draws, so that the result can be reproduced")
    std_error = np.sqrt(np.diag(covariance))
    critical = np.quantile(largest_t(contributions, units * std_error, draws, seed), level)
    return {"band_low": estimate - critical * std_error, "band_high": estimate + critical * std_error}


def largest_t(contributions: np.ndarray, std_error: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Return the largest absolute t over the k estimates in each of `draws` sign draws."""
    live = std_error > 0
    chosen = contributions if live.all() else contributions[:, live]
    scaled = np.empty_like(chosen, dtype=np.float32)
    np.divide(chosen, std_error[live], out=scaled, casting="same_kind")
    total, size = scaled.sum(axis=0, dtype=np.float64), max(16, min(_CHUNK, _CELLS // len(scaled)))
    blocks = _blocks(scaled)

    def part(start: int) -> np.ndarray:
        random = np.random.default_rng([seed, start])
        tosses = coins(random, min(size, draws - start), len(scaled))
        heads = np.zeros((len(tosses), scaled.shape[1]))
        for rows, columns, block in blocks:
            heads[:, columns] += tosses[:, rows] @ block
        found: np.ndarray = np.abs(2.0 * heads - total).max(axis=1)
        return found

    return np.concatenate(each(part, range(0, draws, size), parallel=scaled.size * draws > 10**7))


def _blocks(matrix: np.ndarray) -> list[tuple[slice, np.ndarray, np.ndarray]]:
    """Return runs of rows, sorted by which columns are not zero, with those columns and the entries.

    A control enters all cells, a treated unit those of its cohort: most entries are zero. Rows are
    exchangeable here, since each gets coins of its own.
    """
    marks = np.random.default_rng(0).random(matrix.shape[1])
    pattern = (matrix != 0) @ marks
    found, code = np.unique(pattern, return_inverse=True)
    if len(found) > _PATTERNS:
        return [(slice(0, len(matrix)), np.arange(matrix.shape[1]), matrix)]
    order = np.argsort(code, kind="stable")
    ends = np.cumsum(np.bincount(code))
    parts = [
        (slice(end - n, end), order[end - n : end]) for end, n in zip(ends, np.bincount(code), strict=True)
    ]
    columns = [np.flatnonzero(matrix[rows[0]]) for _, rows in parts]
    return [(run, c, matrix[np.ix_(rows, c)]) for (run, rows), c in zip(parts, columns, strict=True)]


def coins(random: np.random.Generator, draws: int, clusters: int) -> np.ndarray:
    """Return fair zeros and ones, shape (draws, clusters), eight to a random byte."""
    packed = np.frombuffer(random.bytes(draws * -(-clusters // 8)), np.uint8).reshape(draws, -1)
    return np.unpackbits(packed, axis=1, count=clusters).astype(np.float32)


def cluster_sums(influence: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Return influence (units, k) summed by cluster (clusters, k), in order of code."""
    sizes = np.bincount(cluster)
    if sizes.max() == 1:
        return influence
    _, code = np.unique(cluster, return_inverse=True)
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    return np.add.reduceat(influence[order], starts, axis=0)
