"""What our studies find for the published claims of others than the two papers.

Each finding says in which respects design, treatment and years differ. Claims without a finding keep in
``published/other_studies.csv`` the reason why nothing here can test them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ...panels.policies.cohorts import assign_treatment, cohorts
from ...panels.store import load
from ..designs.city_sample import PANELS as CITY_PANELS
from ..designs.specification import Specification
from ..designs.synthetic_cases import build_case, fit
from ..published.claims import Finding, claims, collect, compare
from ..staggered_cities import study as staggered_cities
from ..staggered_cities.fits import estimate as estimate_cities
from ..staggered_cities.fits import stacked_counts
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_counties import study as staggered_counties
from ..staggered_counties.changes import changes, splice_likeness, steps
from ..staggered_counties.fits import estimate as estimate_counties
from ..staggered_counties.fits import t_row
from ..staggered_counties.sample import PANELS as COUNTY_PANELS
from ..staggered_counties.sample import CountySample, county_sample
from ..staggered_counties.spec import SPEC as COUNTIES
from ..synthetic import state_laws
from ..synthetic.spec import STATE_LAWS
from . import arellano2017_findings, secure_communities
from .secure_communities import STAGGERED, TWO_WAY

_LOG, _RATE, _COUNTIES = "log points", "per 100,000 residents", "counties"
_LIST = "Treatment dates are those of a cited list of this project."
#: The years of Otsu's cities; nine years or more of the twelve are asked for.
OTSU_YEARS = (1999, 2010)
_OTSU = Specification(
    "Published years", "1999 to 2010", sample={"last_year": 2010, "last_cohort": 2010, "fewest_years": 9}
)
HAUSMAN_YEARS, ASCHERIO_YEARS = (2010, 2015), (2013, 2016)


@cache
def findings() -> dict[str, Finding]:
    """Return every finding for the claims of ``published/other_studies.csv``."""
    groups = (_policies(), _counties(), _splice(), _cities(), _california(), _activation())
    return collect(*groups, arellano2017_findings.findings())


@cache
def verdicts() -> pd.DataFrame:
    """Return the verdict on every claim of the other studies, on the committed panels."""
    return compare(claims("other_studies"), findings())


@cache
def _panels() -> dict[str, pd.DataFrame]:
    names = (*COUNTY_PANELS, *CITY_PANELS, *state_laws.PANELS)
    return {name: load(name) for name in dict.fromkeys(names)}


@cache
def _sample() -> CountySample:
    return county_sample(_panels(), spec=COUNTIES)


def in_force(policies: pd.DataFrame, year: int) -> int:
    """Return how many counties' own dated policies decline detainers at the end of a year."""
    own = cohorts(policies, "detainers", unit="county", last=year, event_time_only=False)
    dated = own["in_event_time"] | own["excluded_because"].eq("absorbed by state law").fillna(False)
    return int((dated & ~own["ended_year"].le(year).fillna(False)).sum())


def onsets(panels: Mapping[str, pd.DataFrame], first: int, last: int, *, laws: bool) -> int:
    """Return how many counties began to decline detainers in these years, by own policy or also by law."""
    table = assign_treatment(
        panels["counties"][["fips", "state"]],
        panels["policies"],
        panels["undated_places"],
        "detainers",
        unit="county",
        include_state_laws=laws,
    )
    return int(table["cohort"].between(first, last).fillna(False).sum())


def _policies() -> list[Finding]:
    panels = _panels()
    own, law = (onsets(panels, *HAUSMAN_YEARS, laws=laws) for laws in (False, True))
    cities = cohorts(panels["policies"], "any_limit", first=OTSU_YEARS[0], last=OTSU_YEARS[1])
    counted = panels["county_2013_2014"]["property_imputed_2013_2014"].notna().sum()
    more = "Policies of counties of their own, without statewide laws; the published list could not be read."
    found = {
        "hausman2020_counties": (
            own,
            f"Counties whose own policy declines detainers from a dated year on; with statewide laws {law}. "
            "The published sample is counties with large Hispanic populations, ours every county.",
        ),
        "ascherio2022_counties": (int(counted), "Counties with counts of 2013 and 2014 in our panel."),
    }
    found |= {
        f"ascherio2022_sanctuary_{year}": (in_force(panels["policies"], year), more)
        for year in ASCHERIO_YEARS
    }
    rows = [Finding(name, n, unit=_COUNTIES, note=note) for name, (n, note) in found.items()]
    told = (
        f"Cities with a first limit of either kind dated {OTSU_YEARS[0]} to {OTSU_YEARS[1]} in a cited list; "
        "the published list could not be read."
    )
    return [*rows, Finding("otsu2020_cities", len(cities), unit="cities", note=told)]


