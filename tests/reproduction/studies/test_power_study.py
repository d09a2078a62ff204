"""Power of the designs: arithmetic held to statsmodels and simulation, tables to their sources."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from analysis.studies.cap2017 import study as cap2017
from analysis.studies.paper import power
from analysis.studies.staggered_cities.spec import SPEC as CITIES_SPEC
from analysis.studies.uar2017 import study as uar2017


@pytest.fixture(scope="module")
def designs():
    raw = pd.concat([power._uar(uar2017.run()), power._cap(cap2017.run())], ignore_index=True)
    return power.judge(raw)


@pytest.mark.parametrize("effect", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("error", [0.04, 0.1])
def test_power_of_a_normal_test_by_simulation(effect, error):
    draws = np.random.default_rng(1).normal(effect, error, 400_000)
    share = (np.abs(draws / error) > stats.norm.ppf(0.5 + CITIES_SPEC.level / 2)).mean()
    assert power.power_at(np.array([effect]), error, np.inf)[0] == pytest.approx(share, abs=0.003)


def test_power_without_an_effect_is_the_size():
    assert power.power_at(np.array([0.0]), 0.1, 17)[0] == pytest.approx(1 - CITIES_SPEC.level)


def test_power_near_the_noncentral_t_of_statsmodels():
    n, error = 60, 0.05
    exact = TTestPower().power(0.15 / (error * np.sqrt(n)), nobs=n, alpha=1 - CITIES_SPEC.level)
    assert power.power_at(np.array([0.15]), error, n - 1)[0] == pytest.approx(exact, abs=0.01)


def test_detectable_effects_are_found_with_the_stated_power(designs):
    assert len(designs) == 19
    for row in designs.itertuples():
        found = power.power_at(np.array([row.detectable]), row.std_error, row.df)[0]
        assert found == pytest.approx(CITIES_SPEC.power, abs=0.01)


def test_shares_are_those_of_the_studies(designs):
    counties = cap2017.run().main.set_index("design")
    ours = designs[designs["study"].eq(power.CAP)].set_index("design")
    for name, row in counties.iterrows():
        mine = ours.loc[name.capitalize()]
        assert mine["estimate"] * row["comparison_mean"] == pytest.approx(row["estimate"], rel=1e-12)
        assert mine["detectable"] == pytest.approx(row["detectable_share"], rel=1e-6)
        assert mine["conf_low"] == pytest.approx(row["conf_low"] / row["comparison_mean"], rel=1e-12)
        assert mine["conf_high"] == pytest.approx(row["conf_high"] / row["comparison_mean"], rel=1e-12)


def test_no_original_design_finds_five_percent_reliably(designs):
    """What the chapter says of the two papers' designs."""
    assert (designs["detectable"] > 0.05).all()
    assert (designs["power_share"] < 0.5).all()
