"""Step-down adjustment against its definition, and against the single test."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimators.errors import EstimationError
from analysis.estimators.resampling.multiple_testing import adjust_p_values, romano_wolf, step_down
from analysis.estimators.resampling.wild_bootstrap import wild_bootstrap

pytestmark = pytest.mark.filterwarnings("ignore::analysis.estimators.errors.FewClustersWarning")


def panel(seed=1, states=12, years=6):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(itertools.product(range(states), range(years)), columns=["state", "year"])
    start = rng.permutation(np.r_[2, 3, 3, 4, 4, np.full(states - 5, 99)])
    frame["post"] = (frame.year >= start[frame.state]).astype(float)
    frame["x"] = rng.normal(size=len(frame))
    for j in range(4):
        shock = rng.normal(size=(states, years))[frame.state, frame.year]
        frame[f"y{j}"] = 0.5 * j * frame.post + shock + rng.normal(size=states)[frame.state]
    return frame


OPTIONS = {"effects": ["state", "year"], "cluster": "state", "draws": 4096}


def by_definition(observed, drawn):
    """Romano and Wolf's step-down, one hypothesis after another."""
    left, floor, found = list(range(len(observed))), 0.0, np.empty(len(observed))
    while left:
        best = max(left, key=lambda j: abs(observed[j]))
        beyond = np.abs(drawn[:, left]).max(axis=1) > abs(observed[best]) * (1 + 1e-9)
        floor = found[best] = max(floor, beyond.mean())
        left.remove(best)
    return found


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 7), st.integers(1, 200))
def test_step_down_follows_its_definition(seed, hypotheses, draws):
    rng = np.random.default_rng(seed)
    observed, drawn = rng.normal(size=hypotheses) * 2, rng.normal(size=(draws, hypotheses))
    single, adjusted = step_down(observed, drawn)
    np.testing.assert_array_equal(adjusted, by_definition(observed, drawn))
    np.testing.assert_array_equal(single, (np.abs(drawn) > np.abs(observed) * (1 + 1e-9)).mean(axis=0))
    assert (adjusted >= single).all()
    assert (np.diff(adjusted[np.argsort(-np.abs(observed), kind="stable")]) >= 0).all()
    if hypotheses == 1:
        assert adjusted[0] == single[0]


def test_one_hypothesis_is_the_wild_bootstrap():
    both = romano_wolf(panel(), outcomes="y2", treatment="post", **OPTIONS)
    alone = wild_bootstrap(panel(), outcome="y2", treatment="post", **OPTIONS)
    row, single = both.tidy().iloc[0], alone.row(term="post")
    assert row.p_value == row.p_value_romano_wolf == single.p_value
    assert (row.estimate, row.std_error) == pytest.approx((single.estimate, single.std_error), rel=1e-12)
    np.testing.assert_array_equal(both.extra["bootstrap_statistics"], alone.extra["bootstrap_statistics"])


@pytest.mark.parametrize(
    "options", [{}, {"kind": "31"}, {"restricted": False}, {"distribution": "webb", "seed": 1}]
)
def test_each_hypothesis_has_the_p_value_of_its_own_test(options):
    frame = panel()
    frame.loc[frame.state == 3, "y1"] = np.nan
    call = OPTIONS | {"draws": 4096 if "seed" not in options else 500} | options
    table = romano_wolf(frame, outcomes=["y0", "y1", "y2"], treatment=["post", "x"], **call).tidy()
    assert len(table) == 6
    for name in ("y0", "y2"):
        alone = wild_bootstrap(frame, outcome=name, treatment=["post", "x"], **call).tidy()
        ours = table[table.outcome == name].reset_index(drop=True)
        np.testing.assert_array_equal(ours.p_value, alone.p_value)
        np.testing.assert_allclose(ours.std_error, alone.std_error, rtol=1e-12)
    assert (table.p_value_romano_wolf >= table.p_value).all()


def test_outcomes_with_other_clusters_missing_share_draws():
    """A state without y1 leaves the enumeration of the others as it was: each p-value twice counted."""
    frame = panel()
    frame.loc[frame.state == 3, "y1"] = np.nan
    together = romano_wolf(frame, outcomes=["y0", "y1"], treatment="post", **OPTIONS)
    alone = wild_bootstrap(frame, outcome="y1", treatment="post", **OPTIONS)
    assert alone.design["draws"] == 2**11 and together.design["draws"] == 2**12
    assert together.row(outcome="y1").p_value == alone.row(term="post").p_value
    assert together.extra["samples"]["y1"].dropped == {"missing y1": 6}
    assert together.sample.used == len(frame)


def test_family_wise_error_is_held():
    """Four true hypotheses, 200 samples: false rejections at 10% in no more than chance allows."""
    rng = np.random.default_rng(11)
    rejected = 0
    for _ in range(200):
        frame = pd.DataFrame(itertools.product(range(20), range(4)), columns=["state", "year"])
        frame["post"] = ((frame.year >= 2) & (frame.state % 2 == 0)).astype(float)
        common = rng.normal(size=len(frame))
        for j in range(4):
            frame[f"y{j}"] = common + rng.normal(size=len(frame))
        table = romano_wolf(
            frame,
            outcomes=[f"y{j}" for j in range(4)],
            treatment="post",
            effects=["state", "year"],
            cluster="state",
            draws=199,
            seed=int(rng.integers(2**31)),
        ).tidy()
        rejected += (table.p_value_romano_wolf <= 0.10).any()
    assert 6 <= rejected <= 34


def test_adjusted_p_values_through_statsmodels():
    table = adjust_p_values([0.01, 0.02, 0.03, np.nan, 0.5])
    np.testing.assert_allclose(table.p_value_adjusted, [0.04, 0.04, 0.04, np.nan, 0.5])
    assert table.rejected.tolist() == [True, True, True, False, False]
    holm = adjust_p_values([0.01, 0.02, 0.03, 0.5], method="holm")
    np.testing.assert_allclose(holm.p_value_adjusted, [0.04, 0.06, 0.06, 0.5])
    result = romano_wolf(panel(), outcomes=["y0", "y3"], treatment="post", **OPTIONS)
    assert adjust_p_values(result).columns.tolist()[:2] == ["outcome", "term"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: adjust_p_values([0.1, 1.2]), "between 0 and 1"),
        (lambda: adjust_p_values([0.1], method="magic"), "magic"),
        (lambda: romano_wolf(panel(), outcomes=[], treatment="post", **OPTIONS), "outcomes"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(EstimationError, match=message):
        call()
