"""Efficient timing: its special cases, its variance by re-randomization, invariances, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import efficient_timing, group_time
from analysis.estimators.errors import EstimationError, NotIdentifiedError

KEYS = {"outcome": "y", "unit": "unit", "time": "time", "cohort": "g"}


def panel(seed: int, units: int = 240, periods: int = 6, effect: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    path = np.cumsum(random.normal(size=(units, periods)), axis=1) + random.normal(size=(units, 1))
    first = random.permutation(np.repeat([3, 4, 5, np.inf], units // 4))
    path = path + effect * (np.arange(1, periods + 1) >= first[:, None])
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), periods),
            "time": np.tile(np.arange(1, periods + 1), units),
            "y": path.ravel(),
            "g": np.repeat(first, periods),
        }
    )


@pytest.mark.parametrize("event", [0, 1, 2])
def test_unit_weight_is_group_time_with_not_yet_treated(event):
    data = panel(1, effect=0.7)
    ours = efficient_timing(data, **KEYS, by="event", events=(event, event), beta=1.0)
    other = group_time(data, **KEYS, control="not_yet").aggregate("event")
    assert ours.estimate[0] == pytest.approx(other.row(event_time=event)["estimate"], abs=1e-12)


@pytest.mark.parametrize(
    ("by", "theirs"), [("simple", "simple"), ("cohort", "cohort"), ("calendar", "calendar")]
)
def test_unit_weight_averages_as_group_time_does(by, theirs):
    data = panel(2, effect=-0.4)
    ours = efficient_timing(data, **KEYS, by=by, beta=1.0).estimate[0]
    result = group_time(data, **KEYS, control="not_yet").aggregate(theirs)
    other = result.estimate[0] if by == "simple" else result.extra["overall"].estimate[0]
    assert ours == pytest.approx(other, abs=1e-12)


def test_efficient_weight_minimises_the_variance():
    data = panel(3)
    best = efficient_timing(data, **KEYS)
    others = [efficient_timing(data, **KEYS, beta=b).std_error[0] for b in np.linspace(-1, 2, 31)]
    assert best.std_error[0] <= min(others) + 1e-12
    assert efficient_timing(data, **KEYS, beta=best.extra["beta"].iloc[0]).std_error[0] == pytest.approx(
        best.std_error[0]
    )


def test_error_is_the_spread_over_random_dates():
    data = panel(4)
    random = np.random.default_rng(9)
    cohort = data.groupby("unit")["g"].first().to_numpy()
    draws = [
        efficient_timing(data.assign(g=np.repeat(random.permutation(cohort), 6)), **KEYS, beta=0.6).estimate[
            0
        ]
        for _ in range(400)
    ]
    error = efficient_timing(data, **KEYS, beta=0.6).std_error[0]
    assert error == pytest.approx(np.std(draws), rel=0.12)
    assert abs(np.mean(draws)) < 4 * error / 20


def test_refined_variance_is_not_larger():
    data = panel(5, effect=1.0)
    assert (
        efficient_timing(data, **KEYS, refined=True).std_error[0]
        <= efficient_timing(data, **KEYS).std_error[0]
    )


def test_shift_scale_and_order():
    data = panel(6, effect=0.5)
    base = efficient_timing(data, **KEYS)
    changed = data.sample(frac=1, random_state=0).assign(y=lambda d: 4 * d["y"] + 10 * d["time"])
    moved = efficient_timing(changed, **KEYS)
    np.testing.assert_allclose(moved.estimate, 4 * base.estimate, rtol=1e-9)
    np.testing.assert_allclose(moved.std_error, 4 * base.std_error, rtol=1e-9)


def test_bad_input_is_named():
    data = panel(7)
    with pytest.raises(EstimationError, match="by must be"):
        efficient_timing(data, **KEYS, by="all")
    with pytest.raises(NotIdentifiedError, match="one cohort"):
        efficient_timing(data.assign(g=0), **KEYS)
    lone = data.assign(g=data["g"].where(data["unit"] > 0, 6))
    with pytest.raises(NotIdentifiedError, match="one unit"):
        efficient_timing(lone, **KEYS)
    gaps = efficient_timing(data.drop(data.index[7]), **KEYS)
    assert gaps.sample.dropped == {"unit not observed in every period": 5}
