"""Labor force, employment and unemployment by county 2000-2020 (BLS, local area unemployment statistics)."""

from __future__ import annotations

import re

import pandas as pd

from ...errors import ImpossibleValueError, LayoutError
from ..registry.files import locate
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_sum, require_unique

YEARS = range(2000, 2021)
#: Fewest rows a year's table has: 3,142 counties or so and the 78 of Puerto Rico, less Kalawao.
LEAST_ROWS = 3217
#: What is printed where there is no estimate: seven parishes of Louisiana 2005-06, Puerto Rico 2020.
NOT_AVAILABLE = "N.A."
_VALUE = r"\s+([0-9,]+|N\.A\.)"
_LINE = re.compile(
    r"^(CN[0-9]{13})\s+([0-9]{2})\s+([0-9]{3})\s+(.+?)\s+([0-9]{4})" + _VALUE * 3 + r"\s+([0-9.]+|N\.A\.)\s*$"
)
_FIELDS = [
    "code",
    "state",
    "county",
    "name",
    "year",
    "labor_force",
    "employed",
    "unemployed",
    "unemployment_rate",
]


@reader("county.laus.read", "bls_laus")
def read() -> pd.DataFrame:
    """Return all years; see `parse`."""
    tables = [
        parse(locate(p).read_text("latin-1"), y, p) for y, p in ((y, f"bls_laus/{y}.txt") for y in YEARS)
    ]
    return pd.concat(tables, ignore_index=True)


def parse(text: str, year: int, where: str) -> pd.DataFrame:
    """Return one table: ``fips, year, labor_force, employed, unemployed`` (persons), ``unemployment_rate``
    (percent of the labor force). Values printed ``N.A.`` are missing, never zero.

    Raises
    ------
    LayoutError
        A line that is no record, too few records, no source note at the foot, or another year.
    DuplicateKeyError, ImpossibleValueError
        A county twice, a rate outside 0 to 100.
    """
    records = [
        _record(line, n, where)
        for n, line in enumerate(text.splitlines(), 1)
        if line.lstrip().upper().startswith("CN")
    ]
    if len(records) < LEAST_ROWS or "SOURCE:" not in text:
        raise LayoutError(
            f"{len(records):,} records, fewer than {LEAST_ROWS:,}, or no source note: truncated.",
            where=where,
            remedy="Get the file again as data/raw/README.md says.",
        )
    raw = pd.DataFrame(records, columns=_FIELDS)
    return _typed(raw, year, where)


def blank_not_available(values: pd.Series) -> pd.Series:
    """Return values with ``N.A.`` made missing."""
    return values.mask(values == NOT_AVAILABLE)


def _record(line: str, number: int, where: str) -> tuple[str, ...]:
    found = _LINE.match(line)
    if not found:
        raise LayoutError(
            f"Line is no record: {line[:60]!r}.",
            where=f"{where}, line {number}",
            remedy="Get the file again as data/raw/README.md says.",
        )
    return found.groups()


def _typed(raw: pd.DataFrame, year: int, where: str) -> pd.DataFrame:
    frame = pd.DataFrame({"fips": fips5(raw["state"] + raw["county"], where)})
    frame["year"] = raw["year"].astype("int64")
    if (frame["year"] != year).any():
        raise LayoutError(f"The table is of {frame['year'].iloc[0]}, not {year}.", where=where)
    for name in ("labor_force", "employed", "unemployed"):
        frame[name] = numbers(blank_not_available(raw[name]), where, thousands=True).astype("Int64")
    frame["unemployment_rate"] = numbers(blank_not_available(raw["unemployment_rate"]), where)
    require_unique(frame, ["fips"], where)
    require_between(frame, {"unemployment_rate": (0, 100)}, where)
    require_sum(frame, "labor_force", ["employed", "unemployed"], where)
    _require_rate(frame, where)
    return frame


def _require_rate(frame: pd.DataFrame, where: str) -> None:
    """Raise ImpossibleValueError unless rates are unemployed over labor force, in percent to one decimal."""
    computed = 100 * frame["unemployed"].astype("float64") / frame["labor_force"].astype("float64")
    wrong = (computed - frame["unemployment_rate"]).abs() > 0.0501
    if wrong.any():
        row = frame[wrong].iloc[0]
        raise ImpossibleValueError(
            f"The unemployment rate of {row['fips']} is {row['unemployment_rate']}, not that of its parts.",
            where=where,
            remedy="Get the file again as data/raw/README.md says.",
        )
