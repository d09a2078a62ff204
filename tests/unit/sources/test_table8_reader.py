"""The reader on small workbooks: right ones, and each way a file can be wrong."""

import zipfile
from xml.sax.saxutils import escape

import pandas as pd
import pytest

from analysis.errors import (
    AnalysisError,
    DuplicateKeyError,
    ImpossibleValueError,
    LayoutError,
    UnknownPlaceError,
)
from analysis.sources.fbi_table8 import table8
from analysis.sources.fbi_table8.layout import file_of

HEADING = [
    "State", "City", "Population", "Violent\ncrime", "Murder and\nnonnegligent\nmanslaughter",
    "Rape\n(revised\ndefinition)1", "Rape\n(legacy\ndefinition)2", "Robbery", "Aggravated\nassault",
    "Property\ncrime", "Burglary", "Larceny-\ntheft", "Motor\nvehicle\ntheft", "Arson3",
]  # fmt: skip
ROWS = [
    ["Table 8"],
    ["Offenses Known to Law Enforcement"],
    ["by State by City, 2014"],
    HEADING,
    ["ALABAMA", "Abbeville", 2643, 8, 0, 1, "", 0, 7, 85, 22, 52, 11, ""],
    ["", "Toledo4,5", 4430, 30, 0, "", 5, 6, 19, 373, 43, 321, 9, 0],
    ["IOWA5", "", "", "", "", "", "", "", "", "", "", "", "", ""],
    ["WYOMING5", "Worland", 5348, "", 1, "", "", 3, "", 62, 18, 43, 1, 0],
    [
        "1 The figures shown in this column for the offense of rape were reported using the revised definition."
    ],
    ["2 The figures shown in this column for the offense of rape were reported using the legacy definition."],
    ["3 The FBI does not publish arson data unless it receives data for all 12 months."],
    ["4 The FBI determined that the agency's data were overreported."],
    ["5 Because of changes in reporting practices, figures are not comparable to previous years' data."],
]


def write_xlsx(path, rows):
    """Write the plainest workbook there is: one sheet, texts in line."""

    def cell(value, reference):
        if isinstance(value, str):
            return (
                f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
            )
        return f'<c r="{reference}"><v>{value}</v></c>'

    lines = [
        f'<row r="{i}">'
        + "".join(cell(v, f"{chr(64 + j)}{i}") for j, v in enumerate(row, 1) if v != "")
        + "</row>"
        for i, row in enumerate(rows, 1)
    ]
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    part = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{part}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{part}.worksheet+xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="t" sheetId="1" r:id="r1"/>'
            "</sheets></workbook>",
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
        )
    return path


def changed(row, column, value):
    rows = [list(line) for line in ROWS]
    rows[row][column] = value
    return rows


@pytest.fixture
def workbook(tmp_path):
    return lambda rows: write_xlsx(tmp_path / "table8_2014.xlsx", rows)


def test_a_right_workbook(workbook):
    book = table8.read_workbook(2014, workbook(ROWS))
    frame = book.frame
    assert frame["city"].tolist() == ["Abbeville", "Toledo", "Worland"]
    assert frame["city_printed"].tolist() == ["Abbeville", "Toledo4,5", "Worland"]
    assert frame["state"].tolist() == ["AL", "AL", "WY"]
    assert frame["city_markers"].tolist() == ["", "4,5", ""]
    assert frame["state_markers"].tolist() == ["", "", "5"]
    assert frame["sheet_row"].tolist() == [5, 6, 8]
    assert frame["rape_revised"].isna().tolist() == [False, True, True]
    assert frame["rape_legacy"].isna().tolist() == [True, False, True]
    assert frame["violent"].isna().tolist() == [False, False, True]
    assert pd.isna(frame["arson"].iloc[0])
    assert frame["arson"].iloc[1] == 0
    assert frame["crime_index"].isna().all()
    assert book.states == {"AL": (), "IA": ("5",), "WY": ("5",)}
    assert book.headings == {"rape_revised": ("1",), "rape_legacy": ("2",), "arson": ("3",)}
    assert frame["header_markers"].unique().tolist() == ["rape_revised:1;rape_legacy:2;arson:3"]


@pytest.mark.parametrize(
    ("rows", "error", "says"),
    [
        (changed(2, 0, "by State by City, 2013"), LayoutError, "of 2013, not of 2014"),
        (changed(3, 2, "People"), LayoutError, "No heading row"),
        (changed(3, 8, "Battery"), LayoutError, "lacks aggravated_assault"),
        (ROWS[:7] + ROWS[8:], LayoutError, "Alabama to Wyoming"),
        (ROWS[:8], LayoutError, "no text at the foot"),
        (changed(0, 0, "Tabelle 8")[1:], LayoutError, "no table number"),
        (changed(5, 7, -6), ImpossibleValueError, "-6.*row 6, robbery"),
        (changed(5, 7, 6.5), ImpossibleValueError, "6.5.*row 6, robbery"),
        (changed(5, 7, "six"), ImpossibleValueError, "'six'.*row 6, robbery"),
        (changed(5, 7, "-"), ImpossibleValueError, "'-'.*row 6, robbery"),
        (changed(5, 3, 31), ImpossibleValueError, "violent crime \\(31\\) of Toledo.*row 6"),
        (changed(5, 9, 372), ImpossibleValueError, "property crime \\(372\\) of Toledo.*row 6"),
        (changed(4, 6, 1), ImpossibleValueError, "both definitions.*row 5"),
        (changed(5, 1, "Abbeville"), DuplicateKeyError, "Abbeville, AL is printed twice.*row 6"),
        (changed(4, 0, "ALBION"), UnknownPlaceError, "No state is called 'ALBION'.*row 5"),
    ],
)
def test_a_wrong_workbook_says_what_where_and_what_to_do(workbook, rows, error, says):
    with pytest.raises(error, match=says) as caught:
        table8.read_year(2014, workbook(rows))
    assert isinstance(caught.value, AnalysisError)
    assert "table8_2014.xlsx" in caught.value.where
    assert caught.value.remedy


def test_a_truncated_workbook(workbook):
    path = workbook(ROWS)
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(LayoutError, match="cannot be read"):
        table8.read_year(2014, path)


def test_a_year_without_a_table():
    with pytest.raises(LayoutError, match="There is no Table 8 of 1998"):
        file_of(1998)
    assert file_of(2016).endswith("table6_2016.xls")
    assert file_of(2020).endswith("table8_2020.xlsx")
