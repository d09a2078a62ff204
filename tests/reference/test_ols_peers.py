"""Live agreement with pyfixest, linearmodels and statsmodels: coefficients, errors, df, p-values, intervals."""

import itertools
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import ols, poisson

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from ols_panels import make_chain, make_panel

pytestmark = pytest.mark.peer

EFFECTS = (
    ["unit"],
    ["unit", "year"],
    ["unit", "year", "state"],
    ["unit", ("region", "year")],
    ["state", "year"],
)
ERRORS = (("iid", None), ("HC1", None), ("CRV1", "unit"), ("CRV1", "state"), ("CRV1", ["state", "year"]))
TERMS = ["d", "x1", "x2"]


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _formula(outcome, effects):
    joined = ["^".join(e) if isinstance(e, tuple) else e for e in effects]
    return f"{outcome} ~ {' + '.join(TERMS)} | {' + '.join(joined)}"


def _vcov(covariance, cluster):
    if covariance == "CRV1":
        return {"CRV1": cluster if isinstance(cluster, str) else " + ".join(cluster)}
    return {"iid": "iid", "HC1": "hetero"}[covariance]


def _assert_same(ours, theirs, tolerance=1e-8):
    pairs = (
        ("estimate", "Estimate"),
        ("std_error", "Std. Error"),
        ("p_value", "Pr(>|t|)"),
        ("conf_low", "2.5%"),
        ("conf_high", "97.5%"),
    )
    for mine, other in pairs:
        np.testing.assert_allclose(ours[mine], theirs[other], rtol=tolerance, atol=tolerance, err_msg=mine)


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("effects", EFFECTS, ids=str)
def test_ols_as_pyfixest(balanced, effects):
    pf = pytest.importorskip("pyfixest")
    data = make_panel(balanced)
    for weights, (covariance, cluster) in itertools.product((None, "w"), ERRORS):
        fit = ols(
            data,
            outcome="y",
            treatment="d",
            covariates=["x1", "x2"],
            effects=effects,
            weights=weights,
            cluster=cluster,
            covariance=covariance,
        )
        peer = pf.feols(
            _formula("y", effects), data, vcov=_vcov(covariance, cluster), weights=weights, fixef_tol=1e-12
        )
        _assert_same(fit.tidy(), peer.tidy())
        assert fit.design["df"] == peer._df_t
        assert fit.sample.used == peer._N


@pytest.mark.parametrize("balanced", [False])
@pytest.mark.parametrize("effects", EFFECTS[:4], ids=str)
def test_poisson_as_pyfixest(balanced, effects):
    pf = pytest.importorskip("pyfixest")
    data = make_panel(balanced)
    for weights, offset, (covariance, cluster) in itertools.product(
        (None, "w"), (None, "log_exposure"), (ERRORS[0], ERRORS[2], ERRORS[4])
    ):
        fit = poisson(
            data,
            outcome="count",
            treatment="d",
            covariates=["x1", "x2"],
            effects=effects,
            weights=weights,
            offset=offset,
            cluster=cluster,
            covariance=covariance,
        )
        peer = pf.fepois(
            _formula("count", effects),
            data,
            vcov=_vcov(covariance, cluster),
            weights=weights,
            offset=offset,
            fixef_tol=1e-12,
            iwls_tol=1e-13,
            iwls_maxiter=100,
        )
        # the peer's standard errors use the working weights of its last step but one
        _assert_same(fit.tidy(), peer.tidy(), tolerance=3e-7)
        np.testing.assert_allclose(fit.estimate, peer.coef(), rtol=1e-10)


def _dummies(data, effects):
    columns = [data[TERMS]]
    columns += [pd.get_dummies(data[e], prefix=e, drop_first=True).astype(float) for e in effects]
    return pd.concat(columns, axis=1).assign(const=1.0)


