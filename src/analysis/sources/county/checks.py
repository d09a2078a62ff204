"""Checks every county reader makes: columns, keys, bounds, codes. Each error names file, row and remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

import numpy as np
import pandas as pd

from ...errors import DuplicateKeyError, ImpossibleValueError, LayoutError

_AGAIN = "Get the file again as data/raw/README.md says."


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
        wrong = (values < low) | (values > high)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ImpossibleValueError(
                f"{name} is {values[row]:,.10g}, outside {low:,.10g} to {high:,.10g}.",
                where=f"{where}, data row {row + 1}",
                remedy=_AGAIN,
            )


def numbers(values: pd.Series, where: str) -> pd.Series:
    """Return text as float64, thousands commas removed; raise LayoutError at what is no number."""
    with suppress(ValueError, TypeError):
        return pd.to_numeric(values).astype("float64")
    text = values.astype("str").str.strip().str.replace(",", "", regex=False)
    parsed = pd.to_numeric(text, errors="coerce")
    wrong = parsed.isna() & values.notna() & text.ne("") & text.ne("nan")
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise LayoutError(
            f"{values.name} holds {text.iloc[row]!r}, not a number.",
            where=f"{where}, data row {row + 1}",
            remedy=_AGAIN,
        )
    return parsed.astype("float64")


def fips5(codes: pd.Series, where: str) -> pd.Series:
    """Return county codes as five digits, zero-padded; raise LayoutError at what is no county code."""
    text = codes.astype("str").str.strip().str.replace(r"\.0$", "", regex=True).str.zfill(5)
    wrong = ~text.str.fullmatch(r"\d{5}")
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
