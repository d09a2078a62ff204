"""Sensitivity to unmeasured confounding: enumeration, hand arithmetic, regressions with the confounder, a peer."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats

from analysis.estimators import (
    EstimationError,
    NotIdentifiedError,
    e_value,
    match,
    omitted_variable_bounds,
    rosenbaum_bounds,
)
from analysis.estimators.sensitivity.omitted_variables import adjusted
from analysis.estimators.sensitivity.rosenbaum_evalue import signed_rank_tail


def matched(seed=0, n=24, effect=1.0):
    rng = np.random.default_rng(seed)
    d = np.r_[np.ones(n // 3, int), np.zeros(n - n // 3, int)]
    data = pd.DataFrame({"d": d, "x": rng.normal(size=n)})
    data["y"] = np.round(effect * d + data["x"] + rng.normal(size=n), 2)
    return data, match(data, outcome="y", treatment="d", covariates="x", replace=False)


def differences(data, result):
    pairs = result.extra["pairs"]
    y = data["y"].to_numpy()
    return y[pairs["target_row"]] - y[pairs["donor_row"]]


@pytest.mark.parametrize("gamma", [1.0, 1.5, 3.0])
def test_bounds_by_enumeration_of_signs(gamma):
    data, result = matched()
    gap = differences(data, result)
    ranks = stats.rankdata(np.abs(gap))
    table = rosenbaum_bounds(data, result, outcome="y", gammas=[gamma])
    for name, positive in (("high", gamma / (1 + gamma)), ("low", 1 / (1 + gamma))):
        chance = 0.0
        for signs in product([0, 1], repeat=len(gap)):
            if np.dot(signs, ranks) >= ranks[gap > 0].sum() - 1e-9:
                chance += np.prod(np.where(signs, positive, 1 - positive))
        assert table[f"p_greater_{name}"][0] == pytest.approx(chance, abs=1e-12)


def test_gamma_of_one_is_wilcoxon_and_hodges_lehmann():
    data, result = matched(1, n=60)
    gap = differences(data, result)
    row = rosenbaum_bounds(data, result, outcome="y", gammas=[1.0]).iloc[0]
    for side, name in (("greater", "p_greater_low"), ("less", "p_less_high")):
        exact = stats.wilcoxon(gap, alternative=side, method="exact").pvalue
        assert row[name] == pytest.approx(exact, abs=1e-12)
    averages = [(gap[i] + gap[j]) / 2 for i in range(len(gap)) for j in range(i, len(gap))]
    assert row["estimate_low"] == row["estimate_high"] == pytest.approx(np.median(averages))


def test_bounds_widen_with_gamma_and_many_pairs_are_approximated():
    data, result = matched(2, n=900, effect=0.3)
    table = rosenbaum_bounds(data, result, outcome="y")
    assert not table["is_exact"].any()
    assert (np.diff(table["p_greater_high"]) >= 0).all() and (np.diff(table["p_greater_low"]) <= 0).all()
    assert (np.diff(table["estimate_high"]) >= 0).all() and (np.diff(table["estimate_low"]) <= 0).all()


def test_normal_approximation_is_near_the_exact_tail():
    ranks = np.arange(1.0, 201.0)
    exact = signed_rank_tail(ranks, 11_500.0, 0.5)
    approximate = signed_rank_tail(np.r_[ranks, 1e-9], 11_500.0, 0.5)
    assert approximate == pytest.approx(exact, rel=0.02)


def test_rosenbaum_bounds_need_pairs():
    data, _ = matched(3)
    many = match(data, outcome="y", treatment="d", covariates="x", neighbours=2)
    with pytest.raises(NotIdentifiedError, match="replace=False"):
        rosenbaum_bounds(data, many, outcome="y")
    _, result = matched(3)
    with pytest.raises(EstimationError, match="at least 1"):
        rosenbaum_bounds(data, result, outcome="y", gammas=[0.5])
    with pytest.raises(NotIdentifiedError, match="no pair differs"):
        rosenbaum_bounds(data.assign(y=1.0), result, outcome="y")


def confounded(seed=0, n=400):
    rng = np.random.default_rng(seed)
    u, x, w = rng.normal(size=(3, n))
    d = 0.5 * x + 0.3 * u + 0.2 * w + rng.normal(size=n)
    y = 1.0 * d + x + 0.8 * u + 0.5 * w + rng.normal(size=n)
    return pd.DataFrame({"y": y, "d": d, "x": x, "w": w, "u": u})


def ols(data, names):
    return sm.OLS(data["y"], sm.add_constant(data[names])).fit()


def test_adjustment_recovers_the_regression_with_the_confounder():
    data = confounded()
    found = omitted_variable_bounds(data, outcome="y", treatment="d", covariates=["x", "w"])
    short, long = ols(data, ["d", "x", "w"]), ols(data, ["d", "x", "w", "u"])
    assert found.estimate[0] == pytest.approx(short.params["d"], rel=1e-12)
    assert found.std_error[0] == pytest.approx(short.bse["d"], rel=1e-12)
    assert found.tidy()["p_value"][0] == pytest.approx(short.pvalues["d"], rel=1e-9)
    with_outcome = long.tvalues["u"] ** 2 / (long.tvalues["u"] ** 2 + long.df_resid)
    onto = sm.OLS(data["d"], sm.add_constant(data[["x", "w", "u"]])).fit()
    with_treatment = onto.tvalues["u"] ** 2 / (onto.tvalues["u"] ** 2 + onto.df_resid)
    estimate, error = adjusted(
        short.params["d"], short.bse["d"], short.df_resid, with_treatment, with_outcome
    )
    assert estimate == pytest.approx(long.params["d"], rel=1e-10)
    assert error == pytest.approx(long.bse["d"], rel=1e-10)


def test_robustness_values_bring_the_estimate_where_they_say():
    data = confounded(1)
    found = omitted_variable_bounds(data, outcome="y", treatment="d", covariates=["x", "w"], q=0.5)
    value, at_level = found.extra["robustness"].loc[0, ["robustness_value", "robustness_value_level"]]
    df = found.design["df"]
    estimate, _ = adjusted(found.estimate[0], found.std_error[0], df, value, value)
    assert estimate == pytest.approx(0.5 * found.estimate[0], rel=1e-10)
    full = omitted_variable_bounds(data, outcome="y", treatment="d", covariates=["x", "w"])
    at_level = full.extra["robustness"]["robustness_value_level"][0]
    estimate, error = adjusted(full.estimate[0], full.std_error[0], df, at_level, at_level)
    assert estimate / error == pytest.approx(stats.t.ppf(0.975, df - 1), rel=1e-8)


def test_contour_is_the_adjusted_estimate_on_a_grid():
    data = confounded(2)
    found = omitted_variable_bounds(data, outcome="y", treatment="d", covariates="x", contour=5)
    grid = found.extra["contour"]
    assert len(grid) == 25
    start = grid.query("r2_treatment == 0 and r2_outcome == 0").iloc[0]
    assert start["estimate"] == found.estimate[0]
    assert grid["estimate"].min() == grid["estimate"].iloc[-1]


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_bounds_equal_pysensemakr():
    peer = pytest.importorskip("sensemakr")
    for part in ("sensitivity_statistics", "sensitivity_bounds", "bias_functions"):
        pytest.importorskip(f"sensemakr.{part}")
    data = peer.data.load_darfur()
    village = pd.get_dummies(data["village"], drop_first=True, dtype=float).add_prefix("village ")
    names = ["age", "farmer_dar", "herder_dar", "pastvoted", "hhsize_darfur", "female"]
    frame = pd.concat([data[["peacefactor", "directlyharmed", *names]].astype(float), village], axis=1)
    found = omitted_variable_bounds(
        frame,
        outcome="peacefactor",
        treatment="directlyharmed",
        covariates=[*names, *village.columns],
        benchmarks="female",
    )
    terms = " + ".join([*names, "village"])
    model = smf.ols(f"peacefactor ~ directlyharmed + {terms}", data).fit()
    onto = smf.ols(f"directlyharmed ~ {terms}", data).fit()
    t, df = model.tvalues["directlyharmed"], model.df_resid
    ours = found.extra["robustness"].iloc[0]
    stats_of = peer.sensitivity_statistics
    assert ours["partial_r2"] == pytest.approx(stats_of.partial_r2(t_statistic=t, dof=df), rel=1e-9)
    for name, alpha in (("robustness_value", 1.0), ("robustness_value_level", 0.05)):
        theirs = stats_of.robustness_value(t_statistic=np.array([t]), dof=df, q=1, alpha=alpha)
        assert ours[name] == pytest.approx(float(np.squeeze(theirs)), rel=1e-9)
    shares = [
        fit.tvalues["female"] ** 2 / (fit.tvalues["female"] ** 2 + fit.df_resid) for fit in (onto, model)
    ]
    for row in found.extra["bounds"].itertuples():
        bound = peer.sensitivity_bounds.ovb_partial_r2_bound(
            r2dxj_x=shares[0],
            r2yxj_dx=shares[1],
            kd=row.multiple,
            ky=row.multiple,
            benchmark_covariates="female",
        ).iloc[0]
        assert row.r2_treatment == pytest.approx(bound["r2dz_x"], rel=1e-8)
        assert row.r2_outcome == pytest.approx(bound["r2yz_dx"], rel=1e-8)
        strength = {name: float(bound[name]) for name in ("r2dz_x", "r2yz_dx")}
        estimate = {
            "estimate": float(model.params["directlyharmed"]),
            "se": float(model.bse["directlyharmed"]),
            "dof": int(df),
        }
        functions = peer.bias_functions
        assert row.estimate == pytest.approx(functions.adjusted_estimate(**estimate, **strength), rel=1e-8)
        assert row.std_error == pytest.approx(
            functions.adjusted_se(se=estimate["se"], dof=int(df), **strength), rel=1e-8
        )
        assert row.statistic == pytest.approx(functions.adjusted_t(**estimate, **strength), rel=1e-8)


def test_bad_regressions_are_named():
    data = confounded(3).assign(v=lambda frame: 2 * frame["x"])
    with pytest.raises(NotIdentifiedError, match="collinear"):
        omitted_variable_bounds(data, outcome="y", treatment="d", covariates=["x", "v"])
    with pytest.raises(EstimationError, match="benchmarks"):
        omitted_variable_bounds(data, outcome="y", treatment="d", covariates="x", benchmarks="w")


def test_e_values_by_hand():
    row = e_value(2.0, conf_low=1.5, conf_high=2.6).iloc[0]
    assert row["e_value"] == pytest.approx(2 + np.sqrt(2))
    assert row["e_value_limit"] == pytest.approx(1.5 + np.sqrt(0.75))
    inverse = e_value(0.5, conf_low=1 / 2.6, conf_high=1 / 1.5).iloc[0]
    assert inverse["e_value"] == pytest.approx(row["e_value"])
    assert inverse["e_value_limit"] == pytest.approx(row["e_value_limit"])
    assert e_value(1.2, conf_low=0.9, conf_high=1.5)["e_value_limit"][0] == 1
    assert np.isnan(e_value(1.2)["e_value_limit"][0])
    assert e_value(4.0, scale="odds_ratio")["risk_ratio"][0] == 2
    assert e_value(1.0, scale="hazard_ratio")["e_value"][0] == 1
    difference = e_value(0.5, std_error=0.1, scale="standardized_difference").iloc[0]
    assert difference["risk_ratio"] == pytest.approx(np.exp(0.455))
    low = np.exp(0.91 * (0.5 - stats.norm.ppf(0.975) * 0.1))
    assert difference["e_value_limit"] == pytest.approx(low + np.sqrt(low * (low - 1)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"estimate": -1.0}, "above 0"),
        ({"estimate": 1.0, "scale": "risk"}, "scale 'risk'"),
        ({"estimate": 1.0, "conf_low": 1.1, "conf_high": 2.0}, "do not enclose"),
    ],
)
def test_bad_e_values_are_named(arguments, words):
    with pytest.raises(EstimationError, match=words):
        e_value(**arguments)
