"""Poisson beside units of very unequal size: rows near zero are still on their way when the likelihood is flat."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.estimators import poisson


@pytest.fixture(scope="module")
def uneven():
    rng = np.random.default_rng(3)
    unit, year = (part.ravel() for part in np.meshgrid(np.arange(30), np.arange(5), indexing="ij"))
    size = np.where(np.arange(30) < 4, 8e6, 3.0)
    treated = ((unit % 3 == 0) & (year == 4)).astype(float)
    mean = size[unit] * np.exp(0.05 * year + 0.1 * treated)
    frame = pd.DataFrame({"unit": unit, "year": year, "treated": treated, "count": rng.poisson(mean)})
    frame.loc[(frame["unit"] == 6) & (frame["year"] < 4), "count"] = 0
    return frame


def test_it_converges_to_the_dummy_regression(uneven):
    found = poisson(uneven, outcome="count", treatment="treated", effects=["unit", "year"], cluster="unit")
    used = uneven[np.asarray(found.sample.rows)]
    dummies = pd.get_dummies(used[["unit", "year"]].astype(str), dtype=float)
    drop = [next(name for name in dummies if name.startswith("year"))]
    design = np.column_stack([used["treated"], dummies.drop(columns=drop)])
    model = sm.GLM(used["count"], design, family=sm.families.Poisson())
    plain = model.fit(tol=1e-14, maxiter=200)
    assert found.estimate[0] == pytest.approx(plain.params.iloc[0], abs=1e-8)
    assert found.sample.used + sum(found.sample.dropped.values()) == len(uneven)
