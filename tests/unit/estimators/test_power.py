"""Detectable effects, equivalence, and errors of sign and magnitude against simulation and definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.estimators import Estimates, Sample
from analysis.estimators.errors import EstimationError
from analysis.estimators.sensitivity.power import (
    equivalence_test,
    minimum_detectable_effect,
    sign_and_magnitude_errors,
)


def made(estimate, std_error, df=np.inf):
    estimate, std_error = np.atleast_1d(estimate).astype(float), np.atleast_1d(std_error).astype(float)
    return Estimates(
        "made",
        pd.DataFrame({"term": [f"b{i}" for i in range(len(estimate))]}),
        estimate,
        np.diag(std_error**2),
        Sample(10, 10),
        {"correction": "none", "df": df},
    )


def test_normal_multiple_is_2_8016():
    assert minimum_detectable_effect(1.0) == pytest.approx(2.8016, abs=5e-5)
    assert minimum_detectable_effect(1.0) == pytest.approx(
        stats.norm.ppf(0.975) + stats.norm.ppf(0.8), abs=1e-12
    )


@pytest.mark.parametrize(("std_error", "printed"), [(0.0175, 4.9), (0.0260, 7.3), (0.0128, 3.6)])
def test_precision_in_the_literature(std_error, printed):
    assert round(100 * minimum_detectable_effect(std_error), 1) == printed


def test_detectable_effect_has_the_power_asked_for():
    rng = np.random.default_rng(1)
    for df in (8, 40):
        effect = minimum_detectable_effect(1.0, df=df)
        z = rng.normal(effect, 1, 400_000) / np.sqrt(rng.chisquare(df, 400_000) / df)
        assert np.mean(np.abs(z) > stats.t.ppf(0.975, df)) == pytest.approx(0.8, abs=0.01)


def test_result_gives_its_keys_and_df():
    table = minimum_detectable_effect(made([1, 2], [0.5, 1], df=12))
    assert table.columns.tolist() == ["term", "std_error", "minimum_detectable_effect"]
    multiple = stats.t.ppf(0.975, 12) + stats.t.ppf(0.8, 12)
    np.testing.assert_allclose(table.minimum_detectable_effect, [0.5 * multiple, multiple], rtol=1e-12)


@given(
    st.floats(-3, 3),
    st.floats(0.05, 2),
    st.floats(0.1, 4),
    st.floats(0.8, 0.99),
    st.sampled_from([np.inf, 5.0, 30.0]),
)
def test_equivalent_exactly_when_the_interval_lies_inside(estimate, std_error, bound, level, df):
    row = equivalence_test(made(estimate, std_error, df), bound=bound, level=level).iloc[0]
    inside = -bound < row.conf_low and row.conf_high < bound
    margin = min(abs(row.conf_low + bound), abs(row.conf_high - bound))
    assert row.equivalent == inside or margin < 1e-9
    assert row.equivalent == (row.smallest_bound < bound) or margin < 1e-9
    wide = made(estimate, std_error, df).tidy(2 * level - 1).iloc[0]
    assert (row.conf_low, row.conf_high) == pytest.approx((wide.conf_low, wide.conf_high), rel=1e-12)


def test_equivalence_p_value_equals_two_one_sided_tests():
    rng = np.random.default_rng(2)
    x = rng.normal(0.1, 1, 30)
    ours = equivalence_test(made(x.mean(), x.std(ddof=1) / np.sqrt(30), 29), bound=(-0.4, 0.6)).iloc[0]
    low = stats.ttest_1samp(x, -0.4, alternative="greater").pvalue
    high = stats.ttest_1samp(x, 0.6, alternative="less").pvalue
    assert ours.p_value == pytest.approx(max(low, high), rel=1e-12)


@pytest.mark.parametrize("df", [np.inf, 6, 30])
@pytest.mark.parametrize("effect", [0.1, -0.8, 3.0])
def test_sign_and_magnitude_errors_equal_simulation(effect, df):
    rng = np.random.default_rng(3)
    noise = rng.normal(size=2_000_000) if np.isinf(df) else rng.standard_t(df, 2_000_000)
    drawn = effect + 1.3 * noise
    kept = drawn[np.abs(drawn) > 1.3 * stats.t.ppf(0.975, df)]
    row = sign_and_magnitude_errors(effect, 1.3, df=df).iloc[0]
    assert row.power == pytest.approx(len(kept) / len(drawn), abs=2e-3)
    assert row.type_s == pytest.approx(np.mean(np.sign(kept) != np.sign(effect)), abs=5e-3)
    assert row.type_m == pytest.approx(np.mean(np.abs(kept)) / abs(effect), rel=6e-3)


@given(st.floats(0.01, 5), st.floats(0.1, 10), st.floats(0.1, 10))
def test_sign_and_magnitude_errors_have_no_unit(effect, std_error, scale):
    one = sign_and_magnitude_errors(effect, std_error).iloc[0]
    other = sign_and_magnitude_errors(-scale * effect, scale * std_error).iloc[0]
    assert other[["power", "type_s", "type_m"]].tolist() == pytest.approx(
        one[["power", "type_s", "type_m"]].tolist(), rel=1e-9
    )
    assert one.type_m >= 1 - 1e-9 and 0 <= one.type_s <= 0.5


@pytest.mark.parametrize(
    "call",
    [
        lambda: minimum_detectable_effect(-1.0),
        lambda: minimum_detectable_effect(float("nan")),
        lambda: minimum_detectable_effect(1.0, power=1.0),
        lambda: minimum_detectable_effect(1.0, level=95),
        lambda: equivalence_test(made(0, 1), bound=-1),
        lambda: equivalence_test(made(0, 1), bound=(2, 1)),
        lambda: sign_and_magnitude_errors(0, 1),
        lambda: sign_and_magnitude_errors(1, 0),
    ],
)
def test_bad_input_is_named(call):
    with pytest.raises(EstimationError):
        call()
