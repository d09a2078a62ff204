"""Cluster sums that suffice for the wild bootstrap of one coefficient, absorbed effects included.

Bootstrap scores are taken on residuals of the whole model, effects and all. Effects nested in clusters
drop out of them; effects that cross clusters (years, when states are clusters) do not, and testing on
partialled-out data as if they did is another test. Their share is added through the Schur complement of
the nested effects, so it costs sums by cluster and level, not another pass over the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from ..arrays import Floats
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.absorb import Absorber
from ..linalg.absorb_solve import DENSE_LEVELS
from ..linalg.groups import group_sum
from .crossed_effects import BLOCK, Effects, cluster_products, crossing_factor, residual_columns, split

DENSE_PAIRS = 4 * 10**7
JACKKNIFE_COLUMNS = 500
COLLINEAR = 1e-9


@dataclass(frozen=True)
class WildSums:
    """What the bootstrap of one coefficient needs, whatever the number of rows.

    The bootstrap error of row i in draw v is ``(e0 - null * e1)[i] * v[bootstrap cluster of i]``; entries
    of `own`, `nuisance` come in pairs for e0 and e1 (one entry only when the null is not imposed).

    Attributes
    ----------
    own : tuple of arrays
        Sums of the partialled-out regressor times the error: shape (clusters,) when the bootstrap
        clusters are the clusters, else (clusters, bootstrap clusters), sparse or dense.
    numerator : tuple of numpy.ndarray, shape (bootstrap clusters,)
        Sums of the partialled-out regressor times the error by bootstrap cluster.
    nuisance : tuple of numpy.ndarray, shape (bootstrap clusters, K)
        Sums of the other columns times the error.
    spread : numpy.ndarray, shape (clusters, K)
        What a unit of each nuisance sum takes off the score of each cluster.
    total : float
        Sum of squares of the partialled-out regressor.
    estimate : float
    scores : numpy.ndarray, shape (clusters,)
        Scores at the estimate.
    """

    own: tuple[Any, ...]
    numerator: tuple[np.ndarray, ...]
    nuisance: tuple[np.ndarray, ...]
    spread: np.ndarray
    total: float
    estimate: float
    scores: np.ndarray

    @property
    def restricted(self) -> bool:
        """Whether the null is imposed on the bootstrap errors."""
        return len(self.own) == 2

    @property
    def std_error(self) -> float:
        """Cluster-robust standard error without small-sample factor."""
        return float(np.sqrt(self.scores @ self.scores) / self.total)


@dataclass(frozen=True)
class Design:
    """Data with all effects partialled out, and the two partitions.

    Attributes
    ----------
    outcome : numpy.ndarray, shape (n,)
    columns : numpy.ndarray, shape (n, k)
    weights : numpy.ndarray, shape (n,), or None
    cluster, bootstrap_cluster : numpy.ndarray of int, shape (n,)
    n_clusters, n_bootstrap : int
        Numbers of codes; a code may have no row here (it has in another outcome's sample).
    effects, inside, crossing : Effects
        All; those nested in both partitions; the rest.
    raw : numpy.ndarray, shape (n, 1 + k)
        Outcome and columns as given, for the jackknife.
    """

    outcome: np.ndarray
    columns: np.ndarray
    weights: np.ndarray | None
    cluster: np.ndarray
    bootstrap_cluster: np.ndarray
    n_clusters: int
    n_bootstrap: int
    effects: Effects
    inside: Effects
    crossing: Effects
    raw: np.ndarray

    @property
    def same(self) -> bool:
        """Whether the two partitions are one."""
        return self.bootstrap_cluster is self.cluster

    def weighted(self, values: Floats) -> Floats:
        """Return `values` (rows first) times the weights."""
        if self.weights is None:
            return values
        found: Floats = values * (self.weights if values.ndim == 1 else self.weights[:, None])
        return found

    def own(self, regressor: Floats, error: Floats) -> Any:
        """Return sums of regressor times error by cluster, or by cluster and bootstrap cluster."""
        product = self.weighted(regressor * error)
        if self.same:
            return group_sum(self.cluster, product, self.n_clusters)
        shape = (self.n_clusters, self.n_bootstrap)
        return sparse.csr_array(sparse.coo_array((product, (self.cluster, self.bootstrap_cluster)), shape))

    def numerator(self, regressor: np.ndarray, error: np.ndarray) -> np.ndarray:
        """Return sums of regressor times error by bootstrap cluster."""
        return group_sum(self.bootstrap_cluster, self.weighted(regressor * error), self.n_bootstrap)


def partial_out(
    joint: np.ndarray,
    effects: Effects,
    absorber: Absorber,
    cluster: np.ndarray,
    bootstrap_cluster: np.ndarray | None = None,
    n_clusters: int | None = None,
    n_bootstrap: int | None = None,
) -> Design:
    """Partial the effects out of outcome and regressors and sort them into nested and crossing.

    Parameters
    ----------
    joint : numpy.ndarray, shape (n, 1 + k)
        The outcome, then the regressors.
    effects : Effects
    absorber : Absorber
        Of these effects.
    cluster : numpy.ndarray of int, shape (n,)
    bootstrap_cluster : numpy.ndarray of int, shape (n,), optional
        The clusters when omitted.
    n_clusters, n_bootstrap : int, optional
        Numbers of codes, when some have no row here.
    """
    both = absorber.residualize(joint)
    boot = cluster if bootstrap_cluster is None else bootstrap_cluster
    inside, crossing = split(effects, [cluster] if boot is cluster else [cluster, boot])
    return Design(
        both[:, 0],
        both[:, 1:],
        effects.weights,
        cluster,
        boot,
        int(cluster.max()) + 1 if n_clusters is None else n_clusters,
        int(boot.max()) + 1 if n_bootstrap is None else n_bootstrap,
        effects,
        inside,
        crossing,
        joint,
    )


@dataclass(frozen=True)
class Fit:
    """Least squares on partialled-out data: inverse gram matrix, coefficients, residuals."""

    inverse: np.ndarray
    coefficients: np.ndarray
    residuals: np.ndarray


def fit(design: Design) -> Fit:
    """Return the least-squares fit; the caller has dropped collinear columns."""
    weighted = design.weighted(design.columns)
    gram = weighted.T @ design.columns
    scale = np.sqrt(np.diag(gram))
    if (scale == 0).any() or np.linalg.eigvalsh(gram / np.outer(scale, scale))[0] < COLLINEAR:
        raise NotIdentifiedError("the regressors are collinear once effects are absorbed")
    inverse = np.linalg.inv(gram / np.outer(scale, scale)) / np.outer(scale, scale)
    coefficients = inverse @ (weighted.T @ design.outcome)
    return Fit(inverse, coefficients, design.outcome - design.columns @ coefficients)


def wild_sums(design: Design, fitted: Fit, j: int, *, restricted: bool = True, kind: str = "11") -> WildSums:
    """Return the sums for coefficient `j`.

    Parameters
    ----------
    design : Design
    fitted : Fit
    j : int
    restricted : bool
        Impose the null on the bootstrap errors (WCR) or not (WCU).
    kind : {"11", "31"}
        Bootstrap errors from residuals, or from cluster-jackknife residuals (MacKinnon, Nielsen and
        Webb 2023); the t statistic uses CRV1 in both.
    """
    row = fitted.inverse[:, j] / fitted.inverse[j, j]
    regressor = design.columns @ row
    total, estimate = float(1 / fitted.inverse[j, j]), float(fitted.coefficients[j])
    score = group_sum(design.cluster, design.weighted(regressor * fitted.residuals), design.n_clusters)
    known = {"total": total, "estimate": estimate, "scores": score}
    if kind == "31":
        return _jackknife_sums(design, j, regressor, restricted, known)
    errors = (fitted.residuals + regressor * estimate, regressor) if restricted else (fitted.residuals,)
    if design.crossing.width > DENSE_LEVELS or (not design.same and _uneven(design)):
        return _pairwise_sums(design, fitted, regressor, errors, known)
    return _sums(design, fitted, regressor, errors, known)


def _uneven(design: Design) -> bool:
    """Whether effects nested in clusters cross the bootstrap clusters or the other way round."""
    inside = split(design.effects, [design.cluster])[0]
    return len(inside.codes) > len(design.inside.codes)


def _sums(
    design: Design, fitted: Fit, regressor: Floats, errors: tuple[Floats, ...], known: Mapping[str, Any]
) -> WildSums:
    spread = [
        cluster_products(design.cluster, design.n_clusters, regressor, design.columns, design.weights)
        @ fitted.inverse
    ]
    if design.crossing.codes:
        by_level = design.crossing.sums(regressor, design.cluster, design.n_clusters)
        spread.append(crossing_factor(design.inside, design.crossing).solve(by_level.T).T)
    return WildSums(
        tuple(design.own(regressor, error) for error in errors),
        tuple(design.numerator(regressor, error) for error in errors),
        tuple(_nuisance(design, error) for error in errors),
        np.hstack(spread),
        **known,
    )


def _nuisance(design: Design, error: np.ndarray) -> np.ndarray:
    boot, levels = design.bootstrap_cluster, design.n_bootstrap
    sums = [cluster_products(boot, levels, error, design.columns, design.weights)]
    if design.crossing.codes:
        sums.append(design.crossing.sums(error, boot, levels))
    return np.hstack(sums)


def _pairwise_sums(
    design: Design, fitted: Fit, regressor: Floats, errors: tuple[Any, ...], known: Mapping[str, Any]
) -> WildSums:
    """Residualize each cluster's share of the regressor: exact for any effects, one column a cluster."""
    if design.n_clusters * design.n_bootstrap > DENSE_PAIRS:
        raise EstimationError(
            f"effects of {design.crossing.width} levels cross {design.n_clusters} clusters: too large; "
            "cluster at a level in which the largest effect is nested"
        )
    own = [np.empty((design.n_clusters, design.n_bootstrap)) for _ in errors]
    absorber = design.effects.absorber()
    factors = [design.weighted(error) for error in errors]
    for start in range(0, design.n_clusters, BLOCK):
        stop = min(start + BLOCK, design.n_clusters)
        block = np.zeros((len(regressor), stop - start), order="F")
        here = (design.cluster >= start) & (design.cluster < stop)
        block[here, design.cluster[here] - start] = regressor[here]
        block = absorber.residualize(block, overwrite=True)
        block -= design.columns @ (fitted.inverse @ (design.weighted(design.columns).T @ block))
        for into, factor in zip(own, factors, strict=True):
            into[start:stop] = group_sum(design.bootstrap_cluster, block, design.n_bootstrap, factor).T
    empty = np.empty((design.n_bootstrap, 0))
    numerator = tuple(design.numerator(regressor, error) for error in errors)
    return WildSums(tuple(own), numerator, (empty,) * len(own), np.empty((design.n_clusters, 0)), **known)


def _jackknife_sums(
    design: Design, j: int, regressor: Floats, restricted: bool, known: Mapping[str, Any]
) -> WildSums:
    if design.crossing.width > JACKKNIFE_COLUMNS:
        raise EstimationError(
            f"kind '31' refits without each cluster: {design.crossing.width} levels that cross clusters "
            f"are more than {JACKKNIFE_COLUMNS}; use kind '11'"
        )
    columns, outcome = _explicit(design)
    others = np.delete(np.arange(columns.shape[1]), j) if restricted else np.arange(columns.shape[1])
    targets = np.column_stack([outcome, columns[:, j]] if restricted else [outcome])
    errors = _jackknife_errors(design, columns[:, others], targets)
    gram = design.weighted(columns).T @ columns
    boot = design.bootstrap_cluster
    spread = cluster_products(design.cluster, design.n_clusters, regressor, columns, design.weights)
    nuisance = tuple(
        cluster_products(boot, design.n_bootstrap, error, columns, design.weights) for error in errors.T
    )
    own = tuple(design.own(regressor, error) for error in errors.T)
    numerator = tuple(design.numerator(regressor, error) for error in errors.T)
    return WildSums(own, numerator, nuisance, spread @ _pseudo_inverse(gram), **known)


def _pseudo_inverse(gram: Floats) -> Floats:
    """Return the generalised inverse of a gram matrix whose columns were brought to one scale."""
    scale = np.sqrt(np.maximum(np.diag(gram), 0.0))
    scale = np.where(scale > 0, scale, 1.0)
    found: Floats = np.linalg.pinv(gram / np.outer(scale, scale), rcond=COLLINEAR, hermitian=True) / np.outer(
        scale, scale
    )
    return found


def _explicit(design: Design) -> tuple[np.ndarray, np.ndarray]:
    """Return regressors and crossing dummies, and the outcome, with only nested effects partialled out."""
    both = design.inside.absorber().residualize(design.raw)
    if not design.crossing.codes:
        return both[:, 1:], both[:, 0]
    return np.hstack([both[:, 1:], residual_columns(design.inside, design.crossing)]), both[:, 0]


def _jackknife_errors(design: Design, columns: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return out-of-cluster prediction errors of each target, shape (n, targets)."""
    groups, levels = design.bootstrap_cluster, design.n_bootstrap
    weighted = design.weighted(columns)
    gram, moment = weighted.T @ columns, weighted.T @ targets
    order = np.argsort(groups, kind="stable")
    bounds = np.searchsorted(groups[order], np.arange(levels + 1))
    errors = np.empty_like(targets)
    for start, stop in pairwise(bounds):
        rows = order[start:stop]
        less = gram - weighted[rows].T @ columns[rows]
        solution = _pseudo_inverse(less) @ (moment - weighted[rows].T @ targets[rows])
        errors[rows] = targets[rows] - columns[rows] @ solution
    return errors