def _interval(claim: str, row: Mapping[str, Any] | pd.Series, unit: str, note: str) -> Finding:
    value, low, high = (float(row[name]) for name in ("estimate", "conf_low", "conf_high"))
    if claims("other_studies")[claim].kind in ("positive", "negative") and low <= 0 <= high:
        note = f"{note} The interval holds zero."
    return Finding(claim, value, low, high, unit, note)


def _span(row: Mapping[str, Any] | pd.Series, digits: int = 3) -> str:
    low, value, high = (f"{float(row[name]):.{digits}f}" for name in ("conf_low", "estimate", "conf_high"))
    return f"{value} ({low} to {high})"


def _counties() -> list[Finding]:
    frame = _sample().frame
    by_name = {fork.name: fork for fork in COUNTIES.specifications}
    headline = estimate_counties(frame, "total", COUNTIES.headline, spec=COUNTIES)
    near = estimate_counties(frame, "total", by_name["Same state, year by year"], spec=COUNTIES)
    crime = (
        f"Crimes of 2013 and 2014 together in {headline['treated']} counties bound by a policy or law from "
        f"then on, rape left out, against {headline['counties'] - headline['treated']:,} others; the "
        "published years are single and its counties those with large Hispanic populations. "
        f"Within states it is {_span(near)}. {_LIST}"
    )
    rates: Any = (
        staggered_counties.rates(frame, spec=COUNTIES).set_index("outcome").loc["violent_without_rape"]
    )
    violent = (
        "Extended two-way effect of the rate on 2013 and 2014 together, weighted by residents: of our "
        "designs the nearest to adoption in 2014, though adopters of 2013 are in it and all were bound "
        f"for part of the time; rape is left out. {_LIST}"
    )
    return [
        _interval("hausman2020_crime", headline, _LOG, crime),
        _interval("manning2022_violent", rates, _RATE, violent),
    ]


def _splice() -> list[Finding]:
    """Return changes after 2014, which only the second crime file has, for the claims of Ascherio."""
    table = changes(_panels(), _sample(), spec=COUNTIES)
    made, likeness = steps(table, spec=COUNTIES), splice_likeness(table, spec=COUNTIES)
    rows = []
    for claim, outcome in (("property", "property_with_arson"), ("violent", "violent")):
        mine: Any = made[made["outcome"].eq(outcome) & made["design"].eq("nothing absorbed")].set_index(
            "step"
        )
        doubt = likeness[likeness["outcome"].eq(outcome) & likeness["step"].eq("splice")]
        other = doubt[doubt["design"].eq("nothing absorbed")].iloc[0]
        note = (
            "Change from 2015 to 2017 in one file, of counties that adopted in 2013 or 2014 against others; "
            "the years compared in the published study lie on both sides of a change of files. Across that "
            f"change, from 2010-12 to 2015, it is {_span(mine.loc['2010–12 to 2015, two files'])}, and the "
            f"files themselves differ with likeness to adopters by {_span(other)}. {_LIST}"
        )
        rows.append(_interval(f"ascherio2022_{claim}", mine.loc["2015 to 2017, one file"], _LOG, note))
    return rows


