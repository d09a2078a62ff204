"""The compiled decoder (numba, the extra ``fast``): each record is read once, while it is in the cache.

Annual totals use that a sum of five-digit numbers is a sum of digits: bytes are added position by position
over the months, eight or more at an instruction, and turned into numbers once a year. A record with a blank
or an overpunched digit is read number by number instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .layout import (
    CARDS,
    COUNTS,
    HEADER,
    LENGTH,
    MISSING,
    MONTH,
    MONTH_HEAD,
    MONTHS,
    OFFENSES,
    WIDTH,
    classes,
    field,
    numbers,
    state_numbers,
)

_CARDS = len(CARDS)
_CARD = OFFENSES * WIDTH
_FIRST_TYPE = field("unfounded_type").start
_BAD = np.int32(MISSING + 1)


def check(block: np.ndarray) -> np.ndarray:
    """Return the offset of each record's first damage, -1 for none.

    Parameters
    ----------
    block : numpy.ndarray of uint8, shape (records, 7385 or more)
        Records; bytes after the 7,385th (line ends) are not looked at.
    """
    kinds, allowed = classes()
    out = np.empty(len(block), np.int32)
    _check(block, kinds, allowed, numbers(), state_numbers(), out)
    return out


def months(block: np.ndarray) -> np.ndarray:
    """Return the counts of undamaged records.

    Returns
    -------
    numpy.ndarray of int32, shape (112, records * 12)
        A row a card and offense, a column a record and month; `layout.MISSING` where blank.
    """
    out = np.zeros((_CARDS * OFFENSES, len(block) * MONTHS), np.int32)
    _months(block, out)
    return out


def totals(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return annual counts of undamaged records, and their unreported cards that are not empty.

    Returns
    -------
    numpy.ndarray of int32, shape (112, records)
        Sums over the months in which the card holds a return (types 5 and 2); missing where none does, or
        where a count in one is blank.
    numpy.ndarray of int32, shape (records,)
        Cards without a return in which a count is not zero: they enter no sum.
    """
    sums = np.empty((_CARDS * OFFENSES, len(block)), np.int32)
    stray = np.zeros(len(block), np.int32)
    _totals(block, sums, stray)
    return sums, stray


@njit(cache=True, nogil=True)
def _number(row: np.ndarray, start: int, width: int) -> Any:
    value, k = 0, 0
    while k < width and row[start + k] == 32:
        k += 1
    if k == width:
        return MISSING
    while k < width - 1:
        digit = row[start + k] - 48
        if digit < 0 or digit > 9:
            return _BAD
        value = value * 10 + digit
        k += 1
    last = np.int64(row[start + width - 1])
    if 48 <= last <= 57:
        return np.int32(value * 10 + last - 48)
    if last == 123 or 65 <= last <= 73:
        return np.int32(value * 10 + (0 if last == 123 else last - 64))
    if last == 125 or 74 <= last <= 82:
        return np.int32(-(value * 10 + (0 if last == 125 else last - 73)))
    return _BAD


@njit(cache=True, nogil=True)
def _all_digits(counts: np.ndarray) -> Any:
    """Return whether bytes are all digits: neither ``b - 48`` nor ``b + 70`` sets the highest bit."""
    marks = np.uint8(0)
    for k in range(COUNTS):
        byte = counts[k]
        marks |= np.uint8(byte - np.uint8(48)) | np.uint8(byte + np.uint8(70))
    return marks < 128


@njit(cache=True, nogil=True)
def _first_bad_count(row: np.ndarray, start: int) -> Any:
    for k in range(0, COUNTS, WIDTH):
        if _number(row, start + k, WIDTH) == _BAD:
            return start + k
    return -1


@njit(cache=True, nogil=True)
def _first_bad_byte(row: np.ndarray, first: int, last: int, kinds: np.ndarray, allowed: np.ndarray) -> Any:
    for k in range(first, last):
        kind = kinds[k]
        if kind != 0 and not allowed[kind, row[k]]:
            return k
    return LENGTH


@njit(cache=True, nogil=True)
def _first_bad(
    row: np.ndarray, first: int, last: int, kinds: np.ndarray, allowed: np.ndarray, where: np.ndarray
) -> Any:
    """Return the first damage among the codes and numbers in a part of the record, LENGTH for none."""
    bad = _first_bad_byte(row, first, last, kinds, allowed)
    for k in range(len(where)):
        start, width = where[k, 0], where[k, 1]
        if first <= start < min(last, bad) and _number(row, start, width) == _BAD:
            return start
    return bad


@njit(cache=True, nogil=True)
def _check_record(
    row: np.ndarray,
    kinds: np.ndarray,
    allowed: np.ndarray,
    header: np.ndarray,
    tail: np.ndarray,
    states: np.ndarray,
) -> Any:
    bad = _first_bad(row, 0, HEADER, kinds, allowed, header)
    if bad < LENGTH:
        return bad
    if not states[(row[1] - 48) * 10 + row[2] - 48]:
        return 1
    for month in range(MONTHS):
        start = HEADER + month * MONTH
        bad = _first_bad_byte(row, start, start + MONTH_HEAD, kinds, allowed)
        if bad < LENGTH:
            return bad
        counts = start + MONTH_HEAD
        if not _all_digits(row[counts : counts + COUNTS]):
            bad = _first_bad_count(row, counts)
            if bad >= 0:
                return bad
        for k in range(len(tail)):
            at = start + tail[k, 0]
            if _number(row, at, tail[k, 1]) == _BAD:
                return at
    return -1


