"""Detainer files: each known defect, and what a damaged file raises."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.errors import DuplicateKeyError, ImpossibleValueError, LayoutError
from analysis.sources.ice import detainers as ice


def test_other_outcomes_repeated_for_a_shared_name_count_once():
    block = pd.DataFrame(
        {"facility": ["A JAIL", "A JAIL", "B JAIL"], "year": [2014, 2014, 2014], "other_outcomes": [7, 7, 7]}
    )
    assert ice.defect_other_outcomes_by_name(block)["other_outcomes"].tolist() == [7, 7]


def test_a_name_and_year_with_two_counts_is_refused():
    block = pd.DataFrame({"facility": ["A JAIL"] * 2, "year": [2014] * 2, "other_outcomes": [7, 8]})
    with pytest.raises(DuplicateKeyError, match="A JAIL"):
        ice.defect_other_outcomes_by_name(block)


def test_blank_outcomes_are_not_among_the_other_outcomes():
    detainers = pd.DataFrame(
        {
            "prepared": pd.to_datetime(["2015-01-02"] * 4),
            "facility": ["A JAIL"] * 4,
            "outcome": ["", "Lifted", "Booked into Detention", ice.DECLINED_OUTCOME],
        }
    )
    other = pd.DataFrame({"facility": ["A JAIL"], "year": [2015], "other_outcomes": [2]})
    row = ice.defect_blank_outcomes_left_out(other, detainers).iloc[0]
    assert (row["other_outcomes"], row["recorded"], row["blank"]) == (2, 2, 1)


def test_an_unknown_state_and_a_bad_count_are_refused():
    with pytest.raises(LayoutError, match="ATLANTIS"):
        ice._usps(pd.Series(["TEXAS", "ATLANTIS"]), "file")
    with pytest.raises(ImpossibleValueError, match="row 2"):
        ice._positive(pd.Series(["3", "0"]), "file")
    assert ice._usps(pd.Series(["TEXAS", "GUAM", ""]), "file").tolist() == ["TX", "GU", ""]
