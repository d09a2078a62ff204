"""Facilities: kind by name, county by rule, and a committed table that says how each was placed."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from analysis.panels.detainers.facility_kinds import KINDS, LOCAL, facility_kind
from analysis.panels.detainers.facility_match import (
    MATCHES,
    facility_counties,
    named_county,
    place_facility,
)

COUNTIES = {("CA", "orange"): "06059", ("MI", "oakland"): "26125", ("MN", "saintlouis"): "27137"}
CITIES = {("CA", "santaana"): ("06059",), ("CA", "fresno"): ("06019", "06039")}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("BUCKS CNTY JAIL, PA", "jail"),
        ("FORT MYERS SHERIFF", "jail"),
        ("NAPA COUNTYY DEPT OF CORR", "jail"),
        ("PHILADELPHIA 15TH POLICE DIST.", "police"),
        ("QUEENS CENTRAL BOOKING", "court"),
        ("TAFT FED.CORR.INST.", "federal"),
        ("US MARSHALS, SDNY", "federal"),
        ("CALIPATRIA STATE PRISON", "state"),
        ("N.C. DEPT OF CORRECTIONS", "state"),
        ("ORANGE COUNTY JUV. HALL", "juvenile"),
        ("KROME NORTH SPC", "immigration"),
        ("BSCC FLIGHTLINE UNIT", "contract"),
        ("OTHER-OTHER FACILITY", "none"),
        ("", "none"),
        ("MAPLE LANE", "unclear"),
    ],
)
def test_a_name_tells_its_kind(name, kind):
    assert facility_kind(name) == kind


def test_a_county_is_read_before_its_word():
    assert named_county("OAKLAND CO., PONTIAC, MI", "MI", COUNTIES) == "26125"
    assert named_county("ST. LOUIS COUNTY JAIL", "MN", COUNTIES) == "27137"
    assert named_county("OAKLAND POLICE DEPT", "MI", COUNTIES) == ""
    assert named_county("OAKLAND COUNTY JAIL", "CA", COUNTIES) == ""


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (("ORANGE COUNTY JAIL", "SANTA ANA", "CA"), ("06059", "county named, holds the city")),
        (("ORANGE COUNTY JAIL", "NOWHERE", "CA"), ("06059", "county named")),
        (("FRESNO JAIL", "FRESNO", "CA"), ("06019", "city")),
        (("FRESNO JAIL", "FRESNO", "TX"), ("", "unplaced")),
        (("BY HAND", "X", "NY"), ("36005", "hand")),
    ],
)
def test_a_facility_is_placed_by_the_first_rule_that_holds(row, found):
    assert place_facility(row, {("BY HAND", "X", "NY"): "36005"}, COUNTIES, CITIES) == found


def test_the_committed_table_is_whole():
    table = facility_counties()
    assert set(table["county_match"]) == set(MATCHES) and set(table["facility_kind"]) <= set(KINDS)
    assert table["county_fips"].eq("").equals(table["county_match"].eq("unplaced"))
    assert not table.duplicated(["facility", "city", "state"]).any()
    placed = table[table["facility_kind"].isin(LOCAL) & table["city"].ne("")]
    assert placed["county_fips"].ne("").mean() > 0.99


def test_each_hand_decision_has_its_reason():
    for name in ("facility_hand.csv", "facility_kinds.csv"):
        text = files("analysis.panels.detainers").joinpath(name).read_text("utf-8")
        rows = list(csv.DictReader(text.splitlines()))
        assert rows and all(row["reason"] for row in rows)
