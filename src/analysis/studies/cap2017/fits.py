"""Estimates of the county study: differences, matching, regression; errors by state; what they can detect."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...estimators import (
    Estimates,
    FewClustersWarning,
    equivalence_test,
    match,
    minimum_detectable_effect,
    ols,
    sign_and_magnitude_errors,
    wild_bootstrap,
)
from .spec import COVARIATES, CRIME, DISTANCE, DRAWS, LEVEL, POWER, SEED, Variant

DIFFERENCE, MATCHED, ADJUSTED, WITHIN = "unadjusted", "matched", "regression-adjusted", "within states"
WEIGHT = "matching_weight"
_SHOWN = ("estimate", "std_error", "p_value", "conf_low", "conf_high")
_COMMON: dict[str, Any] = {"cluster": "state", "covariance": "CRV3", "level": LEVEL}


def selected(frame: pd.DataFrame, variant: Variant) -> pd.DataFrame:
    """Return the counties of a variant: treatment known, marks true, covariates there."""
    needed = [variant.treatment, CRIME, *COVARIATES, *variant.covariates]
    keep = frame[list(variant.sample)].all(axis=1) & frame[needed].notna().all(axis=1)
    return frame[keep].reset_index(drop=True)


def matching(
    counties: pd.DataFrame,
    treatment: str,
    outcome: str | Sequence[str] = CRIME,
    *,
    covariates: Sequence[str] = (),
    exact: str | None = None,
    **options: Any,
) -> Estimates:
    """Match each declining county to its nearest comparison county, with replacement unless told otherwise.

    The estimand is the average difference for the declining counties that have a match.
    """
    names = [*COVARIATES, *covariates]
    options = {"distance": DISTANCE} | options
    return match(counties, outcome=outcome, treatment=treatment, covariates=names, exact=exact, **options)


def weighted(counties: pd.DataFrame, result: Estimates) -> pd.DataFrame:
    """Return the counties a matching or weighting uses, with their weights in `matching_weight`."""
    table = counties.assign(**{WEIGHT: result.extra["weights"]})
    return table[table[WEIGHT] > 0].reset_index(drop=True)


def estimate(
    counties: pd.DataFrame,
    treatment: str,
    outcome: str = CRIME,
    *,
    covariates: Sequence[str] = (),
    effects: Sequence[str] = (),
    weights: str | None = None,
    draws: int = DRAWS,
) -> tuple[dict[str, Any], Estimates]:
    """Return one difference as a row, and its result.

    Intervals and p-values are of t, with cluster-jackknife errors (CRV3) by state; ``p_value_wild`` is that
    of the restricted wild cluster bootstrap by state, missing without draws.
    """
    design: dict[str, Any] = {"covariates": list(covariates), "effects": list(effects), "weights": weights}
    result = ols(counties, outcome=outcome, treatment=treatment, **design, **_COMMON)
    row = described(counties, treatment, outcome, result, weights) | {"p_value_wild": np.nan}
    if draws:
        row["p_value_wild"] = _wild_p_value(counties, treatment, outcome, draws, design)
    return row, result


def _wild_p_value(counties, treatment: str, outcome: str, draws: int, design: dict[str, Any]) -> float:
    with warnings.catch_warnings():
        # It warns where (nearly) every state has declining counties, as within states, where that helps.
        warnings.simplefilter("ignore", FewClustersWarning)
        wild = wild_bootstrap(
            counties,
            outcome=outcome,
            treatment=treatment,
            cluster="state",
            draws=draws,
            seed=SEED,
            intervals=False,
            **design,
        )
    return float(wild.row(term=treatment)["p_value"])


def described(
    counties: pd.DataFrame,
    treatment: str,
    outcome: str,
    result: Estimates,
    weights: str | None = None,
    *,
    only: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return an estimate with its sample, the comparison mean and the smallest effect it could detect.

    Counts and the mean are those of the rows used, among `only` when given.
    """
    rows = np.asarray(result.sample.rows)
    used = rows if only is None else rows & only
    declines = counties[treatment].to_numpy(float) == 1
    states, values = counties["state"].to_numpy(str), counties[outcome].to_numpy(float)
    shares = np.ones(len(counties)) if weights is None else counties[weights].to_numpy(float)
    treated, comparison = used & declines, used & ~declines
    mean = np.average(values[comparison], weights=shares[comparison])
    found = result.row(term=treatment)
    detectable = minimum_detectable_effect(
        float(found["std_error"]), power=POWER, level=LEVEL, df=result.design["df"]
    )
    return {
        **{name: float(found[name]) for name in _SHOWN},
        "treated": int(treated.sum()),
        "comparison": int(comparison.sum()),
        "states": len(np.unique(states[used])),
        "states_declining": len(np.unique(states[treated])),
        "dropped": int((~rows).sum()),
        "comparison_mean": float(mean),
        "detectable": detectable,
        "detectable_share": float(detectable / mean),
    }


def fit_variant(frame: pd.DataFrame, variant: Variant) -> list[dict[str, Any]]:
    """Return the rows of one variant, matched and regression-adjusted."""
    counties = selected(frame, variant)
    treatment, effects = variant.treatment, [variant.exact] if variant.exact else []
    names = [*COVARIATES, *variant.covariates]
    rows = []
    if variant.matched:
        found = matching(counties, treatment, covariates=variant.covariates, exact=variant.exact)
        used = weighted(counties, found)
        row, _ = estimate(used, treatment, weights=WEIGHT)
        rows.append(
            row | {"design": MATCHED, "unmatched": int(found.sample.dropped.get("no admissible match", 0))}
        )
    row, _ = estimate(counties, treatment, covariates=names, effects=effects, weights=variant.weights)
    rows.append(row | {"design": ADJUSTED})
    return [{"group": variant.group, "name": variant.name, **row} for row in rows]


def equivalence(result: Estimates, treatment: str, margins: dict[str, float]) -> pd.DataFrame:
    """Return two one-sided tests of a result against each margin: ``margin, bound, p_value, equivalent``."""
    parts = [
        equivalence_test(result, bound=bound, level=LEVEL).assign(margin=name, bound=bound)
        for name, bound in margins.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    table = table[table["term"] == treatment]
    return table[["margin", "bound", "p_value", "equivalent", "smallest_bound"]].reset_index(drop=True)


def power_of(std_error: float, df: float, effects: Sequence[float]) -> pd.DataFrame:
    """Return power and errors of sign and magnitude of a design for supposed true differences."""
    return sign_and_magnitude_errors(effects, std_error, level=LEVEL, df=df)
