"""A synthetic control's problem: one treated series, its donors, and what both are matched on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats
from ..errors import EstimationError, NotIdentifiedError
from . import classic_fit as kernels
from .panel import SyntheticPanel


@dataclass(frozen=True)
class Problem:
    """Arrays of one treated series.

    Attributes
    ----------
    donors : numpy.ndarray, shape (j, t)
        Outcomes of donors.
    target : numpy.ndarray, shape (t,)
        Mean outcome of the treated.
    predictors, target_predictors : numpy.ndarray, shapes (p, j) and (p,)
    labels : list of str
        Names of the predictors.
    """

    panel: SyntheticPanel
    recipe: kernels.Recipe
    donors: np.ndarray
    target: np.ndarray
    predictors: np.ndarray
    target_predictors: np.ndarray
    labels: list[str]


def read_problem(
    panel: SyntheticPanel,
    covariates: list[str],
    lags: str | Sequence[Any],
    predictor_weights: str | list[float],
    augment: bool,
    ridge: float | None,
) -> Problem:
    """Check the panel and return the problem; see `synthetic_control` for the arguments."""
    cohorts = panel.cohorts()
    if len(cohorts) > 1:
        raise NotIdentifiedError(
            f"treatment starts in {len(cohorts)} different periods: take one at a time, or synthetic_did"
        )
    if len(panel.donors) < 2:
        raise NotIdentifiedError("a synthetic control needs at least two donors")
    pre, treated = cohorts[0]
    values, labels = _predictors(panel, pre, covariates, lags)
    plain = not covariates and isinstance(predictor_weights, str)
    values, nested = _scaled(values, predictor_weights, labels, plain)
    return Problem(
        panel=panel,
        recipe=kernels.Recipe(pre, nested, augment, ridge),
        donors=panel.outcomes[panel.donors],
        target=panel.outcomes[treated].mean(axis=0),
        predictors=values[panel.donors].T,
        target_predictors=values[treated].mean(axis=0),
        labels=labels,
    )


def _predictors(
    panel: SyntheticPanel, pre: int, covariates: list[str], lags: str | Sequence[Any]
) -> tuple[Floats, list[str]]:
    """Return predictors by unit, shape (n, p), and their names."""
    means = panel.covariates[:, :pre].mean(axis=1)
    before = panel.outcomes[:, :pre]
    if isinstance(lags, str):
        if lags not in ("all", "mean"):
            raise EstimationError(f"lags must be 'all', 'mean' or periods, not {lags!r}")
        chosen = before if lags == "all" else before.mean(axis=1, keepdims=True)
        names = [str(period) for period in panel.times[:pre]] if lags == "all" else ["mean outcome"]
    else:
        times: Any = panel.times[:pre]
        places = times.get_indexer(list(lags))
        if (places < 0).any():
            raise EstimationError(
                f"lags {list(lags)} must be periods before treatment: {list(panel.times[:pre])}"
            )
        chosen, names = before[:, places], [str(period) for period in lags]
    values = np.column_stack([means, chosen])
    if not values.shape[1]:
        raise EstimationError("nothing to match on: name covariates or lags")
    return values, [*covariates, *names]


def _scaled(
    values: Floats, predictor_weights: str | list[float], labels: list[str], plain: bool
) -> tuple[Floats, bool]:
    nested = isinstance(predictor_weights, str) and predictor_weights == "nested"
    if plain and not nested:
        if predictor_weights != "inverse_variance":
            raise EstimationError(f"predictor_weights {predictor_weights!r} is no rule, nor weights")
        return values, False
    spread = values.std(axis=0, ddof=1)
    if (spread <= 1e-12 * np.maximum(np.abs(values).max(axis=0), 1.0)).any():
        flat = [label for label, size in zip(labels, spread, strict=True) if size <= 1e-12]
        raise NotIdentifiedError(f"predictor {flat or labels} does not vary over units: leave it out")
    if isinstance(predictor_weights, str):
        if predictor_weights not in ("inverse_variance", "nested"):
            raise EstimationError(f"predictor_weights {predictor_weights!r} is no rule, nor weights")
        return values / spread, nested
    given = np.asarray(predictor_weights, float)
    if given.shape != spread.shape or (given < 0).any() or not given.any():
        raise EstimationError(
            f"predictor_weights must be {len(spread)} numbers of at least 0, not all 0: {labels}"
        )
    return values / spread * np.sqrt(given), False


def weights_of(problem: Problem) -> np.ndarray:
    """Return the donor weights of the treated series."""
    return kernels.donor_weights(
        problem.recipe, problem.predictors, problem.target_predictors, problem.donors, problem.target
    )


def rms(gap: Floats, pre: int) -> Any:
    """Return the root mean square of gaps before treatment."""
    return np.sqrt((gap[..., :pre] ** 2).mean(axis=-1))
