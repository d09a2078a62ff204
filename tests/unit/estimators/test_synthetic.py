"""Synthetic controls: solvers against oracles, errors, ledger, staggered adoption, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from analysis.estimators import (
    ColumnError,
    EstimationError,
    KeyNotUniqueError,
    NotIdentifiedError,
    conformal_intervals,
    synthetic_control,
    synthetic_did,
)
from analysis.estimators.synthetic import simplex

COLUMNS = {"outcome": "y", "unit": "unit", "time": "year", "treatment": "d"}


def panel(seed=0, units=14, years=10, first=7, treated=1, effect=2.0):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(units, 2)) @ rng.normal(size=(2, years)) + rng.normal(size=(units, 1)) * 2
    y = factors + rng.normal(size=years) + 0.3 * rng.normal(size=(units, years))
    d = np.zeros((units, years))
    d[:treated, first:] = 1
    rows = [
        (f"u{i:02d}", 2000 + t, y[i, t] + effect * d[i, t], int(d[i, t]))
        for i in range(units)
        for t in range(years)
    ]
    return pd.DataFrame(rows, columns=["unit", "year", "y", "d"])


def wide(data, name="y"):
    return data.pivot(index="unit", columns="year", values=name).to_numpy()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_exact_minimum_equals_a_general_solver(seed, ridge):
    rng = np.random.default_rng(seed)
    form = simplex.distance_form(rng.normal(size=(12, 7)), rng.normal(size=12), ridge, seed % 2 == 0)
    found = simplex.exact_minimum(form)
    oracle = minimize(
        lambda x: x @ form @ x,
        np.full(7, 1 / 7),
        jac=lambda x: 2 * form @ x,
        bounds=[(0, 1)] * 7,
        constraints={"type": "eq", "fun": lambda x: x.sum() - 1, "jac": lambda x: np.ones(7)},
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    assert found.sum() == pytest.approx(1) and (found >= 0).all()
    assert found @ form @ found <= oracle.fun + 1e-12
    np.testing.assert_allclose(found, oracle.x, atol=1e-5)


def test_exact_minimum_with_more_donors_than_periods_and_repeated_donors():
    rng = np.random.default_rng(1)
    design = rng.normal(size=(3, 40))
    design = np.hstack([design, design])
    inside = design @ np.full(80, 1 / 80)
    form = simplex.distance_form(design, inside, 0.0, False)
    found = simplex.exact_minimum(form)
    np.testing.assert_allclose(design @ found, inside, atol=1e-7)


def test_frank_wolfe_approaches_the_exact_minimum_from_above():
    rng = np.random.default_rng(2)
    form = simplex.distance_form(rng.normal(size=(15, 8)), rng.normal(size=15), 0.3, True)
    exact = simplex.exact_minimum(form)
    least = exact @ form @ exact
    found = simplex.frank_wolfe(form, np.full(8, 1 / 8), 1e-12, 20_000)
    assert least - 1e-14 <= found @ form @ found < least * (1 + 1e-4)


def test_compiled_frank_wolfe_takes_the_same_steps():
    pytest.importorskip("numba")
    rng = np.random.default_rng(3)
    form = simplex.distance_form(rng.normal(size=(20, 30)), rng.normal(size=20), 0.1, True)
    start = np.full(30, 1 / 30)
    plain = simplex.two_stage(form, start, 1e-12)
    compiled = simplex.two_stage(form, start, 1e-12, solve=simplex.frank_wolfe_for(10_000))
    np.testing.assert_allclose(plain, compiled, atol=1e-13)


def test_difference_in_differences_by_hand():
    data = panel(4, treated=2)
    y = wide(data)
    found = synthetic_did(data, **COLUMNS, method="difference_in_differences", variance=None)
    means = y[:2, 7:].mean() - y[:2, :7].mean() - (y[2:, 7:].mean() - y[2:, :7].mean())
    assert found.estimate[0] == pytest.approx(means, abs=1e-12)


def test_placebo_assignments_are_enumerated_when_few():
    data = panel(5, treated=2)
    found = synthetic_did(data, **COLUMNS, method="difference_in_differences", draws=100)
    y = wide(data)[2:]
    change = y[:, 7:].mean(1) - y[:, :7].mean(1)
    effects = []
    for i in range(12):
        for j in range(i + 1, 12):
            rest = np.delete(change, [i, j])
            effects.append(change[[i, j]].mean() - rest.mean())
    assert found.design["draws"] == 66
    assert found.std_error[0] == pytest.approx(np.std(effects), rel=1e-10)
    exceeding = (np.abs(effects) >= abs(found.estimate[0])).sum()
    assert found.extra["placebo_p_values"][0] == pytest.approx((1 + exceeding) / 67)


def test_random_draws_follow_the_seed():
    data = panel(6, treated=3)
    kept = {"draws": 20}
    left = synthetic_did(data, **COLUMNS, **kept, seed=1)
    again = synthetic_did(data, **COLUMNS, **kept, seed=1)
    other = synthetic_did(data, **COLUMNS, **kept, seed=2)
    assert left.covariance.tobytes() == again.covariance.tobytes()
    assert left.covariance[0, 0] != other.covariance[0, 0]


@pytest.mark.peer
def test_synthetic_did_and_its_jackknife_equal_diff_diff():
    peer = pytest.importorskip("diff_diff")
    data = panel(7, units=30, treated=4)
    ever = data.assign(ever=data.groupby("unit")["d"].transform("max"))
    for method, name in (("jackknife", "jackknife"), ("placebo", "placebo")):
        theirs = peer.SyntheticDiD(variance_method=name, n_bootstrap=50, seed=1).fit(
            ever, outcome="y", treatment="ever", unit="unit", time="year", post_periods=[2007, 2008, 2009]
        )
        ours = synthetic_did(data, **COLUMNS, variance=method, draws=50)
        assert ours.estimate[0] == pytest.approx(theirs.att, abs=1e-9)
        if method == "jackknife":
            assert ours.std_error[0] == pytest.approx(theirs.se, rel=1e-6)


def test_bootstrap_covers_the_spread_of_treated_units():
    data = panel(8, units=40, treated=10)
    found = synthetic_did(data, **COLUMNS, variance="bootstrap", draws=60)
    jackknife = synthetic_did(data, **COLUMNS, variance="jackknife")
    assert found.std_error[0] == pytest.approx(jackknife.std_error[0], rel=0.5)


def test_staggered_cohorts_are_separate_fits_weighted_by_cells():
    data = panel(9, units=20, treated=5)
    later = data["unit"].isin(["u00", "u01"]) & (data["year"] == 2007)
    data.loc[later, "d"] = 0
    found = synthetic_did(data, **COLUMNS, draws=30)
    assert found.keys["cohort"].tolist()[1:] == [2007, 2008]
    alone = [
        synthetic_did(data[~data["unit"].isin(left_out)], **COLUMNS, variance=None).estimate[0]
        for left_out in (["u00", "u01"], ["u02", "u03", "u04"])
    ]
    np.testing.assert_allclose(found.estimate[1:], alone, atol=1e-10)
    assert found.estimate[0] == pytest.approx((9 * alone[0] + 4 * alone[1]) / 13, abs=1e-10)
    assert found.covariance.shape == (3, 3)
    first = data[data["d"] == 1].groupby("unit")["year"].min()
    by_cohort = data.assign(start=data["unit"].map(first)).drop(columns="d")
    columns = COLUMNS | {"treatment": None, "cohort": "start"}
    assert synthetic_did(by_cohort, **columns, variance=None).estimate.tobytes() == found.estimate.tobytes()


def test_covariates_are_projected_out():
    data = panel(10)
    rng = np.random.default_rng(0)
    data["x"] = rng.normal(size=len(data))
    moved = data.assign(y=data["y"] + 3 * data["x"])
    left = synthetic_did(data, **COLUMNS, covariates="x", variance=None)
    right = synthetic_did(moved, **COLUMNS, covariates="x", variance=None)
    assert right.estimate[0] == pytest.approx(left.estimate[0], abs=1e-9)
    assert right.extra["covariate_effects"][0] == pytest.approx(left.extra["covariate_effects"][0] + 3)


def test_in_space_placebos_by_hand():
    data = panel(11)
    y = wide(data)
    found = synthetic_control(data, **COLUMNS)
    ratios = []
    for i in range(1, 14):
        rest = [j for j in range(1, 14) if j != i]
        form = simplex.distance_form(y[rest, :7].T, y[i, :7], 0.0, False)
        gap = y[i] - simplex.exact_minimum(form) @ y[rest]
        ratios.append(np.sqrt((gap[7:] ** 2).mean() / (gap[:7] ** 2).mean()))
    table = found.extra["ratios"]
    np.testing.assert_allclose(table["ratio"][1:], ratios, rtol=1e-8)
    p_value = (1 + (np.array(ratios) >= table["ratio"][0]).sum()) / 14
    assert found.tidy()["p_value"][0] == pytest.approx(p_value)
    assert table["rank"][0] == p_value * 14
    assert found.tidy()["p_value"].min() >= 1 / 14
    effects = found.extra["placebo_gaps"].to_numpy()[7:].mean(axis=0)
    assert found.std_error[0] == pytest.approx(effects.std(), rel=1e-10)


def test_badly_fitting_placebos_are_left_out_and_counted():
    data = panel(12)
    found = synthetic_control(data, **COLUMNS, worst_fit=1.0)
    before = found.extra["ratios"]["before"].to_numpy()
    assert found.design["placebos"] == (before[1:] <= before[0]).sum()
    assert found.design["placebos"] + found.design["placebos_left_out"] == 13


def test_hull_is_said_plainly():
    data = panel(13)
    outside = synthetic_control(data, **COLUMNS, placebos=False)
    assert outside.design["hull"].startswith("outside")
    y = data.set_index(["unit", "year"])["y"]
    middle = (y["u01"] + y["u02"]) / 2
    inside = data.copy()
    inside.loc[inside["unit"] == "u00", "y"] = middle.to_numpy()
    found = synthetic_control(inside, **COLUMNS, placebos=False)
    assert found.design["hull"].startswith("inside")
    assert found.estimate[0] == pytest.approx(0, abs=1e-6)


def test_leave_one_out_drops_the_donor():
    data = panel(14)
    found = synthetic_control(data, **COLUMNS, placebos=False)
    for row in found.extra["leave_one_out"].itertuples():
        fewer = synthetic_control(data[data["unit"] != row.unit], **COLUMNS, placebos=False)
        assert fewer.estimate[0] == pytest.approx(row.estimate, abs=1e-9)


def test_covariates_enter_by_their_means_and_weights():
    data = panel(15)
    data["x"] = np.random.default_rng(1).normal(size=len(data))
    found = synthetic_control(
        data, **COLUMNS, covariates="x", lags=[2003], predictor_weights=[4.0, 1.0], placebos=False
    )
    x, y = wide(data, "x")[:, :7].mean(1), wide(data)[:, 3]
    values = np.vstack([2 * x / x.std(ddof=1), y / y.std(ddof=1)])
    miss = (values[:, 0] - values[:, 1:] @ found.extra["unit_weights"]["weight"]) ** 2
    best = simplex.exact_minimum(simplex.distance_form(values[:, 1:], values[:, 0], 0.0, False))
    assert miss.sum() == pytest.approx(((values[:, 0] - values[:, 1:] @ best) ** 2).sum(), abs=1e-10)


def test_nested_weights_fit_earlier_outcomes_no_worse():
    data = panel(16)
    rng = np.random.default_rng(2)
    data["x"], data["z"] = rng.normal(size=len(data)), rng.normal(size=len(data))
    options = {"covariates": ["x", "z"], "lags": [2000, 2006], "placebos": False}
    plain = synthetic_control(data, **COLUMNS, **options)
    nested = synthetic_control(data, **COLUMNS, **options, predictor_weights="nested")
    assert nested.extra["fit_before"] < plain.extra["fit_before"]


def test_ridge_improves_the_fit_and_keeps_the_sum():
    data = panel(17)
    plain = synthetic_control(data, **COLUMNS, placebos=False)
    augmented = synthetic_control(data, **COLUMNS, augment=True, placebos=False)
    assert augmented.extra["fit_before"] < plain.extra["fit_before"]
    assert augmented.extra["unit_weights"]["weight"].sum() == pytest.approx(1)
    stiff = synthetic_control(data, **COLUMNS, augment=True, ridge=1e12, placebos=False)
    assert stiff.estimate[0] == pytest.approx(plain.estimate[0], abs=1e-8)


def test_conformal_p_values_and_interval_ends_by_refitting():
    data = panel(18, years=14, first=11, effect=4.0)
    found = conformal_intervals(data, **COLUMNS, level=0.8)
    y = wide(data)

    def p_value(period, effect):
        columns = [*range(11), period]
        moved = y[0, columns].copy()
        moved[-1] -= effect
        form = simplex.distance_form(y[1:, columns].T, moved, 0.0, False)
        residual = np.abs(moved - simplex.exact_minimum(form) @ y[1:, columns])
        return (residual >= residual[-1] * (1 - 1e-9)).mean()

    for number, row in enumerate(found.tidy().itertuples()):
        period = 11 + number
        assert row.p_value == pytest.approx(p_value(period, 0.0))
        assert row.conf_low < row.estimate < row.conf_high
        width = row.conf_high - row.conf_low
        for end, out in ((row.conf_low, -1), (row.conf_high, 1)):
            assert p_value(period, end - out * 1e-3 * width) > 0.2
            assert p_value(period, end + out * 1e-3 * width) <= 0.2
    assert 1 / 14 <= found.design["joint_p_value"] <= 1


def test_conformal_intervals_are_infinite_with_too_few_periods():
    tidy = conformal_intervals(panel(19), **COLUMNS).tidy()
    assert np.isinf(tidy[["conf_low", "conf_high"]]).all(axis=None)


def test_ledger_counts_units_left_out():
    data = panel(20)
    data = data[~((data["unit"] == "u05") & (data["year"] == 2003))]
    data.loc[data["unit"] == "u06", "d"] = 1
    found = synthetic_did(data, **COLUMNS, missing="drop", variance=None)
    assert found.sample.dropped == {"donor with missing cells": 9, "treated in the first period": 10}
    assert found.sample.used == 120 == found.sample.rows.sum()


def test_input_order_does_not_matter():
    data = panel(21)
    shuffled = data.sample(frac=1, random_state=0)
    for method in (synthetic_did, synthetic_control):
        assert method(data, **COLUMNS).estimate.tobytes() == method(shuffled, **COLUMNS).estimate.tobytes()


def broken(change):
    data = panel(22)
    return change(data)


@pytest.mark.parametrize("method", [synthetic_did, synthetic_control])
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda data: data.assign(d=0), NotIdentifiedError, "no treated unit"),
        (lambda data: data.assign(d=(data["year"] > 2005).astype(int)), NotIdentifiedError, "no donor"),
        (
            lambda data: data.assign(d=(data["unit"] == "u00").astype(int)),
            NotIdentifiedError,
            "no treated unit",
        ),
        (lambda data: data.drop(index=12), ColumnError, r"'u01' in np.int64\(2002\)|'u01' in 2002"),
        (lambda data: data.assign(y=data["y"].where(data.index != 25)), ColumnError, "'u02'"),
        (lambda data: data.assign(d=data["d"].where(data["year"] != 2009, 0)), ColumnError, "treatment ends"),
        (lambda data: data.assign(d=0.5), ColumnError, "0 or 1"),
        (lambda data: pd.concat([data, data.head(1)]), KeyNotUniqueError, "u00"),
        (lambda data: data.assign(y="many"), ColumnError, "not numbers"),
    ],
)
def test_bad_data_are_named(method, change, error, words):
    with pytest.raises(error, match=words):
        method(broken(change), **COLUMNS)


@pytest.mark.parametrize(
    ("method", "options", "error", "words"),
    [
        (synthetic_did, {"method": "sdid"}, EstimationError, "sdid"),
        (synthetic_did, {"solver": "fast"}, EstimationError, "fast"),
        (synthetic_did, {"variance": "hc1"}, EstimationError, "hc1"),
        (synthetic_did, {"variance": "jackknife"}, NotIdentifiedError, "two treated units"),
        (synthetic_did, {"variance": "bootstrap"}, NotIdentifiedError, "two treated units"),
        (synthetic_did, {"cohort": "d"}, EstimationError, "either treatment"),
        (synthetic_did, {"missing": "ignore"}, EstimationError, "missing must be"),
        (synthetic_did, {"covariates": "flat"}, NotIdentifiedError, "does not vary"),
        (synthetic_control, {"lags": []}, EstimationError, "nothing to match on"),
        (synthetic_control, {"lags": [2009]}, EstimationError, "before treatment"),
        (synthetic_control, {"predictor_weights": [1.0]}, EstimationError, "7 numbers"),
        (synthetic_control, {"predictor_weights": "best"}, EstimationError, "best"),
        (synthetic_control, {"covariates": "flat"}, NotIdentifiedError, r"\['flat'\] does not vary"),
    ],
)
def test_bad_options_are_named(method, options, error, words):
    with pytest.raises(error, match=words):
        method(panel(23).assign(flat=1.0), **COLUMNS, **options)


def test_staggered_adoption_is_sent_to_synthetic_did():
    data = panel(24, treated=2)
    data.loc[(data["unit"] == "u00") & (data["year"] == 2007), "d"] = 0
    with pytest.raises(NotIdentifiedError, match="synthetic_did"):
        synthetic_control(data, **COLUMNS)
