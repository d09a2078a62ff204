"""Standard errors of averages of group-time effects: a second package, and the derivative of the whole average.

An average's sampling error holds that of its cells and that of the cohort shares which weigh them. The
infinitesimal jackknife knows nothing of either: it moves the weight of one unit, estimates cells and shares
anew, and takes the slope of the average. Its root sum of squares is the standard error.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import extended_twfe, group_time, interaction_weighted

MPDTA = {"outcome": "lemp", "unit": "countyreal", "time": "year", "cohort": "g"}
CASTLE = {"outcome": "l_homicide", "unit": "sid", "time": "year", "cohort": "g"}
ODD = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}
KINDS = {"simple": "simple", "cohort": "group", "event": "dynamic", "calendar": "calendar"}
METHODS = ("dr", "ipw", "reg")


@pytest.fixture(scope="module")
def employment(verification) -> pd.DataFrame:
    data = pd.read_csv(verification / "mpdta.csv").rename(columns={"first.treat": "g"})
    return data.astype({"g": int, "countyreal": int}).assign(state=lambda d: d["countyreal"] // 1000)


@pytest.fixture(scope="module")
def castle(verification) -> pd.DataFrame:
    data = pd.read_csv(verification / "castle.csv", usecols=["sid", "year", "l_homicide", "post"])
    first = data.loc[data["post"] > 0].groupby("sid")["year"].min()
    return data.assign(g=data["sid"].map(first).fillna(0).astype(int))


def odd_panel(seed: int, units: int = 48) -> pd.DataFrame:
    """Return uneven cohorts with gaps, a fixed covariate, unequal weights, and units in random order."""
    random = np.random.default_rng(seed)
    cohort = random.choice([0, 3, 4, 6], units, p=[0.4, 0.15, 0.3, 0.15])
    cohort[:8] = [0, 0, 3, 3, 4, 4, 6, 6]
    x, w = random.normal(size=units), random.uniform(0.4, 2.5, units)
    frame = pd.DataFrame([(i, t) for i in range(units) for t in range(1, 8)], columns=["unit", "t"])
    code = frame["unit"].to_numpy()
    data = frame.assign(g=cohort[code], x=x[code], w=w[code], block=code % 13)
    effect = (
        (data["g"] > 0) * (data["t"] >= data["g"]) * (1 + 0.4 * data["g"] + 0.3 * (data["t"] - data["g"]))
    )
    level, noise = random.normal(size=units)[code], random.normal(size=len(data))
    data["y"] = level + data["t"] * (0.2 + 0.1 * data["x"]) + effect + noise
    data = data[random.random(len(data)) > 0.06]
    return (
        data.assign(unit=data["unit"] * 7919 % 1009).sample(frac=1, random_state=seed).reset_index(drop=True)
    )


def averages(fit, **window):
    """Return estimates and standard errors of all averages of all kinds, overall ones last in their kind."""
    names, found, errors = [], [], []
    for by in KINDS:
        result = fit.aggregate(by, **(window if by == "event" else {}))
        parts = [(str(label), result, i) for i, label in enumerate(result.keys.iloc[:, 0])]
        parts += [("overall", result.extra["overall"], 0)] if by != "simple" else []
        names += [f"{by} {label}" for label, _, _ in parts]
        found += [part.estimate[i] for _, part, i in parts]
        errors += [part.std_error[i] for _, part, i in parts]
    return names, np.array(found), np.array(errors)


def slopes(data, options, **window):
    """Return the slope of every average in the relative weight of each unit, a row per unit."""
    own = data["w"] if "w" in data else pd.Series(1.0, index=data.index)
    found = {}
    for member in np.unique(data[options["unit"]]):
        here = data[options["unit"]] == member
        ends = [
            averages(group_time(data.assign(w=own * (1 + step * here)), weights="w", **options), **window)[1]
            for step in (1e-4, -1e-4)
        ]
        found[member] = (ends[0] - ends[1]) / 2e-4
    return pd.DataFrame(found).T


def jackknifed(slope) -> np.ndarray:
    """Return the infinitesimal jackknife's standard errors."""
    return np.sqrt((slope**2).sum()).to_numpy()


