"""Leads of the joint design of states: a known panel, a loop by hand, and the joint test under the null."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.studies.synthetic import leads
from analysis.studies.synthetic.leads import Adoptions, gaps, placebo_gaps, seen_weights

YEARS = range(1990, 2020)
DONORS = [f"D{k}" for k in range(12)]


@pytest.fixture
def rates():
    """Donors of two factors; each treated state is the mean of all donors plus a level and its own effect.

    Equal weights fit it exactly and have the smallest ridge, so that they are the minimum.
    """
    random = np.random.default_rng(11)
    trend = random.normal(size=(2, len(YEARS))).cumsum(axis=1)
    donors = pd.DataFrame(random.normal(size=(12, 2)) @ trend, index=DONORS, columns=list(YEARS))
    one = donors.mean() + 3.0
    two = donors.mean() - 1.0
    one[one.index >= 2014] += 0.5
    two[two.index >= 2016] += 0.2
    return pd.concat([donors, pd.DataFrame([one, two], index=["A", "B"])])


def test_a_state_that_is_the_mean_of_donors_shows_its_effect_and_no_lead(rates):
    found = gaps(rates, pd.Series({"A": 2014, "B": 2016}), DONORS, shift=6)
    assert found.index.tolist() == [-6, -5, -4, -3, -2, 0, 1, 2, 3, 4, 5]
    assert found[found.index < 0].abs().max() < 1e-3
    assert found[[0, 1, 2, 3]].to_numpy() == pytest.approx([0.35] * 4, abs=1e-3)
    assert found[[4, 5]].to_numpy() == pytest.approx([0.5] * 2, abs=1e-3)


def test_cohorts_weigh_by_their_states_and_the_year_before_is_zero(rates):
    shifted = rates.copy()
    shifted.loc["A", 2013:] += 10.0
    start = pd.Series({"A": 2014, "B": 2016})
    moved = gaps(shifted, start, DONORS, shift=6) - gaps(rates, start, DONORS, shift=6)
    assert moved[[-3, -2]].to_numpy() == pytest.approx([-5.0, -5.0], abs=1e-9)
    assert moved[[0, 3, 5]].to_numpy() == pytest.approx([0.0] * 3, abs=1e-9)


def test_weights_do_not_see_the_years_tested(rates):
    changed = rates.copy()
    changed.loc["A", 2009] += 4.0
    start = pd.Series({"A": 2014})
    moved = gaps(changed, start, DONORS, shift=6) - gaps(rates, start, DONORS, shift=6)
    assert moved[-5] == pytest.approx(4.0) and moved.drop(-5).abs().max() < 1e-9


def test_the_joint_test_keeps_its_size_where_states_are_donors():
    random = np.random.default_rng(5)
    values = random.normal(size=(30, len(YEARS))).cumsum(axis=1) * 0.1
    table = pd.DataFrame(values, index=[f"S{k}" for k in range(30)], columns=list(YEARS))
    p = []
    for k in range(24):
        treated = pd.Series({f"S{k}": 2012, f"S{k + 1}": 2014})
        donors = [name for name in table.index if name not in treated.index]
        sample = Adoptions(table, treated, donors)
        drawn = placebo_gaps(sample, shift=4, draws=60, seed=k)
        p.append(leads.leads(gaps(table, treated, donors, shift=4), drawn, 0.95)["leads_p"])
    assert stats.kstest(p, "uniform").pvalue > 0.001
    assert np.mean(np.array(p) < 0.2) < 0.5


def test_power_is_that_of_the_noncentral_chi_square_by_simulation():
    random = np.random.default_rng(2)
    times = [-4, -3, -2, 0, 1]
    drawn = random.normal(scale=0.02, size=(4_000, 5))
    found = leads.leads(pd.Series(0.0, index=times), drawn, 0.95)
    drift = leads.DRIFT * np.array([-3.0, -2.0, -1.0])
    inverse = np.linalg.inv(np.cov(drawn[:, :3], rowvar=False))
    seen = drawn[:, :3] + drift
    rejected = np.einsum("de,ef,df->d", seen, inverse, seen) > stats.chi2.ppf(0.95, 3)
    assert found["leads_power"] == pytest.approx(rejected.mean(), abs=0.03)
    assert found["leads_p"] == pytest.approx(1.0)
    assert found["leads_drift"] > leads.DRIFT


def test_years_are_weighted_by_the_states_seen_in_them():
    weights = seen_weights(pd.Series({"A": 2014, "B": 2018}), 2019)
    assert weights == pytest.approx({0: 2 / 8, 1: 2 / 8, 2: 1 / 8, 3: 1 / 8, 4: 1 / 8, 5: 1 / 8})
