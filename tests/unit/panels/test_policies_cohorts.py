"""Cohorts, statewide laws and clean controls, on the committed panels and on small ones."""

from __future__ import annotations

import pandas as pd
import pytest
from list_of_2025 import on_list_of_2025

from analysis.errors import UnknownPlaceError
from analysis.panels.policies.cohorts import ALWAYS, assign_treatment, cohorts, exposure, state_laws
from analysis.panels.policies.rules import DEFINITIONS
from analysis.panels.store import load


@pytest.fixture(scope="module")
def policies():
    return load("policies")


@pytest.fixture(scope="module")
def undated():
    return load("undated_places")


def by_place(frame):
    return frame.set_index("place")["cohort"].to_dict()


def test_the_cohorts_are_the_panel_s_rows(policies):
    for definition in DEFINITIONS:
        mine = policies[policies["definition"].eq(definition) & policies["kind"].eq("city")]
        every = cohorts(policies, definition, event_time_only=False)
        assert every["cohort"].tolist() == mine.sort_values("geoid")["adopted_year"].tolist()
        assert len(cohorts(policies, definition)) == mine["in_event_time"].sum()


def test_years_are_bounds_included(policies):
    chosen = cohorts(policies, "status_inquiry", first=2003, last=2014)
    assert chosen["cohort"].min() == 2003 and chosen["cohort"].max() == 2014
    assert len(cohorts(policies, "status_inquiry", first=2015, last=2014)) == 0


def test_known_dates(policies):
    since = by_place(cohorts(policies, "first_instrument_since_2002"))
    assert since["New York"] == 2003 and since["Chicago"] == 2006
    older = by_place(cohorts(policies, "status_inquiry"))
    assert older["New York"] == 1989 and older["Chicago"] == 1985
    assert older["San Francisco"] == 1989 and older["Washington"] == 2011


def test_counties_take_the_policy_of_the_city_that_covers_them(policies):
    counties = cohorts(policies, "status_inquiry", unit="county").set_index("fips")
    new_york = counties.loc[["36005", "36047", "36061", "36081", "36085"]]
    assert new_york["from_city"].all() and set(new_york["cohort"]) == {1989}
    detainers = cohorts(policies, "detainers", unit="county").set_index("fips")
    assert (detainers.loc["06075", "cohort"], bool(detainers.loc["06075", "from_city"])) == (1989, True)
    assert (detainers.loc["17031", "cohort"], bool(detainers.loc["17031", "from_city"])) == (2011, False)
    assert detainers.index.is_unique


def test_a_statewide_law_dates_what_it_absorbed(policies):
    without = cohorts(policies, "detainers", unit="county").set_index("fips")
    with_laws = cohorts(policies, "detainers", unit="county", include_state_laws=True).set_index("fips")
    assert "06001" not in without.index
    assert with_laws.loc["06001", ["cohort", "dated_by"]].tolist() == [2014, "state law"]
    pd.testing.assert_series_equal(with_laws.loc[without.index, "cohort"], without["cohort"])


def test_state_laws(policies):
    laws = state_laws(policies, "detainers").set_index("state")
    assert laws.loc["CA", "cohort"] == 2014 and laws.loc["MA", "cohort"] == 2017
    assert not laws.loc["NM", "in_event_time"]
    assert "OR" not in laws.index and "TX" not in laws.index and "ME" not in laws.index
    assert state_laws(policies, "status_inquiry").set_index("state")["cohort"]["OR"] == 1987
    assert state_laws(policies, "any_limit").set_index("state")["cohort"]["WA"] == 2019
    assert len(state_laws(policies, "symbolic")) == 0


UNITS = pd.DataFrame(
    {
        "state": ["CA", "CA", "KS", "TX", "AZ", "IL", "NC"],
        "geoid": ["0667000", "0600001", "2000001", "4865000", "0455000", "1714000", "3711800"],
    },
    index=[5, 3, 9, 1, 7, 2, 8],
)


def test_every_unit_is_told_its_cohort_and_exposure(policies, undated):
    told = assign_treatment(UNITS, policies, undated, "status_inquiry")
    assert told.index.tolist() == UNITS.index.tolist()
    rows = told.set_index("geoid")
    assert rows.loc["0667000", ["cohort", "exposed_from"]].tolist() == [1989, 1989]
    assert pd.isna(rows.loc["0600001", "cohort"]) and rows.loc["0600001", "exposed_from"] == 2014
    assert pd.isna(rows.loc["2000001", "exposed_from"])
    assert rows.loc["4865000", "exposed_from"] == ALWAYS, "San Antonio's start is unknown"
    assert rows.loc["0455000", "exposed_from"] == ALWAYS, "Phoenix is an upper bound"
    assert pd.isna(rows.loc["0455000", "cohort"])
    assert rows.loc["1714000", ["cohort", "exposed_from"]].tolist() == [1985, 1985]


def test_after_a_statewide_law_every_place_of_the_state_is_treated(policies, undated):
    told = assign_treatment(UNITS, policies, undated, "detainers", include_state_laws=True).set_index("geoid")
    assert told.loc["0600001", ["cohort", "dated_by"]].tolist() == [2014, "state law"]
    assert told.loc["0667000", ["cohort", "dated_by"]].tolist() == [1989, "local"]
    assert pd.isna(told.loc["2000001", "cohort"])
    assert told["in_event_time"].equals(told["cohort"].notna())


@pytest.mark.parametrize("unit", ["city", "county"])
def test_nobody_listed_anywhere_is_clean_before_its_exposure(policies, undated, unit):
    known = exposure(policies, undated, unit=unit).set_index("fips" if unit == "county" else "geoid")
    listed = undated.loc[undated["kind"] == unit, "geoid"]
    assert known.loc[listed, "exposed_from"].eq(ALWAYS).all()
    doubtful = policies[
        policies["definition"].eq("any_limit")
        & policies["kind"].eq(unit)
        & policies["excluded_because"].isin(["low confidence", "start unknown", "earlier doubtful row"])
    ]
    assert len(doubtful) and known.loc[doubtful["geoid"], "exposed_from"].eq(ALWAYS).all()
    for definition in ("status_inquiry", "detainers", "first_limit_since_2002"):
        treated = cohorts(policies, definition, unit=unit).set_index(known.index.name)["cohort"]
        assert (known.loc[treated.index, "exposed_from"] <= treated).all()


def test_symbolic_acts_stand_apart(policies, undated):
    known = exposure(policies, undated).set_index("geoid")
    charlottesville = known.loc["5114968"]
    assert pd.isna(charlottesville["exposed_from"]) and charlottesville["symbolic_from"] == 2003


def test_wrong_words_are_refused(policies, undated):
    with pytest.raises(UnknownPlaceError, match=r"sanctuary.*status_inquiry"):
        cohorts(policies, "sanctuary")
    with pytest.raises(UnknownPlaceError, match="tract"):
        cohorts(policies, "detainers", unit="tract")
    with pytest.raises(UnknownPlaceError, match="0667000 occurs twice"):
        assign_treatment(pd.concat([UNITS, UNITS]), policies, undated, "detainers")


def test_the_list_of_2025_is_matched_by_code_and_by_name(policies):
    listed = pd.DataFrame(
        {
            "state": ["CA", "KS", "AK", "IL"],
            "kind": ["county", "county", "city", "state"],
            "name": ["Alameda County", "Lawrence", "City of Anchorage", "Self-Identification"],
            "fips": ["06001", "", "", ""],
        }
    )
    on = policies[on_list_of_2025(policies, listed)]
    assert set(on["place_id"]) == {"county-06001", "city-0203000", "state-17"}
