"""Designs at their edges: a lone switcher, rings from zero, two groups to leave out, rows without a treatment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import adoption_cohort, exposure_rings, leave_one_out, ols, switchers
from analysis.estimators.errors import ColumnError, NotIdentifiedError


def panel(seed: int, units: int = 9, periods: int = 5) -> pd.DataFrame:
    """Return a panel in which unit 0 alone is treated, from period 3 on."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame([(i, t) for i in range(units) for t in range(1, periods + 1)], columns=["unit", "t"])
    d = ((frame["unit"] == 0) & (frame["t"] >= 3)) * 1.0
    return frame.assign(d=d, y=random.normal(size=len(frame)) + d, x=random.normal(size=len(frame)))


def test_error_of_a_lone_switcher_takes_its_spread_about_all_in_the_comparison():
    """Its deviation is from the mean of itself and the controls, with the degree of freedom that this costs."""
    data = panel(1)
    found = switchers(data, outcome="y", treatment="d", unit="unit", time="t", correction="cells")
    wide = data.pivot(index="unit", columns="t", values="y")
    for event in (0, 1, 2):
        change = (wide[3 + event] - wide[2]).to_numpy()
        others, m = change[1:], len(change) - 1
        variance = (change[0] - change.mean()) ** 2 * (m + 1) / m + others.var(ddof=1) / m
        row = found.row(event_time=event)
        assert row["estimate"] == pytest.approx(change[0] - others.mean(), abs=1e-12)
        assert row["std_error"] == pytest.approx(np.sqrt(variance), rel=1e-10)


@pytest.mark.parametrize(("covariance", "power"), [("HC2", 1), ("HC3", 2)])
def test_leverage_with_trends_of_units_is_that_of_dummies(covariance, power):
    data = panel(2, units=6, periods=7)
    fit = ols(
        data, outcome="y", treatment="x", effects=["unit", "t"], trends={"unit": "t"}, covariance=covariance,
        correction="none",
    )  # fmt: skip
    dummies = pd.get_dummies(data[["unit", "t"]].astype(str), dtype=float)
    slopes = dummies.filter(like="unit_").mul(data["t"], axis=0).to_numpy()
    design = np.column_stack([data["x"], dummies, slopes])
    hat = design @ np.linalg.pinv(design)
    left = data["y"].to_numpy() - hat @ data["y"].to_numpy()
    bread = np.linalg.pinv(design)[0]
    variance = (bread**2 * left**2 / (1 - np.diag(hat)) ** power).sum()
    assert fit.std_error[0] == pytest.approx(np.sqrt(variance), rel=1e-8)


def test_two_groups_can_be_left_out_and_one_cannot():
    data = panel(3).assign(half=lambda f: f["unit"] % 2 + 1)
    options = {"outcome": "y", "treatment": "x"}
    found = leave_one_out(ols, data, by="half", **options)
    assert list(found.fits) == [1, 2]
    with pytest.raises(NotIdentifiedError):
        leave_one_out(ols, data.assign(half=1), by="half", **options)


def test_a_row_without_a_treatment_has_no_cohort():
    data = panel(4).assign(unit=lambda f: f["unit"].replace({0: 1, 1: 0}))  # the second unit is treated
    data.loc[[7, 21], "d"] = np.nan
    found = adoption_cohort(data, unit="unit", time="t", treatment="d")
    assert found[[7, 21]].isna().all()
    assert found[data["unit"].eq(1)].eq(3).all()


def test_rings_may_start_at_zero_and_places_lie_at_the_poles():
    data = panel(5).assign(g=lambda f: np.where(f["unit"] == 0, 3, 0))
    data = data.assign(
        lat=np.where(data["unit"] == 0, 90.0, 89.0), lon=np.where(data["unit"] == 1, 360.0, 0.0)
    )
    keys = {"unit": "unit", "time": "t", "cohort": "g", "latitude": "lat", "longitude": "lon"}
    found = exposure_rings(data, **keys, edges=(0, 200))
    near = data["unit"].ne(0) & data["t"].ge(3)
    assert found.loc[near, "ring_0_200"].eq(1).all() and found.loc[~near, "ring_0_200"].eq(0).all()
    assert found.loc[near, "nearest_treated_km"].between(111.1, 111.3).all()
    for bad in ({"lat": 90.1}, {"lat": -90.1}, {"lon": 360.1}):
        with pytest.raises(ColumnError, match="must be degrees"):
            exposure_rings(data.assign(**bad), **keys)
