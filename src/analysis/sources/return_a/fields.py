"""Fields of many records as arrays, and records rebuilt from them, byte for byte."""

from __future__ import annotations

import numpy as np

from . import layout, plain
from .layout import MISSING, OFFENSES, WIDTH, Field

_NEGATIVE = np.frombuffer(b"}JKLMNOPQR", np.uint8)


def characters(block: np.ndarray, each: Field) -> np.ndarray:
    """Return a view of a field's bytes: uint8 (records, width), of a month's field (records, 12, width)."""
    if each.part == "record":
        return block[:, each.start : each.start + each.width]
    return months(block, each.start, each.width)


def months(block: np.ndarray, start: int, width: int) -> np.ndarray:
    """Return a view of bytes within each month: uint8 (records, 12, width)."""
    first = block[:, layout.HEADER + start :]
    shape, strides = (len(block), layout.MONTHS, width), (block.strides[0], layout.MONTH, 1)
    return np.lib.stride_tricks.as_strided(first, shape, strides)


def texts(block: np.ndarray, each: Field) -> np.ndarray:
    """Return a field as byte strings, blanks kept: (records,) or (records, 12)."""
    raw = np.ascontiguousarray(characters(block, each))
    return raw.view(f"S{each.width}")[..., 0]


def integers(raw: np.ndarray) -> np.ndarray:
    """Return numbers from their bytes.

    Parameters
    ----------
    raw : numpy.ndarray of uint8, shape (..., width)
        Undamaged numbers of at most nine digits.

    Returns
    -------
    numpy.ndarray of int32, shape (...)
        `layout.MISSING` where blank.
    """
    digits = np.ascontiguousarray(np.moveaxis(raw, -1, 0)) - np.uint8(48)
    values, odd = np.zeros(raw.shape[:-1], np.int32), np.zeros(raw.shape[:-1], np.bool_)
    for digit in digits:
        odd |= digit > 9
        values = values * np.int32(10) + digit
    if odd.any():
        values[odd] = [_number(text) for text in raw[odd]]
    return values


def split(block: np.ndarray) -> dict[str, np.ndarray]:
    """Return every field of undamaged records.

    Parameters
    ----------
    block : numpy.ndarray of uint8, shape (records, 7385)
        Records.

    Returns
    -------
    dict of str to numpy.ndarray
        By name: byte strings for codes and text, int32 for numbers (`layout.MISSING` where blank); shapes
        (records,) for the header, (records, 12) for a month's fields, (records, 12, 28) for its cards.
    """
    return {each.name: _field(block, each) for each in layout.fields()}


def join(fields: dict[str, np.ndarray]) -> np.ndarray:
    """Return records rebuilt from `split`: uint8 (records, 7385).

    Numbers are padded with zeros, and negative ones overpunched, as the published files write them.
    """
    block = np.full((len(fields["ori7"]), layout.LENGTH), 32, np.uint8)
    for each in layout.fields():
        raw = characters(block, each)
        if each.kind == "counts":
            raw[...] = _padded(fields[each.name], WIDTH).reshape(raw.shape)
        elif each.kind == "number":
            raw[...] = _padded(fields[each.name], each.width)
        else:
            text = np.ascontiguousarray(fields[each.name].astype(f"S{each.width}"))
            raw[...] = text.view(np.uint8).reshape(raw.shape)
    return block


def dates(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return days since 1970 of dates, and which of them are no date.

    Parameters
    ----------
    raw : numpy.ndarray of uint8, shape (n, 6)
        MMDDYY, or as some returns of 1972 write it M-D-YY; zeros and blanks mean no date.
    """
    dashed = (raw[:, 1] == 45) & (raw[:, 3] == 45)
    if dashed.any():
        raw = raw.copy()
        raw[dashed, :4] = np.insert(raw[dashed][:, [0, 2]], [0, 1], 48, axis=1)
    digits = raw.astype(np.int64) - 48
    month, day, year = (digits[:, k] * 10 + digits[:, k + 1] for k in (0, 2, 4))
    real = ((digits >= 0) & (digits <= 9)).all(axis=1) & (month >= 1) & (month <= 12)
    first = np.where(real, (layout.year_of(year) - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = first.astype("datetime64[D]").astype(np.int64) + day - 1
    length = (first + np.timedelta64(1, "M")).astype("datetime64[D]") - first.astype("datetime64[D]")
    real &= (day >= 1) & (day <= length.astype(np.int64))
    return days.astype(np.int32), ~real


def _field(block: np.ndarray, each: Field) -> np.ndarray:
    if each.kind == "number":
        return integers(characters(block, each))
    if each.kind == "counts":
        raw = characters(block, each)
        return integers(raw.reshape(*raw.shape[:2], OFFENSES, WIDTH))
    return texts(block, each)


def _number(text: np.ndarray) -> int:
    value = plain.number(text.tobytes().decode("latin-1"))
    return int(MISSING) if value is None else value


def _padded(values: np.ndarray, width: int) -> np.ndarray:
    size = np.abs(np.where(values == MISSING, 0, values).astype(np.int64))
    raw = (size[..., None] // 10 ** np.arange(width - 1, -1, -1) % 10 + 48).astype(np.uint8)
    raw[..., -1] = np.where(values < 0, _NEGATIVE[size % 10], raw[..., -1])
    raw[values == MISSING] = 32
    return raw
