"""Slow, plainly right solvers beside each kernel: dense dummies, loops over rows, leaving clusters out."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from analysis.estimators import Conley, ols, poisson
from analysis.estimators.core.frame import prepare
from analysis.estimators.linalg import absorb, absorb_solve
from analysis.estimators.linalg.absorb import Absorber, compress, drop_singletons
from analysis.estimators.regression.conley import great_circle_km
from analysis.estimators.regression.separation import separated

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
from ols_panels import make_chain, make_panel


def dummies(codes, slopes=None):
    blocks = []
    for i, item in enumerate(codes):
        block = np.eye(item.max() + 1)[item]
        blocks.append(block)
        if slopes is not None and slopes[i] is not None:
            blocks += [block * z[:, None] for z in slopes[i].T]
    return np.hstack(blocks)


def dense_residual(codes, matrix, weights, slopes=None):
    root = np.ones(len(matrix)) if weights is None else np.sqrt(weights)
    design = dummies(codes, slopes) * root[:, None]
    left, sizes, _ = np.linalg.svd(design, full_matrices=False)
    left = left[:, sizes > 1e-10 * sizes[0]]
    scaled = matrix * root[:, None]
    return (scaled - left @ (left.T @ scaled)) / root[:, None], left.shape[1]


DESIGNS = {"one": (30,), "two": (30, 12), "three": (30, 12, 9), "four": (25, 12, 9, 5)}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", ["dense", "within", "lsmr"])
def test_residuals_equal_those_on_dense_dummies(design, weighted, solver, monkeypatch):
    if solver == "within":
        pytest.importorskip("within")
    if solver != "dense":
        monkeypatch.setattr(absorb, "DENSE_LEVELS", 0)
    if solver == "lsmr":
        monkeypatch.setattr(absorb_solve, "_within", lambda *args: None)
    rng = np.random.default_rng(len(design))
    codes = [compress(rng.integers(0, levels, 500)) for levels in DESIGNS[design]]
    weights = rng.uniform(0.2, 3, 500) if weighted else None
    matrix = rng.normal(size=(500, 3)) + 5
    absorber = Absorber(codes, weights=weights)
    expected, rank = dense_residual(codes, matrix, weights)
    np.testing.assert_allclose(absorber.residualize(matrix), expected, atol=2e-11)
    assert absorber.rank == rank or not absorber.rank_is_exact
    if solver != "dense" and len(codes) > 1:
        assert absorber.solver == "iterative"


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("on", [0, 1])
def test_slopes_that_differ_by_level(weighted, on):
    rng = np.random.default_rng(5)
    codes = [compress(rng.integers(0, levels, 400)) for levels in (20, 8)]
    weights = rng.uniform(0.2, 3, 400) if weighted else None
    trend = rng.normal(size=(400, 2))
    slopes = [None, None]
    slopes[on] = trend
    absorber = Absorber(codes, weights=weights, slopes=slopes)
    matrix = rng.normal(size=(400, 2))
    expected, rank = dense_residual(codes, matrix, weights, slopes)
    np.testing.assert_allclose(absorber.residualize(matrix), expected, atol=1e-10)
    assert absorber.rank == rank


def test_disconnected_groups_are_counted():
    left = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    right = np.array([0, 1, 0, 1, 2, 3, 2, 3])
    assert Absorber([left, right]).rank == 4 + 4 - 2


def test_weak_chain_is_solved_exactly():
    data = make_chain(120)
    codes = [data["unit"].to_numpy(), data["year"].to_numpy()]
    matrix = data[["d", "y"]].to_numpy()
    expected, rank = dense_residual(codes, matrix, None)
    absorber = Absorber(codes)
    np.testing.assert_allclose(absorber.residualize(matrix), expected, atol=1e-10)
    assert absorber.rank == rank == 120 + 121 - 1


def test_singletons_go_until_none_is_left():
    unit = np.array([0, 1, 1, 2, 2, 3, 3])
    year = np.array([0, 0, 1, 2, 2, 2, 2])
    # row 0 is alone in its unit; then row 1 alone in year 0; then row 2 alone in unit 1
    np.testing.assert_array_equal(
        drop_singletons([unit, year]), [False, False, False, True, True, True, True]
    )


def _fit(data, **options):
    defaults = {"outcome": "y", "treatment": "d", "covariates": ["x1"], "effects": ["unit", "year"]}
    return ols(data, **(defaults | options))


def _full_design(data, weights):
    codes = [pd.factorize(data[name], sort=True)[0] for name in ("unit", "year")]
    design = np.hstack([data[["d", "x1"]].to_numpy(), dummies(codes)[:, :-1]])
    root = np.ones(len(data)) if weights is None else np.sqrt(data[weights].to_numpy())
    return design * root[:, None], data["y"].to_numpy() * root


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("cluster", ["unit", "state"])
def test_jackknife_is_leaving_each_cluster_out(weights, cluster):
    data = make_panel(balanced=False, units=24, periods=6)
    fit = _fit(data, weights=weights, cluster=cluster, covariance="CRV3", singletons="keep")
    design, y = _full_design(data, weights)
    full = np.linalg.lstsq(design, y, rcond=None)[0][:2]
    groups = data[cluster].to_numpy()
    changes = []
    for g in np.unique(groups):
        keep = groups != g
        changes.append(np.linalg.lstsq(design[keep], y[keep], rcond=1e-12)[0][:2] - full)
    changes = np.array(changes)
    expected = (len(changes) - 1) / len(changes) * changes.T @ changes
    np.testing.assert_allclose(fit.covariance, expected, rtol=1e-8)


def _inverse_root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    good = values > 1e-9
    return (vectors[:, good] / np.sqrt(values[good])) @ vectors[:, good].T


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("cluster", ["unit", "state"])
def test_bias_reduced_covariance_on_the_full_hat_matrix(weights, cluster):
    data = make_panel(balanced=False, units=24, periods=6)
    fit = _fit(data, weights=weights, cluster=cluster, covariance="CRV2", singletons="keep")
    design, y = _full_design(data, weights)
    inverse = np.linalg.inv(design.T @ design)
    maker = np.eye(len(y)) - design @ inverse @ design.T
    residual, groups = maker @ y, data[cluster].to_numpy()
    covariance, columns = np.zeros((2, 2)), {0: [], 1: []}
    for g in np.unique(groups):
        rows = np.flatnonzero(groups == g)
        adjust = _inverse_root(maker[np.ix_(rows, rows)])
        linear = inverse[:2] @ design[rows].T @ adjust
        score = linear @ residual[rows]
        covariance += np.outer(score, score)
        for j in (0, 1):
            columns[j].append(maker[:, rows] @ linear[j])
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-7)
    for j in (0, 1):
        cross = np.array(columns[j]) @ np.array(columns[j]).T
        assert fit.design["df"][j] == pytest.approx(np.trace(cross) ** 2 / (cross**2).sum(), rel=1e-7)


@pytest.mark.parametrize("kernel", ["uniform", "bartlett"])
@pytest.mark.parametrize("time", [None, "year"])
def test_spatial_covariance_by_a_loop_over_pairs(kernel, time):
    data = make_panel(balanced=False, units=20, periods=6)
    spec = Conley("lat", "lon", 180.0, kernel, time)
    fit = _fit(data, covariance=spec, correction="none")
    design, y = _full_design(data, None)
    inverse = np.linalg.inv(design.T @ design)
    scores = (design @ inverse)[:, :2] * (y - design @ inverse @ design.T @ y)[:, None]
    places, year = data[["lat", "lon"]].to_numpy(), data["year"].to_numpy()
    expected = np.zeros((2, 2))
    for i in range(len(y)):
        for j in range(len(y)):
            if time is not None and year[i] != year[j]:
                continue
            distance = great_circle_km(places[[i]], places[[j]])[0]
            if distance <= 180.0:
                k = 1.0 if kernel == "uniform" else 1 - distance / 180.0
                expected += k * np.outer(scores[i], scores[j])
    np.testing.assert_allclose(fit.covariance, expected, rtol=1e-7, atol=1e-14)


def test_great_circle_of_known_arcs():
    quarter = np.pi / 2 * 6371.01
    here, there = (
        np.array([[0.0, 0.0], [0.0, 0.0], [90.0, 0.0]]),
        np.array([[0.0, 90.0], [90.0, 0.0], [-90.0, 5.0]]),
    )
    np.testing.assert_allclose(great_circle_km(here, there), [quarter, quarter, 2 * quarter], rtol=1e-12)


EXAMPLES = {  # published example sets: Correia, Guimaraes and Zylkin's 2, 3, 6, 10, 13 (y, columns..., separated)
    "02": (["id1", "id2"], "0,1,1,0 1,1,1,0 0,2,1,1 0,2,2,0 1,2,2,0"),
    "03": (
        ["id1", "id2", "id3"],
        "0,5,3,6,1 0,5,5,7,1 1,1,3,1,0 1,1,5,2,0 1,2,4,1,0 1,2,6,2,0 1,3,1,3,0 1,3,7,4,0 1,4,2,3,0 1,4,8,4,0 "
        "1,5,1,5,0 1,5,7,8,0 1,6,2,5,0 1,6,4,6,0 1,6,6,7,0 1,6,8,8,0",
    ),
    "06": (
        ["x1", "x2", "x3", "x4"],
        "0,0,0,0,0,0 0,0,0,0,0,0 0,5,11,2,2,0 0,5,2,11,2,0 0,5,2,2,11,0 0,0,-1,-1,-1,1 1,5,5,5,5,0 2,4,4,4,4,0 "
        "3,3,3,3,3,0 4,2,2,2,2,0 5,1,1,1,1,0",
    ),
    "10": (
        ["x1", "x2", "x3"],
        "0,-5,0,1,1 0,-2,0,1,1 0,0,2,1,1 0,0,0,2,0 0,0,0,3,1 0,2,3,4,1 0.5,2,2,2,0 1.1,1,1,2,0 2.1,4,2,4,0 "
        "3.3,3,3,2,0",
    ),
    "13": (
        ["id1", "id2"],
        "0,3,3,0 0,4,3,1 0,4,4,0 0,6,6,0 0,7,7,0 0,8,8,0 0,9,9,0 1,1,1,0 1,2,2,0 1,2,2,0 1,3,3,0 1,4,4,0 1,5,5,0 "
        "1,6,6,0 1,7,7,0 1,8,8,0 1,9,9,0 1,10,10,0",
    ),
}


def _separated_in(data, effects, regressors):
    data = data.assign(one=1) if not effects else data
    arrays = prepare(data, outcome="y", columns=regressors, effects=effects or ["one"], singletons="keep")
    return separated(arrays)


@pytest.mark.parametrize("name", EXAMPLES)
def test_separation_examples(name):
    columns, text = EXAMPLES[name]
    rows = [[float(v) for v in row.split(",")] for row in text.split()]
    data = pd.DataFrame(rows, columns=["y", *columns, "separated"])
    effects = [c for c in columns if c.startswith("id")]
    found = _separated_in(data, effects, [c for c in columns if c.startswith("x")])
    np.testing.assert_array_equal(found, data["separated"] == 1)


def _separated_by_programming(y, design):
    """Return which zeros some combination lifts while positives stay at zero: one linear program each."""
    zero = np.flatnonzero(y == 0)
    out = np.zeros(len(y), bool)
    for i in zero:
        solution = linprog(
            -design[i],
            A_ub=np.vstack([-design[zero], design[[i]]]),
            b_ub=np.append(np.zeros(len(zero)), 1.0),
            A_eq=design[y > 0],
            b_eq=np.zeros((y > 0).sum()),
            bounds=(None, None),
        )
        out[i] = -solution.fun > 1e-6
    return out


@pytest.mark.parametrize("seed", range(8))
def test_separation_by_linear_programming(seed):
    rng = np.random.default_rng(seed)
    n = 40
    data = pd.DataFrame({"a": rng.integers(0, 8, n), "b": rng.integers(0, 6, n), "x": rng.integers(-1, 2, n)})
    data["y"] = rng.poisson(0.5, n) * (rng.random(n) < 0.6).astype(float)
    codes = [pd.factorize(data[c], sort=True)[0] for c in ("a", "b")]
    design = np.column_stack([data["x"], dummies(codes)])
    expected = _separated_by_programming(data["y"].to_numpy(), design)
    np.testing.assert_array_equal(_separated_in(data, ["a", "b"], ["x"]), expected)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shift=st.floats(-1e4, 1e4),
    scale=st.floats(1e-3, 1e3),
    covariance=st.sampled_from(["iid", "HC1", "HC2", "HC3", "CRV1", "CRV2", "CRV3"]),
)
def test_shifts_scales_labels_and_order(seed, shift, scale, covariance):
    data = make_panel(balanced=False, units=20, periods=6, seed=seed)
    cluster = "state" if covariance.startswith("CRV") else None
    before = _fit(data, cluster=cluster, covariance=covariance)
    changed = data.assign(
        y=scale * data["y"] + shift + 3.0 * data["unit"] - 2.0 * data["year"],
        unit=(1000 - data["unit"]).astype(str),
        state="s" + (50 - data["state"]).astype(str),
    ).sample(frac=1, random_state=seed)
    after = _fit(changed, cluster=cluster, covariance=covariance)
    size = max(1.0, (abs(shift) + 100) / scale)
    np.testing.assert_allclose(after.estimate / scale, before.estimate, rtol=1e-8, atol=1e-11 * size)
    np.testing.assert_allclose(after.std_error / scale, before.std_error, rtol=1e-7, atol=1e-11 * size)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_integer_weights_are_repeated_rows(seed):
    data = make_panel(balanced=False, units=20, periods=6, seed=seed)
    data["times"] = np.random.default_rng(seed).integers(1, 4, len(data))
    repeated = data.loc[data.index.repeat(data["times"])]
    options = {"cluster": "state", "correction": "none", "singletons": "keep"}
    weighted, rows = _fit(data, weights="times", **options), _fit(repeated, **options)
    np.testing.assert_allclose(weighted.estimate, rows.estimate, rtol=1e-9)
    np.testing.assert_allclose(weighted.std_error, rows.std_error, rtol=1e-9)
    counts = {"outcome": "count", "treatment": "d", "effects": ["state", "year"]}
    weighted, rows = (
        poisson(data, weights="times", **counts, **options),
        poisson(repeated, **counts, **options),
    )
    np.testing.assert_allclose(weighted.estimate, rows.estimate, rtol=1e-8)
    np.testing.assert_allclose(weighted.std_error, rows.std_error, rtol=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.1, 50))
def test_poisson_scales_and_offsets(seed, factor):
    data = make_panel(balanced=False, units=20, periods=6, seed=seed)
    options = {"treatment": "d", "covariates": ["x1"], "effects": ["state", "year"], "cluster": "unit"}
    before = poisson(data, outcome="count", **options)
    more = data.assign(count=factor * data["count"], shift=3.0 + 0.5 * data["state"])
    after = poisson(more, outcome="count", offset="shift", **options)
    np.testing.assert_allclose(after.estimate, before.estimate, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(after.std_error, before.std_error, rtol=1e-7)


@pytest.mark.parametrize("covariance", ["iid", "HC1", "CRV1"])
@pytest.mark.parametrize("correction", ["fixest", "stata", "statsmodels", "none"])
def test_absorbed_effects_equal_dummies(covariance, correction):
    data = make_panel(balanced=False)
    extra = pd.get_dummies(data["year"], prefix="year", drop_first=True).astype(float)
    frame = pd.concat([data, extra], axis=1)
    cluster = "unit" if covariance == "CRV1" else None
    options = {"cluster": cluster, "covariance": covariance, "correction": correction}
    absorbed = _fit(data, **options)
    explicit = _fit(frame, effects=["unit"], covariates=["x1", *extra.columns], **options)
    assert absorbed.design["parameters_counted"] == explicit.design["parameters_counted"]
    np.testing.assert_allclose(explicit.estimate[:2], absorbed.estimate, rtol=1e-9)
    np.testing.assert_allclose(explicit.std_error[:2], absorbed.std_error, rtol=1e-9)


def test_bias_reduced_is_unbiased_under_independence():
    """With errors of one variance, E[CRV2] is the classical covariance exactly: averaged over a basis of errors."""
    data = make_panel(balanced=False, units=16, periods=6)
    total, n = 0.0, len(data)
    for i in range(n):
        unit_error = np.zeros(n)
        unit_error[i] = 1.0
        total = total + _fit(data.assign(y=unit_error), cluster="state", covariance="CRV2").covariance
    classical = _fit(data, covariance="iid", correction="none")
    bread = classical.covariance / (classical.extra["residuals"] @ classical.extra["residuals"] / n)
    np.testing.assert_allclose(total, bread, rtol=1e-8)
