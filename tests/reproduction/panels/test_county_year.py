"""County panels against what is known of them: exact sums, second readings, totals, and the committed bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.panels import load, manifest_of
from analysis.panels.crime.county_year import OUTCOMES, RATES, County20132014, CountyYear
from analysis.panels.declared import PANELS
from analysis.panels.geography.county_population import area_members
from analysis.panels.geography.county_votes import county_votes, share, votes_of
from analysis.panels.geography.fips_changes import COUNTIES
from analysis.panels.geography.shapes import load_shapes
from analysis.panels.materials import Materials
from analysis.panels.store import write_panel
from analysis.sources import estimated_state
from analysis.sources.census import population as census_population
from analysis.sources.census.places import read_intercensal_places
from analysis.sources.county import (
    bea,
    county_mean,
    county_rates,
    elections,
    health_rankings,
    medsl,
)
from analysis.sources.county import (
    icpsr as icpsr_county,
)
from analysis.sources.county.icpsr import BOROUGHS, OFFENSES
from analysis.sources.registry.files import sha256_of


@pytest.fixture(scope="module")
def published():
    return icpsr_county.read_published()


@pytest.fixture(scope="module")
def panel():
    return load("county_year")


@pytest.mark.raw
def test_two_year_sums_are_whole_numbers_for_3104_counties_and_8_offenses(published):
    means = county_mean.read()
    single = published[published["year"].between(2002, 2012)].groupby("fips")[OFFENSES].sum()
    sums = means.set_index("fips")[OFFENSES] * 13 - single.reindex(means["fips"]).astype("float64")
    assert sums.shape == (3104, 8) and sums.notna().all(axis=None)
    assert np.abs(sums - sums.round()).max(axis=None) < 1e-9
    assert (sums.round() >= 0).all(axis=None)


@pytest.mark.raw
def test_the_panel_holds_those_sums(published):
    built = county_mean.sum_2013_2014(county_mean.read(), published).set_index("fips")
    kept = load("county_2013_2014").set_index("fips")
    for name in [n for n in OFFENSES if n != "rape_legacy"] + ["rape_either"]:
        assert (built[name] == kept[f"{name}_imputed_2013_2014"]).all()
    assert len(kept) == 3104


@pytest.mark.raw
def test_health_rankings_agree_wherever_all_three_years_are_complete(published):
    """The other reading gives the same mean within rounding; it averages fewer years where a county is small."""
    both = health_rankings.compare(health_rankings.read(), published)
    coverage = published[published["year"].isin(health_rankings.YEARS)].groupby("fips")["coverage"].min()
    complete = both[both["fips"].map(coverage) == 100]
    assert len(both) == 2894 and int(both["agrees"].sum()) == 2652
    assert len(complete) == 1719 and int(complete["agrees"].sum()) == 1692
    moved = published.assign(robbery=published["robbery"] + 3)
    assert health_rankings.compare(health_rankings.read(), moved)["agrees"].mean() < 0.01


@pytest.mark.raw
def test_index_fields_are_what_their_names_say(published):
    parts = published[OFFENSES].astype("float64")
    later = published["year"] >= 2009
    violent = parts[["homicide", "rape_legacy", "robbery", "aggravated_assault"]].sum(axis=1)
    stolen = parts[["burglary", "larceny", "motor_vehicle_theft"]].sum(axis=1)
    printed = published[["index", "modified_index"]].astype("float64")
    assert (np.abs(printed["index"] - violent)[later] <= 3).all()
    assert (np.abs(printed["modified_index"] - stolen)[later] <= 3).all()
    before = ~later & (published["coverage"] > 0)
    assert (np.abs(printed["index"] - violent - stolen)[before] <= 3).mean() > 0.997


@pytest.mark.raw
def test_boroughs_are_population_shares_of_one_total(published):
    city = published[published["fips"].isin(BOROUGHS)].astype(
        {"robbery": "float64", "population_covered": "float64"}
    )
    share_of = {
        n: city[n] / city.groupby("year")[n].transform("sum") for n in ("robbery", "population_covered")
    }
    assert len(city) == 65
    assert np.abs(share_of["robbery"] - share_of["population_covered"]).max() < 0.0015


@pytest.mark.raw
def test_virginia_cities_have_one_population_in_two_sources():
    """The ten cities BEA prints singly: its figures are the Census Bureau's, to the person, in 100 cells."""
    places = read_intercensal_places()
    places = places[places["state"] == "VA"].set_index("name")
    names = census_population.read_counties().set_index("fips")["name"].str.replace(" city", "")
    printed = bea.read(range(2000, 2010)).pivot(index="fips", columns="year", values="population")
    singles = ["51510", "51550", "51650", "51700", "51710", "51740", "51760", "51770", "51800", "51810"]
    for code in singles:
        for year in range(2000, 2010):
            assert printed.loc[code, year] == places.loc[names[code], f"population_{year}"]


