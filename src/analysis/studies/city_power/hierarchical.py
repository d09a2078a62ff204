"""A Poisson model with a random change of every city, fitted to many permuted data sets at once.

Crimes before and after are Poisson with a city's own level; given their sum :math:`N_i`, crimes after are
binomial with log odds :math:`o_i + \\tau + u_i`, where the offset :math:`o_i` holds residents, trend and the
mean change of never-adopting cities, and :math:`u_i \\sim N(0, \\sigma^2_{size})` is the city's own change.
Joint maximization over :math:`(\\tau, u)` is penalized quasi-likelihood (Breslow and Clayton 1993,
doi:10.1080/01621459.1993.10594284); cities without a crime after stay in.
"""

from __future__ import annotations

import numpy as np

from .permutations import Assignments
from .precision import LogRatios, comparison_means, spread_beyond_chance

_STEPS = 50


def hierarchical_effects(made: LogRatios, drawn: Assignments) -> np.ndarray:
    """Return the common log effect of each data set, shape (D,).

    Parameters
    ----------
    made : LogRatios
        With weights of kind ``model``.
    drawn : Assignments
    """
    table, rows, dates = made.table, drawn.rows, drawn.dates
    before, after = table.before[dates, rows], table.after[dates, rows]
    usual = np.log(np.maximum(made.expected[dates, rows], 1e-9) / before)
    offset = usual + comparison_means(made, drawn)
    variance = spread_beyond_chance(made)[table.cities["size"].to_numpy()[rows]]
    known = table.usable[dates, rows] & np.isfinite(offset)
    return _fit(after, before, np.where(known, offset, 0.0), variance, known)


def _fit(
    after: np.ndarray, before: np.ndarray, offset: np.ndarray, variance: np.ndarray, known: np.ndarray
) -> np.ndarray:
    """Solve the penalized score equations by Newton steps; the Hessian is an arrow, so each is a sum."""
    total = np.where(known, after + before, 0.0)
    crimes = np.where(known, after, 0.0)
    effect, change = np.zeros(len(after)), np.zeros_like(after)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(offset + effect[:, None] + change)))
        score, curve = crimes - total * chance, total * chance * (1 - chance)
        own = curve + 1 / variance
        residual = score - change / variance
        step = (score - curve / own * residual).sum(axis=1) / np.maximum(
            (curve / (own * variance)).sum(axis=1), 1e-12
        )
        effect = effect + step
        change = change + (residual - curve * step[:, None]) / own
        if np.abs(step).max() < 1e-10:
            break
    return effect
