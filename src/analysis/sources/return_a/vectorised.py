"""The decoder in numpy, for when numba is not installed: same answers, several times slower."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import fields, plain
from .layout import CARDS, COUNTS, MONTH_HEAD, MONTHS, OFFENSES, WIDTH, classes, numbers, state_numbers

_RECORDS = 512


def check(block: np.ndarray) -> np.ndarray:
    """Return the offset of each record's first damage, -1 for none (see `compiled.check`)."""
    return _in_parts(_check, block)


def months(block: np.ndarray) -> np.ndarray:
    """Return the counts of undamaged records, int32 (112, records * 12) (see `compiled.months`)."""
    out = np.empty((len(CARDS) * OFFENSES, len(block) * MONTHS), np.int32)
    for first in range(0, len(block), _RECORDS):
        values = _values(block[first : first + _RECORDS])
        out[:, first * MONTHS : first * MONTHS + len(values)] = values.T
    return out


def totals(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return annual counts and unreported cards that are not empty (see `compiled.totals`)."""
    return plain.totals_of_months(months(block), plain.reported(block))


def _in_parts(function: Callable[[np.ndarray], np.ndarray], block: np.ndarray) -> np.ndarray:
    parts = [function(block[first : first + _RECORDS]) for first in range(0, len(block), _RECORDS)]
    return np.concatenate(parts) if parts else np.empty(0, np.int32)


def _values(block: np.ndarray) -> np.ndarray:
    return fields.integers(_counts(block).reshape(-1, len(CARDS) * OFFENSES, WIDTH))


def _counts(block: np.ndarray) -> np.ndarray:
    return fields.months(block, MONTH_HEAD, COUNTS)


def _check(block: np.ndarray) -> np.ndarray:
    """Most records hold nothing but digits where numbers stand; the rest are read one by one."""
    kinds, allowed = classes()
    codes = np.flatnonzero(kinds)
    wrong = ~allowed[kinds[codes], block[:, codes]].all(axis=1)
    wrong |= ~state_numbers()[_state_number(block)]
    wrong |= (_counts(block) - np.uint8(48) > 9).any(axis=(1, 2))
    for start, width in numbers():
        wrong |= (block[:, start : start + width] - np.uint8(48) > 9).any(axis=1)
    out = np.full(len(block), -1, np.int32)
    out[wrong] = plain.check(block[wrong])
    return out


def _state_number(block: np.ndarray) -> np.ndarray:
    digits = block[:, 1:3].astype(np.int64) - 48
    return np.clip(digits @ [10, 1], 0, 99)
