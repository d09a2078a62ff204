"""Dates as periods: the columns ``time`` and ``cohort`` of a call, from dates to numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ColumnError
from .checks import require_option

FREQUENCIES = {"year": "Y", "quarter": "Q", "month": "M", "week": "W", "day": "D"}
"""Words for the length of a period, and pandas' names for them."""

_SAY = f"frequency= {', '.join(FREQUENCIES)}"

_IN_A_YEAR = {"Y": 1, "Q": 4, "M": 12}

DOCUMENTATION = """\
frequency : {"year", "quarter", "month", "week", "day"}, optional
        Length of a period where columns of time hold dates (datetime64, date, polars or Arrow dates); columns
        of pandas periods say theirs themselves. A date counts as the period that it lies in, a missing
        cohort as never treated. Years, quarters and months appear in results as decimal years (the second
        quarter of 2015 is 2015.25), weeks and days as their number since 1970.
"""


def with_periods(data: pd.DataFrame, names: list[str], frequency: str | None) -> pd.DataFrame:
    """Return the frame with dates in the named columns as numbers of periods; one without dates as it is.

    Raises
    ------
    ColumnError
        Dates without a frequency, a frequency without dates, text, or dates beside numbers.
    EstimationError
        An unknown frequency.
    """
    require_option("frequency", frequency, (None, *FREQUENCIES))
    present = [name for name in dict.fromkeys(names) if list(data.columns).count(name) == 1]
    kinds = {name: _kind(data[name]) for name in present}
    for name in present:
        if kinds[name] == "text":
            raise ColumnError(_about_text(data[name], name))
    told = {kind for kind in kinds.values() if kind != "empty"}
    if told <= {"number"}:
        if frequency is not None and told:
            raise ColumnError(
                f"frequency={frequency!r} is for dates, and {present} hold numbers: leave it out"
            )
        return data
    if len(told) > 1 and "number" in told:
        raise ColumnError(
            f"columns of time hold different things, {kinds}: give dates in all, or numbers in all"
        )
    codes = {name: _periods(data[name], name, kinds[name], frequency) for name in present}
    lengths = {name: length for name, (_, length) in codes.items() if length}
    if len(set(lengths.values())) > 1:
        raise ColumnError(
            f"columns of time count periods of different length, {lengths}: give the same in all"
        )
    return data.assign(**{name: values for name, (values, _) in codes.items()})


def _kind(column: pd.Series) -> str:
    """Return period, date, number, text, or empty where all is missing."""
    if isinstance(column.dtype, pd.PeriodDtype):
        return "period"
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "date"
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return "number"
    found = pd.api.types.infer_dtype(column, skipna=True)
    kinds = {"date": "date", "datetime": "date", "datetime64": "date", "period": "period", "string": "text"}
    return kinds.get(found, "empty" if column.isna().all() else "number")


def _about_text(column: pd.Series, name: str) -> str:
    first = column.dropna().iloc[0]
    return (
        f"column {name!r} holds text such as {first!r}, not periods: make numbers of it, pd.to_numeric(...), "
        f"or dates, pd.to_datetime(...), and say {_SAY}"
    )


def _periods(column: pd.Series, name: str, kind: str, frequency: str | None) -> tuple[np.ndarray, str | None]:
    if kind == "empty":
        return np.full(len(column), np.nan), None
    if kind == "date" and frequency is None:
        raise ColumnError(f"column {name!r} holds dates: say how long a period is, {_SAY}")
    if kind == "period":
        index = pd.PeriodIndex(column)
        own = str(index.freqstr)
        if frequency is not None and own[0] != FREQUENCIES[frequency]:
            raise ColumnError(f"column {name!r} holds periods of {own!r}: leave out frequency={frequency!r}")
    else:
        dates = pd.DatetimeIndex(pd.to_datetime(column)).tz_localize(None)
        index = dates.to_period(FREQUENCIES[str(frequency)])
        own = str(index.freqstr)
    values = np.asarray(index.asi8 if hasattr(index, "asi8") else index.astype("int64"), dtype=np.float64)
    each = _IN_A_YEAR.get(own.split("-")[0])
    values = values if each is None else 1970 + values / each
    return np.where(index.isna(), np.nan, values), own.split("-")[0]


def pop_frequency(
    data: pd.DataFrame, options: Mapping[str, Any], has_time: bool
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the frame with periods for dates, and the options without ``frequency``."""
    if not has_time:
        return data, dict(options)
    rest = {name: value for name, value in options.items() if name != "frequency"}
    names = [rest[name] for name in ("time", "cohort") if isinstance(rest.get(name), str)]
    return with_periods(data, names, options.get("frequency")), rest
