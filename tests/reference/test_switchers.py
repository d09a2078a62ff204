"""Switchers: two other packages, group-time effects where they must coincide, four means, weights, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.estimators import adoption_cohort, ended_cohort, group_time, switchers
from analysis.estimators.errors import ColumnError, EstimationError, NotIdentifiedError

KEYS = {"outcome": "y", "treatment": "d", "unit": "unit", "time": "t"}
# DIDmultiplegtDYN's formulas as ported by moderndid 0.4.1 (did_multiplegt, effects=3, placebo=2), on `panel`.
PORT = {
    (): (
        [-0.04432451, 0.04999017, 1.64478962, 1.42186914, 1.28327956],
        [0.13755314, 0.10736476, 0.12072888, 0.12165258, 0.14276903],
        (1.5718102236120932, 0.10986636004332424),
    ),
    ("normalized", True): (
        [-0.02293311, 0.04999017, 1.64478962, 0.73995231, 0.45857829],
        [0.0711688, 0.10736476, 0.12072888, 0.063309, 0.05101833],
        (1.5718102236120932, 0.10986636004332424),
    ),
    ("direction", "in"): (
        [-0.1082829, 0.01992252, 1.67009471, 1.48290919, 1.1422135],
        [0.16115465, 0.13243571, 0.14511338, 0.14742444, 0.17755749],
        (1.6099051830741284, 0.13782357526382205),
    ),
    ("direction", "out"): (
        [0.09742112, 0.11656854, 1.58875691, 1.28420436, 1.61497544],
        [0.26107407, 0.18193089, 0.21757799, 0.21513065, 0.23372304],
        (1.4934434498616216, 0.1800785841136992),
    ),
    ("same_units", True): (
        [-0.06129892, 0.08857739, 1.69316156, 1.48926, 1.28327956],
        [0.16212845, 0.12239399, 0.14570947, 0.12868268, 0.14276903],
        (1.5958125056544605, 0.12429372491234723),
    ),
}


def paths(units=300, periods=8, seed=0) -> pd.DataFrame:
    """Units that adopt, end, adopt and end again, or never change."""
    random = np.random.default_rng(seed)
    on = np.zeros((units, periods))
    for i in range(units):
        kind, start = random.random(), random.integers(2, periods)
        if kind < 0.3:
            on[i, start:] = 1
        elif kind < 0.5:
            on[i, :start] = 1
        elif kind < 0.6:
            on[i, :] = 1
        elif kind < 0.8:
            on[i, start : random.integers(start, periods + 1)] = 1
    unit, t = np.repeat(np.arange(units), periods), np.tile(np.arange(1, periods + 1), units)
    y = random.normal(size=units)[unit] + 0.2 * t + on.ravel() * (1 + 0.1 * t) + random.normal(size=len(t))
    return pd.DataFrame({"unit": unit, "t": t, "d": on.ravel().astype(int), "y": y})


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return paths()


@pytest.fixture(scope="module")
def employment(verification) -> pd.DataFrame:
    data = pd.read_csv(verification / "mpdta.csv").rename(columns={"first.treat": "g"})
    return data.assign(on=((data["g"] > 0) & (data["year"] >= data["g"])).astype(float))


@pytest.mark.parametrize("option", PORT)
def test_estimates_and_errors_of_the_authors_formulas(panel, option):
    estimate, error, total = PORT[option]
    result = switchers(panel, **KEYS, window=(-3, 2), **dict([option] if option else []))
    assert result.keys["event_time"].tolist() == [-3, -2, 0, 1, 2]
    np.testing.assert_allclose(result.estimate, estimate, atol=5.1e-9, rtol=0)
    np.testing.assert_allclose(result.std_error, error, atol=5.1e-9, rtol=0)
    overall = result.extra["overall"]
    assert (overall.estimate[0], overall.std_error[0]) == pytest.approx(total, rel=1e-12)


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [0, 5])
def test_second_package_agrees(seed):
    peer = pytest.importorskip("diff_diff").ChaisemartinDHaultfoeuille(drop_larger_lower=False)
    data = paths(seed=seed)
    theirs = peer.fit(data, outcome="y", unit="unit", time="t", treatment="d", L_max=3)
    expected = {-1 - k: theirs.placebo_event_study[-k] for k in (1, 2, 3)}
    expected |= {k - 1: theirs.event_study_effects[k] for k in (1, 2, 3)}
    own = switchers(data, **KEYS, window=(-4, 2), variance="cohort", correction="none")
    own, own_df = own.tidy(), own.sample.units - 1
    assert own["event_time"].tolist() == sorted(expected)
    for row in own.itertuples():
        other = expected[row.event_time]
        assert row.estimate == pytest.approx(other["effect"], rel=1e-10, abs=1e-12)
        assert row.std_error == pytest.approx(other["se"], rel=1e-10)
        # the package named takes the normal; ours is t with units less one degrees of freedom
        assert 2 * stats.norm.sf(abs(row.statistic)) == pytest.approx(other["p_value"], rel=1e-8)
        assert row.p_value == pytest.approx(2 * stats.t.sf(abs(row.statistic), own_df), rel=1e-12)


def test_absorbing_treatment_equals_group_time_with_not_yet_treated(employment):
    own = switchers(employment, outcome="lemp", treatment="on", unit="countyreal", time="year")
    cells = group_time(
        employment, outcome="lemp", unit="countyreal", time="year", cohort="g", control="not_yet"
    )
    other = cells.aggregate("event", window=(0, 3))
    after = own.keys["event_time"] >= 0
    np.testing.assert_allclose(own.estimate[after], other.estimate, atol=1e-12)
    assert own.extra["overall"].estimate == pytest.approx(cells.aggregate("simple").estimate, abs=1e-12)


def test_variance_without_factors_is_that_of_group_time_with_fixed_weights(employment):
    one = employment[employment["g"].isin([0, 2006])]
    own = switchers(one, outcome="lemp", treatment="on", unit="countyreal", time="year", window=(-1, 1),
                    correction="none")  # fmt: skip
    cells = group_time(one, outcome="lemp", unit="countyreal", time="year", cohort="g").tidy()
    np.testing.assert_allclose(own.std_error, cells.loc[cells["time"] >= 2006, "std_error"], rtol=1e-10)


def test_two_groups_two_periods_are_four_means(panel):
    data = panel[panel["t"].isin([1, 8])]
    first, last = (data[data["t"] == t].set_index("unit") for t in (1, 8))
    change, moved = last["y"] - first["y"], last["d"] - first["d"]
    off = first["d"] == 0
    into = change[off & (moved == 1)].mean() - change[off & (moved == 0)].mean()
    out = change[~off & (moved == -1)].mean() - change[~off & (moved == 0)].mean()
    assert switchers(data, **KEYS, direction="in").estimate == pytest.approx([into], abs=1e-12)
    assert switchers(data, **KEYS, direction="out").estimate == pytest.approx([-out], abs=1e-12)
    both = np.average([into, -out], weights=[(moved == 1).sum(), (moved == -1).sum()])
    assert switchers(data, **KEYS).estimate == pytest.approx([both], abs=1e-12)


def test_integer_weights_are_repeated_units(panel):
    copies = panel["unit"] % 3 + 1
    repeated = pd.concat([panel[copies > c].assign(unit=lambda d, c=c: d["unit"] * 10 + c) for c in range(3)])
    weighted = switchers(panel.assign(w=copies), **KEYS, weights="w", correction="none")
    plain = switchers(
        repeated.assign(whole=repeated["unit"] // 10), **KEYS, correction="none", cluster="whole"
    )
    np.testing.assert_allclose(weighted.estimate, plain.estimate, atol=1e-12)
    np.testing.assert_allclose(weighted.std_error, plain.std_error, rtol=1e-10)


def test_order_labels_shift_and_scale(panel):
    base = switchers(panel, **KEYS)
    moved = panel.sample(frac=1, random_state=1).assign(unit=lambda d: -d["unit"], t=lambda d: 2 * d["t"] - 9)
    other = switchers(moved.assign(y=3 * moved["y"] + moved["t"]), **KEYS)
    np.testing.assert_allclose(other.estimate, 3 * base.estimate, atol=1e-10)
    np.testing.assert_allclose(other.std_error, 3 * base.std_error, rtol=1e-10)
    flipped = switchers(panel.assign(d=1 - panel["d"], y=-panel["y"]), **KEYS)
    np.testing.assert_allclose(flipped.estimate, base.estimate, atol=1e-12)


def test_doses(panel):
    """A treatment measured in tenths changes what an effect per unit is, not the effect."""
    tenths = panel.assign(d=10 * panel["d"])
    np.testing.assert_array_equal(switchers(tenths, **KEYS).estimate, switchers(panel, **KEYS).estimate)
    per_unit = [switchers(d, **KEYS, normalized=True).estimate for d in (panel, tenths)]
    np.testing.assert_allclose(per_unit[0], 10 * per_unit[1], rtol=1e-12)


def test_clusters_above_units(panel):
    data = panel.assign(state=panel["unit"] // 10)
    result = switchers(data, **KEYS, cluster="state")
    by_state = pd.DataFrame(result.influence).groupby(np.arange(300) // 10).sum()
    np.testing.assert_allclose(result.std_error, np.sqrt((by_state**2).sum()) / 300, rtol=1e-12)
    assert result.sample.clusters == 30


def test_gaps_are_counted_and_outcomes_alone_may_miss(panel):
    gone = (panel["unit"] == 0) & (panel["t"] == 8)
    first = panel.loc[panel["d"].diff().ne(0) & (panel["t"] > 1) & (panel["unit"].diff() == 0)]
    unit, t = first.iloc[0]["unit"], first.iloc[0]["t"]
    undated = (panel["unit"] == unit) & (panel["t"] == t - 1)
    sample = switchers(panel[~gone & ~undated], **KEYS).sample
    assert sample.dropped == {"unit not observed just before its first change": 7 - (unit == 0)}
    quiet = switchers(panel.assign(y=panel["y"].mask(undated)), **KEYS)
    assert quiet.sample.dropped == {"missing y": 1}
    assert quiet.extra["ledger"].query("event_time == 0")["switchers"].sum() == 179


def test_units_crossing_their_first_treatment_are_dropped(panel):
    data = panel.assign(d=panel["d"] + 1)
    data.loc[(data["unit"] == 3) & (data["t"] == 7), "d"] = 0
    data.loc[(data["unit"] == 3) & (data["t"] == 8), "d"] = 5
    assert switchers(data, **KEYS).sample.dropped == {"unit with treatments above and below its first": 8}


def test_ended_policies_as_cohorts(panel):
    ended = ended_cohort(panel, unit="unit", time="t", treatment="d")
    assert set(ended["unit"]) == set(panel.loc[(panel["t"] == 1) & (panel["d"] == 1), "unit"])
    cells = group_time(ended, outcome="y", unit="unit", time="t", cohort="ended", control="not_yet")
    out = switchers(panel, **KEYS, direction="out", window=(-1, 5))
    np.testing.assert_allclose(-cells.aggregate("event", window=(0, 5)).estimate, out.estimate, atol=1e-12)
    later = ended_cohort(panel, unit="unit", time="t", treatment="d", since=4)
    assert later["t"].min() == 4
    assert (later["ended"].isna() | (later["ended"] > 4)).all()
    back = later[later["d"].eq(1) & (later["t"] > later["ended"])]
    assert back.empty


def test_adoption_cohort(employment, panel):
    cohort = adoption_cohort(employment, unit="countyreal", time="year", treatment="on")
    pd.testing.assert_series_equal(cohort, employment["g"].replace(0, np.nan), check_names=False)
    with pytest.raises(EstimationError, match="switched off again"):
        adoption_cohort(panel, unit="unit", time="t", treatment="d")
    kept = adoption_cohort(panel, unit="unit", time="t", treatment="d", ended="keep")
    expected = panel["unit"].map(panel[panel["d"] == 1].groupby("unit")["t"].min())
    pd.testing.assert_series_equal(kept, expected.astype(float), check_names=False)


def test_bad_input_is_named(panel):
    with pytest.raises(NotIdentifiedError, match="no unit changes"):
        switchers(panel.assign(d=1), **KEYS)
    with pytest.raises(NotIdentifiedError, match="can be compared"):
        switchers(panel.assign(d=(panel["t"] > 4).astype(int)), **KEYS)
    with pytest.raises(EstimationError, match="direction"):
        switchers(panel, **KEYS, direction="up")
    with pytest.raises(EstimationError, match="window"):
        switchers(panel, **KEYS, window=(0, 2))
    with pytest.raises(EstimationError, match="cells"):
        switchers(panel, **KEYS, variance="cohort")
    with pytest.raises(ColumnError, match="0 or 1"):
        ended_cohort(panel.assign(d=2 * panel["d"]), unit="unit", time="t", treatment="d")
    with pytest.raises(NotIdentifiedError, match="no unit is treated"):
        ended_cohort(panel.assign(d=0), unit="unit", time="t", treatment="d")
