"""Detainers that ICE recorded as declined, by county and year."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ...errors import MissingFileError
from ...panels import load
from .compact import plain

PANEL, POOLED = "county_detainers", "county_detainers_pooled"
_NUMBERS = ("declined_local", "declined_elsewhere", "detainers_local", "detainers_elsewhere")


def detainer_rows() -> dict[str, Any] | None:
    """Return declines by county and year and the pooled counts, or None where the panel is not there.

    ``counties`` maps a FIPS code to one list per year of `columns`; years without any are left out.
    ``pooled`` has one list of `pooled_columns` per county with anything in fiscal years 2008 to 2015.
    """
    try:
        panel, pooled = load(PANEL), load(POOLED)
    except MissingFileError:
        return None
    any_row = panel[list(_NUMBERS)].fillna(0).sum(axis=1).gt(0)
    kept = panel[any_row].sort_values(["fips", "year"])
    return {
        "columns": ["year", *_NUMBERS],
        "counties": {str(fips): _lists(rows) for fips, rows in kept.groupby("fips")},
        "pooled_columns": [name for name in pooled.columns if name != "fips"],
        "pooled": {
            str(row[0]): [plain(value) for value in row[1:]]
            for row in _with_any(pooled[["fips", *pooled.columns.drop("fips")]]).itertuples(index=False)
        },
    }


def _lists(rows: pd.DataFrame) -> list[list[Any]]:
    return [[plain(value) for value in row] for row in rows[["year", *_NUMBERS]].itertuples(index=False)]


def _with_any(pooled: pd.DataFrame) -> pd.DataFrame:
    numbers = pooled.select_dtypes("number")
    return pooled[numbers.fillna(0).sum(axis=1).gt(0)]
