"""What is wrong or odd with Table 8, a function for each defect, named for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...errors import ImpossibleValueError, LayoutError, UnknownPlaceError
from ..states import states
from .footnotes import DASH, split_markers
from .layout import Sheet

PARTS_OF_VIOLENT = ("homicide", "robbery", "aggravated_assault")
PARTS_OF_PROPERTY = ("burglary", "larceny", "motor_vehicle_theft")
SEPTEMBER_11_DEATHS = 2_823
#: No city of the United States has more persons, let alone offenses.
MOST = 20_000_000
LAST_CRIME_INDEX_YEAR = 2002
PROPERTY_DISAGREES = ((2008, "AK", "Unalaska"), (2008, "GA", "Mount Airy"), (2015, "MI", "Eastpointe"))
_USPS_BY_NAME = {row["name"].upper(): row["state"] for row in states() if row["region"]}
ABSENT_IN_2021 = (("NY", "New York"), ("CA", "Los Angeles"), ("CA", "San Francisco"), ("IL", "Chicago"))


def covers_only_large_cities(year: int) -> bool:
    """Tell whether the year's table prints only cities of 10,000 people or more (1999-2004)."""
    return year <= 2004


def absent_is_missing(
    cells: np.ndarray, *, dash_is_zero: bool, where: Callable[[int], str]
) -> pd.arrays.IntegerArray:
    """Turn one column of printed cells into counts: a blank was not published and is missing, never zero.

    Parameters
    ----------
    cells : numpy.ndarray of object
        Numbers, blanks and dashes as printed.
    dash_is_zero : bool
        Whether the sheet says that a dash is a zero report.
    where : callable
        Gives file and row of a position, for messages.

    Raises
    ------
    ImpossibleValueError
        For text, a fraction, a number below zero or above `MOST`, or a dash in a sheet that does not
        explain it.
    """
    values = np.array([_number(cell, dash_is_zero) for cell in cells], dtype=object)
    bad = np.array([value is None for value in values], dtype=bool)
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise ImpossibleValueError(
            f"{cells[at]!r} cannot be a count.", where=where(at), remedy="The file was changed: get it again."
        )
    numbers = values.astype(np.float64)
    missing = np.isnan(numbers)
    return pd.arrays.IntegerArray(np.where(missing, 0, numbers).astype(np.int64), missing)


def dash_means_zero(notes: dict[str, str]) -> bool:
    """Tell whether the foot of the sheet says that dashes are zero reports (1999 and 2000)."""
    return "zero" in notes.get(DASH, "")


def one_of_two_burglary_columns(sheet: Sheet, rows: np.ndarray) -> np.ndarray:
    """Return burglary of 1999, printed under two headings; a few rows repeat a dash under both.

    Raises
    ------
    LayoutError
        If a row prints two different figures.
    """
    first, second = (sheet.cells[rows, place] for place in sheet.places["burglary"])
    empty_first, empty_second = (np.array([_blank(cell) for cell in cells]) for cells in (first, second))
    differ = (
        ~empty_first
        & ~empty_second
        & np.array([_bare(a) != _bare(b) for a, b in zip(first, second, strict=True)])
    )
    if differ.any():
        raise LayoutError(
            "The two burglary columns differ.",
            where=sheet.where(rows[np.flatnonzero(differ)[0]]),
            remedy="The file was changed: get it again.",
        )
    return np.asarray(np.where(empty_second, first, second))


def states_from_heading_rows(sheet: Sheet, is_data: np.ndarray) -> pd.Series:
    """Return each row's printed state where states are headings in the city column (1999-2004)."""
    names = pd.Series(sheet.cells[:, sheet.places["city"][0]], dtype=object).map(_text)
    is_state = ~is_data & names.map(lambda name: split_markers(name)[0].upper() in _USPS_BY_NAME).to_numpy()
    return names.where(is_state).ffill()


def states_from_own_column(sheet: Sheet, is_data: np.ndarray) -> pd.Series:
    """Return each row's printed state where it stands beside its first city (2005 on) or each (2024).

    A state that stands alone has no published city that year (Iowa 2018) and keeps its footnote; the notes
    below the last city are no states.
    """
    names = pd.Series(sheet.cells[:, sheet.places["state"][0]], dtype=object).map(_text)
    end = int(np.flatnonzero(is_data)[-1]) if is_data.any() else -1
    return names.where((names != "") & (np.arange(len(names)) <= end)).ffill()


def name_over_two_rows(names: pd.Series, is_data: np.ndarray) -> pd.Series:
    """Join a name printed over two rows: Las Vegas 1999, whose figures stand beside the word Jurisdiction."""
    broken = is_data & (names.str.strip() == "Jurisdiction").to_numpy()
    above = names.str.strip().shift().fillna("")
    return names.mask(broken, above + " " + names.str.strip())


def usps_of(printed: str, *, where: str) -> str:
    """Return the two-letter code of a printed state.

    Raises
    ------
    UnknownPlaceError
        If no state has that name.
    """
    name = split_markers(printed)[0].upper()
    if name not in _USPS_BY_NAME:
        raise UnknownPlaceError(f"No state is called {printed!r}.", where=where, remedy="Get the file again.")
    return _USPS_BY_NAME[name]


