"""Balance tables against scipy and hand arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.estimators import (
    EstimationError,
    NotIdentifiedError,
    balance_table,
    balance_tests,
    effective_sample_sizes,
    match,
)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    d = (rng.random(80) < 0.4).astype(int)
    return pd.DataFrame(
        {"d": d, "x": rng.normal(d, 1 + d), "b": (rng.random(80) < 0.3).astype(int), "y": rng.normal(size=80)}
    )


def test_unweighted_columns_equal_scipy(data):
    row = balance_table(data, treatment="d", covariates=["x", "b"], denominator="treated").set_index(
        "covariate"
    )
    left, right = data.loc[data["d"] == 1, "x"], data.loc[data["d"] == 0, "x"]
    assert row.loc["x", "smd_before"] == pytest.approx((left.mean() - right.mean()) / left.std())
    assert row.loc["x", "variance_ratio_before"] == pytest.approx(left.var() / right.var())
    assert row.loc["x", "ks_before"] == pytest.approx(stats.ks_2samp(left, right).statistic)
    share = data.groupby("d")["b"].mean()
    expected = (share[1] - share[0]) / np.sqrt(share[1] * (1 - share[1]))
    assert row.loc["b", "smd_before"] == pytest.approx(expected)
    assert np.isnan(row.loc["b", "variance_ratio_before"])
    assert "smd_after" not in row.columns


@pytest.mark.parametrize(("estimand", "side"), [("ATT", "treated"), ("ATC", "control"), ("ATE", "pooled")])
def test_integer_weights_equal_repeated_rows(data, estimand, side):
    weights = np.random.default_rng(1).integers(0, 4, len(data)).astype(float)
    table = balance_table(data, treatment="d", covariates="x", weights=weights, denominator=side)
    repeated = data.loc[data.index.repeat(weights.astype(int))]
    direct = balance_table(repeated, treatment="d", covariates="x")
    for name in ("mean_treated", "mean_control", "ks"):
        assert table[f"{name}_after"][0] == pytest.approx(direct[f"{name}_before"][0])
    result = match(data, outcome="y", treatment="d", covariates="x", estimand=estimand)
    default = balance_table(data, treatment="d", covariates="x", weights=result)
    assert default["smd_before"][0] == pytest.approx(table["smd_before"][0], rel=1e-14)


def test_missing_values_are_counted(data):
    data.loc[[3, 4], "x"] = np.nan
    assert balance_table(data, treatment="d", covariates=["x", "b"])["missing"].tolist() == [2, 0]


def test_effective_sizes(data):
    weights = np.where(data["d"] == 1, 1.0, 0.0)
    controls = np.flatnonzero(data["d"] == 0)
    weights[controls[:3]] = [1.0, 1.0, 2.0]
    table = effective_sample_sizes(data, treatment="d", weights=weights).set_index("arm")
    assert table.loc["treated", "effective"] == data["d"].sum()
    assert table.loc["control", "effective"] == pytest.approx(16 / 6)
    assert table.loc["control", "weighted"] == 3
    assert table.loc["control", "largest_share"] == pytest.approx(0.5)


def test_pairwise_tests_equal_scipy(data):
    result = match(data, outcome="y", treatment="d", covariates="x", replace=False)
    found = balance_tests(data, result, ["x", "b"]).set_index("covariate")
    pairs = result.extra["pairs"]
    left = data["x"].to_numpy()[pairs["target_row"]]
    right = data["x"].to_numpy()[pairs["donor_row"]]
    n = len(pairs)
    statistic = stats.ttest_rel(left, right).statistic * np.sqrt(n / (n - 1))
    assert found.loc["x", "t_p_value"] == pytest.approx(2 * stats.t.sf(abs(statistic), n - 1), rel=1e-12)
    assert found.loc["x", "ks_p_value"] == pytest.approx(
        stats.kstwobign.sf(np.sqrt(n / 2) * stats.ks_2samp(left, right).statistic), rel=1e-12
    )
    assert np.isnan(found.loc["b", "ks_p_value"])


def test_bad_input_is_named(data):
    with pytest.raises(EstimationError, match="weights have shape"):
        balance_table(data, treatment="d", covariates="x", weights=np.ones(3))
    with pytest.raises(EstimationError, match="at least 0"):
        balance_table(data, treatment="d", covariates="x", weights=-np.ones(80))
    with pytest.raises(NotIdentifiedError, match="no rows with weight"):
        balance_table(data, treatment="d", covariates="x", weights=data["d"].to_numpy())
    with pytest.raises(EstimationError, match="denominator"):
        balance_table(data, treatment="d", covariates="x", denominator="both")
