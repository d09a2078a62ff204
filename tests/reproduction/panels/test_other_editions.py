"""Panels from later editions and other compilers, held against the ones the project already has."""

from __future__ import annotations

import pytest

from analysis.panels.crime.city_year_rtci import OFFENSES, agreement
from analysis.panels.crime.state_year_2023 import compare_editions
from analysis.panels.store import load, manifest_of
from analysis.sources import estimated_state_2023
from analysis.sources.county import nibrs_rates
from analysis.sources.states import usps_by


def test_the_later_edition_of_state_estimates_equals_the_first_through_2018():
    table = compare_editions(load("state_year"), load("state_year_2023")).set_index("year")
    before = table.loc[:2018]
    assert before["cells"].sum() == 24_288 and (before["cells"] == before["equal"]).all()
    assert table.loc[2019, "equal"] < table.loc[2019, "cells"] / 4


def test_states_to_2023_have_every_state_and_north_dakota_2022():
    later = load("state_year_2023").set_index(["state", "year"])
    assert later.loc[("ND", 2022), "population"] == 779_261
    assert later.loc[("NC", 2022), "population"] == 10_698_973
    assert later.groupby("year").size().loc[2019:].eq(51).all()
    flagged = later[later["is_nibrs_transition"]].index.get_level_values("year")
    assert set(flagged) == set(estimated_state_2023.TRANSITION)


def test_monthly_cities_fill_what_the_table_of_2021_lacks():
    monthly = load("city_year_rtci")
    missing = monthly[~monthly["is_in_city_year"] & (monthly["year"] == 2021)]
    assert (len(missing), missing["violent_without_rape"].notna().sum()) == (62, 57)
    big = missing.loc[missing["population"] > 1_000_000, "rtci_city"]
    assert {"Chicago"} <= set(big)


def test_monthly_cities_are_another_series_than_the_fbi_s():
    cities, monthly = load("city_year"), load("city_year_rtci")
    table = agreement(monthly, cities).set_index(["offense", "year"])
    early = table.loc["robbery"].loc[2018:2020]
    assert (early["within_5_percent"] > 0.85).all() and early["ratio"].between(0.97, 1.03).all()
    assault = table.loc["aggravated_assault"].loc[2018:2020]
    assert (assault["ratio"] < 0.95).all()
    assert (table.loc["homicide"].loc[2018:2020, "agencies"] > 300).all()
    dropped = manifest_of("city_year_rtci")["dropped"]
    assert dropped["agency-month of an agency that Table 8 does not name"] == 72


def test_a_year_with_a_month_missing_has_no_count():
    monthly = load("city_year_rtci")
    totals = monthly[["homicide", "robbery", "aggravated_assault"]]
    assert monthly["violent_without_rape"].isna().equals(totals.isna().any(axis=1))
    assert (monthly[OFFENSES].astype("float64").min() >= 0).all()


def test_places_of_2000_cover_the_cities_of_the_panel():
    places, before = load("places"), load("places_2000")
    incorporated = places[places["place_kind"] == "incorporated"]
    assert incorporated["place_fips"].isin(before["place_fips"]).mean() > 0.99
    both = incorporated.merge(before, on=["place_fips", "state"])
    large = both[both["population_census_2000"] > 50_000]
    ratio = large["population_census_2000"] / large["population_place_2000"].astype("float64")
    assert ratio.between(0.9, 1.1).mean() > 0.95
    change = large["hispanic_share_2000"].corr(large["hispanic_share_2010"])
    assert change > 0.97
    assert before["population_census_2000"].sum() > 200_000_000


def test_clearance_and_reporting_panels_are_whole():
    clearance = load("state_clearance")
    assert clearance["state"].nunique() == 38 and clearance["is_clearance_missing"].sum() == 3
    quality = load("county_nibrs")
    good = quality[quality["violent_nibrs_quality"] < 3].groupby("year").size()
    assert good.between(1_450, 1_600).all()
    california = quality[quality["fips"].str.startswith("06")]
    rated = california.dropna(subset=["violent_nibrs_quality"])
    low = rated["violent_nibrs_quality"].eq(3).groupby(rated["year"]).agg(["sum", "size"])
    assert low.loc[2021].tolist() == [36, 45] and low.loc[2023].tolist() == [25, 57]


@pytest.mark.raw
def test_county_rates_from_incident_reports_lie_near_the_state_s():
    rates = nibrs_rates.read()
    rates = rates[rates["violent_nibrs_quality"] == 1]
    states = load("state_year_2023")
    rates = rates.assign(state=rates["fips"].str[:2].map(usps_by("state_fips")))
    medians = rates.groupby(["state", "year"])["violent_nibrs_per_100k"].median()
    known = states.set_index(["state", "year"])["violent_estimated_per_100k"]
    both = medians.to_frame("county").join(known.rename("state_rate"), how="inner")
    assert len(both) > 100 and both["county"].corr(both["state_rate"], method="spearman") > 0.4
