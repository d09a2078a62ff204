"""What every estimator for staggered adoption must satisfy, on random panels with gaps."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.estimators import (
    efficient_timing,
    extended_twfe,
    group_time,
    imputation,
    interaction_weighted,
    local_projection,
    stacked,
    switchers,
    two_stage,
)
from analysis.estimators.errors import ColumnError, EstimationError, NotIdentifiedError

KEYS = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}
WINDOW = {"window": (-2, 1)}


def run_switchers(data, outcome="y", unit="unit", time="t", cohort="g", **options):
    first = data[cohort].where(data[cohort] > 0, np.inf).fillna(np.inf)
    frame = data.assign(d=(data[time] >= first).astype(float))
    return switchers(frame, outcome=outcome, treatment="d", unit=unit, time=time, **options)


def units_of(result):
    """Return the units of the influence functions, in order, where the result keeps them."""
    if hasattr(result, "panel"):
        return result.panel.units
    return result.extra["panel"]["units"] if "panel" in result.extra else None


ALL = {
    "group_time": (group_time, {"control": "not_yet"}),
    "group_time repeated": (group_time, {"panel": "repeated"}),
    "group_time complete": (group_time, {"panel": "complete"}),
    "interaction_weighted": (interaction_weighted, {}),
    "extended_twfe": (extended_twfe, {}),
    "extended_twfe never": (extended_twfe, {"control": "never"}),
    "imputation": (imputation, {"by": "cell"}),
    "two_stage": (two_stage, {"by": "event"}),
    "stacked": (stacked, WINDOW),
    "local_projection": (local_projection, WINDOW),
    "switchers": (run_switchers, {}),
    "efficient_timing": (efficient_timing, {}),
}
POOLED = ("group_time repeated", "extended_twfe", "extended_twfe never", "efficient_timing")
CLUSTERED = [name for name in ALL if name != "efficient_timing"]
WEIGHTED = [name for name in CLUSTERED if name not in ("stacked", "local_projection")]
QUICK = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def panel(seed: int, gaps: float = 0.0, units: int = 60, periods: int = 7) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    g = np.resize([0, 0, 3, 4, 6], units)
    unit, t = np.repeat(np.arange(1, units + 1), periods), np.tile(np.arange(1, periods + 1), units)
    g = g[unit - 1]
    level, slope = random.normal(size=units)[unit - 1], random.normal(size=periods)[t - 1]
    y = level + slope + ((g > 0) & (t >= g)) * (1 + 0.2 * (t - g)) + random.normal(size=len(t))
    data = pd.DataFrame({"unit": unit, "t": t, "g": g, "y": y, "region": unit % 11, "w": unit % 3 + 1})
    return data[random.random(len(data)) >= gaps].reset_index(drop=True)


@pytest.mark.parametrize("name", ALL)
@QUICK
@given(
    seed=st.integers(0, 10**6), gaps=st.sampled_from([0.0, 0.08]), factor=st.sampled_from([-3.0, 0.25, 1e4])
)
def test_order_labels_shift_and_scale(name, seed, gaps, factor):
    estimator, options = ALL[name]
    data = panel(seed, gaps)
    base = estimator(data, **KEYS, **options)
    by_unit = 0.0 if name in POOLED else 0.5  # without unit effects a unit's level counts
    moved = data.sample(frac=1, random_state=seed % 1000).assign(
        y=lambda d: factor * d["y"] + 7 * d["t"] + by_unit * (d["unit"] % 5),
        unit=lambda d: "u" + (997 * d["unit"] % 1009).astype(str),
        t=lambda d: d["t"] + 2000,
        g=lambda d: (d["g"] + 2000).where(d["g"] > 0),
    )
    other = estimator(moved, **KEYS, **options)
    scale = np.abs(base.estimate).max() + base.std_error.max()
    np.testing.assert_allclose(other.estimate, factor * base.estimate, atol=2e-8 * abs(factor) * scale)
    np.testing.assert_allclose(other.std_error, abs(factor) * base.std_error, rtol=1e-6)
    assert other.sample.used == base.sample.used


@pytest.mark.parametrize("name", ALL)
@QUICK
@given(seed=st.integers(0, 10**6))
def test_two_groups_two_periods_are_four_means(name, seed):
    estimator, options = ALL[name]
    data = panel(seed)
    data = data[data["t"].isin([3, 4]) & data["g"].isin([0, 4])]
    means = data.groupby([data["g"] > 0, "t"])["y"].mean()
    expected = means[True, 4] - means[True, 3] - means[False, 4] + means[False, 3]
    changed = {"window": (-1, 0)} if "window" in options else {}
    if name == "efficient_timing":
        changed = {"beta": 1.0}
    found = estimator(data, **KEYS, **{**options, **changed})
    assert found.estimate == pytest.approx([expected], abs=1e-10)


@pytest.mark.parametrize("name", WEIGHTED)
@QUICK
@given(seed=st.integers(0, 10**6), gaps=st.sampled_from([0.0, 0.08]))
def test_integer_weights_are_repeated_units(name, seed, gaps):
    estimator, options = ALL[name]
    data = panel(seed, gaps)
    repeated = pd.concat(
        [data[data["w"] > c].assign(unit=lambda d, c=c: d["unit"] * 10 + c) for c in range(3)]
    )
    weighted = estimator(data, **KEYS, **options, weights="w")
    plain = estimator(repeated, **KEYS, **options)
    np.testing.assert_allclose(weighted.estimate, plain.estimate, atol=1e-9)
    if hasattr(weighted, "aggregate"):
        for by in ("simple", "event", "cohort", "calendar"):
            np.testing.assert_allclose(
                weighted.aggregate(by).estimate, plain.aggregate(by).estimate, atol=1e-9, err_msg=by
            )


@pytest.mark.parametrize("name", [name for name in WEIGHTED if name != "imputation"])
def test_weights_leave_errors_those_of_repeated_units_in_clusters(name):
    """Not imputation: its treated residuals are centred by squared weights, and copies are not one unit."""
    estimator, options = ALL[name]
    data = panel(3, 0.08).assign(whole=lambda d: d["unit"])
    repeated = pd.concat(
        [data[data["w"] > c].assign(unit=lambda d, c=c: d["unit"] * 10 + c) for c in range(3)]
    )
    free = {"correction": "none"} if "group_time" not in name and name != "two_stage" else {}
    weighted = estimator(data, **KEYS, **options, **free, weights="w", cluster="whole")
    plain = estimator(repeated, **KEYS, **options, **free, cluster="whole")
    np.testing.assert_allclose(weighted.std_error, plain.std_error, rtol=1e-8)


@pytest.mark.parametrize("name", CLUSTERED)
def test_clusters(name):
    """Clusters of one are the default; larger ones sum influence, where there is one, and count."""
    estimator, options = ALL[name]
    data = panel(5, 0.05)
    base = estimator(data, **KEYS, **options)
    same = estimator(data.assign(own=data["unit"]), **KEYS, **options, cluster="own")
    np.testing.assert_allclose(same.covariance, base.covariance, rtol=1e-12, atol=1e-15)
    above = estimator(data, **KEYS, **options, cluster="region")
    np.testing.assert_array_equal(above.estimate, base.estimate)
    assert above.sample.clusters == 11
    if above.influence is not None:
        units = np.sort(data["unit"].unique())[: len(above.influence)]
        kept = units if units_of(above) is None else np.asarray(units_of(above))
        sums = pd.DataFrame(above.influence).groupby(kept % 11).sum().to_numpy() / len(above.influence)
        by_hand = (sums.T @ sums) * (above.panel.factor if hasattr(above, "panel") else 1.0)
        np.testing.assert_allclose(above.covariance, by_hand, rtol=1e-9, atol=1e-14)
    with pytest.raises(ColumnError, match="changes within"):
        estimator(data.assign(bad=data["t"]), **KEYS, **options, cluster="bad")


@pytest.mark.parametrize("name", ALL)
def test_ledger_adds_up_and_marks_rows(name):
    estimator, options = ALL[name]
    data = panel(8, 0.05)
    data.loc[[3, 40], "y"] = np.nan
    data.loc[data["unit"] == 5, "g"] = 1
    for frame in (data, data[data["g"] > 0]):
        if (
            name in ("extended_twfe never", "group_time repeated", "group_time complete")
            and frame is not data
        ):
            continue
        sample = estimator(frame, **KEYS, **options).sample
        assert sample.given == len(frame)
        assert sample.dropped.get("missing y", 0) == frame["y"].isna().sum()
        assert sample.used + sum(sample.dropped.values()) == len(frame)
        assert sample.rows.sum() == sample.used
        assert not sample.rows[frame["y"].isna()].any()


@pytest.mark.parametrize("name", ["stacked", "local_projection"])
def test_rows_outside_the_ledger_change_nothing(name):
    """Rows booked as entering no comparison can be anything; each of the used ones counts."""
    estimator, options = ALL[name]
    data = panel(8, 0.05)
    base = estimator(data, **KEYS, **options)
    used = base.sample.rows
    assert (~used).any()
    noise = np.random.default_rng(0).normal(size=len(data)) * 1e3
    other = estimator(data.assign(y=np.where(used, data["y"], noise)), **KEYS, **options)
    np.testing.assert_array_equal(other.estimate, base.estimate)
    for row in np.flatnonzero(used)[::25]:
        moved = data.assign(y=data["y"] + 1e3 * (np.arange(len(data)) == row))
        assert (estimator(moved, **KEYS, **options).covariance != base.covariance).any()


@pytest.mark.parametrize("name", ALL)
def test_bad_input_is_an_error_or_a_counted_drop(name):
    estimator, options = ALL[name]
    data = panel(1)
    early = data.assign(g=data["g"].where(data["unit"] != 5, -4.0))
    if name != "switchers":
        with pytest.raises(ColumnError, match="negative periods"):
            estimator(early, **KEYS, **options)
    with pytest.raises(NotIdentifiedError):
        estimator(data.assign(g=0), **KEYS, **options)
    with pytest.raises(NotIdentifiedError):
        estimator(data[data["g"] == 4], **KEYS, **options)
    with pytest.raises(EstimationError, match="repeat a unit-t pair"):
        estimator(pd.concat([data, data.head(1)]), **KEYS, **options)
    with pytest.raises(ColumnError, match="no column"):
        estimator(data.drop(columns="y"), **KEYS, **options)
    with pytest.raises(ColumnError, match="infinite"):
        estimator(data.assign(y=np.inf), **KEYS, **options)
    with pytest.raises(NotIdentifiedError, match="no complete row"):
        estimator(data.assign(y=np.nan), **KEYS, **options)
    if name != "switchers":
        with pytest.raises(ColumnError, match="changes within"):
            estimator(data.assign(g=data["t"]), **KEYS, **options)
    with pytest.raises(EstimationError, match="level"):
        estimator(data, **KEYS, **options, level=1.5)


@pytest.mark.parametrize("name", ALL)
def test_units_treated_from_the_first_period_change_nothing(name):
    """A cohort at or before the first period has no untreated outcome: left out, and counted where dropped."""
    estimator, options = ALL[name]
    data = panel(2)
    more = pd.concat([data, data[data["unit"] <= 5].assign(unit=lambda d: d["unit"] + 1000, g=1)])
    base, other = (estimator(d, **KEYS, **options) for d in (data, more))
    np.testing.assert_allclose(other.estimate, base.estimate, atol=1e-10)
    np.testing.assert_allclose(other.std_error, base.std_error, rtol=2e-2)


@pytest.mark.parametrize("name", ALL)
def test_one_treated_unit(name):
    """One treated unit gives an estimate, or an error that says so; its own variance cannot be seen."""
    estimator, options = ALL[name]
    data = panel(4)
    data = data[(data["g"] == 0) | (data["unit"] == 4)]
    if name == "efficient_timing":
        with pytest.raises(NotIdentifiedError, match="one unit"):
            estimator(data, **KEYS, **options)
        return
    found = estimator(data, **KEYS, **options)
    assert np.isfinite(found.estimate).all()
    assert (found.std_error > 0).all()


SCRIPT = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from test_staggered_properties import ALL, KEYS, panel
digest = hashlib.sha256()
data = panel(9, 0.05, units=400)
for name, (estimator, options) in ALL.items():
    more = {"draws": 99, "seed": 1} if name.startswith("group_time") else {}
    fit = estimator(data, **KEYS, **options, **more)
    digest.update(fit.estimate.tobytes() + fit.covariance.tobytes())
    for column in fit.overrides.values():
        digest.update(column.tobytes())
print(digest.hexdigest())
"""


