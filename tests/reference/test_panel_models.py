"""Panel models wrapped from linearmodels and statsmodels: the same numbers, an honest ledger, identities."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.estimators import (
    between,
    driscoll_kraay,
    first_differences,
    hausman,
    joint_test,
    mundlak,
    negative_binomial,
    ols,
    random_effects,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from ols_panels import make_panel

TERMS = ["d", "x1", "x2"]
OPTIONS = {"outcome": "y", "unit": "unit", "time": "year", "treatment": "d", "covariates": ["x1", "x2"]}


@pytest.fixture(scope="module", params=[True, False], ids=["balanced", "unbalanced"])
def data(request):
    return make_panel(request.param)


@pytest.fixture(scope="module")
def panel(data):
    return data.set_index(["unit", "year"]).assign(const=1.0)


def assert_same(ours, theirs, terms):
    table = ours.tidy()
    np.testing.assert_allclose(table["estimate"], theirs.params[terms], rtol=1e-9)
    np.testing.assert_allclose(table["std_error"], theirs.std_errors[terms], rtol=1e-9)
    np.testing.assert_allclose(table["p_value"], theirs.pvalues[terms], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(table["conf_low"], theirs.conf_int().loc[terms, "lower"], rtol=1e-8)


@pytest.mark.peer
def test_random_effects(data, panel):
    lm = pytest.importorskip("linearmodels")
    peer = lm.RandomEffects(panel["y"], panel[["const", *TERMS]]).fit(
        cov_type="clustered", cluster_entity=True
    )
    ours = random_effects(data.sample(frac=1, random_state=0), **OPTIONS)
    assert_same(ours, peer, ["const", *TERMS])
    assert ours.sample.clusters == ours.sample.units == 60


@pytest.mark.peer
def test_between(data, panel):
    lm = pytest.importorskip("linearmodels")
    peer = lm.BetweenOLS(panel["y"], panel[["const", *TERMS]]).fit(reweight=True, cov_type="robust")
    assert_same(between(data, **OPTIONS), peer, ["const", *TERMS])


@pytest.mark.peer
def test_first_differences(data, panel):
    lm = pytest.importorskip("linearmodels")
    peer = lm.FirstDifferenceOLS(panel["y"], panel[TERMS]).fit(cov_type="clustered", cluster_entity=True)
    assert_same(first_differences(data, **OPTIONS), peer, TERMS)


@pytest.mark.peer
def test_driscoll_kraay(data, panel):
    lm = pytest.importorskip("linearmodels")
    model = lm.PanelOLS(panel["y"], panel[TERMS], entity_effects=True, time_effects=True)
    assert_same(driscoll_kraay(data, lags=2, **OPTIONS), model.fit(cov_type="kernel", bandwidth=2), TERMS)
    assert_same(driscoll_kraay(data, **OPTIONS), model.fit(cov_type="kernel"), TERMS)


def test_two_periods_of_differences_are_unit_effects():
    data = make_panel(True)
    two = data[data["year"].isin([3, 4])]
    differences = first_differences(
        two, outcome="y", unit="unit", time="year", treatment="x1", covariates=["x2"]
    )
    within = ols(two, outcome="y", treatment="x1", covariates=["x2"], effects=["unit"])
    np.testing.assert_allclose(differences.estimate, within.estimate, rtol=1e-10)


def test_mundlak_coefficients_are_within_coefficients():
    data = make_panel(True)
    fit = mundlak(data, **OPTIONS)
    within = ols(data, effects=["unit"], outcome="y", treatment="d", covariates=["x1", "x2"])
    np.testing.assert_allclose([fit.row(term=t)["estimate"] for t in TERMS], within.estimate, rtol=1e-9)
    means = fit.keys["term"].str.startswith("mean of").to_numpy()
    assert means.sum() == 3
    assert fit.extra["means"] == joint_test(fit, means)
    assert fit.extra["means"].p_value < 0.05  # x1 was made to follow the unit effect


def test_hausman_by_hand():
    data, terms = make_panel(True), ["x1", "x2"]
    rng = np.random.default_rng(4)
    data["x1"], data["x2"] = rng.normal(size=540), rng.normal(size=540) + rng.normal(size=60)[data["unit"]]
    data["y"] = data["x1"] - data["x2"] + rng.normal(size=60)[data["unit"]] + rng.normal(size=540)
    found = hausman(data, outcome="y", unit="unit", time="year", covariates=terms)
    lm = pytest.importorskip("linearmodels")
    panel = data.set_index(["unit", "year"]).assign(const=1.0)
    fixed = lm.PanelOLS(panel["y"], panel[terms], entity_effects=True).fit()
    random = lm.RandomEffects(panel["y"], panel[["const", *terms]]).fit()
    gap = (fixed.params - random.params[terms]).to_numpy()
    spread = (fixed.cov - random.cov.loc[terms, terms]).to_numpy()
    expected = gap @ np.linalg.inv(spread) @ gap
    assert found.statistic == pytest.approx(expected, rel=1e-8)
    assert found.p_value == pytest.approx(stats.chi2.sf(expected, 2), rel=1e-7)


@pytest.mark.peer
@pytest.mark.parametrize("cluster", [None, "unit"])
def test_negative_binomial(cluster):
    sm = pytest.importorskip("statsmodels.api")
    data = make_panel(False)
    rng = np.random.default_rng(0)
    data["count"] = rng.poisson(np.exp(0.2 * data["d"] + 0.1 * data["x1"]) * rng.gamma(2, 0.5, len(data)))
    ours = negative_binomial(
        data, outcome="count", treatment="d", covariates=["x1"], effects=["year"], cluster=cluster
    )
    dummies = pd.get_dummies(data["year"], drop_first=True).astype(float)
    design = pd.concat([data[["d", "x1"]].assign(const=1.0), dummies], axis=1)
    peer = sm.GLM(data["count"], design, sm.families.NegativeBinomial(alpha=ours.estimate[-1])).fit(tol=1e-12)
    np.testing.assert_allclose(ours.estimate[1:3], peer.params[["d", "x1"]], rtol=1e-5)
    assert ours.keys["term"].tolist() == ["Intercept", "d", "x1", "alpha"]
    assert ours.estimate[-1] > 0


def test_rows_left_out_are_counted():
    data = make_panel(True)
    data.loc[3, "x1"] = np.nan
    for function in (random_effects, between, first_differences, driscoll_kraay, mundlak):
        sample = function(data, **OPTIONS).sample
        assert (sample.given, sample.used, sample.dropped) == (540, 539, {"missing x1": 1})
