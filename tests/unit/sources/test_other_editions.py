"""Later editions and other compilers' files: each known defect on a few rows."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.errors import LayoutError
from analysis.sources import clearance, estimated_state_2023, rtci
from analysis.sources.census import places_2000


def test_north_dakota_2022_gets_its_own_code():
    raw = pd.DataFrame(
        {
            "year": ["2022", "2022"],
            "state_abbr": ["NC", "NC"],
            "state_name": ["North Carolina", "     North Dakota"],
        }
    )
    fixed = estimated_state_2023.defect_north_dakota_2022(raw)
    assert fixed["state_abbr"].tolist() == ["NC", "ND"]
    with pytest.raises(LayoutError):
        estimated_state_2023.defect_north_dakota_2022(fixed)


def test_rows_of_the_nation_are_left_out():
    raw = pd.DataFrame({"year": ["1979", "1979"], "state_abbr": ["", "AK"]})
    assert estimated_state_2023.defect_national_rows(raw)["state_abbr"].tolist() == ["AK"]


def test_sums_over_agencies_and_negative_months_are_no_counts():
    rows = pd.DataFrame({"state_name": ["Texas", rtci.NATIONWIDE], "agency_name": ["Austin", "Full Sample"]})
    assert rtci.defect_nationwide_sums(rows)["agency_name"].tolist() == ["Austin"]
    counts = pd.DataFrame({name: pd.array([3, -1], dtype="Int64") for name in rtci.OFFENSES.values()})
    cleaned = rtci.defect_negative_counts(counts)
    assert cleaned.iloc[0].eq(3).all() and cleaned.iloc[1].isna().all()


def test_a_clearance_of_zero_is_missing():
    table = pd.DataFrame({"homicide_clearance_share": [0.5, 0.0]})
    cleaned = clearance.defect_zero_means_no_return(table)
    assert cleaned["homicide_clearance_share"].isna().tolist() == [False, True]
    assert cleaned["is_clearance_missing"].tolist() == [False, True]


def test_the_empty_row_of_the_census_file_goes_and_must_be_there():
    rows = pd.DataFrame({"place": ["1", ""], "state": ["01", ""]})
    kept = places_2000.defect_empty_row(rows)
    assert kept["place"].tolist() == ["1"]
    with pytest.raises(LayoutError):
        places_2000.defect_empty_row(kept)
