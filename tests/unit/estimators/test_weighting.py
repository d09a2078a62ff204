"""Coarsened exact matching, subclassification, entropy balancing, full and genetic matching."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import linprog

from analysis.estimators import (
    ColumnError,
    EstimationError,
    NotIdentifiedError,
    balance_table,
    coarsened_exact,
    entropy_balance,
    full_match,
    genetic_match,
    subclassify,
)
from analysis.estimators.matching.full import edge_cover


def sample(seed=0, n=200):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    d = rng.random(n) < 1 / (1 + np.exp(1 - 0.5 * x[:, 0]))
    y = x @ [1.0, 0.5] + d + rng.normal(size=n)
    return pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "d": d.astype(int), "y": y, "z": rng.normal(size=n)})


def fit(method, data, **options):
    return method(data, **({"outcome": "y", "treatment": "d", "covariates": ["x1", "x2"]} | options))


def difference(data, weights):
    d, y = data["d"].to_numpy() == 1, data["y"].to_numpy()
    return np.average(y[d], weights=weights[d]) - np.average(y[~d], weights=weights[~d])


@pytest.mark.parametrize("estimand", ["ATT", "ATC", "ATE"])
def test_coarsened_exact_by_groups(estimand):
    data = sample()
    found = fit(coarsened_exact, data, cuts=4, estimand=estimand)
    edges = {name: np.linspace(data[name].min(), data[name].max(), 5)[1:-1] for name in ("x1", "x2")}
    keys = [np.searchsorted(edges[name], data[name]) for name in ("x1", "x2")]
    total, effect = 0, 0.0
    for _, group in data.groupby(keys):
        arms = group.loc[group["d"] == 1, "y"], group.loc[group["d"] == 0, "y"]
        if len(arms[0]) and len(arms[1]):
            size = {"ATT": len(arms[0]), "ATC": len(arms[1]), "ATE": len(group)}[estimand]
            total, effect = total + size, effect + size * (arms[0].mean() - arms[1].mean())
    assert found.estimate[0] == pytest.approx(effect / total, rel=1e-12)
    assert found.estimate[0] == pytest.approx(difference(data, found.extra["weights"]), rel=1e-12)
    ledger = found.sample
    assert ledger.dropped["no counterpart in its stratum"] == ledger.given - ledger.used > 0


def test_coarsened_exact_errors_equal_statsmodels():
    data = sample(1)
    found = fit(coarsened_exact, data, cuts={"x1": [-1.0, 0.0, 1.0], "x2": 3}, adjust=True)
    rows = found.sample.rows
    design = sm.add_constant(data.loc[rows, ["d", "x1", "x2"]])
    oracle = sm.WLS(data.loc[rows, "y"], design, weights=found.extra["weights"][rows]).fit(
        cov_type="cluster", cov_kwds={"groups": found.extra["stratum"][rows].astype(int)}
    )
    assert found.estimate[0] == pytest.approx(oracle.params["d"], rel=1e-10)
    assert found.std_error[0] == pytest.approx(oracle.bse["d"], rel=1e-10)


def test_exact_cuts_match_exactly():
    data = sample(2).round({"x1": 0, "x2": 0})
    found = fit(coarsened_exact, data, cuts="exact")
    table = balance_table(data, treatment="d", covariates=["x1", "x2"], weights=found)
    np.testing.assert_allclose(table["smd_after"], 0, atol=1e-12)


def test_exact_strata_alone_will_do():
    data = sample(2).assign(group=lambda frame: np.where(frame["z"] > 0, "a", "b"))
    found = fit(coarsened_exact, data, covariates=[], exact="group")
    effects = data.groupby(["group", "d"])["y"].mean().unstack()
    share = data[data["d"] == 1].groupby("group").size() / data["d"].sum()
    assert found.estimate[0] == pytest.approx((share * (effects[1] - effects[0])).sum())


def test_cut_points_close_bins_on_the_right():
    data = pd.DataFrame({"x1": [0, 1, 1, 2, 0, 2.0], "d": [1, 1, 0, 0, 0, 1], "y": [1.0, 2, 3, 4, 5, 6]})
    found = fit(coarsened_exact, data, covariates="x1", cuts=[1.0])
    np.testing.assert_array_equal(found.extra["stratum"], [0, 0, 0, 1, 0, 1])


def test_subclassification_by_groups():
    data = sample(3)
    found = fit(subclassify, data, subclasses=4)
    score, stratum = found.extra["score"], found.extra["stratum"]
    logit = sm.Logit(data["d"], sm.add_constant(data[["x1", "x2"]])).fit(disp=0)
    np.testing.assert_allclose(score, logit.predict(), rtol=1e-6)
    effect, variance, treated = 0.0, 0.0, data["d"].sum()
    for _, group in data.groupby(stratum):
        arms = group.loc[group["d"] == 1, "y"], group.loc[group["d"] == 0, "y"]
        share = len(arms[0]) / treated
        effect += share * (arms[0].mean() - arms[1].mean())
        variance += share**2 * sum(arm.var() / len(arm) for arm in arms)
    assert found.estimate[0] == pytest.approx(effect, rel=1e-12)
    assert found.std_error[0] == pytest.approx(np.sqrt(variance), rel=1e-12)
    assert found.estimate[0] == pytest.approx(difference(data, found.extra["weights"]), rel=1e-12)


@pytest.mark.parametrize("moments", [1, 2, 3])
@pytest.mark.parametrize("estimand", ["ATT", "ATC", "ATE"])
def test_entropy_balance_meets_its_moments(moments, estimand):
    data = sample(4)
    found = fit(entropy_balance, data, moments=moments, estimand=estimand)
    w, d = found.extra["weights"], data["d"].to_numpy() == 1
    target = {"ATT": d, "ATC": ~d, "ATE": np.ones(len(d), bool)}[estimand]
    for arm in (d, ~d):
        assert w[arm].sum() == pytest.approx(target.sum())
        for power in range(1, moments + 1):
            values = data[["x1", "x2"]].to_numpy() ** power
            np.testing.assert_allclose(
                np.average(values[arm], axis=0, weights=w[arm]), values[target].mean(0), atol=1e-7
            )
    assert found.estimate[0] == pytest.approx(difference(data, w), abs=1e-12)


def test_entropy_weights_are_the_ones_of_greatest_entropy():
    data = sample(5, n=40)
    found = fit(entropy_balance, data)
    control = data["d"].to_numpy() == 0
    w = found.extra["weights"][control] / found.extra["weights"][control].sum()
    design = np.column_stack([np.ones(control.sum()), data.loc[control, ["x1", "x2"]]])
    fitted = design @ np.linalg.lstsq(design, np.log(w), rcond=None)[0]
    np.testing.assert_allclose(fitted, np.log(w), atol=1e-6)


def test_entropy_errors_are_a_jackknife_without_its_work():
    data = sample(6, n=120)
    found = fit(entropy_balance, data)
    left_out = [fit(entropy_balance, data.drop(index=row)).estimate[0] for row in range(len(data))]
    jackknife = np.sqrt((len(data) - 1) * np.var(left_out))
    assert found.std_error[0] == pytest.approx(jackknife, rel=0.08)
    naive = data.groupby("d")["y"].var() / data.groupby("d").size()
    assert abs(np.sqrt(naive.sum()) - jackknife) > 0.08 * jackknife


def test_entropy_says_the_target_is_outside_the_hull():
    data = sample(7).assign(x1=lambda frame: frame["x1"] + 10 * frame["d"])
    with pytest.raises(NotIdentifiedError, match=r"'x1'.*outside the convex hull"):
        fit(entropy_balance, data)


@pytest.mark.parametrize("shape", [(2, 4), (3, 3), (4, 2), (1, 5)])
def test_edge_cover_is_the_cheapest_by_enumeration(shape):
    cost = np.random.default_rng(sum(shape)).random(shape)
    left, right = edge_cover(cost)
    best = np.inf
    for chosen in product([False, True], repeat=cost.size):
        grid = np.array(chosen).reshape(shape)
        if grid.any(0).all() and grid.any(1).all():
            best = min(best, cost[grid].sum())
    assert cost[left, right].sum() == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_edge_cover_is_the_cheapest_by_linear_programming(seed):
    rng = np.random.default_rng(seed)
    cost = np.round(rng.random((12, 25)), 1 + seed % 2)
    left, right = edge_cover(cost)
    rows = np.kron(np.eye(12), np.ones(25))
    columns = np.kron(np.ones(12), np.eye(25))
    solved = linprog(cost.ravel(), A_ub=-np.vstack([rows, columns]), b_ub=-np.ones(37))
    assert cost[left, right].sum() == pytest.approx(solved.fun, abs=1e-9)
    of_rows, of_columns = np.bincount(left), np.bincount(right)
    assert ((of_rows[left] == 1) | (of_columns[right] == 1)).all()


@pytest.mark.parametrize("estimand", ["ATT", "ATE"])
def test_full_match_covers_all_units(estimand):
    data = sample(8).assign(group=lambda frame: np.where(frame["z"] > 0, "a", "b"))
    found = fit(full_match, data, exact="group", estimand=estimand)
    sets = found.extra["sets"]
    assert sets[["treated", "control"]].sum().sum() == len(data) == found.sample.used
    assert (sets[["treated", "control"]].min(axis=1) == 1).all()
    assert found.sample.clusters == len(sets)
    pairs = data.assign(stratum=found.extra["stratum"]).drop_duplicates(["stratum", "group"])
    assert pairs["stratum"].is_unique
    assert found.estimate[0] == pytest.approx(difference(data, found.extra["weights"]), rel=1e-12)


@pytest.mark.slow
def test_genetic_search_is_the_same_on_one_core_and_two():
    data = sample(9, n=80)
    options = {"population": 12, "generations": 3, "seed": 5}
    one = fit(genetic_match, data, workers=1, **options)
    two = fit(genetic_match, data, workers=2, **options)
    assert (one.extra["metric_weights"] == two.extra["metric_weights"]).all()
    assert one.estimate.tobytes() == two.estimate.tobytes()
    other = fit(genetic_match, data, workers=1, **(options | {"seed": 6}))
    assert (one.extra["metric_weights"] != other.extra["metric_weights"]).any()


@pytest.mark.parametrize(
    ("method", "options", "error", "words"),
    [
        (coarsened_exact, {"cuts": 10_000}, NotIdentifiedError, "coarsen"),
        (coarsened_exact, {"cuts": {"w": 3}}, EstimationError, "no covariate"),
        (coarsened_exact, {"cuts": [1.0, 0.0]}, EstimationError, "rising points"),
        (coarsened_exact, {"cuts": "scott"}, EstimationError, "scott"),
        (subclassify, {"subclasses": 90}, NotIdentifiedError, "fewer subclasses"),
        (entropy_balance, {"moments": 4}, EstimationError, "moments"),
        (full_match, {"covariates": [], "exact": "z"}, ColumnError, "at least one covariate"),
        (entropy_balance, {"covariates": []}, ColumnError, "at least one covariate"),
        (subclassify, {"outcome": []}, ColumnError, "at least one outcome"),
        (full_match, {"estimand": "all"}, EstimationError, "estimand"),
        (genetic_match, {"population": 2}, EstimationError, "population"),
    ],
)
def test_bad_input_is_named(method, options, error, words):
    with pytest.raises(error, match=words):
        fit(method, sample(10), **options)
