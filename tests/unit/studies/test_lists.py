"""Parts of the list: what is left out, and that its places become no comparison."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.panels.policies.cohorts import exposure
from analysis.panels.store import load
from analysis.studies.paper import lists


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in ("policies", "undated_places", "policy_rows")}


def test_leaving_nothing_out_gives_the_committed_panels(panels):
    made = lists.without_rows(panels, set())
    pd.testing.assert_frame_equal(made["policies"], panels["policies"])
    pd.testing.assert_frame_equal(made["undated_places"], panels["undated_places"])


def test_no_policy_is_dated_by_a_group_that_takes_a_side(panels):
    made = lists.panels_of(lists.NO_ADVOCACY)
    kinds = panels["policy_rows"].set_index("row")["source_type"]
    left = made["policies"]["dated_by_row"].map(kinds)
    assert len(left) and not left.str.contains("advocacy").any()
    assert panels["policies"]["dated_by_row"].map(kinds).str.contains("advocacy").any()


def test_places_that_only_such_rows_name_are_never_a_comparison(panels):
    made = lists.panels_of(lists.NO_ADVOCACY)
    rows = panels["policy_rows"]
    only = rows.groupby("place_id")["source_type"].agg(lambda kinds: kinds.str.startswith("advocacy").all())
    cities = rows[rows["kind"].eq("city") & rows["place_id"].isin(only[only].index)]
    assert len(cities) > 10
    seen = exposure(made["policies"], made["undated_places"], unit="city").set_index("geoid")
    assert seen.loc[cities["geoid"].unique(), "exposed_from"].eq(0).all()


def test_places_with_an_upper_bound_neither_adopt_nor_compare(panels):
    policies = panels["policies"]
    made = lists.without_bounds(policies)
    bound = policies["is_upper_bound"] & policies["in_event_time"]
    assert bound.sum() > 50
    assert not made.loc[bound, "in_event_time"].any()
    assert made.loc[~bound, "in_event_time"].equals(policies.loc[~bound, "in_event_time"])
    counties = made[bound & made["kind"].eq("county") & made["definition"].eq("any_limit")]
    seen = exposure(made, panels["undated_places"], unit="county").set_index("fips")["exposed_from"]
    assert seen.reindex(counties["counties"]).eq(0).all()
