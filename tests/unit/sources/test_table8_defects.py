"""Each known defect of Table 8 has a function named for it; each function does what its name says."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import ImpossibleValueError, LayoutError
from analysis.panels.breaks import known_breaks
from analysis.sources.fbi_table8 import defects
from analysis.sources.fbi_table8 import footnotes as table8_footnotes
from analysis.sources.fbi_table8.layout import Sheet
from analysis.sources.registry.files import families

HANDLED_BY = {
    "1999-2004 only cities >= 10,000, one 'City by state' column": (
        defects.covers_only_large_cities,
        defects.states_from_heading_rows,
    ),
    "footnote digits stick to state, city and header names and carry meaning": (
        table8_footnotes.split_markers,
    ),
    "1999-2002 print a Crime Index but no violent/property totals": (
        defects.total_from_parts,
        defects.index_is_its_parts,
    ),
    "'-' means zero in 1999": (defects.dash_means_zero,),
    "rape legacy through 2012, both columns 2013-16 (one filled per city), revised from 2017": (
        defects.rape_by_definition,
    ),
    "Chicago and most Illinois to 2013 and Minnesota 2006-12 print no violent total because rape was not comparable": (
        known_breaks.illinois_rape_2005,
        defects.totals_equal_parts,
    ),
    "New York 2001 murder includes 2,823 deaths of 11 September": (defects.homicide_without_september_11,),
    "Los Angeles assault breaks in 2005": (known_breaks.los_angeles_assault_2005,),
    "absence means not published, never zero": (defects.absent_is_missing,),
    "2021 lacks New York, Los Angeles, San Francisco, Chicago": (known_breaks.absent_large_cities_2021,),
}


def counts(**columns):
    return pd.DataFrame({name: pd.array(values, dtype="Int64") for name, values in columns.items()})


def test_every_registered_defect_is_handled():
    registered = families()["fbi_table8"]["known_defects"].split("; ")
    assert sorted(registered) == sorted(HANDLED_BY)
    assert all(callable(function) for functions in HANDLED_BY.values() for function in functions)


def test_covers_only_large_cities():
    assert [year for year in range(1999, 2025) if defects.covers_only_large_cities(year)] == list(
        range(1999, 2005)
    )


def test_absent_is_missing_and_never_zero():
    cells = np.array([3.0, "", "  ", 0, "-", " - "], dtype=object)
    found = pd.Series(defects.absent_is_missing(cells, dash_is_zero=True, where=str))
    assert found.isna().tolist() == [False, True, True, False, False, False]
    assert found.dropna().tolist() == [3, 0, 0, 0]
    with pytest.raises(ImpossibleValueError, match="'-' cannot be a count"):
        defects.absent_is_missing(cells, dash_is_zero=False, where=str)
    for bad in (-1, 1.5, "many", True, None, float("inf")):
        with pytest.raises(ImpossibleValueError):
            defects.absent_is_missing(np.array([bad], dtype=object), dash_is_zero=True, where=str)


def test_dash_means_zero_only_where_the_sheet_says_so():
    assert defects.dash_means_zero({"-": "Dashes (-) indicate a zero report."})
    assert not defects.dash_means_zero({"1": "zero"})


def one_column_sheet(lines, places):
    return Sheet("table8_1999.xls", 1999, np.array(lines, dtype=object), 5, places, {})


def test_one_of_two_burglary_columns():
    places = {"burglary": (0, 1)}
    sheet = one_column_sheet([[" ", 9], ["", 4], ["-", "-"], [7, " "]], places)
    assert defects.one_of_two_burglary_columns(sheet, np.arange(4)).tolist() == [9, 4, "-", 7]
    with pytest.raises(LayoutError, match=r"differ.*row 6"):
        defects.one_of_two_burglary_columns(one_column_sheet([[" ", 9], [3, 4]], places), np.arange(2))


def test_states_from_heading_rows_and_a_name_over_two_rows():
    names = [
        "NEVADA4",
        "",
        "Reno",
        "Las Vegas Metropolitan Police Department",
        "  Jurisdiction",
        "NEW YORK",
        "New York",
    ]
    sheet = one_column_sheet([[name] for name in names], {"city": (0,)})
    is_data = np.array([False, False, True, False, True, False, True])
    states = defects.states_from_heading_rows(sheet, is_data)
    assert states[is_data].tolist() == ["NEVADA4", "NEVADA4", "NEW YORK"]
    joined = defects.name_over_two_rows(pd.Series(names), is_data)[is_data]
    assert joined.tolist() == ["Reno", "Las Vegas Metropolitan Police Department Jurisdiction", "New York"]


def test_states_from_own_column_stop_at_the_notes():
    sheet = one_column_sheet([["IOWA7"], ["KANSAS"], [""], ["1 A note"]], {"state": (0,)})
    states = defects.states_from_own_column(sheet, np.array([False, True, True, False]))
    assert states.tolist() == ["IOWA7", "KANSAS", "KANSAS", "KANSAS"]


def test_homicide_without_september_11():
    frame = counts(year=[2001, 2000, 2001], homicide=[3472, 673, 700]).assign(
        state=["NY", "NY", "IL"], city=["New York", "New York", "Chicago"]
    )
    assert defects.homicide_without_september_11(frame)["homicide"].tolist() == [649, 673, 700]
    with pytest.raises(ImpossibleValueError, match="fewer than 2,823"):
        defects.homicide_without_september_11(defects.homicide_without_september_11(frame))


def test_total_from_parts_only_where_no_total_is_printed_and_all_parts_are():
    frame = counts(
        year=[2002, 2002, 2002, 2003], violent=[None, None, 5, None], a=[1, None, 1, 1], b=[2, 2, 9, 2]
    )
    total, computed = defects.total_from_parts(frame, "violent", ["a", "b"])
    assert total.tolist() == [3, pd.NA, 5, pd.NA]
    assert computed.tolist() == [True, False, False, False]


def test_rape_by_definition():
    frame = counts(rape_legacy=[1, None, None], rape_revised=[None, 0, None])
    assert defects.rape_by_definition(frame).tolist() == ["legacy", "revised", "none"]
    both = counts(rape_legacy=[1], rape_revised=[1]).assign(source_file="f.xls", sheet_row=9)
    with pytest.raises(ImpossibleValueError, match=r"both definitions.*row 9"):
        defects.rape_by_definition(both)


def totals(**changes):
    row = {
        "year": 2014, "violent": 10, "homicide": 1, "rape_legacy": 2, "rape_revised": None, "robbery": 3,
        "aggravated_assault": 4, "property": 6, "burglary": 1, "larceny": 2, "motor_vehicle_theft": 3,
        "crime_index": None,
    } | changes  # fmt: skip
    frame = counts(**{name: [value] for name, value in row.items()})
    return frame.assign(state="AK", city="Unalaska", source_file="f.xls", sheet_row=7)


def test_totals_equal_parts():
    defects.totals_equal_parts(totals())
    defects.totals_equal_parts(totals(homicide=None))
    defects.totals_equal_parts(totals(year=2001, violent=None, property=None, crime_index=16))
    defects.totals_equal_parts(totals(year=2008, property=0))
    for changes in ({"violent": 11}, {"property": 0}, {"crime_index": 17}):
        with pytest.raises(ImpossibleValueError, match="row 7"):
            defects.totals_equal_parts(totals(**changes))


def city(state, name, year, **columns):
    return counts(year=[year], **{key: [value] for key, value in columns.items()}).assign(
        state=state, city=name
    )


def test_los_angeles_assault_2005():
    none = pd.DataFrame({"year": [], "state": [], "city": [], "ori": []})
    rows = [
        city("CA", "Los Angeles", 2004, aggravated_assault=300),
        city("CA", "Los Angeles", 2005, aggravated_assault=100),
    ]
    found = known_breaks.los_angeles_assault_2005(pd.concat(rows), none)[0]
    assert (found["offense"], found["first_year"], found["effect"]) == (
        "aggravated_assault",
        2005,
        "level_shift",
    )
    assert "from 300 in 2004 to 100 in 2005" in found["why"]
    rows[1] = city("CA", "Los Angeles", 2005, aggravated_assault=290)
    with pytest.raises(LayoutError, match="no break"):
        known_breaks.los_angeles_assault_2005(pd.concat(rows), none)


def test_absent_large_cities_2021():
    known_breaks.absent_large_cities_2021(
        pd.concat([city("NY", "New York", 2020), city("NY", "Albany", 2021)])
    )
    with pytest.raises(LayoutError, match="Chicago, IL is printed in 2021"):
        known_breaks.absent_large_cities_2021(city("IL", "Chicago", 2021))


def test_illinois_rape_2005():
    assert (
        known_breaks.illinois_rape_2005(city("IL", "Chicago", 2005, rape_legacy=None))[0]["break_state"]
        == "IL"
    )
    with pytest.raises(LayoutError, match="Illinois prints rape"):
        known_breaks.illinois_rape_2005(city("IL", "Chicago", 2005, rape_legacy=4))
