"""Coverage of the match, and the places panel, on the committed panels and the published files."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.panels.agencies.matching import LARGE, METHODS, hand_matches
from analysis.panels.agencies.place_index import attach_places, place_index
from analysis.panels.columns import validate
from analysis.panels.geography.places import Places, PlaceYear
from analysis.panels.store import load, manifest_of
from analysis.sources.census.places import read_acs_places, read_race_places
from analysis.sources.county import acs as acs_county
from analysis.sources.states import by_usps

#: Large places the crosswalk's known defects name, their agency, place and county.
NAMED = [
    ("NV", "Las Vegas Metropolitan Police Department", "NV0020100", "3240000", "32003"),
    ("NC", "Charlotte-Mecklenburg", "NC0600100", "3712000", "37119"),
    ("HI", "Honolulu", "HI0020000", "1571550", "15003"),
    ("DC", "Washington", "DCMPD0000", "1150000", "11001"),
    ("TN", "Nashville", "TN0190100", "4752006", "47037"),
    ("FL", "Miami", "FL0130600", "1245000", "12086"),
    ("KY", "Lexington", "KY0340200", "2146027", "21067"),
    ("AK", "Anchorage", "AK0010100", "0203000", "02020"),
    ("GA", "Savannah", "GA0250300", "1369000", "13051"),
    ("CT", "New Haven", "CT0009300", "0952000", "09009"),
    ("CT", "Hartford", "CT0006400", "0937000", "09003"),
    ("KY", "Louisville", "KY0568000", "2148006", "21111"),
]
#: Names that drift: all of them are one agency.
DRIFTING = {
    "NV0020100": {
        "Las Vegas Metropolitan Police Department",
        "Las Vegas Metropolitan Police Department Jurisdiction",
    },
    "TN0190100": {"Nashville", "Nashville Metropolitan", "Metropolitan Nashville Police Department"},
    "KY0568000": {"Louisville", "Louisville Metro"},
    "GA0250300": {"Savannah", "Savannah-Chatham Metropolitan"},
    "FL0130600": {"Miami", "Miami-Dade"},
    "NJ0040800": {"Camden", "Camden County Police Department"},
    "NJ0150700": {"Dover Township", "Toms River Township"},
    "FL0060400": {"Hallandale", "Hallandale Beach"},
    "NJ0161600": {"West Paterson", "Woodland Park"},
}


@pytest.fixture(scope="module")
def cities():
    return load("city_year")


@pytest.fixture(scope="module")
def places():
    return load("places")


def test_coverage(cities):
    left = load("unmatched_agencies")
    large = int((cities["population"] >= LARGE).sum())
    assert (large, int(left["city_years_10k"].sum())) == (80_673, 86)
    assert large / (large + 86) >= 0.965
    assert (len(cities), int(left["city_years"].sum())) == (189_459, 1_724)
    assert len(left) == 463


def test_counts_by_method_are_in_the_manifest(cities):
    counts = manifest_of("city_year")["counts"]
    assert list(counts) == [*METHODS, "unmatched"]
    printed = cities["match_method"].value_counts().to_dict()
    assert {name: counts[name] for name in METHODS} == {name: printed[name] for name in METHODS}
    assert counts["base_population"] + counts["fuzzy_population"] < 0.002 * len(cities)


def test_no_agency_twice_in_a_year(cities):
    assert not cities.duplicated(["ori", "year"]).any()


def test_a_name_is_one_agency_unless_by_hand(cities):
    agencies = cities.groupby(["state", "city"])["ori"].nunique()
    by_hand = set(map(tuple, hand_matches()[["state", "city"]].to_numpy()))
    assert set(agencies[agencies > 1].index) <= by_hand


@pytest.mark.parametrize(("state", "city", "ori", "place", "county"), NAMED)
def test_large_places_of_the_known_defects(cities, state, city, ori, place, county):
    rows = cities[(cities["state"] == state) & (cities["city"] == city)]
    assert len(rows)
    assert rows[["ori", "place_fips", "county_fips"]].drop_duplicates().to_numpy().tolist() == [
        [ori, place, county]
    ]


def test_miami_dade_of_1999_is_the_city(cities):
    miami = cities[cities["ori"] == "FL0130600"].set_index("year")["population"]
    assert miami[1999] == 373_450
    assert miami[2000] == 390_540


@pytest.mark.parametrize("ori", DRIFTING)
def test_drifting_names_are_one_agency(cities, ori):
    assert set(cities.loc[cities["ori"] == ori, "city"]) == DRIFTING[ori]


def test_every_agency_has_a_county_and_a_state_that_fits(cities):
    assert cities["county_fips"].notna().all()
    prefix = cities["state"].map(by_usps("state_fips"))
    assert (cities["county_fips"].str[:2] == prefix).all()
    known = cities["place_fips"].notna()
    assert (cities.loc[known, "place_fips"].str[:2] == prefix[known]).all()
    assert manifest_of("places")["dropped"]["agency without a Census place"] == 97


def test_printed_and_census_population_agree(cities):
    both = cities.merge(load("place_year"), on=["place_fips", "year"], validate="many_to_one")
    big = both[(both["population"] >= LARGE) & (both["population_place"] >= LARGE)]
    ratio = big["population"].astype(float) / big["population_place"].astype(float)
    assert len(big) == 49_529
    assert ratio.sub(1).abs().le(0.1).mean() > 0.953
    assert ratio.sub(1).abs().le(0.3).mean() > 0.995
    off = big[(ratio > 2) | (ratio < 0.5)]
    assert set(off["ori"]) == {
        *("CA0271100", "FL006880X", "FL0350300", "GA0440400", "GA0605700", "HI0020000"),
        *("KY0568000", "NV0020100", "TX2270900", "WA0310500", "WA0311900"),
    }


def test_panels_are_valid(places):
    validate(places, Places)
    validate(load("place_year"), PlaceYear)


def test_places(places):
    assert len(places) == 11_722
    kinds = places["place_kind"].value_counts().to_dict()
    assert kinds == {"incorporated": 10_038, "subdivision": 1_617, "cdp": 67}
    real = places[places["place_kind"] != "subdivision"]
    assert real["population_place_2010"].notna().all()
    assert places.loc[places["place_kind"] == "subdivision", "population_place_2010"].isna().all()
    assert real["hispanic_share_2010"].notna().sum() == 10_102
    assert real["poverty_rate_2015"].notna().sum() == 10_070
    assert places["foreign_born_source"].value_counts().to_dict() == {
        "county_2010": 11_173,
        "place_2015": 549,
    }


@pytest.mark.parametrize(
    ("place", "column", "value"),
    [
        ("0644000", "population_place_2000", 3_701_062),
        ("0644000", "population_place_2010", 3_792_621),
        ("0644000", "population_place_2014", 3_909_901),
        ("0644000", "median_household_income_2015_nominal", 50_205),
        ("0644000", "poverty_rate_2015", 22.1),
        ("0644000", "high_school_share_2015", 0.755),
        ("0667000", "hispanic_share_2010", 0.151),
        ("0667000", "black_share_2010", 0.061),
        ("0820000", "foreign_born_share_2015", 113_222 / 682_545),
        ("1150000", "median_household_income_2015_nominal", 70_848),
        ("3651000", "county_share", 0.3064),
        ("2148006", "hispanic_share_2010", 0.045),
    ],
)
def test_published_values(places, place, column, value):
    assert places.set_index("place_fips").loc[place, column] == pytest.approx(value, rel=1e-12)


def test_top_coded_income_is_flagged(places):
    top = places[places["income_coding"] == "top"]
    assert len(top) == 5
    assert (top["median_household_income_2015_nominal"] == 250_000).all()
    exact = places.loc[places["income_coding"] == "exact", "median_household_income_2015_nominal"]
    assert exact.between(2_500, 250_000, inclusive="neither").all()


def test_foreign_born_is_the_place_s_where_there_is_one(places):
    own = places["foreign_born_share_2015"].notna()
    assert (places.loc[own, "foreign_born_share"] == places.loc[own, "foreign_born_share_2015"]).all()
    rest = places[~own]
    assert (rest["foreign_born_share"] == rest["county_foreign_born_share_2010"]).all()


def test_primary_agency_is_the_largest(places, cities):
    median = cities.groupby("ori")["population"].median().astype(float).fillna(0.0)
    several = places[places["oris"].str.contains("|", regex=False)]
    assert len(several) == 5
    for row in several.itertuples():
        assert row.oris.split("|") == sorted(row.oris.split("|"))
        assert median[row.primary_ori] == max(median[ori] for ori in row.oris.split("|"))


@pytest.mark.raw
def test_the_race_file_is_the_census_of_2010_and_income_is_acs_2015():
    """Places that are whole counties have the county's published figures: that dates the undated files."""
    index = place_index()
    counties = acs_county.read_2010().set_index("fips"), acs_county.read_2015().set_index("fips")
    whole = index[index["county_share"] > 0.999].set_index("place_fips")
    whole = whole[whole["population_2010"] == whole["county_fips"].map(counties[0]["population_2010"])]
    race = attach_places(read_race_places(), index, "race_places").set_index("place_fips")
    acs = attach_places(read_acs_places(), index, "acs_places").set_index("place_fips")

    def equal(mine: pd.Series, table: pd.DataFrame, theirs: str, scale: float) -> int:
        ours = mine[mine.index.isin(whole.index)]
        published = whole["county_fips"].reindex(ours.index).map(table[theirs]) * scale
        return int((ours - published).abs().lt(0.051).sum())

    assert len(whole) == 61
    assert equal(race["hispanic_percent"], counties[0], "hispanic_share_2010", 100) == 61
    assert equal(race["hispanic_percent"], counties[1], "hispanic_share_2015", 100) < 5
    assert equal(acs["income"], counties[1], "median_household_income_2015_nominal", 1) == 61
    assert equal(acs["income"], counties[0], "median_household_income_2010_nominal", 1) == 0
    assert equal(acs["poverty_percent"], counties[1], "poverty_rate_2015", 1) >= 60


@pytest.mark.raw
@pytest.mark.parametrize(
    ("source", "joined"),
    [("acs_places", 29_084), ("race_places", 29_214)],
)
def test_names_join_to_codes(source, joined):
    table = {"acs_places": read_acs_places, "race_places": read_race_places}[source]()
    result = attach_places(table, place_index(), source)
    assert len(result) == len(table)
    assert result["place_fips"].notna().sum() == joined
    assert result["place_fips"].dropna().is_unique
