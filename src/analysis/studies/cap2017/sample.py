"""Which counties decline detainers, what is known of each, and why some are left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...panels.policies.cohorts import cohorts, exposure, state_laws
from ...sources.states import by_usps
from .spec import CapSpec

#: Column of the crime rate, per 10,000 people.
CRIME = "crime_per_10k"
#: How a county came to decline detainers by the end of the year.
OWN, LAW = "own policy", "statewide law alone"
#: Parts of the crime total of the file that ends in 2012: rape, which Illinois and Minnesota do not print
#: comparably, is left out.
PARTS = ["violent_without_rape_imputed", "property_imputed", "arson_imputed"]
_FROM_2015 = [
    *["population_census", "violent_kaplan_per_100k", "property_with_arson_kaplan_per_100k"],
    *["kaplan_quality", "labor_force", "employed", "unemployment_rate"],
    *["median_household_income_nominal", "poverty_rate"],
]


def policy_in_force(policies: pd.DataFrame, definition: str, year: int) -> pd.DataFrame:
    """Return each county with a policy of its own in force at the end of a year: ``fips, is_dated``.

    Parameters
    ----------
    policies : pandas.DataFrame
        Panel ``policies``.
    definition : str
        One of the panel.
    year : int

    Returns
    -------
    pandas.DataFrame
        Policies whose start is only known to lie before the year's end count; ``is_dated`` is False for them
        and for rows of low confidence. Those that ended in or before the year do not count. A policy that a
        statewide law of the same content had preceded is dated by the law.
    """
    own = cohorts(policies, definition, unit="county", last=year, event_time_only=False)
    ended = (own["ended_year"] <= year).fillna(False).astype(bool)
    absorbed = own["excluded_because"].eq("absorbed by state law").fillna(False).astype(bool)
    return own.assign(is_dated=own["in_event_time"] | absorbed).loc[~ended, ["fips", "is_dated"]]


def county_frame(panels: Mapping[str, pd.DataFrame], *, spec: CapSpec) -> pd.DataFrame:
    """Return one row a county with treatment, covariates, outcomes and the marks that choose samples.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        ``counties, county_year, policies, undated_places``.

    Returns
    -------
    pandas.DataFrame
        In the order of ``fips``. ``declines`` is 1 under a policy of the county's own or a statewide law, 0
        where no policy, law or list names the county by the end of the year, missing otherwise.
    """
    counties = panels["counties"].sort_values("fips", ignore_index=True)
    years = panels["county_year"]
    now = years.loc[years["year"] == spec.year, ["fips", *_FROM_2015]]
    frame = counties.merge(now, on="fips", how="left", validate="1:1")
    frame = _with_treatment(frame, panels["policies"], panels["undated_places"], spec=spec)
    return _with_marks(_with_past(_with_outcomes(_with_covariates(frame)), years, spec=spec), spec=spec)


def _with_treatment(
    frame: pd.DataFrame, policies: pd.DataFrame, undated: pd.DataFrame, *, spec: CapSpec
) -> pd.DataFrame:
    own = policy_in_force(policies, spec.definition, spec.year).set_index("fips")["is_dated"]
    laws = state_laws(policies, spec.definition)
    sure = set(laws.loc[laws["in_event_time"] & (laws["cohort"] <= spec.year), "state"])
    anywhere = state_laws(policies, "any_limit")
    named = set(anywhere.loc[anywhere["cohort"] <= spec.year, "state"])
    first = exposure(policies, undated, unit="county").set_index("fips")["exposed_from"]
    has_own, by_law = frame["fips"].isin(own.index), frame["state"].isin(sure)
    doubtful = (frame["fips"].map(first) <= spec.year).fillna(False) | frame["state"].isin(named)
    declines = has_own | by_law
    dated = frame["fips"].map(own).eq(True) | by_law
    clean = ~declines & ~doubtful.astype(bool)
    return frame.assign(
        how=np.select([has_own, by_law, clean], [OWN, LAW, "none known"], "doubtful"),
        declines=_coded(declines, clean),
        declines_by_own_policy=_coded(has_own, clean),
        declines_dated=_coded(dated, clean),
        declines_or_not=_coded(declines, ~declines),
        is_in_mixed_state=~frame["state"].isin(whole_states(frame["state"], declines)),
        is_outside_california=frame["state"].ne("CA"),
    )


def whole_states(states: pd.Series, declines: pd.Series) -> list[str]:
    """Return the states in which every county declines."""
    every = declines.groupby(states).all()
    return sorted(every.index[every])


def _coded(treated: pd.Series, comparison: pd.Series) -> np.ndarray:
    return np.select([treated, comparison], [1.0, 0.0], np.nan)


def _with_covariates(frame: pd.DataFrame) -> pd.DataFrame:
    people = frame["population_2010"].astype(float)
    density = people / frame["land_area_square_miles"]
    return frame.assign(log_population=np.log(people), log_density=np.log(density))


def _with_outcomes(frame: pd.DataFrame) -> pd.DataFrame:
    """Add crimes per 10,000 people and the labor force per 100 adults.

    Adults are the residents of the year less the share under 18 of 2010: no panel counts people of 16 and
    over in 2015, whom the labor force is drawn from.
    """
    violent, stolen = frame["violent_kaplan_per_100k"], frame["property_with_arson_kaplan_per_100k"]
    adults = frame["population_census"].astype(float) * (1 - frame["under_18_share_2010"])
    return frame.assign(
        **{CRIME: (violent + stolen) / 10, "violent_per_10k": violent / 10, "property_per_10k": stolen / 10},
        labor_force_share=100 * frame["labor_force"].astype(float) / adults,
        employed_share=100 * frame["employed"].astype(float) / adults,
    )


def past_crime(years: pd.DataFrame, year: int) -> pd.Series:
    """Return crimes per 10,000 covered people by FIPS, of the file to 2012; missing without data."""
    rows = years[years["year"] == year].set_index("fips")
    people = rows["population_covered"].astype(float)
    rate = rows[PARTS].astype(float).sum(axis=1, skipna=False) / people.where(people > 0) * 1e4
    return rate.where(~rows["is_illinois_before_2008"])


def _with_past(frame: pd.DataFrame, years: pd.DataFrame, *, spec: CapSpec) -> pd.DataFrame:
    past = {f"crime_{year}": frame["fips"].map(past_crime(years, year)) for year in spec.years_before}
    coverage = years[years["year"] == spec.before].set_index("fips")["coverage"]
    return frame.assign(
        **past, crime_before=past[f"crime_{spec.before}"], coverage_before=frame["fips"].map(coverage)
    )


def _with_marks(frame: pd.DataFrame, *, spec: CapSpec) -> pd.DataFrame:
    rated, low = frame[CRIME].notna(), frame["kaplan_quality"].eq(3).fillna(False).astype(bool)
    now, before = frame[CRIME], frame["crime_before"]
    known = before.notna()
    inside = now.between(before / spec.doubted_ratio, before * spec.doubted_ratio)
    return frame.assign(
        has_rate=rated,
        is_graded=rated & ~low,
        is_complete_before=frame["coverage_before"].eq(spec.complete),
        is_plausible=~known | inside,
        is_not_small=frame["population_census"].astype(float) >= spec.not_small,
        has_covariates=frame[list(spec.covariates)].notna().all(axis=1),
    )


#: How `dispositions` calls the counties the main comparison uses.
USED = {1.0: "used: declines detainers", 0.0: "used: comparison"}


def dispositions(frame: pd.DataFrame) -> pd.Series:
    """Return what the main comparison does with each county: the first reason that holds, or its use."""
    found = np.select([test for _, test in _tests(frame)], [reason for reason, _ in _tests(frame)], "")
    return pd.Series(found, index=frame.index)


def _tests(frame: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    return [
        ("a policy, law or list may bind it, none is sure", frame["declines"].isna()),
        ("no rate in the crime file", ~frame["has_rate"]),
        ("reports cover less than 80 percent of its people", ~frame["is_graded"]),
        ("a covariate is missing", ~frame["has_covariates"]),
        *[(name, frame["declines"].eq(value)) for value, name in USED.items()],
    ]


def ledger(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how many counties the main comparison uses and why the others are out: ``reason, counties``.

    Every county stands once, under the first reason that holds.
    """
    reasons = [reason for reason, _ in _tests(frame)]
    counted = dispositions(frame).value_counts().reindex(reasons, fill_value=0)
    return counted.rename_axis("reason").rename("counties").reset_index()


def by_state(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``state, name, counties, own_policy, by_law, declining_share`` where any county declines."""
    grouped = frame.groupby("state")
    table = pd.DataFrame(
        {
            "counties": grouped.size(),
            "own_policy": frame["how"].eq(OWN).groupby(frame["state"]).sum(),
            "by_law": frame["how"].eq(LAW).groupby(frame["state"]).sum(),
        }
    )
    table["declining_share"] = (table["own_policy"] + table["by_law"]) / table["counties"]
    table.insert(0, "name", table.index.map(by_usps("name")))
    return table[table["declining_share"] > 0].reset_index()
