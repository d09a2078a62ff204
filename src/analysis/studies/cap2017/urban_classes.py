"""Differences by urban-rural class, estimated together, so that classes can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...estimators import Estimates, ols
from ...estimators.core.intervals import t_interval
from .fits import ADJUSTED, DIFFERENCE, MATCHED, WEIGHT, described, matching, weighted
from .sample import CRIME
from .spec import CapSpec

CLASS = "nchs_class_2013"


def by_class(
    counties: pd.DataFrame, treatment: str, outcome: str = CRIME, *, spec: CapSpec
) -> tuple[pd.DataFrame, dict[str, Estimates]]:
    """Return the difference in each class by design, and the joint result of each design.

    Matches lie in the same class, with replacement; the regression has one slope a covariate and a level a
    class. Errors are CRV3 by state in one regression with a treatment indicator a class.
    """
    split = counties.assign(**{_term(c): counties[treatment] * counties[CLASS].eq(c) for c in spec.classes})
    used = weighted(split, matching(split, treatment, outcome, exact=CLASS, spec=spec))
    designs: dict[str, tuple[pd.DataFrame, Sequence[str], str | None]] = {
        DIFFERENCE: (split, (), None),
        MATCHED: (used, (), WEIGHT),
        ADJUSTED: (split, tuple(spec.covariates), None),
    }
    results = {
        design: _joint(table, outcome, names, weights, spec=spec)
        for design, (table, names, weights) in designs.items()
    }
    rows = [
        {"design": design, "class": c, "name": name}
        | _in_class(designs[design][0], outcome, results[design], c, designs[design][2], spec=spec)
        for design in designs
        for c, name in spec.classes.items()
    ]
    return pd.DataFrame(rows), results


def contrast(result: Estimates, plus: int, minus: int, *, spec: CapSpec) -> dict[str, float]:
    """Return the difference in one class less another's: ``estimate, std_error, conf_low, conf_high``."""
    terms = list(result.keys["term"])
    weights = np.zeros(len(terms))
    weights[terms.index(_term(plus))] = 1.0
    weights[terms.index(_term(minus))] -= 1.0
    estimate, std_error = (
        float(weights @ result.estimate),
        float(np.sqrt(weights @ result.covariance @ weights)),
    )
    found = t_interval(estimate, std_error, result.design["df"], spec.level)
    return {name: found[name] for name in ("estimate", "std_error", "conf_low", "conf_high")}


def lowest(table: pd.DataFrame, design: str, besides: int) -> int:
    """Return the class with the lowest difference among all but one."""
    rows = table[(table["design"] == design) & (table["class"] != besides)]
    return int(rows["class"].iloc[int(rows["estimate"].to_numpy().argmin())])


def _joint(
    table: pd.DataFrame, outcome: str, covariates: Sequence[str], weights: str | None, *, spec: CapSpec
) -> Estimates:
    return ols(
        table,
        outcome=outcome,
        treatment=[_term(c) for c in spec.classes],
        covariates=covariates,
        effects=[CLASS],
        weights=weights,
        cluster="state",
        covariance="CRV3",
        level=spec.level,
    )


def _in_class(
    table: pd.DataFrame, outcome: str, result: Estimates, which: int, weights: str | None, *, spec: CapSpec
) -> dict[str, Any]:
    here = table[CLASS].eq(which).to_numpy(bool)
    return described(table, _term(which), outcome, result, weights, only=here, spec=spec)


def _term(which: int) -> str:
    return f"declines_class_{which}"
