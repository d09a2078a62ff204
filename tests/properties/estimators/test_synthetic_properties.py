"""Synthetic controls under shifts, rescaling, relabelling, period constants and repeated donors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimators import synthetic_control, synthetic_did

COLUMNS = {"outcome": "y", "unit": "unit", "time": "year", "treatment": "d"}
METHODS = ["synthetic_did", "synthetic_control", "difference_in_differences"]


def panel(seed, units=9, years=12, first=9):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(units, 1)) + rng.normal(size=(units, 1)) * np.linspace(0, 1, years)
    y = y + 0.5 * rng.normal(size=(units, years))
    rows = [(i, t, y[i, t], int(i == 0 and t >= first)) for i in range(units) for t in range(years)]
    return pd.DataFrame(rows, columns=["unit", "year", "y", "d"])


def fit(data, method):
    return synthetic_did(data, **COLUMNS, method=method, solver="exact").estimate[0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.sampled_from(METHODS), st.floats(-100, 100), st.floats(0.05, 20))
def test_shift_and_scale(seed, method, shift, scale):
    data = panel(seed)
    moved = data.assign(y=shift + scale * data["y"])
    assert fit(moved, method) == pytest.approx(scale * fit(data, method), abs=1e-5 * scale)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.sampled_from(METHODS))
def test_constants_of_periods_cancel(seed, method):
    """A common trend for the synthetic DiD: its published noise level pools differences over periods."""
    data = panel(seed)
    rng = np.random.default_rng(seed)
    constants = rng.normal(size=12) * 5 if method != "synthetic_did" else rng.normal() * np.arange(12)
    moved = data.assign(y=data["y"] + constants[data["year"]])
    assert fit(moved, method) == pytest.approx(fit(data, method), abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.sampled_from(["synthetic_did", "difference_in_differences"]))
def test_constants_of_units_cancel(seed, method):
    data = panel(seed)
    constants = np.random.default_rng(seed).normal(size=9) * 5
    moved = data.assign(y=data["y"] + constants[data["unit"]])
    assert fit(moved, method) == pytest.approx(fit(data, method), abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.sampled_from(METHODS))
def test_names_of_units_do_not_matter(seed, method):
    data = panel(seed)
    names = np.random.default_rng(seed).permutation(9)
    renamed = data.assign(unit=names[data["unit"]])
    assert fit(renamed, method) == pytest.approx(fit(data, method), abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 9999))
def test_repeated_donors_leave_the_synthetic_control(seed):
    data = panel(seed)
    twins = data[data["unit"] > 0].assign(unit=lambda frame: frame["unit"] + 100)
    doubled = pd.concat([data, twins])
    left = synthetic_control(data, **COLUMNS, placebos=False)
    right = synthetic_control(doubled, **COLUMNS, placebos=False)
    assert right.estimate == pytest.approx(left.estimate, abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 9999), st.floats(-20, 20))
def test_an_added_effect_is_found_exactly(seed, effect):
    data = panel(seed)
    moved = data.assign(y=data["y"] + effect * data["d"])
    for method in METHODS:
        before = synthetic_did(data, **COLUMNS, method=method, variance=None).estimate[0]
        after = synthetic_did(moved, **COLUMNS, method=method, variance=None).estimate[0]
        assert after == pytest.approx(before + effect, abs=1e-9)
