"""Coordinates in which Euclidean distance is the matching metric, and propensity scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Array, Floats
from ..errors import ColumnError, EstimationError, NotConvergedError, NotIdentifiedError

SCORES = ("propensity", "linear_propensity")
METRICS = ("inverse_variance", "mahalanobis", *SCORES)


def standardize(values: Floats, names: Sequence[str], weights: np.ndarray | None = None) -> Floats:
    """Centre columns and divide by their standard deviations (divisor n - 1), both weighted if asked.

    With weights ``w`` of sum ``W`` the variance is ``n / (n - 1) sum w (x - mean)^2 / W``.

    Raises
    ------
    ColumnError
        When a column is constant; names it.
    """
    if weights is None:
        centred = values - values.mean(axis=0)
        scale = np.sqrt((centred**2).sum(axis=0) / max(len(values) - 1, 1))
    else:
        share = weights / weights.sum()
        centred = values - share @ values
        scale = np.sqrt(share @ centred**2 * (len(values) / max(len(values) - 1, 1)))
    flat = scale <= 1e-12 * np.maximum(1.0, np.abs(values).max(axis=0, initial=0.0))
    if flat.any():
        constant = [name for name, bad in zip(names, flat, strict=True) if bad]
        raise ColumnError(f"covariate {constant} does not vary among the rows used: leave it out")
    found: Floats = centred / scale
    return found


def metric_root(
    standardized: np.ndarray,
    distance: Floats | str | list[int],
    names: Sequence[str],
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Return ``L`` with ``L @ L.T`` the metric's matrix on standardized covariates.

    Parameters
    ----------
    distance : {"inverse_variance", "mahalanobis"} or array_like, shape (k,) or (k, k)
        Given weights act on standardized covariates.
    """
    if isinstance(distance, str):
        return _named_root(standardized, distance, names, weights)
    weights = np.asarray(distance, float)
    if weights.shape not in ((len(names),), (len(names), len(names))):
        raise EstimationError(f"distance weights have shape {weights.shape}, {len(names)} covariates given")
    if weights.ndim == 1:
        return _diagonal_root(weights)
    return _cholesky(weights, "the matrix of distance weights is not positive definite")


def _named_root(standardized: Floats, distance: str, names: Sequence[str], row_weights: Any) -> Floats:
    if distance == "inverse_variance":
        return np.eye(len(names))
    if distance != "mahalanobis":
        raise EstimationError(f"distance {distance!r} is none of {METRICS}, nor weights")
    correlation = _require_rank(standardized, names, row_weights)
    return _cholesky(np.linalg.inv(correlation), "the covariance of covariates is singular")


def _require_rank(standardized: Floats, names: Sequence[str], weights: Any = None) -> Floats:
    """Return the matrix of second moments, or raise naming the covariates that are collinear."""
    if weights is None:
        moments = standardized.T @ standardized / len(standardized)
    else:
        moments = standardized.T @ (standardized * weights[:, None]) / weights.sum()
    smallest, vectors = np.linalg.eigh(moments)
    if smallest[0] < 1e-7:
        involved = [name for name, load in zip(names, vectors[:, 0], strict=True) if abs(load) > 0.05]
        raise NotIdentifiedError(
            f"the covariance of covariates is singular: {involved} are collinear; leave one out"
        )
    return moments


def _diagonal_root(weights: Floats) -> Floats:
    if (weights < 0).any() or not weights.any():
        raise EstimationError("distance weights must be at least 0, and not all 0")
    return np.diag(np.sqrt(weights))


def _cholesky(matrix: Array, message: str) -> Array:
    try:
        return np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise NotIdentifiedError(message) from None


def propensity(
    treated: np.ndarray, values: np.ndarray, names: Sequence[str], linear: bool = False
) -> np.ndarray:
    """Return logit propensity scores, or their linear index, fitted by maximum likelihood (statsmodels).

    Raises
    ------
    ColumnError
        When a covariate is constant.
    NotIdentifiedError
        When covariates separate treated from controls or are collinear.
    NotConvergedError
        When Newton's method does not settle.
    """
    import warnings

    from statsmodels.api import Logit, add_constant
    from statsmodels.tools.sm_exceptions import PerfectSeparationError, PerfectSeparationWarning

    _require_rank(standardize(values, names), names)
    design = add_constant(values, has_constant="add")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", PerfectSeparationWarning)
            fit = Logit(treated.astype(float), design).fit(disp=0, maxiter=100, tol=1e-12)
    except (PerfectSeparationError, PerfectSeparationWarning):
        raise NotIdentifiedError("the covariates separate treated from controls: no overlap") from None
    except np.linalg.LinAlgError:
        raise NotIdentifiedError("the propensity score's covariates are collinear: leave one out") from None
    if not fit.mle_retvals["converged"]:
        raise NotConvergedError("the propensity score's logit did not converge")
    return design @ fit.params if linear else np.asarray(fit.predict())
