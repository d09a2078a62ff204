"""The slow, plain decoder: one record, one field at a time. The fast ones are held to it byte by byte."""

from __future__ import annotations

import re

import numpy as np

from . import layout

_OVERPUNCH = {"{": (1, 0), "}": (-1, 0)}
_OVERPUNCH |= {chr(ord("A") + k): (1, k + 1) for k in range(9)}
_OVERPUNCH |= {chr(ord("J") + k): (-1, k + 1) for k in range(9)}


class DamagedRecordError(ValueError):
    """A record with a byte that cannot stand where it stands; `offset` is that byte's, or its number's."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(f"offset {offset}")


def number(text: str) -> int | None:
    """Return a number of the record: None when blank; its last character may carry the sign.

    Parameters
    ----------
    text : str
        Digits, blanks allowed before them. The last may be overpunched: ``{ A-I`` for plus 0 to 9 and
        ``} J-R`` for minus 0 to 9.

    Raises
    ------
    ValueError
        If it is neither blank nor such a number.
    """
    if not text.strip(" "):
        return None
    digits = text.lstrip(" ")
    sign, last = _OVERPUNCH.get(digits[-1], (1, None))
    body = digits if last is None else f"{digits[:-1]}{last}"
    if not re.fullmatch("[0-9]+", body):
        raise ValueError(text)
    return sign * int(body)


def decode_record(record: bytes) -> dict[str, object]:
    """Return one record's fields.

    Parameters
    ----------
    record : bytes
        7,385 bytes.

    Returns
    -------
    dict
        Fields of the header by name, and ``months``: twelve dictionaries of a month's fields, whose cards are
        lists of 28. Text as it stands, numbers as integers, None where blank.

    Raises
    ------
    DamagedRecordError
        At the first byte, in the order of the record, that its field does not allow.
    """
    if len(record) != layout.LENGTH:
        raise DamagedRecordError(min(len(record), layout.LENGTH))
    header = {each.name: _value(record, each, each.start) for each in layout.part("record")}
    if record[1:3].decode("latin-1") not in layout.states():
        raise DamagedRecordError(1)
    months = []
    for month in range(layout.MONTHS):
        base = layout.HEADER + month * layout.MONTH
        months.append({each.name: _value(record, each, base + each.start) for each in layout.part("month")})
    return header | {"months": months}


def first_damage(record: bytes) -> int:
    """Return the offset of the first damage, -1 when the record is whole."""
    try:
        decode_record(record)
    except DamagedRecordError as damage:
        return damage.offset
    return -1


def check(block: np.ndarray) -> np.ndarray:
    """Return the offset of each record's first damage, -1 for none (see `compiled.check`)."""
    rows = (row[: layout.LENGTH].tobytes() for row in block)
    return np.array([first_damage(row) for row in rows], np.int32)


def months(block: np.ndarray) -> np.ndarray:
    """Return the counts of undamaged records, int32 (112, records * 12) (see `compiled.months`)."""
    records = [decode_record(row[: layout.LENGTH].tobytes()) for row in block]
    out = np.empty((len(layout.CARDS) * layout.OFFENSES, len(records) * layout.MONTHS), np.int32)
    for i, record in enumerate(records):
        for j, month in enumerate(record["months"]):  # type: ignore[arg-type,var-annotated]
            values = [value for card in layout.CARDS for value in month[card]]
            out[:, i * layout.MONTHS + j] = [layout.MISSING if v is None else v for v in values]
    return out


def totals(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return annual counts and unreported cards that are not empty (see `compiled.totals`)."""
    return totals_of_months(months(block), reported(block))


def reported(block: np.ndarray) -> np.ndarray:
    """Return which cards hold a return: bool (records, 12, 4)."""
    at = np.array([layout.offsets_of(layout.field(f"{card}_type")) for card in layout.CARDS]).T
    types = block[:, at]
    return np.isin(types, list(layout.REPORTED))


def totals_of_months(counts: np.ndarray, returned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return annual counts from monthly ones.

    Parameters
    ----------
    counts : numpy.ndarray of int32, shape (112, records * 12)
        As `months` returns them.
    returned : numpy.ndarray of bool, shape (records, 12, 4)
        Which cards hold a return.

    Returns
    -------
    numpy.ndarray of int32, shape (112, records)
        Sums over the months with a return; missing where there is none, or where a count in one is blank.
    numpy.ndarray of int32, shape (records,)
        Cards without a return in which a count is not zero: they enter no sum.
    """
    shape = (len(layout.CARDS), layout.OFFENSES, -1, layout.MONTHS)
    cube = counts.reshape(shape)
    kept = returned.transpose(2, 0, 1)[:, None]
    blank = cube == layout.MISSING
    sums = np.where(kept & ~blank, cube, 0).sum(axis=3, dtype=np.int32)
    sums[(blank & kept).any(axis=3) | ~kept.any(axis=3)] = layout.MISSING
    stray = ((cube != 0) & ~blank & ~kept).any(axis=1).sum(axis=(0, 2), dtype=np.int32)
    return sums.reshape(len(counts), -1), stray


def _value(record: bytes, each: layout.Field, start: int) -> list[int | None] | int | str | None:
    text = record[start : start + each.width].decode("latin-1")
    if each.kind == "counts":
        return [_number(text[k : k + layout.WIDTH], start + k) for k in range(0, each.width, layout.WIDTH)]
    if each.kind == "number":
        return _number(text, start)
    for k, character in enumerate(text):
        if not re.fullmatch(each.bytes[min(k, len(each.bytes) - 1)], character):
            raise DamagedRecordError(start + k)
    return text


def _number(text: str, start: int) -> int | None:
    try:
        return number(text)
    except ValueError:
        raise DamagedRecordError(start) from None
