"""The county sample of the staggered designs: which counties may be compared, every exclusion counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...panels.policies.cohorts import assign_treatment, cohorts, exposure, state_laws
from ...sources.county.icpsr import BOROUGHS
from .spec import CountyRules, StaggeredCountiesSpec

PANELS = (
    "county_year",
    "county_2013_2014",
    "counties",
    "policies",
    "undated_places",
    "secure_communities",
    "state_bans",
    "places",
)
#: The five boroughs, whose counts are shares of one total, are one unit under Manhattan's code.
NEW_YORK = "36061"
KEPT = "in the sample"
#: Counts of the files, and their total.
_VIOLENT_AND_PROPERTY = ("violent_without_rape", "property")
_PARTS = [
    *["homicide", "robbery", "motor_vehicle_theft", *_VIOLENT_AND_PROPERTY],
    *["aggravated_assault", "burglary", "larceny"],
]
_COUNTS = [*_PARTS[:5], "total", *_PARTS[5:]]
_ABOUT = ["state", "region", "nchs_class_2013", "hispanic_share_2010", "foreign_born_share_2010"]
_POINT = ["centroid_latitude", "centroid_longitude"]


@dataclass(frozen=True)
class CountySample:
    """Rows for estimation and the ledger of counties left out.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a county and period (`PERIOD` stands for both years): ``fips, state, region, nchs_class_2013,
        year``, a count for each outcome, ``people`` (person-years), ``log_people``, ``cohort`` (`PERIOD` or
        0), ``later`` (year of a later policy, 0: none), ``treated``, ``exposure`` (share of its months
        under the policy), ``activated`` (share under Secure Communities), ``residents`` (in the first year),
        ``size`` (class), ``equal`` (the weight that makes a count model treat counties alike), shares of 2010
        and the centre of area.
    ledger : pandas.DataFrame
        ``step, counties``: each county once, under the first step that takes it out; the sample last.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame


def county_sample(
    panels: Mapping[str, pd.DataFrame], rules: CountyRules | None = None, *, spec: StaggeredCountiesSpec
) -> CountySample:
    """Return the sample of counties that adopted in 2013 or 2014 and of clean comparison counties.

    Comparison counties are those that no policy, law or list, dated or not, names by the end of 2014. The
    five boroughs of New York City count as one county.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        `PANELS` by name. The order of their rows does not matter.
    rules : CountyRules, optional
    """
    rules = rules or spec.rules
    counties = county_treatment(panels, rules, spec=spec)
    rows = period_counts(panels, rules, spec=spec)
    found, steps = _dispositions(counties, rows, rules, spec=spec)
    kept = counties[found == KEPT]
    counted = found.value_counts().reindex([*steps, KEPT], fill_value=0)
    frame = rows.merge(kept.reset_index(), on="fips", validate="m:1")
    ledger = counted.rename_axis("step").rename("counties").reset_index()
    return CountySample(_finish(frame, panels, spec=spec), ledger)


def county_dispositions(
    panels: Mapping[str, pd.DataFrame], rules: CountyRules | None = None, *, spec: StaggeredCountiesSpec
) -> pd.DataFrame:
    """Return ``disposition`` (`KEPT`, or the step that takes it out) and ``adopts``, by ``fips``."""
    rules = rules or spec.rules
    counties = county_treatment(panels, rules, spec=spec)
    found, _ = _dispositions(counties, period_counts(panels, rules, spec=spec), rules, spec=spec)
    first, last = spec.period_years
    adopts = counties["cohort"].between(first, last).fillna(False).astype(bool)
    return pd.DataFrame({"disposition": found, "adopts": adopts})


def _dispositions(
    counties: pd.DataFrame, rows: pd.DataFrame, rules: CountyRules, *, spec: StaggeredCountiesSpec
) -> tuple[pd.Series, list[str]]:
    reasons = _treatment_reasons(counties, spec=spec) | data_reasons(counties, rows, rules, spec=spec)
    found = pd.Series(KEPT, index=counties.index)
    for step, out in reversed(list(reasons.items())):
        found[out.reindex(counties.index).fillna(True).to_numpy(bool)] = step
    return found, list(reasons)


