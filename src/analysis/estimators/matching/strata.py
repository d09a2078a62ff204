"""Estimates from units grouped in strata that hold treated and controls: weights, errors, result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats, Ints
from ..core.checks import require_option
from ..core.result import Estimates
from ..errors import NotIdentifiedError
from .abadie_imbens import clustered_difference
from .matched_sample import MatchFrame, ledger

ESTIMANDS = ("ATT", "ATC", "ATE")


def require_estimand(estimand: str) -> None:
    """Raise `EstimationError` unless the estimand is ATT, ATC or ATE."""
    require_option("estimand", estimand, ESTIMANDS)


def stratum_weights(stratum: np.ndarray, treated: np.ndarray, estimand: str) -> np.ndarray:
    """Return weights that give each arm the target's distribution over strata, shape (n,).

    A stratum without both arms, or numbered -1, has weight 0. Targets of the ATT and ATC weigh 1;
    for the ATE a unit weighs its stratum's size over the size of its arm there.
    """
    inside = stratum >= 0
    size = int(stratum.max(initial=-1)) + 1
    of_treated = np.bincount(stratum[inside & treated], minlength=size).astype(float)
    of_control = np.bincount(stratum[inside & ~treated], minlength=size).astype(float)
    total = {"ATT": of_treated, "ATC": of_control, "ATE": of_treated + of_control}[estimand]
    both = (of_treated > 0) & (of_control > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        for_treated = np.where(both, total / of_treated, 0.0)
        for_control = np.where(both, total / of_control, 0.0)
    code = np.where(inside, stratum, 0)
    weights = np.where(treated, for_treated[code], for_control[code]) if size else np.zeros(len(treated))
    return np.where(inside, weights, 0.0)


def clustered_result(
    frame: MatchFrame,
    method: str,
    stratum: Ints,
    estimand: str,
    design: Mapping[str, Any],
    level: float,
    adjust: bool = False,
    extra: Mapping[str, Any] | None = None,
    why: str = "no counterpart in its stratum",
) -> Estimates:
    """Return the weighted difference of arms, errors clustered by stratum.

    Raises
    ------
    NotIdentifiedError
        When fewer than two strata hold both arms.
    """
    weights = stratum_weights(stratum, frame.treated, estimand)
    rows = weights > 0
    groups = np.unique(stratum[rows], return_inverse=True)[1]
    if groups.max(initial=-1) < 1:
        raise NotIdentifiedError(
            f"{groups.max(initial=-1) + 1} strata hold treated and controls: coarsen, or use fewer covariates"
        )
    covariates = frame.covariates[rows] if adjust else None
    estimate, covariance = clustered_difference(
        frame.outcomes[rows], frame.treated[rows], weights[rows], groups, covariates
    )
    extra = {"stratum": frame.spread(np.where(rows, stratum, np.nan)), **(extra or {})}
    design = {"estimand": estimand, "strata": int(groups.max() + 1), **design}
    design |= {"correction": "CR1 by stratum, G/(G-1) (n-1)/(n-k)", "df": np.inf}
    clusters = int(groups.max() + 1)
    return weighted_result(
        frame, method, weights, {why: ~rows}, estimate, covariance, design, level, extra, clusters
    )


def weighted_result(
    frame: MatchFrame,
    method: str,
    weights: Floats,
    reasons: dict[str, Bools],
    estimate: Floats,
    covariance: Floats,
    design: Mapping[str, Any],
    level: float,
    extra: dict[str, Any],
    clusters: int | None = None,
    influence: Floats | None = None,
) -> Estimates:
    """Return the result of a weighting estimator with weights by given row and the ledger."""
    full = np.zeros(frame.given)
    full[frame.positions] = weights
    return Estimates(
        method=method,
        keys=pd.DataFrame({"term": list(frame.outcome_names)}),
        estimate=np.asarray(estimate),
        covariance=np.asarray(covariance),
        sample=ledger(frame, weights, reasons, clusters),
        design=design,
        level=level,
        influence=influence,
        extra={"weights": full, **(extra or {})},
    )
