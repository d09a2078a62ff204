"""Placebo distributions: other units put in the place of treated ones, and what an estimate is among them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Draws as far from zero as the estimate up to this share of it count as reached: sums round.
_TIE = 1e-9


def permute_units(strata: Ints, treated: Ints, *, draws: int, seed: int) -> Ints:
    """Return, for each draw, other units in the place of the treated ones, each of the same stratum.

    Within a stratum units are drawn without replacement, the treated among them.

    Parameters
    ----------
    strata : numpy.ndarray of int, shape (units,)
    treated : numpy.ndarray of int, shape (k,)
        Positions of treated units.
    draws, seed : int

    Returns
    -------
    numpy.ndarray of int, shape (draws, k)
    """
    random = np.random.default_rng(seed)
    own = strata[treated]
    chosen = np.empty((draws, len(treated)), np.int64)
    for value in np.unique(own):
        pool, here = np.flatnonzero(strata == value), np.flatnonzero(own == value)
        chosen[:, here] = random.permuted(np.tile(pool, (draws, 1)), axis=1)[:, : len(here)]
    return chosen


def permute_labels(labels: Ints, *, draws: int, seed: int) -> Ints:
    """Return the labels in a new random order for each draw, shape (draws, k)."""
    return np.random.default_rng(seed).permuted(np.tile(labels, (draws, 1)), axis=1)


def randomization_p_value(estimate: float, draws: Floats) -> float:
    """Return the two-sided p-value of an estimate among draws, the one observed included."""
    reached = np.abs(draws) >= abs(estimate) * (1 - _TIE)
    return float((1 + reached.sum()) / (1 + len(draws)))


def placebo_interval(estimate: float, draws: Floats, level: float) -> tuple[float, float]:
    """Return the constant effects that draws of no effect do not reject: the estimate less their quantiles.

    References
    ----------
    Conley and Taber (2011), doi:10.1162/REST_a_00049.
    """
    # Rounded, so that a level of 0.95 means the percentile 2.5 and not the float beside it.
    tail = round(50 * (1 - level), 9)
    low, high = np.percentile(draws, [tail, 100 - tail])
    return float(estimate - high), float(estimate - low)


def placebo_critical_value(sizes: Floats, level: float) -> float:
    """Return the size that a further draw passes with chance ``1 - level``; missing with too few draws."""
    rank = int(np.ceil(level * (len(sizes) + 1)))
    if rank > len(sizes) or np.isfinite(sizes).sum() < rank:
        return float("nan")
    return float(np.sort(sizes)[rank - 1])
