"""Four ways to match, side by side, in both target designs, with the balance each reaches.

Nearest neighbours, genetic matching, coarsened exact matching and entropy balancing hold the same
covariates constant for the same units and the same outcome. Cities: those whose rule against status
inquiry was in force throughout the year of the cross-section, against the controls of `uar2017`, violent
crime without rape per 100,000. Counties: those that decline detainers against the comparison counties of
`cap2017`, crimes per 10,000 in 2015. Errors are those that come with each method and take weights as given;
for counties the matched difference also has errors by state. Coarsened exact matching keeps only treated
units that have a control in their cell, so it estimates the effect on fewer of them: the table says how
many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
from .cap2017 import study as cap2017
from .cap2017.sample import CRIME
from .cap2017.spec import SPEC as CAP
from .cap2017.spec import CapSpec
from .designs.city_series import city_series
from .designs.study_spec import StudySpec, cached_by_spec
from .uar2017 import study as uar2017
from .uar2017.spec import SPEC as UAR
from .uar2017.spec import UarSpec

CITY, COUNTY = "cities", "counties"


@dataclass(frozen=True)
class MatchingSpec(StudySpec):
    """What the comparison of methods does, and from which numbers."""

    #: The two designs whose units and covariates are matched.
    cities: UarSpec = UAR
    counties: CapSpec = CAP
    #: Outcome of the cities in the cross-section, crimes per 100,000.
    city_outcome: str = "violent_without_rape"
    #: Bins of equal width a covariate is cut into; finer ones leave hardly a treated unit with a control.
    bins: int = 3
    #: Genetic matching: candidates a generation, generations, generations without progress, seed.
    population: int = 60
    generations: int = 15
    wait: int = 5
    seed: int = 2017


SPEC = MatchingSpec()
_Method = Callable[[pd.DataFrame, dict[str, Any], MatchingSpec], Estimates]


def _nearest(frame: pd.DataFrame, common: dict[str, Any], spec: MatchingSpec) -> Estimates:
    found: Estimates = match(frame, distance="mahalanobis", **common)
    return found


def _genetic(frame: pd.DataFrame, common: dict[str, Any], spec: MatchingSpec) -> Estimates:
    return genetic_match(
        frame,
        population=spec.population,
        generations=spec.generations,
        wait=spec.wait,
        seed=spec.seed,
        **common,
    )


def _coarsened(frame: pd.DataFrame, common: dict[str, Any], spec: MatchingSpec) -> Estimates:
    return coarsened_exact(frame, cuts=spec.bins, **common)


def _entropy(frame: pd.DataFrame, common: dict[str, Any], spec: MatchingSpec) -> Estimates:
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
    spec : MatchingSpec
    estimates : pandas.DataFrame
        By ``design`` and ``method``: ``estimate, std_error, conf_low, conf_high, treated`` (with weight),
        ``treated_given``, ``controls`` (with weight), ``largest_gap`` (largest standardized difference
        left), ``std_error_state`` (counties), and ``problem`` when a method had no answer.
    balance : pandas.DataFrame
        `balance_table` rows (before and after) by ``design`` and ``method``, with ``name`` of the covariate.
    """

    spec: MatchingSpec
    estimates: pd.DataFrame
    balance: pd.DataFrame


@cached_by_spec
def run(spec: MatchingSpec = SPEC) -> Matchings:
    """Run the comparison on the committed panels, once a process for each specification."""
    parts = [
        _design(CITY, *city_frame(spec), spec=spec),
        _design(COUNTY, *county_frame(spec), spec=spec),
    ]
    rows = [row for estimates, _ in parts for row in estimates]
    return Matchings(spec, pd.DataFrame(rows), pd.concat([b for _, b in parts], ignore_index=True))


def city_frame(spec: MatchingSpec) -> tuple[pd.DataFrame, dict[str, Any], dict[str, str]]:
    """Return cities in the cross-section with their outcome, how to match them, and covariates' names."""
    year, outcome = spec.cities.cross_section, spec.city_outcome
    units = uar2017.run(spec.cities).units
    units = units[units["coding"].eq(spec.cities.main)].sort_values("ori").reset_index(drop=True)
    series = city_series(load("city_year"), load("series_breaks"), units["ori"], [outcome], [year])
    rates = series.values[outcome][year]
    frame = units.assign(outcome=units["ori"].map(rates).astype(float))
    ended = frame["ended_year"].astype(float).fillna(np.inf)
    in_force = frame["cohort"].astype(float).lt(year) & ended.gt(year)
    frame = frame[(frame["is_treated"].eq(0) | in_force) & frame["outcome"].notna()].reset_index(drop=True)
    covariates = dict(spec.cities.covariates)
    common = {"treatment": "is_treated", "covariates": list(covariates), "exact": list(spec.cities.exact)}
    return frame, {"outcome": "outcome", **common}, covariates


def county_frame(spec: MatchingSpec) -> tuple[pd.DataFrame, dict[str, Any], dict[str, str]]:
    """Return the counties of the main comparison, how to match them, and covariates' names."""
    frame = cap2017_fits.selected(cap2017.run(spec.counties).counties, spec.counties.main, spec=spec.counties)
    covariates = dict(spec.counties.covariates)
    common = {"treatment": spec.counties.treatment, "covariates": list(covariates)}
    return frame, {"outcome": CRIME, **common}, covariates


def _design(
    design: str, frame: pd.DataFrame, common: dict[str, Any], names: dict[str, str], *, spec: MatchingSpec
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    rows, balances = [], []
    for method, fit in METHODS.items():
        keys = {"design": design, "method": method}
        try:
            found = fit(frame, common, spec)
        except NotIdentifiedError as error:
            rows.append(keys | {"problem": str(error)})
            continue
        checked = balance_table(
            frame, treatment=common["treatment"], covariates=common["covariates"], weights=found
        )
        balances.append(checked.assign(**keys, name=checked["covariate"].map(names)))
        rows.append(keys | _row(design, frame, common, found, checked, spec))
    return rows, pd.concat(balances, ignore_index=True)


def _row(
    design: str,
    frame: pd.DataFrame,
    common: dict[str, Any],
    found: Estimates,
    checked: pd.DataFrame,
    spec: MatchingSpec,
) -> dict[str, Any]:
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
        by_state, _ = cap2017_fits.estimate(
            used, common["treatment"], weights=cap2017_fits.WEIGHT, draws=0, spec=spec.counties
        )
        row["std_error_state"] = by_state["std_error"]
    return row
