"""Cities matched to agencies: each way of matching, what refuses it, and the hand tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DuplicateKeyError, LayoutError, UnknownPlaceError
from analysis.panels.agencies import matching
from analysis.panels.agencies.index import COLUMNS
from analysis.panels.agencies.matching import METHODS, UnmatchedAgencies, hand_matches, match_agencies
from analysis.panels.agencies.names import (
    base_name,
    compact_name,
    county_of,
    map_names,
    normal_name,
    without_county,
)
from analysis.panels.columns import validate

AGENCIES = [
    ("PA0000100", "Penn Township, York County", "york", True),
    ("PA0000200", "Penn Township, Butler County", "butler", True),
    ("PA0000300", "Abington Township", "montgomery", True),
    ("PA0000400", "St. Clair", "schuylkill", True),
    ("PA0000500", "Twin", "york", True),
    ("PA0000600", "Twin", "butler", False),
    ("PA0000700", "Upper Macungie Township", "lehigh", True),
    ("PA0000800", "Freehold", "york", True),
]
NO_HAND = hand_matches().iloc[:0]


def index(rows=AGENCIES) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["ori", "name", "county_name", "is_local_police"])
    table = table.assign(
        ori7=table["ori"].str[:7],
        state="PA",
        agency_type="City",
        place_fips=np.nan,
        place_method=np.nan,
        county_fips="42001",
        longitude=0.0,
        latitude=0.0,
        namesake_fips=np.nan,
        namesake_population=np.nan,
        name_key=map_names(table["name"], compact_name),
        base_key=map_names(map_names(table["name"], without_county), base_name).str.replace(" ", ""),
    )
    return table[COLUMNS]


def cities(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["year", "city", "population"])
    return frame.assign(state="PA", population=frame["population"].astype("Int64"))


def match(*rows, hand=NO_HAND, populations=None):
    return match_agencies(cities(*rows), index(), populations, hand)


def methods(result) -> dict:
    return dict(zip(result.matched["city"], result.matched["match_method"], strict=True))


@pytest.mark.parametrize(
    ("city", "ori", "method"),
    [
        ("Penn Township, York County", "PA0000100", "exact"),
        ("Penn Township (York County)", "PA0000100", "normalised"),
        ("Saint Clair", "PA0000400", "normalised"),
        ("Twin", "PA0000500", "homonym"),
        ("Abington Township, Montgomery County", "PA0000300", "county"),
    ],
)
def test_names(city, ori, method):
    found = match((2010, city, 20_000)).matched
    assert found[["ori", "match_method"]].to_numpy().tolist() == [[ori, method]]


@pytest.mark.parametrize(
    ("city", "population", "method"),
    [
        ("Upper Macungine Township", 21_000, "fuzzy_population"),
        ("Freehold Borough", 9_700, "base_population"),
        ("Upper Macungine Township", 30_000, None),
        ("Freehold Borough", 8_000, None),
    ],
)
def test_loose_names_need_the_population(city, population, method):
    known = [(2012, "Upper Macungie Township", 20_500), (2012, "Freehold", 10_000)]
    result = match((2013, city, population), *known)
    assert methods(result).get(city) == method
    assert len(result.unmatched) == (method is None)


def test_a_far_year_is_no_evidence():
    result = match((2019, "Freehold Borough", 10_000), (2012, "Freehold", 10_000))
    assert "Freehold Borough" not in methods(result)


def test_census_population_is_the_second_fact_of_an_agency_never_printed():
    agencies = index().assign(place_fips=lambda d: np.where(d["ori"] == "PA0000800", "4200001", None))
    census = pd.DataFrame({"place_fips": ["4200001"], "year": [2013], "population": [10_100]})
    rows = cities((2013, "Freehold Borough", 10_000))
    assert match_agencies(rows, agencies, census, NO_HAND).counts["base_population"] == 1
    assert (
        match_agencies(rows, agencies, census.assign(population=[12_000]), NO_HAND).counts["unmatched"] == 1
    )


def test_another_county_refuses_a_like_name():
    rows = [(2012, "Penn Township, York County", 15_000), (2013, "Penn Township, Adams County", 15_000)]
    assert match(*rows).unmatched["city"].tolist() == ["Penn Township, Adams County"]
    rows[1] = (2013, "Penn Township, Yorke County", 15_000)
    assert match(*rows).counts["fuzzy_population"] + match(*rows).counts["base_population"] == 1


def test_no_agency_twice_in_a_year():
    result = match((2010, "St. Clair", 5_000), (2010, "Saint Clair", 5_000), (2011, "Saint Clair", 5_000))
    assert result.matched[["ori", "year", "city"]].to_numpy().tolist() == [["PA0000400", 2010, "St. Clair"]]
    assert result.unmatched[["city", "city_years"]].to_numpy().tolist() == [["Saint Clair", 2]]
    assert result.unmatched["reason"].tolist() == ["its agency has another row in a year"]


def test_every_row_is_used_or_listed():
    rows = [(2010, "St. Clair", 5_000), (2011, "Nowhere", 50_000), (2012, "Nowhere", 9_000)]
    result = match(*rows)
    assert len(result.matched) + result.unmatched["city_years"].sum() == len(rows)
    assert sum(result.counts.values()) == len(rows)
    assert set(result.counts) == {*METHODS, "unmatched"}
    assert result.coverage == 0.0
    validate(result.unmatched.astype({"population_max": "Int64"}), UnmatchedAgencies)


def hand_row(**change):
    row = {
        "state": "PA",
        "city": "St. Clair",
        "first_year": 2010,
        "last_year": 2010,
        "ori": "PA0000300",
        "other_territory": False,
        "reason": "test",
    }
    return pd.DataFrame([row | change])


def test_the_hand_table_goes_first_and_only_in_its_years():
    result = match((2010, "St. Clair", 5_000), (2011, "St. Clair", 5_000), hand=hand_row())
    assert result.matched.set_index("year")["ori"].to_dict() == {2010: "PA0000300", 2011: "PA0000400"}


def test_spoilt_hand_tables():
    rows = [(2010, "St. Clair", 5_000), (2010, "Abington Township", 5_000)]
    with pytest.raises(UnknownPlaceError, match="PA9999999"):
        match(*rows, hand=hand_row(ori="PA9999999"))
    with pytest.raises(DuplicateKeyError, match="hand table"):
        match(*rows, hand=pd.concat([hand_row(), hand_row(last_year=2012)]))
    both = pd.concat([hand_row(), hand_row(city="Abington Township")])
    with pytest.raises(DuplicateKeyError, match="second row"):
        match(*rows, hand=both)


def test_spoilt_rows():
    with pytest.raises(LayoutError, match="population"):
        match_agencies(cities((2010, "Twin", 1)).drop(columns="population"), index(), None, NO_HAND)
    with pytest.raises(DuplicateKeyError, match="twice in Table 8"):
        match((2010, "Twin", 1), (2010, "Twin", 2))


def test_a_town_takes_its_namesake_only_with_its_population():
    one = index().assign(place_fips="4211111", place_method="subdivision", namesake_fips="4222222")
    rows = cities((2010, "Abington Township", 20_000))
    same = match_agencies(rows, one.assign(namesake_population=19_500.0), None, NO_HAND).matched
    part = match_agencies(rows, one.assign(namesake_population=3_000.0), None, NO_HAND).matched
    assert same[["place_fips", "place_method"]].to_numpy().tolist() == [["4222222", "namesake"]]
    assert part[["place_fips", "place_method"]].to_numpy().tolist() == [["4211111", "subdivision"]]


def test_committed_hand_table():
    hand = hand_matches()
    assert (hand["first_year"] <= hand["last_year"]).all()
    assert hand["reason"].str.len().gt(10).all()
    assert hand["ori"].str.fullmatch(r"[A-Z0-9]{9}").all()
    assert not hand.duplicated(["state", "city", "first_year"]).any()
    assert hand.loc[hand["other_territory"], "city"].tolist()[:2] == ["Savannah", "Louisville"]


@pytest.mark.parametrize(
    ("name", "normal", "base", "county"),
    [
        ("Coeur d'Alene city", "coeur dalene city", "coeur dalene", ""),
        ("La Cañada/Flintridge", "la canada flintridge", "la canada flintridge", ""),
        ("Webster Town & Village", "webster town and village", "webster town and", ""),
        ("Ft. Smith", "fort smith", "fort smith", ""),
        ("Mt. Pleasant Twp.", "mount pleasant township", "mount pleasant", ""),
        ("Penn Township (York County)", "penn township york county", "penn township york", "york"),
        ("Reno, Parker County", "reno parker county", "reno parker", "parker"),
        ("Kansas City city", "kansas city city", "kansas city", ""),
        ("Indianapolis city (balance)", "indianapolis city balance", "indianapolis", ""),
    ],
)
def test_names_made_comparable(name, normal, base, county):
    assert (normal_name(name), base_name(name), county_of(name)) == (normal, base, county)


def test_likeness_matters(monkeypatch):
    known = [(2012, "Upper Macungie Township", 20_500), (2013, "Upper Macungine Township", 20_500)]
    assert match(*known).counts["fuzzy_population"] == 1
    monkeypatch.setattr("analysis.panels.agencies.loose.LIKENESS", 99.0)
    assert match(*known).counts["fuzzy_population"] == 0
    assert matching.LARGE == 10_000
