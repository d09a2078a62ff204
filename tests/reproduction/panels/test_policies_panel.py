"""The committed policy panels against the list of dated policies, row by row: rules, not counts."""

from __future__ import annotations

import hashlib

import pytest
from list_of_2025 import on_list_of_2025

from analysis.panels.columns import validate
from analysis.panels.policies import build as module
from analysis.panels.policies.build import KEYS, build_policies
from analysis.panels.policies.cohorts import cohorts
from analysis.panels.policies.models import (
    DojList,
    Policies,
    PolicyRows,
    RefusedVotes,
    SecureCommunities,
    StateBans,
    UndatedPlaces,
)
from analysis.panels.policies.rules import DEFINITIONS, classify, state_law_scope
from analysis.panels.policies.write import changed_files
from analysis.panels.store import load, manifest_of, write_panel
from analysis.paths import processed_dir
from analysis.sources.census.crosswalk import read_agency_crosswalk
from analysis.sources.policy import lists as policy
from analysis.sources.policy.dated import read_rows, read_text

MODELS = {
    "policies": Policies,
    "policy_rows": PolicyRows,
    "state_bans": StateBans,
    "secure_communities": SecureCommunities,
    "undated_places": UndatedPlaces,
    "refused_votes": RefusedVotes,
    "doj_list": DojList,
}


@pytest.fixture(scope="module")
def built():
    return build_policies()


@pytest.mark.parametrize("name", list(KEYS))
def test_rebuilding_gives_the_committed_bytes(built, name, tmp_path):
    manifest = manifest_of(name)
    again = write_panel(name, built[name], keys=KEYS[name], inputs=[], dropped={}, directory=tmp_path)
    assert hashlib.sha256(again.read_bytes()).hexdigest() == manifest["sha256"]
    assert manifest["rows"] == len(built[name])
    assert set(module.INPUTS[name]) == set(manifest["inputs"])


def test_the_panels_were_made_of_the_list_as_it_stands():
    assert changed_files() == []


@pytest.mark.parametrize("name", list(MODELS))
def test_committed_panels_hold_their_models(name):
    validate(load(name), MODELS[name])


def test_the_ledger_adds_up():
    rows = load("policy_rows")
    assert rows.groupby(["content", "disposition"]).size().sum() == len(rows) == len(read_text())
    assert rows["row"].tolist() == read_text()["row"].tolist()
    dates = rows["disposition"].str.startswith("dates a policy")
    assert set(rows.loc[dates, "row"]) == set(load("policies")["dated_by_row"])
    assert sum(manifest_of("policies")["dropped"].values()) == (~dates).sum()


def test_every_disposition_is_what_its_row_says():
    rows = load("policy_rows").set_index("row")
    list_rows = read_rows().set_index("row")
    for disposition, wanted in {
        "not a policy": list_rows["is_not_policy"],
        "low confidence": list_rows["confidence"].eq("low") & ~list_rows["is_not_policy"],
        "start unknown": list_rows["confidence"].ne("low") & ~list_rows["is_year_certain"],
        "later or further source": list_rows["confidence"].ne("low") & list_rows["is_year_certain"],
    }.items():
        here = rows.index[rows["disposition"].eq(disposition)]
        assert len(here) and wanted.loc[here].all(), disposition
    assert set(rows.index[rows["disposition"].eq("not a policy")]) == set(
        list_rows.index[list_rows["is_not_policy"]]
    )


def test_cohorts_are_the_usable_years_within_their_bounds():
    policies = load("policies")
    for definition in DEFINITIONS:
        mine = policies[
            policies["definition"].eq(definition)
            & policies["kind"].eq("city")
            & policies["in_event_time"]
            & policies["adopted_year"].between(2002, 2014)
        ]
        assert len(cohorts(policies, definition, first=2002, last=2014)) == len(mine) > 0
    counties = cohorts(policies, "detainers", unit="county", last=2015)
    assert counties["fips"].is_unique and counties["cohort"].le(2015).all()


def test_the_source_types_of_the_panel_are_the_list_s():
    rows, text = load("policy_rows").set_index("row"), read_text().set_index("row")
    assert rows["source_type"].tolist() == text["source_type"].tolist()
    assert rows.loc[rows["source_url"].str.contains("github.com"), "aggregator"].notna().all()
    sheet = rows[rows["aggregator"].eq("Center for Immigration Studies")]
    assert len(sheet) and set(sheet["source_type"]) == {"advocacy against"}


def test_nothing_low_or_unbounded_is_in_event_time():
    policies = load("policies")
    timed = policies[policies["in_event_time"]]
    assert set(timed["confidence"]) == {"high", "medium"}
    assert timed["excluded_because"].isna().all() and timed["absorbed_by"].isna().all()
    assert policies.loc[~policies["in_event_time"], "excluded_because"].notna().all()


def test_every_line_on_state_laws_has_its_row():
    rows = read_text()
    states = rows[rows["kind"] == "state"]
    keys = set(zip(states["state"], states["policy_type"], states["adopted"], strict=True))
    assert keys == set(state_law_scope())


@pytest.mark.raw
def test_every_city_is_an_agency_of_the_crosswalk():
    policies = load("policies")
    agencies = read_agency_crosswalk().dropna(subset="ori").set_index("ori")["place_fips"]
    cities = policies[policies["kind"] == "city"].drop_duplicates("place_id").set_index("ori")
    places = agencies.reindex(cities.index)
    assert agencies.index.isin(cities.index).sum() == len(cities)
    other = places.ne(cities["geoid"]).fillna(True)
    assert cities.loc[other, "place"].tolist() == ["Windham", "Duvall"], "these have fillers in the crosswalk"
    assert places[other].isna().all()


def test_dates_are_those_of_their_rows():
    rows = classify(read_rows()).set_index("row")
    policies = load("policies")
    source = rows.loc[policies["dated_by_row"]]
    assert source["adopted_to"].dt.year.tolist() == policies["adopted_year"].tolist()
    assert source["source_url"].tolist() == policies["source_url"].tolist()
    assert source["place_id"].tolist() == policies["place_id"].tolist()


@pytest.mark.raw
def test_later_list_names_most_policies_that_lasted():
    policies = load("policies")
    lasting = policies[
        policies["definition"].eq("any_limit")
        & policies["in_event_time"]
        & policies["ended_year"].isna()
        & policies["state_ban_year"].isna()
        & policies["kind"].eq("city")
    ]
    share = on_list_of_2025(lasting, policy.read_dhs_list()).mean()
    assert 0.5 < share < 1


def test_panels_are_small_enough_to_commit():
    sizes = [(processed_dir() / f"{name}.parquet").stat().st_size for name in KEYS]
    assert max(sizes) < 200_000
