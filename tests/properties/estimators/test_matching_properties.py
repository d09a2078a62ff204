"""Matching under relabelling, shifting, rescaling and duplication."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimators import match


def sample(seed, n=50):
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(n, 2)), 1)
    d = np.r_[1, 0, (rng.random(n - 2) < 0.4).astype(int)]
    return pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "d": d, "y": x.sum(1) + d + rng.normal(size=n)})


def fit(data, **options):
    return match(data, outcome="y", treatment="d", covariates=["x1", "x2"], **options)


seeds = st.integers(0, 10_000)
estimands = st.sampled_from(["ATT", "ATC", "ATE"])
distances = st.sampled_from(["inverse_variance", "mahalanobis", "propensity"])


@settings(max_examples=25, deadline=None)
@given(seeds, estimands, distances, st.integers(1, 3))
def test_row_order_does_not_matter(seed, estimand, distance, neighbours):
    data = sample(seed)
    options = {
        "estimand": estimand,
        "distance": distance,
        "neighbours": neighbours,
        "variance_neighbours": neighbours,
    }
    shuffled = data.sample(frac=1, random_state=seed)
    left, right = fit(data, **options), fit(shuffled, **options)
    assert left.estimate == pytest.approx(right.estimate, abs=1e-9)
    assert left.std_error == pytest.approx(right.std_error, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(seeds, estimands, st.floats(-50, 50), st.floats(0.1, 20))
def test_outcomes_shift_and_scale(seed, estimand, shift, scale):
    data = sample(seed)
    left = fit(data, estimand=estimand)
    right = fit(data.assign(y=shift + scale * data["y"]), estimand=estimand)
    assert right.estimate == pytest.approx(scale * left.estimate, abs=1e-9)
    assert right.std_error == pytest.approx(scale * left.std_error, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from(["inverse_variance", "mahalanobis"]))
def test_units_of_covariates_do_not_matter(seed, distance):
    data = sample(seed)
    moved = data.assign(x1=5 + 3.0 * data["x1"], x2=-0.25 * data["x2"])
    assert fit(data, distance=distance).estimate == pytest.approx(
        fit(moved, distance=distance).estimate, abs=1e-9
    )


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from(["ATT", "ATC"]))
def test_att_and_atc_mirror_each_other(seed, estimand):
    data = sample(seed)
    other = {"ATT": "ATC", "ATC": "ATT"}[estimand]
    left = fit(data, estimand=estimand)
    right = fit(data.assign(d=1 - data["d"]), estimand=other)
    assert left.estimate == pytest.approx(-right.estimate, abs=1e-12)
    assert left.std_error == pytest.approx(right.std_error, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_duplicated_controls_leave_the_att(seed):
    data = sample(seed)
    weights = np.array([1.0, 2.0])
    doubled = pd.concat([data, data[data["d"] == 0]])
    scale = (doubled[["x1", "x2"]].std() / data[["x1", "x2"]].std()).to_numpy() ** 2
    left = fit(data, distance=weights, tolerance=1e-9)
    right = fit(doubled, distance=weights * scale, tolerance=1e-9)
    assert left.estimate == pytest.approx(right.estimate, abs=1e-9)
