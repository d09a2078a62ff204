"""Columns of numbers as short text, and their scripts.

A column of whole numbers becomes one text of differences, each from the last value present: a letter for
a small one (``a`` to ``z`` are 0 to 25, ``A`` to ``Z`` are -1 to -26), else the number and a comma, and a dot
for a missing value. ``"kf.P"`` is 10, 15, missing, -1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import AnalysisError

_LETTERS = 26
_TOKEN = re.compile(r"[a-zA-Z.]|-?\d+,")


class EncodingError(AnalysisError):
    """A value that the explorer's files cannot hold without loss."""


def packed(values: Iterable[float | int | None], *, where: str = "") -> str:
    """Return a column of whole numbers as text; see the module.

    Parameters
    ----------
    values : iterable of int, float or None
        Whole numbers; None or a missing value where there is none.
    where : str, optional
        What the column is, for the message.

    Raises
    ------
    EncodingError
        If a value is not whole.

    Examples
    --------
    >>> packed([10, 15, None, -1])
    'kf.P'
    """
    parts, last = [], 0
    for value in values:
        if value is None or value != value:
            parts.append(".")
            continue
        whole = int(value)
        if whole != value:
            raise EncodingError(
                f"{value!r} is not a whole number.", where=where, remedy="Send it as a float."
            )
        parts.append(_token(whole - last))
        last = whole
    return "".join(parts)


def _token(change: int) -> str:
    if 0 <= change < _LETTERS:
        return chr(ord("a") + change)
    if -_LETTERS <= change < 0:
        return chr(ord("A") - change - 1)
    return f"{change},"


def unpacked(text: str) -> list[int | None]:
    """Return the column that `packed` wrote."""
    found: list[int | None] = []
    last = 0
    for token in _TOKEN.findall(text):
        if token == ".":
            found.append(None)
            continue
        last += _change(token)
        found.append(last)
    return found


def _change(token: str) -> int:
    if token.endswith(","):
        return int(token[:-1])
    return ord(token) - ord("a") if token.islower() else ord("A") - ord(token) - 1


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: missing values as None, numpy's numbers as Python's."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, np.generic):
        return value.item()
    return value


def records(frame: Any) -> list[dict[str, Any]]:
    """Return a frame as one dictionary per row, missing values left out."""
    rows = frame.astype(object).to_dict("records")
    kept = ({key: plain(value) for key, value in row.items()} for row in rows)
    return [{key: value for key, value in row.items() if value is not None} for row in kept]


def dumped(value: Any) -> str:
    """Return a value as JSON without spaces; a value that JSON has no word for (NaN) is refused."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def write_script(directory: Path, name: str, value: Mapping[str, Any]) -> Path:
    """Write ``name.js``, which hands `value` to the page."""
    path = directory / f"{name}.js"
    path.write_text(f"SC.put({dumped(name)},{dumped(value)});\n", "utf-8")
    return path