def test_same_bits_under_hash_seeds_and_threads():
    here = os.path.dirname(__file__)
    seen = set()
    for seed, threads in (("0", "1"), ("1", "2"), ("77", "4")):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        environment |= {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, here], env=environment, capture_output=True, text=True, check=True
        )
        seen.add(done.stdout.strip())
    assert len(seen) == 1


def test_propensity_at_zero_and_one_is_reported_in_the_ledger():
    data = panel(6)
    separate = data.assign(x=(data["g"] == 4).astype(float) * 5 + data["unit"] / 100)
    result = group_time(separate, **KEYS, covariates="x", method="ipw")
    why = result.extra["ledger"].set_index("cohort")["not_estimated"]
    assert why[4].str.contains("separate").all()
    assert (why[6] == "").all()
    near = data.assign(x=data["unit"] % 7)
    full = group_time(near, **KEYS, covariates="x", method="ipw", trim=1.0)
    assert np.isfinite(full.estimate).all()


def test_empty_cells_are_named_in_the_ledger():
    data = panel(7)
    hole = data[~((data["g"] == 4) & (data["t"] == 3))]
    result = group_time(hole, **KEYS)
    ledger = result.extra["ledger"]
    lost = ledger[ledger["not_estimated"] != ""]
    assert set(lost["cohort"]) == {4}
    assert (lost["treated_units"] == 0).all()
    assert lost["not_estimated"].str.contains("no treated unit observed").all()
    assert len(result.estimate) + len(lost) == len(ledger)


