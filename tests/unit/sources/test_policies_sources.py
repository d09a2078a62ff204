"""Readers of the federal files: the published files as they are, and spoilt copies of them."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.errors import AnalysisError
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


def test_the_department_of_justice_names_jurisdictions_without_dates():
    listed = policy.read_doj_list()
    assert set(listed["kind"]) == {"city", "county", "state"} and len(set(listed["list_date"])) == 1
    assert not listed.duplicated(["name", "state", "kind"]).any()


OTHERS = [
    (policy.read_doj_list, policy.DOJ_2025, cell(4, "kind", "parish"), "row 4"),
    (policy.read_doj_list, policy.DOJ_2025, cell(5, "list_date", "2025-08-06"), "row 5"),
    (policy.read_doj_list, policy.DOJ_2025, lambda t: pd.concat([t, t.iloc[[0]]]), "Rows 2 and 37"),
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
