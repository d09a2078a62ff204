"""The detainer files held against each other where they overlap, and the panels against the files."""

from __future__ import annotations

import pytest

from analysis.panels.detainers.facility_kinds import LOCAL
from analysis.panels.detainers.facility_match import KEYS, _hand, facility_counties, match_facilities
from analysis.panels.store import load, manifest_of
from analysis.sources.census.crosswalk import read_county_names
from analysis.sources.ice import detainers as ice

raw = pytest.mark.raw


@pytest.fixture(scope="module")
def fiscal():
    return ice.read_fiscal_2015()


@pytest.fixture(scope="module")
def pennsylvania():
    return ice.read_pennsylvania()


@pytest.fixture(scope="module")
def declined():
    return ice.read_declined()


@raw
def test_every_pennsylvania_detainer_since_october_2014_is_in_both_files(fiscal, pennsylvania):
    ours = fiscal[fiscal["state"] == "PA"]
    theirs = pennsylvania[pennsylvania["prepared"] >= "2014-10-01"]
    columns = ["prepared", *KEYS, "outcome", "form"]
    assert len(ours) == len(theirs) == 1_799
    assert (ours[columns].value_counts() == theirs[columns].value_counts()).all()


@raw
def test_pennsylvania_declines_agree_by_facility_and_year(declined, pennsylvania):
    theirs = pennsylvania[pennsylvania["outcome"] == ice.DECLINED_OUTCOME]
    theirs = theirs.assign(year=theirs["prepared"].dt.year).groupby([*KEYS, "year"]).size()
    ours = declined[declined["state"] == "PA"].set_index([*KEYS, "year"])["declined"]
    assert ours.sum() == 225 and ours.sort_index().equals(theirs.rename("declined").sort_index())


@raw
def test_declines_of_2015_agree_by_facility(declined, fiscal):
    theirs = fiscal[(fiscal["outcome"] == ice.DECLINED_OUTCOME) & (fiscal["prepared"].dt.year == 2015)]
    ours = declined[declined["year"] == 2015].set_index(KEYS)["declined"]
    assert ours.sum() == 2_785
    assert ours.sort_index().equals(theirs.groupby(KEYS).size().rename("declined").sort_index())


@raw
def test_the_second_block_is_other_recorded_outcomes_and_not_all_detainers(fiscal, pennsylvania):
    other = ice.read_other_outcomes()
    late = ice.defect_blank_outcomes_left_out(other[other["year"] == 2015], fiscal)
    assert len(late) == 196 and (late["other_outcomes"] == late["recorded"]).all()
    assert late["blank"].sum() > 2 * late["recorded"].sum()
    elsewhere = set(fiscal.loc[fiscal["state"] != "PA", "facility"])
    own = other[~other["facility"].isin(elsewhere)]
    state = ice.defect_blank_outcomes_left_out(own, pennsylvania)
    assert len(state) > 30 and (state["other_outcomes"] == state["recorded"]).all()


@raw
def test_totals_over_all_years_are_those_of_the_pooled_file(declined):
    assert declined["declined"].sum() == 20_240
    pooled = ice.read_pooled()
    assert pooled["detainers"].sum() == 1_789_251
    assert pooled.loc[pooled["outcome"] == ice.DECLINED_OUTCOME, "detainers"].sum() == 20_219


@raw
def test_the_committed_match_is_what_the_rules_give():
    assert facility_counties().equals(match_facilities())


@raw
def test_hand_placed_counties_are_named_in_their_reason():
    names = read_county_names().set_index("county_fips")["name"]
    for row in _hand("facility_hand.csv").itertuples():
        county = str(names[row.county_fips]).removesuffix(" city").removesuffix(" Parish")
        assert county in row.reason, row


def test_county_years_account_for_every_declined_detainer():
    counties, facilities = load("county_detainers"), load("detainer_facility")
    placed = int(counties[["declined_local", "declined_elsewhere"]].to_numpy().sum())
    lost = manifest_of("county_detainers")["dropped"]["declined detainer at a facility without a county"]
    assert placed + lost == facilities["declined"].sum() == 20_240
    nowhere = facilities.loc[facilities["facility"] == "OTHER-OTHER FACILITY", "declined"].sum()
    assert nowhere == 2_913 and 0 <= lost - nowhere <= 30
    local = facilities[facilities["facility_kind"].isin(LOCAL) & facilities["county_fips"].notna()]
    assert counties["declined_local"].sum() >= local["declined"].sum() - 5


def test_every_county_has_every_year_and_no_person_is_in_a_panel():
    counties = load("county_detainers")
    assert len(counties) == counties["fips"].nunique() * 9 == 28_269
    assert set(counties["fips"]) == set(load("counties")["fips"])
    for name in ("detainer_facilities", "detainer_facility", "county_detainers", "county_detainers_pooled"):
        columns = set(load(name).columns)
        assert not columns & {"prepared", "form", "outcome", "date", "name"}


def test_philadelphia_begins_to_decline_in_2014():
    own = load("county_detainers").query("fips == '42101'").set_index("year")
    share = own["declined_local"] / own["detainers_local"].astype("float64")
    assert share.loc[:2013].max() < 0.05 < 0.3 < share.loc[2014]
