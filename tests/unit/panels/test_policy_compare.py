"""Two lists held against each other, one place's history, and a row added."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from analysis.errors import AnalysisError, DuplicateKeyError, UnknownPlaceError
from analysis.panels.policies.build import build_policies
from analysis.panels.policies.compare import (
    BOTH,
    DATES_DIFFER,
    ONLY_FIRST,
    ONLY_SECOND,
    compare_lists,
    intersection,
    tally,
    union,
)
from analysis.panels.policies.edit import append_row, new_row
from analysis.panels.policies.findings import findings
from analysis.panels.policies.gazetteer import committed_gazetteer
from analysis.panels.policies.history import find_place, history, standing
from analysis.panels.store import load
from analysis.paths import policies_dir
from analysis.sources.policy.dated import read_text

LINCOLN = {
    "place": "Lincoln",
    "state": "NE",
    "policy_type": "forbids_status_inquiry",
    "instrument": "ordinance 1",
    "adopted": "2010",
    "confidence": "high",
    "source_url": "https://www.aclu.org/invented",
}


@pytest.fixture(scope="module")
def known():
    return committed_gazetteer()


@pytest.fixture(scope="module")
def policies():
    return load("policies")


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(policies_dir(), tmp_path / "policies")


def test_a_list_is_the_same_as_itself(policies):
    compared = compare_lists(policies, policies)
    assert set(compared["status"]) == {BOTH} and len(compared) == len(policies)
    pd.testing.assert_frame_equal(intersection(policies, policies), policies.reset_index(drop=True))
    pd.testing.assert_frame_equal(union(policies, policies), policies, check_dtype=False)


def test_what_differs_is_found_place_by_place(policies):
    here = policies[policies["definition"].eq("detainers") & policies["kind"].eq("city")].head(6)
    other = here.iloc[1:].copy()
    other.iloc[0, other.columns.get_loc("adopted_year")] += 3
    fewer = here.iloc[:-1]
    compared = compare_lists(fewer, other).set_index("place_id")
    wanted = [ONLY_FIRST, DATES_DIFFER, BOTH, BOTH, BOTH, ONLY_SECOND]
    assert compared.loc[here["place_id"], "status"].tolist() == wanted
    assert compared.loc[here["place_id"].iloc[1], "years_later"] == 3
    counts = tally(compared.reset_index()).iloc[0]
    assert counts[[BOTH, DATES_DIFFER, ONLY_FIRST, ONLY_SECOND]].tolist() == [3, 1, 1, 1]
    assert len(union(fewer, other)) == 6
    shared = intersection(fewer, other).set_index("place_id")
    treats = shared[shared["in_event_time"]]
    assert set(treats.index) <= set(here["place_id"].iloc[1:-1]) and len(shared) == 6
    assert treats["adopted_year"].equals(fewer.set_index("place_id").loc[treats.index, "adopted_year"])
    alone = shared.loc[here["place_id"].iloc[[0, -1]]]
    assert set(alone["excluded_because"]) == {"start unknown"}, "named by one list: never a clean control"


def test_a_city_known_by_its_agency_is_one_place_under_two_codes(policies):
    city = policies[policies["kind"].eq("city")].head(1)
    recoded = city.assign(geoid="9999999", place_id="city-9999999")
    assert compare_lists(city, recoded)["status"].tolist() == [BOTH]


def test_a_place_s_history_is_its_rows_and_what_dates_it(policies):
    rows = load("policy_rows")
    for place_id in policies["place_id"].drop_duplicates().iloc[::40]:
        assert len(history(place_id, rows)) == rows["place_id"].eq(place_id).sum()
        told = standing(place_id, policies)
        assert told["dated_by_row"].isin(history(place_id, rows)["row"]).all()
        assert (told["in_event_time"] == told["excluded_because"].isna()).all()


def test_a_place_is_found_by_name_state_or_code(known):
    rows = load("policy_rows")
    assert find_place("Brookline, MA", known, rows) == "city-2509175", "under the code the list has"
    assert find_place("Brookline, Massachusetts", known, rows) == find_place("city-2509175", known, rows)
    assert find_place("Cook County, IL", known, rows) == "county-17031"
    with pytest.raises(UnknownPlaceError, match="Springfield city in MA, Springfield city in OR"):
        find_place("Springfield", known, rows)
    with pytest.raises(UnknownPlaceError, match=r"near: .*Eugene city"):
        find_place("Eugenia, OR", known, rows)
    with pytest.raises(UnknownPlaceError, match="no state"):
        find_place("Eugene, Cascadia", known, rows)


def test_an_added_row_stands_in_its_state_s_file_and_dates_its_place(copy, known):
    before = build_policies(known, copy)["policies"]
    row = new_row(LINCOLN, known, copy)
    assert int(row["row"]) == read_text(copy)["row"].max() + 1
    assert append_row(row, copy).name == "NE.csv"
    assert not [p for p in findings(known, copy) if p.is_fatal]
    after = build_policies(known, copy)["policies"]
    new = compare_lists(before, after)
    new = new[new["status"].ne(BOTH)]
    assert set(new["place"]) == {"Lincoln"} and set(new["status"]) == {ONLY_SECOND}
    assert {"status_inquiry", "any_limit"} <= set(new["definition"])
    with pytest.raises(DuplicateKeyError):
        new_row(LINCOLN, known, copy)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"place": "Lincon"}, "Lincoln city"),
        ({"adopted": "soon"}, "soon"),
        ({"source_url": "https://nobody.example/"}, "source_hosts"),
        ({"policy_type": "welcome"}, "welcome"),
        ({"ended": "2001"}, "before the adoption"),
        ({"geoid": "0644000"}, "."),
    ],
)
def test_a_wrong_row_is_not_written(copy, known, change, told):
    with pytest.raises(AnalysisError, match=told):
        new_row(LINCOLN | change, known, copy)


def test_a_place_of_the_list_keeps_the_list_s_codes(copy, known):
    row = new_row(LINCOLN | {"place": "Brookline", "state": "MA"}, known, copy)
    assert row["geoid"] == "2509175"


def test_everything_wrong_is_said_at_once(copy, known):
    place = copy / "rows" / "OR.csv"
    table = pd.read_csv(place, dtype=str, keep_default_na=False)
    table.loc[0, "adopted"], table.loc[1, "confidence"] = "soon", "sure"
    table.to_csv(place, index=False)
    (copy / "undated_places.csv").write_text("nothing\n", "utf-8")
    fatal = [p for p in findings(known, copy) if p.is_fatal]
    assert {p.file for p in fatal} == {"rows/OR.csv", "undated_places.csv"} and len(fatal) == 3
