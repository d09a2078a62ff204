"""Crosswalks and place tables: read as published, and refused when spoilt."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest

from analysis.errors import DuplicateKeyError, ImpossibleValueError, LayoutError
from analysis.sources.census import crosswalk, places
from analysis.sources.registry import files as registry
from analysis.sources.registry import totals
from analysis.sources.states import by_usps, states, usps_by

AGENCY_HEADER = ",".join(crosswalk._AGENCY_COLUMNS)
NAME_HEADER = ",".join(crosswalk._NAME_COLUMNS)
PLACE_HEADER = ",".join(crosswalk._PLACE_COLUMNS)
SECOND_HEADER = "County code,State code,Place code,a,b,c,d,e,f"


def agency(ori="AL00101", ori9="AL0010100", place="07000", longitude="-86.9", kind="local police department"):
    county = "073"
    return f"{ori},{ori9},01,{county},01{county},{place},{kind},x pd,x city,{longitude},33.5,,,,,,"


@pytest.fixture
def spoilt(tmp_path, monkeypatch):
    """Put other content in the place of a registered file, registered as if it were published."""

    def put(path: str, content: str | bytes) -> None:
        data = content if isinstance(content, bytes) else content.encode()
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        files = dict(registry.raw_files())
        files[path] = registry.RawFile(path, len(data), hashlib.sha256(data).hexdigest())
        monkeypatch.setattr(registry, "raw_files", lambda: files)
        monkeypatch.setenv("ANALYSIS_RAW_DIR", str(tmp_path))
        monkeypatch.setattr(totals, "registered", dict)

    return put


def test_agency_codes_are_missing_not_filled(spoilt):
    rows = [
        agency(),
        agency("AL00100", "", "99073", kind="sheriffs office"),
        agency("NB02802", "NB0280200", ""),
    ]
    spoilt(crosswalk.AGENCY_CROSSWALK, "\n".join([AGENCY_HEADER, *rows]) + "\n")
    table = crosswalk.read_agency_crosswalk()
    assert table["state"].tolist() == ["AL", "AL", "NE"]
    assert table["place_fips"].tolist()[0] == "0107000"
    assert table["place_fips"].isna().tolist() == [False, True, True]
    assert table["ori"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("rows", "error", "says"),
    [
        ([agency(), agency()], DuplicateKeyError, "AL00101"),
        ([agency(longitude="-186.9")], ImpossibleValueError, "row 2"),
        ([agency(longitude="west")], ImpossibleValueError, "longitude"),
    ],
)
def test_spoilt_agency_rows(spoilt, rows, error, says):
    spoilt(crosswalk.AGENCY_CROSSWALK, "\n".join([AGENCY_HEADER, *rows]) + "\n")
    with pytest.raises(error, match=says):
        crosswalk.read_agency_crosswalk()


def test_other_columns_are_refused(spoilt):
    spoilt(crosswalk.AGENCY_CROSSWALK, "ori,name\nAL00101,x\n")
    with pytest.raises(LayoutError, match="columns"):
        crosswalk.read_agency_crosswalk()


def test_state_of_a_name_is_its_prefix(spoilt):
    rows = [
        "NB0280200,City,,Omaha PD,Omaha,",
        "CZ0000500,Other,,Canal Zone,Canal Zone,",
        "C0034019E,City,,F,F,f",
    ]
    spoilt(crosswalk.AGENCY_NAMES, "\n".join([NAME_HEADER, *rows]) + "\n")
    table = crosswalk.read_agency_names()
    assert table["state"].fillna("none").tolist() == ["NE", "none", "CO"]
    assert table["icpsr_name"].isna().tolist() == [True, True, False]


def test_short_ori_is_refused(spoilt):
    spoilt(crosswalk.AGENCY_NAMES, NAME_HEADER + "\nNB02802,City,,Omaha PD,Omaha,\n")
    with pytest.raises(LayoutError, match="row 2"):
        crosswalk.read_agency_names()


def place_row(county="01001", place="03220", population="870", share="1 "):
    return f"{county},01,{place},AL,Autauga AL,X town - AL,{population},0.01,{share}".replace(" - ", " ")


@pytest.mark.parametrize(
    ("rows", "error", "says"),
    [
        ([place_row()], LayoutError, "second header"),
        ([SECOND_HEADER, place_row(population="-3")], ImpossibleValueError, "row 3"),
        ([SECOND_HEADER, place_row(share="0.4")], ImpossibleValueError, "sum to 0.4"),
        ([SECOND_HEADER, place_row(share="0.5"), place_row(share="0.5")], DuplicateKeyError, "0103220"),
    ],
)
def test_spoilt_places(spoilt, rows, error, says):
    spoilt(crosswalk.PLACE_COUNTIES, "\n".join([PLACE_HEADER, *rows]) + "\n")
    with pytest.raises(error, match=says):
        crosswalk.read_place_counties()


def test_remainders_of_counties_are_left_out(spoilt):
    rows = [
        SECOND_HEADER,
        place_row(share="0.25"),
        place_row("01003", share=" 0.75"),
        place_row(place="99999"),
    ]
    spoilt(crosswalk.PLACE_COUNTIES, "\n".join([PLACE_HEADER, *rows]) + "\n")
    table = crosswalk.read_place_counties()
    assert table["share_of_place"].tolist() == [0.25, 0.75]
    assert table["county_fips"].tolist() == ["01001", "01003"]


CITY_HEADER = "﻿" + ";".join(places._CITY_COLUMNS)


def city(name="Denver", total="682545", born="113222", race="White"):
    return f"{name};Colorado;34.1;1;2;{total};3;{born};2.33;CO;{race};9"


def test_a_city_is_one_row_whatever_the_races(spoilt):
    rows = [city(), city(race="Asian"), city("Aurora", "351131", "", "Asian")]
    spoilt(places.CITIES_1YR, "\r\n".join([CITY_HEADER, *rows]) + "\r\n")
    table = places.read_acs_cities()
    assert table["name"].tolist() == ["Aurora", "Denver"]
    assert table["foreign_born"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("rows", "error", "says"),
    [
        ([city(), city(total="5", race="Asian")], LayoutError, "Denver"),
        ([city(total="7")], ImpossibleValueError, "foreign-born"),
        ([city(total="many")], ImpossibleValueError, "many"),
    ],
)
def test_spoilt_cities(spoilt, rows, error, says):
    spoilt(places.CITIES_1YR, "\r\n".join([CITY_HEADER, *rows]) + "\r\n")
    with pytest.raises(error, match=says):
        places.read_acs_cities()


def put_acs(spoilt, income: str):
    for path, (printed, _) in places.ACS_PLACES.items():
        values = income if printed == ["Median Income"] else "\n".join(f"AL,{n},50" for n in "ABCD")
        spoilt(path, f"Geographic Area,City,{printed[0]}\n{values}\n".encode("latin-1"))


def test_income_codes(spoilt, monkeypatch):
    put_acs(spoilt, 'AL,A,"250,000+"\nAL,B,"2,500-"\nAL,C,(X)\nAL,D,41000')
    table = places.read_acs_places().set_index("name")
    assert table["income_coding"].fillna("none").tolist() == ["top", "bottom", "none", "exact"]
    assert table["income"].fillna(-1).tolist() == [250000, 2500, -1, 41000]


@pytest.mark.parametrize("value", ["250001", "-5", "about 40000", "2,500"])
def test_unknown_income_codes_are_refused(spoilt, value):
    put_acs(spoilt, f'AL,A,"{value}"')
    with pytest.raises(ImpossibleValueError, match="row 2"):
        places.read_acs_places()


def test_states_are_one_table():
    assert len(states()) == 52
    assert usps_by("state_fips")["31"] == "NE"
    assert by_usps("region")["NE"] == "Midwest"
    regions = pd.Series([row["region"] for row in states()]).value_counts()
    assert regions[["South", "West", "Midwest", "Northeast"]].tolist() == [17, 13, 12, 9]


@pytest.mark.raw
def test_published_crosswalks():
    agencies, names, pieces = (
        crosswalk.read_agency_crosswalk(),
        crosswalk.read_agency_names(),
        crosswalk.read_place_counties(),
    )
    assert (len(agencies), len(names), len(pieces)) == (23_916, 23_159, 30_341)
    assert agencies["ori"].isna().sum() == 1_884
    assert names["agency_type"].eq("City").sum() == 13_828
    assert pieces["place_fips"].nunique() == 29_241
    new_york = pieces[pieces["place_fips"] == "3651000"]
    assert new_york["population_2010"].sum() == 8_175_133
    assert len(new_york) == 5


@pytest.mark.raw
def test_published_place_tables():
    assert len(places.read_intercensal_places()) == 19_391
    assert len(places.read_postcensal_places()) == 19_502
    assert len(places.read_acs_cities()) == 596
    acs = places.read_acs_places()
    assert acs["income_coding"].value_counts().to_dict() == {"exact": 27_385, "top": 24, "bottom": 9}
    assert (acs.loc[acs["income_coding"] == "top", "income"] == 250_000).all()
