"""Counties by year with their declines, their exposure and their dated policy; every exclusion counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...panels.policies.cohorts import assign_treatment, cohorts
from ...sources.county.icpsr import BOROUGHS
from .spec import FirstStageSpec

PANELS = (
    "county_detainers",
    "county_detainers_pooled",
    "counties",
    "policies",
    "policy_rows",
    "undated_places",
)
#: The five boroughs, served by the same jails, are one unit under Manhattan's code.
NEW_YORK = "36061"


@dataclass(frozen=True)
class FirstStageSample:
    """Counties, county-years for the model, and the ledger of counties left out.

    Attributes
    ----------
    counties : pandas.DataFrame
        One row a county: ``fips, state, county_name, cohort`` (0: none), ``dated_by, adopted, exposed_from``
        (year from which any row, list or law names it), ``volume`` (detainers of fiscal years 2008-2015 at
        local facilities, those of shared names apportioned), ``detainers_2015, declined_2015`` (fiscal year
        2015 to 19 July, local).
    frame : pandas.DataFrame
        One row a county of the model and year: ``fips, state, year, cohort, dated_by, declined,
        log_volume, treated``.
    ledger : pandas.DataFrame
        ``step, counties``: each county once; the sample's adopters and comparison counties last.
    """

    counties: pd.DataFrame
    frame: pd.DataFrame
    ledger: pd.DataFrame


def first_stage_sample(panels: Mapping[str, pd.DataFrame], *, spec: FirstStageSpec) -> FirstStageSample:
    """Return the sample from the panels named in `PANELS`; the order of their rows does not matter."""
    counties = county_table(panels, spec=spec)
    step = _steps(counties, spec)
    kept = counties[step.isin(["adopters in the model", "comparison counties in the model"])]
    years = one_new_york(panels["county_detainers"], ["year"])
    years = years[years["year"].between(*spec.years)]
    frame = years.merge(
        kept[["fips", "state", "cohort", "dated_by", "volume"]], on="fips", validate="many_to_one"
    )
    follows = frame["cohort"].between(*spec.adopted)
    frame = frame.assign(
        cohort=frame["cohort"].where(follows, 0),
        declined=frame["declined_local"].astype(float),
        log_volume=np.log(frame["volume"]),
    )
    frame["treated"] = (frame["cohort"].gt(0) & frame["year"].ge(frame["cohort"])).astype(float)
    columns = ["fips", "state", "year", "cohort", "dated_by", "declined", "log_volume", "treated"]
    ledger = step.value_counts().reindex(_ORDER, fill_value=0).rename_axis("step").rename("counties")
    frame = frame[columns].sort_values(["fips", "year"], ignore_index=True)
    return FirstStageSample(counties, frame, ledger.reset_index())


def county_table(panels: Mapping[str, pd.DataFrame], *, spec: FirstStageSpec) -> pd.DataFrame:
    """Return one row a county: see `FirstStageSample.counties`."""
    counties = panels["counties"].sort_values("fips", ignore_index=True)
    counties = counties[~counties["fips"].isin(set(BOROUGHS) - {NEW_YORK})]
    table = assign_treatment(
        counties[["fips", "state"]],
        panels["policies"],
        panels["undated_places"],
        spec.definition,
        unit="county",
        include_state_laws=spec.include_state_laws,
    )
    own = cohorts(panels["policies"], spec.definition, unit="county", event_time_only=False)
    table["adopted"] = table["fips"].map(own.set_index("fips")["adopted"])
    table["county_name"] = table["fips"].map(counties.set_index("fips")["county_name"])
    table["cohort"] = table["cohort"].fillna(0).astype("int64")
    pooled = one_new_york(panels["county_detainers_pooled"], []).set_index("fips")
    table["volume"] = table["fips"].map(
        pooled["detainers_pooled_local"] + pooled["detainers_pooled_shared_local"]
    )
    table["detainers_2015"] = table["fips"].map(pooled["detainers_fiscal_2015_local"])
    table["declined_2015"] = table["fips"].map(pooled["declined_fiscal_2015_local"])
    names = ["fips", "state", "county_name", "cohort", "dated_by", "adopted", "exposed_from", "volume"]
    return table[[*names, "detainers_2015", "declined_2015"]].reset_index(drop=True)


def one_new_york(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return counts with the five boroughs summed under Manhattan's code."""
    fips = frame["fips"].where(~frame["fips"].isin(BOROUGHS), NEW_YORK)
    return frame.assign(fips=fips).groupby(["fips", *keys], as_index=False).sum(min_count=1)


_ORDER = [
    "adopted before the years followed",
    "named by a policy, law or list, none sure",
    "fewer detainers than could show a change",
    "adopters in the model",
    "comparison counties in the model",
]


def _steps(counties: pd.DataFrame, spec: FirstStageSpec) -> pd.Series:
    first, last = spec.adopted
    cohort = counties["cohort"]
    follows = cohort.between(first, last)
    named = counties["exposed_from"].le(spec.clean_through).fillna(False).astype(bool)
    tests = [
        cohort.gt(0) & cohort.lt(first),
        named & ~follows,
        counties["volume"].lt(spec.least_volume),
        follows,
    ]
    return pd.Series(np.select(tests, _ORDER[:4], _ORDER[4]), index=counties.index)