@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
@pytest.mark.parametrize("kind", ["pairwise", "repeated"])
def test_influence_is_the_derivative_in_the_weights(method, kind):
    """Numerical derivatives of an estimate in each row's weight, summed by unit, are the influence function."""
    data = panel(12, 0.15, units=40)
    data = data[data["g"].isin([0, 4]) & data["t"].isin([3, 4])].reset_index(drop=True)
    data = data.assign(x=np.random.default_rng(1).normal(size=len(data)), w=1.0)
    data["x"] = data.groupby("unit")["x"].transform("first")
    options = {**KEYS, "covariates": "x", "method": method, "panel": kind, "weights": "w"}
    fit = group_time(data, **options)
    derivative = [_derivative(data, row, options) for row in range(len(data))]
    by_unit = pd.Series(derivative).groupby(data["unit"]).sum()
    own = pd.Series(fit.influence[:, 0], index=units_of(fit)) / len(fit.influence)
    np.testing.assert_allclose(by_unit.reindex(own.index), own, atol=1e-7)


def _derivative(data, row, options, step=1e-5):
    ends = []
    for move in (step, -step):
        moved = data.copy()
        moved.loc[row, "w"] += move
        ends.append(group_time(moved, **options).estimate[0])
    return (ends[0] - ends[1]) / (2 * step)
