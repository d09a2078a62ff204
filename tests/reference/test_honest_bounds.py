"""Bounds under violations of parallel trends and power of pre-tests: R's values, a second package, oracles."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from analysis.estimators import (
    Estimates,
    Sample,
    breakdown_value,
    compare_estimators,
    group_time,
    honest_bounds,
    pretest_power,
)
from analysis.estimators.errors import ColumnError, EstimationError, NotIdentifiedError
from analysis.estimators.sensitivity.event_path import event_path
from analysis.estimators.sensitivity.relative_magnitudes import _restrictions, _vertices


def study(events, beta, covariance) -> Estimates:
    keys = pd.DataFrame({"event_time": events})
    return Estimates(
        "event_study",
        keys,
        np.array(beta),
        np.array(covariance),
        Sample(1, 1),
        {"correction": "none", "df": np.inf},
    )


@pytest.fixture(scope="module")
def published(verification) -> dict:
    return json.loads((verification / "honest_did_inputs.json").read_text())


@pytest.fixture(scope="module")
def medicaid(published) -> Estimates:
    return study([year - 2014 for year in published["years"]], published["beta"], published["cov"])


@pytest.fixture
def simulated() -> Estimates:
    random = np.random.default_rng(3)
    root = random.normal(size=(7, 7)) / 4 + np.eye(7)
    return study([-4, -3, -2, 0, 1, 2, 3], random.normal(size=7), root @ root.T / 10)


def test_relative_magnitudes_are_those_of_r_to_its_grid(medicaid, published):
    """Both sides simulate the first stage's critical value from a finite number of draws of their own.

    Ends of R's set lie on a grid, up to one step off. Its first stage and ours each draw a quantile: over
    seeds the end moves by some 4e-5 a standard deviation here, and three of them on each side add up to
    3 * sqrt(2) * 4e-5 = 1.7e-4.
    """
    table = honest_bounds(medicaid).set_index("value")
    grid = 40 * medicaid.std_error[5] / 999
    ends = [honest_bounds(medicaid, values=[1.5], seed=seed)["conf_low"].iloc[1] for seed in range(1, 9)]
    assert np.std(ends) < 5e-5
    cells = 0
    for value, expected in published["r_honestdid_relative_magnitudes"].items():
        got = table.loc[float(value), ["conf_low", "conf_high"]].to_numpy(float)
        np.testing.assert_allclose(got, expected, atol=grid + 1.7e-4)
        cells += 2
    assert cells == 8
    assert table["excludes_zero"].tolist() == [True, True, True, True, False]


def test_smoothness_is_that_of_r(medicaid, published):
    table = honest_bounds(medicaid, restriction="smoothness", values=[0.0, 0.01]).set_index("value")
    for value, expected in published["r_honestdid_smoothness"].items():
        got = table.loc[float(value), ["conf_low", "conf_high"]].to_numpy(float)
        np.testing.assert_allclose(got, expected, atol=1.1e-4)


@pytest.mark.parametrize("bound", [0.0, 0.05, 0.3])
def test_smoothness_interval_is_the_shortest_by_direct_search(simulated, bound):
    table = honest_bounds(simulated, restriction="smoothness", values=[bound], target="average")
    own = (table["conf_high"] - table["conf_low"]).iloc[1] / 2
    weights, k = np.full(4, 0.25), 3
    after = np.arange(1, 5)

    def half(free):
        v = np.append([(weights @ after - 2 * free[0] - 3 * free[1])], free)
        full = np.concatenate([v[::-1], weights])
        deviation = np.sqrt(full @ simulated.covariance @ full)
        return deviation * np.sqrt(stats.ncx2.ppf(0.95, 1, (worst(v) / deviation) ** 2 + 1e-300))

    def worst(v):
        behind = [abs(sum(v[m] * (m + 1 - j) for m in range(k) if m + 1 > j)) for j in range(1, k)]
        ahead = [abs(sum(weights[m] * (m + 1 - j) for m in range(4) if m + 1 > j)) for j in range(4)]
        return bound * (sum(behind) + sum(ahead))

    runs = [
        optimize.minimize(
            half, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 9000}
        )
        for start in np.random.default_rng(0).normal(size=(6, 2))
    ]
    assert own == pytest.approx(min(run.fun for run in runs), rel=1e-6)


def test_dual_vertices_are_the_linear_program(simulated):
    path, weights = event_path(simulated), np.array([0.4, 0.3, 0.2, 0.1])
    full = np.concatenate([path.before, path.after])
    for matrix in _restrictions(path, 1.3):
        vertices = _vertices(path, weights, matrix)
        rows = np.abs(matrix[:, path.k :]).sum(axis=1) > 1e-10
        deviation = np.sqrt(np.einsum("ij,jk,ik->i", matrix, path.covariance, matrix))[rows]
        for theta in (-1.0, 0.2, 2.0):
            best = (vertices.level - vertices.load * theta).max()
            spare = np.linalg.svd(weights[None, :])[2][1:].T
            shift = weights / (weights @ weights) * theta
            right = matrix[rows] @ full - matrix[rows][:, path.k :] @ shift
            left = np.column_stack([-deviation, -matrix[rows][:, path.k :] @ spare])
            cost = np.zeros(left.shape[1])
            cost[0] = 1.0
            program = optimize.linprog(cost, A_ub=left, b_ub=-right, bounds=[(None, None)] * len(cost))
            assert program.fun == pytest.approx(best, abs=1e-8)


def test_sets_grow_with_the_bound_and_start_near_parallel_trends(simulated):
    for restriction in ("relative_magnitudes", "smoothness"):
        table = honest_bounds(simulated, restriction=restriction, values=[0.2, 0.5, 1.0, 2.0])
        width = (table["conf_high"] - table["conf_low"]).to_numpy()[1:]
        assert (np.diff(width) > 0).all()


@pytest.mark.parametrize("restriction", ["relative_magnitudes", "smoothness"])
def test_scaling_the_outcome_scales_the_set(simulated, restriction):
    factor = 7.0
    scaled = study(
        simulated.keys["event_time"], factor * simulated.estimate, factor**2 * simulated.covariance
    )
    values = [0.4]
    base = honest_bounds(simulated, restriction=restriction, values=values)
    moved = honest_bounds(
        scaled, restriction=restriction, values=values if restriction != "smoothness" else [factor * 0.4]
    )
    np.testing.assert_allclose(moved["conf_low"], factor * base["conf_low"], rtol=1e-5)
    np.testing.assert_allclose(moved["conf_high"], factor * base["conf_high"], rtol=1e-5)


def test_coverage_at_a_violation_on_the_boundary():
    """With the largest violation the bound allows, sets of level 0.9 hold the truth about that often."""
    covariance = 0.04 * (np.eye(5) + 0.5)
    truth = np.array([-0.9, -0.6, -0.3, 0.3, 0.6])
    random = np.random.default_rng(11)
    inside = 0
    for _ in range(150):
        beta = random.multivariate_normal(truth, covariance)
        row = honest_bounds(
            study([-4, -3, -2, 0, 1], beta, covariance), values=[1.0], points=60, level=0.9
        ).iloc[1]
        inside += row["conf_low"] <= 0.0 <= row["conf_high"]
    assert inside / 150 > 0.84


def test_breakdown_is_where_the_set_reaches_zero(medicaid):
    value = breakdown_value(medicaid)
    near = honest_bounds(medicaid, values=[value - 0.01, value + 0.01])
    assert near["excludes_zero"].tolist()[1:] == [True, False]
    null = study(medicaid.keys["event_time"], 0 * medicaid.estimate, medicaid.covariance)
    assert breakdown_value(null) == 0.0


def test_power_agrees_with_simulation(medicaid):
    result = pretest_power(medicaid)
    assert result.power == pytest.approx(0.5, abs=1e-6)
    before = medicaid.covariance[:5, :5]
    draws = np.random.default_rng(2).multivariate_normal(
        result.table["violation"].to_numpy(), medicaid.covariance, size=100_000
    )
    passed = (np.abs(draws[:, :5]) <= stats.norm.ppf(0.975) * np.sqrt(np.diag(before))).all(axis=1)
    assert 1 - passed.mean() == pytest.approx(result.power, abs=0.005)
    np.testing.assert_allclose(
        draws[passed].mean(axis=0),
        result.table["mean_after_passing"],
        atol=5 * draws.std() / np.sqrt(passed.sum()),
    )
    null = np.random.default_rng(3).multivariate_normal(np.zeros(5), before, size=200_000)
    rate = (np.abs(null) <= stats.norm.ppf(0.975) * np.sqrt(np.diag(before))).all(axis=1).mean()
    assert result.bayes_factor == pytest.approx(passed.mean() / rate, abs=0.01)
    line = result.table["violation"].to_numpy()[:5]
    density = stats.multivariate_normal(cov=before)
    expected = density.pdf(medicaid.estimate[:5] - line) / density.pdf(medicaid.estimate[:5])
    assert result.likelihood_ratio == pytest.approx(expected, rel=1e-9)


def test_curved_violation_is_taken_as_given(medicaid):
    result = pretest_power(medicaid, violation=lambda s: 0.002 * s**2)
    assert result.slope is None
    assert result.table["violation"].tolist() == [0.002 * (e + 1) ** 2 for e in result.table["event_time"]]


def test_bad_input_is_named(medicaid, simulated):
    with pytest.raises(EstimationError, match="restriction"):
        honest_bounds(medicaid, restriction="none")
    with pytest.raises(EstimationError, match="not negative"):
        honest_bounds(medicaid, values=[-1])
    with pytest.raises(EstimationError, match="target event times"):
        honest_bounds(medicaid, target=9)
    with pytest.raises(NotIdentifiedError, match="consecutive"):
        honest_bounds(study([-3, -2, 2], [0, 0, 0], np.eye(3)))
    with pytest.raises(NotIdentifiedError, match="both sides"):
        honest_bounds(study([0, 1, 2], [0, 0, 0], np.eye(3)))
    other = Estimates("x", pd.DataFrame({"term": ["a"]}), np.zeros(1), np.eye(1), Sample(1, 1), {})
    with pytest.raises(ColumnError, match="event_time"):
        honest_bounds(other)
    with pytest.raises(EstimationError, match="both"):
        pretest_power(simulated, slope=1.0, violation=np.abs)


_ON_A_KERNEL = """
import json, sys
import numpy as np
import pandas as pd
from analysis.estimators import honest_bounds
from analysis.estimators.core.result import Estimates, Sample
random = np.random.default_rng(3)
root = random.normal(size=(7, 7)) / 4 + np.eye(7)
keys = pd.DataFrame({"event_time": [-4, -3, -2, 0, 1, 2, 3]})
study = Estimates("event_study", keys, random.normal(size=7), root @ root.T / 10, Sample(7, 7), {"df": np.inf})
table = honest_bounds(study, values=[0.2, 0.5, 1.0], target="average", points=200)
print(json.dumps(table[["conf_low", "conf_high"]].to_numpy().ravel().tolist()))
"""


def test_bounds_do_not_depend_on_the_processor():
    """Every kernel of the linear algebra library finds the same bounds, though eigenvectors may differ in sign."""
    found = []
    for kernel in ("Haswell", "Zen", "Sandybridge", "Nehalem"):
        environment = os.environ | {"OPENBLAS_CORETYPE": kernel}
        run = subprocess.run(
            [sys.executable, "-c", _ON_A_KERNEL], env=environment, capture_output=True, text=True, check=True
        )
        found.append(json.loads(run.stdout))
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=0, atol=1e-9)


def adopters() -> pd.DataFrame:
    """Return units that adopt at two dates, with trends that were not parallel before."""
    random = np.random.default_rng(9)
    unit, t = np.repeat(np.arange(120), 8), np.tile(np.arange(2000, 2008), 120)
    g = np.resize([0, 0, 2004, 2005], 120)[unit]
    y = 0.1 * (g > 0) * (t - 2000) + ((g > 0) & (t >= g)) + random.normal(size=len(t))
    return pd.DataFrame({"unit": unit, "t": t, "g": g, "y": y})


@pytest.mark.parametrize("anticipation", [0, 1])
def test_group_time_by_default_gives_the_path_that_bounds_need(anticipation):
    """The chain of the README: the reference is found, and naming it changes nothing."""
    keys = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g", "anticipation": anticipation}
    event = group_time(adopters(), **keys).aggregate("event")
    reference = -1 - anticipation
    assert reference not in event.keys["event_time"].tolist()
    own = honest_bounds(event, values=[0.5], points=100)
    pd.testing.assert_frame_equal(own, honest_bounds(event, values=[0.5], points=100, reference=reference))
    assert pretest_power(event).slope == pretest_power(event, reference=reference).slope


def test_effects_without_a_common_reference_are_refused():
    keys = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}
    varying = group_time(adopters(), **keys, base="varying")
    for use in (honest_bounds, breakdown_value, pretest_power):
        with pytest.raises(EstimationError, match=r'base="universal"'):
            use(varying.aggregate("event"))
        with pytest.raises(ColumnError, match=r'take \.aggregate\("event"\)'):
            use(group_time(adopters(), **keys))
        with pytest.raises(ColumnError, match=r"one entry of \.events"):
            use(compare_estimators(adopters(), **keys, estimators=["group_time"]))


def test_event_times_in_units_of_time_are_refused():
    with pytest.raises(ColumnError, match="count periods"):
        honest_bounds(study([-0.5, -0.25, 0.25], [0, 0, 0], np.eye(3)), reference=0)
