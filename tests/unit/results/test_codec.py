"""Results come back from bytes with the same types, dtypes, order and bits, and nothing foreign gets in."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from analysis.estimators import Estimates, Sample, ols
from analysis.results.codec import NotStorableError, decode, encode

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


def back(value):
    return decode(encode(value))


@given(PLAIN)
@settings(max_examples=200, deadline=None)
def test_plain_values_come_back(value):
    found = back(value)
    assert found == value
    assert repr(found) == repr(value)


@given(arrays(st.sampled_from(["f8", "f4", "i8", "u1", "bool", "M8[ns]", "U3"]), array_shapes(max_dims=3)))
@settings(max_examples=100, deadline=None)
def test_arrays_come_back_to_the_bit(value):
    found = back(value)
    assert found.dtype == value.dtype and found.shape == value.shape
    assert found.tobytes() == value.tobytes()


FRAMES = {
    "numbers": pd.DataFrame({"a": [1.5, np.nan], "b": [1, 2]}, index=pd.Index(["x", "y"], name="k")),
    "texts": pd.DataFrame({"a": ["x", None], "b": pd.Series([None, "y"], dtype=object), 3: [np.nan, "z"]}),
    "pythonic": pd.DataFrame({"a": pd.Series([(1, 2), {"x": [1]}, None], dtype=object)}),
    "masked": pd.DataFrame(
        {
            "i": pd.array([1, None], "Int64"),
            "b": pd.array([True, None], "boolean"),
            "f": pd.array([0.1, None], "Float64"),
        }
    ),
    "categories": pd.DataFrame({"c": pd.Categorical(["b", "a", None], ["b", "a"], ordered=True)}),
    "dates": pd.DataFrame(
        {
            "d": pd.to_datetime(["2001-02-03", None]),
            "z": pd.to_datetime(["2001-02-03", None]).tz_localize("US/Eastern"),
            "p": pd.PeriodIndex(["2001-02", "NaT"], freq="M"),
            "t": pd.to_timedelta([1, None], unit="h"),
        }
    ),
    "levels": pd.DataFrame(
        {"v": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", np.nan)], names=["n", None])
    ),
    "wide": pd.DataFrame([[1, 2.0]], columns=pd.MultiIndex.from_product([["a"], ["x", "y"]])),
    "same name twice": pd.DataFrame([[1, "x"]], columns=["a", "a"]),
    "empty": pd.DataFrame({"a": pd.Series([], dtype="int32")}),
    "no columns": pd.DataFrame(index=pd.RangeIndex(2, 8, 3, name="r")),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_come_back(name):
    frame = FRAMES[name]
    frame.attrs = {"unit": {"v": "per 100,000"}}
    found = back(frame)
    pd.testing.assert_frame_equal(found, frame, check_exact=True, check_freq=True)
    assert list(found.dtypes) == list(frame.dtypes)
    assert type(found.index) is type(frame.index) and type(found.columns) is type(frame.columns)
    assert found.attrs == frame.attrs


def test_missing_values_keep_their_kind():
    found = back(pd.Series([None, np.nan, pd.NA, pd.NaT, 1], dtype=object))
    assert found[0] is None and np.isnan(found[1]) and found[2] is pd.NA and found[3] is pd.NaT


def test_scalars_keep_their_types():
    for value in (
        np.float64(0.1),
        np.int32(3),
        np.bool_(True),
        pd.Timestamp("2001-02-03"),
        pd.Period("2001Q1"),
        float("nan"),
    ):
        found = back(value)
        assert type(found) is type(value) and repr(found) == repr(value)


def test_estimates_come_back_with_all_they_know():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"u": np.repeat(range(9), 5), "t": np.tile(range(5), 9), "x": rng.normal(size=45)})
    frame["y"] = frame["x"] + rng.normal(size=45)
    fit = ols(frame, outcome="y", covariates=["x"], unit="u", time="t", cluster="u")
    found = back(fit)
    assert isinstance(found, Estimates) and isinstance(found.sample, Sample)
    pd.testing.assert_frame_equal(found.tidy(), fit.tidy(), check_exact=True)
    pd.testing.assert_frame_equal(found.glance(), fit.glance(), check_exact=True)
    assert found.sample.rows.tobytes() == fit.sample.rows.tobytes()


def test_mappings_keep_order_and_kind():
    value = MappingProxyType({"b": 1, ("a", 2): frozenset({1, 2})})
    found = back(value)
    assert type(found) is MappingProxyType and list(found.items()) == list(value.items())


@dataclass(frozen=True)
class Foreign:
    value: int = 1


@pytest.mark.parametrize("value", [Foreign(), lambda: 1, object(), Foreign, pickle, 1j])
def test_what_is_not_ours_is_refused(value):
    with pytest.raises(NotStorableError):
        encode({"a": [value]})


@pytest.mark.parametrize(
    "name", ["os:system", "analysis.paths:project_root", "analysis.results.store:stored", "builtins:eval"]
)
def test_a_file_cannot_name_code_to_run(name):
    tree = {"~": "dataclass", "c": name, "v": {}}
    with pytest.raises(NotStorableError):
        decode({"value.json": json.dumps(tree).encode()})


def test_an_array_of_pickles_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    members = {"value.json": b'{"~":"array","m":"1.npy"}', "1.npy": (tmp_path / "x.npy").read_bytes()}
    with pytest.raises(NotStorableError):
        decode(members)
