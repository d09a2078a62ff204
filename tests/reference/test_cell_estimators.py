"""Interaction-weighted and extended two-way effects: published values, a second package, dense designs, identities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import extended_twfe, group_time, interaction_weighted
from analysis.estimators.errors import ColumnError, EstimationError, NotIdentifiedError
from analysis.estimators.staggered.saturated import fit_saturated

KEYS = {"outcome": "lemp", "unit": "countyreal", "time": "year", "cohort": "g"}
SUN_ABRAHAM = {
    -4: (0.003306, 0.024555),
    -3: (0.025022, 0.018154),
    -2: (0.024459, 0.014267),
    0: (-0.019932, 0.011858),
    1: (-0.050957, 0.016871),
    2: (-0.137259, 0.036589),
    3: (-0.100811, 0.034504),
}
CASTLE = {
    0: (0.097215, 0.040379),
    1: (0.111549, 0.046407),
    2: (0.111566, 0.060266),
    3: (0.136825, 0.061181),
    4: (0.092587, 0.057353),
    5: (0.111942, 0.054431),
}
NOT_YET = [
    (-0.0193723637, 0.0223952765),
    (-0.0783190991, 0.0305062361),
    (-0.1360781144, 0.0354768818),
    (-0.1047074716, 0.0338947466),
    (0.0025138619, 0.0199448452),
    (-0.0391927356, 0.0240232361),
    (-0.0431060328, 0.0184422693),
]
WITH_COVARIATE = [
    (-0.0212480022, 0.021724),
    (-0.0818499993, 0.027369),
    (-0.1378703867, 0.030788),
    (-0.1095394554, 0.032315),
    (0.0025368064, 0.018879),
    (-0.0450934723, 0.021983),
    (-0.0459545277, 0.017971),
]
NEVER = {
    (2006, 2003): (-0.0037692937, 0.0314933678),
    (2006, 2004): (0.0027508188, 0.0196530028),
    (2007, 2003): (0.0033063567, 0.0245699429),
    (2007, 2004): (0.0338130123, 0.0212312007),
    (2007, 2005): (0.0310871194, 0.0179638359),
    (2004, 2004): (-0.0105032462, 0.0233633079),
    (2004, 2005): (-0.0704231581, 0.0311343819),
    (2004, 2006): (-0.1372587389, 0.0366116000),
    (2004, 2007): (-0.1008113631, 0.0345251351),
    (2006, 2006): (-0.0045946070, 0.0178409306),
    (2006, 2007): (-0.0412244715, 0.0203268607),
    (2007, 2007): (-0.0260544107, 0.0167358589),
}
AVERAGES = {
    "simple": [(-0.0506270331, 0.0124972547)],
    "cohort": [(-0.0876269609, 0.0230474), (-0.0212783329, 0.0185912), (-0.0459545277, 0.0179714)],
    "event": [
        (-0.0332122038, 0.0133659636),
        (-0.0573456479, 0.0171496443),
        (-0.1378703867, 0.0307883597),
        (-0.1095394554, 0.0323152785),
    ],
}
NEVER_COVARIATE_EVENT = [
    (0.0234649548, 0.0145314904),
    (-0.0211467367, 0.0113935648),
    (-0.0533558653, 0.0157744282),
    (-0.1410801046, 0.0322891809),
    (-0.1075442747, 0.0329231689),
]
POISSON_LINK = [
    (-0.0325653635, 0.0128503811),
    (-0.0675071047, 0.0183966911),
    (-0.1329713449, 0.0237253183),
    (-0.1170227792, 0.0225005665),
]
POISSON_RESPONSE = [(-25.3497, 15.8863), (1.0918, 40.2952), (-75.1246, 23.1541), (-101.8240, 27.0877)]


@pytest.fixture(scope="module")
def employment(verification) -> pd.DataFrame:
    data = pd.read_csv(verification / "mpdta.csv").rename(columns={"first.treat": "g"})
    return data.assign(emp=np.exp(data["lemp"]))


@pytest.fixture(scope="module")
def castle(verification) -> pd.DataFrame:
    data = pd.read_csv(verification / "castle.csv")
    first = data.loc[data["post"] > 0].groupby("state")["year"].min()
    return data[["state", "year", "l_homicide"]].assign(g=data["state"].map(first))


def assert_rows(result, expected, estimate=5.1e-11, error=5.1e-11):
    table = result.tidy()
    assert len(table) == len(expected)
    wanted = np.array(expected)
    np.testing.assert_allclose(table["estimate"], wanted[:, 0], atol=estimate, rtol=0)
    np.testing.assert_allclose(table["std_error"], wanted[:, 1], atol=error, rtol=0)


def test_interaction_weights_on_employment(employment):
    event = interaction_weighted(employment, **KEYS).aggregate("event")
    assert event.keys["event_time"].tolist() == list(SUN_ABRAHAM)
    assert_rows(event, list(SUN_ABRAHAM.values()), 5.1e-7, 5.1e-7)


def test_interaction_weights_on_castle(castle):
    event = interaction_weighted(
        castle, outcome="l_homicide", unit="state", time="year", cohort="g"
    ).aggregate("event", window=(0, 5))
    assert_rows(event, list(CASTLE.values()), 5.1e-7, 5.1e-7)


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("share_missing", [0.0, 0.12])
def test_interaction_weights_agree_with_a_dense_regression(employment, share_missing):
    pf = pytest.importorskip("pyfixest")
    data = employment[np.random.default_rng(2).uniform(size=len(employment)) >= share_missing]
    data = data[data.groupby("countyreal")["year"].transform("size") > 1]
    cell = data["g"].astype(int).astype(str) + "_" + data["year"].astype(int).astype(str)
    data = data.assign(cell=cell.where((data["g"] > 0) & (data["year"] != data["g"] - 1), "none"))
    peer = pf.feols(
        'lemp ~ i(cell, ref="none") | countyreal + year', data, vcov={"CRV1": "countyreal"}
    ).tidy()
    own = interaction_weighted(data, **KEYS).tidy()
    labels = "cell::" + own["cohort"].astype(int).astype(str) + "_" + own["time"].astype(int).astype(str)
    assert len(own) == len(peer)
    for ours, theirs in (("estimate", "Estimate"), ("std_error", "Std. Error"), ("p_value", "Pr(>|t|)")):
        np.testing.assert_allclose(own[ours], peer.loc[labels, theirs], rtol=1e-6, atol=1e-8)


def test_without_covariates_equals_group_time_dynamics(employment):
    ours = interaction_weighted(employment, **KEYS, correction="none").tidy()
    other = group_time(employment, **KEYS, base="universal").tidy()
    merged = ours.merge(other, on=["cohort", "time"])
    assert len(merged) == len(ours) == len(other)
    np.testing.assert_allclose(merged["estimate_x"], merged["estimate_y"], atol=1e-12)
    np.testing.assert_allclose(merged["std_error_x"], merged["std_error_y"], rtol=1e-10)


def test_without_never_treated_the_last_cohort_compares(employment):
    ever = employment[employment["g"] > 0]
    result = interaction_weighted(ever, **KEYS)
    assert result.design["control"] == "last cohort (2007)"
    assert result.sample.dropped == {
        "at or after 2007, when no untreated cohort is left": (ever["year"] == 2007).sum()
    }
    assert set(result.keys["cohort"]) == {2004, 2006}


def test_extended_not_yet(employment):
    assert_rows(extended_twfe(employment, **KEYS), NOT_YET)


def test_extended_never(employment):
    result = extended_twfe(employment, **KEYS, control="never")
    keys = list(zip(result.keys["cohort"].astype(int), result.keys["time"].astype(int), strict=True))
    assert_rows(result, [NEVER[key] for key in keys])


def test_extended_with_covariate(employment):
    result = extended_twfe(employment, **KEYS, covariates="lpop")
    assert_rows(result, WITH_COVARIATE, 5.1e-11, 5.1e-7)
    for by, expected in AVERAGES.items():
        assert_rows(result.aggregate(by), expected, 5.1e-11, 5.1e-8)


def test_extended_never_with_covariate(employment):
    event = extended_twfe(employment, **KEYS, covariates="lpop", control="never").aggregate(
        "event", window=(-2, 3)
    )
    assert_rows(event, NEVER_COVARIATE_EVENT, 5.1e-11, 1e-8)


def test_extended_poisson(employment):
    keys = {**KEYS, "outcome": "emp", "covariates": "lpop", "family": "poisson"}
    assert_rows(extended_twfe(employment, **keys).aggregate("event"), POISSON_LINK, 5.1e-8, 5.1e-7)
    response = extended_twfe(employment, **keys, scale="response").aggregate("event")
    assert_rows(response, POISSON_RESPONSE, 1.1e-4, 2e-4)


@pytest.mark.peer
def test_extended_poisson_agrees_with_dummies(employment):
    sm = pytest.importorskip("statsmodels.api")
    own = extended_twfe(employment, **{**KEYS, "outcome": "emp"}, family="poisson", correction="none")
    cells = [(employment["g"] == g) & (employment["year"] == t) for g, t in own.keys.itertuples(index=False)]
    dummies = pd.get_dummies(employment[["g", "year"]].astype(int).astype(str), drop_first=True, dtype=float)
    x = np.column_stack([np.ones(len(employment)), dummies, *cells]).astype(float)
    fit = sm.GLM(employment["emp"], x, family=sm.families.Poisson()).fit(
        tol=1e-14, cov_type="cluster", cov_kwds={"groups": employment["countyreal"], "use_correction": False}
    )
    np.testing.assert_allclose(own.estimate, fit.params[-len(cells) :], rtol=1e-8)
    np.testing.assert_allclose(own.std_error, fit.bse[-len(cells) :], rtol=1e-7)


def test_two_groups_two_periods_are_four_means(employment):
    data = employment[employment["year"].isin([2006, 2007]) & employment["g"].isin([0, 2007])]
    means = data.groupby([data["g"] > 0, "year"])["lemp"].mean()
    expected = means[True, 2007] - means[True, 2006] - means[False, 2007] + means[False, 2006]
    for estimator in (interaction_weighted, extended_twfe):
        assert estimator(data, **KEYS).estimate == pytest.approx([expected], abs=1e-12)


@pytest.mark.parametrize("estimator", [interaction_weighted, extended_twfe])
def test_integer_weights_are_repeated_units_in_estimate(employment, estimator):
    copies = employment["countyreal"].astype(int) % 3 + 1
    repeated = pd.concat(
        [employment[copies > c].assign(unit=lambda d, c=c: d["countyreal"] * 10 + c) for c in range(3)]
    )
    keys = {"outcome": "lemp", "time": "year", "cohort": "g", "cluster": "countyreal", "correction": "none"}
    weighted = estimator(
        employment.assign(w=copies, unit=employment["countyreal"]), **keys, unit="unit", weights="w"
    )
    plain = estimator(repeated, **keys, unit="unit")
    np.testing.assert_allclose(weighted.estimate, plain.estimate, atol=1e-12)
    np.testing.assert_allclose(weighted.std_error, plain.std_error, rtol=1e-9)


def test_saturated_kernel_equals_dense_least_squares():
    random = np.random.default_rng(0)
    units, periods = 60, 6
    cohort, z = random.integers(0, 3, units), np.column_stack([np.ones(units), random.normal(size=units)])
    cells = np.zeros((3, periods), bool)
    cells[0, [0, 1, 3, 4, 5]] = cells[1, [0, 1, 2, 3, 5]] = True
    y = random.normal(size=(units, periods))
    weights = random.uniform(0.5, 2, y.shape) * (random.uniform(size=y.shape) > 0.15)
    fit = fit_saturated(y, weights, cohort, z, cells)
    where = np.argwhere(weights > 0)
    design = np.array([_dense_row(i, t, units, periods, z, cohort, fit.cells) for i, t in where])
    w, outcome = weights[tuple(where.T)], y[tuple(where.T)]
    information = (design * w[:, None]).T @ design
    coefficient = np.linalg.solve(information, design.T @ (w * outcome))
    scores = np.zeros((units, design.shape[1]))
    np.add.at(scores, where[:, 0], design * (w * (outcome - design @ coefficient))[:, None])
    size = fit.effects.size
    np.testing.assert_allclose(fit.effects.ravel(), coefficient[-size:], atol=1e-10)
    np.testing.assert_allclose(fit.influence, (scores @ np.linalg.inv(information))[:, -size:], atol=1e-10)


def _dense_row(i, t, units, periods, z, cohort, cells):
    unit, period = np.eye(units)[i], np.zeros((periods, z.shape[1]))
    period[t] = z[i]
    own = (cells == (cohort[i], t)).all(axis=1)
    return np.concatenate([unit, period[1:].ravel(), (own[:, None] * z[i]).ravel()])


def test_bad_input_is_named(employment):
    with pytest.raises(ColumnError, match="change within units"):
        extended_twfe(employment, **KEYS, covariates="year")
    with pytest.raises(ColumnError, match="negative"):
        extended_twfe(employment.assign(lemp=-1.0), **KEYS, family="poisson")
    with pytest.raises(EstimationError, match="correction"):
        interaction_weighted(employment, **KEYS, correction="hc9")
    with pytest.raises(NotIdentifiedError, match="no cohort"):
        interaction_weighted(employment.assign(g=0), **KEYS)
    with pytest.raises(NotIdentifiedError):
        interaction_weighted(employment[employment["g"] == 2004].assign(g=2005), **KEYS)


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_unit_effects_poisson_is_the_dense_regression(employment):
    """With gaps, an offset, all-zero units and an all-zero cell, against dummies in a second package."""
    pf = pytest.importorskip("pyfixest")
    random = np.random.default_rng(8)
    data = employment[random.uniform(size=len(employment)) > 0.1]
    rate = np.exp(-6 + 0.4 * random.normal(size=len(data)))
    data = data.assign(y=random.poisson(rate * data["emp"]).astype(float), log_emp=np.log(data["emp"]))
    data.loc[(data["g"] == 2006) & (data["year"] == 2007), "y"] = 0.0
    keys = {**KEYS, "outcome": "y", "family": "poisson", "absorb": "unit"}
    own = extended_twfe(data, **keys, offset="log_emp")
    assert (
        own.sample.dropped["cell with a zero outcome throughout"]
        == ((data["g"] == 2006) & (data["year"] == 2007)).sum()
    )
    assert own.sample.dropped["unit with a zero outcome throughout"] > 0
    assert own.sample.used + sum(own.sample.dropped.values()) == len(data)
    used = data[own.sample.rows] if own.sample.rows is not None else _positive(data)
    cell = used["g"].astype(int).astype(str) + "_" + used["year"].astype(int).astype(str)
    used = used.assign(cell=cell.where((used["g"] > 0) & (used["year"] >= used["g"]), "none"))
    peer = pf.fepois(
        'y ~ i(cell, ref="none") | countyreal + year',
        used,
        offset="log_emp",
        vcov={"CRV1": "countyreal"},
        iwls_tol=1e-12,
    )
    labels = (
        "cell::" + own.keys["cohort"].astype(int).astype(str) + "_" + own.keys["time"].astype(int).astype(str)
    )
    np.testing.assert_allclose(own.estimate, peer.coef()[labels], rtol=1e-6, atol=1e-8)
    ratio = own.std_error / peer.se()[labels].to_numpy()
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
    assert ratio[0] == pytest.approx(1.0, abs=2e-3)


def _positive(data):
    data = data[~((data["g"] == 2006) & (data["year"] == 2007))]
    return data[data.groupby("countyreal")["y"].transform("sum") > 0]


def test_unit_and_cohort_effects_agree_when_balanced(employment):
    for outcome, family in (("lemp", "linear"), ("emp", "poisson")):
        keys = {**KEYS, "outcome": outcome, "family": family, "correction": "none"}
        cohort, unit = (extended_twfe(employment, **keys, absorb=a) for a in ("cohort", "unit"))
        np.testing.assert_allclose(cohort.estimate, unit.estimate, rtol=1e-7, atol=1e-9)
        if family == "linear":
            np.testing.assert_allclose(cohort.std_error, unit.std_error, rtol=1e-9)
