"""Inference at its edges: leverage one, near-collinear columns, few clusters, tiny units, a single lead."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.estimators import Estimates, Sample, ols, pretest_power, wild_bootstrap
from analysis.estimators.errors import EstimationError, FewClustersWarning


def rows(seed: int, n: int = 60, clusters: int = 12) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    data = pd.DataFrame(random.normal(size=(n, 3)), columns=["y", "d", "x"])
    return data.assign(y=data["y"] + 0.5 * data["d"], g=np.arange(n) % clusters)


@pytest.mark.parametrize("covariance", ["HC2", "HC3"])
def test_a_row_fitted_perfectly_has_no_leverage_corrected_error(covariance):
    data = rows(1).assign(own=lambda f: (f.index == 7) * 1.0)
    with pytest.raises(EstimationError, match="1 rows have leverage 1"):
        ols(data, outcome="y", treatment="d", covariates="own", covariance=covariance)
    assert np.isfinite(
        ols(data, outcome="y", treatment="d", covariates="x", covariance=covariance).std_error
    ).all()


def test_coefficients_of_nearly_collinear_columns_are_those_of_exact_arithmetic():
    """Normal equations solved in fractions: the second of two columns that differ by a few parts in 1,000."""
    data = rows(2, n=12)
    data["x"] = data["d"] + np.round(data["x"], 3) * 2.0**-9
    fit = ols(data, outcome="y", treatment="d", covariates="x", covariance="iid")
    exact = [[Fraction(float(v)) for v in (1, *row)] for row in data[["d", "x", "y"]].to_numpy()]
    system = [[sum(r[i] * r[j] for r in exact) for j in range(4)] for i in range(3)]
    for i in range(3):
        system[i] = [value / system[i][i] for value in system[i]]
        for k in range(3):
            if k != i:
                system[k] = [a - system[k][i] * b for a, b in zip(system[k], system[i], strict=True)]
    slope = float(system[1][3])
    assert abs(slope) > 10
    assert fit.row(term="d")["estimate"] == pytest.approx(slope, rel=1e-10)


@pytest.mark.parametrize(("clusters", "warned"), [(9, True), (10, False)])
def test_fewer_than_ten_clusters_are_warned_of(clusters, warned):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        wild_bootstrap(rows(3, clusters=clusters), outcome="y", treatment="d", cluster="g", draws=99, seed=1)
    assert any(issubclass(w.category, FewClustersWarning) for w in caught) == warned


@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_the_unit_of_a_treatment_changes_no_p_value(unit):
    data = rows(4)
    options = {"outcome": "y", "treatment": "d", "cluster": "g", "draws": 199, "seed": 1}
    base = wild_bootstrap(data, **options)
    moved = wild_bootstrap(data.assign(d=data["d"] * unit), **options)
    assert moved.tidy()["p_value"].tolist() == base.tidy()["p_value"].tolist()
    np.testing.assert_allclose(moved.estimate * unit, base.estimate, rtol=1e-10)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_power_of_a_single_lead_is_that_of_one_normal(level):
    error, slope = 0.3, 0.5
    study = Estimates(
        "event_study",
        pd.DataFrame({"event_time": [-2, 0]}),
        np.array([0.1, 0.4]),
        np.array([[error**2, 0.01], [0.01, 0.2]]),
        Sample(1, 1),
        {"correction": "none", "df": np.inf},
    )
    found = pretest_power(study, slope=slope, level=level)
    lead, limit = -slope, stats.norm.ppf(0.5 + level / 2) * error
    passing = stats.norm.cdf(limit, lead, error) - stats.norm.cdf(-limit, lead, error)
    assert found.power == pytest.approx(1 - passing, rel=1e-10)
    assert found.bayes_factor == pytest.approx(passing / level, rel=1e-10)
    ratio = stats.norm.pdf(0.1, lead, error) / stats.norm.pdf(0.1, 0, error)
    assert found.likelihood_ratio == pytest.approx(ratio, rel=1e-10)
    grid = np.linspace(-limit, limit, 200_001)
    inside = np.average(grid, weights=stats.norm.pdf(grid, lead, error))
    expected = slope * 1 + 0.01 / error**2 * (inside - lead)
    assert found.table.set_index("event_time").loc[0, "mean_after_passing"] == pytest.approx(
        expected, rel=1e-4
    )


def test_effects_nested_in_clusters_under_another_name_are_not_counted():
    data = rows(5).assign(copy=lambda f: f["g"] + 100)
    one, two = (
        ols(data, outcome="y", treatment="d", effects=["g"], cluster=c, correction="fixest")
        for c in ("g", "copy")
    )
    assert two.std_error[0] == pytest.approx(one.std_error[0], rel=1e-12)
    assert two.design["parameters_counted"] == one.design["parameters_counted"]


def test_power_of_one_cannot_be_asked_for():
    study = Estimates(
        "event_study",
        pd.DataFrame({"event_time": [-2, 0]}),
        np.zeros(2),
        np.eye(2),
        Sample(1, 1),
        {"correction": "none", "df": np.inf},
    )
    for power in (0.05, 1.0):
        with pytest.raises(EstimationError, match="power must lie between"):
            pretest_power(study, power=power)
