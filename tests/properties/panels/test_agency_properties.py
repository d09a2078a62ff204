"""Properties of names and of matching: idempotent, blind to the order of rows, no agency twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.panels.agencies.index import agency_index
from analysis.panels.agencies.matching import hand_matches, match_agencies
from analysis.panels.agencies.names import compact_name, normal_name, without_county
from analysis.panels.agencies.place_index import place_index, place_populations
from analysis.sources.fbi_table8.table8 import read_all

STATES = ["NJ", "NV", "TN", "GA", "KY", "CO"]


@given(st.text(max_size=60))
def test_normal_names_are_idempotent(name):
    once = normal_name(name)
    assert normal_name(once) == once
    assert compact_name(name) == once.replace(" ", "")


@given(st.text(alphabet="abcdeABC .,'()-/&", max_size=40))
def test_case_marks_and_spaces_do_not_matter(name):
    assert normal_name(name.upper()) == normal_name(name)
    assert normal_name(f"  {name}  ") == normal_name(name)
    assert normal_name(name.replace("-", "/")) == normal_name(name)


@given(st.sampled_from(["Penn Township", "Reno", "St. Clair"]), st.sampled_from(["York", "Prince George's"]))
def test_county_is_cut_however_printed(name, county):
    assert without_county(f"{name} ({county} County)") == without_county(f"{name}, {county} County") == name


@pytest.fixture(scope="module")
def world():
    """Table 8 of six states in every eighth year, the agencies, and the Census populations."""
    rows = read_all(range(1999, 2025, 8))
    rows = rows.loc[rows["state"].isin(STATES), ["year", "state", "city", "population"]]
    index = place_index()
    agencies = agency_index(index)
    return rows.reset_index(drop=True), agencies, place_populations(index)[0]


@pytest.mark.raw
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_order_of_rows_does_not_matter(world, seed):
    rows, agencies, populations = world
    rng = np.random.default_rng(seed)
    kept = match_agencies(rows, agencies, populations)
    shuffled = match_agencies(
        rows.iloc[rng.permutation(len(rows))], agencies.iloc[rng.permutation(len(agencies))], populations
    )
    pd.testing.assert_frame_equal(kept.matched, shuffled.matched)
    pd.testing.assert_frame_equal(kept.unmatched, shuffled.unmatched)
    assert kept.counts == shuffled.counts


@pytest.mark.raw
def test_matching_is_complete_and_unique(world):
    rows, agencies, populations = world
    result = match_agencies(rows, agencies, populations)
    assert not result.matched.duplicated(["ori", "year"]).any()
    assert len(result.matched) + result.unmatched["city_years"].sum() == len(rows)
    per_name = result.matched.groupby(["state", "city"])["ori"].nunique()
    by_hand = set(map(tuple, hand_matches()[["state", "city"]].to_numpy()))
    assert set(per_name[per_name > 1].index) <= by_hand


@pytest.mark.raw
def test_relabelled_agencies_relabel_the_result(world):
    rows, agencies, populations = world
    plain = match_agencies(rows, agencies, populations, hand_matches().iloc[:0])
    new = dict(zip(agencies["ori"], agencies["ori"].str[:2] + agencies["ori"].str[2:].str[::-1], strict=True))
    assert len(set(new.values())) == len(new)
    other = agencies.assign(ori=agencies["ori"].map(new))
    renamed = match_agencies(rows, other, populations, hand_matches().iloc[:0])
    assert renamed.counts == plain.counts
    key = ["year", "state", "city"]
    both = plain.matched[[*key, "ori"]].merge(renamed.matched[[*key, "ori"]], on=key, validate="1:1")
    assert (both["ori_x"].map(new) == both["ori_y"]).all()
