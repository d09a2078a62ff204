"""The score bootstrap of Poisson against scores of a full-dummies GLM."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.estimators.errors import EstimationError, NotIdentifiedError
from analysis.estimators.regression.poisson import poisson
from analysis.estimators.resampling.score_bootstrap import score_bootstrap

pytestmark = pytest.mark.filterwarnings("ignore::analysis.estimators.errors.FewClustersWarning")


def panel(seed=1, states=9, units=2, years=5):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        itertools.product(range(states), range(units), range(years)), columns=["state", "u", "year"]
    )
    frame["unit"] = frame.state * 100 + frame.u
    start = rng.permutation(np.r_[2, 3, 3, np.full(states - 3, 99)])
    frame["post"] = (frame.year >= start[frame.state]).astype(float)
    frame["x"] = rng.normal(size=len(frame))
    frame["w"] = rng.uniform(0.5, 2, len(frame))
    frame["log_population"] = rng.normal(3, 0.3, len(frame))
    mean = np.exp(0.3 * frame.x + rng.normal(0, 0.3, states)[frame.state] + frame.log_population - 2)
    frame["y"] = rng.poisson(mean * rng.gamma(4, 0.25, len(frame)))
    return frame[rng.random(len(frame)) > 0.1].reset_index(drop=True)


def oracle(frame, effects, covariates, weights, offset, null, signs):
    """Score statistics from statsmodels' GLM with the coefficient held at the null."""
    blocks = [np.ones((len(frame), 1)), frame[list(covariates)].to_numpy(float)]
    blocks += [pd.get_dummies(frame[name], dtype=float).to_numpy()[:, 1:] for name in effects]
    others = np.hstack(blocks)
    w = np.ones(len(frame)) if weights is None else frame[weights].to_numpy()
    base = (0 if offset is None else frame[offset].to_numpy()) + null * frame.post.to_numpy()
    model = sm.GLM(frame.y, others, family=sm.families.Poisson(), offset=base, var_weights=w)
    mean = model.fit(tol=1e-13, maxiter=200).fittedvalues.to_numpy()
    both = others * (w * mean)[:, None]
    x = frame.post.to_numpy() - others @ np.linalg.solve(both.T @ others, both.T @ frame.post.to_numpy())
    s = pd.Series(w * x * (frame.y.to_numpy() - mean)).groupby(frame.state.to_numpy()).sum().to_numpy()
    perturbed = np.vstack([np.ones(len(s)), signs]) * s
    found = perturbed.sum(axis=1) / np.sqrt(
        ((perturbed - perturbed.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    )
    return found[0], found[1:]


@pytest.mark.parametrize("null", [0.0, 0.3])
@pytest.mark.parametrize(
    ("effects", "covariates", "weights", "offset"),
    [
        (["unit", "year"], ["x"], None, None),
        (["unit", "year"], ["x"], "w", "log_population"),
        (["unit", "year"], [], "w", None),
        ([], ["x"], None, "log_population"),
        ([], [], None, None),
    ],
)
def test_equals_scores_of_the_full_model(effects, covariates, weights, offset, null):
    frame = panel()
    result = score_bootstrap(
        frame,
        outcome="y",
        treatment="post",
        cluster="state",
        effects=effects,
        covariates=covariates,
        weights=weights,
        offset=offset,
        null=null,
        draws=512,
        intervals=False,
    )
    assert result.design["enumerated"] and result.sample.used == len(frame)
    signs = 1.0 - 2.0 * ((np.arange(512)[:, None] >> np.arange(9)) & 1)
    observed, drawn = oracle(frame, effects, covariates, weights, offset, null, signs)
    np.testing.assert_allclose(result.extra["bootstrap_statistics"], drawn, rtol=1e-7, atol=1e-9)
    row = result.row(term="post")
    assert row.statistic == pytest.approx(observed, rel=1e-8)
    assert row.p_value == np.mean(np.abs(drawn) > abs(observed) * (1 + 1e-9))
    assert result.extra["tied"][0] == 2


def test_estimate_and_standard_error_are_those_of_poisson():
    call = {
        "outcome": "y",
        "treatment": "post",
        "cluster": "state",
        "covariates": ["x"],
        "effects": ["unit", "year"],
    }
    ours = score_bootstrap(panel(), draws=512, intervals=False, **call).row(term="post")
    theirs = poisson(panel(), **call).row(term="post")
    assert (ours.estimate, ours.std_error) == (theirs.estimate, theirs.std_error)


def test_interval_holds_exactly_the_nulls_not_rejected():
    call = {
        "outcome": "y",
        "treatment": "post",
        "cluster": "state",
        "covariates": ["x"],
        "effects": ["unit", "year"],
        "draws": 512,
        "level": 0.7,
    }
    row = score_bootstrap(panel(), **call).row(term="post")
    assert row.conf_low < row.estimate < row.conf_high
    for bound, out in ((row.conf_low, -1), (row.conf_high, 1)):
        one, other = (
            score_bootstrap(panel(), null=bound + out * shift, **call | {"intervals": False})
            .row(term="post")
            .p_value
            for shift in (-1e-5, 1e-5)
        )
        assert other <= 0.3 < one


def test_rows_poisson_cannot_use_are_counted():
    frame = panel()
    frame.loc[frame.unit == 0, "y"] = 0
    frame.loc[frame.unit == 100, "x"] = np.nan
    result = score_bootstrap(
        frame,
        outcome="y",
        treatment="post",
        covariates="x",
        cluster="state",
        effects=["unit", "year"],
        draws=512,
        intervals=False,
    )
    lost = int((frame.unit == 0).sum()), int((frame.unit == 100).sum())
    assert result.sample.dropped == {"missing x": lost[1], "all-zero group": lost[0]}


def test_bad_input_is_named():
    call = {
        "outcome": "y",
        "treatment": "post",
        "cluster": "state",
        "effects": ["unit", "year"],
        "draws": 512,
    }
    with pytest.raises(EstimationError, match="alternative"):
        score_bootstrap(panel(), alternative="both", **call)
    with pytest.raises(NotIdentifiedError, match="absorbed"):
        score_bootstrap(panel(), **call | {"treatment": "u"})
    with pytest.raises(EstimationError, match="seed"):
        score_bootstrap(panel(), **call | {"draws": 10})
