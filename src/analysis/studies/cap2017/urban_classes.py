"""Differences by urban-rural class, estimated together, so that classes can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ...estimators import Estimates, ols
from .fits import ADJUSTED, DIFFERENCE, MATCHED, WEIGHT, described, matching, weighted
from .spec import CLASSES, COVARIATES, CRIME, LEVEL

CLASS = "nchs_class_2013"


def by_class(
    counties: pd.DataFrame, treatment: str, outcome: str = CRIME
) -> tuple[pd.DataFrame, dict[str, Estimates]]:
    """Return the difference in each class by design, and the joint result of each design.

    Matches lie in the same class, with replacement; the regression has one slope a covariate and a level a
    class. Errors are CRV3 by state in one regression with a treatment indicator a class.
    """
    split = counties.assign(**{_term(c): counties[treatment] * counties[CLASS].eq(c) for c in CLASSES})
    used = weighted(split, matching(split, treatment, outcome, exact=CLASS))
    designs: dict[str, tuple[pd.DataFrame, Sequence[str], str | None]] = {
        DIFFERENCE: (split, (), None),
        MATCHED: (used, (), WEIGHT),
        ADJUSTED: (split, tuple(COVARIATES), None),
    }
    results = {
        design: _joint(table, outcome, names, weights) for design, (table, names, weights) in designs.items()
    }
    rows = [
        {"design": design, "class": c, "name": name}
        | _in_class(designs[design][0], outcome, results[design], c, designs[design][2])
        for design in designs
        for c, name in CLASSES.items()
    ]
    return pd.DataFrame(rows), results


def contrast(result: Estimates, plus: int, minus: int) -> dict[str, float]:
    """Return the difference in one class less another's: ``estimate, std_error, conf_low, conf_high``."""
    terms = list(result.keys["term"])
    weights = np.zeros(len(terms))
    weights[terms.index(_term(plus))] = 1.0
    weights[terms.index(_term(minus))] -= 1.0
    estimate, std_error = (
        float(weights @ result.estimate),
        float(np.sqrt(weights @ result.covariance @ weights)),
    )
    half = float(stats.t.ppf(0.5 + LEVEL / 2, result.design["df"])) * std_error
    return {
        "estimate": estimate,
        "std_error": std_error,
        "conf_low": estimate - half,
        "conf_high": estimate + half,
    }


def lowest(table: pd.DataFrame, design: str, besides: int) -> int:
    """Return the class with the lowest difference among all but one."""
    rows = table[(table["design"] == design) & (table["class"] != besides)]
    return int(rows["class"].iloc[int(rows["estimate"].to_numpy().argmin())])


def _joint(table: pd.DataFrame, outcome: str, covariates: Sequence[str], weights: str | None) -> Estimates:
    return ols(
        table,
        outcome=outcome,
        treatment=[_term(c) for c in CLASSES],
        covariates=covariates,
        effects=[CLASS],
        weights=weights,
        cluster="state",
        covariance="CRV3",
        level=LEVEL,
    )


def _in_class(
    table: pd.DataFrame, outcome: str, result: Estimates, which: int, weights: str | None
) -> dict[str, Any]:
    here = table[CLASS].eq(which).to_numpy(bool)
    return described(table, _term(which), outcome, result, weights, only=here)


def _term(which: int) -> str:
    return f"declines_class_{which}"
