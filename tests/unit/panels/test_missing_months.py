"""Treatments of missing months, counties, clearance rates and aggravated assault, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.errors import DuplicateKeyError, ImpossibleValueError
from analysis.panels.crime.missing_months import (
    TREATMENTS,
    clearance_rates,
    county_fips,
    county_totals,
    split_by_county,
    treat_missing_months,
)
from analysis.panels.crime.return_a import with_aggravated_assault


def agencies(**changes):
    """Return six agencies of one state and group; the first two report twelve months, at 10 per 1,000."""
    frame = pd.DataFrame(
        {
            "year": 2013,
            "state": "OH",
            "ori7": [f"OH{k:05d}" for k in range(6)],
            "population_group": "6",
            "covered_by": [None, None, None, None, None, "OH00000"],
            "months_reported": [12, 11, 6, 2, 0, 0],
            "months_included": [0, 1, 0, 0, 0, 0],
            "population": [1000, 3000, 2000, 500, 400, 100],
            "actual_murder": [10, 30, 7, 3, None, None],
        }
    )
    for k in (1, 2, 3):
        frame[f"population_{k}"] = frame["population"] if k == 1 else 0
        frame[f"county_{k}"] = "001" if k == 1 else None
    numbers = [name for name in frame if name.startswith(("actual", "months", "population_"))]
    numbers = [name for name in numbers if name != "population_group"]
    return frame.astype(dict.fromkeys([*numbers, "population"], "Int64")).assign(**changes)


def test_three_treatments_by_hand():
    got = treat_missing_months(agencies(), ["actual_murder"])
    assert got["treatment"].tolist() == ["reported", "reported", "scaled", "imputed", "imputed", "covered"]
    assert got["actual_murder_complete"].dropna().tolist() == [10, 30]
    assert got["actual_murder_scaled"].dropna().tolist() == [10, 30, 14]
    assert got["actual_murder_county_file"].dropna().tolist() == pytest.approx([10, 30, 14, 5, 4])


def test_no_complete_agency_leaves_it_missing():
    got = treat_missing_months(agencies(population_group=list("667889")), ["actual_murder"])
    assert got["treatment"].tolist()[3:] == ["missing", "missing", "covered"]
    assert got["actual_murder_county_file"].isna().tolist() == [False, False, False, True, True, True]


def test_other_cards_are_refused():
    with pytest.raises(ImpossibleValueError, match="cleared_murder"):
        treat_missing_months(agencies(), ["cleared_murder"])


def test_a_city_over_three_counties_is_shared_out():
    frame = (
        agencies()
        .iloc[:1]
        .assign(population_1=500, population_2=300, population_3=200, county_2="007", county_3="009")
    )
    got = split_by_county(frame, ["actual_murder"])
    assert dict(zip(got["county"], got["actual_murder"], strict=True)) == {"001": 5, "007": 3, "009": 2}
    assert got["population"].sum() == 1000


def test_without_residents_or_county_nothing_is_lost():
    frame = agencies(population=0, population_1=0)
    frame["county_1"] = ["001", "001", None, None, "001", "001"]
    got = split_by_county(frame, ["actual_murder"])
    assert len(got) == 6 and got["share"].eq(1).all()
    assert got["actual_murder"].sum() == frame["actual_murder"].sum()


def test_county_totals_by_hand():
    got = county_totals(agencies(), ["actual_murder"]).iloc[0]
    assert (got["agencies"], got["complete_agencies"], got["population"]) == (5, 2, 7000)
    missing = 2000 * 6 / 12 + 500 * 10 / 12 + 400
    assert got["coverage"] == pytest.approx(100 * (1 - missing / 7000))
    sums = {rule: got[f"actual_murder_{rule}"] for rule in TREATMENTS}
    assert sums == pytest.approx({"complete": 40, "scaled": 54, "county_file": 63})


def test_county_numbers_learn_their_fips():
    frame = agencies().assign(county_1=["001", "001", "001", "003", "003", "005"])
    fips = pd.Series(["39001", "39001", "39099", "39003", "39005"], index=frame["ori7"][:5])
    got = county_fips(frame, fips).set_index("county")
    assert got["fips"].to_dict() == {"001": "39001"}
    assert got["share"].tolist() == pytest.approx([2 / 3])


def test_clearance_rates_need_both_cards_whole():
    frame = pd.DataFrame(
        {
            "ori7": list("abcd"),
            "year": 2013,
            "months_reported": [12, 12, 11, 12],
            "months_cleared": [12, 0, 11, 12],
            "actual_murder": pd.array([4, 4, 4, 0], "Int64"),
            "cleared_murder": pd.array([5, None, 2, 1], "Int64"),
        }
    )
    got = clearance_rates(frame, ["murder"])["murder_clearance_rate"]
    assert got.iloc[0] == 1.25 and got.isna().tolist() == [False, True, True, True]
    with pytest.raises(DuplicateKeyError):
        clearance_rates(pd.concat([frame, frame]), ["murder"])


def assaults(year, total, simple, weapons):
    row = {"year": year}
    for card in ("unfounded", "actual", "cleared", "cleared_under_18"):
        names = ("assault_gun", "assault_knife", "assault_other_weapon", "assault_hands")
        row |= {f"{card}_{name}": value for name, value in zip(names, weapons, strict=True)}
        row |= {f"{card}_assault": total, f"{card}_simple_assault": simple}
    return row


def test_aggravated_assault_with_and_without_simple_assault():
    none, parts = [0, 0, 0, 0], [1, 2, 3, 4]
    frame = pd.DataFrame(
        [
            assaults(1970, 10, 6, parts),  # total without simple assault
            assaults(1970, 30, 6, none),  # totals alone: as the year's others
            assaults(2013, 16, 6, parts),  # total with simple assault
            assaults(2013, 36, 6, none),
            assaults(1980, 36, 6, none),  # nobody tells what the year does
            assaults(1980, 10, 0, parts),  # no simple assault: both are the same
        ]
    ).astype("Int64")
    got = with_aggravated_assault(frame)["actual_aggravated_assault"]
    assert got.tolist() == [10, 30, 10, 30, pd.NA, 10]