def _cities() -> list[Finding]:
    samples = staggered_cities.Samples(_panels())
    years = (
        "Staggered design on yearly figures 1999 to 2019, observed against expected crimes over six years "
        "from adoption, either kind of limit; the published cities are compared in 1990, 2000 and 2010."
    )
    rows = []
    for crime in ("robbery", "homicide"):
        found = estimate_cities(samples.of("any_limit", crime).frame, CITIES.headline, spec=CITIES)
        note = f"{years} {found['cities']} adopting cities. {_LIST}"
        rows.append(_interval(f"martinez2019_{crime}", found, _LOG, note))
    frame = samples.of("any_limit", "property", _OTSU).frame
    found = estimate_cities(frame, CITIES.headline, spec=CITIES)
    note = (
        f"Observed against expected crimes from adoption on, years 1999 to 2010, {found['cities']} cities of "
        f"25,000 and more with either kind of limit. {_LIST}"
    )
    lead = drift(stacked_counts(frame, spec=CITIES))
    before = (
        "Drift of property crime a year over five years before adoption in the same cities, stacked Poisson "
        f"event study; the published trend is of several crimes. {_LIST}"
    )
    return [
        *rows,
        _interval("otsu2020_property", found, _LOG, note),
        _interval("otsu2020_pretrend", lead, _LOG, before),
    ]


def drift(events: Any) -> dict[str, float]:
    """Return the yearly slope of an event study's leads through zero at the year before, with interval."""
    times = events.keys["event_time"].to_numpy(float)
    away = np.where(times < 0, times + 1, 0.0)
    weight = away / (away @ away)
    error = float(np.sqrt(weight @ events.covariance @ weight))
    return t_row(float(weight @ events.estimate), error, (events.sample.clusters or 2) - 1, CITIES.level)


def _california() -> list[Finding]:
    note = (
        "FBI estimates of state totals from {first} on, {donors} states that no row of the policy panel "
        "names; interval of constant effects that a rank test over donors does not reject; one year after."
    )
    rows = []
    for outcome in STATE_LAWS.published_outcomes:
        row = sb54(outcome)
        told = note.format(first=row["first"], donors=row["donors"])
        rows.append(_interval(f"kubrin2020_{outcome}", row, _RATE, told))
    return rows


def sb54(outcome: str) -> dict[str, Any]:
    """Return the published design of Senate Bill 54: synthetic control of the rate until 2018."""
    panels = _panels()
    rates, named = (
        state_laws.rate_tables(panels["state_year"], spec=STATE_LAWS),
        state_laws.named_states(panels["policies"]),
    )
    breaks = state_laws.series_starts(panels["state_year"])
    laws = state_laws.dated_laws(panels["policies"], breaks, spec=STATE_LAWS)
    state, start = STATE_LAWS.sb54
    law: Any = laws[laws["state"].eq(state) & laws["start"].eq(start)].iloc[0].to_dict()
    donors = state_laws.donor_table(law, rates, named, breaks, spec=STATE_LAWS)
    kept = [state, *donors.loc[donors["reason"].eq(""), "state"]]
    case = build_case(law["law"], state, start, rates[outcome].loc[kept], range(law["first"], start + 1))
    return fit(case, "synthetic_control").row | {"first": law["first"]}


def _activation() -> list[Finding]:
    study = secure_communities.run()
    table: Any = study.estimates.set_index(["outcome", "design"])
    n = int(study.counties["counties"].sum())
    base = (
        f"Yearly counts of {n:,} counties, {secure_communities.FIRST_YEAR} to 2012, without rape, errors by "
        "state; Poisson with residents as exposure. "
    )
    claimed = {"miles2014_index": "index", "miles2014_violent": "violent", "treyger2014_crime": "index"}
    two = "Two-way, on the share of the year after activation. "
    rows = [
        _interval(
            claim, table.loc[(outcome, TWO_WAY)], _LOG, base + two + _forks(table.loc[outcome], TWO_WAY)
        )
        for claim, outcome in claimed.items()
    ]
    percent = table.copy()
    names = ["estimate", "conf_low", "conf_high"]
    percent[names] = 100 * np.expm1(percent[names])
    stag = "Extended two-way effects by year of activation, counties activated in 2013 the last comparison. "
    note = base + stag + _forks(percent.loc["index"], STAGGERED, 1)
    return [
        *rows,
        _interval("goncalves2024_reported_crime", percent.loc[("index", STAGGERED)], "percent", note),
    ]


def _forks(table: pd.DataFrame, main: str, digits: int = 3) -> str:
    """Say what every other design of one outcome finds."""
    rows: Any = table.drop(index=main)
    return (
        "Other designs: " + "; ".join(f"{name} {_span(row, digits)}" for name, row in rows.iterrows()) + "."
    )
