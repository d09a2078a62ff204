"""Sandwich covariances of coefficients on residualised columns, before small-sample factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import Floats
from ..errors import EstimationError
from ..linalg.groups import gram, product_sum
from .few_clusters import require_two, warn_few

KINDS = ("iid", "HC1", "HC2", "HC3", "CRV1", "CRV2", "CRV3")


def iid(bread: Floats, residual: Floats, weights: Floats | None) -> Floats:
    """Return ``sum(w e^2) / n`` times the bread: the classical covariance without its correction."""
    squares = residual @ (residual if weights is None else residual * weights)
    return bread * (squares / len(residual))


def hetero(
    bread: Floats,
    columns: Floats,
    residual: Floats,
    weights: Floats | None,
    leverage: Floats | None = None,
    power: int = 0,
) -> Floats:
    """Return the heteroskedasticity-robust covariance: HC0, or divided by ``(1 - leverage) ** power``.

    `power` is 1 for HC2 and 2 for HC3 (MacKinnon and White 1985, doi:10.1016/0304-4076(85)90158-7).
    """
    squared = (residual if weights is None else residual * weights) ** 2
    if leverage is not None:
        squared = squared / (1.0 - leverage) ** power
    return bread @ gram(columns, weights=squared) @ bread


def cluster_scores(
    codes: np.ndarray, columns: np.ndarray, residual: np.ndarray, weights: np.ndarray | None
) -> np.ndarray:
    """Return the sums of scores by cluster, shape (G, k)."""
    factor = residual if weights is None else residual * weights
    return product_sum(codes, columns, factor, int(codes.max()) + 1)


def sandwich(bread: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return ``bread scores' scores bread``."""
    half = scores @ bread
    found: np.ndarray = half.T @ half
    return found


def clustered(
    bread: np.ndarray,
    codes: Sequence[np.ndarray],
    columns: np.ndarray,
    residual: np.ndarray,
    weights: np.ndarray | None,
) -> np.ndarray:
    """Return the cluster-robust covariance, one- or two-way, without a factor.

    Liang and Zeger (1986, doi:10.1093/biomet/73.1.13); two ways add up and take off the intersection:
    Cameron, Gelbach and Miller (2011, doi:10.1198/jbes.2010.07136).
    """
    total = sum(sandwich(bread, cluster_scores(item, columns, residual, weights)) for item in codes)
    if len(codes) == 2:
        both = intersection(codes)
        total = total - sandwich(bread, cluster_scores(both, columns, residual, weights))
    return np.asarray(total)


def intersection(codes: Sequence[np.ndarray]) -> np.ndarray:
    """Return dense codes of the cells of two clusterings."""
    joint = codes[0].astype(np.int64) * (int(codes[1].max()) + 1) + codes[1]
    return np.unique(joint, return_inverse=True)[1]


def require_clusters(codes: Sequence[np.ndarray], names: Sequence[str], kind: str) -> None:
    """Raise unless there are one or two clusterings of two clusters or more, one only for CRV2 and CRV3.

    Few clusters warn under CRV1; CRV2 with its own degrees of freedom and CRV3 are what to do about them.
    """
    if not codes:
        raise EstimationError(f"{kind} needs cluster=, the column whose levels are the clusters")
    if len(codes) > (2 if kind == "CRV1" else 1):
        raise EstimationError(f"{kind} takes {'two clusterings' if kind == 'CRV1' else 'one'} at most")
    for item, name in zip(codes, names, strict=True):
        clusters = int(item.max()) + 1
        require_two(clusters, name)
        if kind == "CRV1":
            warn_few(clusters, name)


def nested_in(codes: np.ndarray, cluster: np.ndarray) -> bool:
    """Return whether every level of `codes` lies in one cluster."""
    if codes is cluster or int(codes.max()) < int(cluster.max()):
        return codes is cluster
    one = np.empty(int(codes.max()) + 1, dtype=cluster.dtype)
    one[codes] = cluster
    return bool((one[codes] == cluster).all())