def county_treatment(
    panels: Mapping[str, pd.DataFrame], rules: CountyRules, *, spec: StaggeredCountiesSpec
) -> pd.DataFrame:
    """Return one row a county, New York City as one: cohort, date, and what else may bind it, by ``fips``."""
    policies, undated = panels["policies"], panels["undated_places"]
    counties = panels["counties"].sort_values("fips")
    counties = counties[~counties["fips"].isin(set(BOROUGHS) - {NEW_YORK})]
    laws = rules.include_state_laws
    table = assign_treatment(
        counties[["fips", "state"]],
        policies,
        undated,
        spec.definition,
        unit="county",
        include_state_laws=laws,
    )
    own = cohorts(policies, spec.definition, unit="county").set_index("fips")["adopted"]
    law = state_laws(policies, spec.definition).set_index("state")
    by_law = table["dated_by"].eq("state law")
    bans = panels["state_bans"].set_index("state")["ban_year"]
    banned = table["state"].isin(bans.index) & (table["state"].map(bans).fillna(0) <= spec.period_years[1])
    table = table.assign(
        adopted=table["fips"].map(own).where(~by_law, table["state"].map(law["adopted"])),
        law_year=table["state"].map(law["cohort"]),
        banned=banned & (not rules.keep_bans),
        city_named=table["fips"].isin(_counties_of_cities(panels, spec=spec)) & rules.clean_cities,
        law_out=table["state"].isin(law.index[law["cohort"] <= spec.period_years[1]]) & (not laws),
    )
    about = counties.set_index("fips")[[*_ABOUT[1:], *_POINT, "has_boundary_break"]]
    return table.set_index("fips").join(about)


def _counties_of_cities(panels: Mapping[str, pd.DataFrame], *, spec: StaggeredCountiesSpec) -> set[str]:
    """Return the counties in which a city is named with a start by 2014 or without one."""
    cities = exposure(panels["policies"], panels["undated_places"], unit="city")
    reached = cities["exposed_from"].le(spec.period_years[1]).fillna(False)
    places = panels["places"].set_index("place_fips")["county_fips"]
    return set(cities.loc[reached, "geoid"].map(places).dropna())


