"""Multiplier bootstrap of influence functions: uniform bands by the distribution of the largest t."""

from __future__ import annotations

import numpy as np

from .errors import EstimationError

_CHUNK = 250


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
    scaled = contributions[:, live] / std_error[live]
    random = np.random.default_rng(seed)
    parts = [
        np.abs(signs(random, min(_CHUNK, draws - start), len(scaled)) @ scaled).max(axis=1)
        for start in range(0, draws, _CHUNK)
    ]
    return np.concatenate(parts)


def signs(random: np.random.Generator, draws: int, clusters: int) -> np.ndarray:
    """Return Rademacher signs, shape (draws, clusters), eight to a random byte."""
    packed = np.frombuffer(random.bytes(draws * -(-clusters // 8)), np.uint8).reshape(draws, -1)
    return np.unpackbits(packed, axis=1, count=clusters).astype(np.float64) * 2 - 1


def cluster_sums(influence: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Return influence (units, k) summed by cluster (clusters, k), in order of code."""
    _, code = np.unique(cluster, return_inverse=True)
    if len(code) == code.max() + 1:
        return influence
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    return np.add.reduceat(influence[order], starts, axis=0)
