"""How far each state moves each estimate of the paper: what the rows of its first figure share.

The influence of state s on an estimate is its part of the estimate's error,
:math:`\\hat\\tau - \\tau \\approx \\sum_s d_s`: of regressions the scores of the state times the inverse
information, of the weighted mean of cities the state's weighted residuals; of matched pairs and of the joint
design of states the estimate less the one without the state, which of a mean is the same but for a factor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...estimators import Estimates, ols
from ...panels.store import load
from ...results import stored
from ...sources.states import by_usps
from ..cap2017 import study as cap2017
from ..cap2017.fits import WEIGHT, matching, selected, weighted
from ..cap2017.sample import CRIME
from ..cap2017.spec import SPEC as CAP_SPEC
from ..city_power import headline as city_headline
from ..city_power.precision import fits_and_scores
from ..credibility import counties as credibility
from ..designs.specification import RATE
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_counties.fits import two_way
from ..staggered_counties.sample import PANELS as COUNTY_PANELS
from ..staggered_counties.sample import county_sample, with_rates
from ..staggered_counties.spec import SPEC as COUNTIES
from ..synthetic.variants import variants
from ..uar2017 import study as uar2017
from ..uar2017.differences import matched_sample
from ..uar2017.matching import pooled
from ..uar2017.sample import treated_cities
from ..uar2017.spec import SPEC as UAR_SPEC

OUTCOMES = ("violent_without_rape", "property")
#: What the study calls the differences of matched pairs, by the paper's key; likewise the others.
_PAIRS = {"in_force": "after", "change": "change"}
_COUNTIES = {"counties": credibility.ADMITTED, "open": credibility.ALL}
_CITIES = {"status": "status_inquiry", "detain": "detainers"}
Moved = dict[tuple[str, str], pd.Series]


@stored
def influence() -> pd.DataFrame:
    """Return how far each state moves each row of the first figure, in the row's unit.

    Index ``key, outcome``; one column a state, zero where the row has none of it.
    """
    return _table({**pairs(), **one_year(), **_cities(), **counties(), **_states()}, ["key", "outcome"])


@stored
def city_influence() -> pd.DataFrame:
    """Return the same for cities by policy and offense: index ``definition, outcome``."""
    cells = [(definition, o) for definition in CITIES.main_treatments for o in CITIES.outcomes]
    return _table({cell: _of_cities(*cell) for cell in cells}, ["definition", "outcome"])


def _table(moved: Moved, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(moved).T.fillna(0.0).rename_axis(index=names).sort_index(axis=1)


def by_state(fit: Estimates, rows: pd.DataFrame, term: str) -> pd.Series:
    """Return a clustered regression's influence functions by state, in the unit of the estimate."""
    if fit.influence is None:
        raise ValueError(f"{fit.method} has no influence functions: cluster it by state with CRV1")
    states = np.unique(rows.loc[np.asarray(fit.sample.rows), "state"].to_numpy(str))
    at = list(fit.keys["term"]).index(term)
    return pd.Series(fit.influence[:, at] / len(fit.influence), index=states)


def pairs() -> Moved:
    """Return the matched pairs' influence, by the treated city's state, pairs held as they were matched."""
    panels = {name: load(name) for name in uar2017.PANELS}
    treated = {UAR_SPEC.main: treated_cities(panels["policies"], UAR_SPEC.main, spec=UAR_SPEC)}
    series = uar2017.series_of(panels, treated, spec=UAR_SPEC)
    main = matched_sample(panels, series, UAR_SPEC.main, treated[UAR_SPEC.main], UAR_SPEC.last, spec=UAR_SPEC)
    years, alone = range(UAR_SPEC.first, UAR_SPEC.last + 1), UAR_SPEC.replace(draws=1)

    def estimates(rows: pd.DataFrame, outcome: str) -> dict[str, float]:
        return {row["group"]: row["estimate"] for row in pooled(rows, series, outcome, years, spec=alone)}

    found: Moved = {}
    table = main.design.pairs
    for outcome in OUTCOMES:
        whole = estimates(table, outcome)
        left = {s: estimates(table[table["state"].ne(s)], outcome) for s in sorted(table["state"].unique())}
        for key, group in _PAIRS.items():
            found[key, outcome] = pd.Series({s: whole[group] - left[s][group] for s in left})
    return found


def one_year() -> Moved:
    """Return the influence on the counties of one year, weights of matching held."""
    rows = selected(cap2017.run().counties, CAP_SPEC.main, spec=CAP_SPEC)
    matched = weighted(rows, matching(rows, CAP_SPEC.treatment, spec=CAP_SPEC))
    common: dict[str, Any] = {
        "outcome": CRIME,
        "treatment": CAP_SPEC.treatment,
        "cluster": "state",
        "covariance": "CRV1",
    }
    first = ols(matched, weights=WEIGHT, **common)
    second = ols(rows, covariates=list(CAP_SPEC.covariates), effects=["state"], **common)
    return {
        ("matched", "crime"): by_state(first, matched, CAP_SPEC.treatment),
        ("within", "crime"): by_state(second, rows, CAP_SPEC.treatment),
    }


def _cities() -> Moved:
    return {(key, o): _of_cities(definition, o) for key, definition in _CITIES.items() for o in OUTCOMES}


def _of_cities(definition: str, outcome: str) -> pd.Series:
    made = city_headline.design(definition, outcome)
    score = fits_and_scores(made.made, made.drawn)[1][0]
    return pd.Series(score, index=np.unique(made.table.cities["state"].to_numpy(str)))


def counties() -> Moved:
    """Return the influence on the comparisons of counties that are followed."""
    frame = county_sample({name: load(name) for name in COUNTY_PANELS}, spec=COUNTIES).frame
    found: Moved = {}
    for outcome in OUTCOMES:
        rows = with_rates(frame, outcome)
        for key, comparison in _COUNTIES.items():
            fit = two_way(rows, "treated", credibility.COMPARISONS[comparison])
            found[key, outcome] = by_state(fit, rows, "treated")
    return found


def _states() -> Moved:
    """Return how far each state with a rule moves the joint estimate; donors count through the placebo."""
    rows = variants()
    rows = rows[rows["scale"].eq(RATE) & rows["outcome"].isin(OUTCOMES)].set_index(["outcome", "variant"])
    codes = {f"Without {name}": code for code, name in by_usps("name").items()}
    found: Moved = {}
    for outcome in OUTCOMES:
        estimates = rows.loc[outcome]["estimate"]
        left = estimates[estimates.index.isin(list(codes))].rename(codes)
        found["states", outcome] = estimates["Main"] - left
    return found
