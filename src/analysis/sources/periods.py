"""Partial dates: a year, a month or a day, read as the period it leaves open."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from ..errors import ImpossibleValueError

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
#: Dates outside these years are refused: no policy of this project is older, none lies in the future.
FIRST_YEAR, LAST_YEAR = 1960, 2026


@dataclass(frozen=True)
class Period:
    """The days a partial date may mean.

    Attributes
    ----------
    earliest, latest : datetime.date
        First and last day, both included.
    precision : str
        ``day``, ``month`` or ``year``.
    """

    earliest: date
    latest: date
    precision: str


def parse_period(text: str, *, where: str = "") -> Period:
    """Return the period a partial date leaves open.

    Parameters
    ----------
    text : str
        ``2003``, ``2003-05`` or ``2003-05-21``.
    where : str, optional
        File and row, for the error.

    Raises
    ------
    ImpossibleValueError
        If the text is no such date, the day is not in the calendar, or the year is implausible.
    """
    found = _PARTIAL.fullmatch(text)
    if not found:
        raise _impossible(text, where)
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        return _period(year, month, day)  # type: ignore[arg-type]
    except ValueError as error:
        raise _impossible(text, where) from error


def _period(year: int, month: int | None, day: int | None) -> Period:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(year)
    if month is None:
        return Period(date(year, 1, 1), date(year, 12, 31), "year")
    if day is None:
        return Period(date(year, month, 1), date(year, month, _last_day(year, month)), "month")
    return Period(date(year, month, day), date(year, month, day), "day")


def _last_day(year: int, month: int) -> int:
    if not 1 <= month <= 12:
        raise ValueError(month)
    return calendar.monthrange(year, month)[1]


def _impossible(text: str, where: str) -> ImpossibleValueError:
    return ImpossibleValueError(
        f"{text!r} is not a date between {FIRST_YEAR} and {LAST_YEAR}.",
        where=where,
        remedy="Write YYYY, YYYY-MM or YYYY-MM-DD, or get the file again.",
    )