def peer_averages(csdid, data, keys, *, control, method, covariates=None, cluster=None, **window):
    """Return what `averages` does, by csdid."""
    formula = None if covariates is None else f"{keys['outcome']}~{covariates}"
    peer = csdid.ATTgt(
        yname=keys["outcome"], tname=keys["time"], idname=keys["unit"], gname=keys["cohort"], data=data.copy(),
        xformla=formula, control_group=control, clustervar=cluster,
    ).fit(est_method=method, bstrap=False)  # fmt: skip
    found, errors = [], []
    for kind in KINDS.values():
        limits = window if kind == "dynamic" else {}
        result = peer.aggte(kind, bstrap=False, cband=False, **limits).atte
        if kind != "simple":
            found += list(result["att_egt"])
            errors += list(np.ravel(result["se_egt"]))
        found.append(result["overall_att"])
        errors.append(float(np.ravel(result["overall_se"])[0]))
    return np.array(found, float), np.array(errors, float)


@pytest.mark.peer
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("control", "theirs"), [("never", "nevertreated"), ("not_yet", "notyettreated")])
@pytest.mark.parametrize("covariates", [None, "lpop"])
def test_mpdta_averages_and_their_errors_are_those_of_a_second_package(
    employment, method, control, theirs, covariates
):
    csdid = pytest.importorskip("csdid.att_gt")
    options = {"control": control, "method": method, "covariates": covariates}
    names, found, errors = averages(group_time(employment, **MPDTA, **options, base="varying"))
    estimate, error = peer_averages(csdid, employment, MPDTA, **{**options, "control": theirs})
    assert len(names) == len(estimate) == 18
    np.testing.assert_allclose(found, estimate, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(errors, error, rtol=1e-8)


@pytest.mark.peer
@pytest.mark.parametrize(("control", "theirs"), [("never", "nevertreated"), ("not_yet", "notyettreated")])
def test_castle_averages_and_their_errors_are_those_of_a_second_package(castle, control, theirs):
    csdid = pytest.importorskip("csdid.att_gt")
    names, found, errors = averages(group_time(castle, **CASTLE, control=control, base="varying"))
    estimate, error = peer_averages(csdid, castle, CASTLE, control=theirs, method="dr")
    assert len(names) == len(estimate)
    np.testing.assert_allclose(found, estimate, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(errors, error, rtol=1e-8)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ({"balance": 0}, {"balance_e": 0}),
        ({"balance": 1}, {"balance_e": 1}),
        ({"balance": 3}, {"balance_e": 3}),
        ({"window": (-2, 1)}, {"min_e": -2, "max_e": 1}),
        ({"balance": 1, "window": (-1, 1)}, {"balance_e": 1, "min_e": -1, "max_e": 1}),
    ],
    ids=str,
)
def test_balanced_and_cut_event_times_are_those_of_a_second_package(employment, own, theirs):
    csdid = pytest.importorskip("csdid.att_gt")
    data = employment.astype({"year": int}).query("g != 2007 or countyreal % 2")
    names, found, errors = averages(group_time(data, **MPDTA, base="varying"), **own)
    estimate, error = peer_averages(csdid, data, MPDTA, control="nevertreated", method="dr", **theirs)
    assert len(names) == len(estimate)
    np.testing.assert_allclose(found, estimate, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(errors, error, rtol=1e-8)


@pytest.mark.peer
def test_errors_in_clusters_are_those_of_a_second_package(employment):
    csdid = pytest.importorskip("csdid.att_gt")
    fit = group_time(employment, **MPDTA, cluster="state", covariates="lpop", base="varying")
    _, found, errors = averages(fit)
    estimate, error = peer_averages(
        csdid, employment, MPDTA, control="nevertreated", method="dr", covariates="lpop", cluster="state"
    )
    np.testing.assert_allclose(found, estimate, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(errors, error, rtol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_mpdta_errors_are_the_infinitesimal_jackknife(employment, method):
    some = np.random.default_rng(4).choice(employment["countyreal"].unique(), 90, replace=False)
    data = employment[employment["countyreal"].isin(some)]
    options = {**MPDTA, "method": method, "covariates": "lpop", "control": "not_yet", "base": "varying"}
    fit = group_time(data, **options)
    np.testing.assert_allclose(averages(fit)[2], jackknifed(slopes(data, options)), rtol=2e-6)


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_castle_errors_are_the_infinitesimal_jackknife(castle, control):
    options = {**CASTLE, "control": control, "base": "universal"}
    fit = group_time(castle, **options)
    window = {"window": (-3, 4)}
    expected = jackknifed(slopes(castle, options, **window))
    np.testing.assert_allclose(averages(fit, **window)[2], expected, rtol=2e-6, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("panel", ["pairwise", "complete", "repeated"])
def test_errors_on_odd_panels_are_the_infinitesimal_jackknife(method, panel):
    """Gaps, unequal weights and clusters at once."""
    data = odd_panel(5, units=70 if panel == "complete" else 40)
    options = {**ODD, "method": method, "covariates": "x", "panel": panel, "base": "varying"}
    if method == "reg":
        options |= {"control": "not_yet"}
    slope = slopes(data, options, balance=1)
    block = data.groupby("unit")["block"].first()
    for cluster, sums in ((None, slope), ("block", slope.groupby(block).sum())):
        fit = group_time(data, weights="w", cluster=cluster, **options)
        np.testing.assert_allclose(averages(fit, balance=1)[2], jackknifed(sums), rtol=2e-6)


@pytest.mark.parametrize("estimator", [interaction_weighted, extended_twfe])
def test_averages_with_fixed_weights_have_the_errors_of_weighted_sums_of_cells(employment, estimator):
    """Here cells are weighed by their share of treated observations, taken as known."""
    data = employment[np.random.default_rng(2).uniform(size=len(employment)) > 0.1]
    fit = estimator(data, **MPDTA)
    cells = fit.keys.astype(int)
    size = data.groupby(["g", "year"]).size().reindex(pd.MultiIndex.from_frame(cells)).to_numpy(float)
    after = (cells["time"] >= cells["cohort"]).to_numpy()
    label = {"event": cells["time"] - cells["cohort"], "cohort": cells["cohort"], "calendar": cells["time"]}
    for by, key in label.items():
        chosen = after | (by == "event")
        weights = pd.get_dummies(key[chosen]).mul(size[chosen], axis=0)
        weights = np.asarray(weights / weights.sum(), float)
        covariance = weights.T @ fit.covariance[np.ix_(chosen, chosen)] @ weights
        result = fit.aggregate(by)
        np.testing.assert_allclose(result.estimate, fit.estimate[chosen] @ weights, rtol=1e-10)
        np.testing.assert_allclose(result.covariance, covariance, rtol=1e-8, atol=1e-14)
        kept = np.ones(len(result.estimate)) * (result.keys.iloc[:, 0] >= 0)
        if by == "cohort":
            kept = np.array([size[after & (cells["cohort"] == g)].sum() for g in result.keys["cohort"]])
        kept = kept / kept.sum()
        overall = result.extra["overall"]
        assert overall.estimate[0] == pytest.approx(kept @ result.estimate, rel=1e-10)
        assert overall.std_error[0] == pytest.approx(np.sqrt(kept @ covariance @ kept), rel=1e-8)
    whole = size * after / size[after].sum()
    assert fit.aggregate("simple").std_error[0] == pytest.approx(
        np.sqrt(whole @ fit.covariance @ whole), rel=1e-8
    )


@pytest.mark.parametrize("balance", [0, 1, 3])
def test_balanced_event_times_come_from_cohorts_observed_so_long_and_from_all_their_periods(
    employment, balance
):
    fit = group_time(employment, **MPDTA, base="universal")
    cells = fit.keys.assign(event=fit.keys["time"] - fit.keys["cohort"], estimate=fit.estimate)
    long = cells[(2007 - cells["cohort"] >= balance) & (cells["event"] <= balance)]
    size = employment.groupby("g")["countyreal"].nunique()
    result = fit.aggregate("event", balance=balance)
    assert result.keys["event_time"].tolist() == sorted(set(long["event"]))
    for event, estimate in zip(result.keys["event_time"], result.estimate, strict=True):
        here = long[long["event"] == event]
        by_hand = np.average(here["estimate"], weights=size[here["cohort"].astype(int)])
        assert estimate == pytest.approx(by_hand, abs=1e-12)
