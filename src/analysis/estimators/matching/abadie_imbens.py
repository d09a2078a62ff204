"""Matching estimates and their variances (Abadie & Imbens 2006, 2011; Abadie & Spiess 2022): kernels."""

from __future__ import annotations

import numpy as np

from .neighbors import Pairs, with_ties


def pair_differences(outcomes, treated, pairs: Pairs, bias=None) -> np.ndarray:
    """Return each pair's outcome difference, treated minus control, shape (pairs, outcomes).

    Parameters
    ----------
    outcomes : numpy.ndarray, shape (n, outcomes)
    treated : numpy.ndarray of bool, shape (n,)
    bias : numpy.ndarray, shape (n, z), optional
        Covariates of the linear bias adjustment of Abadie & Imbens (2011).
    """
    donated = outcomes[pairs.donor]
    if bias is not None:
        donated = donated + _bias(outcomes, treated, pairs, bias)
    sign = np.where(treated[pairs.target], 1.0, -1.0)[:, None]
    return sign * (outcomes[pairs.target] - donated)


def unit_effects(differences, focal, pairs: Pairs) -> np.ndarray:
    """Return each focal unit's effect, the weighted mean over its pairs, shape (focal, outcomes)."""
    effects = np.zeros((len(focal), differences.shape[1]))
    np.add.at(effects, np.searchsorted(focal, pairs.target), pairs.weight[:, None] * differences)
    return effects


def _bias(outcomes, treated, pairs, bias):
    """Return the predicted change of each donated outcome from the donor's to the target's covariates."""
    shift = np.zeros((len(pairs.target), outcomes.shape[1]))
    for arm in (False, True):
        rows = treated[pairs.donor] == arm
        if rows.any():
            slopes = _slopes(outcomes[pairs.donor[rows]], bias[pairs.donor[rows]], pairs.weight[rows])
            shift[rows] = (bias[pairs.target[rows]] - bias[pairs.donor[rows]]) @ slopes
    return shift


def _slopes(outcomes, covariates, weight):
    root = np.sqrt(weight)[:, None]
    design = np.column_stack([np.ones(len(covariates)), covariates])
    return np.linalg.lstsq(design * root, outcomes * root, rcond=None)[0][1:]


def use_counts(n, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each unit serves as a match, in shares, and the sum of squared shares."""
    first = np.bincount(pairs.donor, pairs.weight, minlength=n)
    second = np.bincount(pairs.donor, pairs.weight**2, minlength=n)
    return first, second


def covariance(
    differences, outcomes, treated, focal, pairs, coordinates, variance="population", neighbours=0
):
    """Return Abadie and Imbens's covariance of the mean effects, shape (outcomes, outcomes).

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
        ``J/(J+1) (y - mean)^2``.
    """
    m = len(focal)
    effects = unit_effects(differences, focal, pairs)
    mean = effects.mean(axis=0)
    used, squared = use_counts(len(outcomes), pairs)
    is_focal = np.zeros(len(outcomes))
    is_focal[focal] = 1.0
    load = (is_focal + used) ** 2
    if variance == "population":
        load = load - is_focal - squared
    if neighbours == 0:
        noise = load.sum() * 0.5 * _second_moment(differences - mean, pairs.weight)
    else:
        residual = _own_arm_residuals(outcomes, treated, coordinates, neighbours)
        noise = residual.T @ (residual * load[:, None])
    spread = m * _second_moment(effects - mean, np.ones(m)) if variance == "population" else 0.0
    return (noise + spread) / m**2


def _second_moment(centred, weight):
    return centred.T @ (centred * weight[:, None]) / weight.sum()


def _own_arm_residuals(outcomes, treated, coordinates, neighbours):
    """Return residuals whose squares estimate conditional variances; all ties count."""
    residual = np.zeros_like(outcomes)
    for arm in (False, True):
        rows = np.flatnonzero(treated == arm)
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


def clustered_difference(outcomes, treated, weights, clusters, adjust=None):
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
