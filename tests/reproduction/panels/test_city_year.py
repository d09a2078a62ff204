"""The committed city panel and its breaks: known values, identities, and every printed row accounted for."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

from analysis.panels import load, manifest_of
from analysis.panels.breaks.comparability import series_segment
from analysis.panels.breaks.series_breaks import SeriesBreaks
from analysis.panels.build import ROWS_BY_YEAR
from analysis.panels.columns import validate
from analysis.panels.crime.city_year import OUTCOMES, RATES, CityYear, UnmatchedCities, violent_parts
from analysis.paths import processed_dir

NEW_YORK, LOS_ANGELES, CHICAGO = "NY0303000", "CA0194200", "ILCPD0000"
PRINTED_ROWS = 191_183


@pytest.fixture(scope="module")
def panel():
    return load("city_year")


@pytest.fixture(scope="module")
def breaks():
    return load("series_breaks")


def cell(panel, city, state, year, column):
    found = panel[(panel["city"] == city) & (panel["state"] == state) & (panel["year"] == year)]
    assert len(found) == 1
    return found[column].iloc[0]


def test_models_hold(panel, breaks):
    validate(panel, CityYear)
    validate(breaks, SeriesBreaks)
    validate(load("unmatched_cities"), UnmatchedCities)


def test_every_printed_row_is_used_or_listed(panel):
    unmatched = load("unmatched_cities")
    assert len(panel) + len(unmatched) == PRINTED_ROWS
    assert sum(manifest_of("city_year")["dropped"].values()) == len(unmatched)
    keys = pd.concat([panel[["year", "state", "city"]], unmatched[["year", "state", "city"]]])
    assert not keys.duplicated().any()


@pytest.mark.parametrize(
    ("city", "state", "violent"),
    [
        ("New York", "NY", 50_564),
        ("San Francisco", "CA", 6_761),
        ("Los Angeles", "CA", 19_171),
        ("Chicago", "IL", 24_089),
        ("Washington", "DC", 7_810),
    ],
)
def test_violent_crime_2014(panel, city, state, violent):
    assert cell(panel, city, state, 2014, "violent") == violent
    assert cell(panel, city, state, 2014, "rape_definition") == "revised"
    people = cell(panel, city, state, 2014, "population")
    assert cell(panel, city, state, 2014, "violent_per_100k") == violent / people * 1e5


def test_new_york_2001(panel):
    assert cell(panel, "New York", "NY", 2001, "homicide_printed") == 3_472
    assert cell(panel, "New York", "NY", 2001, "homicide") == 649
    assert cell(panel, "New York", "NY", 2001, "is_exceptional")
    differ = panel[panel["homicide"] != panel["homicide_printed"]]
    assert differ[["city", "year"]].values.tolist() == [["New York", 2001]]


def test_totals(panel):
    parts = violent_parts(panel)
    assert (parts == panel["violent"])[panel["violent"].notna()].all()
    computed = panel[panel["is_violent_computed"] | panel["is_property_computed"]]
    assert computed["year"].max() == 2002
    early = panel[panel["year"] <= 2002]
    assert (early["violent"].notna() == early["is_violent_computed"]).all()
    assert (early["violent"].notna() == violent_parts(early).notna()).all()
    late = panel[panel["year"] > 2002]
    assert not late["is_violent_computed"].any()
    without = panel["homicide"] + panel["robbery"] + panel["aggravated_assault"]
    assert without.equals(panel["violent_without_rape"])


def test_rates_are_counts_over_people(panel):
    assert list(RATES) == [f"{name}_per_100k" for name in OUTCOMES]
    people = panel["population"].to_numpy(dtype=float, na_value=np.nan)
    people[people == 0] = np.nan
    for name in OUTCOMES:
        count = panel[name].to_numpy(dtype=float, na_value=np.nan)
        np.testing.assert_array_equal(panel[f"{name}_per_100k"].to_numpy(), count / people * 1e5)


def test_absence_is_never_zero(panel):
    assert not ((panel["ori"] == NEW_YORK) & (panel["year"] == 2021)).any()
    assert not ((panel["ori"] == LOS_ANGELES) & (panel["year"] == 2021)).any()
    assert (panel.loc[panel["ori"] == NEW_YORK, OUTCOMES[0]].dropna() > 10_000).all()


def test_rows_by_year_is_the_committed_count(panel, breaks):
    with open(processed_dir() / ROWS_BY_YEAR, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    committed = {int(r["year"]): int(r["rows"]) for r in rows if r["panel"] == "city_year"}
    assert committed == panel.groupby("year").size().to_dict()
    assert list(committed) == list(range(1999, 2025))
    for place in processed_dir().glob("*.manifest.json"):
        manifest = json.loads(place.read_text("utf-8"))
        mine = {r["year"]: int(r["rows"]) for r in rows if r["panel"] == manifest["panel"]}
        assert mine == manifest["rows_by_year"], manifest["panel"]


@pytest.mark.parametrize(
    ("city", "first", "last", "offense", "effect"),
    [
        ("Los Angeles", 2005, 2005, "aggravated_assault", "level_shift"),
        ("Los Angeles", 2021, 2021, "all", "not_published"),
        ("New York", 2001, 2001, "homicide", "exceptional"),
        ("New York", 2014, 2014, "rape_revised", "exceptional"),
        ("New York", 2021, 2021, "all", "not_published"),
        ("San Francisco", 2021, 2021, "all", "not_published"),
        ("Chicago", 2021, 2021, "all", "not_published"),
        ("Chicago", 2010, 2013, "rape_legacy", "withheld"),
        ("Orlando", 2016, 2016, "homicide", "exceptional"),
        ("Eastpointe", 2015, 2015, "property", "inconsistent"),
    ],
)
def test_known_breaks_of_cities(breaks, city, first, last, offense, effect):
    rows = breaks[
        (breaks["break_city"] == city) & (breaks["offense"] == offense) & (breaks["effect"] == effect)
    ]
    assert [first, last] in rows[["first_year", "last_year"]].values.tolist()
    assert rows["break_ori"].notna().all()


@pytest.mark.parametrize(
    ("state", "first", "last"),
    [("MN", 2006, 2012), ("IL", 1999, 2004), ("IL", 2005, 2005), ("IL", 2006, 2009)],
)
def test_states_whose_rape_was_withheld(breaks, state, first, last):
    rows = breaks[
        (breaks["break_state"] == state) & (breaks["level"] == "state") & (breaks["effect"] == "withheld")
    ]
    rows = rows[rows["offense"] == "rape_legacy"]
    assert [first, last] in rows[["first_year", "last_year"]].values.tolist()


def test_every_statement_says_who_and_where(breaks):
    for name in ("why", "authority", "printed_in"):
        assert (breaks[name].str.len() > 2).all()
    assert (breaks["first_year"] <= breaks["last_year"]).all()


def test_flags_come_from_the_statements(panel, breaks):
    assert cell(panel, "Los Angeles", "CA", 2005, "is_series_break")
    assert not cell(panel, "Los Angeles", "CA", 2006, "is_series_break")
    assert cell(panel, "Chicago", "IL", 2013, "is_withheld")
    orlando = panel[(panel["city"] == "Orlando") & (panel["year"] == 2016)]
    assert orlando["is_exceptional"].all()
    segment = series_segment(panel, breaks, "violent").groupby(panel["ori"]).max()
    assert segment[LOS_ANGELES] >= 2
    withheld = panel["is_withheld"]
    parts = panel[["homicide", "robbery", "aggravated_assault", "burglary", "larceny", "motor_vehicle_theft"]]
    no_rape = panel["rape_definition"] == "none"
    assert (parts.isna().any(axis=1) | no_rape)[withheld].mean() > 0.9
