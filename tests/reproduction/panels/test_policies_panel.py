"""The committed policy panels against the published files, row by row."""

from __future__ import annotations

import hashlib
import re

import pandas as pd
import pytest

from analysis.panels.columns import validate
from analysis.panels.policies import build as module
from analysis.panels.policies.build import KEYS, build_policies, policy_ledger
from analysis.panels.policies.checks import on_list_of_2025
from analysis.panels.policies.cohorts import cohorts
from analysis.panels.policies.models import (
    Policies,
    PolicyRows,
    SecureCommunities,
    StateBans,
    UndatedPlaces,
)
from analysis.panels.policies.rules import DEFINITIONS, classify, state_law_scope
from analysis.panels.store import load, manifest_of, write_panel
from analysis.paths import processed_dir
from analysis.sources.census.crosswalk import read_agency_crosswalk
from analysis.sources.policy import lists as policy

MODELS = {
    "policies": Policies,
    "policy_rows": PolicyRows,
    "state_bans": StateBans,
    "secure_communities": SecureCommunities,
    "undated_places": UndatedPlaces,
}
QUOTED = re.compile(r"(?<!\w)'([^']{2,}?)'(?!\w)|\"([^\"]{2,})\"")


@pytest.fixture(scope="module")
def built():
    return build_policies()


@pytest.mark.raw
@pytest.mark.parametrize("name", list(KEYS))
def test_rebuilding_gives_the_committed_bytes(built, name, tmp_path):
    manifest = manifest_of(name)
    again = write_panel(name, built[name], keys=KEYS[name], inputs=[], dropped={}, directory=tmp_path)
    assert hashlib.sha256(again.read_bytes()).hexdigest() == manifest["sha256"]
    assert manifest["rows"] == len(built[name])
    assert set(module.INPUTS[name]) == set(manifest["inputs"])


@pytest.mark.parametrize("name", list(KEYS))
def test_committed_panels_hold_their_models(name):
    validate(load(name), MODELS[name])


def test_the_ledger_adds_up():
    rows = load("policy_rows")
    ledger = policy_ledger(rows)
    assert ledger["rows"].sum() == len(rows) == 724
    assert rows["row"].tolist() == list(range(2, 726))
    dates = rows["disposition"].str.startswith("dates a policy")
    assert set(rows.loc[dates, "row"]) == set(load("policies")["dated_by_row"])
    assert sum(manifest_of("policies")["dropped"].values()) == (~dates).sum()
    totals = ledger.groupby("disposition")["rows"].sum().to_dict()
    assert totals == {
        "dates a policy": 384,
        "dates a policy outside event time": 107,
        "later or further source": 147,
        "low confidence": 57,
        "start unknown": 27,
        "not a policy": 2,
    }


def test_usable_cities_and_counties():
    policies = load("policies")
    cities = {d: len(cohorts(policies, d, first=2002, last=2014)) for d in DEFINITIONS}
    assert cities == {
        "status_inquiry": 27,
        "detainers": 17,
        "any_limit": 34,
        "first_instrument_since_2002": 32,
        "first_limit_since_2002": 40,
        "symbolic": 23,
    }
    counties = cohorts(policies, "detainers", unit="county", last=2015)
    assert len(counties) == 199


def test_nothing_low_or_unbounded_is_in_event_time():
    policies = load("policies")
    timed = policies[policies["in_event_time"]]
    assert set(timed["confidence"]) == {"high", "medium"}
    assert timed["excluded_because"].isna().all() and timed["absorbed_by"].isna().all()
    assert policies.loc[~policies["in_event_time"], "excluded_because"].notna().all()


@pytest.mark.raw
def test_no_quoted_word_of_a_note_is_in_a_panel(built):
    notes = policy.read_adoptions()["note"].tolist()
    notes += pd.read_csv(policy.locate(policy.UNDATED), dtype=str, keep_default_na=False)["note"].tolist()
    notes += pd.read_csv(policy.locate(policy.STATE_BANS), dtype=str, keep_default_na=False)[
        "source"
    ].tolist()
    quoted = {part.strip(" .,;") for note in notes for pair in QUOTED.findall(note) for part in pair if part}
    quoted = sorted(q for q in quoted if len(q.split()) > 1)
    assert len(quoted) > 25
    cells = {
        text
        for name, frame in built.items()
        for column in frame.select_dtypes("string").columns
        if column != "source_url"
        for text in frame[column].dropna()
    }
    found = [(q, text) for q in quoted for text in sorted(cells) if q.lower() in text.lower()]
    assert not found
    assert not any("note" in frame.columns for frame in built.values())


@pytest.mark.raw
def test_no_note_is_in_a_panel_whole(built):
    notes = {note for note in policy.read_adoptions()["note"] if len(note) > 12}
    for frame in built.values():
        for column in frame.select_dtypes("string").columns:
            assert not notes & set(frame[column].dropna())


@pytest.mark.raw
def test_every_line_on_state_laws_has_its_row():
    rows = policy.read_adoptions()
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


@pytest.mark.raw
def test_dates_are_those_of_their_rows():
    rows = classify(policy.read_adoptions()).set_index("row")
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
