"""What selection into Table 8 does: every city of the master file has one status, and the figures recomputed."""

from __future__ import annotations

import pytest

from analysis.panels.store import load
from analysis.studies.measurement.selection import (
    GROUPS,
    STATUSES,
    master_cities,
    rates_by_status,
    selection_table,
)


@pytest.fixture(scope="module")
def cities():
    return master_cities(load("return_a_2013"), load("city_year"))


def test_every_city_has_one_status(cities):
    master = load("return_a_2013")
    own = master[master["covered_by"].isna() & (master["population"] > 0)]
    assert len(cities) == own["population_group"].str[0].isin(list("1234567")).sum() == 11_683
    assert set(cities["status"]) == set(STATUSES)
    table = selection_table(cities)
    assert table["group"].tolist() == list(GROUPS.values())
    assert (table[list(STATUSES)].sum(axis=1) == table["cities"]).all()
    assert table["cities"].sum() == len(cities)


def test_shares_and_rates_are_those_of_a_plain_count(cities):
    small = cities[cities["population_group"] == "7"]
    printed = small[small["ori7"].isin(load("city_year").query("year == 2013")["ori"].str[:7])]
    row = selection_table(cities).iloc[-1]
    assert row["printed_share"] == pytest.approx(len(printed) / len(small))
    assert row["people_share"] == pytest.approx(printed["population"].sum() / small["population"].sum())
    rates = rates_by_status(cities).set_index("status")
    left = cities[(cities["status"] == "twelve months, not printed")]
    rate = left["robbery_reported"].sum() / left["population"].sum() * 1e5
    assert rates.loc["twelve months, not printed", "robbery_per_100k"] == pytest.approx(float(rate))
    assert set(rates.index) == set(STATUSES[:3])
