"""Columns of numbers as short text, and their scripts.

A column of whole numbers over a fixed run of years becomes one text: values separated by commas, each as
the difference from the last value present, a missing year as nothing. ``"10,5,,-15"`` is 10, 15, missing, 0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import AnalysisError


class EncodingError(AnalysisError):
    """A value that the explorer's files cannot hold without loss."""


def differences(values: Sequence[float | int | None], *, where: str = "") -> str:
    """Return a column of whole numbers as text, each the difference from the last one present.

    Parameters
    ----------
    values : sequence of int, float or None
        Whole numbers; None or a missing value where there is none.
    where : str, optional
        What the column is, for the message.

    Raises
    ------
    EncodingError
        If a value is not whole.

    Examples
    --------
    >>> differences([10, 15, None, 0])
    '10,5,,-15'
    """
    parts, last = [], 0
    for value in values:
        if value is None or value != value:
            parts.append("")
            continue
        whole = int(value)
        if whole != value:
            raise EncodingError(f"{value!r} is not a whole number.", where=where, remedy="Send it as a float.")
        parts.append(str(whole - last))
        last = whole
    return ",".join(parts)


def restored(text: str) -> list[int | None]:
    """Return the column `differences` wrote."""
    found: list[int | None] = []
    last = 0
    for part in text.split(","):
        if part == "":
            found.append(None)
            continue
        last += int(part)
        found.append(last)
    return found


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
