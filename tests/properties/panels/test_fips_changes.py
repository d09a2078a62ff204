"""Bringing county codes to one vintage: nothing lost, nothing twice, and twice is once."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DuplicateKeyError
from analysis.panels.geography.fips_changes import boundary_breaks, changes, harmonize_fips, spread_areas

OLD = sorted({c["code"] for c in changes() if c["kind"] not in ("area", "created")})
NEW = sorted({c["becomes"] for c in changes() if c["becomes"] and c["kind"] != "created"})
CODES = sorted({*OLD, *NEW, "01001", "06075", "48201"})


@st.composite
def tables(draw):
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(CODES), st.integers(2000, 2003)), min_size=1, max_size=40, unique=True
        )
    )
    count = st.one_of(st.none(), st.integers(0, 1000))
    counts = draw(st.lists(count, min_size=len(keys), max_size=len(keys)))
    frame = pd.DataFrame(keys, columns=["fips", "year"])
    frame["robbery"] = pd.array(counts, dtype="Int64")
    frame["income"] = [float(20_000 + i) for i in range(len(keys))]
    return frame


@given(tables())
@settings(max_examples=50, deadline=None)
def test_harmonizing_again_changes_nothing(frame):
    once = harmonize_fips(frame, counts=["robbery"], by=["year"])
    twice = harmonize_fips(once.frame, counts=["robbery"], by=["year"])
    pd.testing.assert_frame_equal(once.frame, twice.frame)
    assert not twice.changed and not twice.dropped and twice.joined == 0


@given(tables())
@settings(max_examples=50, deadline=None)
def test_rows_given_are_kept_joined_or_dropped(frame):
    result = harmonize_fips(frame, counts=["robbery"], by=["year"])
    assert len(frame) == len(result.frame) + result.joined + sum(result.dropped.values())
    assert not result.frame.duplicated(["fips", "year"]).any()
    assert not set(result.frame["fips"]) & set(OLD)


@given(tables())
@settings(max_examples=50, deadline=None)
def test_counts_are_preserved_where_none_is_missing(frame):
    frame = frame.assign(robbery=frame["robbery"].fillna(7))
    result = harmonize_fips(frame, counts=["robbery"], by=["year"])
    gone = [c["code"] for c in changes() if c["kind"] in ("split", "outside")]
    dropped = frame.loc[frame["fips"].isin(gone), "robbery"].sum() + orphans(frame)["robbery"].sum()
    assert frame["robbery"].sum() == result.frame["robbery"].sum() + dropped


@given(tables(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_order_of_rows_does_not_matter(frame, random):
    order = list(range(len(frame)))
    random.shuffle(order)
    shuffled = harmonize_fips(frame.iloc[order], counts=["robbery"], by=["year"]).frame
    pd.testing.assert_frame_equal(shuffled, harmonize_fips(frame, counts=["robbery"], by=["year"]).frame)


def orphans(frame: pd.DataFrame) -> pd.DataFrame:
    """Parts whose county has no row: found here row by row, the slow and plain way."""
    parts = {c["code"]: c["becomes"] for c in changes() if c["kind"] in ("merge", "absorb")}
    renamed = {c["code"]: c["becomes"] for c in changes() if c["kind"] in ("rename", "piece")}
    there = {
        (renamed.get(f, f), y) for f, y in zip(frame["fips"], frame["year"], strict=True) if f not in parts
    }
    lost = [
        f in parts and (parts[f], y) not in there for f, y in zip(frame["fips"], frame["year"], strict=True)
    ]
    return frame[lost]


def both(first, second, **columns):
    frame = pd.DataFrame({"fips": [first, second], "year": [2005, 2005]})
    return frame.assign(**{name: pd.array(values) for name, values in columns.items()})


def test_a_merged_city_adds_its_counts_and_not_its_median():
    frame = both("51515", "51019", robbery=[3, 10], income=[30_000.0, 60_000.0])
    result = harmonize_fips(frame, counts=["robbery"], by=["year"]).frame
    assert result.to_dict("records") == [{"fips": "51019", "year": 2005, "robbery": 13, "income": 60_000.0}]


def test_a_missing_part_makes_the_sum_missing():
    frame = both("51515", "51019", robbery=[None, 10])
    assert harmonize_fips(frame, counts=["robbery"], by=["year"]).frame["robbery"].isna().all()


def test_an_absorbed_part_without_data_leaves_the_county():
    frame = both("15005", "15009", robbery=[None, 10])
    assert harmonize_fips(frame, counts=["robbery"], by=["year"]).frame["robbery"].tolist() == [10]


def test_a_part_alone_is_not_its_county():
    frame = pd.DataFrame({"fips": ["51515"], "year": [2005], "robbery": [3]})
    result = harmonize_fips(frame, counts=["robbery"], by=["year"])
    assert result.frame.empty and sum(result.dropped.values()) == 1


@pytest.mark.parametrize(("old", "new"), [("46113", "46102"), ("02270", "02158"), ("15901", "15009")])
def test_renamed_codes(old, new):
    frame = pd.DataFrame({"fips": [old], "robbery": [3]})
    assert harmonize_fips(frame).frame["fips"].tolist() == [new]


@pytest.mark.parametrize("code", ["02201", "02232", "02280", "09190", "30113"])
def test_codes_without_a_county_are_dropped_with_their_reason(code):
    result = harmonize_fips(pd.DataFrame({"fips": [code, "06075"]}))
    assert result.frame["fips"].tolist() == ["06075"]
    assert list(result.dropped.values()) == [1] and next(iter(result.dropped)).startswith(code)


def test_a_repeated_key_is_refused():
    with pytest.raises(DuplicateKeyError, match="06075"):
        harmonize_fips(pd.DataFrame({"fips": ["06075", "06075"]}))


def test_broomfield_is_a_break_of_four_counties():
    breaks = boundary_breaks()
    assert set(breaks["fips"]) == {"08001", "08013", "08059", "08123"}
    assert set(breaks["created"]) == {"08014"}


def test_areas_spread_heads_and_not_sums():
    frame = pd.DataFrame(
        {"fips": ["51901", "06075"], "year": 2005, "income": [40_000.0, 70_000.0], "people": [9, 8]}
    )
    frame["people"] = frame["people"].astype("Int64")
    spread = spread_areas(frame, intensive=["income"], by=["year"]).set_index("fips")
    assert spread.loc[["51003", "51540"], "income"].tolist() == [40_000.0, 40_000.0]
    assert spread.loc[["51003", "51540"], "people"].isna().all()
    assert spread["is_area_average"].to_dict() == {"06075": False, "51003": True, "51540": True}


def test_every_change_has_a_reason_and_a_source():
    assert len(changes()) == 79
    assert all(c["reason"] and c["source"] for c in changes())
    named = {"46113", "02270", "51515", "51560", "08001", "02063", "15901", "09190", "51901"}
    assert named <= {c["code"] for c in changes()}
    assert len({c["code"] for c in changes() if c["kind"] == "area"}) == 23
