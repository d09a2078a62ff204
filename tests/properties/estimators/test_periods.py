"""Event times and anticipation count periods: the unit in which time is written changes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import (
    adoption_cohort,
    efficient_timing,
    ended_cohort,
    event_study,
    exposure_rings,
    extended_twfe,
    group_time,
    honest_bounds,
    imputation,
    interaction_weighted,
    local_projection,
    placebo_dates,
    pretest_power,
    stacked,
    switchers,
    two_stage,
)
from analysis.estimators.errors import ColumnError

KEYS = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}


def panel(seed: int = 3, units: int = 60, periods: int = 16) -> pd.DataFrame:
    """Return a panel whose periods are numbered from 0 and whose never treated have no cohort."""
    random = np.random.default_rng(seed)
    g = np.resize([np.nan, np.nan, 5.0, 8.0, 11.0], units)
    unit, t = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    effect = np.where(t >= np.nan_to_num(g[unit], nan=np.inf), 1 + 0.25 * (t - g[unit]), 0.0)
    y = random.normal(size=units)[unit] + random.normal(size=periods)[t] + effect + random.normal(size=len(t))
    data = pd.DataFrame({"unit": unit, "t": t.astype(float), "g": g[unit], "y": y, "region": unit % 31})
    return data.assign(lat=30 + unit % 10, lon=-90 - unit // 10, d=(t >= g[unit]).astype(float))


def written(data: pd.DataFrame, start: float, length: float) -> pd.DataFrame:
    """Return the same panel with periods `length` apart from `start` on."""
    return data.assign(t=start + length * data["t"], g=start + length * data["g"])


def with_switches(data, outcome, unit, time, cohort, **options):
    return switchers(data, outcome=outcome, treatment="d", unit=unit, time=time, **options)


CASES = {
    "group_time": (group_time, {}),
    "group_time, universal, anticipated": (group_time, {"base": "universal", "anticipation": 2}),
    "group_time, not yet treated, anticipated": (group_time, {"control": "not_yet", "anticipation": 1}),
    "group_time, repeated": (group_time, {"panel": "repeated"}),
    "interaction_weighted": (interaction_weighted, {"anticipation": 1}),
    "extended_twfe": (extended_twfe, {"anticipation": 1}),
    "extended_twfe, never": (extended_twfe, {"control": "never", "anticipation": 1}),
    "imputation": (imputation, {"anticipation": 1}),
    "imputation by cell": (imputation, {"by": "cell"}),
    "two_stage": (two_stage, {"anticipation": 1}),
    "stacked": (stacked, {"window": (-3, 2)}),
    "local_projection": (local_projection, {"window": (-3, 2)}),
    "switchers": (with_switches, {"window": (-3, 2)}),
    "efficient_timing": (efficient_timing, {"by": "event", "events": (0, 3)}),
    "event_study": (event_study, {}),
    "event_study, window": (event_study, {"window": (-4, 4)}),
}
GRIDS = [(2000.0, 2.0), (2000.0, 0.25), (2000.0, 0.1), (0.1, 0.1), (1990.5, 1 / 12)]


def same(result, base):
    """Assert that two results hold the same numbers and the same event times."""
    np.testing.assert_allclose(result.estimate, base.estimate, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(result.covariance, base.covariance, rtol=1e-9, atol=1e-12)
    assert result.sample.used == base.sample.used
    if "event_time" in base.keys:
        np.testing.assert_array_equal(result.keys["event_time"], base.keys["event_time"])


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("name", CASES)
def test_the_unit_of_time_changes_nothing(name, grid):
    estimator, options = CASES[name]
    base = estimator(written(panel(), 2000.0, 1.0), **KEYS, **options)
    result = estimator(written(panel(), *grid), **KEYS, **options)
    same(result, base)
    if hasattr(base, "aggregate"):
        for by in ("simple", "cohort", "calendar", "event"):
            same(result.aggregate(by), base.aggregate(by))
        same(result.aggregate("event", balance=2), base.aggregate("event", balance=2))


@pytest.mark.parametrize("name", CASES)
def test_labels_rounded_to_a_hundredth_of_a_period(name):
    """Months written with three decimals are months."""
    estimator, options = CASES[name]
    months = written(panel(), 2000.0, 1 / 12)
    rounded = months.assign(t=months["t"].round(3), g=months["g"].round(3))
    same(estimator(rounded, **KEYS, **options), estimator(months, **KEYS, **options))


def test_a_period_written_two_ways_by_rounding_is_one():
    data = written(panel(), 2000.0, 0.1)
    noisy = data.assign(t=data["t"] + np.where(data["unit"] % 2 == 0, 0.0, 4.5e-13))
    same(group_time(noisy, **KEYS), group_time(data, **KEYS))


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_bounds_and_power_find_the_reference(grid):
    base, result = (event_study(written(panel(), *g), **KEYS, window=(-3, 3)) for g in ((2000.0, 1.0), grid))
    expected, found = (honest_bounds(e, values=[0.5], points=100) for e in (base, result))
    np.testing.assert_allclose(found["conf_low"], expected["conf_low"], atol=1e-7)
    assert pretest_power(result).slope == pytest.approx(pretest_power(base).slope, rel=1e-6)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_placebo_dates_move_by_periods(grid):
    base, result = (
        placebo_dates(imputation, written(panel(), *g), time="t", cohort="g", shifts=(1, 2), anticipation=1,
                      outcome="y", unit="unit", by="overall")
        for g in ((2000.0, 1.0), grid)
    )  # fmt: skip
    np.testing.assert_allclose(result.table()["estimate"], base.table()["estimate"], rtol=1e-9)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_rings_and_cohorts_in_any_unit(grid):
    start, length = grid
    data = written(panel(), start, length)
    options = {"unit": "unit", "time": "t", "latitude": "lat", "longitude": "lon"}
    base = exposure_rings(panel(), cohort="g", **options)
    rings = exposure_rings(data, cohort="g", **options)
    pd.testing.assert_frame_equal(
        rings.drop(columns="exposed_from"), base.drop(columns="exposed_from"), check_exact=True
    )
    np.testing.assert_allclose(rings["exposed_from"], start + length * base["exposed_from"], rtol=1e-12)
    np.testing.assert_allclose(adoption_cohort(data, unit="unit", time="t", treatment="d"), data["g"])
    begun = data["g"].notna()
    ended = ended_cohort(
        data[begun].assign(on=1 - data["d"]), unit="unit", time="t", treatment="on", since=start
    )
    np.testing.assert_allclose(ended["ended"], data.loc[begun, "g"], rtol=1e-12)


def test_gaps_stay_gaps_where_the_grid_is_regular():
    """With 2006 unobserved, the effect of 2007 on the cohort of 2005 is still that of event time 2."""
    data = written(panel(), 2000.0, 1.0)
    gap = data[data["t"] != 2006]
    for name in ("group_time", "imputation", "stacked", "local_projection", "switchers", "event_study"):
        estimator, options = CASES[name]
        result = estimator(gap, **KEYS, **options)
        table = (result.aggregate("event") if hasattr(result, "aggregate") else result).tidy()
        assert set(table["event_time"]) <= set(range(-11, 11)), name
    whole, cut = (group_time(d, **KEYS).tidy().set_index(["cohort", "time"]) for d in (data, gap))
    pd.testing.assert_series_equal(cut.loc[2005.0, 2007.0], whole.loc[2005.0, 2007.0], rtol=1e-12)
    event = group_time(gap[gap["g"].isna() | gap["g"].eq(2005)], **KEYS).aggregate("event").tidy()
    assert list(event.loc[event["event_time"] >= 0, "event_time"]) == [0, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    stack = stacked(gap, **KEYS, window=(-3, 2)).extra["ledger"].set_index("cohort")["left_out"]
    assert stack[2005.0] == "no row in some period of the window"


def test_irregular_periods_are_counted_in_order():
    """Waves of 2000, 2005, 2007, ... have no common length: the next wave is one period on."""
    waves = np.cumsum([2000.0, 5.0, 2.0, 3.0, 1.5, *np.linspace(2.0, 4.0, 11)])
    base = panel()
    data = base.assign(
        t=waves[base["t"].astype(int)], g=base["g"].map(lambda g: waves[int(g)], na_action="ignore")
    )
    for name, (estimator, options) in CASES.items():
        if name != "event_study":
            same(estimator(data, **KEYS, **options), estimator(base, **KEYS, **options))


@pytest.mark.parametrize("name", CASES)
def test_cohorts_between_periods_are_refused(name):
    estimator, options = CASES[name]
    if estimator is with_switches:
        pytest.skip("takes a treatment, not a cohort")
    for start, length in ((2000.0, 1.0), (2000.0, 2.0), (2000.0, 0.25)):
        data = written(panel(), start, length)
        between = data.assign(g=data["g"] - length / 2)
        with pytest.raises(ColumnError, match=r"between the periods .* move it there"):
            estimator(between, **KEYS, **options)


@pytest.mark.parametrize("name", CASES)
def test_zero_is_no_cohort_where_it_is_a_period(name):
    """With time from -5 on, 0 would be both never treated and a cohort; elsewhere it is never treated."""
    estimator, options = CASES[name]
    if estimator is with_switches:
        pytest.skip("takes a treatment, not a cohort")
    with pytest.raises(ColumnError, match="missing or infinity for never treated"):
        estimator(panel().assign(t=lambda d: d["t"] - 5, g=lambda d: d["g"] - 5), **KEYS, **options)
    data = written(panel(), 2000.0, 1.0)
    same(estimator(data.fillna({"g": 0.0}), **KEYS, **options), estimator(data, **KEYS, **options))
    same(estimator(data.fillna({"g": np.inf}), **KEYS, **options), estimator(data, **KEYS, **options))
