"""A cell, a weight or a sensitivity computed alone, by plain algebra, is the one computed among all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import group_time, ols, twfe_weights
from analysis.estimators.errors import EstimationError

KEYS = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}


def panel(seed: int, units: int = 60) -> pd.DataFrame:
    """Return cohorts at 3, 4 and 6 and never treated, with covariate and weights that change every period."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame([(i, t) for i in range(units) for t in range(1, 7)], columns=["unit", "t"])
    g = np.resize([0, 3, 0, 4, 6], units)[frame["unit"]]
    x = random.normal(size=len(frame)) + 0.3 * (g > 0)
    y = frame["unit"] % 7 + x * frame["t"] + (g > 0) * (frame["t"] >= g) + random.normal(size=len(frame))
    return frame.assign(g=g, x=x, y=y, w=random.uniform(0.5, 2, len(frame)), z=frame["unit"] % 5)


@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
@pytest.mark.parametrize(
    "options", [{"covariates": "x"}, {"weights": "w"}, {"covariates": "x", "weights": "w"}], ids=str
)
@pytest.mark.parametrize("kind", ["pairwise", "repeated"])
def test_each_cell_is_that_of_its_two_periods_and_groups(method, options, kind):
    data = panel(1)
    whole = group_time(data, **KEYS, **options, method=method, panel=kind, base="varying")
    ledger = whole.extra["ledger"]
    assert len(ledger) == len(whole.estimate) == 15
    for cell, estimate, error in zip(ledger.itertuples(), whole.estimate, whole.std_error, strict=True):
        pair = data[data["t"].isin([cell.base_time, cell.time]) & data["g"].isin([0, cell.cohort])]
        pair = pair.assign(g=np.where(pair["g"] > 0, cell.time, 0))
        alone = group_time(pair, **KEYS, **options, method=method, panel=kind, base="varying")
        assert alone.estimate[0] == pytest.approx(estimate, rel=1e-9)
        assert alone.std_error[0] == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_unit_of_a_covariate_does_not_matter(unit):
    data = panel(2)
    base = group_time(data, **KEYS, covariates="x", method="ipw", base="varying")
    moved = group_time(data.assign(x=data["x"] * unit), **KEYS, covariates="x", method="ipw", base="varying")
    np.testing.assert_allclose(moved.estimate, base.estimate, rtol=1e-7)
    np.testing.assert_allclose(moved.std_error, base.std_error, rtol=1e-7)


def test_weights_of_two_way_regression_are_those_of_dummies():
    """The treatment's residual on dummies gives the weights; corollary 1 says how unequal effects must be."""
    data = panel(3).assign(d=lambda f: ((f["g"] > 0) & (f["t"] >= f["g"])) * 1.0)
    found = twfe_weights(data, outcome="y", treatment="d", effects=["unit", "t"], weights="w")
    w, d = data["w"].to_numpy(), data["d"].to_numpy()
    dummies = pd.get_dummies(data[["unit", "t"]].astype(str), dtype=float).to_numpy()
    root = np.sqrt(w)[:, None]
    left = d - dummies @ np.linalg.lstsq(dummies * root, d * root[:, 0], rcond=None)[0]
    weight = w * d * left / (w * d * left).sum()
    np.testing.assert_allclose(found.weight, weight, atol=1e-10)
    on = d > 0
    assert (found.positive, found.negative) == ((weight[on] > 0).sum(), (weight[on] < 0).sum())
    assert found.negative_sum == pytest.approx(weight[weight < 0].sum(), abs=1e-10)
    share = w[on] / w[on].sum()
    spread = np.sqrt(np.average((weight[on] / share - 1) ** 2, weights=share))
    beta = (w * left * data["y"]).sum() / (w * left * d).sum()
    assert found.estimate == pytest.approx(beta, rel=1e-9)
    assert found.sensitivity == pytest.approx(abs(beta) / spread, rel=1e-9)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.1])
def test_a_level_is_strictly_between_zero_and_one(level):
    with pytest.raises(EstimationError, match="level must lie between 0 and 1"):
        ols(panel(4), outcome="y", treatment="x", level=level)