@njit(cache=True, nogil=True)
def _check(
    block: np.ndarray,
    kinds: np.ndarray,
    allowed: np.ndarray,
    where: np.ndarray,
    states: np.ndarray,
    out: np.ndarray,
) -> None:
    header = where[where[:, 0] < HEADER]
    tail = where[(where[:, 0] >= HEADER) & (where[:, 0] < HEADER + MONTH)]
    tail = tail - np.array([HEADER, 0])
    for i in range(len(block)):
        out[i] = _check_record(block[i], kinds, allowed, header, tail, states)


@njit(cache=True, nogil=True)
def _months(block: np.ndarray, out: np.ndarray) -> None:
    """Write counts into zeros; two cards in three hold nothing else and are passed over."""
    for i in range(len(block)):
        for month in range(MONTHS):
            for card in range(_CARDS):
                start = HEADER + month * MONTH + MONTH_HEAD + card * _CARD
                counts = block[i, start : start + _CARD]
                if not _is_empty(counts):
                    _card(counts, out[card * OFFENSES : (card + 1) * OFFENSES, i * MONTHS + month])


@njit(cache=True, nogil=True)
def _card(counts: np.ndarray, out: np.ndarray) -> None:
    marks = np.uint8(0)
    for k in range(_CARD):
        byte = counts[k]
        marks |= np.uint8(byte - np.uint8(48)) | np.uint8(byte + np.uint8(70))
    for k in range(OFFENSES):
        p = k * WIDTH
        if marks < 128:
            a, b, c = np.int32(counts[p]), np.int32(counts[p + 1]), np.int32(counts[p + 2])
            d, e = np.int32(counts[p + 3]), np.int32(counts[p + 4])
            out[k] = ((((a * 10 + b) * 10 + c) * 10 + d) * 10 + e) - 533328
        else:
            out[k] = _number(counts, p, WIDTH)


@njit(cache=True, nogil=True)
def _reported(row: np.ndarray, month: int, card: int) -> Any:
    kind = row[HEADER + month * MONTH + _FIRST_TYPE + card]
    return kind == 53 or kind == 50


@njit(cache=True, nogil=True)
def _is_empty(card: np.ndarray) -> Any:
    marks = np.uint8(0)
    for k in range(_CARD):
        marks |= card[k] ^ np.uint8(48)
    return marks == 0


@njit(cache=True, nogil=True)
def _add_digits(counts: np.ndarray, sums: np.ndarray) -> Any:
    """Add bytes to position sums; return whether all are digits."""
    marks = np.uint8(0)
    for k in range(_CARD):
        byte = counts[k]
        marks |= np.uint8(byte - np.uint8(48)) | np.uint8(byte + np.uint8(70))
        sums[k] += byte
    return marks < 128


@njit(cache=True, nogil=True)
def _slow_total(row: np.ndarray, card: int, sums: np.ndarray, i: int) -> Any:
    stray = 0
    for k in range(OFFENSES):
        sums[card * OFFENSES + k, i] = 0
    for month in range(MONTHS):
        start = HEADER + month * MONTH + MONTH_HEAD + card * _CARD
        returned, full = _reported(row, month, card), False
        for k in range(OFFENSES):
            value = _number(row, start + k * WIDTH, WIDTH)
            at = card * OFFENSES + k
            if not returned:
                full |= value != 0 and value != MISSING
            elif value == MISSING or sums[at, i] == MISSING:
                sums[at, i] = MISSING
            else:
                sums[at, i] += value
        stray += full
    return stray


@njit(cache=True, nogil=True)
def _totals(block: np.ndarray, sums: np.ndarray, stray: np.ndarray) -> None:
    places = np.empty(_CARD, np.uint16)
    for i in range(len(block)):
        row = block[i]
        for card in range(_CARDS):
            places[:] = 0
            added, plain = 0, True
            for month in range(MONTHS):
                start = HEADER + month * MONTH + MONTH_HEAD + card * _CARD
                counts = row[start : start + _CARD]
                if _reported(row, month, card):
                    plain &= _add_digits(counts, places)
                    added += 1
                elif not _is_empty(counts):
                    plain = False
            if not plain:
                stray[i] += _slow_total(row, card, sums, i)
            if added == 0:
                for k in range(OFFENSES):
                    sums[card * OFFENSES + k, i] = MISSING
            elif plain:
                for k in range(OFFENSES):
                    p, value = k * WIDTH, np.int32(0)
                    for place in range(WIDTH):
                        value = value * 10 + np.int32(places[p + place])
                    sums[card * OFFENSES + k, i] = value - np.int32(533328 * added)
