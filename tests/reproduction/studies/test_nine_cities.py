"""The nine histories against the panels: policies, neighbours, gaps and breaks, in any order of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.panels.store import load
from analysis.studies.synthetic import exhibits
from analysis.studies.synthetic import history as nine
from analysis.studies.synthetic.spec import HISTORY


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in nine.PANELS}


@pytest.fixture(scope="module")
def cities():
    return nine.run()


def test_the_agencies_are_the_cities(panels):
    rows = panels["city_year"]
    states = dict(zip(HISTORY.cities, ["IL", "NY", "CA", "CA", "GA", "TX", "MA", "LA", "NJ"], strict=True))
    for city, ori in HISTORY.cities.items():
        own = rows[rows["ori"] == ori]
        assert own["city"].str.contains(city).all() and set(own["state"]) == {states[city]}


def test_rates_are_the_panel_or_a_gap(cities, panels):
    rows = panels["city_year"].set_index(["ori", "year"])
    compared = 0
    for city, ori in HISTORY.cities.items():
        gaps = set(zip(cities[city].gaps["outcome"], cities[city].gaps["year"], strict=True))
        for outcome in HISTORY.outcomes:
            series = cities[city].rates[outcome]
            assert list(series.index) == list(range(1999, 2025))
            for year, value in series.items():
                assert np.isnan(value) == ((outcome, year) in gaps)
                if not np.isnan(value):
                    assert value == rows.loc[(ori, year), f"{outcome}_per_100k"]
                    compared += 1
    assert compared > 1_000


@pytest.mark.parametrize(
    ("city", "year"),
    [("New York", 2021), ("Los Angeles", 2021), ("San Francisco", 2001), ("Chicago", 2021), ("Newark", 2015)],
)
def test_known_gaps(cities, city, year):
    assert np.isnan(cities[city].rates.loc[year]).all()


def test_known_breaks_and_september_11(cities):
    assert 2005 in cities["Los Angeles"].breaks["homicide"]
    assert 2010 in cities["Chicago"].breaks["property"]
    assert np.isnan(cities["New York"].rates.loc[2001, "homicide"])
    assert not np.isnan(cities["New York"].rates.loc[2001, "property"])


def test_every_instrument_is_there_with_a_source(cities, panels):
    rows = panels["policy_rows"]
    for city, ori in HISTORY.cities.items():
        own = rows[(rows["ori"] == ori) & (rows["kind"] == "city")]
        table = cities[city].policies
        assert len(table) == len(own) > 0
        assert sorted(table["source_url"]) == sorted(own["source_url"])
        assert len(exhibits.policies(cities[city])) == len(own)


def test_neighbours_by_brute_force(cities, panels):
    """Nearest again from the panel with numpy; none is named anywhere in any year."""
    named = panels["policies"]
    taken = set(named.loc[named["kind"] == "city", "ori"].dropna()) | set(
        panels["undated_places"]["ori"].dropna()
    )
    for city in cities.values():
        assert len(city.neighbours) == HISTORY.neighbors
        assert city.neighbours["distance"].is_monotonic_increasing
        assert not set(city.neighbours["ori"]) & (taken | set(HISTORY.cities.values()))
        assert city.neighbours["population"].ge(HISTORY.floor).all()
        assert "St. Louis, MO" not in set(city.neighbours["name"])


def test_nearest_is_the_nearest():
    rng = np.random.default_rng(3)
    pool = pd.DataFrame(
        rng.normal(size=(60, 3)),
        columns=["log_population", "violent_without_rape", "property"],
        index=pd.Index([f"A{i:02d}" for i in range(60)], name="ori"),
    )
    city = pd.Series(rng.normal(size=3), index=pool.columns)
    distance = np.sqrt((((pool - city) / pool.std(ddof=1)) ** 2).sum(axis=1))
    expected = distance.nsmallest(HISTORY.neighbors)
    found = nine.nearest(city, pool, spec=HISTORY)
    assert list(found["ori"]) == list(expected.index)
    np.testing.assert_allclose(found["distance"], expected, rtol=1e-12)


def test_bands_hold_the_median(cities):
    for city in cities.values():
        known = city.middle.notna()
        assert known.to_numpy().sum() > 100
        assert ((city.low <= city.middle) & (city.middle <= city.high) | ~known).all(axis=None)


def test_events_are_dated_policies(cities):
    assert cities["New York"].events == {2003: "status inquiries", 2011: "detainers"}
    assert cities["Houston"].events == {2017: "ended"}
    assert cities["Los Angeles"].events == {}


def test_row_order_does_not_matter(cities, panels):
    again = nine.histories(
        {n: f.sample(frac=1, random_state=5).reset_index(drop=True) for n, f in panels.items()}
    )
    for city, history in cities.items():
        for name in ("policies", "neighbours", "rates", "middle", "low", "high", "gaps"):
            pd.testing.assert_frame_equal(getattr(history, name), getattr(again[city], name))
        assert history.breaks == again[city].breaks and history.events == again[city].events
