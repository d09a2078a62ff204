"""Cities inside counties, rule by rule on made rows: subsamples, cells, whole years, what may be read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.studies.cities_in_counties import design, sample, study
from analysis.studies.cities_in_counties.dose import HIGH_LESS_PLACEBO, SLOPE
from analysis.studies.cities_in_counties.spec import SPEC


def cities() -> pd.DataFrame:
    """Return six cities: three of adopting counties."""
    table = pd.DataFrame({"ori": list("abcdef"), "state": ["CA", "NJ", "CA", "TX", "OH", "OH"]})
    table = table.assign(cohort=[2014, 2015, 2011, 0, 0, 0], residents=[1e4, 6e4, 5e4, 5e4, 4e4, 9e4])
    return table.assign(dated_by=["local", "state law", "state law", None, None, None])


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (("states out", "CA", "NJ"), "def"),
        (("dated by", "local"), "adef"),
        (("dated by", "state law"), "bcdef"),
        (("adopted by", "2014"), "acdef"),
        (("bans out",), "abcef"),
        (("residents", "50000"), "bcdf"),
    ],
)
def test_a_subsample_keeps_what_its_rule_says(rule, kept):
    found = design.subset(cities(), rule, {"TX", "CA"}, spec=SPEC)
    assert "".join(found["ori"]) == kept


def test_the_named_subsamples_are_rules_that_exist():
    for rule in SPEC.subsamples.values():
        assert len(design.subset(cities(), rule, {"TX"}, spec=SPEC)) < 6


def test_a_cell_needs_an_adopter_and_enough_others():
    frame = pd.DataFrame({"ori": [f"c{k}" for k in range(15)], "region": ["A"] * 6 + ["B"] * 5 + ["C"] * 4})
    frame["cohort"] = [2014, *[0] * 5, 2014, *[0] * 4, *[0] * 4]
    kept = sample.compared_within(frame, ("region",), spec=SPEC)
    assert set(kept["region"]) == {"A"} and len(kept) == 6
    assert set(sample.compared_within(frame, ("region",), spec=SPEC.replace(fewest=4))["region"]) == {
        "A",
        "B",
    }
    assert sample.compared_within(frame, (), spec=SPEC) is frame


def test_across_a_border_a_city_stands_once_in_each_segment(monkeypatch):
    pairs = pd.DataFrame({"one": ["1", "1", "1"], "other": ["2", "3", "4"], "segment": ["A-B", "A-B", "A-C"]})
    monkeypatch.setattr(sample, "border_pairs", lambda rows, spec: pairs)
    frame = pd.DataFrame({"ori": list("uvwxyz"), "county_fips": list("123459"), "state": "A", "cohort": 0})
    frame = frame.assign(unit=frame["ori"])
    made = sample._by_segment(frame)
    assert sorted(made["ori"]) == ["u/A-B", "u/A-C", "v/A-B", "w/A-B", "x/A-C"]
    assert (made["unit"] == made["ori"]).all()


def test_whole_years_are_five_on_each_side_without_that_of_adoption():
    frame = pd.DataFrame({"year": [*range(2005, 2020)] * 2, "cohort": [2012] * 15 + [0] * 15})
    frame = frame.assign(count=10.0, population=1_000.0)
    frame.loc[0, "count"] = np.nan
    made = study.whole_years(frame, SPEC)
    adopter = made[made["cohort"].gt(0)]
    assert adopter["year"].tolist() == [*range(2007, 2012), *range(2013, 2018)]
    assert adopter.loc[adopter["treated"].eq(1), "year"].tolist() == [*range(2013, 2018)]
    others = made[made["cohort"].eq(0)]
    assert len(others) == 15 and others["treated"].eq(0).all()
    assert made["log_rate"].iloc[0] == pytest.approx(np.log(1_000)) and made["log_people"].iloc[
        0
    ] == pytest.approx(np.log(1_000))


@pytest.mark.parametrize(
    ("failing", "readable"),
    [
        ("", {*SPEC.classes, HIGH_LESS_PLACEBO, SLOPE}),
        ("middle", {"placebo", "low", "high", HIGH_LESS_PLACEBO}),
        ("placebo", {"low", "middle", "high"}),
        (SLOPE, {*SPEC.classes, HIGH_LESS_PLACEBO}),
    ],
)
def test_a_contrast_is_read_only_if_its_ends_pass_and_the_slope_only_if_all_do(failing, readable):
    term = pd.Series([*SPEC.classes, HIGH_LESS_PLACEBO, SLOPE] * 2)
    passed = pd.Series([True] * len(term))
    passed[np.flatnonzero(term.eq(failing))[:1]] = False
    made = study._readable(term, passed, SPEC)
    assert set(term[made]) == readable


def test_the_ledger_names_the_first_step_that_takes_an_agency_out():
    rows = pd.DataFrame(
        {
            "place_fips": [None, *["1"] * 10],
            "region": "West",
            "whole": [True, False, *[True] * 9],
            "residents": [5e4, 5e4, 9_999.0, *[10_000.0] * 8],
            "cohort": [np.nan, np.nan, np.nan, 2007, 2019, *[np.nan] * 3, 2008, 2018, np.nan],
            "county_named": [False] * 5 + [True] + [False] * 5,
            "city_named": [False] * 6 + [True] + [False] * 4,
            "declined": [0] * 7 + [SPEC.decliner, 50, 50, SPEC.decliner - 1],
        }
    )
    steps = sample._steps(rows, SPEC).tolist()
    assert steps == [*sample._STEPS, sample.ADOPTER, sample.ADOPTER, sample.COMPARISON]
    assert sample._ledger(pd.Series(steps), SPEC)["agencies"].tolist() == [1] * 8 + [2, 1]


def test_classes_of_dose_are_cut_at_terciles_of_adopting_counties():
    """Seven adopters at doses of one to seven are cut at three and five, which open the class above."""
    table = pd.DataFrame({"county_fips": [str(k) for k in range(10)], "cohort": [2014] * 7 + [0] * 3})
    table = table.assign(detainers_before=[100.0] * 7 + [9.0, 10.0, 500.0])
    table[SPEC.dose] = [1, 2, 3, 4, 5, 6, 7, 100, 0.5, 100]
    twice = pd.concat([table, table.iloc[[0, 0, 0, 0]]], ignore_index=True)
    found = sample._dose_classes(twice, SPEC).iloc[:10].tolist()
    assert found == [*["low"] * 2, *["middle"] * 2, *["high"] * 3, "placebo", "low", "high"]
