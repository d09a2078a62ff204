"""Readers of what the federal government published: Secure Communities, and its two lists of 2025."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ...errors import AnalysisError, DuplicateKeyError, ImpossibleValueError, LayoutError, UnknownPlaceError
from ..periods import parse_period
from ..registry.files import locate
from ..registry.totals import reader
from ..states import by_usps, usps_by

SECURE_COMMUNITIES = "policy/secure_communities_county_dates.csv"
DHS_2025 = "policy/dhs_sanctuary_list_2025_05_31.csv"
DOJ_2025 = "policy/doj_sanctuary_list_2025_08_05.csv"

_REMEDY = "Correct the row at its source and register the new file, or get the file again."


@reader("policy.lists.read_secure_communities", SECURE_COMMUNITIES)
def read_secure_communities(path: Path | None = None) -> pd.DataFrame:
    """Return when Secure Communities was activated, one row a county.

    Returns
    -------
    pandas.DataFrame
        ``fips`` (five digits), ``activated``, ``activated_statewide`` (days): the county's and the last day
        of its state.

    Raises
    ------
    ImpossibleValueError
        If a date is not a day of 2008 to 2013, or a state is done before one of its counties.
    """
    raw = _read(SECURE_COMMUNITIES, ["fips", "sc_activation_date", "statewide_date"], path)
    raw["fips"] = raw["fips"].str.zfill(5)
    _no_duplicates(raw, ["fips"], SECURE_COMMUNITIES)
    _known_counties(raw, "fips", SECURE_COMMUNITIES)
    own = _dates(raw, "sc_activation_date", SECURE_COMMUNITIES, "activated")
    state = _dates(raw, "statewide_date", SECURE_COMMUNITIES, "statewide")
    days = own["activated_from"].eq(own["activated_to"]) & own["activated_from"].dt.year.between(2008, 2013)
    _refuse(raw, ~days, SECURE_COMMUNITIES, "sc_activation_date", "is not a day of 2008 to 2013")
    late = state["statewide_to"] < own["activated_from"]
    _refuse(raw, late, SECURE_COMMUNITIES, "statewide_date", "lies before the county's own activation")
    return pd.DataFrame(
        {
            "fips": raw["fips"],
            "activated": own["activated_from"],
            "activated_statewide": state["statewide_from"],
        }
    )


@reader("policy.lists.read_dhs_list", DHS_2025)
def read_dhs_list(path: Path | None = None) -> pd.DataFrame:
    """Return the list of jurisdictions the Department of Homeland Security published on 31 May 2025.

    It was withdrawn within days and has known errors (one county row names a city): a check from later years,
    never a source of dates.

    Returns
    -------
    pandas.DataFrame
        ``row, state`` (USPS), ``kind`` (``city``, ``county``, ``state``), ``name``, ``fips`` (five digits;
        empty except for counties).
    """
    raw = _read(DHS_2025, ["state", "kind", "name", "fips"], path)
    _allowed(raw, "kind", ("City", "County", "State"), DHS_2025)
    _allowed(raw, "state", usps_by("name"), DHS_2025)
    _no_duplicates(raw, ["state", "kind", "name"], DHS_2025)
    raw["fips"] = raw["fips"].str.replace(r"\.0$", "", regex=True)
    raw["fips"] = raw["fips"].where(raw["fips"] == "", raw["fips"].str.zfill(5))
    _known_counties(raw[raw["fips"] != ""], "fips", DHS_2025)
    return pd.DataFrame(
        {
            "row": raw["row"],
            "state": raw["state"].map(usps_by("name")),
            "kind": raw["kind"].str.lower(),
            "name": raw["name"],
            "fips": raw["fips"],
        }
    )


@reader("policy.lists.read_doj_list", DOJ_2025)
def read_doj_list(path: Path | None = None) -> pd.DataFrame:
    """Return the list of sanctuary jurisdictions the Department of Justice published on 5 August 2025.

    It gives no dates of adoption: a check from later years, never a source of dates.

    Returns
    -------
    pandas.DataFrame
        ``row, name`` (as printed), ``state`` (USPS), ``kind`` (``city``, ``county``, ``state``; the District
        of Columbia is printed among the states), ``list_date``.

    Raises
    ------
    ImpossibleValueError
        If a kind or state is unknown, or the rows bear different dates.
    DuplicateKeyError
        If a jurisdiction stands there twice.
    """
    raw = _read(DOJ_2025, ["jurisdiction", "state", "kind", "list_date"], path)
    _allowed(raw, "kind", ("city", "county", "state"), DOJ_2025)
    _allowed(raw, "state", by_usps("name"), DOJ_2025)
    _no_duplicates(raw, ["jurisdiction", "state", "kind"], DOJ_2025)
    _dates(raw, "list_date", DOJ_2025, "listed")
    other = raw["list_date"] != raw["list_date"].iloc[0]
    _refuse(raw, other, DOJ_2025, "list_date", "is not that of the first row")
    return raw.rename(columns={"jurisdiction": "name"})[["row", "name", "state", "kind", "list_date"]]


def _read(name: str, columns: list[str], path: Path | None) -> pd.DataFrame:
    place = path or locate(name)
    try:
        raw = pd.read_csv(place, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise LayoutError(f"Not a table: {error}", where=name, remedy="Get the file again.") from error
    if list(raw.columns) != columns:
        raise LayoutError(
            f"Columns are {list(raw.columns)}, not {columns}.", where=name, remedy="Get the file again."
        )
    raw.insert(0, "row", raw.index + 2)
    return raw


def _refuse(
    raw: pd.DataFrame,
    bad: pd.Series,
    name: str,
    column: str,
    why: str,
    error: type[AnalysisError] = ImpossibleValueError,
) -> None:
    if bad.any():
        first = raw[bad].iloc[0]
        raise error(f"{column} {first[column]!r} {why}.", where=f"{name}, row {first['row']}", remedy=_REMEDY)


def _allowed(raw: pd.DataFrame, column: str, allowed: Iterable[str], name: str) -> None:
    _refuse(raw, ~raw[column].isin(list(allowed)), name, column, f"is none of {', '.join(allowed)}")


def _no_duplicates(raw: pd.DataFrame, keys: list[str], name: str) -> None:
    twice = raw.duplicated(keys, keep=False)
    if twice.any():
        pair = raw[twice].groupby(keys, sort=False)["row"].apply(list).iloc[0]
        raise DuplicateKeyError(
            f"Rows {pair[0]} and {pair[1]} are the same.", where=name, remedy="Keep one of them."
        )


def _known_counties(raw: pd.DataFrame, column: str, name: str) -> None:
    known = raw[column].str.fullmatch(r"\d{5}") & raw[column].str[:2].isin(list(usps_by("state_fips")))
    _refuse(raw, ~known, name, column, "is no county code", UnknownPlaceError)


def _dates(raw: pd.DataFrame, column: str, name: str, stem: str) -> pd.DataFrame:
    periods = [
        parse_period(text, where=f"{name}, row {row}") if text else None
        for text, row in zip(raw[column], raw["row"], strict=True)
    ]
    sides = {
        f"{stem}_from": [p.earliest if p else pd.NaT for p in periods],
        f"{stem}_to": [p.latest if p else pd.NaT for p in periods],
    }
    return pd.DataFrame(sides, index=raw.index, dtype="datetime64[us]")