def test_virginia_areas_add_up_and_no_county_is_left_out(panel):
    members = [code for group in area_members().values() for code in group]
    assert len(members) == len(set(members)) == 51
    early = panel[(panel["year"] < 2010) & panel["fips"].isin(members)]
    assert early["population_census"].notna().all() and (early["population_census"] > 3_000).all()
    joint = panel[panel["fips"].isin(members) & panel["year"].isin([2009, 2010])]
    wide = joint.pivot(index="fips", columns="year", values="population_census").astype("float64")
    assert np.abs(np.log(wide[2010] / wide[2009])).max() < 0.07


@pytest.mark.raw
def test_population_is_the_nation_s():
    raw = pd.read_csv(census_path(), encoding="latin-1")
    states = raw[raw["SUMLEV"] == 40]
    totals = load("county_year").groupby("year")["population_census"].sum()
    for year in range(2010, 2018):
        assert totals[year] == states[f"POPESTIMATE{year}"].sum()


@pytest.mark.raw
def test_population_2010_lacks_only_the_city_of_bedford():
    """Of 2010 the source has Bedford County without the city of 6,222 that joined it in 2013."""
    raw = pd.read_csv(census_path(), encoding="latin-1")
    nation = raw.loc[raw["SUMLEV"] == 40, "CENSUS2010POP"].astype("int64").sum()
    assert nation - load("counties")["population_2010"].sum() == 6_222


def census_path():
    from analysis.sources.registry.files import locate

    return locate(census_population.PATH)


def test_shape_and_keys(panel):
    assert panel.shape == (COUNTIES * 18, len(CountyYear.to_schema().columns))
    assert set(panel.groupby("year").size()) == {COUNTIES}
    assert not panel.duplicated(["fips", "year"]).any()
    assert not load("county_2013_2014")["fips"].duplicated().any()
    assert list(load("county_2013_2014").columns) == list(County20132014.to_schema().columns)


def test_no_count_without_coverage_and_none_after_2012(panel):
    uncovered = panel[(panel["coverage"] == 0) & ~panel["is_borough_share"]]
    assert len(uncovered) > 1_800 and uncovered[OUTCOMES].isna().all(axis=None)
    assert panel.loc[panel["year"] > 2012, OUTCOMES].isna().all(axis=None)
    kaplan = panel["violent_kaplan_per_100k"].notna()
    assert sorted(panel.loc[kaplan, "year"].unique()) == [2015, 2017] and kaplan.sum() == 6270


def test_rates_are_counts_over_covered_population(panel):
    for rate, (count, people, base) in RATES.items():
        known = panel[rate].notna()
        expected = (
            panel.loc[known, count].astype("float64") / panel.loc[known, people].astype("float64") * base
        )
        np.testing.assert_array_equal(panel.loc[known, rate], expected)
        assert known.sum() > 36_000


def test_totals_are_their_parts(panel):
    parts = ["homicide_imputed", "rape_legacy_imputed", "robbery_imputed", "aggravated_assault_imputed"]
    known = panel[panel["violent_imputed"].notna()]
    assert (known[parts].astype("int64").sum(axis=1) == known["violent_imputed"].astype("int64")).all()
    assert panel.loc[panel["rape_legacy_imputed"].isna(), "violent_imputed"].isna().all()
    assert panel.loc[panel["state"].eq("IL"), "violent_imputed"].isna().all()


def test_san_francisco_is_its_police(panel):
    """One county, one city: its police report nearly all of the county's crime."""
    row = panel[(panel["fips"] == "06075") & (panel["year"] == 2012)].iloc[0]
    city = load("city_year")
    printed = city[(city["ori"] == "CA03801") | (city["ori"] == "CA0380100")]
    printed = printed[printed["year"] == 2012].iloc[0]
    assert row["homicide_imputed"] == printed["homicide"]
    assert abs(row["violent_imputed"] / printed["violent"] - 1) < 0.02


def test_new_york_2001_holds_no_deaths_of_september_11(panel):
    city = panel[panel["fips"].isin(BOROUGHS)]
    assert city.loc[city["year"] == 2001, "homicide_imputed"].isna().all()
    assert city.loc[city["year"] == 2000, "homicide_imputed"].sum() == 672
    assert city.loc[city["year"] == 2001, "robbery_imputed"].sum() == 28_266


def test_louisiana_labor_force_is_blank_after_katrina_and_nowhere_else(panel):
    after = panel[panel["year"].isin([2005, 2006]) & (panel["state"] == "LA")]
    assert after["labor_force"].isna().groupby(after["year"]).sum().tolist() == [7, 7]
    rest = panel[panel["labor_force"].isna() & ~((panel["state"] == "LA") & panel["year"].isin([2005, 2006]))]
    assert set(rest["state"]) == {"AK"}
    known = panel.dropna(subset=["labor_force"])
    assert (known["employed"] + known["unemployed"] - known["labor_force"]).abs().max() <= 1


