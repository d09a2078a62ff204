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
from ..designs.specification import Specification
from .sample import CRIME
from .spec import BOTH, CapSpec

DIFFERENCE, MATCHED, ADJUSTED, WITHIN = "unadjusted", "matched", "regression-adjusted", "within states"
WEIGHT = "matching_weight"
_SHOWN = ("estimate", "std_error", "p_value", "conf_low", "conf_high")


def _common(spec: CapSpec) -> dict[str, Any]:
    return {"cluster": "state", "covariance": "CRV3", "level": spec.level}


def selected(frame: pd.DataFrame, variant: Specification, *, spec: CapSpec) -> pd.DataFrame:
    """Return the counties of a variant: treatment known, marks true, covariates there."""
    needed = [variant.sample["treatment"], CRIME, *spec.covariates, *variant.options["covariates"]]
    keep = frame[list(variant.sample["marks"])].all(axis=1) & frame[needed].notna().all(axis=1)
    return frame[keep].reset_index(drop=True)


def matching(
    counties: pd.DataFrame,
    treatment: str,
    outcome: str | Sequence[str] = CRIME,
    *,
    covariates: Sequence[str] = (),
    exact: str | None = None,
    spec: CapSpec,
    **options: Any,
) -> Estimates:
    """Match each declining county to its nearest comparison county, with replacement unless told otherwise.

    The estimand is the average difference for the declining counties that have a match.
    """
    names = [*spec.covariates, *covariates]
    options = {"distance": spec.distance} | options
    found: Estimates = match(
        counties, outcome=outcome, treatment=treatment, covariates=names, exact=exact, **options
    )
    return found


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
    draws: int | None = None,
    spec: CapSpec,
) -> tuple[dict[str, Any], Estimates]:
    """Return one difference as a row, and its result.

    Intervals and p-values are of t, with cluster-jackknife errors (CRV3) by state; ``p_value_wild`` is that
    of the restricted wild cluster bootstrap by state, missing without draws.
    """
    design: dict[str, Any] = {"covariates": list(covariates), "effects": list(effects), "weights": weights}
    result = ols(counties, outcome=outcome, treatment=treatment, **design, **_common(spec))
    row = described(counties, treatment, outcome, result, weights, spec=spec) | {"p_value_wild": np.nan}
    draws = spec.draws if draws is None else draws
    if draws:
        row["p_value_wild"] = _wild_p_value(counties, treatment, outcome, draws, design, spec=spec)
    return row, result


def _wild_p_value(
    counties: pd.DataFrame, treatment: str, outcome: str, draws: int, design: dict[str, Any], *, spec: CapSpec
) -> float:
    with warnings.catch_warnings():
        # It warns where (nearly) every state has declining counties, as within states, where that helps.
        warnings.simplefilter("ignore", FewClustersWarning)
        wild = wild_bootstrap(
            counties,
            outcome=outcome,
            treatment=treatment,
            cluster="state",
            draws=draws,
            seed=spec.seed,
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
    spec: CapSpec,
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
        float(found["std_error"]), power=spec.power, level=spec.level, df=result.design["df"]
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


def fit_variant(frame: pd.DataFrame, variant: Specification, *, spec: CapSpec) -> list[dict[str, Any]]:
    """Return the rows of one variant, matched and regression-adjusted."""
    counties = selected(frame, variant, spec=spec)
    treatment, exact = variant.sample["treatment"], variant.options["exact"]
    more, weights = variant.options["covariates"], variant.options["weights"]
    rows = []
    if variant.estimator == BOTH:
        found = matching(counties, treatment, covariates=more, exact=exact, spec=spec)
        row, _ = estimate(weighted(counties, found), treatment, weights=WEIGHT, spec=spec)
        unmatched = int(found.sample.dropped.get("no admissible match", 0))
        rows.append(row | {"design": MATCHED, "unmatched": unmatched})
    names, effects = [*spec.covariates, *more], [exact] if exact else []
    row, _ = estimate(counties, treatment, covariates=names, effects=effects, weights=weights, spec=spec)
    rows.append(row | {"design": ADJUSTED})
    return [{"group": variant.group, "name": variant.name, **row} for row in rows]


def equivalence(
    result: Estimates, treatment: str, margins: dict[str, float], *, spec: CapSpec
) -> pd.DataFrame:
    """Return two one-sided tests of a result against each margin: ``margin, bound, p_value, equivalent``."""
    parts = [
        equivalence_test(result, bound=bound, level=spec.level).assign(margin=name, bound=bound)
        for name, bound in margins.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    table = table[table["term"] == treatment]
    return table[["margin", "bound", "p_value", "equivalent", "smallest_bound"]].reset_index(drop=True)


def power_of(std_error: float, df: float, effects: Sequence[float], *, spec: CapSpec) -> pd.DataFrame:
    """Return power and errors of sign and magnitude of a design for supposed true differences."""
    return sign_and_magnitude_errors(effects, std_error, level=spec.level, df=df)
