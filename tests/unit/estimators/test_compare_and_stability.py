"""Comparison of estimators, leave-one-out, placebo dates and exposure rings against brute force."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from analysis import report
from analysis.estimators import (
    ESTIMATORS,
    compare_estimators,
    exposure_rings,
    group_time,
    imputation,
    leave_one_out,
    placebo_dates,
    stacked,
)
from analysis.estimators.errors import ColumnError, EstimationError, KeyNotUniqueError, NotIdentifiedError

KEYS = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}


def panel(units=120, periods=9, seed=0, effect=1.0, shift=0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    g = random.choice([0, 4, 6, 7], units, p=[0.4, 0.2, 0.2, 0.2])
    unit, t = np.repeat(np.arange(units), periods), np.tile(np.arange(1, periods + 1), units)
    on = (g[unit] > 0) & (t >= g[unit])
    y = random.normal(size=units)[unit] + 0.3 * t + effect * on + 0.1 * random.normal(size=len(t))
    return pd.DataFrame({"unit": unit, "t": t, "g": g[unit], "y": y, "region": unit % 7, "w": 1.0 + unit % 2})


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return panel()


@pytest.fixture(scope="module")
def comparison(data):
    return compare_estimators(data, **KEYS, window=(-2, 2))


def test_every_estimator_finds_the_constant_effect(comparison):
    table = comparison.table("overall")
    assert table["estimator"].tolist() == list(ESTIMATORS)
    assert comparison.skipped == {}
    np.testing.assert_allclose(table["estimate"], 1.0, atol=0.12)
    events = comparison.table()
    assert set(events["estimator"]) == set(ESTIMATORS)
    before = events[events["event_time"] < -1]
    assert before["estimate"].abs().max() < 0.12
    assert events["event_time"].between(-2, 2).all()


def test_comparison_repeats_the_functions_own_results(comparison, data):
    own = stacked(data, **KEYS, window=(-2, 2))
    np.testing.assert_array_equal(comparison.events["stacked"].covariance, own.covariance)
    other = imputation(data, **KEYS, by="event")
    keep = other.keys["event_time"] <= 2
    np.testing.assert_array_equal(comparison.events["imputation"].estimate, other.estimate[keep])


def test_options_nobody_may_ignore(data):
    result = compare_estimators(data, **KEYS, weights="w", covariates="w", window=(-2, 2))
    assert "does not take covariates" in result.skipped["stacked"]
    assert "change within" not in str(result.skipped)
    assert "imputation" in result.skipped  # a covariate constant in units is absorbed
    assert {"group_time", "extended_twfe"} <= set(result.events)


def test_without_never_treated_reasons_are_given(data):
    result = compare_estimators(data[data["g"] > 0], **KEYS, window=(-2, 2), control="never")
    assert "no never-treated" in result.skipped["group_time"]
    assert "imputation" in result.events


def test_comparison_is_drawn_and_tabled(comparison):
    words = {"caption": "What it shows.", "label": "c"}
    figure = report.comparison_plot(comparison, **words, alt="Points.", unit="Effect")
    assert "Two-way fixed effects" in figure.svg
    with pytest.raises(ValueError, match="colours"):
        report.comparison_plot(comparison, **words, alt="Points.", unit="Effect", by="event")
    table = report.comparison_table(comparison, **words)
    assert len(table.rows) == len(ESTIMATORS)


def test_bad_comparisons_are_named(data):
    with pytest.raises(EstimationError, match="no estimator"):
        compare_estimators(data, **KEYS, estimators=["dcdh"])
    with pytest.raises(EstimationError, match="window"):
        compare_estimators(data, **KEYS, window=(0, 2))
    with pytest.raises(EstimationError, match="every estimator"):
        compare_estimators(data.assign(g=0), **KEYS, estimators=["imputation"])
    with pytest.raises(ColumnError, match="nothere"):
        compare_estimators(data, **{**KEYS, "outcome": "nothere"})


def test_leaving_out_is_refitting(data):
    def simple(result):
        return result.aggregate("simple")

    refits = leave_one_out(group_time, data, by="g", summary=simple, **KEYS)
    assert list(refits.fits) == [4, 6, 7]
    for cohort, fit in refits.fits.items():
        own = simple(group_time(data[data["g"] != cohort], **KEYS))
        np.testing.assert_array_equal(fit.estimate, own.estimate)
    table = refits.table()
    full = simple(group_time(data, **KEYS)).estimate[0]
    np.testing.assert_allclose(table["change"], table["estimate"] - full, atol=1e-15)
    regions = leave_one_out(
        group_time, data, by="region", keep_missing=False, summary=simple, **KEYS, cluster="region"
    )
    assert list(regions.fits) == list(range(7))
    assert all(fit.sample.clusters == 6 for fit in regions.fits.values())


def test_what_cannot_be_left_out_is_said(data):
    two = data[data["g"].isin([0, 4])]
    with pytest.raises(NotIdentifiedError, match="1 value"):
        leave_one_out(group_time, two, by="g", **KEYS)
    lone = data[data["g"].ne(0) | data["region"].eq(1)]
    refits = leave_one_out(group_time, lone, by="region", keep_missing=False, **KEYS)
    assert list(refits.failed) == [1]
    assert "no never-treated" in refits.failed[1]


def test_placebos_see_only_rows_before_treatment(data):
    wild = data.assign(y=data["y"] + 1e6 * ((data["g"] > 0) & (data["t"] >= data["g"])))
    refits = placebo_dates(
        imputation, wild, time="t", cohort="g", shifts=(1, 2, 9), outcome="y", unit="unit", by="overall"
    )
    assert refits.table()["estimate"].abs().max() < 0.2
    assert list(refits.failed) == [9]
    rows = data[(data["g"] == 0) | (data["t"] < data["g"])]
    moved = rows.assign(g=(rows["g"] - 2).where(rows["g"] > 0, 0))
    own = imputation(moved, **KEYS, by="overall")
    np.testing.assert_array_equal(refits.fits[2].estimate, own.estimate)
    with pytest.raises(EstimationError, match="positive"):
        placebo_dates(imputation, wild, time="t", cohort="g", shifts=(0,), outcome="y", unit="unit")


def haversine(a, b):
    (p, q), (r, s) = np.radians(a), np.radians(b)
    h = np.sin((r - p) / 2) ** 2 + np.cos(p) * np.cos(r) * np.sin((s - q) / 2) ** 2
    return 2 * 6371.0088 * np.arcsin(np.sqrt(h))


def places(units=40, seed=2) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"unit": range(units), "g": random.choice([0, 2, 3, 9], units, p=[0.6, 0.1, 0.2, 0.1]),
                          "lat": random.uniform(33, 36, units), "lon": random.uniform(-120, -116, units)})  # fmt: skip
    frame.loc[5, ["lat", "lon"]] = frame.loc[6, ["lat", "lon"]].to_numpy()
    frame.loc[[5, 6], "g"] = 3
    frame.loc[7, ["lat", "lon"]] = np.nan
    return frame.merge(pd.DataFrame({"t": [1, 2, 3, 4]}), how="cross")


def test_rings_by_brute_force():
    data = places().sample(frac=1, random_state=0)
    edges = (0.0, 30.0, 60.0, 120.0)
    rings = exposure_rings(
        data, unit="unit", time="t", cohort="g", latitude="lat", longitude="lon", edges=edges
    )
    one = data.drop_duplicates("unit").set_index("unit")
    for label, row in data.iterrows():
        treated = [u for u in one.index if 0 < one["g"][u] <= row["t"] and u != row["unit"]]
        away = [haversine((row["lat"], row["lon"]), (one["lat"][u], one["lon"][u])) for u in treated]
        expected = np.nanmin(away) if len(treated) and not np.isnan(row["lat"]) else np.nan
        got = rings.loc[label]
        assert got["nearest_treated_km"] == pytest.approx(expected, rel=1e-9, abs=1e-6, nan_ok=True)
        own = 0 < row["g"] <= row["t"]
        for low, high in pairwise(edges):
            assert got[f"ring_{low:g}_{high:g}"] == float(low <= expected < high and not own)
    first = rings.join(data[["unit", "t"]]).query("nearest_treated_km < 120").groupby("unit")["t"].min()
    seen = rings.join(data["unit"]).groupby("unit")["exposed_from"].first()
    pd.testing.assert_series_equal(seen.dropna(), first.astype(float), check_names=False)
    assert rings["is_own_treated"].sum() == ((data["g"] > 0) & (data["t"] >= data["g"])).sum()


def test_bad_rings_are_named():
    data, keys = places(), {"unit": "unit", "time": "t", "cohort": "g", "latitude": "lat", "longitude": "lon"}
    with pytest.raises(EstimationError, match="increasing"):
        exposure_rings(data, **keys, edges=(10, 5))
    with pytest.raises(ColumnError, match="degrees"):
        exposure_rings(data.assign(lat=1000.0), **keys)
    with pytest.raises(ColumnError, match="changes within"):
        exposure_rings(data.assign(lat=data["t"]), **keys)
    with pytest.raises(NotIdentifiedError, match="coordinates"):
        exposure_rings(data.assign(g=0), **keys)
    with pytest.raises(KeyNotUniqueError):
        exposure_rings(pd.concat([data, data]), **keys)
