"""States: USPS code, FIPS code, name and Census region, one table for the whole project."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def states() -> tuple[dict[str, str], ...]:
    """Return one record a state, the District of Columbia and Puerto Rico.

    Returns
    -------
    tuple of dict
        Keys ``state`` (USPS), ``state_fips`` (two digits), ``name``, ``region`` (Census region; empty for
        Puerto Rico). Codes: ANSI INCITS 38 and the Census Bureau's regions and divisions.
    """
    text = files(__package__).joinpath("states.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def usps_by(column: str) -> dict[str, str]:
    """Return USPS codes by another column of `states`: ``state_fips`` or ``name``."""
    return {row[column]: row["state"] for row in states()}


@cache
def by_usps(column: str) -> dict[str, str]:
    """Return a column of `states` (``state_fips``, ``name`` or ``region``) by USPS code."""
    return {row["state"]: row[column] for row in states()}
