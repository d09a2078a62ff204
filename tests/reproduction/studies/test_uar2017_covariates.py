"""City matching on covariates measured before the first adoption, as a choice beside the old set."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.panels.store import load
from analysis.studies.uar2017 import study
from analysis.studies.uar2017.sample import with_census_2000
from analysis.studies.uar2017.spec import COVARIATES_2000, SPEC

_MADE = ("log_population", *SPEC.past_crime)


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in study.PANELS}


def test_shares_of_2000_stand_beside_each_place(panels):
    census = panels["places_2000"].set_index("place_fips")
    joined = with_census_2000(panels["places"], panels["places_2000"])
    assert len(joined) == len(panels["places"])
    known = joined.dropna(subset=["renter_share_2000"])
    assert len(known) > 9_900
    ours = known["renter_share_2000"].to_numpy()
    assert np.array_equal(ours, census.loc[known["place_fips"], "renter_share_2000"].to_numpy())
    assert set(COVARIATES_2000) <= {*joined, *_MADE}


def test_covariates_of_2000_are_another_specification_with_better_dates():
    other = SPEC.replace(covariates=COVARIATES_2000)
    assert other.key() != SPEC.key()
    measured = [name for name in other.covariates if name not in _MADE]
    assert all(name.endswith("_2000") for name in measured) and len(measured) == 5
    late = [name for name in SPEC.covariates if name not in _MADE]
    assert not any(name.endswith("_2000") for name in late)
