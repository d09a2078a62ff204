"""Fit every cohort of a panel against the never treated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats
from ..errors import NotIdentifiedError
from . import weights as kernels
from .panel import SyntheticPanel
from .simplex import frank_wolfe


@dataclass(frozen=True)
class CohortFit:
    """One cohort's weights and effect.

    Attributes
    ----------
    pre : int
        Periods before treatment.
    units : numpy.ndarray of int
        Positions of the treated.
    cells : int
        Treated units times periods under treatment.
    fit_before : float
        Root mean square of the gap before treatment, about its weighted mean.
    """

    pre: int
    units: np.ndarray
    cells: int
    rule: kernels.Rule
    unit_weights: np.ndarray
    time_weights: np.ndarray
    effect: float
    fit_before: float


def fit_cohorts(
    panel: SyntheticPanel,
    outcomes: Floats,
    method: str,
    exact: bool,
    solve: Callable[..., Any] = frank_wolfe,
) -> list[CohortFit]:
    """Return a fit for each cohort, in the order of adoption."""
    donors = outcomes[panel.donors]
    fits = []
    for pre, units in panel.cohorts():
        posts = len(panel.times) - pre
        rule = kernels.rule_for(method, donors, pre, len(units), posts, exact, solve)
        target = outcomes[units].mean(axis=0)
        by_unit, by_time, effect = kernels.fit(rule, donors, target, pre)
        gap = (target - by_unit @ donors)[:pre]
        before = float(np.sqrt(np.mean((gap - by_time @ gap) ** 2)))
        fits.append(CohortFit(pre, units, len(units) * posts, rule, by_unit, by_time, effect, before))
    return fits


def project_covariates(panel: SyntheticPanel) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes less the covariates' linear effect, and that effect, estimated on the donors.

    Raises
    ------
    NotIdentifiedError
        When a covariate does not vary within donors beyond unit and period effects.
    """
    width = panel.covariates.shape[2]
    if width == 0:
        return panel.outcomes, np.empty(0)
    design = _two_way(panel.covariates[panel.donors]).reshape(-1, width)
    response = _two_way(panel.outcomes[panel.donors]).ravel()
    scale = np.abs(panel.covariates).max(axis=(0, 1))
    if (flat := np.sqrt((design**2).mean(axis=0)) <= 1e-10 * np.maximum(scale, 1e-300)).any():
        raise NotIdentifiedError(
            f"covariate number {int(flat.argmax()) + 1} does not vary among donors "
            "beyond unit and period effects: leave it out"
        )
    slopes = np.linalg.lstsq(design, response, rcond=None)[0]
    return panel.outcomes - panel.covariates @ slopes, slopes


def _two_way(values: Floats) -> Floats:
    found: Floats = (
        values
        - values.mean(0, keepdims=True)
        - values.mean(1, keepdims=True)
        + values.mean((0, 1), keepdims=True)
    )
    return found
