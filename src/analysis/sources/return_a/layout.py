"""The record of the Return A master file as data: fields, offenses, cards, states, and every byte's class.

The tables stand in ``layouts/return_a*.csv``. Positions count from one, as the record description prints
them; those of the part ``month`` are January's, and eleven more months of 590 bytes follow.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from ...errors import LayoutError
from .. import layouts

#: Bytes of a record, of its header and of one month.
LENGTH, HEADER, MONTH = 7385, 305, 590
MONTHS = 12
#: Bytes of a count, and counts of a card.
WIDTH, OFFENSES = 5, 28
#: Cards in the order of the record.
CARDS = ("unfounded", "actual", "cleared", "cleared_under_18")
#: Bytes of a month before its counts, and of its counts.
MONTH_HEAD, COUNTS = 17, len(CARDS) * OFFENSES * WIDTH
#: Types of a card that hold a return: normal, adjustment.
REPORTED = b"52"
#: Value that stands for a blank number inside decoded arrays.
MISSING = np.int32(-(2**31))
#: Two-digit years from here on belong to the twentieth century; the file begins in 1960.
PIVOT = 60
_TEXT = "[ -~\xa0-\xff]"


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes
    ----------
    name, part : str
        Name; ``record`` or ``month``.
    first, last : int
        Positions from one, both included; January's for a month's field.
    kind : str
        ``code``, ``text``, ``number`` or ``counts`` (28 numbers of five bytes).
    bytes : tuple of str
        Class of characters allowed at each position, the last one repeated; empty for numbers.
    unit, meaning : str
        What is measured, in what.
    """

    name: str
    part: str
    first: int
    last: int
    kind: str
    bytes: tuple[str, ...]
    unit: str
    meaning: str

    @property
    def start(self) -> int:
        """Offset from zero within the record, or within the month."""
        return self.first - 1 - (HEADER if self.part == "month" else 0)

    @property
    def width(self) -> int:
        """Bytes."""
        return self.last - self.first + 1


@cache
def fields() -> tuple[Field, ...]:
    """Return the fields of the header and of one month, in the order of the record.

    Raises
    ------
    LayoutError
        If they leave a gap, overlap or do not fill the record.
    """
    found = tuple(_field(row) for row in table("return_a"))
    expected = 1
    for field in found:
        if field.first != expected:
            raise LayoutError(f"{field.name} begins at {field.first}, not {expected}.", where="return_a.csv")
        expected = field.last + 1
    if expected - 1 != HEADER + MONTH or HEADER + MONTHS * MONTH != LENGTH:
        raise LayoutError(f"The fields end at {expected - 1}.", where="return_a.csv")
    return found


@cache
def part(name: str) -> tuple[Field, ...]:
    """Return the fields of ``record`` or ``month``."""
    return tuple(field for field in fields() if field.part == name)


@cache
def field(name: str) -> Field:
    """Return a field by name."""
    return next(field for field in fields() if field.name == name)


@cache
def offenses() -> tuple[str, ...]:
    """Return the names of a card's 28 counts."""
    return tuple(row["offense"] for row in table("return_a_offenses"))


@cache
def offense_meanings() -> dict[str, str]:
    """Return what each count counts."""
    return {row["offense"]: row["meaning"] for row in table("return_a_offenses")}


@cache
def states() -> dict[str, str]:
    """Return USPS codes by FBI state number."""
    return {row["state_number"]: row["state"] for row in table("return_a_states")}


def count_columns() -> list[str]:
    """Return the 112 names ``card_offense``, card by card."""
    return [f"{card}_{offense}" for card in CARDS for offense in offenses()]


@cache
def classes() -> tuple[np.ndarray, np.ndarray]:
    """Return each byte's class and what each class allows.

    Returns
    -------
    numpy.ndarray of uint8, shape (7385,)
        Class of each position; 0 marks numbers, which are checked whole.
    numpy.ndarray of bool, shape (classes, 256)
        Bytes allowed.
    """
    known: dict[str, int] = {"": 0}
    layout = np.zeros(LENGTH, np.uint8)
    for each in fields():
        for k in range(each.width):
            letters = each.bytes[min(k, len(each.bytes) - 1)] if each.bytes else ""
            for at in offsets_of(each):
                layout[at + k] = known.setdefault(letters, len(known))
    allowed = np.zeros((len(known), 256), np.bool_)
    for letters, number in known.items():
        if letters:
            allowed[number] = [re.fullmatch(letters, chr(byte)) is not None for byte in range(256)]
    return layout, allowed


def offsets_of(each: Field) -> list[int]:
    """Return the offsets at which a field begins in the record: one, or one a month."""
    if each.part == "record":
        return [each.start]
    return [HEADER + month * MONTH + each.start for month in range(MONTHS)]


@cache
def numbers() -> np.ndarray:
    """Return offset and width of every number outside the cards, int64 (numbers, 2), in order."""
    found = [(at, each.width) for each in fields() if each.kind == "number" for at in offsets_of(each)]
    return np.array(sorted(found), np.int64)


@cache
def state_numbers() -> np.ndarray:
    """Return which state numbers exist: bool, shape (100,)."""
    known = np.zeros(100, np.bool_)
    known[[int(number) for number in states()]] = True
    return known


def describe(offset: int) -> tuple[str, int, int]:
    """Return the name of the field at an offset of the record, with where it begins and its width."""
    month, within = divmod(offset - HEADER, MONTH) if offset >= HEADER else (-1, offset)
    base = 0 if month < 0 else HEADER + month * MONTH
    for each in part("record" if month < 0 else "month"):
        if each.start <= within < each.start + each.width:
            suffix = "" if month < 0 else f" of month {month + 1}"
            if each.kind != "counts":
                return each.name + suffix, base + each.start, each.width
            number = (within - each.start) // WIDTH
            return (
                f"{each.name}_{offenses()[number]}{suffix}",
                base + each.start + number * WIDTH,
                WIDTH,
            )
    raise LayoutError(f"No field at offset {offset}.", where="return_a.csv")


def year_of(century_year: np.ndarray) -> np.ndarray:
    """Return calendar years of two-digit years: 60-99 are 1960-1999, 00-59 are 2000-2059."""
    return century_year + np.where(century_year >= PIVOT, 1900, 2000)


def _field(row: dict[str, str]) -> Field:
    letters = (_TEXT,) if row["kind"] == "text" else tuple(filter(None, row["bytes"].split(";")))
    return Field(
        row["field"],
        row["part"],
        int(row["first"]),
        int(row["last"]),
        row["kind"],
        letters,
        row["unit"],
        row["meaning"],
    )


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of ``layouts/``."""
    text = files(layouts).joinpath(f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
