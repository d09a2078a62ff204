"""Interaction weights with covariates: every coefficient and error of a dense regression in a second package."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import interaction_weighted
from analysis.estimators.errors import NotIdentifiedError

KEYS = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}


def panel(never: bool = True) -> pd.DataFrame:
    """Return an unbalanced panel with weights, two covariates that vary in time, and effects by cohort."""
    draw = np.random.default_rng(11)
    frame = pd.DataFrame([(u, t) for u in range(45) for t in range(1, 9)], columns=["unit", "year"])
    first = np.array([0 if never else 8, 4, 5, 7, 4])[np.arange(45) % 5]
    frame["first"] = first[frame["unit"]]
    frame["x1"] = draw.normal(size=len(frame)) + 0.3 * frame["year"]
    frame["x2"] = draw.normal(size=len(frame)) * (1 + frame["unit"] % 3)
    frame["w"] = draw.uniform(0.5, 2, len(frame))
    treated = (frame["first"] > 0) & (frame["year"] >= frame["first"])
    frame["y"] = frame["unit"] % 7 + frame["x1"] - 0.5 * frame["x2"] + treated * (frame["year"] - 3)
    frame["y"] += draw.normal(size=len(frame))
    return frame.sample(frac=0.92, random_state=3).reset_index(drop=True)


def dense(frame: pd.DataFrame, found, weights: str | None, covariates: list[str]) -> pd.DataFrame:
    """Return pyfixest's fit of the same regression, one dummy a cell, in the order of our rows and covariates."""
    feols = pytest.importorskip("pyfixest").feols
    used = frame[found.sample.rows].copy()
    names = []
    for cohort, year in found.keys.itertuples(index=False):
        names.append(f"c{cohort:.0f}_{year:.0f}")
        used[names[-1]] = ((used["first"] == cohort) & (used["year"] == year)).astype(float)
    formula = f"y ~ {' + '.join([*names, *covariates])} | unit + year"
    fit = feols(
        formula,
        used,
        vcov={"CRV1": "unit"},
        weights=weights,
        fixef_rm="none",
        fixef_tol=1e-12,
        fixef_maxiter=10**5,
    )
    return fit.tidy().loc[[*names, *covariates]], fit


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("never", [True, False])
@pytest.mark.parametrize("covariates", [["x1"], ["x1", "x2"]])
def test_cells_and_slopes_are_those_of_the_dense_regression(never, weights, covariates):
    frame = panel(never)
    found = interaction_weighted(frame, **KEYS, covariates=covariates, weights=weights)
    theirs, _ = dense(frame, found, weights, covariates)
    slopes = found.extra["covariates"]
    np.testing.assert_allclose(
        np.append(found.estimate, slopes.estimate), theirs["Estimate"], rtol=1e-8, atol=1e-10
    )
    np.testing.assert_allclose(np.append(found.std_error, slopes.std_error), theirs["Std. Error"], rtol=1e-8)
    p_values = np.append(found.tidy()["p_value"], slopes.tidy()["p_value"])
    np.testing.assert_allclose(p_values, theirs["Pr(>|t|)"], rtol=1e-6, atol=1e-12)


def test_event_times_average_cells_by_shares_with_the_dense_covariance():
    frame = panel()
    found = interaction_weighted(frame, **KEYS, covariates=["x1", "x2"])
    theirs, fit = dense(frame, found, None, ["x1", "x2"])
    events = found.aggregate("event")
    rows = frame[found.sample.rows].groupby(["first", "year"]).size()
    cells = [tuple(row) for row in found.keys.itertuples(index=False)]
    order = [fit._coefnames.index(name) for name in theirs.index[: len(cells)]]
    covariance = fit._vcov[np.ix_(order, order)]
    for event, estimate, error in zip(
        events.keys["event_time"], events.estimate, events.std_error, strict=True
    ):
        share = np.array([rows[c] if c[1] - c[0] == event else 0 for c in cells], float)
        share /= share.sum()
        assert estimate == pytest.approx(share @ theirs["Estimate"].to_numpy()[: len(cells)], rel=1e-8)
        assert error == pytest.approx(np.sqrt(share @ covariance @ share), rel=1e-8)


def test_a_covariate_without_bearing_changes_nothing():
    frame = panel()
    plain = interaction_weighted(frame, **KEYS)
    with_noise = interaction_weighted(frame.assign(y=frame["y"] + 2.5 * frame["x1"]), **KEYS, covariates="x1")
    again = interaction_weighted(frame, **KEYS, covariates="x1")
    np.testing.assert_allclose(with_noise.estimate, again.estimate, rtol=1e-9)
    slope = with_noise.extra["covariates"].estimate - again.extra["covariates"].estimate
    np.testing.assert_allclose(slope, 2.5, rtol=1e-10)
    assert not np.allclose(plain.estimate, again.estimate, rtol=1e-3)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda f: f["unit"] % 3, "explained by unit effects"),
        (lambda f: f["year"] * 2.0, "explained by unit effects"),
        (lambda f: 2 * f["x1"] + f["year"], "collinear"),
    ],
)
def test_covariates_that_effects_explain_are_refused(made, words):
    frame = panel()
    with pytest.raises(NotIdentifiedError, match=words):
        interaction_weighted(frame.assign(z=made(frame).astype(float)), **KEYS, covariates=["x1", "z"])


def test_rows_without_a_covariate_are_counted():
    frame = panel()
    frame.loc[[3, 8], "x1"] = np.nan
    assert interaction_weighted(frame, **KEYS, covariates="x1").sample.dropped["missing x1"] == 2
