"""Table 8 as the FBI printed it, all 26 years, against what is known of it."""

import os
import shutil

import pytest

from analysis.errors import AlteredFileError, MissingFileError
from analysis.paths import raw_dir
from analysis.sources.fbi_table8 import table8
from analysis.sources.fbi_table8.defects import index_is_its_parts
from analysis.sources.fbi_table8.kinds import read_marks
from analysis.sources.fbi_table8.layout import file_of
from analysis.sources.registry.files import family_files, locate

pytestmark = pytest.mark.raw


@pytest.fixture(scope="module")
def workbooks():
    return [table8.read_workbook(year) for year in table8.YEARS]


@pytest.fixture(scope="module")
def frame(workbooks):
    import pandas as pd

    return pd.concat([book.frame for book in workbooks], ignore_index=True)


@pytest.fixture(scope="module")
def marks(workbooks):
    return read_marks(workbooks)


def row(frame, state, city, year):
    found = frame[(frame["state"] == state) & (frame["city"] == city) & (frame["year"] == year)]
    assert len(found) == 1
    return found.iloc[0]


def test_every_registered_file_is_a_year():
    assert sorted(file_of(year) for year in table8.YEARS) == [
        file.path for file in family_files("fbi_table8")
    ]


def test_city_years(frame):
    assert len(frame) == 191_183
    assert not frame.duplicated(["year", "state", "city"]).any()
    assert frame["state"].nunique() == 51
    assert (frame["city"].str.len() > 0).all()
    assert not frame["city"].str.contains(r"\d").any()


def test_only_large_cities_to_2004(frame):
    assert frame[frame["year"] <= 2004].groupby("year").size().max() < 3_000
    assert frame[frame["year"] == 2005].shape[0] > 8_000


def test_violent_is_its_parts_in_every_row_that_prints_a_total(frame):
    printed = frame[frame["violent"].notna()]
    rape = printed["rape_legacy"].fillna(printed["rape_revised"])
    parts = printed["homicide"] + rape + printed["robbery"] + printed["aggravated_assault"]
    assert len(printed) == 178_011
    assert parts.notna().all()
    assert (parts == printed["violent"]).all()


def test_property_is_its_parts_but_for_three_rows(frame):
    parts = frame["burglary"] + frame["larceny"] + frame["motor_vehicle_theft"]
    differ = frame[(parts != frame["property"]).fillna(False)]
    assert differ[["year", "state", "city"]].values.tolist() == [
        [2008, "AK", "Unalaska"],
        [2008, "GA", "Mount Airy"],
        [2015, "MI", "Eastpointe"],
    ]


def test_the_crime_index_is_its_parts(frame):
    same = index_is_its_parts(frame)
    assert (len(same), int(same.sum())) == (10_823, 10_823)


@pytest.mark.parametrize(
    ("state", "city", "violent"),
    [
        ("NY", "New York", 50_564),
        ("CA", "San Francisco", 6_761),
        ("CA", "Los Angeles", 19_171),
        ("IL", "Chicago", 24_089),
        ("DC", "Washington", 7_810),
    ],
)
def test_violent_crime_2014_contains_revised_rape(frame, state, city, violent):
    found = row(frame, state, city, 2014)
    assert found["violent"] == violent
    assert found["rape_revised"] > 0
    assert found[["rape_legacy"]].isna().all()


def test_new_york_2001_as_printed(frame, marks):
    assert row(frame, "NY", "New York", 2001)["homicide"] == 3_472
    note = marks[(marks["city"] == "New York") & (marks["year"] == 2001)]
    assert note["kind"].tolist() == ["exceptional_event"]
    assert "2,823" in note["text"].iloc[0]


def test_rape_columns_by_year(frame):
    count = frame.groupby("year")[["rape_legacy", "rape_revised"]].count()
    assert (count.loc[1999:2012, "rape_revised"] == 0).all()
    assert (count.loc[2013:2016] > 0).all().all()
    assert (count.loc[2017:2024, "rape_legacy"] == 0).all()
    assert not (frame["rape_legacy"].notna() & frame["rape_revised"].notna()).any()


def test_no_violent_total_where_rape_was_not_comparable(frame):
    chicago = frame[(frame["state"] == "IL") & (frame["city"] == "Chicago")].set_index("year")
    assert chicago.loc[1999:2013, "violent"].isna().all()
    assert chicago.loc[2014:2020, "violent"].notna().all()
    minnesota = frame[(frame["state"] == "MN") & frame["year"].between(2003, 2015)]
    share = minnesota["violent"].isna().groupby(minnesota["year"]).mean()
    assert (share.loc[2006:2012] > 0.9).all()
    assert (share.drop(range(2006, 2013)) == 0).all()


def test_absent_in_2021(frame):
    printed = frame.loc[frame["year"] == 2021, ["state", "city"]].apply(tuple, axis=1).tolist()
    for city in (("NY", "New York"), ("CA", "Los Angeles"), ("CA", "San Francisco"), ("IL", "Chicago")):
        assert city not in printed


def test_a_dash_is_zero_and_a_blank_is_missing_in_1999(frame):
    troopers = row(frame, "VA", "Winchester State Police", 1999)
    assert troopers["burglary"] == 0
    dover = row(frame, "DE", "Dover", 1999)
    assert dover[["rape_legacy"]].isna().all()
    assert dover["homicide"] == 1


def test_las_vegas_1999_over_two_rows(frame):
    found = row(frame, "NV", "Las Vegas Metropolitan Police Department Jurisdiction", 1999)
    assert (found["population"], found["homicide"], found["burglary"]) == (922_450, 109, 10_130)


def test_every_footnote_has_a_kind_and_a_place(marks, workbooks):
    assert (marks["text"].str.len() > 10).all()
    for book in workbooks:
        used = set(marks.loc[marks["year"] == book.year, "marker"]) | {"-"}
        assert set(book.notes) <= used, book.year
    iowa = marks[(marks["year"] == 2018) & (marks["state"] == "IA")]
    assert iowa["kind"].tolist() == ["limited_data"]


def test_an_altered_truncated_or_missing_file_is_refused(tmp_path, monkeypatch):
    path = file_of(2003)
    original = locate(path)
    monkeypatch.setenv("ANALYSIS_RAW_DIR", str(tmp_path))
    with pytest.raises(MissingFileError, match="table8_2003"):
        table8.read_year(2003)
    copy = tmp_path / path
    copy.parent.mkdir()
    shutil.copyfile(original, copy)
    assert len(table8.read_year(2003)) == 2_876
    with open(copy, "r+b") as handle:
        handle.seek(-1, os.SEEK_END)
        last = handle.read(1)
        handle.seek(-1, os.SEEK_END)
        handle.write(bytes([last[0] ^ 1]))
    with pytest.raises(AlteredFileError, match="SHA-256"):
        table8.read_year(2003)
    os.truncate(copy, copy.stat().st_size // 2)
    with pytest.raises(AlteredFileError, match="bytes"):
        table8.read_year(2003)


def test_a_file_under_a_wrong_year(tmp_path):
    from analysis.errors import LayoutError

    copy = tmp_path / "table8_2008.xls"
    shutil.copyfile(raw_dir() / file_of(2007), copy)
    with pytest.raises(LayoutError, match="of 2007, not of 2008"):
        table8.read_year(2008, copy)
