"""Who is treated, who may serve as a control, and what is known of each before the first adoption."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...panels.policies.cohorts import assign_treatment, cohorts
from ..designs.city_series import CitySeries
from .spec import (
    BASELINE,
    CODINGS,
    COVARIATES,
    EXACT,
    FIRST_ADOPTION,
    FLOOR,
    LAST,
    NAMED_BY_AUTHORS,
    PAST_CRIME,
)

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


def treated_cities(policies: pd.DataFrame, coding: str) -> pd.DataFrame:
    """Return the cities of one coding that adopted within the study's years at a usable date."""
    kept = cohorts(policies, CODINGS[coding], first=FIRST_ADOPTION, last=LAST)
    sources = policies.loc[policies["definition"] == CODINGS[coding], ["place_id", "source_url"]]
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
    clean_through: int = LAST,
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
        A key of `CODINGS`.
    clean_through : int, optional
        A control is a place that nothing names up to and including this year: see `is_named`.
    """
    table = places.rename(columns={"primary_ori": "ori"})
    table["geoid"] = policy_codes(policies, undated, table["ori"]).fillna(table["place_fips"])
    table = assign_treatment(table, policies, undated, CODINGS[coding])
    table["is_treated"] = table["geoid"].isin(treated["geoid"]).astype("int64")
    table = _with_covariates(table.drop(columns=["cohort", "ended_year"]), series)
    table = table.merge(treated[["geoid", "cohort", "ended_year"]], on="geoid", how="left", validate="1:1")
    exposed = is_named(table, clean_through)
    tests = {
        "exposed": exposed & table["is_treated"].eq(0),
        "small": ~table["population"].ge(FLOOR),
        "crime": table[PAST_CRIME].isna().any(axis=1),
        "census": table[list(COVARIATES)].isna().any(axis=1),
    }
    table["reason"] = np.select(list(tests.values()), [DROPPED[name] for name in tests], "")
    names = ["ori", "place_name", "state", "is_treated"]
    kept = table["reason"].eq("")
    columns = [*names, *EXACT, "cohort", "ended_year", "population", *COVARIATES]
    units = table.loc[kept, columns].sort_values("ori").reset_index(drop=True)
    left = table.loc[~kept, [*names, "reason"]].sort_values("ori").reset_index(drop=True)
    return Sample(treated, units, left)


def policy_codes(policies: pd.DataFrame, undated: pd.DataFrame, oris: pd.Series) -> pd.Series:
    """Return the code by which the policy panels name each agency's place; for a few towns it is another."""
    rows = pd.concat([table.loc[table["kind"].eq("city"), ["ori", "geoid"]] for table in (policies, undated)])
    codes = rows.dropna().sort_values(["ori", "geoid"]).drop_duplicates("ori").set_index("ori")["geoid"]
    return oris.map(codes.astype(object))


def is_named(table: pd.DataFrame, year: int) -> pd.Series:
    """Return whether a policy, symbolic act, law, list or author names each place up to and including a year.

    Parameters
    ----------
    table : pandas.DataFrame
        ``ori``, and ``exposed_from`` and ``symbolic_from`` of `assign_treatment`.
    year : int
    """
    by_year = table[["exposed_from", "symbolic_from"]].le(year).fillna(False).any(axis=1)
    return by_year.astype(bool) | table["ori"].isin(NAMED_BY_AUTHORS)


def baseline(series: CitySeries, outcome: str) -> pd.Series:
    """Return each agency's mean rate over the baseline years that can be compared with one another."""
    values = series.values[outcome][list(BASELINE)]
    segments = series.segments[outcome][list(BASELINE)]
    last = segments.ffill(axis=1).iloc[:, -1]
    return values.where(segments.eq(last, axis=0)).mean(axis=1)


def _with_covariates(table: pd.DataFrame, series: CitySeries) -> pd.DataFrame:
    population = series.populations[list(BASELINE)].mean(axis=1)
    table = table.assign(population=table["ori"].map(population))
    for name in PAST_CRIME:
        table[name] = table["ori"].map(baseline(series, name.removesuffix("_before")))
    return table.assign(
        log_population=np.log(table["population"].where(table["population"] > 0)),
        log_income=np.log(table["median_household_income_2015_nominal"]),
        poverty_share=table["poverty_rate_2015"] / 100,
    )
