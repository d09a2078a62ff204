"""Matching estimates and their variances (Abadie & Imbens 2006, 2011; Abadie & Spiess 2022): kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Bools, Floats, Ints
from .neighbors import Pairs, with_ties, with_weighted_ties


def pair_differences(
    outcomes: Floats, treated: Bools, pairs: Pairs, bias: Any = None, weights: Any = None
) -> Floats:
    """Return each pair's outcome difference, treated minus control, shape (pairs, outcomes).

    Parameters
    ----------
    outcomes : numpy.ndarray, shape (n, outcomes)
    treated : numpy.ndarray of bool, shape (n,)
    bias : numpy.ndarray, shape (n, z), optional
        Covariates of the linear bias adjustment of Abadie & Imbens (2011).
    weights : numpy.ndarray, shape (n,), optional
        Of the units.
    """
    donated = outcomes[pairs.donor]
    if bias is not None:
        share = pairs.weight if weights is None else pairs.weight * weights[pairs.target]
        donated = donated + _bias(outcomes, treated, pairs, bias, share)
    sign = np.where(treated[pairs.target], 1.0, -1.0)[:, None]
    found: Floats = sign * (outcomes[pairs.target] - donated)
    return found


def unit_effects(differences: Floats, focal: Ints, pairs: Pairs) -> np.ndarray:
    """Return each focal unit's effect, the weighted mean over its pairs, shape (focal, outcomes)."""
    effects = np.zeros((len(focal), differences.shape[1]))
    np.add.at(effects, np.searchsorted(focal, pairs.target), pairs.weight[:, None] * differences)
    return effects


def _bias(outcomes: Floats, treated: Bools, pairs: Pairs, bias: Floats, share: Floats) -> Floats:
    """Return the predicted change of each donated outcome from the donor's to the target's covariates."""
    shift = np.zeros((len(pairs.target), outcomes.shape[1]))
    for arm in (False, True):
        rows = treated[pairs.donor] == arm
        if rows.any():
            slopes = _slopes(outcomes[pairs.donor[rows]], bias[pairs.donor[rows]], share[rows])
            shift[rows] = (bias[pairs.target[rows]] - bias[pairs.donor[rows]]) @ slopes
    return shift


def _slopes(outcomes: Floats, covariates: Floats, weight: Floats) -> Floats:
    root = np.sqrt(weight)[:, None]
    design = np.column_stack([np.ones(len(covariates)), covariates])
    found: Floats = np.linalg.lstsq(design * root, outcomes * root, rcond=None)[0][1:]
    return found