def test_counts_lost_are_the_rows_of_the_files(panel):
    dropped = manifest_of("county_year")["dropped"]
    nacjd = sum(n for reason, n in dropped.items() if reason.startswith("nacjd"))
    assert nacjd + int(panel["coverage"].notna().sum()) == 41_057
    rates = sum(n for reason, n in dropped.items() if reason.startswith("kaplan"))
    assert rates + int((panel["crime_series"] == "kaplan").sum()) == county_rates.ROWS


def test_counties_and_their_classes():
    counties = load("counties")
    assert len(counties) == COUNTIES and not counties["fips"].duplicated().any()
    classes = counties["nchs_class_2013"].value_counts().sort_index()
    assert classes.tolist()[:2] == [68, 368] and classes.sum() == COUNTIES
    assert counties.loc[counties["fips"] == "51019", "population_2010"].tolist() == [68_676]
    los_angeles = counties.set_index("fips").loc["06037"]
    assert abs(los_angeles["centroid_latitude"] - 34.3) < 0.5 and los_angeles["nchs_class_2013"] == 1
    alaska = counties["state"] == "AK"
    assert counties.loc[alaska, "democratic_vote_share_2012"].isna().all() and alaska.sum() == 29
    assert not counties["fips"].isin(["15005", "46113", "51515", "02270"]).any()


@pytest.mark.raw
def test_votes_of_2012_agree_between_two_files_once_keyed_by_name():
    first, context = elections.read(), medsl.read()
    both = votes_of(context, 2012).merge(first[first["year"] == 2012], on="fips", suffixes=("", "_returns"))
    assert (
        len(both) == 3113
        and int((both["democratic_votes"] == both["democratic_votes_returns"]).sum()) == 3008
    )
    names = census_population.read_counties().set_index("fips")["name"]
    believed = county_votes(first, context, names)
    wide = believed.pivot(index="fips", columns="year", values="total_votes").astype("float64")
    assert not (np.abs(np.log(wide[2012] / wide[2008])) > np.log(1.55)).any()
    assert share(believed).dropna().between(0.01, 0.99).all() and share(believed).isna().sum() == 1
    assert believed.groupby("year").size().to_dict() == {
        2000: 3107, 2004: 3103, 2008: 3088, 2012: 3112, 2016: 3111, 2020: 3112,
    }  # fmt: skip


def test_state_estimates_cover_what_they_say():
    states = load("state_year")
    per_year = states.groupby("year").size()
    assert set(per_year[:16]) == {50} and set(per_year[16:]) == {51} and len(states) == estimated_state.ROWS
    assert set(states.loc[states["state"] == "MS", "year"]) == set(range(1995, 2020))
    assert int((~states["parts_match"]).sum()) == 5
    new_york = states[(states["state"] == "NY") & (states["year"] == 2001)].iloc[0]
    assert new_york["homicide_estimated"] == 960
    assert states["caveats"].notna().sum() == 70


def test_county_counts_lie_under_the_state_s_estimate(panel):
    counted = panel[panel["year"] <= 2012].groupby(["state", "year"])["homicide_imputed"].sum().reset_index()
    both = counted.merge(load("state_year"), on=["state", "year"], validate="1:1")
    ratio = both["homicide_imputed"].astype("float64") / both["homicide_estimated"].astype("float64")
    assert len(both) == 663 and ratio.median() > 0.98 and ratio.quantile(0.9) < 1.02


def test_shapes_are_valid_small_and_where_they_belong():
    counties, states = load_shapes("county_shapes"), load_shapes("state_shapes")
    assert len(counties) == 3140 and len(states) == 51
    assert counties.is_valid.all() and states.is_valid.all()
    assert set(load("counties")["fips"]) - set(counties["fips"]) == {"51610"}
    merged = counties.dissolve(by="state").to_crs("EPSG:5070").area
    whole = states.set_index("state").to_crs("EPSG:5070").area.reindex(merged.index)
    assert np.abs(merged / whole - 1).max() < 0.01


@pytest.mark.raw
@pytest.mark.parametrize(
    "name", ["county_year", "county_2013_2014", "counties", "state_year", "county_shapes", "state_shapes"]
)
def test_rebuilding_gives_the_same_bytes(name, tmp_path):
    panel = PANELS[name]
    built = panel.build(Materials())
    path = write_panel(
        name, built.frame, keys=panel.keys, inputs=built.inputs, dropped=built.dropped, directory=tmp_path
    )
    assert sha256_of(path) == manifest_of(name)["sha256"]
    assert built.dropped == manifest_of(name)["dropped"]
