"""The saturated regression with covariates that vary in time, by Frisch, Waugh and Lovell.

Outcome and covariates are each freed of unit effects, period effects and cells by `fit_saturated`. With
residuals ``y~`` and ``x~``, ``b = (x~'W x~)^-1 x~'W y~``; the cells of ``y - x b`` are those of the
whole regression, and their sampling error adds what ``b`` passes on: ``psi_cells(e) - psi_b G'``, where ``G``
holds the cells of each covariate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Floats
from ..errors import NotIdentifiedError
from .saturated import Saturated, fit_saturated

_ABSORBED = 1e-9
"""Share of a covariate's standard deviation that must be left when effects and cells are taken out."""


@dataclass(frozen=True)
class WithCovariates:
    """The cells, and the covariates' slopes with their influence.

    Attributes
    ----------
    fit : Saturated
    slopes : numpy.ndarray, shape (k,)
    influence : numpy.ndarray, shape (units, k)
        Each unit's share of the slopes' sampling error.
    """

    fit: Saturated
    slopes: np.ndarray
    influence: np.ndarray


def fit_with_covariates(
    y: np.ndarray,
    covariates: np.ndarray,
    names: Sequence[str],
    weights: np.ndarray,
    cohort: np.ndarray,
    cells: np.ndarray,
) -> WithCovariates:
    """Return the exact solution of the regression on effects, cells and covariates.

    Parameters
    ----------
    covariates : numpy.ndarray, shape (units, 1 or periods, k)
    names : sequence of str
        Of the covariates, for messages.
    y, weights, cohort, cells
        Of `fit_saturated`.

    Raises
    ------
    NotIdentifiedError
        If unit effects, period effects and cells, or the other covariates, explain a covariate.
    """
    ones = np.ones((len(cohort), 1))
    seen = weights > 0
    x = np.where(seen[:, :, None], np.broadcast_to(covariates, (*weights.shape, len(names))), 0.0)
    alone = [fit_saturated(x[:, :, k], weights, cohort, ones, cells) for k in range(len(names))]
    free = np.stack([part.residual for part in alone], axis=2)
    inverse = _inverse_moments(free, x, weights, names)
    slopes = inverse @ np.einsum("nt,ntk,nt->k", weights, free, np.where(seen, y, 0.0))
    fit = fit_saturated(np.where(seen, y, 0.0) - x @ slopes, weights, cohort, ones, cells)
    influence = np.einsum("nt,ntk,nt->nk", weights, free, fit.residual) @ inverse
    passed_on = influence @ np.column_stack([part.effects[:, 0] for part in alone]).T
    return WithCovariates(replace(fit, influence=fit.influence - passed_on), slopes, influence)


def _inverse_moments(free: Floats, x: Floats, weights: Floats, names: Sequence[str]) -> np.ndarray:
    moments = np.einsum("nt,ntj,ntk->jk", weights, free, free)
    centred = x - np.einsum("nt,ntk->k", weights, x) / weights.sum()
    spread = np.einsum("nt,ntk->k", weights, centred**2)
    gone = np.diag(moments) <= _ABSORBED**2 * spread
    if gone.any():
        absorbed = [name for name, is_gone in zip(names, gone, strict=True) if is_gone]
        raise NotIdentifiedError(
            f"covariate {absorbed} is explained by unit effects, period effects and cells: leave it out"
        )
    scale = np.sqrt(np.diag(moments))
    correlation = moments / np.outer(scale, scale)
    if np.linalg.cond(correlation) > 1 / _ABSORBED:
        raise NotIdentifiedError(
            f"covariates {list(names)} are collinear given effects and cells: leave one out"
        )
    found: np.ndarray = np.linalg.inv(correlation) / np.outer(scale, scale)
    return found
