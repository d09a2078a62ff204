"""Table 8 of Crime in the United States: offenses known to the police, by city, 1999-2024, in one frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ...errors import DuplicateKeyError, LayoutError
from ..registry.files import locate
from ..registry.totals import reader
from . import defects
from .footnotes import read_notes, require_known, split_markers
from .layout import COUNTS, FIRST_YEAR, LAST_YEAR, Sheet, file_of, read_sheet

YEARS = range(FIRST_YEAR, LAST_YEAR + 1)


@dataclass(frozen=True)
class Workbook:
    """One year's table with all that is printed around it.

    Attributes
    ----------
    year : int
        Calendar year.
    frame : pandas.DataFrame
        The cities: see `read_year`.
    notes : dict of str to str
        Texts at the foot of the sheet by marker; the note on dashes stands under ``"-"``.
    states : dict of str to tuple of str
        Markers of every printed state by USPS code, states without a city among them.
    headings : dict of str to tuple of str
        Markers of the column headings by quantity.
    """

    year: int
    frame: pd.DataFrame
    notes: dict[str, str]
    states: dict[str, tuple[str, ...]]
    headings: dict[str, tuple[str, ...]]


def read_all(years: Iterable[int] = YEARS) -> pd.DataFrame:
    """Return every city-year the FBI printed.

    Parameters
    ----------
    years : iterable of int, optional
        Years to read; all of 1999-2024 when omitted.

    Returns
    -------
    pandas.DataFrame
        One row a printed city and year, in printed order: see `read_year`. A city that a table does not print
        has no row: absence is not zero.
    """
    return pd.concat([read_year(year) for year in years], ignore_index=True)


def read_year(year: int, path: Path | None = None) -> pd.DataFrame:
    """Return one year's table.

    Parameters
    ----------
    year : int
        Calendar year, 1999-2024.
    path : pathlib.Path, optional
        A workbook to read in place of the registered, verified one.

    Returns
    -------
    pandas.DataFrame
        Columns `year`, `state` (USPS), `city` (without footnote digits), `city_printed`, the counts of
        `table8_layout.COUNTS` (Int64, missing where nothing is printed: offenses; population: persons),
        `state_markers`, `city_markers`, `header_markers` (footnotes, e.g. ``"4,8"`` and ``"arson:1"``),
        `source_file`, `sheet_row` (counted from 1).

    Raises
    ------
    MissingFileError, AlteredFileError
        If the registered file is absent or changed.
    LayoutError
        If the sheet is truncated, of another year, or has no heading row.
    ImpossibleValueError
        If a cell holds what cannot be a count, or a total is not the sum of its parts.
    DuplicateKeyError
        If a city is printed twice.
    UnknownPlaceError
        If a state's name is unknown.
    """
    return read_workbook(year, path).frame


@reader("fbi_table8.read_workbook", "fbi_table8", lambda made: made.frame)
def read_workbook(year: int, path: Path | None = None) -> Workbook:
    """Return one year's table with its footnotes; parameters and errors as in `read_year`."""
    sheet = read_sheet(path or locate(file_of(year)), year)
    is_data = _rows_with_figures(sheet)
    notes = _notes(sheet, is_data)
    printed = _printed_states(sheet, is_data)
    frame = _cities(sheet, is_data, printed, notes)
    return Workbook(year, frame, notes, _state_markers(printed, sheet), sheet.markers)


def _cities(sheet: Sheet, is_data: np.ndarray, printed: pd.Series, notes: dict[str, str]) -> pd.DataFrame:
    frame = _names(sheet, is_data, printed)
    rows = np.flatnonzero(is_data)
    for name in COUNTS:
        frame[name] = _counts(sheet, name, rows, notes)
    _require_whole(frame, sheet)
    _require_markers(frame, sheet, notes)
    frame["header_markers"] = ";".join(f"{name}:{','.join(found)}" for name, found in sheet.markers.items())
    frame["source_file"], frame["sheet_row"] = sheet.file, rows + sheet.first_row
    frame["source_file"] = frame["source_file"].astype("str")
    _require_unique(frame)
    defects.rape_by_definition(frame)
    defects.totals_equal_parts(frame)
    return frame


