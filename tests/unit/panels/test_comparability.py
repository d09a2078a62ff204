"""How an estimate honours breaks: segments against a slow count, statements of states and agencies."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import LayoutError
from analysis.panels.breaks.comparability import OFFENSES_OF, has_break, series_segment


def statement(level, state, ori, first, last, offense, effect):
    return {
        "level": level, "break_state": state, "break_ori": ori, "first_year": first, "last_year": last,
        "offense": offense, "effect": effect,
    }  # fmt: skip


def panel(oris, years, state=None):
    rows = [(ori, state or ori[:2], year, "legacy") for ori in oris for year in years]
    return pd.DataFrame(rows, columns=["ori", "state", "year", "rape_definition"])


BREAKS = pd.DataFrame(
    [
        statement("city", "CA", "CA1", 2003, 2003, "all", "level_shift"),
        statement("city", "CA", "CA1", 2005, 2005, "aggravated_assault", "level_shift"),
        statement("state", "NY", None, 2002, 2002, "all", "level_shift"),
        statement("state", "NY", None, 2001, 2004, "rape_legacy", "withheld"),
        statement("city", "NY", None, 2001, 2001, "all", "withheld"),
        statement("nation", "", None, 2000, 2005, "rape", "definition"),
    ]
)


def test_segments_start_where_a_shift_is_stated():
    frame = panel(["CA1", "CA2", "NY1"], range(2001, 2007))
    violent = series_segment(frame, BREAKS, "violent_per_100k")
    assert violent.tolist() == [0, 0, 1, 1, 2, 2] + [0] * 6 + [0, 1, 1, 1, 1, 1]
    homicide = series_segment(frame, BREAKS, "homicide")
    assert homicide.tolist() == [0, 0, 1, 1, 1, 1] + [0] * 6 + [0, 1, 1, 1, 1, 1]


def test_a_shift_in_a_year_without_a_row_counts_from_the_next():
    frame = panel(["CA1"], [2002, 2004, 2006])
    assert series_segment(frame, BREAKS, "homicide").tolist() == [0, 1, 1]


def test_a_change_of_the_definition_of_rape_breaks_violent_crime_only():
    frame = panel(["CA2"], range(2001, 2006))
    frame["rape_definition"] = ["legacy", "none", "legacy", "revised", "revised"]
    assert series_segment(frame, BREAKS, "violent").tolist() == [0, 0, 0, 1, 1]
    assert series_segment(frame, BREAKS, "violent_without_rape").tolist() == [0] * 5


def test_segments_do_not_depend_on_the_order_of_rows():
    frame = panel(["CA1", "NY1", "CA2"], range(1999, 2010))
    shuffled = frame.sample(frac=1, random_state=np.random.default_rng(7).integers(2**31))
    expected = series_segment(frame, BREAKS, "violent")
    pd.testing.assert_series_equal(series_segment(shuffled, BREAKS, "violent").sort_index(), expected)


@pytest.mark.parametrize("seed", range(5))
def test_segments_equal_a_slow_count(seed):
    rng = np.random.default_rng(seed)
    frame = panel(["A", "B", "C"], range(2000, 2015), state="XX").sample(30, random_state=seed)
    shifts = [
        statement("city", "XX", str(rng.choice(["A", "B", "C"])), int(y), int(y), str(o), "level_shift")
        for y, o in zip(
            rng.integers(1998, 2016, 12), rng.choice(["all", "burglary", "homicide"], 12), strict=True
        )
    ]
    found = series_segment(frame, pd.DataFrame(shifts), "property")
    for ori, rows in frame.groupby("ori"):
        years = {
            s["first_year"] for s in shifts if s["break_ori"] == ori and s["offense"] in {"all", "burglary"}
        }
        first = rows["year"].min()
        slow = [sum(first < year <= at for year in years) for at in rows["year"]]
        assert found[rows.index].tolist() == slow


def test_has_break_by_effect_offense_and_level():
    frame = panel(["CA1", "NY1"], [2001, 2002, 2003])
    assert has_break(frame, BREAKS, "level_shift").tolist() == [False, False, True, False, True, False]
    assert has_break(frame, BREAKS, "withheld", "violent").tolist() == [False] * 3 + [True] * 3
    assert not has_break(frame, BREAKS, "withheld", "homicide").any()


def test_an_unknown_outcome_is_an_error():
    with pytest.raises(LayoutError, match="No offenses known for 'income'"):
        has_break(panel(["CA1"], [2001]), BREAKS, "withheld", "income")
    assert set(OFFENSES_OF) >= {"violent", "property", "homicide", "robbery"}
