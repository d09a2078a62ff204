"""The staggered county sample with each county's dose, its class, and its declined detainers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..first_stage.sample import one_new_york
from ..staggered_counties.sample import PANELS as COUNTY_PANELS
from ..staggered_counties.sample import county_sample
from ..staggered_counties.spec import SPEC as COUNTIES
from .spec import DoseSpec

PANELS = (*COUNTY_PANELS, "county_detainers", "county_detainers_pooled")
_YEARS_OF_PERIOD = COUNTIES.period_years


@dataclass(frozen=True)
class DoseSample:
    """Rows for estimation and what they are made of.

    Attributes
    ----------
    frame : pandas.DataFrame
        As the frame of `staggered_counties.sample.CountySample`, with ``detainers_per_1000`` (a year),
        ``non_citizen_share``, ``dose_class`` (of `DoseSpec.classes`; comparison counties by the adopters'
        cutpoints), ``declined`` (recorded declines of the row's years at local facilities).
    classes : pandas.DataFrame
        By class: adopters and comparison counties, their states, mean dose, declines of 2013 and 2014 per
        100,000 person-years, lower end of the class.
    ledger : pandas.DataFrame
        The county sample's ledger, its last step parted by decliners without a row.
    """

    frame: pd.DataFrame
    classes: pd.DataFrame
    ledger: pd.DataFrame


def dose_sample(panels: Mapping[str, pd.DataFrame], *, spec: DoseSpec) -> DoseSample:
    """Return the sample from the panels named in `PANELS`."""
    base = county_sample(panels, spec=COUNTIES)
    frame = base.frame.merge(doses(panels, spec=spec), on="fips", how="left", validate="many_to_one")
    unlisted = _unlisted(frame, panels, spec)
    frame = frame[~frame["fips"].isin(unlisted)].reset_index(drop=True)
    cuts = _cutpoints(frame, spec)
    frame["dose_class"] = _classes(frame, cuts, spec)
    frame = _with_declines(frame, panels)
    ledger = base.ledger.copy()
    last = ledger["step"].eq("in the sample")
    ledger.loc[last, "counties"] -= len(unlisted)
    step = {"step": "comparison county that declined without a row", "counties": len(unlisted)}
    ledger = pd.concat([ledger[~last], pd.DataFrame([step]), ledger[last]], ignore_index=True)
    return DoseSample(frame, _describe(frame, cuts, spec), ledger)


def doses(panels: Mapping[str, pd.DataFrame], *, spec: DoseSpec) -> pd.DataFrame:
    """Return, by ``fips``, detainers before fiscal year 2015 (in all and per 1,000 residents and year).

    ``non_citizen_share`` is that of 2006 to 2010; of New York City the mean of the boroughs by residents.
    """
    counties = panels["counties"].assign(
        people=panels["counties"]["population_2010"].astype(float),
        abroad=lambda rows: rows["non_citizen_share_2010"] * rows["population_2010"].astype(float),
    )
    residents = one_new_york(counties[["fips", "people", "abroad"]], []).set_index("fips")
    pooled = one_new_york(panels["county_detainers_pooled"], []).set_index("fips")
    before = (
        pooled["detainers_pooled_local"]
        + pooled["detainers_pooled_shared_local"]
        - pooled["detainers_fiscal_2015_local"]
    ).clip(lower=0)
    table = pd.DataFrame({"detainers_before": before.reindex(residents.index).fillna(0.0)})
    table["detainers_per_1000"] = table["detainers_before"] / spec.dose_years / residents["people"] * 1e3
    table["non_citizen_share"] = residents["abroad"] / residents["people"]
    return table.rename_axis("fips").reset_index()


def _unlisted(frame: pd.DataFrame, panels: Mapping[str, pd.DataFrame], spec: DoseSpec) -> set[str]:
    years = one_new_york(panels["county_detainers"], ["year"])
    through = years[years["year"].le(_YEARS_OF_PERIOD[1])].groupby("fips")["declined_local"].sum()
    comparison = frame.loc[frame["cohort"].eq(0), "fips"].unique()
    return set(through[through.ge(spec.decliner)].index) & set(comparison)


def _cutpoints(frame: pd.DataFrame, spec: DoseSpec) -> np.ndarray:
    adopters = frame[frame["cohort"].gt(0)].drop_duplicates("fips")
    some = adopters[adopters["detainers_before"].ge(spec.least_volume)]
    return some[spec.dose].quantile(list(spec.quantiles)).to_numpy(float)


def _classes(frame: pd.DataFrame, cuts: np.ndarray, spec: DoseSpec) -> pd.Series:
    names = np.array(spec.classes[1:])
    by_dose = names[np.searchsorted(cuts, frame[spec.dose].to_numpy(float), side="right")]
    some = frame["detainers_before"].ge(spec.least_volume)
    return pd.Series(np.where(some, by_dose, spec.classes[0]), index=frame.index)


def _with_declines(frame: pd.DataFrame, panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    years = one_new_york(panels["county_detainers"], ["year"])[["fips", "year", "declined_local"]]
    first, last = _YEARS_OF_PERIOD
    period = years["year"].where(~years["year"].between(first, last), COUNTIES.period)
    sums = years.assign(year=period).groupby(["fips", "year"], as_index=False)["declined_local"].sum()
    sums = sums[sums["year"].le(COUNTIES.period)].rename(columns={"declined_local": "declined"})
    merged = frame.merge(sums, on=["fips", "year"], how="left", validate="one_to_one")
    return merged.assign(declined=merged["declined"].astype(float))


def _describe(frame: pd.DataFrame, cuts: np.ndarray, spec: DoseSpec) -> pd.DataFrame:
    late = frame[frame["year"].eq(COUNTIES.period)]
    starts = dict(zip(spec.classes, (0.0, 0.0, *cuts), strict=True))
    rows = []
    for name in spec.classes:
        part = late[late["dose_class"].eq(name)]
        treated, rest = part[part["cohort"].gt(0)], part[part["cohort"].eq(0)]
        rows.append(
            {
                "dose_class": name,
                "adopters": len(treated),
                "adopting_states": treated["state"].nunique(),
                "comparison": len(rest),
                "mean_dose": treated[spec.dose].mean(),
                "mean_dose_comparison": rest[spec.dose].mean(),
                "declined_per_100k": treated["declined"].sum() / treated["people"].sum() * 1e5,
                "declined_per_100k_comparison": rest["declined"].sum() / rest["people"].sum() * 1e5,
                "starts_at": starts[name],
            }
        )
    return pd.DataFrame(rows)
