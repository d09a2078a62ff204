"""Bad input: a named error or a counted drop, as documented; the ledger; the same bits everywhere."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import (
    ColumnError,
    Conley,
    EstimationError,
    KeyNotUniqueError,
    NotConvergedError,
    NotIdentifiedError,
    TooFewClustersError,
    bacon_decomposition,
    cluster_diagnostics,
    event_study,
    negative_binomial,
    ols,
    poisson,
    twfe_weights,
    two_by_two,
)

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
from ols_panels import make_panel

MODELS = {"ols": (ols, "y"), "poisson": (poisson, "count")}


@pytest.fixture
def data():
    return make_panel(balanced=False, units=30, periods=8)


def fit(model, data, **options):
    function, outcome = MODELS[model]
    defaults = {"outcome": outcome, "treatment": "d", "effects": ["unit", "year"]}
    return function(data, **(defaults | options))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("change", "options", "error", "words"),
    [
        (lambda d: d, {"treatment": "nowhere"}, ColumnError, "no column"),
        (lambda d: d, {"effects": ["nowhere"]}, ColumnError, "nowhere"),
        (lambda d: d.assign(d=d["d"].astype(str)), {}, ColumnError, "not numbers"),
        (lambda d: d.assign(d=np.where(d["unit"] == 3, np.inf, d["d"])), {}, ColumnError, "infinite"),
        (lambda d: d.assign(w=-1.0), {"weights": "w"}, ColumnError, "negative weights"),
        (lambda d: d.assign(d=1.0 * (d["unit"] % 2)), {}, NotIdentifiedError, "absorbed"),
        (lambda d: d.assign(d=2.0), {}, NotIdentifiedError, "absorbed"),
        (lambda d: d.assign(d2=-d["d"]), {"treatment": ["d", "d2"]}, NotIdentifiedError, "collinear"),
        (lambda d: d.assign(one=1), {"cluster": "one"}, TooFewClustersError, "1 cluster"),
        (lambda d: pd.concat([d, d]), {"unit": "unit", "time": "year"}, KeyNotUniqueError, "repeat"),
        (lambda d: d.assign(y=np.nan, count=np.nan), {}, NotIdentifiedError, "no complete row"),
        (lambda d: d.iloc[:0], {}, NotIdentifiedError, "no rows"),
        (lambda d: d.assign(row=range(len(d))), {"effects": ["row"]}, NotIdentifiedError, "alone"),
        (lambda d: d, {"covariance": "HC9"}, EstimationError, "unknown covariance"),
        (lambda d: d, {"covariance": "HC1", "cluster": "unit"}, EstimationError, "does not cluster"),
        (lambda d: d, {"covariance": "CRV1"}, EstimationError, "needs cluster"),
        (lambda d: d, {"correction": "mine"}, EstimationError, "unknown correction"),
        (lambda d: d, {"level": 95}, EstimationError, "level"),
        (lambda d: d, {"covariates": ["x1", "x1"]}, ColumnError, "twice"),
    ],
)
def test_named_errors(model, data, change, options, error, words):
    with pytest.raises(error, match=words):
        fit(model, change(data), **options)


def test_errors_of_least_squares_alone(data):
    with pytest.raises(NotIdentifiedError, match="outcome does not vary"):
        fit("ols", data.assign(y=data["unit"]))
    with pytest.raises(EstimationError, match="at most"):
        fit("ols", data, cluster=["unit", "year"], covariance="CRV3")
    with pytest.raises(ColumnError, match="latitudes beyond"):
        fit("ols", data.assign(lat=100.0), covariance=Conley("lat", "lon", 10))
    one_treated = data.assign(d=((data["state"] == 2) & (data["year"] > 3)).astype(float))
    with pytest.raises(NotIdentifiedError, match="without cluster"):
        fit("ols", one_treated, cluster="state", covariance="CRV3")


def test_errors_of_poisson_alone(data):
    with pytest.raises(ColumnError, match="negative values"):
        fit("poisson", data.assign(count=data["count"] - 1))
    with pytest.raises(NotIdentifiedError, match="every outcome is zero"):
        fit("poisson", data.assign(count=0))
    with pytest.raises(EstimationError, match="least squares"):
        fit("poisson", data, covariance="HC3")
    separating = data.assign(count=np.where(data["d"] == 1, 0.0, data["count"] + 1))
    with pytest.raises(EstimationError, match="separated"):
        fit("poisson", separating, separation="raise")
    with pytest.raises(NotIdentifiedError, match="absorbed"):
        fit("poisson", separating)
    assert issubclass(NotConvergedError, EstimationError)


@pytest.mark.parametrize("model", MODELS)
def test_every_row_is_used_or_counted(model, data):
    data = data.assign(
        w=data["w"].where(data.index % 17 != 0, 0.0), x1=data["x1"].where(data.index % 13 != 0)
    )
    data.loc[data["unit"] == 5, "count"] = 0.0
    data.loc[data["unit"] == 6, ["x1", "w"]] = 1.0
    data.loc[data.index[data["unit"] == 6][1:], "y"] = np.nan
    data.loc[data.index[data["unit"] == 6][1:], "count"] = np.nan
    data = data.assign(state=data["state"].astype("float").where(data["unit"] != 9))
    result = fit(model, data, covariates=["x1"], weights="w", cluster="state", unit="unit")
    sample = result.sample
    assert sample.used + sum(sample.dropped.values()) == sample.given == len(data)
    assert sample.rows.sum() == sample.used
    assert sample.units == data.loc[sample.rows, "unit"].nunique()
    assert sample.clusters == data.loc[sample.rows, "state"].nunique()
    expected = {"missing x1", "missing state", "zero w", "singleton", f"missing {MODELS[model][1]}"}
    assert set(sample.dropped) == expected | ({"all-zero group"} if model == "poisson" else set())
    again = fit(model, data[sample.rows], covariates=["x1"], weights="w", cluster="state")
    np.testing.assert_allclose(again.estimate, result.estimate, rtol=1e-9)
    assert again.sample.dropped == {}


def test_collinear_covariates_are_named(data):
    data = data.assign(x3=data["x1"] + data["x2"], fixed=data["unit"] * 2.0)
    result = fit("ols", data, covariates=["x1", "fixed", "x2", "x3"])
    assert result.keys["term"].tolist() == ["d", "x1", "x2"]
    assert result.extra["columns"] == {
        "d": "used", "x1": "used", "fixed": "absorbed", "x2": "used", "x3": "collinear",
    }  # fmt: skip


def test_one_level_effects_change_nothing(data):
    data = data.assign(country="US")
    plain, more = (
        fit("ols", data, cluster="unit"),
        fit("ols", data, cluster="unit", effects=["unit", "year", "country"]),
    )
    np.testing.assert_allclose(more.estimate, plain.estimate, rtol=1e-10)
    assert more.extra["df_absorbed"] == plain.extra["df_absorbed"]


def test_no_effects_means_an_intercept(data):
    result = fit("ols", data, effects=[])
    assert result.keys["term"].tolist() == ["Intercept", "d"]
    design = np.column_stack([np.ones(len(data)), data["d"]])
    np.testing.assert_allclose(result.estimate, np.linalg.lstsq(design, data["y"], rcond=None)[0], rtol=1e-10)


def test_separated_zeros_are_dropped_and_change_no_other_estimate(data):
    rng = np.random.default_rng(1)
    data = data.assign(event=((data["count"] == 0) & (rng.random(len(data)) < 0.3)).astype(float))
    result = poisson(data, outcome="count", treatment="d", covariates=["event"], effects=["state", "year"])
    assert result.sample.dropped["separated"] == int(data["event"].sum()) > 5
    assert result.extra["columns"]["event"] == "absorbed"
    without = poisson(data[data["event"] == 0], outcome="count", treatment="d", effects=["state", "year"])
    np.testing.assert_allclose(result.estimate, without.estimate, rtol=1e-9)
    np.testing.assert_allclose(result.std_error, without.std_error, rtol=1e-9)


def test_unit_trends_absorb_a_trend(data):
    trending = data.assign(y=data["y"] + data["unit"] * data["year"])
    base = fit("ols", data, trends={"unit": "year"}, cluster="unit")
    result = fit("ols", trending, trends={"unit": "year"}, cluster="unit")
    np.testing.assert_allclose(result.estimate, base.estimate, rtol=1e-8)
    np.testing.assert_allclose(result.std_error, base.std_error, rtol=1e-8)
    assert "unit" in result.design["effects"]


def test_event_study_inputs():
    data = make_panel(units=12, periods=8)
    data["cohort"] = np.where(data["unit"] % 3 == 0, 4.0, np.where(data["unit"] % 3 == 1, 5.0, np.nan))
    options = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "cohort"}
    binned = event_study(data, window=(-3, 2), **options)
    assert binned.keys["event_time"].tolist() == [-3, -2, 0, 1, 2]
    trimmed = event_study(data, window=(-3, 2), ends="drop", **options)
    outside = ((data["year"] - data["cohort"]) < -3) | ((data["year"] - data["cohort"]) > 2)
    assert trimmed.sample.dropped == {"outside window": int(outside.sum())}
    assert trimmed.sample.rows.sum() == trimmed.sample.used
    with pytest.raises(NotIdentifiedError, match="does not occur"):
        event_study(data, reference=-40, **options)
    ever = data[data["cohort"].notna()]
    with pytest.raises(NotIdentifiedError, match="two reference"):
        event_study(ever, **options)
    two = event_study(ever, reference=(-2, -1), **options)
    assert -2 not in two.keys["event_time"].tolist()
    with pytest.raises(NotIdentifiedError, match="ever treated"):
        event_study(data.assign(cohort=0), **options)
    counts = event_study(data, model="poisson", offset="log_exposure", **(options | {"outcome": "count"}))
    assert counts.design["offset"] == "log_exposure"


def test_two_by_two_is_the_difference_of_differences():
    data = make_panel(balanced=False)
    data["treated"], data["post"] = (data["unit"] % 3 == 0).astype(int), (data["year"] >= 4).astype(int)
    result = two_by_two(data, outcome="y", treated="treated", post="post", cluster="unit")
    m = data.groupby(["treated", "post"])["y"].mean()
    assert result.estimate[0] == pytest.approx(m[1, 1] - m[1, 0] - m[0, 1] + m[0, 0], abs=1e-12)
    assert result.extra["means"]["rows"].sum() == len(data)
    with pytest.raises(NotIdentifiedError, match="no row has"):
        two_by_two(data[data["post"] == 1], outcome="y", treated="treated", post="post")
    with pytest.raises(ColumnError, match="0 and 1"):
        two_by_two(data.assign(post=data["year"]), outcome="y", treated="treated", post="post")


def test_decomposition_refuses_what_it_is_not_for():
    data = make_panel(units=12, periods=8)
    options = {"outcome": "y", "unit": "unit", "time": "year", "treatment": "d"}
    with pytest.raises(EstimationError, match="unbalanced"):
        bacon_decomposition(data.iloc[1:], **options)
    with pytest.raises(EstimationError, match="binary"):
        bacon_decomposition(data.assign(d=data["d"] * 0.5), **options)
    with pytest.raises(EstimationError, match="absorbing"):
        bacon_decomposition(data.assign(d=1 - data["d"]), **options)
    always = data.assign(d=np.where(data["unit"] == 1, 1.0, data["d"]))
    kinds = set(bacon_decomposition(always, **options).keys["kind"])
    assert kinds == {"treated v never", "treated v always"}


def test_weights_can_be_negative():
    early, late = [0, 0, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 1]
    data = pd.DataFrame({"unit": np.repeat([1, 2], 8), "year": list(range(8)) * 2, "d": early + late})
    found = twfe_weights(data, treatment="d", effects=["unit", "year"])
    assert found.negative > 0 > found.negative_sum
    assert found.weight.sum() == pytest.approx(1)
    assert found.glance()["negative_share"].iloc[0] == found.negative / (found.negative + found.positive)


def test_cluster_diagnostics_in_closed_form():
    equal = pd.DataFrame({"g": np.repeat(np.arange(10), 4), "x": np.tile([-1.0, 1, -1, 1], 10)})
    equal["y"] = np.random.default_rng(0).normal(size=40)
    found = cluster_diagnostics(equal, outcome="y", covariates=["x"], cluster="g", effects=["g"])
    assert found.clusters == 10
    np.testing.assert_allclose(found.table["leverage"], 0.1)
    assert found.effective["independent"].iloc[0] == pytest.approx(10)
    lopsided = equal.assign(x=np.where(equal["g"] == 0, 100.0, 1e-3) * equal["x"])
    found = cluster_diagnostics(lopsided, outcome="y", covariates=["x"], cluster="g", effects=["g"])
    assert found.effective["independent"].iloc[0] == pytest.approx(1, abs=1e-4)
    assert found.glance()["leverage_max"].iloc[0] == pytest.approx(1, abs=1e-4)


def test_negative_binomial_needs_counts(data):
    with pytest.raises(ColumnError, match="counts"):
        negative_binomial(data.assign(count=0.5), outcome="count", treatment="d")


SCRIPT = """
import sys, hashlib
sys.path.insert(0, sys.argv[1])
from ols_panels import make_panel
from analysis.estimators import ols, poisson, Conley
if sys.argv[2] == "plain":
    import analysis.estimators.linalg.groups as groups
    groups._compiled = lambda: None
