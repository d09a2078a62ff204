"""The sheet of a Table 8 workbook: its title, its heading row, and the quantity of each column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import LayoutError
from ..registry.tables import read_cells
from .footnotes import split_markers

FIRST_YEAR, LAST_YEAR = 1999, 2024
COUNTS = (
    "population",
    "crime_index",
    "modified_crime_index",
    "violent",
    "homicide",
    "rape_legacy",
    "rape_revised",
    "robbery",
    "aggravated_assault",
    "property",
    "burglary",
    "larceny",
    "motor_vehicle_theft",
    "arson",
)
_HEADINGS = {
    "state": "state",
    "city": "city",
    "citybystate": "city",
    "population": "population",
    "crimeindex": "crime_index",
    "crimeindextotal": "crime_index",
    "modifiedcrimeindex": "modified_crime_index",
    "modifiedcrimeindextotal": "modified_crime_index",
    "violentcrime": "violent",
    "violentcrimetotal": "violent",
    "murderandnonnegligentmanslaughter": "homicide",
    "forciblerape": "rape_legacy",
    "rapelegacydefinition": "rape_legacy",
    "rapereviseddefinition": "rape_revised",
    "rape": "rape_revised",
    "robbery": "robbery",
    "aggravatedassault": "aggravated_assault",
    "propertycrime": "property",
    "propertycrimetotal": "property",
    "burglary": "burglary",
    "larcenytheft": "larceny",
    "motorvehicletheft": "motor_vehicle_theft",
    "arson": "arson",
}
_ALWAYS = {
    "city",
    "population",
    "homicide",
    "robbery",
    "aggravated_assault",
    "burglary",
    "larceny",
    "motor_vehicle_theft",
    "arson",
}
_RAPE = {"rape_legacy", "rape_revised"}


@dataclass(frozen=True)
class Sheet:
    """One sheet, cut at its heading row.

    Attributes
    ----------
    file, year : str, int
        Where it comes from.
    cells : numpy.ndarray
        Everything below the heading row, as objects.
    first_row : int
        Number in the sheet, counted from 1, of the first row of `cells`.
    places : dict of str to tuple of int
        Positions of each quantity's columns; only burglary of 1999 has two.
    markers : dict of str to tuple of str
        Footnote numbers stuck to headings, by quantity.
    """

    file: str
    year: int
    cells: np.ndarray
    first_row: int
    places: dict[str, tuple[int, ...]]
    markers: dict[str, tuple[str, ...]]

    def where(self, position: int) -> str:
        """Return the file and sheet row of a row of `cells`, for messages."""
        return f"{self.file}, row {self.first_row + int(position)}"


def file_of(year: int) -> str:
    """Return the registered path of a year's workbook; the table was number 6 in 2016, 8 in all other years.

    Raises
    ------
    LayoutError
        If the table was not published in this form for `year`.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise LayoutError(
            f"There is no Table 8 of {year}.", remedy=f"Choose a year from {FIRST_YEAR} to {LAST_YEAR}."
        )
    return "fbi_table8/table6_2016.xls" if year == 2016 else f"fbi_table8/table8_{year}.{_suffix(year)}"


def read_sheet(path: Path, year: int) -> Sheet:
    """Read the only sheet of a workbook and find its heading row.

    Raises
    ------
    LayoutError
        If the file is no workbook, is of another year, or lacks its heading row or a column.
    """
    cells = read_cells(path)
    row = _heading_row(cells, path.name)
    _require_year(cells[:row], year, path.name)
    places, markers = _columns(cells[row], path.name, row + 1)
    return Sheet(path.name, year, cells[row + 1 :], row + 2, places, markers)


def _suffix(year: int) -> str:
    return "xls" if year < 2020 else "xlsx"


def _heading_row(cells: np.ndarray, file: str) -> int:
    for row, line in enumerate(cells[:20]):
        if any(isinstance(cell, str) and _plain(cell) == "population" for cell in line):
            return row
    raise LayoutError(
        "No heading row with a Population column in the first 20 rows.",
        where=file,
        remedy="This is not Table 8, or its head was cut off: get the file again.",
    )


def _require_year(title: np.ndarray, year: int, file: str) -> None:
    text = " ".join(str(cell) for cell in title.ravel() if isinstance(cell, str))
    printed = re.findall(r"\b(?:19|20)\d\d\b", text)
    if "Table" not in text or not printed:
        raise LayoutError("The title has no table number and year.", where=file, remedy="Get the file again.")
    if printed[-1] != str(year):
        raise LayoutError(
            f"The sheet is of {printed[-1]}, not of {year}.",
            where=file,
            remedy="A file stands under a wrong name: get the right year's.",
        )


def _columns(heading: np.ndarray, file: str, row: int) -> tuple[dict[str, Any], dict[str, Any]]:
    places: dict[str, tuple[int, ...]] = {}
    markers: dict[str, tuple[str, ...]] = {}
    for position, cell in enumerate(heading):
        name = _HEADINGS.get(_plain(cell)) if isinstance(cell, str) else None
        if name:
            places[name] = (*places.get(name, ()), position)
            markers[name] = split_markers(cell)[1]
    if lacking := sorted(_ALWAYS - set(places)) or ([] if _RAPE & set(places) else ["rape"]):
        raise LayoutError(
            f"The heading row lacks {', '.join(lacking)}.",
            where=f"{file}, row {row}",
            remedy="Get the file again.",
        )
    return places, {name: found for name, found in markers.items() if found}


def _plain(cell: str) -> str:
    return re.sub(r"[^a-z]", "", split_markers(cell)[0].lower())