def _treatment_reasons(counties: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> dict[str, pd.Series]:
    cohort = counties["cohort"]
    now = cohort.between(*spec.period_years).fillna(False).astype(bool)
    ended = now & counties["ended_year"].astype("Int64").le(spec.period_years[1]).fillna(False)
    named = counties["exposed_from"].le(spec.period_years[1]).fillna(False).astype(bool)
    control = ~now
    return {
        "in a state whose law binds every county": counties["law_out"],
        f"adopted before {spec.period_years[0]}": cohort.lt(spec.period_years[0]).fillna(False).astype(bool),
        f"policy ended by {spec.period_years[1]}": ended.astype(bool),
        "named by a policy, law or list, none sure": control & named,
        "comparison in a state that forbids policies": control & counties["banned"],
        "comparison with a listed city": control & counties["city_named"],
        "land changed hands": counties["has_boundary_break"].astype(bool),
    }


def data_reasons(
    counties: pd.DataFrame, rows: pd.DataFrame, rules: CountyRules, *, spec: StaggeredCountiesSpec
) -> dict[str, pd.Series]:
    """Return who leaves for the sake of counts, by step: `counties` by code, `rows` of `period_counts`."""
    yearly, late = rows[rows["year"] <= spec.last_yearly], rows[rows["year"] == spec.period]
    seen = yearly.groupby("fips")["year"].nunique().reindex(counties.index, fill_value=0)
    wanted = spec.last_yearly - rules.first_year + 1
    least = wanted if rules.complete else int(np.ceil(0.6 * wanted))
    both = pd.Series(counties.index.isin(late["fips"]), index=counties.index)
    rate = yearly[yearly["year"] >= spec.base[0]].groupby("fips")[["property", "people"]].sum()
    before = (rate["property"] / rate["people"]).reindex(counties.index)
    after = (late["property"] / late["people"]).set_axis(late["fips"]).reindex(counties.index)
    sane = after.between(before / rules.doubted_ratio, before * rules.doubted_ratio)
    sane |= np.isinf(rules.doubted_ratio)
    return {
        "no count of 2013 and 2014": ~both,
        "too few years with enough coverage": seen < least,
        f"property crime changed more than {rules.doubted_ratio:g}-fold": ~sane,
    }


def period_counts(
    panels: Mapping[str, pd.DataFrame], rules: CountyRules, *, spec: StaggeredCountiesSpec
) -> pd.DataFrame:
    """Return counts and person-years by county and period, in whichever years coverage suffices."""
    years = panels["county_year"]
    years = years[years["year"].between(max(rules.first_year, spec.first), spec.last_yearly)]
    least = 100.0 if rules.complete else rules.coverage
    coverage = one_coverage(years)
    usable = coverage.ge(least) & coverage.gt(0) & ~years["is_illinois_before_2008"]
    yearly = years[usable & years["property_imputed"].notna()]
    people = "population_covered" if rules.covered_people else "population_census"
    columns = {f"{name}_imputed": name for name in _PARTS} | {people: "people"}
    early = yearly[["fips", "year", *columns]].rename(columns=columns)
    both = panels["county_2013_2014"]
    columns = {f"{name}_imputed_2013_2014": name for name in _PARTS} | {"person_years_2013_2014": "people"}
    late = both[["fips", *columns]].rename(columns=columns).assign(year=spec.period)
    made = pd.concat([early, late], ignore_index=True)
    made["fips"] = made["fips"].where(~made["fips"].isin(BOROUGHS), NEW_YORK)
    numeric = made.astype(dict.fromkeys([*_PARTS, "people"], float))
    groups = [numeric["fips"], numeric["year"]]
    parts = numeric[[*_PARTS, "people"]]
    summed = parts.groupby(groups).sum().mask(parts.isna().groupby(groups).any())
    summed = summed[summed["people"] > 0]
    return summed.assign(total=summed["violent_without_rape"] + summed["property"]).reset_index()


def one_coverage(years: pd.DataFrame) -> pd.Series:
    """Return the coverage of each row, New York's boroughs under the best of the five.

    All five hold shares of the city's one return, though the file gives some of them no coverage.
    """
    borough = years["fips"].isin(BOROUGHS)
    best = years["coverage"].where(borough).groupby(years["year"]).transform("max")
    return years["coverage"].where(~borough, best).astype(float)


def _finish(
    frame: pd.DataFrame, panels: Mapping[str, pd.DataFrame], *, spec: StaggeredCountiesSpec
) -> pd.DataFrame:
    frame = frame.sort_values(["fips", "year"], ignore_index=True)
    now = frame["cohort"].between(*spec.period_years).fillna(False).astype(bool)
    residents = frame.groupby("fips")["people"].transform("first")
    treated = (now & frame["year"].eq(spec.period)).astype(float)
    made = frame[["fips", *_ABOUT, *_POINT, "year", *_COUNTS, "people", "adopted"]].assign(
        log_people=np.log(frame["people"]),
        cohort=np.where(now, spec.period, 0),
        later=frame["cohort"].where(~now).fillna(0).astype(int),
        treated=treated,
        exposure=treated
        * frame["adopted"].map(lambda date: months_bound(date, spec=spec)).astype(float).fillna(0)
        / (12 * len(spec.period_years)),
        activated=_activated(frame, panels["secure_communities"], spec=spec),
        residents=residents,
        size=np.digitize(residents, spec.sizes) - 1,
        equal=1e5 / residents,
    )
    return made.astype({"nchs_class_2013": int})


def months_bound(adopted: object, *, spec: StaggeredCountiesSpec) -> float:
    """Return the months of 2013 and 2014 after an adoption dated to the day, month or year.

    A month without a day counts from its middle, a year without a month from its middle.
    """
    if not isinstance(adopted, str):
        return 0.0
    year, elapsed = begins(adopted)
    start = 12 * (year - spec.period_years[0]) + elapsed
    months = 12 * len(spec.period_years)
    return float(np.clip(months - start, 0, months))


def begins(adopted: str) -> tuple[int, float]:
    """Return the year of an adoption and the months of that year before it, as `months_bound` counts them."""
    year, month, day = (*map(int, adopted.split("-")), *(0, 0))[:3]
    elapsed = (month - 1 + (day - 1) / 30.4 if day else month - 0.5) if month else 6.0
    return year, elapsed


def _activated(frame: pd.DataFrame, dates: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> np.ndarray:
    """Return the share of each row's period after Secure Communities was activated in the county."""
    day = pd.to_datetime(frame["fips"].map(dates.set_index("fips")["activated"]))
    start = day.dt.year + (day.dt.day_of_year - 1) / 365.25
    length = np.where(frame["year"].eq(spec.period), len(spec.period_years), 1)
    share: Any = (frame["year"] + length - start) / length
    return np.asarray(share.fillna(0).clip(0, 1), float)


def with_rates(frame: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return the frame with ``count``, ``rate`` (per 100,000 person-years), ``log_rate``, none at zero."""
    rate = frame[outcome] / frame["people"] * 1e5
    return frame.assign(count=frame[outcome], rate=rate, log_rate=np.log(rate.where(rate > 0)))
