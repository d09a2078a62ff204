"""Another list: columns by many names, places resolved, nothing guessed, and the panel it makes."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from analysis.errors import ImpossibleValueError, LayoutError, MissingFileError
from analysis.panels.columns import validate
from analysis.panels.policies.cohorts import assign_treatment, cohorts
from analysis.panels.policies.compare import BOTH, compare_lists
from analysis.panels.policies.given import TEMPLATE, given_list, read_given
from analysis.panels.policies.models import Policies, PolicyRows
from analysis.panels.store import load


def a_list(**columns):
    plain = {"city": ["Seattle", "Chicago"], "state": ["WA", "IL"], "year": [2003, 2006]}
    return pd.DataFrame(plain | columns)


def test_a_city_a_state_and_a_year_are_enough():
    given = given_list(a_list())
    validate(given.policies, Policies)
    validate(given.policy_rows, PolicyRows)
    treated = cohorts(given.policies, "status_inquiry").set_index("geoid")["cohort"]
    assert treated.to_dict() == {"5363000": 2003, "1714000": 2006}
    assert given.doubts.empty and given.undated_places.empty
    assert "detainers" not in given.definitions


@pytest.mark.parametrize(
    "names",
    [
        {"city": "City", "state": "STATE", "year": "Adopted"},
        {"city": "jurisdiction", "state": "st", "year": "date"},
        {"city": "Place", "state": "State", "year": " effective "},
    ],
)
def test_columns_go_by_many_names(names):
    assert len(given_list(a_list().rename(columns=names)).rows) == 2


def test_the_template_is_such_a_list():
    given = given_list(pd.read_csv(io.StringIO(TEMPLATE), dtype=str, keep_default_na=False))
    assert given.unresolved.empty and {"status_inquiry", "detainers"} <= set(given.definitions)
    assert given.rows["given"].tolist() == [name.split(" city")[0] for name in given.rows["place"]]


def test_an_unknown_name_stays_out_and_is_shown_with_what_is_near():
    given = given_list(a_list(city=["Settle", "Chicago"]))
    assert given.unresolved["given"].tolist() == ["Settle"]
    assert given.unresolved["others"].iloc[0].startswith("Seattle city")
    assert set(given.policies["geoid"]) == {"1714000"}
    assert given.rows["disposition"].tolist()[0] == "no place of the panels"


def test_a_name_that_could_be_several_is_taken_in_doubt():
    given = given_list(pd.DataFrame({"place": ["Burbank"], "state": ["CA"], "year": ["2010"]}))
    assert len(given.rows) == 1 and (given.rows["others"].iloc[0] == "") == given.doubts.empty


@pytest.mark.parametrize(
    ("columns", "error", "told"),
    [
        ({"year": [2003, "soon"]}, ImpossibleValueError, "line 3"),
        ({"year": [2003, ""]}, ImpossibleValueError, "line 3"),
        ({"state": ["WA", "Cascadia"]}, ImpossibleValueError, "Cascadia.*line 3"),
        ({"policy": ["both", "welcoming"]}, ImpossibleValueError, "welcoming.*line 3"),
        ({"city": ["x", "y"]}, LayoutError, "No line"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_its_number(columns, error, told):
    with pytest.raises(error, match=told):
        given_list(a_list(**columns), source="mine.csv")


def test_a_missing_column_is_named_with_what_it_may_be_called():
    with pytest.raises(LayoutError, match=r"No column for adopted .*effective"):
        given_list(a_list().drop(columns="year"))


def test_csv_and_excel_give_the_same_panel(tmp_path):
    pytest.importorskip("openpyxl")
    frame = a_list(adopted=["2003-01-27", "2006"]).drop(columns="year")
    frame.to_csv(tmp_path / "list.csv", index=False)
    frame.to_excel(tmp_path / "list.xlsx", index=False)
    csv, excel = (
        given_list(read_given(tmp_path / f"list.{ending}"), source="x") for ending in ("csv", "xlsx")
    )
    pd.testing.assert_frame_equal(csv.policies, excel.policies)
    assert csv.policies["precision"].isin(["day", "year"]).all()


def test_no_such_file(tmp_path):
    with pytest.raises(MissingFileError, match=r"nothing\.csv"):
        read_given(tmp_path / "nothing.csv")


def test_our_own_dates_given_back_date_the_same_places():
    """The list of the Department of Justice, dated by ours, agrees with ours place by place."""
    policies, listed = load("policies"), load("doj_list")
    dated = policies[policies["definition"].eq("any_limit") & policies["place_id"].isin(listed["place_id"])]
    assert len(dated) > 20
    frame = dated[["place", "state", "kind", "geoid", "adopted", "ended"]].assign(policy=dated["content"])
    given = given_list(frame)
    assert given.unresolved.empty and given.doubts.empty
    compared = compare_lists(given.policies, policies)
    own = compared[compared["definition"].eq("any_limit") & compared["adopted_first"].notna()]
    assert len(own) == len(dated) and set(own["status"]) == {BOTH}


def test_only_the_given_list_says_who_is_a_control():
    given = given_list(a_list())
    units = pd.DataFrame({"state": ["WA", "OR"], "geoid": ["5363000", "4159000"]})
    told = assign_treatment(units, given.policies, given.undated_places, "status_inquiry").set_index("geoid")
    assert told.loc["5363000", "cohort"] == 2003 and pd.isna(told.loc["4159000", "exposed_from"])


def test_a_state_of_a_given_list_binds_its_cities_from_its_date():
    lines = {"place": ["Oregon", "Portland"], "state": ["OR", "OR"], "adopted": ["1987", "2017"]}
    given = given_list(pd.DataFrame(lines))
    city = given.policies[
        given.policies["kind"].eq("city") & given.policies["definition"].eq("any_limit")
    ].iloc[0]
    assert city["excluded_because"] == "absorbed by state law"
