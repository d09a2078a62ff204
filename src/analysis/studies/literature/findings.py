"""What our studies find for the published claims of others than the two papers.

Each finding says in which respects design, treatment and years differ. Claims without a finding keep in
``published/other_studies.csv`` the reason why nothing here can test them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...panels.policies.cohorts import assign_treatment, cohorts
from ...panels.store import load
from ...results import remembered, stored
from ..city_power.headline import city_effect
from ..credibility import counties as credibility
from ..designs.city_sample import PANELS as CITY_PANELS
from ..designs.specification import Specification
from ..designs.synthetic_cases import build_case, fit
from ..published.claims import Finding, claims, collect, compare
from ..staggered_cities import study as staggered_cities
from ..staggered_cities.fits import stacked_counts
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_counties.fits import t_row
from ..staggered_counties.sample import PANELS as COUNTY_PANELS
from ..synthetic import state_laws
from ..synthetic.spec import STATE_LAWS
from . import arellano2017_findings, secure_communities
from .activation_tests import activation

_LOG, _RATE, _COUNTIES = "log points", "per 100,000 residents", "counties"
_LIST = "Treatment dates are those of a cited list of this project."
#: The years of Otsu's cities; nine years or more of the twelve are asked for.
OTSU_YEARS = (1999, 2010)
_OTSU = Specification(
    "Published years", "1999 to 2010", sample={"last_year": 2010, "last_cohort": 2010, "fewest_years": 9}
)
HAUSMAN_YEARS, ASCHERIO_YEARS = (2010, 2015), (2013, 2016)


@stored
def findings() -> dict[str, Finding]:
    """Return every finding for the claims of ``published/other_studies.csv``."""
    groups = (_policies(), _counties(), _cities(), _california(), _activation())
    return collect(*groups, arellano2017_findings.findings())


@stored
def verdicts() -> pd.DataFrame:
    """Return the verdict on every claim of the other studies, on the committed panels."""
    return compare(claims("other_studies"), findings())


@remembered
def _panels() -> dict[str, pd.DataFrame]:
    names = (*COUNTY_PANELS, *CITY_PANELS, *state_laws.PANELS)
    return {name: load(name) for name in dict.fromkeys(names)}


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


def _interval(
    claim: str, row: Mapping[str, Any] | pd.Series, unit: str, note: str, mean: float = np.nan
) -> Finding:
    value, low, high = (float(row[name]) for name in ("estimate", "conf_low", "conf_high"))
    if claims("other_studies")[claim].kind in ("positive", "negative") and low <= 0 <= high:
        note = f"{note} The interval includes zero."
    return Finding(claim, value, low, high, unit, note, mean)


def _span(row: Mapping[str, Any] | pd.Series, digits: int = 3) -> str:
    low, value, high = (f"{float(row[name]):.{digits}f}" for name in ("conf_low", "estimate", "conf_high"))
    return f"{value} ({low} to {high})"


def _counties() -> list[Finding]:
    """Return what the one comparison of counties that passes its tests before the policy finds."""
    parts = {name: credibility.admitted_effect(name) for name in ("total", "violent_without_rape")}
    crime, violent = (per_full_exposure(part) for part in parts.values())
    total = parts["total"]
    about = (
        f"Crimes of 2013 and 2014 together in {total['treated']} counties bound by a policy or rule from "
        "then on, rape left out, against counties of the same state and of the same urban-rural class, the "
        f"comparison chosen by tests on the years before. Policies were in force for {total['exposure']:.0%} "
        f"of the time; per full exposure, as here, {_span(total)} becomes {_span(crime)} log points for all "
        "crime. "
    )
    mean = parts["violent_without_rape"]["mean"]
    rate = {name: mean * np.expm1(violent[name]) for name in ("estimate", "conf_low", "conf_high")}
    return [
        _interval(
            "hausman2020_crime",
            crime,
            _LOG,
            f"{about}The published years are single and its counties those with large Hispanic populations. "
            f"{_LIST}",
        ),
        _interval(
            "manning2022_violent",
            rate,
            _RATE,
            f"{about}The percent effect times the adopters' mean of {mean:.0f}; the published effect is that "
            f"of adoption in 2014. {_LIST}",
            mean=mean,
        ),
    ]


def per_full_exposure(row: Mapping[str, float]) -> dict[str, float]:
    """Return an effect and its interval divided by the share of time under the policy."""
    return {name: row[name] / row["exposure"] for name in ("estimate", "conf_low", "conf_high")}


def _cities() -> list[Finding]:
    samples = staggered_cities.Samples(_panels())
    years = (
        "The weighted design of cities on yearly figures 1999 to 2019, six years from adoption, either kind "
        "of limit; the published cities are compared in 1990, 2000 and 2010."
    )
    rows = []
    for crime in ("robbery", "homicide"):
        found = city_effect(samples.of("any_limit", crime).frame)
        note = f"{years} {found['compared']} adopting cities. {_LIST}"
        rows.append(_interval(f"martinez2019_{crime}", found, _LOG, note))
    frame = samples.of("any_limit", "property", _OTSU).frame
    found = city_effect(frame)
    note = (
        f"The weighted design on years 1999 to 2010, {found['compared']} cities of 25,000 and more with "
        f"either kind of limit. {_LIST}"
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
        rows.append(_interval(f"kubrin2020_{outcome}", row, _RATE, told, row["mean"]))
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
    before: Any = rates[outcome].loc[state, start - 1]
    return fit(case, "synthetic_control").row | {"first": law["first"], "mean": float(before)}


def _activation() -> list[Finding]:
    """Return what activation did by county, under the comparison that policies of counties are judged by."""
    table: Any = activation().set_index(["outcome", "comparison"])
    n = int(secure_communities.run().counties["counties"].sum())
    claimed = {"miles2014_index": "index", "miles2014_violent": "violent", "treyger2014_crime": "index"}
    rows = []
    for claim, outcome in claimed.items():
        row = table.loc[(outcome, credibility.ADMITTED)]
        plain = table.loc[(outcome, credibility.ALL)]
        note = (
            f"Yearly counts of {n:,} counties, {secure_communities.FIRST_YEAR} to 2012, without rape; "
            "Poisson on the share of the year after activation, counties of the same state and class "
            f"compared, errors by state; the year to come has an effect of {row['lead']:.3f} (p "
            f"{row['lead_p']:.3f}). Against all other counties it is {_span(plain)}, and that of the year to "
            f"come {plain['lead']:.3f} (p {plain['lead_p']:.3f})."
        )
        rows.append(_interval(claim, row, _LOG, note))
    index = table.loc[("index", credibility.ADMITTED)].copy()
    names = ["estimate", "conf_low", "conf_high"]
    index[names] = 100 * np.expm1(index[names].astype(float))
    return [*rows, _interval("goncalves2024_reported_crime", index, "percent", rows[0].note)]
