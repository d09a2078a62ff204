"""Geoid, agency and name held against each other; and names resolved to places."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from analysis.errors import UnknownPlaceError
from analysis.panels.policies.build import build_policies
from analysis.panels.policies.crosscheck import place_problems, read_exceptions
from analysis.panels.policies.gazetteer import committed_gazetteer, names_of, plain
from analysis.panels.policies.resolve import resolve
from analysis.paths import policies_dir
from analysis.sources.policy.dated import read_rows


@pytest.fixture(scope="module")
def known():
    return committed_gazetteer()


def row(**cells):
    eugene = {
        "file": "rows/OR.csv",
        "row": 9999,
        "place": "Eugene",
        "state": "OR",
        "kind": "city",
        "geoid": "4123850",
        "ori": "OR0200200",
    }
    return pd.DataFrame([eugene | cells])


def told(known, **cells):
    return [(p.column, p.text) for p in place_problems(row(**cells), known, read_exceptions())]


def test_every_row_of_the_list_is_one_place(known):
    assert not list(place_problems(read_rows(), known, read_exceptions()))


def test_without_its_exception_a_place_is_refused(known):
    problems = list(place_problems(read_rows(), known, read_exceptions().iloc[:0]))
    assert {p.text.split(", ")[1].removeprefix("not ") for p in problems} == set(read_exceptions()["place"])


def test_a_right_row_passes(known):
    assert not told(known)


def test_another_city_s_agency_is_refused(known):
    cottage_grove = known[known["full_name"].eq("Cottage Grove city") & known["state"].eq("OR")].iloc[0]
    (problem,) = told(known, ori=cottage_grove["primary_ori"])
    assert problem[0] == "ori" and "Cottage Grove city" in problem[1] and "Eugene" in problem[1]


def test_another_city_s_code_is_refused_twice(known):
    assert [column for column, _ in told(known, geoid="4115950")] == ["geoid", "ori"]


def test_another_name_is_refused(known):
    assert told(known, place="Eugenia") == [("geoid", "geoid 4123850 is Eugene city, not Eugenia, OR.")]


def test_a_code_nobody_knows_is_refused(known):
    assert told(known, geoid="4199998", ori="OR9999900")[0][0] == "geoid"
    assert not told(known, ori="OR9999900"), "an agency that does not report is no error"


def test_a_town_may_bear_its_own_code(known):
    belmont = {"state": "MA", "place": "Belmont", "geoid": "2505070", "ori": "MA0090700"}
    assert not told(known, **belmont)
    assert told(known, **belmont | {"place": "Arlington"})


def test_the_build_names_file_and_row(tmp_path, known):
    copy = shutil.copytree(policies_dir(), tmp_path / "policies")
    place = copy / "rows" / "OR.csv"
    table = pd.read_csv(place, dtype=str, keep_default_na=False)
    cities = table[table["kind"].eq("city")].drop_duplicates("geoid")
    one, other = cities.iloc[0], cities.iloc[1]
    table.loc[table["geoid"].eq(one["geoid"]), "geoid"] = (
        "4123850" if one["geoid"] != "4123850" else "4115950"
    )
    table.to_csv(place, index=False)
    with pytest.raises(UnknownPlaceError, match=rf"rows/OR.csv, row {one['row']}"):
        build_policies(known, copy)
    assert other["geoid"] != one["geoid"]


@pytest.mark.parametrize(
    ("full", "names"),
    [
        ("Eugene city", ["Eugene"]),
        (
            "Louisville/Jefferson County metro government (balance)",
            ["Louisville/Jefferson County", "Louisville"],
        ),
        ("Winston-Salem city", ["Winston-Salem"]),
        ("Urban Honolulu CDP", ["Urban Honolulu", "Honolulu"]),
        ("Indianapolis city (balance)", ["Indianapolis"]),
        ("Lexington-Fayette urban county", ["Lexington-Fayette", "Lexington"]),
    ],
)
def test_names_without_their_legal_ending(full, names):
    assert names_of(full) == names


def test_names_are_compared_plainly():
    assert plain("St. Louis") == plain("Saint Louis") and plain("Cañon City") == "canon city"


NAMED = [
    ("Seattle", "WA", "", "5363000", "name"),
    ("Seattle city", "WA", "", "5363000", "full name"),
    ("City of Seattle", "Washington", "", "5363000", "name without added words"),
    ("New York City", "NY", "", "3651000", "full name"),
    ("New York", "NY", "", "3651000", "name"),
    ("Cook County", "IL", "", "17031", "full name"),
    ("Cook", "IL", "county", "17031", "name"),
    ("Baltimore", "MD", "", "2404000", "name"),
    ("Baltimore County", "MD", "", "24005", "full name"),
    ("Washington", "DC", "", "1150000", "name"),
    ("California", "CA", "", "06", "name"),
    ("St. Paul", "MN", "", "2758000", "name"),
    ("Nashville", "TN", "", "4752006", "name"),
    ("Louisville/Jefferson County", "KY", "", "2148006", "name"),
]


@pytest.mark.parametrize(("place", "state", "kind", "geoid", "how"), NAMED)
def test_a_name_is_resolved(known, place, state, kind, geoid, how):
    found = resolve(pd.DataFrame({"place": [place], "state": [state], "kind": [kind]}), known).iloc[0]
    assert (found["geoid"], found["how"]) == (geoid, how)


def test_near_names_are_shown_and_never_taken(known):
    found = resolve(pd.DataFrame({"place": ["Settle", "Nowhere at all"], "state": ["WA", "WA"]}), known)
    assert found["geoid"].isna().all() and found["how"].tolist() == ["near", "unknown"]
    assert "Seattle city" in found.loc[0, "others"]


def test_the_largest_of_several_is_taken_in_doubt(known):
    counts = known[known["kind"].eq("city")].groupby(["state", "name"])["geoid"].nunique()
    state, name = counts[counts > 1].index[0]
    found = resolve(pd.DataFrame({"place": [name], "state": [state]}), known).iloc[0]
    assert found["how"] == "largest of its name" and found["others"]


def test_a_code_is_taken_as_it_is(known):
    found = resolve(pd.DataFrame({"place": ["x"], "state": ["WA"], "geoid": ["5363000"]}), known).iloc[0]
    assert (found["place"], found["how"]) == ("Seattle city", "code")
    merged = resolve(
        pd.DataFrame({"place": ["A County"], "state": ["KY"], "geoid": ["2148006"]}), known
    ).iloc[0]
    assert (merged["kind"], merged["geoid"]) == ("city", "2148006"), "the code tells the kind"