else:
    import analysis.estimators.linalg.groups as groups
    groups.COMPILED_FROM = 1
data, bits = make_panel(balanced=False, units=400, periods=30), hashlib.sha256()
for effects in (["unit"], ["unit", "year"], ["unit", "year", "state"], [("region", "year"), "unit"]):
    for weights in (None, "w"):
        options = dict(treatment="d", covariates=["x1", "x2"], effects=effects, weights=weights, cluster="state")
        for result in (ols(data, outcome="y", **options), poisson(data, outcome="count", **options)):
            bits.update(result.estimate.tobytes() + result.covariance.tobytes())
for covariance in ("HC3", Conley("lat", "lon", 300.0)):
    result = ols(data, outcome="y", treatment="d", effects=["unit", "year"], covariance=covariance)
    bits.update(result.covariance.tobytes())
import numpy as np
import analysis.estimators.linalg.absorb as absorb
absorb.DENSE_LEVELS = 0
rng = np.random.default_rng(0)
codes = [np.unique(rng.integers(0, k, 60_000), return_inverse=True)[1] for k in (8_000, 5_000, 4_000)]
bits.update(absorb.Absorber(codes).residualize(rng.normal(size=(60_000, 2))).tobytes())
print(bits.hexdigest())
"""


@pytest.mark.slow
def test_same_bits_under_any_hash_seed_threads_and_compiler():
    found = set()
    for seed, threads, mode in (
        ("0", "1", "plain"),
        ("7", "2", "plain"),
        ("99", "2", "compiled"),
        ("3", "1", "compiled"),
    ):
        environment = os.environ | {
            "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads,
            "RAYON_NUM_THREADS": threads,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(Path(__file__).parents[2] / "support"), mode],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found.add(done.stdout.strip())
    assert len(found) == 1
