"""Readers of the dated policies: adoptions, state bans, undated listings, Secure Communities, the 2025 list.

The files were compiled from the pages each row cites. Text in quotation marks inside ``note`` belongs to
those pages: it is read here so that flags can be set, and goes no further than this room.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ...errors import DuplicateKeyError, ImpossibleValueError, LayoutError, UnknownPlaceError
from ..census.crosswalk import FILLER_PLACE
from ..periods import parse_period
from ..registry.files import locate
from ..registry.totals import reader
from ..states import by_usps, usps_by
from .notes import CIS_SHEET, adoption_period, note_flags

ADOPTIONS = "policy/policy_adoptions.csv"
STATE_BANS = "policy/state_antisanctuary.csv"
UNDATED = "policy/undated_listed.csv"
SECURE_COMMUNITIES = "policy/secure_communities_county_dates.csv"
DHS_2025 = "policy/dhs_sanctuary_list_2025_05_31.csv"

KINDS = {"city": 7, "DC": 7, "county": 5, "state": 2}
POLICY_TYPES = ("forbids_status_inquiry", "declines_detainers", "both", "statewide_law", "other/unknown")
CONFIDENCES = ("high", "medium", "low")
#: Fillers of the agency crosswalk that stand in the file for a place, and the place's own code (Geocorr).
FILLER_PLACES = {"5399991": "5319035"}

_ADOPTION_COLUMNS = [
    *["place", "state", "kind", "geoid", "ori", "policy_type", "instrument"],
    *["adopted", "ended", "confidence", "source_url", "note"],
]
_REMEDY = "Correct the row at its source and register the new file, or get the file again."


@reader("policy.lists.read_adoptions", ADOPTIONS)
def read_adoptions(path: Path | None = None) -> pd.DataFrame:
    """Return the dated policies, one row a place, policy and source.

    Parameters
    ----------
    path : pathlib.Path, optional
        File to read in place of the registered one.

    Returns
    -------
    pandas.DataFrame
        The file's columns as text, and ``row`` (line of the file, the header being 1), ``adopted_from`` and
        ``adopted_to`` (first and last day the date leaves open), ``precision``, ``ended_from``, ``ended_to``
        (``NaT`` when no end is known), and the flags of `policy_notes.note_flags`.

    Raises
    ------
    LayoutError
        If the columns differ from the published ones.
    ImpossibleValueError
        If a kind, class, confidence or date cannot be, or a policy ends before it begins.
    UnknownPlaceError
        If a code does not fit the kind of place, or one code has two names.
    DuplicateKeyError
        If two rows are the same.
    """
    raw = _read(ADOPTIONS, _ADOPTION_COLUMNS, path)
    _allowed(raw, "kind", KINDS, ADOPTIONS)
    _allowed(raw, "policy_type", POLICY_TYPES, ADOPTIONS)
    _allowed(raw, "confidence", CONFIDENCES, ADOPTIONS)
    _allowed(raw, "state", by_usps("name"), ADOPTIONS)
    raw["geoid"] = own_place_codes(raw["geoid"])
    _check_codes(raw)
    _no_duplicates(raw, _ADOPTION_COLUMNS, ADOPTIONS)
    dated = raw.join(_adoption_dates(raw)).join(_end_dates(raw))
    _ends_after_start(dated)
    return dated.join(note_flags(dated))


@reader("policy.lists.read_state_bans", STATE_BANS)
def read_state_bans(path: Path | None = None) -> pd.DataFrame:
    """Return the state laws that forbid local sanctuary policies, one row a state.

    Returns
    -------
    pandas.DataFrame
        ``state``, ``effective`` (as printed; empty when the source prints none), ``effective_from``,
        ``effective_to`` (``NaT`` when undated), ``law``, ``source`` (without quoted text).
    """
    raw = _read(STATE_BANS, ["state", "effective_or_enacted", "law", "source"], path)
    _allowed(raw, "state", by_usps("name"), STATE_BANS)
    _no_duplicates(raw, ["state"], STATE_BANS)
    dates = _dates(raw, "effective_or_enacted", STATE_BANS, "effective")
    named = raw.rename(columns={"effective_or_enacted": "effective"}).join(dates)
    named["source"] = named["source"].str.replace(r':?\s*"[^"]*"', "", regex=True)
    return named[["row", "state", "effective", "effective_from", "effective_to", "law", "source"]]


@reader("policy.lists.read_undated", UNDATED)
def read_undated(path: Path | None = None) -> pd.DataFrame:
    """Return the places that lists name without a date of adoption, one row a place.

    Returns
    -------
    pandas.DataFrame
        ``row, place, state, kind, list, list_date, source`` as printed; notes are left behind.
    """
    raw = _read(UNDATED, ["place", "state", "kind", "list", "list_date", "source", "note"], path)
    _allowed(raw, "kind", ("city", "county"), UNDATED)
    _allowed(raw, "state", by_usps("name"), UNDATED)
    _no_duplicates(raw, ["place", "state", "kind"], UNDATED)
    _dates(raw, "list_date", UNDATED, "listed")
    return raw[["row", "place", "state", "kind", "list", "list_date", "source"]]


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


def own_place_codes(geoids: pd.Series) -> pd.Series:
    """Return the codes with the one known filler (Duvall, Washington) replaced by the place's own code."""
    return geoids.replace(FILLER_PLACES)


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


