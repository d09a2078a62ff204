"""Who is treated, who may serve as a control, and what is known of each before the first adoption."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...panels.policies.cohorts import assign_treatment, cohorts
from ..designs.city_series import CitySeries
from ..designs.named_places import is_named, policy_codes
from .spec import UarSpec

#: Why a place of the panel is neither treated nor a control, or cannot be matched; the first that holds.
DROPPED = {
    "exposed": "a policy, symbolic act, law or list names it by the last year",
    "small": "fewer people than the floor, or not printed, before the first adoption",
    "crime": "past crime not printed",
    "census": "no census figures",
}


@dataclass(frozen=True)
class Sample:
    """Units of one coding.

    Attributes
    ----------
    treated : pandas.DataFrame
        One row a treated city, whether or not it can be matched: place, state, ori, cohort, ended_year,
        adopted, basis, confidence, source_url.
    units : pandas.DataFrame
        One row a city that can be matched: ori, place_name, state, region, is_treated (0 or 1), cohort,
        ended_year and the covariates.
    dropped : pandas.DataFrame
        One row a place that cannot: ori, place_name, state, is_treated, reason.
    """

    treated: pd.DataFrame
    units: pd.DataFrame
    dropped: pd.DataFrame


def treated_cities(policies: pd.DataFrame, coding: str, *, spec: UarSpec) -> pd.DataFrame:
    """Return the cities of one coding that adopted within the study's years at a usable date."""
    kept = cohorts(policies, spec.codings[coding], first=spec.first_adoption, last=spec.last)
    sources = policies.loc[policies["definition"] == spec.codings[coding], ["place_id", "source_url"]]
    columns = ["place", "state", "ori", "geoid", "cohort", "ended_year", "adopted", "basis", "confidence"]
    table = kept[["place_id", *columns]].merge(sources, on="place_id", how="left", validate="1:1")
    order = ["cohort", "state", "place"]
    return table.drop(columns="place_id").sort_values(order).reset_index(drop=True)


def units_of(
    treated: pd.DataFrame,
    places: pd.DataFrame,
    policies: pd.DataFrame,
    undated: pd.DataFrame,
    series: CitySeries,
    *,
    coding: str,
    clean_through: int,
    spec: UarSpec,
) -> Sample:
    """Return the units of one coding with their covariates, and what was left out and why.

    Parameters
    ----------
    treated : pandas.DataFrame
        `treated_cities` of the coding.
    places, policies, undated : pandas.DataFrame
        Panels ``places``, ``policies`` and ``undated_places``.
    series : CitySeries
        Of every agency of `places` that may be large enough.
    coding : str
        A key of `UarSpec.codings`.
    clean_through : int
        A control is a place that nothing names up to and including this year: see `is_named`.
    """
    table = places.rename(columns={"primary_ori": "ori"})
    table["geoid"] = policy_codes(policies, undated, table["ori"]).fillna(table["place_fips"])
    table = assign_treatment(table, policies, undated, spec.codings[coding])
    table["is_treated"] = table["geoid"].isin(treated["geoid"]).astype("int64")
    table = _with_covariates(table.drop(columns=["cohort", "ended_year"]), series, spec=spec)
    table = table.merge(treated[["geoid", "cohort", "ended_year"]], on="geoid", how="left", validate="1:1")
    exposed = is_named(table, clean_through, spec.named_by_authors)
    tests = {
        "exposed": exposed & table["is_treated"].eq(0),
        "small": ~table["population"].ge(spec.floor),
        "crime": table[list(spec.past_crime)].isna().any(axis=1),
        "census": table[list(spec.covariates)].isna().any(axis=1),
    }
    table["reason"] = np.select(list(tests.values()), [DROPPED[name] for name in tests], "")
    names = ["ori", "place_name", "state", "is_treated"]
    kept = table["reason"].eq("")
    columns = [*names, *spec.exact, "cohort", "ended_year", "population", *spec.covariates]
    units = table.loc[kept, columns].sort_values("ori").reset_index(drop=True)
    left = table.loc[~kept, [*names, "reason"]].sort_values("ori").reset_index(drop=True)
    return Sample(treated, units, left)


def with_census_2000(places: pd.DataFrame, census: pd.DataFrame) -> pd.DataFrame:
    """Return the places with their shares of the 2000 Census; missing where the Census had no such place."""
    shares = [name for name in map(str, census) if name.endswith("_share_2000")]
    return places.merge(census[["place_fips", *shares]], on="place_fips", how="left", validate="one_to_one")


def baseline(series: CitySeries, outcome: str, *, spec: UarSpec) -> pd.Series:
    """Return each agency's mean rate over the baseline years that can be compared with one another."""
    values = series.values[outcome][list(spec.baseline)]
    segments = series.segments[outcome][list(spec.baseline)]
    last = segments.ffill(axis=1).iloc[:, -1]
    return values.where(segments.eq(last, axis=0)).mean(axis=1)


def _with_covariates(table: pd.DataFrame, series: CitySeries, *, spec: UarSpec) -> pd.DataFrame:
    population = series.populations[list(spec.baseline)].mean(axis=1)
    table = table.assign(population=table["ori"].map(population))
    for name in spec.past_crime:
        table[name] = table["ori"].map(baseline(series, name.removesuffix("_before"), spec=spec))
    return table.assign(
        log_population=np.log(table["population"].where(table["population"] > 0)),
        log_income=np.log(table["median_household_income_2015_nominal"]),
        poverty_share=table["poverty_rate_2015"] / 100,
    )
