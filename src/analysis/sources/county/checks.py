"""Checks every county reader makes: columns, keys, bounds, codes. Each error names file, row and remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ...errors import DuplicateKeyError, ImpossibleValueError, LayoutError
from ..states import usps_by

_AGAIN = "Get the file again as data/raw/README.md says."
_DIGITS = r"-?([0-9]+(\.[0-9]+)?|\.[0-9]+)"
_WITH_COMMAS = r"-?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?"
#: Codes of the states, the District, the island areas and the nation as a whole.
_STATES = {*usps_by("state_fips"), "00", "60", "66", "69", "72", "78"}


def require_columns(frame: pd.DataFrame, names: Iterable[str], where: str) -> None:
    """Raise LayoutError unless all columns are there."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise LayoutError(f"Columns {missing} are not in the file.", where=where, remedy=_AGAIN)


def require_rows(frame: pd.DataFrame, expected: int, where: str) -> None:
    """Raise LayoutError unless the file has the expected number of rows."""
    if len(frame) != expected:
        raise LayoutError(
            f"The file has {len(frame):,} rows, not {expected:,}: truncated or another edition.",
            where=where,
            remedy=_AGAIN,
        )


def require_unique(frame: pd.DataFrame, keys: list[str], where: str) -> None:
    """Raise DuplicateKeyError at the first repeated key."""
    repeated = frame.duplicated(keys)
    if repeated.any():
        row = int(np.flatnonzero(repeated.to_numpy())[0])
        key = frame.iloc[row][keys].to_dict()
        raise DuplicateKeyError(
            f"Two rows share the key {key}.", where=f"{where}, data row {row + 1}", remedy=_AGAIN
        )


def require_between(frame: pd.DataFrame, bounds: Mapping[str, tuple[float, float]], where: str) -> None:
    """Raise ImpossibleValueError at the first value outside its bounds; missing values pass."""
    for name, (low, high) in bounds.items():
        values = pd.to_numeric(frame[name]).to_numpy(dtype="float64", na_value=np.nan)
        wrong = ~np.isnan(values) & ~((values >= low) & (values <= high))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ImpossibleValueError(
                f"{name} is {values[row]:,.10g}, outside {low:,.10g} to {high:,.10g}.",
                where=f"{where}, data row {row + 1}",
                remedy=_AGAIN,
            )


def numbers(
    values: pd.Series, where: str, *, blanks: int | None = None, thousands: bool = False
) -> pd.Series:
    """Return text as float64; blank cells are missing.

    Parameters
    ----------
    values : pandas.Series
        Text as printed, or numbers of a file that stores them.
    where : str
        File, for errors.
    blanks : int, optional
        How many cells are blank in the published file; any number when omitted.
    thousands : bool, optional
        Whether commas may stand between thousands.

    Raises
    ------
    LayoutError
        At what is no number in plain digits (``1e5``, ``+5``, ``inf``, digits of another script), or when
        another number of cells is blank.
    """
    if pd.api.types.is_numeric_dtype(values):
        parsed = values.astype("float64")
        missing, wrong = parsed.isna(), parsed.abs() == np.inf
        text = values.astype("str")
    else:
        text = values.astype("str").mask(values.isna(), "")
        missing = text == ""
        wrong = ~missing & ~text.str.fullmatch(_WITH_COMMAS if thousands else _DIGITS)
        parsed = pd.to_numeric(text.str.replace(",", "").mask(missing | wrong), errors="coerce")
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise LayoutError(
            f"{values.name} holds {text.iloc[row]!r}, not a number in plain digits.",
            where=f"{where}, data row {row + 1}",
            remedy=_AGAIN,
        )
    if blanks is not None and int(missing.sum()) != blanks:
        raise LayoutError(
            f"{values.name} is blank in {int(missing.sum()):,} rows, not in {blanks:,}.",
            where=where,
            remedy=_AGAIN,
        )
    return parsed.astype("float64")


def fips5(codes: pd.Series, where: str) -> pd.Series:
    """Return county codes as five digits, zero-padded; raise LayoutError at what is no county code."""
    text = codes.astype("str").str.strip().str.replace(r"\.0$", "", regex=True).str.zfill(5)
    wrong = ~text.str.fullmatch(r"[0-9]{5}") | ~text.str[:2].isin(_STATES)
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise LayoutError(
            f"{text.iloc[row]!r} is no county FIPS code.", where=f"{where}, data row {row + 1}", remedy=_AGAIN
        )
    return text


def as_integers(frame: pd.DataFrame, names: list[str], where: str) -> pd.DataFrame:
    """Return `frame` with whole-number columns as Int64; raise ImpossibleValueError at a fraction."""
    frame = frame.copy()
    for name in names:
        values = frame[name].astype("float64")
        wrong = (values % 1 != 0) & values.notna()
        if wrong.any():
            row = int(np.flatnonzero(wrong.to_numpy())[0])
            raise ImpossibleValueError(
                f"{name} is {values.iloc[row]:,.10g}, not a whole number.",
                where=f"{where}, data row {row + 1}",
            )
        frame[name] = values.astype("Int64")
    return frame


def require_sum(
    frame: pd.DataFrame, total: str, parts: list[str], where: str, *, known: Iterable[int] = ()
) -> None:
    """Raise ImpossibleValueError at the first row whose total is not its parts; rows with a missing one pass.

    Parameters
    ----------
    frame : pandas.DataFrame
        Numbers.
    total, parts : str, list of str
        Columns.
    where : str
        File, for errors.
    known : iterable of int, optional
        Positions of rows that the publisher prints otherwise.
    """
    numbers_of = frame[[total, *parts]].astype("float64")
    wrong = (numbers_of[parts].sum(axis=1, skipna=False) - numbers_of[total]).abs() > 1e-6
    wrong &= ~np.isin(np.arange(len(frame)), list(known))
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise ImpossibleValueError(
            f"{total} is {numbers_of[total].iloc[row]:,.10g}, not the sum of {', '.join(parts)}.",
            where=f"{where}, data row {row + 1}",
            remedy=_AGAIN,
        )