def _text(cell: object) -> str:
    return cell.strip() if isinstance(cell, str) else ""


def _blank(cell: object) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _bare(cell: object) -> object:
    return cell.strip() if isinstance(cell, str) else cell


def _number(cell: object, dash_is_zero: bool) -> float | None:
    """Return a count, NaN for a blank, None for what cannot be a count."""
    if isinstance(cell, str):
        text = cell.strip()
        return np.nan if not text else 0.0 if text == DASH and dash_is_zero else None
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return float(cell) if 0 <= cell <= MOST and cell % 1 == 0 else None
    return None


def homicide_without_september_11(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose homicides of New York 2001 leave out the 2,823 deaths of 11 September 2001.

    The sheet prints 3,472 and says in its footnote 9 that they include the 2,823; 649 remain.

    Raises
    ------
    ImpossibleValueError
        If New York of 2001 prints fewer.
    """
    rows = (frame["year"] == 2001) & (frame["state"] == "NY") & (frame["city"] == "New York")
    if (frame.loc[rows, "homicide"] < SEPTEMBER_11_DEATHS).any():
        raise ImpossibleValueError(
            f"New York prints fewer than {SEPTEMBER_11_DEATHS:,} homicides in 2001.",
            where="table8_2001.xls",
            remedy="The deaths were taken out before: do not take them out twice.",
        )
    left = frame["homicide"].mask(rows, frame["homicide"] - SEPTEMBER_11_DEATHS)
    return frame.assign(homicide=left)


def total_from_parts(frame: pd.DataFrame, total: str, parts: list[str]) -> tuple[pd.Series, pd.Series]:
    """Return a total, summed from its parts in years that print none (1999-2002), and where it was.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows with `year`, `total` and `parts`.
    total, parts : str, list of str
        Names; a missing part leaves the total missing.

    Returns
    -------
    total, computed : pandas.Series
        Int64, and bool.
    """
    summed = sum((frame[part] for part in parts[1:]), frame[parts[0]])
    computed = (frame["year"] <= LAST_CRIME_INDEX_YEAR) & frame[total].isna() & summed.notna()
    return frame[total].mask(computed, summed), computed.astype("bool")


def totals_equal_parts(frame: pd.DataFrame) -> None:
    """Confirm that printed totals are the sums of their printed parts.

    Violent crime is in all 178,011 rows that print it; property crime is but for the three rows of
    `PROPERTY_DISAGREES`, which stay as printed and are listed in `series_breaks`.

    Raises
    ------
    ImpossibleValueError
        If another row's total is not the sum of its parts.
    """
    rape = frame["rape_legacy"].fillna(frame["rape_revised"])
    violent = sum((frame[part] for part in PARTS_OF_VIOLENT), rape)
    _require_equal(frame, "violent", violent, ())
    _require_equal(frame, "property", sum((frame[part] for part in PARTS_OF_PROPERTY[1:]), frame["burglary"]))
    if not index_is_its_parts(frame).all():
        row: Any = frame.loc[index_is_its_parts(frame).pipe(lambda same: same.index[~same])].iloc[0]
        raise _disagreement(row, "Crime Index", "the seven offenses")


def _require_equal(
    frame: pd.DataFrame,
    total: str,
    parts: pd.Series,
    known: tuple[tuple[int, str, str], ...] = PROPERTY_DISAGREES,
) -> None:
    differ = (frame[total] != parts).fillna(False).astype("bool")
    for row in frame[differ].to_dict("records"):
        if (row["year"], row["state"], row["city"]) not in known:
            raise _disagreement(row, f"printed total of {total} crime ({row[total]})", "its parts")


def _disagreement(row: Mapping[Any, Any], total: str, parts: str) -> ImpossibleValueError:
    return ImpossibleValueError(
        f"The {total} of {row['city']}, {row['state']} is not the sum of {parts}.",
        where=f"{row['source_file']}, row {row['sheet_row']}",
        remedy="The file was changed: get it again.",
    )


def index_is_its_parts(frame: pd.DataFrame) -> pd.Series:
    """Tell for each row that prints a Crime Index (1999-2002) whether it is the sum of the seven offenses."""
    parts = [*PARTS_OF_VIOLENT, "rape_legacy", *PARTS_OF_PROPERTY]
    rows = frame[frame["crime_index"].notna()]
    return (rows[parts].sum(axis=1, skipna=False) == rows["crime_index"]).fillna(False).astype("bool")


def rape_by_definition(frame: pd.DataFrame) -> pd.Series:
    """Return the definition each row prints: legacy to 2012, either in 2013-16, revised since; or none.

    Raises
    ------
    ImpossibleValueError
        If a row prints both: the two cannot be told apart in its violent total.
    """
    legacy, revised = frame["rape_legacy"].notna(), frame["rape_revised"].notna()
    if (both := legacy & revised).any():
        row = frame[both].iloc[0]
        raise ImpossibleValueError(
            "Rape is printed under both definitions.",
            where=f"{row['source_file']}, row {row['sheet_row']}",
            remedy="The file was changed: get it again.",
        )
    return pd.Series("none", index=frame.index).mask(legacy, "legacy").mask(revised, "revised")
