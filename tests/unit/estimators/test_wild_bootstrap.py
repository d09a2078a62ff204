"""The wild bootstrap against a slow loop that re-estimates the regression with all its dummies."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.errors import (
    ColumnError,
    EstimationError,
    FewClustersWarning,
    NotIdentifiedError,
    TooFewClustersError,
)
from analysis.estimators.resampling import cluster_sums as _wild_sums
from analysis.estimators.resampling import weights as _draws
from analysis.estimators.resampling.test_inversion import invert
from analysis.estimators.resampling.weights import plan_draws
from analysis.estimators.resampling.wild_bootstrap import wild_bootstrap

pytestmark = pytest.mark.filterwarnings("ignore::analysis.estimators.errors.FewClustersWarning")


def panel(seed=1, states=7, units=3, years=5, missing=0.15):
    rng = np.random.default_rng(seed)
    index = itertools.product(range(states), range(units), range(years))
    frame = pd.DataFrame(index, columns=["state", "u", "year"])
    frame["unit"] = frame.state * 100 + frame.u
    start = rng.permutation(np.r_[2, 3, 3, np.full(states - 3, 99)])
    frame["post"] = (frame.year >= start[frame.state]).astype(float)
    frame["x"] = rng.normal(size=len(frame)) + 0.3 * frame.post
    frame["w"] = rng.uniform(0.5, 2.0, len(frame))
    shock = rng.normal(size=states)[frame.state]
    frame["y"] = 0.2 * frame.post + frame.x + frame.year * 0.1 + shock + rng.normal(size=len(frame))
    return frame[rng.random(len(frame)) > missing].reset_index(drop=True)


def dummies(frame, effects, trends=None):
    blocks = [np.ones((len(frame), 1))]
    for effect in effects:
        label = (
            frame[list(effect) if isinstance(effect, tuple) else [effect]].astype(str).agg("-".join, axis=1)
        )
        blocks.append(pd.get_dummies(label, dtype=float).to_numpy()[:, 1:])
    for key, value in (trends or {}).items():
        blocks.append(pd.get_dummies(frame[key], dtype=float).to_numpy() * frame[[value]].to_numpy())
    return np.hstack(blocks)


def least_squares(columns, outcome, weights):
    root = np.sqrt(weights)
    return np.linalg.lstsq(columns * root[:, None], outcome * root, rcond=1e-12)[0]


def t_statistic(columns, outcome, weights, groups, null):
    """CRV1 t of the first column, without small-sample factor."""
    beta = least_squares(columns, outcome, weights)
    bread = np.linalg.pinv((columns * weights[:, None]).T @ columns, rcond=1e-12)
    scores = columns * (weights * (outcome - columns @ beta))[:, None]
    scores = np.stack([scores[groups == g].sum(axis=0) for g in np.unique(groups)])
    return (beta[0] - null) / np.sqrt((bread @ scores.T @ scores @ bread)[0, 0])


def bootstrap_errors(columns, outcome, weights, boot, null, restricted, kind):
    target = outcome - null * columns[:, 0] if restricted else outcome
    used = columns[:, 1:] if restricted else columns
    errors = np.empty(len(target))
    for g in np.unique(boot) if kind == "31" else [None]:
        here = boot == g if kind == "31" else np.ones(len(target), bool)
        fit = ~here if kind == "31" else here
        errors[here] = (target - used @ least_squares(used[fit], target[fit], weights[fit]))[here]
    base = least_squares(used, target, weights)
    fitted = used @ base + (null * columns[:, 0] if restricted else 0.0)
    return fitted, errors


def oracle(
    frame,
    signs,
    *,
    effects,
    covariates=("x",),
    trends=None,
    weights=None,
    cluster="state",
    bootstrap_cluster=None,
    null=0.0,
    restricted=True,
    kind="11",
    outcome="y",
):
    columns = np.hstack([frame[["post", *covariates]].to_numpy(float), dummies(frame, effects, trends)])
    y = frame[outcome].to_numpy(float)
    w = np.ones(len(frame)) if weights is None else frame[weights].to_numpy()
    groups = frame[cluster].to_numpy()
    boot = frame[bootstrap_cluster or cluster].to_numpy()
    fitted, errors = bootstrap_errors(columns, y, w, boot, null, restricted, kind)
    centre = null if restricted else least_squares(columns, y, w)[0]
    position = np.searchsorted(np.unique(boot), boot)
    draws = [t_statistic(columns, fitted + errors * v[position], w, groups, centre) for v in signs]
    return t_statistic(columns, y, w, groups, null), np.array(draws)


CASES = {
    "no effects": {"effects": []},
    "nested": {"effects": ["unit"]},
    "two way": {"effects": ["unit", "year"]},
    "weights": {"effects": ["unit", "year"], "weights": "w"},
    "only crossing": {"effects": ["year"], "weights": "w"},
    "two nested": {"effects": ["unit", "state", "year"]},
    "trends": {"effects": ["state", "year"], "trends": {"state": "year"}, "weights": "w"},
    "crossing trends": {"effects": ["unit"], "trends": {"u": "year"}},
    "cluster year": {"effects": ["unit", "year"], "cluster": "year"},
    "unrestricted": {"effects": ["unit", "year"], "restricted": False},
    "null": {"effects": ["unit", "year"], "null": 0.7},
    "31": {"effects": ["unit", "year"], "kind": "31"},
    "31 no covariate": {"effects": ["state", "year"], "kind": "31", "covariates": ()},
    "31 weights": {"effects": ["state", "year"], "kind": "31", "weights": "w", "null": -0.4},
    "31 unrestricted": {"effects": ["unit", "year"], "kind": "31", "restricted": False},
    "subcluster": {"effects": ["state", "year"], "bootstrap_cluster": "unit"},
    "subcluster nested": {"effects": ["unit", "year"], "bootstrap_cluster": "unit"},
    "subcluster 31": {"effects": ["unit", "year"], "bootstrap_cluster": "unit", "kind": "31"},
    "coarser": {"effects": ["unit", "year"], "cluster": "unit", "bootstrap_cluster": "state"},
}


@pytest.mark.parametrize("case", CASES)
def test_equals_reestimating_with_all_dummies(case):
    options = CASES[case]
    frame = panel()
    result = wild_bootstrap(
        frame,
        outcome="y",
        treatment="post",
        draws=40,
        seed=5,
        **{"cluster": "state", "covariates": "x"} | options,
        distribution="webb",
    )
    groups = frame[options.get("bootstrap_cluster") or options.get("cluster", "state")]
    signs = plan_draws("webb", groups.nunique(), 40, 5).chunk(0)
    observed, draws = oracle(frame, signs, **options)
    factor = result.row(term="post").statistic / observed
    np.testing.assert_allclose(
        result.extra["bootstrap_statistics"][:, 0], draws * factor, rtol=1e-7, atol=1e-9
    )
    beyond = np.abs(draws) > np.abs(observed) * (1 + 1e-9)
    assert result.row(term="post").p_value == beyond.mean()
    assert 0 < factor < 1


@pytest.mark.parametrize("case", ["two way", "weights", "null", "cluster year", "coarser"])
def test_pairwise_sums_equal_the_schur_shortcut(case, monkeypatch):
    options = {"cluster": "state"} | CASES[case]
    call = {"outcome": "y", "treatment": "post", "covariates": "x", "draws": 200, "seed": 3} | options
    quick = wild_bootstrap(panel(), **call)
    monkeypatch.setattr(_wild_sums, "DENSE_LEVELS", 0)
    slow = wild_bootstrap(panel(), **call)
    np.testing.assert_allclose(
        quick.extra["bootstrap_statistics"], slow.extra["bootstrap_statistics"], rtol=1e-8, atol=1e-10
    )
    pd.testing.assert_frame_equal(quick.tidy(), slow.tidy(), rtol=1e-8)


def test_several_coefficients_are_each_tested_alone():
    call = {"outcome": "y", "effects": ["unit", "year"], "cluster": "state", "draws": 1000}
    both = wild_bootstrap(panel(), treatment=["post", "x"], **call)
    for name, other in (("post", "x"), ("x", "post")):
        alone = wild_bootstrap(panel(), treatment=name, covariates=other, **call)
        np.testing.assert_allclose(
            both.row(term=name).to_numpy()[1:].astype(float),
            alone.row(term=name).to_numpy()[1:].astype(float),
            rtol=1e-9,
        )


def test_enumerates_when_all_sign_vectors_fit():
    call = {"outcome": "y", "treatment": "post", "effects": ["unit", "year"], "cluster": "state"}
    result = wild_bootstrap(panel(), draws=128, **call)
    assert result.design["enumerated"] and result.design["draws"] == 128 and result.seed is None
    assert result.extra["tied"][0] == 2
    assert result.extra["p_value_with_ties"][0] == result.row(term="post").p_value + 2 / 128
    with pytest.raises(EstimationError, match="seed"):
        wild_bootstrap(panel(), draws=127, **call)


@pytest.mark.parametrize(
    "options", [{}, {"restricted": False}, {"kind": "31"}, {"alternative": "equal-tailed"}]
)
def test_interval_holds_exactly_the_nulls_not_rejected(options):
    call = {
        "outcome": "y",
        "treatment": "post",
        "covariates": "x",
        "effects": ["unit", "year"],
        "cluster": "state",
        "draws": 999,
        "seed": 2,
        "distribution": "webb",
        "level": 0.8,
    } | options
    row = wild_bootstrap(panel(states=12), **call).row(term="post")
    for bound, out in ((row.conf_low, -1), (row.conf_high, 1)):
        inside = wild_bootstrap(panel(states=12), null=bound - out * 1e-6, **call).row(term="post").p_value
        outside = wild_bootstrap(panel(states=12), null=bound + out * 1e-6, **call).row(term="post").p_value
        assert outside <= 0.2 < inside


def test_one_sided_alternatives_have_one_bound():
    call = {"outcome": "y", "treatment": "x", "effects": ["unit", "year"], "cluster": "state", "draws": 999}
    greater = wild_bootstrap(panel(), alternative="greater", **call).row(term="x")
    less = wild_bootstrap(panel(), alternative="less", **call).row(term="x")
    assert np.isneginf(less.conf_low) and np.isposinf(greater.conf_high)
    assert greater.p_value < 0.1 < 0.9 < less.p_value


def test_interval_is_infinite_when_nothing_is_rejected():
    assert invert(lambda null: 0.5, 1.0, 0.1, 0.05, "two-sided") == (-np.inf, np.inf)


def test_interval_ends_where_the_step_function_falls():
    """The p-value falls to the level 3 below and 100 above the estimate of 1e6."""
    low, high = invert(lambda b: float(-3 < b - 1e6 < 100), 1e6, 1e-3, 0.05, "two-sided")
    assert (low, high) == (pytest.approx(1e6 - 3, abs=1e-9), pytest.approx(1e6 + 100, abs=1e-9))


@pytest.mark.parametrize("name", _draws.DISTRIBUTIONS)
def test_auxiliary_weights_have_mean_zero_and_variance_one(name):
    weights = np.concatenate([plan_draws(name, 100, 9999, 1).chunk(i) for i in range(4)])
    assert abs(weights.mean()) < 0.005 and abs(weights.var() - 1) < 0.01
    third = {"mammen": 1.0}.get(name, 0.0)
    assert abs((weights**3).mean() - third) < 0.02


def test_enumeration_holds_each_sign_vector_once():
    signs = plan_draws("rademacher", 10, 1024, None)
    found = np.concatenate([signs.chunk(i) for i in range(signs.chunks)])
    assert len(np.unique(found, axis=0)) == 1024 and set(found.ravel()) == {-1.0, 1.0}


def test_chunks_cover_every_draw_once():
    plan = plan_draws("rademacher", 50_000, 100, 1)
    assert plan.chunks == 4 and sum(len(plan.chunk(i)) for i in range(plan.chunks)) == 100
    assert not np.array_equal(plan.chunk(0), plan.chunk(1))


def test_rows_dropped_are_counted():
    frame = panel()
    frame.loc[:2, "y"] = np.nan
    frame.loc[3:4, "state"] = np.nan
    result = wild_bootstrap(
        frame, outcome="y", treatment="post", effects=["year"], cluster="state", draws=999
    )
    assert result.sample.dropped == {"missing y": 3, "missing state": 2}
    assert result.sample.used == len(frame) - 5 and result.sample.clusters == 7


def bad(**changes):
    call = {
        "outcome": "y",
        "treatment": "post",
        "effects": ["unit", "year"],
        "cluster": "state",
        "draws": 64,
        "seed": 1,
    }
    return call | changes


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"kind": "33"}, EstimationError, "kind must be"),
        ({"distribution": "cauchy"}, EstimationError, "distribution must be"),
        ({"alternative": "both"}, EstimationError, "alternative must be"),
        ({"draws": 0}, EstimationError, "draws"),
        ({"level": 95}, EstimationError, "level"),
        ({"treatment": []}, EstimationError, "treatment"),
        ({"treatment": "nope"}, ColumnError, "nope"),
        ({"treatment": "text"}, ColumnError, "text"),
        ({"treatment": "u"}, NotIdentifiedError, "'u'"),
        ({"covariates": ["twin"]}, NotIdentifiedError, "collinear"),
        ({"outcome": "constant"}, NotIdentifiedError, "outcome"),
        ({"cluster": "one"}, TooFewClustersError, "one"),
    ],
)
def test_bad_input_is_named(changes, error, message):
    frame = panel().assign(text="a", one=1, constant=3.0)
    frame["twin"] = 2 * frame.post
    with pytest.raises(error, match=message):
        wild_bootstrap(frame, **bad(**changes))


@pytest.mark.filterwarnings("default")
def test_few_clusters_and_few_treated_are_warned_of():
    with pytest.warns(FewClustersWarning, match="7 clusters"):
        wild_bootstrap(panel(), **bad(treatment="x"))
    with pytest.warns(FewClustersWarning, match="on in 3 of 14"):
        wild_bootstrap(panel(states=14), **bad())
