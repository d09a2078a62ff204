"""Cluster jackknife (CRV3) and bias-reduced (CRV2) covariances with absorbed effects.

Both look at the design without one cluster. Effects nested in the clusters are projected out first:
taking a cluster away takes its own levels away and touches no other row. The other effects stay in the
design as explicit columns. The design is then made orthonormal, A'A = I, so that the part of the hat
matrix in a cluster is A_g A_g' and leaving g out leaves I - A_g'A_g.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from ..arrays import Floats
from ..core.frame import Arrays
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.absorb import Absorber
from ..linalg.absorb_solve import Factor
from ..linalg.least_squares import Linear
from .covariance import nested_in

CELLS = 200_000_000
"""Largest explicit design, in cells (1.6 GB)."""

_SINGULAR = 1e-9


@dataclass(frozen=True)
class ClusterDesign:
    """The design of a fit, orthonormal, seen by clusters.

    Attributes
    ----------
    grams : numpy.ndarray, shape (G, p, p)
        ``A_g' A_g``; the first k of the p columns are the regressors', the rest the explicit effects'.
    moments : numpy.ndarray, shape (G, p)
        ``A_g' e_g`` with e the weighted residuals.
    back : numpy.ndarray, shape (k, k)
        Turns the first k coordinates into coefficients.
    """

    grams: np.ndarray
    moments: np.ndarray
    back: np.ndarray


def cluster_design(arrays: Arrays, fit: Linear) -> ClusterDesign:
    """Build the orthonormal design by clusters from a fit on residualised columns."""
    root = None if arrays.weights is None else np.sqrt(arrays.weights)
    codes = arrays.clusters[0]
    columns = fit.columns if root is None else fit.columns * root[:, None]
    upper = np.linalg.cholesky(columns.T @ columns).T
    parts = [solve_triangular(upper, columns.T, trans="T", lower=False).T, _explicit(arrays, codes, root)]
    design = np.hstack(parts)
    residual = fit.residual if root is None else fit.residual * root
    grams, moments = _by_cluster(design, residual, codes)
    return ClusterDesign(grams, moments, np.linalg.inv(upper))


def _explicit(arrays: Arrays, codes: np.ndarray, root: np.ndarray | None) -> np.ndarray:
    """Return orthonormal columns of the effects that are not nested in the clusters, shape (n, r)."""
    n = len(codes)
    inside = [nested_in(item, codes) for item in arrays.codes]
    blocks = [
        _dummies(item, slopes)
        for item, slopes, nested in zip(arrays.codes, arrays.slopes, inside, strict=True)
        if not nested and _fits(n, int(item.max()) + 1)
    ]
    if not blocks and not any(inside):
        return np.empty((n, 0))
    absorber = Absorber(
        [item for item, nested in zip(arrays.codes, inside, strict=True) if nested],
        weights=arrays.weights,
        slopes=[item for item, nested in zip(arrays.slopes, inside, strict=True) if nested],
    )
    if not blocks:
        return np.empty((n, 0))
    columns = absorber.residualize(np.hstack(blocks), overwrite=True)
    return _orthonormal(columns if root is None else columns * root[:, None])


def _fits(n: int, levels: int) -> bool:
    if n * levels > CELLS:
        raise EstimationError(
            f"CRV2 and CRV3 hold the effects not nested in the clusters as columns: {levels} levels on {n} "
            "rows are too many; use CRV1 or the wild cluster bootstrap"
        )
    return True


def _dummies(codes: np.ndarray, slopes: np.ndarray | None) -> np.ndarray:
    dummies = np.zeros((len(codes), int(codes.max()) + 1), order="F")
    dummies[np.arange(len(codes)), codes] = 1.0
    return np.hstack([dummies, *[dummies * z[:, None] for z in ([] if slopes is None else slopes.T)]])


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    factor = Factor(columns.T @ columns)
    return factor.orthonormal(columns)


def _by_cluster(design: np.ndarray, residual: np.ndarray, codes: np.ndarray) -> tuple[Floats, Floats]:
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))
    starts = ends - np.bincount(codes)
    design, residual = np.ascontiguousarray(design[order]), residual[order]
    pieces = [slice(start, end) for start, end in zip(starts, ends, strict=True)]
    grams = np.stack([design[piece].T @ design[piece] for piece in pieces])
    moments = np.stack([residual[piece] @ design[piece] for piece in pieces])
    return grams, moments


def jackknife(
    design: ClusterDesign, names: Sequence[str], cluster_labels: Sequence[Any] | None = None
) -> Floats:
    """Return the coefficients without each cluster, less the full ones, shape (G, k).

    Raises
    ------
    NotIdentifiedError
        A coefficient is not identified without one of the clusters.
    """
    k = len(design.back)
    values, vectors = np.linalg.eigh(design.grams)
    gone = values > 1.0 - _SINGULAR
    lost = np.abs(vectors[:, :k, :]).max(axis=1) > 1e-6
    if (gone & lost).any():
        g = int(np.flatnonzero((gone & lost).any(axis=1))[0])
        raise NotIdentifiedError(
            f"without cluster {g} (in sorted order) the coefficients {list(names)} are not all identified: "
            "CRV3 does not exist; use CRV1, CRV2 or randomization inference"
        )
    inverse = np.where(gone, 0.0, 1.0 / np.where(gone, 1.0, 1.0 - values))
    turned = np.einsum("gpq,gp->gq", vectors, design.moments)
    change = np.einsum("gpq,gq->gp", vectors, inverse * turned)[:, :k]
    found: Floats = -change @ design.back.T
    return found


def crv3(design: ClusterDesign, names: Sequence[str]) -> np.ndarray:
    """Return the cluster jackknife covariance, (G - 1) / G times the squared changes.

    MacKinnon, Nielsen and Webb (2023, doi:10.1016/j.jeconom.2022.04.001), centred at the estimate.
    """
    change = jackknife(design, names)
    return (len(change) - 1) / len(change) * change.T @ change


def crv2(design: ClusterDesign) -> tuple[np.ndarray, np.ndarray]:
    """Return the bias-reduced covariance and its Satterthwaite degrees of freedom, shape (k,).

    Bell and McCaffrey (2002); Pustejovsky and Tipton (2018, doi:10.1080/07350015.2016.1247004): residuals
    of cluster g are multiplied by the inverse root of I - H_gg, with errors taken as independent and of
    variance inverse to the weights for both the adjustment and the degrees of freedom.
    """
    k = len(design.back)
    values, vectors = np.linalg.eigh(design.grams)
    values = np.clip(values, 0.0, 1.0)
    gone = values > 1.0 - _SINGULAR
    shrink = np.where(gone, 0.0, 1.0 / np.sqrt(np.where(gone, 1.0, 1.0 - values)))
    # (I - A_g A_g')^(-1/2) A_g = A_g V diag(shrink) V', for the columns of A_g
    adjust = np.einsum("gpq,gq,grq->gpr", vectors, shrink, vectors)
    regressors = adjust[:, :, :k]
    scores = np.einsum("gpj,gp->gj", regressors, design.moments) @ design.back.T
    return scores.T @ scores, _satterthwaite(design, regressors)


def _satterthwaite(design: ClusterDesign, regressors: np.ndarray) -> np.ndarray:
    # p_g = (I - H)[:, g] a_g with a_g = A_g c_g; a_g'a_g = c_g' M_g c_g and A_g'a_g = M_g c_g
    combos = regressors @ design.back.T
    crossed = design.grams @ combos
    own = np.einsum("gpj,gpj->gj", combos, crossed)
    trace = (own - np.einsum("gpj,gpj->gj", crossed, crossed)).sum(axis=0)
    shared = np.einsum("gpj,gqj->jpq", crossed, crossed)
    square = (own**2).sum(axis=0) - 2 * (own * np.einsum("gpj,gpj->gj", crossed, crossed)).sum(axis=0)
    square = square + np.einsum("jpq,jpq->j", shared, shared)
    found: np.ndarray = trace**2 / square
    return found
