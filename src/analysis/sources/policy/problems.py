"""What is wrong with a row of the list of dated policies: where it stands, what, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ...errors import AnalysisError, DuplicateKeyError, ImpossibleValueError, UnknownPlaceError


@dataclass(frozen=True)
class Problem:
    """One problem with one row.

    Attributes
    ----------
    file : str
        Name of the file below ``data/policies``.
    row : int or str
        Identifier of the row.
    column : str
        Column at fault.
    text : str
        What is wrong, as a sentence.
    remedy : str
        What to do about it.
    error : type
        Error that `raise_first` raises.
    is_fatal : bool
        Whether the list cannot be used with it; the others are reported and change nothing.
    """

    file: str
    row: int | str
    column: str
    text: str
    remedy: str = "Correct the row; `sanctuary policies show PLACE` shows its neighbors."
    error: type[AnalysisError] = field(default=ImpossibleValueError, compare=False)
    is_fatal: bool = True

    @property
    def where(self) -> str:
        """File and row."""
        return f"{self.file}, row {self.row}"


def tuples(frame: pd.DataFrame) -> list[Any]:
    """Return the rows of a frame as tuples with names."""
    return list(frame.itertuples(index=False))


def raise_first(problems: Iterable[Problem]) -> None:
    """Raise the first fatal problem as an error that names its file and row, if there is one."""
    for problem in problems:
        if problem.is_fatal:
            raise problem.error(problem.text, where=problem.where, remedy=problem.remedy)


def each(
    rows: pd.DataFrame,
    bad: pd.Series,
    column: str,
    why: str,
    error: type[AnalysisError] = ImpossibleValueError,
) -> Iterator[Problem]:
    """Yield a problem for every row of a mask, e.g. ``adopted 'soon' is no date.``"""
    for row in tuples(rows[bad.to_numpy(dtype=bool)]):
        value = getattr(row, column)
        yield Problem(row.file, row.row, column, f"{column} {value!r} {why}.", error=error)


def not_allowed(rows: pd.DataFrame, column: str, allowed: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for every value of a column that is not one of those allowed."""
    allowed = list(allowed)
    shown = ", ".join(allowed) if len(allowed) < 20 else f"the {len(allowed)} known ones"
    yield from each(rows, ~rows[column].isin(allowed), column, f"is none of {shown}")


def twice(rows: pd.DataFrame, keys: list[str], what: str) -> Iterator[Problem]:
    """Yield a problem for every row whose key an earlier row has."""
    first = rows.groupby(keys, sort=False)["row"].transform("first")
    for row, other in zip(tuples(rows[rows.duplicated(keys)]), first[rows.duplicated(keys)], strict=True):
        text = f"The row repeats row {other}: {what}."
        yield Problem(row.file, row.row, keys[0], text, "Keep one of them.", DuplicateKeyError)


def unknown_place(file: str, row: int | str, column: str, text: str, remedy: str) -> Problem:
    """Return a problem with the code of a place."""
    return Problem(file, row, column, text, remedy, UnknownPlaceError)