def use_counts(n: int, pairs: Pairs, weights: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Return ``K = sum w_i s_ij`` and ``sum w_i^2 s_ij^2`` of each donor j with shares s."""
    given = pairs.weight * weights[pairs.target]
    first = np.bincount(pairs.donor, given, minlength=n)
    second = np.bincount(pairs.donor, given**2, minlength=n)
    return first, second


def covariance(
    differences: Floats,
    outcomes: Floats,
    treated: Bools,
    focal: Ints,
    pairs: Pairs,
    coordinates: Floats,
    variance: str = "population",
    neighbours: int = 0,
    weights: Any = None,
) -> Floats:
    r"""Return Abadie and Imbens's covariance of the mean effects, shape (outcomes, outcomes).

    With weights :math:`w` (ones without), :math:`W` their sum over focal units, :math:`f` who is focal and
    :math:`K_j = \sum_i w_i s_{ij}`, the effects' mean is linear in outcomes with coefficients
    :math:`(f w + K) / W`: for the units at hand its variance is :math:`\sum \sigma^2 (f w + K)^2 / W^2`. For
    the population, :math:`\sum w^2 (\hat\tau_i - \hat\tau)^2 / W^2` is added, less the noise in each
    :math:`\hat\tau_i`, :math:`\sigma_i^2 + \sum_j s_{ij}^2 \sigma_j^2`.

    Parameters
    ----------
    differences : numpy.ndarray, shape (pairs, outcomes)
    focal : numpy.ndarray of int, shape (m,)
        Units whose effects are averaged, ascending.
    variance : {"population", "sample"}
        For the average effect of the population sampled, or of the units at hand.
    neighbours : int
        0: one outcome variance for all units, half the weighted mean square of the pairs' centred
        differences. J > 0: each unit's from its J nearest neighbours in its own arm,
        ``(y - mean)^2 / (1 + sum of squared shares)``, which is ``J/(J+1) (y - mean)^2`` without weights.
    weights : numpy.ndarray, shape (n,), optional
    """
    own = np.ones(len(outcomes)) if weights is None else weights
    effects = unit_effects(differences, focal, pairs)
    total = own[focal].sum()
    mean = own[focal] @ effects / total
    used, squared = use_counts(len(outcomes), pairs, own)
    focal_weight = np.zeros(len(outcomes))
    focal_weight[focal] = own[focal]
    load = (focal_weight + used) ** 2
    if variance == "population":
        load = load - focal_weight**2 - squared
    if neighbours == 0:
        noise = load.sum() * 0.5 * _second_moment(differences - mean, pairs.weight * own[pairs.target])
    else:
        residual = _own_arm_residuals(outcomes, treated, coordinates, neighbours, weights)
        noise = residual.T @ (residual * load[:, None])
    centred = (effects - mean) * own[focal, None]
    spread = centred.T @ centred if variance == "population" else 0.0
    found: Floats = (noise + spread) / total**2
    return found


def _second_moment(centred: Floats, weight: Floats) -> Floats:
    found: Floats = centred.T @ (centred * weight[:, None]) / weight.sum()
    return found


def _own_arm_residuals(
    outcomes: Floats, treated: Bools, coordinates: Floats, neighbours: int, weights: Any = None
) -> Floats:
    """Return residuals whose squares estimate conditional variances; all ties count."""
    residual = np.zeros_like(outcomes)
    for arm in (False, True):
        rows = np.flatnonzero(treated == arm)
        if weights is not None and len(rows) > 1:
            residual[rows] = _weighted_residuals(outcomes[rows], coordinates[rows], weights[rows], neighbours)
            continue
        wanted = min(neighbours, len(rows) - 1)
        if wanted < 1:
            continue
        target, donor, _ = with_ties(coordinates[rows], coordinates[rows], wanted + 1)
        target, donor = target[target != donor], donor[target != donor]
        count = np.bincount(target, minlength=len(rows))[:, None]
        near = np.zeros((len(rows), outcomes.shape[1]))
        np.add.at(near, target, outcomes[rows[donor]])
        residual[rows] = np.sqrt(count / (count + 1)) * (outcomes[rows] - near / count)
    return residual


def _weighted_residuals(outcomes: Floats, coordinates: Floats, weights: Floats, neighbours: int) -> Floats:
    others = ~np.eye(len(weights), dtype=bool)
    target, donor, _ = with_weighted_ties(
        coordinates, coordinates, weights, neighbours, lambda block: others[block]
    )
    share = weights[donor] / np.bincount(target, weights[donor])[target]
    near = np.zeros_like(outcomes)
    np.add.at(near, target, share[:, None] * outcomes[donor])
    return (outcomes - near) / np.sqrt(1 + np.bincount(target, share**2))[:, None]


def clustered_difference(
    outcomes: Floats, treated: Bools, weights: Floats, clusters: Ints, adjust: Floats | None = None
) -> tuple[Floats, Floats]:
    """Regress outcomes on treatment in the matched sample, errors clustered (Abadie & Spiess 2022).

    Parameters
    ----------
    outcomes : numpy.ndarray, shape (n, outcomes)
        Rows of the matched sample only.
    weights : numpy.ndarray, shape (n,)
    clusters : numpy.ndarray of int, shape (n,)
        Matched set of each row.
    adjust : numpy.ndarray, shape (n, z), optional
        Covariates that enter the regression linearly.

    Returns
    -------
    estimate : numpy.ndarray, shape (outcomes,)
    covariance : numpy.ndarray, shape (outcomes, outcomes)
        CR1: times ``G/(G-1) (n-1)/(n-k)``.
    """
    parts = [np.ones(len(treated)), treated.astype(float)]
    design = np.column_stack(parts if adjust is None else [*parts, adjust])
    bread = np.linalg.pinv(design.T @ (design * weights[:, None]))
    coefficients = bread @ (design.T @ (outcomes * weights[:, None]))
    errors = (outcomes - design @ coefficients) * weights[:, None]
    influence = (design @ bread[:, 1])[:, None] * errors
    sums = np.zeros((int(clusters.max()) + 1, outcomes.shape[1]))
    np.add.at(sums, clusters, influence)
    groups, (n, k) = len(np.unique(clusters)), design.shape
    return coefficients[1], sums.T @ sums * groups / (groups - 1) * (n - 1) / (n - k)
