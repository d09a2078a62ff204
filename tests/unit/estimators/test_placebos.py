"""Placebo distributions, the jackknife, t intervals and two-way counts against brute force and statsmodels."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from analysis.estimators.core.intervals import excludes_zero, t_interval
from analysis.estimators.errors import NotConvergedError
from analysis.estimators.regression.two_way_counts import period_effects
from analysis.estimators.resampling.jackknife import jackknife_error
from analysis.estimators.resampling.placebos import (
    permute_labels,
    permute_units,
    placebo_critical_value,
    placebo_interval,
    randomization_p_value,
)

STRATA = np.array([0, 0, 0, 1, 1, 1, 1, 2])


def test_units_stay_in_their_stratum_and_none_is_drawn_twice():
    treated = np.array([0, 2, 5])
    drawn = permute_units(STRATA, treated, draws=400, seed=3)
    assert drawn.shape == (400, 3)
    assert (STRATA[drawn] == STRATA[treated]).all()
    assert (drawn[:, 0] != drawn[:, 1]).all()
    np.testing.assert_array_equal(drawn, permute_units(STRATA, treated, draws=400, seed=3))
    assert not np.array_equal(drawn, permute_units(STRATA, treated, draws=400, seed=4))


def test_every_unit_of_the_stratum_is_drawn_as_often():
    drawn = permute_units(STRATA, np.array([0, 2]), draws=6_000, seed=1)
    pairs = pd.Series(list(map(tuple, drawn))).value_counts()
    assert set(pairs.index) == set(itertools.permutations([0, 1, 2], 2))
    assert stats.chisquare(pairs).pvalue > 1e-3


def test_labels_are_permuted():
    labels = np.array([3, 1, 4, 1])
    drawn = permute_labels(labels, draws=50, seed=0)
    assert (np.sort(drawn, axis=1) == np.sort(labels)).all() and len(np.unique(drawn, axis=0)) > 5


@pytest.mark.parametrize("estimate", [0.0, 0.5, -2.0, 9.0])
def test_p_values_count_the_estimate_itself(estimate):
    draws = np.random.default_rng(0).normal(size=199)
    by_hand = (1 + sum(abs(draw) >= abs(estimate) for draw in draws)) / 200
    assert randomization_p_value(estimate, draws) == by_hand


def test_ties_that_sums_round_apart_count():
    assert randomization_p_value(0.3, np.array([0.1 + 0.2, 0.1, 0.3 * (1 - 1e-12)])) == 3 / 4


def test_the_interval_is_turned_round():
    """A skewed distribution: its long side to the right makes the interval long to the left."""
    draws = np.r_[np.zeros(90), np.full(10, 5.0)]
    low, high = placebo_interval(1.0, draws, 0.9)
    assert low == pytest.approx(-4.0) and high == pytest.approx(1.0)
    normal = np.random.default_rng(1).normal(size=500)
    ends = placebo_interval(0.7, normal, 0.95)
    assert ends == (0.7 - np.percentile(normal, 97.5), 0.7 - np.percentile(normal, 2.5))


@pytest.mark.parametrize("n", [18, 19, 20, 39, 40, 199])
def test_the_critical_value_is_the_smallest_that_a_test_of_the_size_rejects(n):
    sizes = np.abs(np.random.default_rng(n).normal(size=n))
    found = placebo_critical_value(sizes, 0.95)
    if n < 19:
        assert np.isnan(found)
        return
    reject = [
        size for size in np.sort(sizes) if (1 + (sizes >= size * (1 + 1e-9)).sum()) / (1 + n) <= 0.05 + 1e-12
    ]
    assert found == reject[0]


def test_too_few_finite_sizes_have_no_critical_value():
    assert np.isnan(placebo_critical_value(np.r_[np.ones(10), np.full(30, np.inf)], 0.95))


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(2).normal(size=12)
    refits = np.array([np.delete(values, i).mean() for i in range(12)])
    assert jackknife_error(values.mean(), refits) == pytest.approx(
        values.std(ddof=1) / np.sqrt(12), rel=1e-12
    )


@pytest.mark.parametrize("df", [1, 7, 60, np.inf])
def test_a_t_interval_by_scipy(df):
    found = t_interval(1.2, 0.5, df, 0.9)
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(
        stats.t.interval(0.9, df, 1.2, 0.5), rel=1e-12
    )
    assert found["p_value"] == pytest.approx(2 * stats.t.sf(2.4, df), rel=1e-12)
    assert list(found) == ["estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high"]


def test_an_interval_that_touches_zero_includes_it():
    low, high = pd.Series([-1.0, 0.0, 0.1, np.nan, -2.0]), pd.Series([1.0, 1.0, 1.0, 1.0, -0.1])
    assert excludes_zero(low, high).tolist() == [False, False, True, False, True]


def test_period_effects_are_those_of_a_poisson_regression():
    random = np.random.default_rng(5)
    units, periods = 9, 6
    exposure = random.uniform(1e3, 5e4, (units, periods))
    counts = random.poisson(
        exposure * random.uniform(1e-3, 1e-2, (units, 1)) * np.linspace(1, 0.6, periods)
    ).astype(float)
    counts[0, :2] = counts[4, 5] = np.nan
    rows = pd.DataFrame(
        {
            "unit": np.repeat(range(units), periods),
            "period": np.tile(range(periods), units),
            "y": counts.ravel(),
        }
    ).assign(offset=np.log(exposure.ravel()))
    rows = rows.dropna()
    dummies = pd.get_dummies(rows[["unit", "period"]].astype(str), dtype=float).drop(columns="period_0")
    fit = sm.GLM(rows["y"], dummies, sm.families.Poisson(), offset=rows["offset"]).fit(tol=1e-12)
    mine = np.log(period_effects(counts, exposure))
    np.testing.assert_allclose(mine[1:], fit.params.filter(like="period"), atol=1e-9)
    assert mine[0] == 0


def test_period_effects_that_do_not_converge_are_refused():
    with pytest.raises(NotConvergedError, match="after 2 sweeps"):
        period_effects(np.array([[1.0, np.nan, 5.0], [2.0, 9.0, np.nan]]), np.ones((2, 3)), sweeps=2)
