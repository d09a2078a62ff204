"""Multiplier bootstrap of influence functions: uniform bands by the distribution of the largest t."""

from __future__ import annotations

import numpy as np

from ._threads import each
from .errors import EstimationError

_CHUNK, _CELLS = 250, 5_000_000


def uniform_band(
    contributions: np.ndarray,
    estimate: np.ndarray,
    covariance: np.ndarray,
    draws: int,
    level: float,
    seed: int | None,
) -> dict[str, np.ndarray]:
    """Return ``band_low`` and ``band_high``, or nothing when `draws` is 0.

    Parameters
    ----------
    contributions : numpy.ndarray, shape (clusters, k)
        Each cluster's share of the estimates' sampling error.
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
    critical = np.quantile(largest_t(contributions, std_error, draws, seed), level)
    return {"band_low": estimate - critical * std_error, "band_high": estimate + critical * std_error}


def largest_t(contributions: np.ndarray, std_error: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Return the largest absolute t over the k estimates in each of `draws` sign draws."""
    live = std_error > 0
    scaled = (contributions[:, live] / std_error[live]).astype(np.float32)
    total, size = scaled.sum(axis=0, dtype=np.float64), max(16, min(_CHUNK, _CELLS // len(scaled)))

    def part(start: int) -> np.ndarray:
        random = np.random.default_rng([seed, start])
        heads = coins(random, min(size, draws - start), len(scaled)) @ scaled
        return np.abs(2.0 * heads - total).max(axis=1)

    return np.concatenate(each(part, range(0, draws, size), parallel=scaled.size * draws > 10**7))


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
