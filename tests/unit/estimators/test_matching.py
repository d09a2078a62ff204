"""Matching against brute force on small data, its ledger, and what it says of bad input."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.estimators import (
    ColumnError,
    EstimationError,
    NotIdentifiedError,
    match,
)

COVARIATES = ["x1", "x2"]


def sample(seed=0, n=60, ties=False):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (n, 2)).astype(float) if ties else rng.normal(size=(n, 2))
    treated = rng.random(n) < 0.35
    data = pd.DataFrame(x, columns=COVARIATES)
    data["d"] = treated.astype(int)
    data["group"] = rng.choice(["a", "b", "c"], n)
    data["y"] = x @ [1.0, -0.5] + treated * 2 + rng.normal(size=n)
    data["z"] = rng.normal(size=n)
    return data


def fit(data, **options):
    given = {"outcome": "y", "treatment": "d", "covariates": COVARIATES} | options
    return match(data, **given)


def brute_force(data, neighbours, estimand, admissible=lambda i, j: True):
    """Return the estimate and the number of pairs by plain loops over rows."""
    x = data[COVARIATES].to_numpy()
    x = (x - x.mean(0)) / x.std(0, ddof=1)
    d, y = data["d"].to_numpy(), data["y"].to_numpy()
    effects, pairs = [], 0
    for i in range(len(data)):
        if (estimand == "ATT" and d[i] == 0) or (estimand == "ATC" and d[i] == 1):
            continue
        pool = [j for j in range(len(data)) if d[j] != d[i] and admissible(i, j)]
        if not pool:
            continue
        distance = np.array([((x[i] - x[j]) ** 2).sum() for j in pool])
        limit = np.sort(distance)[min(neighbours, len(pool)) - 1] + 1e-5
        near = [j for j, far in zip(pool, distance, strict=True) if far <= limit]
        pairs += len(near)
        effects.append((2 * d[i] - 1) * (y[i] - y[near].mean()))
    return np.mean(effects), pairs


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("estimand", ["ATT", "ATC", "ATE"])
@pytest.mark.parametrize("neighbours", [1, 3])
def test_equals_brute_force(ties, estimand, neighbours):
    data = sample(1, ties=ties)
    found = fit(data, estimand=estimand, neighbours=neighbours)
    estimate, pairs = brute_force(data, neighbours, estimand)
    assert found.estimate[0] == pytest.approx(estimate, abs=1e-12)
    assert len(found.extra["pairs"]) == pairs


def test_equals_brute_force_with_caliper_and_strata():
    data = sample(2, n=90)
    x = data[COVARIATES].to_numpy()
    x = x / x.std(0, ddof=1)
    group = data["group"].to_numpy()

    def admissible(i, j):
        return group[i] == group[j] and (np.abs(x[i] - x[j]) <= 0.4).all()

    found = fit(data, exact="group", caliper=0.4, neighbours=2)
    estimate, pairs = brute_force(data, 2, "ATT", admissible)
    assert found.estimate[0] == pytest.approx(estimate, abs=1e-12)
    assert len(found.extra["pairs"]) == pairs
    assert found.sample.dropped["no admissible match"] > 0


@pytest.mark.parametrize(
    ("estimand", "replace"), [("ATT", True), ("ATC", True), ("ATE", True), ("ATT", False), ("ATC", False)]
)
def test_weights_reproduce_the_estimate(estimand, replace):
    data = sample(3, ties=True)
    found = fit(data, estimand=estimand, replace=replace)
    weights = found.extra["weights"]
    d, y = data["d"].to_numpy() == 1, data["y"].to_numpy()
    difference = np.average(y[d], weights=weights[d]) - np.average(y[~d], weights=weights[~d])
    assert found.estimate[0] == pytest.approx(difference, abs=1e-12)


def test_greedy_takes_the_nearest_free_control_in_order():
    data = sample(4, n=40, ties=True)
    found = fit(data, replace=False)
    pairs = found.extra["pairs"]
    assert pairs["donor_row"].is_unique
    x = data[COVARIATES].to_numpy()
    x = x / x.std(0, ddof=1)
    free = list(np.flatnonzero(data["d"] == 0))
    expected = []
    for i in np.flatnonzero(data["d"] == 1):
        if free:
            best = min(free, key=lambda j: (round(((x[i] - x[j]) ** 2).sum(), 9), j))
            free.remove(best)
            expected.append((i, best))
    assert list(zip(pairs["target_row"], pairs["donor_row"], strict=True)) == expected


def test_optimal_pairs_have_the_least_total_distance():
    data = sample(5, n=14).assign(d=[1] * 4 + [0] * 10)
    found = fit(data, method="optimal")
    x = data[COVARIATES].to_numpy()
    x = x / x.std(0, ddof=1)
    far = np.sqrt(((x[:4, None] - x[None, 4:]) ** 2).sum(2))
    least = min(sum(far[i, j] for i, j in enumerate(chosen)) for chosen in permutations(range(10), 4))
    assert found.extra["pairs"]["distance"].sum() == pytest.approx(least, abs=1e-12)


@pytest.mark.parametrize("method", ["nearest", "optimal"])
def test_clustered_errors_equal_statsmodels(method):
    data = sample(6, n=80)
    found = fit(data, method=method, replace=False, bias_adjustment=COVARIATES, neighbours=2)
    pairs = found.extra["pairs"]
    used = found.sample.rows
    sets = pd.Series(-1, index=range(len(data)))
    sets[pairs["target_row"]] = pairs["target_row"].to_numpy()
    sets[pairs["donor_row"]] = pairs["target_row"].to_numpy()
    design = sm.add_constant(data.loc[used, ["d", *COVARIATES]])
    oracle = sm.WLS(data.loc[used, "y"], design, weights=found.extra["weights"][used]).fit(
        cov_type="cluster", cov_kwds={"groups": sets[used]}
    )
    assert found.estimate[0] == pytest.approx(oracle.params["d"], rel=1e-10)
    assert found.std_error[0] == pytest.approx(oracle.bse["d"], rel=1e-10)
    assert found.sample.clusters == sets[used].nunique()


def test_heteroskedastic_variance_by_hand():
    data = sample(7, n=50)
    found = fit(data, variance="sample", variance_neighbours=2)
    x = data[COVARIATES].to_numpy()
    x = x / x.std(0, ddof=1)
    d, y = data["d"].to_numpy(), data["y"].to_numpy()
    residual = np.empty(len(data))
    for i in range(len(data)):
        arm = [j for j in range(len(data)) if d[j] == d[i] and j != i]
        near = sorted(arm, key=lambda j: ((x[i] - x[j]) ** 2).sum())[:2]
        residual[i] = 2 / 3 * (y[i] - y[near].mean()) ** 2
    load = found.extra["weights"] ** 2
    assert found.std_error[0] == pytest.approx(np.sqrt((load * residual).sum()) / d.sum(), rel=1e-12)


def test_several_outcomes_share_pairs_and_have_a_joint_covariance():
    data = sample(8)
    both, alone = fit(data, outcome=["y", "z"]), fit(data, outcome="z")
    assert both.tidy()["term"].tolist() == ["y", "z"]
    assert both.std_error[1] == pytest.approx(alone.std_error[0], rel=1e-14)
    total = fit(data.assign(s=data["y"] + data["z"]), outcome="s")
    assert both.covariance.sum() == pytest.approx(total.covariance[0, 0], rel=1e-12)


def test_ledger_counts_every_row():
    data = sample(9)
    data.loc[[0, 1], "x1"] = np.nan
    data.loc[2, "y"] = np.nan
    data.loc[3, "group"] = None
    found = fit(data, exact="group", caliper=0.2)
    ledger = found.sample
    assert ledger.dropped["x1 missing"] == 2
    assert ledger.dropped["y missing"] == 1
    assert ledger.dropped["group missing"] == 1
    assert ledger.used + sum(ledger.dropped.values()) == ledger.given == 60
    assert ledger.rows.sum() == ledger.used == (found.extra["weights"] > 0).sum()


def test_index_labels_need_not_be_unique_or_ordered():
    data = sample(10)
    relabelled = data.set_axis(["town"] * len(data))
    assert fit(relabelled).estimate == fit(data).estimate


@pytest.mark.parametrize(
    ("change", "options", "error", "words"),
    [
        ({"d": 0}, {}, NotIdentifiedError, "no treated unit"),
        ({"d": 1}, {}, NotIdentifiedError, "no control unit"),
        ({"d": 2}, {}, ColumnError, "must be 0 or 1"),
        ({"x1": 7.0}, {}, ColumnError, r"\['x1'\] does not vary"),
        ({}, {"covariates": ["x1", "group"]}, ColumnError, "group"),
        ({}, {"covariates": []}, ColumnError, "at least one covariate"),
        ({}, {"caliper": 1e-9}, NotIdentifiedError, "widen the caliper"),
        ({}, {"caliper": {"z": 1}}, EstimationError, "not matched on"),
        ({}, {"distance": "euclid"}, EstimationError, "euclid"),
        ({}, {"distance": [1, 2, 3]}, EstimationError, "2 covariates"),
        ({}, {"distance": [-1, 2]}, EstimationError, "at least 0"),
        ({}, {"replace": False, "estimand": "ATE"}, EstimationError, "ATT or ATC"),
        ({}, {"variance": "cluster"}, EstimationError, "replace=False"),
        ({}, {"estimand": "LATE"}, EstimationError, "LATE"),
        ({}, {"neighbours": 0}, EstimationError, "at least 1"),
        ({}, {"neighbours": 61}, EstimationError, "units to match to"),
        ({"x1": 7.0}, {"distance": "propensity"}, ColumnError, r"\['x1'\] does not vary"),
        ({}, {"covariates": ["x1", "x1"], "distance": "propensity"}, NotIdentifiedError, "collinear"),
    ],
)
def test_bad_input_is_named(change, options, error, words):
    with pytest.raises(error, match=words):
        fit(sample(11).assign(**change), **options)


def test_singular_covariance_names_the_columns():
    data = sample(12).assign(x3=lambda frame: frame["x1"] - 2 * frame["x2"])
    with pytest.raises(NotIdentifiedError, match=r"\['x1', 'x2', 'x3'\] are collinear"):
        fit(data, covariates=["x1", "x2", "x3", "z"], distance="mahalanobis")


def test_separation_is_named():
    data = sample(13).assign(x1=lambda frame: frame["d"] * 10 + frame["x1"])
    with pytest.raises(NotIdentifiedError, match="separate"):
        fit(data, distance="propensity")
