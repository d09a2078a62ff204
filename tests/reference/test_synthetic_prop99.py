"""Proposition 99 (39 states, 1970 to 2000): published estimates and weights, and exact solutions by cvxpy.

Sources: Arkhangelsky et al. (2021, doi:10.1257/aer.20190159) with their data; digits from the authors' R
package. Their standard errors come from 200 random placebo draws, so only the points are targets.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import synthetic_control, synthetic_did

ESTIMATES = {
    "difference_in_differences": -27.3491110836,
    "synthetic_control": -19.6196634709,
    "synthetic_did": -15.6038278727,
}
PLACEBO_ERRORS = {
    "difference_in_differences": 17.7402669743,
    "synthetic_control": 9.91742554887,
    "synthetic_did": 8.36799308138,
}
SDID_UNITS = {
    "Nevada": 0.124489,
    "New Hampshire": 0.105048,
    "Connecticut": 0.078287,
    "Delaware": 0.070368,
    "Colorado": 0.057513,
    "Illinois": 0.053388,
    "Nebraska": 0.047853,
    "Montana": 0.045135,
    "Utah": 0.041518,
    "New Mexico": 0.040568,
}
SDID_TIMES = {1986: 0.366471, 1987: 0.206453, 1988: 0.427076}
SC_UNITS = {
    "Utah": 0.396104,
    "Montana": 0.232273,
    "Nevada": 0.204426,
    "Connecticut": 0.104467,
    "New Hampshire": 0.045364,
    "Colorado": 0.013316,
    "Delaware": 0.004050,
}
COLUMNS = {"outcome": "PacksPerCapita", "unit": "State", "time": "Year", "treatment": "treated"}


@pytest.fixture(scope="module")
def smoking(verification):
    data = pd.read_csv(verification / "prop99.csv", sep=";")
    assert data.shape == (1209, 4) and data["treated"].sum() == 12
    return data


@pytest.mark.parametrize("method", ESTIMATES)
def test_estimates(smoking, method):
    found = synthetic_did(smoking, **COLUMNS, method=method, variance=None)
    assert found.estimate[0] == pytest.approx(ESTIMATES[method], abs=1e-9)


@pytest.mark.parametrize(
    ("method", "published"), [("synthetic_did", SDID_UNITS), ("synthetic_control", SC_UNITS)]
)
def test_unit_weights(smoking, method, published):
    found = synthetic_did(smoking, **COLUMNS, method=method, variance=None)
    weights = found.extra["unit_weights"].set_index("unit")["weight"].sort_values(ascending=False)
    assert weights.index[: len(published)].tolist() == list(published)
    np.testing.assert_allclose(weights[: len(published)], list(published.values()), atol=5.1e-7)
    assert weights.sum() == pytest.approx(1, abs=1e-12)


def test_time_weights_and_regularization(smoking):
    found = synthetic_did(smoking, **COLUMNS, variance=None)
    weights = found.extra["time_weights"].set_index("time")["weight"]
    np.testing.assert_allclose(weights[weights > 0], list(SDID_TIMES.values()), atol=5.1e-7)
    assert weights.index[weights > 0].tolist() == list(SDID_TIMES)
    assert found.extra["ridge"][1989] == pytest.approx(10.2262325715, abs=1e-10)


@pytest.mark.parametrize("method", ESTIMATES)
def test_published_placebo_errors_are_draws_around_the_enumerated_one(smoking, method):
    found = synthetic_did(smoking, **COLUMNS, method=method)
    effects = found.extra["effects_drawn"][:, 0]
    assert len(effects) == 38
    assert found.std_error[0] == pytest.approx(effects.std(), rel=1e-12)
    rng = np.random.default_rng(0)
    redrawn = [rng.choice(effects, 200).std() for _ in range(2000)]
    low, high = np.quantile(redrawn, [0.005, 0.995])
    assert low < PLACEBO_ERRORS[method] < high


def matrices(smoking):
    wide = smoking.pivot(index="State", columns="Year", values="PacksPerCapita")
    return wide.drop(index="California").to_numpy(), wide.loc["California"].to_numpy()


def exact_weights(design, target, ridge, intercept):
    cp = pytest.importorskip("cvxpy")
    weights, constant = cp.Variable(design.shape[1], nonneg=True), cp.Variable()
    fit = design @ weights + (constant if intercept else 0) - target
    objective = cp.sum_squares(fit) / len(target) + ridge * cp.sum_squares(weights)
    cp.Problem(cp.Minimize(objective), [cp.sum(weights) == 1]).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13
    )
    return weights.value


def test_exact_synthetic_control_equals_an_interior_point_solver(smoking):
    donors, target = matrices(smoking)
    weights = exact_weights(donors[:, :19].T, target[:19], 0.0, False)
    gap = target - weights @ donors
    found = synthetic_control(smoking, **COLUMNS, placebos=False)
    assert found.estimate[0] == pytest.approx(gap[19:].mean(), abs=1e-6)
    np.testing.assert_allclose(found.extra["unit_weights"]["weight"], weights, atol=1e-7)


def test_exact_synthetic_did_equals_an_interior_point_solver(smoking):
    donors, target = matrices(smoking)
    noise = np.diff(donors[:, :19], axis=1).std(ddof=1)
    units = exact_weights(donors[:, :19].T, target[:19], (12**0.25 * noise) ** 2, True)
    times = exact_weights(donors[:, :19], donors[:, 19:].mean(1), (1e-6 * noise) ** 2, True)
    gap = target - units @ donors
    exact = gap[19:].mean() - times @ gap[:19]
    found = synthetic_did(smoking, **COLUMNS, solver="exact", variance=None)
    assert found.estimate[0] == pytest.approx(exact, abs=1e-6)
    published = synthetic_did(smoking, **COLUMNS, variance=None)
    assert published.extra["solver_gap"] == pytest.approx(published.estimate[0] - exact, abs=1e-6)
    assert abs(published.extra["solver_gap"]) < 0.002


@pytest.mark.peer
@pytest.mark.parametrize("ridge", [1.0, 200.0])
def test_ridge_augmented_equals_pysyncon(smoking, ridge):
    pysyncon = pytest.importorskip("pysyncon")
    states = [state for state in smoking["State"].unique() if state != "California"]
    prepared = pysyncon.Dataprep(
        foo=smoking,
        predictors=[],
        predictors_op="mean",
        dependent="PacksPerCapita",
        unit_variable="State",
        time_variable="Year",
        treatment_identifier="California",
        controls_identifier=states,
        time_predictors_prior=range(1970, 1989),
        time_optimize_ssr=range(1970, 1989),
    )
    peer = pysyncon.AugSynth()
    peer.fit(prepared, lambda_=ridge, use_covariates=False)
    weights = pd.Series(np.asarray(peer.W), index=states)
    found = synthetic_control(smoking, **COLUMNS, augment=True, ridge=ridge, placebos=False)
    ours = found.extra["unit_weights"].set_index("unit")["weight"]
    np.testing.assert_allclose(ours[states], weights[states], atol=5e-4)
