"""Four ways to match, side by side, in both target designs, with the balance each reaches.

Nearest neighbours, genetic matching, coarsened exact matching and entropy balancing hold the same
covariates constant for the same units and the same outcome. Cities: those whose rule against status
inquiry was in force throughout `CITY_YEAR`, against the controls of `uar2017`, violent crime without
rape per 100,000. Counties: those that decline detainers against the comparison counties of `cap2017`,
crimes per 10,000 in 2015. Errors are those that come with each method and take weights as given; for
counties the matched difference also has errors by state. Coarsened exact matching keeps only treated
units that have a control in their cell, so it estimates the effect on fewer of them: the table says how
many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ..estimators import (
    Estimates,
    NotIdentifiedError,
    balance_table,
    coarsened_exact,
    entropy_balance,
    genetic_match,
    match,
)
from ..panels.store import load
from .cap2017 import fits as cap2017_fits
from .cap2017 import spec as cap2017_spec
from .cap2017 import study as cap2017
from .designs.city_series import city_series
from .uar2017 import spec as uar2017_spec
from .uar2017 import study as uar2017

CITY, COUNTY = "cities", "counties"
CITY_YEAR, CITY_OUTCOME = uar2017_spec.CROSS_SECTION, "violent_without_rape"
#: Bins of equal width a covariate is cut into; finer ones leave hardly a treated unit with a control.
BINS = 3
POPULATION, GENERATIONS, WAIT, SEED = 60, 15, 5, 2017
_Method = Callable[[pd.DataFrame, dict[str, Any]], Estimates]


def _nearest(frame: pd.DataFrame, common: dict[str, Any]) -> Estimates:
    return match(frame, distance="mahalanobis", **common)


def _genetic(frame: pd.DataFrame, common: dict[str, Any]) -> Estimates:
    return genetic_match(
        frame, population=POPULATION, generations=GENERATIONS, wait=WAIT, seed=SEED, **common
    )


def _coarsened(frame: pd.DataFrame, common: dict[str, Any]) -> Estimates:
    return coarsened_exact(frame, cuts=BINS, **common)


def _entropy(frame: pd.DataFrame, common: dict[str, Any]) -> Estimates:
    return entropy_balance(frame, **{key: value for key, value in common.items() if key != "exact"})


METHODS: dict[str, _Method] = {
    "nearest neighbour": _nearest,
    "genetic matching": _genetic,
    "coarsened exact": _coarsened,
    "entropy balancing": _entropy,
}


@dataclass(frozen=True)
class Matchings:
    """The comparison as tables.

    Attributes
    ----------
    estimates : pandas.DataFrame
        By ``design`` and ``method``: ``estimate, std_error, conf_low, conf_high, treated`` (with weight),
        ``treated_given``, ``controls`` (with weight), ``largest_gap`` (largest standardized difference
        left), ``std_error_state`` (counties), and ``problem`` when a method had no answer.
    balance : pandas.DataFrame
        `balance_table` rows (before and after) by ``design`` and ``method``, with ``name`` of the covariate.
    """

    estimates: pd.DataFrame
    balance: pd.DataFrame


@cache
def run() -> Matchings:
    """Run the comparison on the committed panels."""
    parts = [_design(CITY, *city_frame()), _design(COUNTY, *county_frame())]
    rows = [row for estimates, _ in parts for row in estimates]
    return Matchings(pd.DataFrame(rows), pd.concat([b for _, b in parts], ignore_index=True))


def city_frame() -> tuple[pd.DataFrame, dict[str, Any], dict[str, str]]:
    """Return cities in the cross-section with their outcome, how to match them, and covariates' names."""
    units = uar2017.run().units
    units = units[units["coding"].eq(uar2017_spec.MAIN)].sort_values("ori").reset_index(drop=True)
    series = city_series(load("city_year"), load("series_breaks"), units["ori"], [CITY_OUTCOME], [CITY_YEAR])
    rates = series.values[CITY_OUTCOME][CITY_YEAR]
    frame = units.assign(outcome=units["ori"].map(rates).astype(float))
    ended = frame["ended_year"].astype(float).fillna(np.inf)
    in_force = frame["cohort"].astype(float).lt(CITY_YEAR) & ended.gt(CITY_YEAR)
    frame = frame[(frame["is_treated"].eq(0) | in_force) & frame["outcome"].notna()].reset_index(drop=True)
    covariates = dict(uar2017_spec.COVARIATES)
    common = {"treatment": "is_treated", "covariates": list(covariates), "exact": uar2017_spec.EXACT}
    return frame, {"outcome": "outcome", **common}, covariates


def county_frame() -> tuple[pd.DataFrame, dict[str, Any], dict[str, str]]:
    """Return the counties of the main comparison, how to match them, and covariates' names."""
    frame = cap2017_fits.selected(cap2017.results().counties, cap2017_spec.MAIN)
    covariates = dict(cap2017_spec.COVARIATES)
    common = {"treatment": cap2017.TREATMENT, "covariates": list(covariates)}
    return frame, {"outcome": cap2017_spec.CRIME, **common}, covariates


def _design(design: str, frame: pd.DataFrame, common: dict[str, Any], names: dict[str, str]):
    rows, balances = [], []
    for method, fit in METHODS.items():
        keys = {"design": design, "method": method}
        try:
            found = fit(frame, common)
        except NotIdentifiedError as error:
            rows.append(keys | {"problem": str(error)})
            continue
        checked = balance_table(
            frame, treatment=common["treatment"], covariates=common["covariates"], weights=found
        )
        balances.append(checked.assign(**keys, name=checked["covariate"].map(names)))
        rows.append(keys | _row(design, frame, common, found, checked))
    return rows, pd.concat(balances, ignore_index=True)


def _row(design, frame, common, found: Estimates, checked: pd.DataFrame) -> dict[str, Any]:
    tidy = found.tidy().iloc[0]
    weights = np.asarray(found.extra["weights"], float)
    is_treated = frame[common["treatment"]].to_numpy(float) == 1
    row: dict[str, Any] = {
        name: float(tidy[name]) for name in ("estimate", "std_error", "conf_low", "conf_high")
    }
    row |= {
        "treated_given": int(is_treated.sum()),
        "treated": int((is_treated & (weights > 0)).sum()),
        "controls": int((~is_treated & (weights > 0)).sum()),
        "largest_gap": float(checked["smd_after"].abs().max()),
        "problem": "",
        "std_error_state": np.nan,
    }
    if design == COUNTY:
        used = cap2017_fits.weighted(frame, found)
        by_state, _ = cap2017_fits.estimate(used, common["treatment"], weights=cap2017_fits.WEIGHT, draws=0)
        row["std_error_state"] = by_state["std_error"]
    return row
