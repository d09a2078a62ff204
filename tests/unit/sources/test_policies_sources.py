"""Readers of the policy files: the published files as they are, and spoilt copies of them."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.errors import (
    AnalysisError,
    DuplicateKeyError,
    ImpossibleValueError,
    LayoutError,
    UnknownPlaceError,
)
from analysis.sources.policy import lists as policy
from analysis.sources.registry.files import locate

pytestmark = pytest.mark.raw


@pytest.fixture
def spoil(tmp_path):
    """Return a function that writes a copy of a registered file with one cell or line changed."""

    def write(name, change):
        table = pd.read_csv(locate(name), dtype=str, keep_default_na=False)
        changed = change(table)
        place = tmp_path / "copy.csv"
        (table if changed is None else changed).to_csv(place, index=False)
        return place

    return write


def cell(row, column, value):
    def change(table):
        table.loc[row - 2, column] = value

    return change


def test_the_adoptions_are_read_whole():
    rows = policy.read_adoptions()
    assert len(rows) == 724
    assert rows["row"].tolist() == list(range(2, 726))
    assert rows["kind"].value_counts().to_dict() == {"county": 451, "city": 241, "state": 28, "DC": 4}
    assert rows["precision"].value_counts().to_dict() == {"month": 334, "day": 216, "year": 174}
    assert rows["confidence"].value_counts().to_dict() == {"medium": 380, "high": 213, "low": 131}
    assert (rows["adopted_from"] <= rows["adopted_to"]).all()
    assert rows["ended_to"].notna().sum() == 39


def test_july_2014_of_the_cis_sheet_begins_in_june():
    rows = policy.read_adoptions()
    marked = rows["is_june_or_july_2014"]
    assert marked.sum() == 45
    assert set(rows.loc[marked, "adopted_from"]) == {pd.Timestamp("2014-06-01")}
    assert set(rows.loc[marked, "adopted_to"]) == {pd.Timestamp("2014-07-31")}
    others = ~marked & (rows["adopted"] == "2014-07")
    assert set(rows.loc[others, "adopted_from"]) == {pd.Timestamp("2014-07-01")}


def test_the_filler_code_of_duvall_is_replaced():
    rows = policy.read_adoptions().set_index("place")
    assert rows.loc["Duvall", "geoid"] == "5319035"


def test_upper_bounds_are_found_in_either_case():
    rows = policy.read_adoptions()
    loud = rows["note"].str.contains("UPPER BOUND")
    assert loud.sum() == 34
    assert rows.loc[loud, "is_upper_bound"].all()
    assert not rows.loc[loud, "is_year_certain"].any()


SPOILT = [
    (cell(10, "adopted", "2015-02-30"), ImpossibleValueError, "row 10"),
    (cell(11, "adopted", ""), ImpossibleValueError, "row 11"),
    (cell(12, "adopted", "soon"), ImpossibleValueError, "row 12"),
    (cell(5, "ended", "1998"), ImpossibleValueError, "row 5"),
    (cell(5, "ended", "2010-13"), ImpossibleValueError, "row 5"),
    (cell(3, "kind", "town"), ImpossibleValueError, "row 3"),
    (cell(3, "policy_type", "welcoming"), ImpossibleValueError, "row 3"),
    (cell(3, "confidence", "sure"), ImpossibleValueError, "row 3"),
    (cell(3, "state", "ZZ"), ImpossibleValueError, "row 3"),
    (cell(3, "geoid", "224230"), UnknownPlaceError, "row 3"),
    (cell(3, "geoid", "0624230"), UnknownPlaceError, "row 3"),
    (cell(3, "geoid", "0299991"), UnknownPlaceError, "row 3"),
    (cell(3, "ori", ""), UnknownPlaceError, "row 3"),
    (cell(10, "place", "Tuscon"), UnknownPlaceError, "row 10"),
    (cell(10, "ori", "AZ01004"), UnknownPlaceError, "row 10"),
    (lambda t: pd.concat([t, t.iloc[[40]]]), DuplicateKeyError, "Rows 42 and 726"),
    (lambda t: t.drop(columns="confidence"), LayoutError, "Columns"),
    (lambda t: t.rename(columns={"ori": "ORI"}), LayoutError, "Columns"),
]


@pytest.mark.parametrize(("change", "error", "told"), SPOILT)
def test_spoilt_adoptions_are_refused(spoil, change, error, told):
    with pytest.raises(error, match=told) as caught:
        policy.read_adoptions(spoil(policy.ADOPTIONS, change))
    assert "Remedy:" in str(caught.value)
    assert policy.ADOPTIONS in str(caught.value)


def test_an_unspoilt_copy_is_read(spoil):
    copy = policy.read_adoptions(spoil(policy.ADOPTIONS, lambda table: None))
    pd.testing.assert_frame_equal(copy, policy.read_adoptions())


def test_no_table_at_all(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(LayoutError, match="policy_adoptions"):
        policy.read_adoptions(tmp_path / "empty.csv")


def test_state_bans():
    bans = policy.read_state_bans().set_index("state")
    assert len(bans) == 14
    assert bans.loc["TX", "effective_from"] == pd.Timestamp("2017-09-01")
    assert bans.loc["IN", ["effective_from", "effective_to"]].tolist() == [
        pd.Timestamp("2011-01-01"),
        pd.Timestamp("2011-12-31"),
    ]
    assert pd.isna(bans.loc["MT", "effective_to"])
    assert not bans["source"].str.contains('"').any()


def test_secure_communities():
    dates = policy.read_secure_communities()
    assert len(dates) == 3143
    assert dates["fips"].str.len().eq(5).all() and dates["fips"].is_unique
    assert (dates["activated"] <= dates["activated_statewide"]).all()
    assert dates["activated"].min() == pd.Timestamp("2008-10-27")
    assert dates["activated"].max() == pd.Timestamp("2013-01-22")


def test_the_list_of_2025():
    listed = policy.read_dhs_list()
    assert listed["kind"].value_counts().to_dict() == {"county": 391, "city": 200, "state": 14}
    assert (listed["fips"] != "").sum() == 389


def test_undated_places():
    assert len(policy.read_undated()) == 23
    assert "note" not in policy.read_undated()


OTHERS = [
    (policy.read_state_bans, policy.STATE_BANS, cell(2, "effective_or_enacted", "2011-6"), "row 2"),
    (policy.read_state_bans, policy.STATE_BANS, lambda t: pd.concat([t, t.iloc[[1]]]), "Rows 3 and 16"),
    (policy.read_undated, policy.UNDATED, cell(4, "kind", "borough"), "row 4"),
    (policy.read_undated, policy.UNDATED, lambda t: pd.concat([t, t.iloc[[0]]]), "Rows 2 and 25"),
    (policy.read_secure_communities, policy.SECURE_COMMUNITIES, cell(9, "fips", "99001"), "row 9"),
    (policy.read_secure_communities, policy.SECURE_COMMUNITIES, cell(9, "fips", "1001"), "Rows 2 and 9"),
    (
        policy.read_secure_communities,
        policy.SECURE_COMMUNITIES,
        cell(9, "sc_activation_date", "2014-01-22"),
        "row 9",
    ),
    (
        policy.read_secure_communities,
        policy.SECURE_COMMUNITIES,
        cell(9, "sc_activation_date", "2011-04"),
        "row 9",
    ),
    (
        policy.read_secure_communities,
        policy.SECURE_COMMUNITIES,
        cell(9, "statewide_date", "2008-01-01"),
        "row 9",
    ),
    (policy.read_dhs_list, policy.DHS_2025, cell(6, "kind", "Parish"), "row 6"),
    (policy.read_dhs_list, policy.DHS_2025, cell(6, "fips", "123456.0"), "row 6"),
    (policy.read_dhs_list, policy.DHS_2025, cell(6, "state", "Calif."), "row 6"),
]


@pytest.mark.parametrize(("reader", "name", "change", "told"), OTHERS)
def test_other_spoilt_files_are_refused(spoil, reader, name, change, told):
    with pytest.raises(AnalysisError, match=told):
        reader(spoil(name, change))
