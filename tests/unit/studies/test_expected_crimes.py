"""The observed-to-expected design on a frame whose expected crimes can be told by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.estimators.errors import NotConvergedError
from analysis.estimators.regression.two_way_counts import period_effects
from analysis.studies.designs import expected_counts as expected

AFTER = np.array([130.0, 70.0, 180.0, 95.0, 160.0])
ADOPTED, RATE = 2010, 100.0
HORIZON = expected.Horizon()


def towns(after=AFTER) -> pd.DataFrame:
    """Return one adopter a state with crimes `after` adoption in every year, and others of a steady rate.

    Every town has `RATE` crimes a year before, so that adopters are expected to have `RATE` a year after.
    """
    rows = []
    for number, state in enumerate(["AA", "BB", "CC", "DD", "EE", "XX", "YY", "ZZ"]):
        cohort = ADOPTED if number < len(after) else 0
        for year in range(2000, 2020):
            treated = cohort > 0 and year >= cohort
            rows.append((state, number, year, cohort, after[number] if treated else RATE))
    frame = pd.DataFrame(rows, columns=["state", "number", "year", "cohort", "count"])
    return frame.assign(
        ori="T" + frame["state"], city=frame["state"], region="all", size="large", residents=50_000.0,
        population=50_000.0, unit="T" + frame["state"],
    )  # fmt: skip


def test_ratio_is_observed_over_expected():
    table = expected.expected_crimes(towns(), HORIZON)
    rows = expected.treated_rows(table)
    assert len(rows) == len(AFTER)
    assert expected.ratio(table, rows, table.own[rows]) == pytest.approx(
        np.log(AFTER.mean() / RATE), abs=1e-12
    )


def test_jackknife_by_state_is_that_of_the_closed_form():
    """Without state s the ratio is the mean of the others' crimes over the rate; n - 1 over n times the squares."""
    whole = float(np.log(AFTER.mean() / RATE))
    n = len(AFTER)
    without = np.log((AFTER.sum() - AFTER) / (n - 1) / RATE)
    error = np.sqrt((n - 1) * np.mean((without - whole) ** 2))
    found = expected.jackknife(towns(), "state", whole, horizon=HORIZON, level=0.9)
    assert found["std_error"] == pytest.approx(error, rel=1e-10)
    assert found["df"] == n - 1
    low, high = stats.t.interval(0.9, n - 1, whole, error)
    assert (found["conf_low"], found["conf_high"]) == pytest.approx((low, high), rel=1e-10)
    assert found["p_value"] == pytest.approx(2 * stats.t.sf(whole / error, n - 1), rel=1e-10)
    assert (found["lowest"], found["highest"]) == pytest.approx((without.min(), without.max()), rel=1e-10)


def test_jackknife_of_the_ratio_is_close_to_its_linearization():
    """With many states the jackknife's error is the standard deviation over the root of n, over the mean."""
    after = RATE * np.random.default_rng(1).uniform(0.95, 1.05, 5)
    found = expected.jackknife(
        towns(after), "state", float(np.log(after.mean() / RATE)), horizon=HORIZON, level=0.95
    )
    assert found["std_error"] == pytest.approx(after.std(ddof=1) / np.sqrt(5) / after.mean(), rel=1e-2)


def uneven(seed=0, cities=6, years=8):
    random = np.random.default_rng(seed)
    people = random.uniform(1e4, 1e5, (cities, years))
    counts = random.poisson(people * 1e-3 * random.uniform(0.5, 2, years)).astype(float)
    gone = random.random((cities, years)) < 0.4
    gone[0], gone[:, 0] = False, False
    return np.where(gone, np.nan, counts), np.where(gone, np.nan, people)


def test_year_effects_solve_the_score_equations():
    """At the maximum the crimes of every year, and of every city, are those fitted."""
    counts, people = uneven()
    trend = period_effects(counts, people)
    seen = ~np.isnan(counts)
    exposed = np.where(seen, people, 0.0)
    level = np.nansum(counts, axis=1) / (exposed @ trend)
    fitted = exposed * level[:, None] * trend
    np.testing.assert_allclose(fitted.sum(axis=0), np.nansum(counts, axis=0), rtol=1e-9)
    assert trend[0] == 1.0


def test_too_few_sweeps_are_an_error():
    counts, people = uneven()
    with pytest.raises(NotConvergedError, match="2 sweeps"):
        period_effects(counts, people, sweeps=2)
