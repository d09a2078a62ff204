"""Weights, anticipation and counts in stacks, local projections and random timing, by means and regressions by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import efficient_timing, group_time, local_projection, stacked
from analysis.estimators.errors import ColumnError, EstimationError, NotIdentifiedError

KEYS = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
WINDOW = (-3, 1)


def panel(seed: int = 4) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame([(u, t) for u in range(48) for t in range(1, 11)], columns=["unit", "year"])
    frame["first"] = np.array([0, 5, 6, 8])[frame["unit"] % 4]
    frame["w"] = draw.uniform(0.5, 3, 48)[frame["unit"]]
    treated = (frame["first"] > 0) & (frame["year"] >= frame["first"])
    frame["y"] = frame["unit"] % 5 + 0.4 * frame["year"] + treated * frame["first"] / 4
    frame["y"] += draw.normal(size=len(frame))
    frame["exposure"] = np.log(draw.uniform(50, 500, 48))[frame["unit"]]
    frame["count"] = draw.poisson(np.exp(frame["exposure"] - 2 + 0.05 * frame["year"] + 0.3 * treated))
    return frame


def stack_by_hand(frame, window, control="not_yet", anticipation=0):
    """Return one row a sub-experiment, unit and period, with `share`, the corrective weight times `w`."""
    parts = []
    for g in (5, 6, 8):
        if g + window[1] > 10:
            continue
        last = g + window[1] + anticipation
        clean = (frame["first"] == 0) | ((frame["first"] > last) & (control == "not_yet"))
        near = frame[((frame["first"] == g) | clean) & frame["year"].between(g + window[0], g + window[1])]
        parts.append(near.assign(g=g, d=(near["first"] == g), event=near["year"] - g))
    stack = pd.concat(parts, ignore_index=True)
    once = stack[stack["event"] == 0]
    mass = once.groupby(["g", "d"])["w"].sum().unstack()
    ratio = (mass[True] / mass[True].sum()) / (mass[False] / mass[False].sum())
    stack["share"] = stack["w"] * np.where(stack["d"], 1.0, stack["g"].map(ratio))
    return stack


@pytest.mark.parametrize("anticipation", [0, 1])
@pytest.mark.parametrize("control", ["not_yet", "never"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_a_weighted_stack_is_means_of_differences_and_the_regression_by_hand(control, weights, anticipation):
    frame = panel() if weights else panel().assign(w=1.0)
    found = stacked(frame, **KEYS, window=WINDOW, control=control, weights=weights, anticipation=anticipation)
    stack, base = stack_by_hand(frame, WINDOW, control, anticipation), -1 - anticipation
    means = (stack["y"] * stack["share"]).groupby([stack["d"], stack["event"]]).sum()
    means = means / stack.groupby(["d", "event"])["share"].sum()
    names = {e: f"e{e - WINDOW[0]}" for e in found.keys["event_time"]}
    assert base not in names and list(names) == [e for e in range(WINDOW[0], WINDOW[1] + 1) if e != base]
    by_hand = [(means[True, e] - means[True, base]) - (means[False, e] - means[False, base]) for e in names]
    np.testing.assert_allclose(found.estimate, by_hand, rtol=1e-9, atol=1e-12)
    dummies = {name: (stack["d"] & (stack["event"] == e)).astype(float) for e, name in names.items()}
    formula = f"y ~ {' + '.join(names.values())} | d + event"
    theirs = pytest.importorskip("pyfixest").feols(
        formula, stack.assign(**dummies), weights="share", vcov={"CRV1": "unit"}
    )
    np.testing.assert_allclose(found.std_error, theirs.tidy()["Std. Error"], rtol=1e-8)
    np.testing.assert_allclose(found.tidy()["p_value"], theirs.tidy()["Pr(>|t|)"], rtol=1e-6)


@pytest.mark.parametrize("offset", [None, "exposure"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_a_stack_of_counts_is_a_log_ratio_of_ratios(weights, offset):
    frame = panel() if weights else panel().assign(w=1.0)
    options = KEYS | {"outcome": "count"}
    found = stacked(frame, **options, window=WINDOW, family="poisson", weights=weights, offset=offset)
    stack = stack_by_hand(frame, WINDOW)
    exposure = np.exp(stack["exposure"]) if offset else pd.Series(1.0, stack.index)
    sums = (stack["count"] * stack["share"]).groupby([stack["d"], stack["event"]]).sum()
    logs = np.log(sums / (exposure * stack["share"]).groupby([stack["d"], stack["event"]]).sum())
    events = found.keys["event_time"].tolist()
    by_hand = [logs[True, e] - logs[True, -1] - logs[False, e] + logs[False, -1] for e in events]
    np.testing.assert_allclose(found.estimate, by_hand, rtol=1e-8, atol=1e-10)
    fitted = exposure * np.exp(logs.reindex(pd.MultiIndex.from_frame(stack[["d", "event"]])).to_numpy())
    score = stack["share"] * (stack["count"] - fitted)
    mass = (stack["share"] * fitted).groupby([stack["d"], stack["event"]]).sum()
    sign = {(True, 1): 1, (True, 0): -1, (False, 1): -1, (False, 0): 1}
    clusters, rows = frame["unit"].nunique(), len(stack)
    parameters = len(events) + WINDOW[1] - WINDOW[0] + 2
    factor = clusters / (clusters - 1) * (rows - 1) / (rows - parameters)
    for e, error in zip(events, found.std_error, strict=True):
        influence = pd.Series(0.0, frame["unit"].unique())
        for (arm, at), weight in sign.items():
            cell = (stack["d"] == arm) & (stack["event"] == (e if at else -1))
            influence = influence.add(
                weight * score[cell].groupby(stack["unit"]).sum() / mass[arm, e if at else -1], fill_value=0
            )
        assert error == pytest.approx(np.sqrt(factor * (influence**2).sum()), rel=1e-6)


@pytest.mark.parametrize("anticipation", [0, 1])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("weighting", ["variance", "equal"])
def test_weighted_projections_are_regressions_of_long_differences(weighting, weights, anticipation):
    frame = panel() if weights else panel().assign(w=1.0)
    found = local_projection(
        frame, **KEYS, window=WINDOW, weighting=weighting, weights=weights, anticipation=anticipation
    )
    outcome = frame.set_index(["unit", "year"])["y"]
    for row in found.tidy().itertuples():
        parts = []
        for t in range(2, 11):
            base, end = t - 1 - anticipation, t + row.event_time
            if base < 1 or not 1 <= end <= 10:
                continue
            units = frame.drop_duplicates("unit").set_index("unit")
            clean = (units["first"] == 0) | (units["first"] > max(end, t) + anticipation)
            units = units[(units["first"] == t) | clean]
            change = [outcome[u, end] - outcome[u, base] for u in units.index]
            parts.append(
                units.assign(change=change, t=t, d=(units["first"] == t).astype(float)).reset_index()
            )
        rows = pd.concat(parts)
        if weighting == "equal":
            newly = (rows["w"] * rows["d"]).groupby(rows["t"]).transform("sum")
            share = newly / rows.groupby("t")["w"].transform("sum")
            rows["w"] = rows["w"] / (1 - share)
        fit = pytest.importorskip("pyfixest").feols(
            "change ~ d | t", rows, weights="w", vcov={"CRV1": "unit"}, fixef_rm="none"
        )
        assert row.estimate == pytest.approx(fit.coef()["d"], rel=1e-8)
        assert row.std_error == pytest.approx(fit.se()["d"], rel=1e-8)
        if weighting == "equal" and row.event_time == 0:
            effects, mass = [], []
            for _, now in rows.groupby("t"):
                on, off = now[now["d"] == 1], now[now["d"] == 0]
                if len(on):
                    effects.append(
                        np.average(on["change"], weights=on["w"])
                        - np.average(off["change"], weights=off["w"])
                    )
                    mass.append(frame.loc[frame["unit"].isin(on["unit"]) & frame["year"].eq(1), "w"].sum())
            assert row.estimate == pytest.approx(np.average(effects, weights=mass), rel=1e-9)


@pytest.mark.parametrize("anticipation", [0, 1, 2])
def test_random_timing_with_full_weight_on_the_contrast_is_group_time(anticipation):
    frame = panel()
    found = efficient_timing(frame, **KEYS, beta=1.0, anticipation=anticipation)
    cells = group_time(frame, **KEYS, method="reg", control="not_yet", anticipation=anticipation)
    keep = cells.keys["time"] >= cells.keys["cohort"]
    sizes = cells.keys["cohort"].map(frame.drop_duplicates("unit")["first"].value_counts())
    assert found.estimate[0] == pytest.approx(np.average(cells.estimate[keep], weights=sizes[keep]), rel=1e-9)


def test_anticipation_recovers_an_effect_that_begins_before_adoption():
    frame = panel()
    early = (frame["first"] > 0) & (frame["year"] == frame["first"] - 1)
    moved = frame.assign(y=frame["y"] + 5.0 * early)
    for estimator in (stacked, local_projection):
        plain = estimator(frame, **KEYS, window=WINDOW, anticipation=1)
        shifted = estimator(moved, **KEYS, window=WINDOW, anticipation=1)
        gap = pd.Series(shifted.estimate - plain.estimate, plain.keys["event_time"])
        assert gap[-1] == pytest.approx(5.0, abs=1e-9)
        assert gap[[0, 1]].abs().max() < 1e-9


def test_weights_follow_the_base_period_and_equal_ones_change_nothing():
    frame = panel()
    for estimator in (stacked, local_projection):
        plain = estimator(frame, **KEYS, window=WINDOW)
        same = estimator(frame.assign(one=2.0), **KEYS, window=WINDOW, weights="one")
        np.testing.assert_allclose(same.estimate, plain.estimate, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(same.std_error, plain.std_error, rtol=1e-9)
        varying = frame.assign(v=frame["w"] * np.where(frame["year"] == frame["first"] + 1, 50.0, 1.0))
        np.testing.assert_allclose(
            estimator(varying[varying["first"].isin([0, 8])], **KEYS, window=WINDOW, weights="v").estimate,
            estimator(frame[frame["first"].isin([0, 8])], **KEYS, window=WINDOW, weights="w").estimate,
            rtol=1e-9,
        )


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"family": "logit"}, EstimationError, "family must be one of"),
        ({"offset": "exposure"}, EstimationError, "belongs to family='poisson'"),
        ({"anticipation": 3}, EstimationError, "window must start at -4"),
        ({"anticipation": -1}, EstimationError, "zero or more periods"),
        ({"weights": "zero"}, ColumnError, "zero or negative"),
        ({"window": (-3, 9)}, NotIdentifiedError, "no cohort fits"),
    ],
)
def test_what_a_stack_refuses(options, error, words):
    with pytest.raises(error, match=words):
        stacked(panel().assign(zero=0.0), **(KEYS | {"window": WINDOW} | options))


def test_the_average_after_adoption_rests_on_effects_from_zero_on():
    found = stacked(panel(), **KEYS, window=WINDOW, anticipation=1, weights="w")
    after = found.keys["event_time"].to_numpy() >= 0
    assert found.extra["overall"].estimate[0] == pytest.approx(found.estimate[after].mean(), rel=1e-12)
