"""Detainers declined by county and year, where the panel of them is committed."""

from __future__ import annotations

from typing import Any

from ...errors import MissingFileError
from ...panels import load
from .compact import records

PANEL = "detainers"


def detainer_rows() -> dict[str, Any] | None:
    """Return the panel's rows by county, or None where there is no such panel."""
    try:
        panel = load(PANEL)
    except MissingFileError:
        return None
    by_county = {str(fips): records(rows.drop(columns="fips")) for fips, rows in panel.groupby("fips")}
    return {"counties": by_county, "columns": [str(name) for name in panel.columns]}
