"""The measurement study against plain pandas, and against what must hold whatever the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.panels.store import load
from analysis.studies.designs.city_sample import SampleRules, city_sample, with_treatment
from analysis.studies.designs.expected_counts import expected_crimes, treated_rows
from analysis.studies.measurement import cities as measurement_cities
from analysis.studies.measurement import study as measurement
from analysis.studies.measurement.spec import COUNTY
from analysis.studies.measurement.spec import SPEC as MEASUREMENT
from analysis.studies.published.margins import published_figure
from analysis.studies.staggered_cities.fits import estimate
from analysis.studies.staggered_cities.spec import SPEC as CITIES_SPEC

BY_NAME = {choice.name: choice for choice in MEASUREMENT.choices}


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in measurement.PANELS}


@pytest.fixture(scope="module")
def cities(panels):
    return with_treatment(panels, SampleRules("detainers", "homicide"))


@pytest.fixture(scope="module")
def heads():
    return pd.DataFrame(
        {
            "unit": ["cities", "counties"],
            "definition": ["detainers", "detainers"],
            "outcome": ["robbery", "robbery"],
            "estimate": [0.05, -0.02],
            "conf_low": [-0.1, -0.03],
            "conf_high": [0.2, -0.01],
        }
    )


def _run(panels, cities, name, outcome="homicide"):
    choice = BY_NAME[name]
    prepared = measurement_cities.PREPARED[choice.options["prepare"]](cities, panels, MEASUREMENT)
    return measurement_cities.city_estimate(prepared, panels, "detainers", outcome, choice, spec=MEASUREMENT)


def test_the_first_choice_is_the_city_studys_headline(panels, cities):
    rules = SampleRules("detainers", "robbery", first_year=1999, last_year=2019)
    want = estimate(city_sample(panels, rules).frame, CITIES_SPEC.headline, spec=CITIES_SPEC)
    small = measurement_cities._large_enough(cities, MEASUREMENT.choices[0], spec=MEASUREMENT)
    found = measurement_cities.city_estimate(
        small, panels, "detainers", "robbery", MEASUREMENT.choices[0], spec=MEASUREMENT
    )
    assert {name: found[name] for name in ("estimate", "conf_low", "conf_high", "p_value")} == {
        name: want[name] for name in ("estimate", "conf_low", "conf_high", "p_value")
    }
    assert found["rows"] == want["rows"]
    table = expected_crimes(city_sample(panels, rules).frame, CITIES_SPEC.horizon)
    assert found["cities"] == len(treated_rows(table)) > 20


def test_overlooking_breaks_keeps_more_rows_and_moves_the_estimate(panels, cities):
    head, overlooked = (_run(panels, cities, name) for name in ("Headline", "All breaks overlooked"))
    assert overlooked["rows"] > head["rows"] and overlooked["estimate"] != head["estimate"]


def test_dropping_2021_keeps_the_other_years(panels, cities):
    without, within = (_run(panels, cities, f"To 2024 {word} 2021") for word in ("without", "with"))
    assert np.isfinite([without["estimate"], within["estimate"]]).all()
    assert without["rows"] < within["rows"]
    assert without["estimate"] != within["estimate"]


def test_census_residents_are_the_places_on_the_same_rows(panels, cities):
    prepared = [
        measurement_cities.PREPARED[name](cities, panels, MEASUREMENT)
        for name in ("places with estimates", "Census residents")
    ]
    assert list(prepared[0].index) == list(prepared[1].index)
    mine = prepared[1].astype({"place_fips": "str"})
    table = mine.merge(panels["place_year"], on=["place_fips", "year"], validate="m:1")
    assert len(table) == len(prepared[1]) > 100_000
    assert (table["population"] == table["population_place"]).all()
    assert prepared[1]["year"].min() == 2000


def test_legacy_rape_only_leaves_no_revised_total(panels, cities):
    made = measurement_cities.PREPARED["legacy rape only"](cities, panels, MEASUREMENT)
    assert made.loc[made["rape_definition"].ne("legacy"), "violent"].isna().all()
    kept = made["rape_definition"].eq("legacy")
    pd.testing.assert_series_equal(made.loc[kept, "violent"], cities.loc[kept, "violent"])


def test_the_master_file_fills_2013_scaled_to_twelve_months(panels, cities):
    made = measurement_cities.PREPARED["master file of 2013"](cities, panels, MEASUREMENT)
    assert not made.duplicated(["ori", "year"]).any()
    other = made[made["year"].ne(2013)]
    assert len(other) == cities["year"].ne(2013).sum()
    master = panels["return_a_2013"]
    partial = master[master["months_reported"].between(3, 11) & master["covered_by"].isna()].set_index("ori7")
    now = made[made["year"].eq(2013)].assign(ori7=lambda frame: frame["ori"].str[:7])
    now = now[now["ori7"].isin(partial.index)].set_index("ori7")
    rows = partial.loc[now.index]
    want = (rows["robbery_reported"].astype(float) * 12 / rows["months_reported"].astype(float)).clip(lower=0)
    np.testing.assert_allclose(now["robbery"].astype(float), want, rtol=1e-12)
    assert len(now) > 200
    assert made["year"].eq(2013).sum() > cities["year"].eq(2013).sum()


def test_every_choice_differs_from_the_headline_in_one_thing():
    names = [choice.name for choice in MEASUREMENT.choices]
    assert len(set(names)) == len(names) and names[0] == "Headline"
    assert not MEASUREMENT.choices[0].sample
    for choice in MEASUREMENT.choices[1:]:
        done = choice.options
        assert choice.sample or done["ignore"] or done["count"] or done["prepare"] != "as printed"
        assert done["against"] in names and done["prepare"] in measurement_cities.PREPARED


def test_county_choices_shift_from_their_headline(panels):
    table = measurement.county_choices(panels, spec=MEASUREMENT)
    assert len(table) == len(MEASUREMENT.county_choices) * len(MEASUREMENT.outcomes)
    for outcome, part in table.groupby("outcome"):
        head = part.set_index("name")["estimate"]
        np.testing.assert_allclose(part["shift"], part["estimate"] - head["Headline"], atol=0)
        assert outcome in MEASUREMENT.outcomes
    complete = table[table["name"].eq("Complete reports in every year")]
    assert (complete["counties"] < 1_500).all() and complete["shift"].ne(0).all()


def test_bounds_are_recorded_over_reported(heads):
    """Crimes times the share reported gives the record back, whatever the share."""
    table = measurement.bounds(heads, MEASUREMENT.reporting)
    assert len(table) == len(heads) * len(MEASUREMENT.reporting)
    merged = table.merge(heads, on=["unit", "definition", "outcome"], suffixes=("", "_recorded"))
    for name in ("estimate", "conf_low", "conf_high"):
        recorded = np.exp(merged[name]) * (1 + merged["reporting"])
        np.testing.assert_allclose(recorded, np.exp(merged[f"{name}_recorded"]), rtol=1e-12)
    none = table[table["reporting"].eq(0)].reset_index(drop=True)
    np.testing.assert_array_equal(none["estimate"], heads["estimate"])


def test_break_even_turns_the_bound_to_zero(heads):
    sticks = pd.DataFrame(
        {
            "unit": ["cities", "counties"],
            "definition": "detainers",
            "same": [0.06, 0.07],
            "recorded": [0.01, 0.01],
        }
    )
    table = measurement.break_even(heads, sticks)
    for row in table.itertuples():
        at = measurement.bounds(heads, (row.none, row.rise_below, row.fall_above))
        mine = at[at["unit"].eq(row.unit)].set_index("reporting")
        assert mine.loc[row.none, "estimate"] == pytest.approx(0, abs=1e-12)
        assert mine.loc[row.rise_below, "conf_low"] == pytest.approx(0, abs=1e-12)
        assert mine.loc[row.fall_above, "conf_high"] == pytest.approx(0, abs=1e-12)
    assert list(table["holds_recorded"]) == [True, False]
    assert table["true_at_same"].iloc[0] == pytest.approx(0.05 - np.log(1.06))


def test_yardsticks_come_from_the_published_figures(panels):
    table = measurement.yardsticks(panels, spec=MEASUREMENT)
    assert published_figure("goncalves2024_reporting") == -30
    np.testing.assert_allclose(table["same"], table["hispanic_share"] * 0.3, rtol=1e-12)
    np.testing.assert_allclose(table["undone"], table["hispanic_share"] * (3 / 7), rtol=1e-12)
    answered = (1 + table["same"]) * (1 - 0.79 * table["same"])
    np.testing.assert_allclose(np.exp(table["recorded"]), answered, rtol=1e-12)
    assert table["unit"].eq(COUNTY).sum() == 1
    assert table["hispanic_share"].between(0.1, 0.5).all()
