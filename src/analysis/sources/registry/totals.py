"""Control totals: what every reader returned when its files were registered, column by column.

A file's SHA-256 says that its bytes are the publisher's; the totals say that what was read of them is what was
read then. They catch a reader, or a library under it, that drops rows, exchanges columns, shifts or rescales
one, or takes a value for missing, where a bound on single values cannot. ``scripts/control_totals.py`` writes
them anew after a file or a reader was changed on purpose.
"""

from __future__ import annotations

import csv
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from importlib.resources import files
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from ...errors import LayoutError
from .tables import AGAIN, reading

FILE = "control_totals.csv"
FIELDS = ("reader", "rows", "column", "present", "total", "weighted")
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Totals:
    """Totals of one column.

    Attributes
    ----------
    present : int
        Values that are not missing.
    total : float
        Their sum; text, truth values and days count as the CRC-32 of their letters.
    weighted : float
        Their sum, each times its row's number from one: it tells an exchange or shift of rows.
    """

    present: int
    total: float
    weighted: float


def reader(
    name: str, where: str, frame_of: Callable[[Any], pd.DataFrame] = lambda made: made
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a reader: errors name its file, and what it returns is held against the control totals.

    Parameters
    ----------
    name : str
        Name of the reader in the table of totals. Its positional arguments are added in brackets; calls that
        the table does not name are not held against it.
    where : str
        Registered path or family, for errors.
    frame_of : callable, optional
        Takes the table out of what the reader returns.
    """

    def decorate(read: Callable[P, T]) -> Callable[P, T]:
        @wraps(read)
        def call(*arguments: P.args, **named: P.kwargs) -> T:
            with reading(where):
                made = read(*arguments, **named)
                if not named and all(isinstance(each, (int, str)) for each in arguments):
                    require_totals(frame_of(made), key_of(name, arguments), where)
            return made

        return call

    return decorate


def key_of(name: str, arguments: tuple[Any, ...]) -> str:
    """Return the name of a call in the table of totals."""
    return f"{name}[{','.join(map(str, arguments))}]" if arguments else name


def require_totals(frame: pd.DataFrame, key: str, where: str) -> None:
    """Raise LayoutError at the first column that is not as registered; calls without totals pass."""
    if key not in registered():
        return
    rows, columns = registered()[key]
    if len(frame) != rows or list(frame.columns) != list(columns):
        raise LayoutError(
            f"{len(frame):,} rows of {frame.shape[1]} columns were read, not the {rows:,} of {len(columns)} "
            "when the file was registered.",
            where=where,
            remedy=AGAIN,
        )
    for column, wanted in columns.items():
        found = totals_of(frame[column])
        if found != wanted:
            raise LayoutError(
                f"Column {column} is not what it was when the file was registered: {found.present:,} values, "
                f"total {found.total:,.15g}, where {wanted.present:,} values of total {wanted.total:,.15g} were.",
                where=where,
                remedy=AGAIN,
            )


def totals_of(column: pd.Series) -> Totals:
    """Return the totals of a column; sums are exact, so that no machine rounds otherwise."""
    values = _numbers(column)
    there = ~np.isnan(values)
    kept = values[there]
    places = np.flatnonzero(there) + 1.0
    return Totals(int(there.sum()), math.fsum(kept), math.fsum(kept * places))


@cache
def registered() -> dict[str, tuple[int, dict[str, Totals]]]:
    """Return rows and totals by column of every registered call of a reader."""
    found: dict[str, tuple[int, dict[str, Totals]]] = {}
    place = files(__package__).joinpath(FILE)
    text = place.read_text("utf-8") if place.is_file() else ",".join(FIELDS)
    for row in csv.DictReader(text.splitlines()):
        _, columns = found.setdefault(row["reader"], (int(row["rows"]), {}))
        columns[row["column"]] = Totals(int(row["present"]), float(row["total"]), float(row["weighted"]))
    return found


def rows_of(key: str, frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return the lines of the table of totals for one call."""
    columns = [(name, totals_of(frame[name])) for name in frame.columns]
    return [(key, len(frame), name, t.present, repr(t.total), repr(t.weighted)) for name, t in columns]


def _numbers(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.to_numpy(dtype="float64", na_value=np.nan)
    missing = column.isna().to_numpy(dtype=bool)
    codes = [0 if lost else zlib.crc32(_bytes(value)) for value, lost in zip(column, missing, strict=True)]
    return np.where(missing, np.nan, np.array(codes, dtype="float64"))


def _bytes(value: Any) -> bytes:
    made = getattr(value, "wkb", None)
    return made if isinstance(made, bytes) else str(value).encode("utf-8", "surrogatepass")