def _refuse(raw, bad, name, column, why, error=ImpossibleValueError) -> None:
    if bad.any():
        first = raw[bad].iloc[0]
        raise error(f"{column} {first[column]!r} {why}.", where=f"{name}, row {first['row']}", remedy=_REMEDY)


def _allowed(raw: pd.DataFrame, column: str, allowed, name: str) -> None:
    _refuse(raw, ~raw[column].isin(list(allowed)), name, column, f"is none of {', '.join(allowed)}")


def _no_duplicates(raw: pd.DataFrame, keys: list[str], name: str) -> None:
    twice = raw.duplicated(keys, keep=False)
    if twice.any():
        pair = raw[twice].groupby(keys, sort=False)["row"].apply(list).iloc[0]
        raise DuplicateKeyError(
            f"Rows {pair[0]} and {pair[1]} are the same.", where=name, remedy="Keep one of them."
        )


def _check_codes(raw: pd.DataFrame) -> None:
    digits = raw["kind"].map(KINDS)
    fits = raw["geoid"].str.fullmatch(r"\d+") & (raw["geoid"].str.len() == digits)
    fits &= ~(raw["kind"].isin(["city", "DC"]) & (raw["geoid"].str[2:] >= FILLER_PLACE))
    fits &= raw["geoid"].str[:2] == raw["state"].map(by_usps("state_fips"))
    _refuse(raw, ~fits, ADOPTIONS, "geoid", "does not fit the kind of place and state", UnknownPlaceError)
    police = raw["kind"].isin(["city", "DC"])
    fits = raw["ori"].str.fullmatch(r"[A-Z0-9]{7}") | (~police & (raw["ori"] == ""))
    _refuse(raw, ~fits, ADOPTIONS, "ori", "does not fit the kind of place", UnknownPlaceError)
    for code in ("place", "ori"):
        first = raw.groupby(["kind", "geoid"])[code].transform("first")
        _refuse(
            raw, raw[code] != first, ADOPTIONS, code, "differs between rows of one code", UnknownPlaceError
        )


def _known_counties(raw: pd.DataFrame, column: str, name: str) -> None:
    known = raw[column].str.fullmatch(r"\d{5}") & raw[column].str[:2].isin(list(usps_by("state_fips")))
    _refuse(raw, ~known, name, column, "is no county code", UnknownPlaceError)


def _adoption_dates(raw: pd.DataFrame) -> pd.DataFrame:
    periods = [
        adoption_period(adopted, note, where=f"{ADOPTIONS}, row {row}")
        for adopted, note, row in zip(raw["adopted"], raw["note"], raw["row"], strict=True)
    ]
    return pd.DataFrame(
        {
            "adopted_from": pd.to_datetime([p.earliest for p in periods]),
            "adopted_to": pd.to_datetime([p.latest for p in periods]),
            "precision": [p.precision for p in periods],
            "is_june_or_july_2014": raw["note"].str.contains(CIS_SHEET, regex=False).to_numpy(),
        },
        index=raw.index,
    )


def _end_dates(raw: pd.DataFrame) -> pd.DataFrame:
    return _dates(raw, "ended", ADOPTIONS, "ended")


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


def _ends_after_start(dated: pd.DataFrame) -> None:
    backwards = dated["ended_to"] < dated["adopted_from"]
    _refuse(dated, backwards, ADOPTIONS, "ended", "lies before the adoption")