@pytest.mark.parametrize("covariance", ["iid", "HC1", "HC2", "HC3", "CRV1"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_ols_as_statsmodels_with_dummies(covariance, weights):
    sm = pytest.importorskip("statsmodels.api")
    data = make_panel(balanced=False)
    cluster = "state" if covariance == "CRV1" else None
    fit = ols(
        data,
        outcome="y",
        treatment="d",
        covariates=["x1", "x2"],
        effects=["unit", "year"],
        weights=weights,
        cluster=cluster,
        covariance=covariance,
        correction="statsmodels",
    )
    design = _dummies(data, ["unit", "year"])
    model = sm.OLS(data["y"], design) if weights is None else sm.WLS(data["y"], design, weights=data["w"])
    name = {"iid": "nonrobust", "CRV1": "cluster"}.get(covariance, covariance)
    peer = model.fit(cov_type=name, cov_kwds={"groups": data["state"]} if cluster else None)
    table = fit.tidy()
    np.testing.assert_allclose(table["estimate"], peer.params[TERMS], rtol=1e-9)
    np.testing.assert_allclose(table["std_error"], peer.bse[TERMS], rtol=1e-8)
    np.testing.assert_allclose(table["p_value"], peer.pvalues[TERMS], rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(table["conf_low"], peer.conf_int().loc[TERMS, 0], rtol=1e-7)


def test_poisson_as_statsmodels_with_dummies():
    sm = pytest.importorskip("statsmodels.api")
    data = make_panel(balanced=False)
    fit = poisson(
        data,
        outcome="count",
        treatment="d",
        covariates=["x1", "x2"],
        effects=["state", "year"],
        offset="log_exposure",
        cluster="unit",
        correction="statsmodels",
    )
    model = sm.GLM(
        data["count"], _dummies(data, ["state", "year"]), sm.families.Poisson(), offset=data["log_exposure"]
    )
    peer = model.fit(tol=1e-14, cov_type="cluster", cov_kwds={"groups": data["unit"]})
    table = fit.tidy()
    np.testing.assert_allclose(table["estimate"], peer.params[TERMS], rtol=1e-9)
    np.testing.assert_allclose(table["std_error"], peer.bse[TERMS], rtol=1e-8)
    np.testing.assert_allclose(table["p_value"], peer.pvalues[TERMS], rtol=1e-6, atol=1e-12)
    assert fit.extra["deviance"] == pytest.approx(peer.deviance, rel=1e-10)


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize(
    ("covariance", "cluster"),
    [("iid", None), ("HC1", None), ("CRV1", "unit"), ("CRV1", ["unit", "year"])],
    ids=str,
)
@pytest.mark.parametrize("effects", [["unit"], ["unit", "year"]], ids=str)
def test_ols_as_panel_ols(balanced, weights, covariance, cluster, effects):
    lm = pytest.importorskip("linearmodels")
    data = make_panel(balanced)
    fit = ols(
        data,
        outcome="y",
        treatment="d",
        covariates=["x1", "x2"],
        effects=effects,
        weights=weights,
        cluster=cluster,
        covariance=covariance,
        correction="linearmodels",
    )
    panel = data.set_index(["unit", "year"])
    model = lm.PanelOLS(
        panel["y"],
        panel[TERMS],
        entity_effects=True,
        time_effects="year" in effects,
        weights=None if weights is None else panel["w"],
    )
    kinds = {"iid": "unadjusted", "HC1": "robust", "CRV1": "clustered"}
    both = {"cluster_entity": True, "cluster_time": not isinstance(cluster, str)} if cluster else {}
    peer = model.fit(cov_type=kinds[covariance], **both)
    table = fit.tidy()
    np.testing.assert_allclose(table["estimate"], peer.params, rtol=1e-9)
    np.testing.assert_allclose(table["std_error"], peer.std_errors, rtol=1e-8)
    np.testing.assert_allclose(table["p_value"], peer.pvalues, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(table["conf_low"], peer.conf_int()["lower"], rtol=1e-7)


def test_cluster_jackknife_as_pyfixest():
    pf = pytest.importorskip("pyfixest")
    data = make_panel(balanced=False)
    fit = ols(
        data,
        outcome="y",
        treatment="d",
        covariates=["x1", "x2"],
        effects=["unit", "year"],
        cluster="state",
        covariance="CRV3",
    )
    peer = pf.feols(
        _formula("y", ["unit", "year"]),
        data,
        vcov={"CRV3": "state"},
        fixef_tol=1e-12,
        ssc=pf.ssc(k_adj=False, G_adj=False),
    )
    groups = data["state"].nunique()
    np.testing.assert_allclose(fit.std_error, peer.se() * np.sqrt((groups - 1) / groups), rtol=1e-8)


@pytest.mark.parametrize("cluster", ["unit", "state"])
def test_weakly_connected_as_pyfixest(cluster):
    pf = pytest.importorskip("pyfixest")
    data = make_chain()
    fit = ols(data, outcome="y", treatment="d", effects=["unit", "year"], cluster=cluster)
    peer = pf.feols("y ~ d | unit + year", data, vcov={"CRV1": cluster}, demeaner=_exact(pf))
    _assert_same(fit.tidy(), peer.tidy())


def _exact(pf):
    from pyfixest.demeaners import LsmrDemeaner

    return LsmrDemeaner(fixef_atol=1e-13, fixef_btol=1e-13, fixef_maxiter=100_000)
