"""Interval, p-value, power and excluded changes come from one set of draws, and agree with each other."""

import numpy as np
import pytest

from analysis.estimators.resampling.placebo_inversion import PlaceboInference


@pytest.fixture
def skewed():
    draws = np.random.default_rng(7).exponential(0.1, 4_001) - 0.05
    return PlaceboInference(0.04, draws)


def test_the_interval_holds_exactly_the_effects_a_brute_force_test_keeps(skewed):
    low, high = skewed.interval()
    for effect in np.linspace(-0.5, 0.3, 801):
        noise = skewed.estimate - effect
        kept = np.quantile(skewed.draws, 0.025) <= noise <= np.quantile(skewed.draws, 0.975)
        assert kept == (low <= effect <= high)


def test_a_skewed_distribution_is_not_made_symmetric(skewed):
    low, high = skewed.interval()
    assert (skewed.estimate - low) > 3 * (high - skewed.estimate)


def test_an_off_center_distribution_moves_the_interval_by_its_mean():
    draws = np.random.default_rng(1).normal(0, 0.05, 2_000)
    plain, moved = PlaceboInference(0.1, draws), PlaceboInference(0.1, draws - 0.03)
    assert np.subtract(moved.interval(), plain.interval()) == pytest.approx([0.03, 0.03])
    assert moved.centered - plain.centered == pytest.approx(0.03)


def test_the_excluded_size_is_the_larger_end_of_the_ninety_percent_interval(skewed):
    low, high = skewed.interval(0.9)
    size = skewed.excluded()
    assert size == max(abs(low), abs(high))
    assert size != pytest.approx(abs(skewed.estimate) + 1.645 * skewed.spread, rel=0.02)


def test_power_is_the_share_of_shifted_draws_whose_interval_excludes_zero(skewed):
    for effect in (-0.3, -0.1, 0.0, 0.05, 0.2, 0.6):
        ends = [PlaceboInference(draw + effect, skewed.draws).interval() for draw in skewed.draws]
        brute = np.mean([low > 0 or high < 0 for low, high in ends])
        assert skewed.power(effect)[0] == pytest.approx(brute, abs=1.5 / len(skewed.draws))


def test_the_detectable_size_has_the_power_asked_for_and_nothing_smaller_does(skewed):
    size = skewed.detectable(0.8)
    worse = lambda value: min(skewed.power(value)[0], skewed.power(-value)[0])  # noqa: E731
    assert worse(size) >= 0.8
    assert worse(size - 0.01 * skewed.spread) < 0.8


def test_size_is_nominal_on_exchangeable_data():
    random = np.random.default_rng(3)
    draws = random.standard_t(3, 1_999)
    p = np.array([PlaceboInference(value, draws).p_value() for value in random.standard_t(3, 4_000)])
    for level in (0.01, 0.05, 0.2):
        assert np.mean(p <= level) == pytest.approx(level, abs=3 * np.sqrt(level / 4_000) + 0.006)


def test_the_p_value_and_the_interval_say_the_same():
    random = np.random.default_rng(5)
    draws = random.normal(-0.1, 1, 999)
    for value in random.normal(0, 2, 400):
        found = PlaceboInference(value, draws)
        low, high = found.interval()
        p = found.p_value()
        if abs(p - 0.05) > 0.005:
            assert (p < 0.05) == (low > 0 or high < 0)
