"""What the explorer says of a place is what the studies did with it."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.panels import load
from analysis.studies.cap2017.sample import county_frame, dispositions, ledger
from analysis.studies.cap2017.spec import SPEC as CAP
from analysis.studies.designs.city_sample import PANELS, city_sample
from analysis.studies.designs.expected_counts import by_city, expected_crimes
from analysis.studies.places import expected_paths, roles, state_roles
from analysis.studies.staggered_cities.spec import SPEC as CITIES
from analysis.studies.staggered_counties.sample import PANELS as COUNTY_PANELS
from analysis.studies.staggered_counties.sample import county_dispositions, county_sample
from analysis.studies.staggered_counties.spec import SPEC as COUNTIES


@pytest.fixture(scope="module")
def sample():
    panels = {name: load(name) for name in PANELS}
    return city_sample(
        panels, CITIES.rules.replace(definition="status_inquiry", outcome="violent_without_rape")
    )


def test_expected_paths_sum_to_the_study_s_expectation(sample):
    paths = expected_paths(sample.frame, CITIES.horizon)
    cities = by_city(expected_crimes(sample.frame, CITIES.horizon), level=CITIES.level).set_index("ori")
    after = paths.join(cities["cohort"], on="ori").query("year >= cohort").groupby("ori")
    assert sorted(paths["ori"].unique()) == sorted(cities.index)
    for name in ("observed", "expected", "people"):
        np.testing.assert_allclose(after[name].sum(), cities[name].sort_index(), rtol=1e-12)


def test_what_left_the_sample_adds_up_with_what_stayed(sample):
    counted = sample.left.groupby("step", sort=False)["rows"].sum()
    booked = sample.ledger.set_index("step")["rows"]
    kept = booked[booked.index != "in the sample"]
    assert counted.reindex(kept.index, fill_value=0).tolist() == kept.tolist()


def test_every_agency_stands_once_in_the_staggered_study(sample):
    table = roles._staggered("cities_status", sample)
    assert table["id"].is_unique
    assert set(table["id"]) == set(load("city_year")["ori"])
    assert (table["role"] == roles.TREATED).sum() == sample.frame.query("cohort > 0")["ori"].nunique()


def test_counties_stand_as_the_ledgers_count_them():
    panels = {name: load(name) for name in ("counties", "county_year", "policies", "undated_places")}
    frame = county_frame(panels, spec=CAP)
    counted = dispositions(frame).value_counts()
    listed = ledger(frame).set_index("reason")["counties"]
    assert counted.reindex(listed.index, fill_value=0).tolist() == listed.tolist()
    more = {name: load(name) for name in COUNTY_PANELS}
    found = county_dispositions(more, spec=COUNTIES)["disposition"].value_counts()
    steps = county_sample(more, spec=COUNTIES).ledger.set_index("step")["counties"]
    assert found.reindex(steps.index, fill_value=0).tolist() == steps.tolist()


def test_every_state_is_treated_a_donor_or_out():
    panels = {name: load(name) for name in ("state_year", "policies")}
    table = state_roles(panels)
    assert table["id"].is_unique and len(table) == 51
    assert set(table["role"]) <= {roles.TREATED, roles.COMPARISON, roles.OUT}
    assert table["reason"].str.endswith(".").all()