def _rows_with_figures(sheet: Sheet) -> np.ndarray:
    places = sorted(place for name in COUNTS for place in sheet.places.get(name, ()))
    figures = sheet.cells[:, places]
    return np.array([any(_is_figure(cell) for cell in line) for line in figures], dtype=bool)


def _is_figure(cell: object) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _notes(sheet: Sheet, is_data: np.ndarray) -> dict[str, str]:
    after = int(np.flatnonzero(is_data)[-1]) + 1 if is_data.any() else 0
    return read_notes(cell for cell in sheet.cells[after:, 0] if isinstance(cell, str))


def _printed_states(sheet: Sheet, is_data: np.ndarray) -> pd.Series:
    if "state" in sheet.places:
        return defects.states_from_own_column(sheet, is_data)
    return defects.states_from_heading_rows(sheet, is_data)


def _state_markers(printed: pd.Series, sheet: Sheet) -> dict[str, tuple[str, ...]]:
    names = printed.dropna().drop_duplicates()
    return {
        defects.usps_of(name, where=sheet.where(at)): split_markers(name)[1]
        for at, name in zip(names.index.to_list(), names, strict=True)
    }


def _names(sheet: Sheet, is_data: np.ndarray, states: pd.Series) -> pd.DataFrame:
    printed = pd.Series(sheet.cells[:, sheet.places["city"][0]], dtype=object).map(str)
    printed = defects.name_over_two_rows(printed, is_data)[is_data]
    states = states[is_data].fillna("")
    cities = printed.map(split_markers)
    firsts = states.drop_duplicates()
    codes = {
        name: defects.usps_of(name, where=sheet.where(at))
        for at, name in zip(firsts.index.to_list(), firsts, strict=True)
    }
    return pd.DataFrame(
        {
            "year": sheet.year,
            "state": states.map(codes).astype("str"),
            "city": cities.str[0].astype("str"),
            "city_printed": printed.astype("str"),
            "state_markers": states.map(lambda name: ",".join(split_markers(name)[1])).astype("str"),
            "city_markers": cities.str[1].map(",".join).astype("str"),
        }
    ).reset_index(drop=True)


def _counts(sheet: Sheet, name: str, rows: np.ndarray, notes: dict[str, str]) -> pd.arrays.IntegerArray:
    if name not in sheet.places:
        return pd.array([pd.NA] * len(rows), dtype="Int64")
    if len(sheet.places[name]) == 2:
        cells = defects.one_of_two_burglary_columns(sheet, rows)
    else:
        cells = sheet.cells[rows, sheet.places[name][0]]
    return defects.absent_is_missing(
        cells,
        dash_is_zero=defects.dash_means_zero(notes),
        where=lambda at: f"{sheet.where(int(rows[at]))}, {name}",
    )


def _require_unique(frame: pd.DataFrame) -> None:
    twice = frame[frame.duplicated(["state", "city"])]
    if len(twice):
        row = twice.iloc[0]
        raise DuplicateKeyError(
            f"{row['city']}, {row['state']} is printed twice in {row['year']}.",
            where=f"{row['source_file']}, row {row['sheet_row']}",
            remedy="The file was changed: get it again.",
        )


def _require_whole(frame: pd.DataFrame, sheet: Sheet) -> None:
    if frame.empty or frame["state"].iloc[-1] != "WY" or frame["state"].iloc[0] != "AL":
        raise LayoutError(
            "The table does not run from Alabama to Wyoming.",
            where=sheet.file,
            remedy="It is truncated: get the file again.",
        )


def _require_markers(frame: pd.DataFrame, sheet: Sheet, notes: dict[str, str]) -> None:
    stuck = pd.concat([frame["state_markers"], frame["city_markers"]]).drop_duplicates()
    used = {marker for group in stuck for marker in group.split(",") if marker}
    used |= {marker for found in sheet.markers.values() for marker in found}
    require_known(used, notes, where=sheet.file)
