"""Distributions without scipy.stats: its digits, over what estimators ask for and beyond."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.estimators.core import distributions as ours
from analysis.estimators.sensitivity.smoothness import _folded_quantile

DF = np.array([1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 30.0, 49.0, 120.0, 1e4, np.inf])[:, None]
FINITE = DF[:-1]
POINTS = np.r_[np.linspace(-9, 9, 181), np.inf, -np.inf]
SHARES = np.array([1e-6, 0.005, 0.025, 0.05, 0.5, 0.8, 0.95, 0.975, 0.995, 0.9999])
POSITIVE = np.linspace(0, 60, 121)

PAIRS = {
    "t_upper": (ours.t_upper(POINTS, DF), stats.t.sf(POINTS, DF)),
    "t_quantile": (ours.t_quantile(SHARES, DF), stats.t.ppf(SHARES, DF)),
    "t_density": (
        [ours.t_density(POINTS, df) for df in FINITE.ravel()],
        stats.t.pdf(POINTS, FINITE),
    ),
    "normal_upper": (ours.normal_upper(POINTS), stats.norm.sf(POINTS)),
    "normal_below": (ours.normal_below(POINTS), stats.norm.cdf(POINTS)),
    "normal_quantile": (ours.normal_quantile(SHARES), stats.norm.ppf(SHARES)),
    "normal_density": (ours.normal_density(POINTS, 0.3, 1.7), stats.norm.pdf(POINTS, 0.3, 1.7)),
    "chi2_upper": (ours.chi2_upper(POSITIVE, FINITE), stats.chi2.sf(POSITIVE, FINITE)),
    "f_upper": (ours.f_upper(POSITIVE, FINITE, 12.0), stats.f.sf(POSITIVE, FINITE, 12.0)),
    "kolmogorov_upper": (ours.kolmogorov_upper(POSITIVE), stats.kstwobign.sf(POSITIVE)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_digits_are_those_of_scipy_stats(name):
    got, want = PAIRS[name]
    tolerance = 3e-14 if name == "t_density" else 1e-14  # powers by logarithms: a rounding more at df 10,000
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=0)


def test_a_statistic_below_zero_by_rounding_rejects_nothing():
    assert ours.chi2_upper(-1e-17, 3) == 1.0
    assert ours.f_upper(-1e-17, 3, 9) == 1.0


def test_degrees_of_freedom_that_are_none_give_no_number():
    assert np.isnan(ours.t_upper(1.0, np.nan))
    assert np.isnan(ours.t_quantile(0.975, 0.0))


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("shift", [0.0, 1e-12, 0.01, 0.5, 1.0, 3.0, 5.9])
def test_quantiles_of_a_folded_normal_have_their_probability(shift, level):
    value = _folded_quantile(shift, level)
    assert stats.norm.cdf(value - shift) - stats.norm.cdf(-value - shift) == pytest.approx(level, rel=4e-15)
    assert value == pytest.approx(np.sqrt(stats.ncx2.ppf(level, 1, shift**2)), rel=1e-9)
