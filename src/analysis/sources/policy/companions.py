"""The small tables beside the dated rows: bans, places without a date, refused votes, counties in cities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ...errors import UnknownPlaceError
from ..periods import parse_period
from ..states import by_usps
from .dated import read_table
from .hosts import SOURCE_TYPES
from .problems import Problem, each, not_allowed, raise_first, twice

STATE_BANS = "state_bans.csv"
UNDATED = "undated_places.csv"
REFUSED = "refused_votes.csv"
CITY_COUNTIES = "counties_inside_cities.csv"


def read_state_bans(directory: Path | None = None) -> pd.DataFrame:
    """Return the state laws that forbid local sanctuary policies, one row per state.

    Returns
    -------
    pandas.DataFrame
        ``row, state, effective`` (as printed; empty when the source prints none), ``effective_from``,
        ``effective_to`` (``NaT`` when undated), ``law``, ``source``.
    """
    raw = read_table(STATE_BANS, ["state", "effective", "law", "source"], directory)
    raise_first(not_allowed(raw, "state", by_usps("name")))
    raise_first(twice(raw, ["state"], "one line per state"))
    named = raw.join(_dates(raw, "effective", "effective"))
    return named[["row", "state", "effective", "effective_from", "effective_to", "law", "source"]]


def read_undated(directory: Path | None = None) -> pd.DataFrame:
    """Return the places that lists name without a date of adoption, one row per place.

    Returns
    -------
    pandas.DataFrame
        ``row, place, state, kind, geoid, ori`` (empty for counties), ``list, list_date, source``.
    """
    columns = ["place", "state", "kind", "geoid", "ori", "list", "list_date", "source"]
    raw = read_table(UNDATED, columns, directory)
    raise_first(not_allowed(raw, "kind", ("city", "county")))
    raise_first(not_allowed(raw, "state", by_usps("name")))
    raise_first(_codes(raw))
    raise_first(twice(raw, ["kind", "geoid"], "one line per place"))
    _dates(raw, "list_date", "listed")
    return raw


def read_refused_votes(directory: Path | None = None) -> pd.DataFrame:
    """Return the votes in which a council refused a policy, one row per vote: no adoption, and no control
    either.

    Returns
    -------
    pandas.DataFrame
        ``row, place, state, kind, geoid, voted`` (day), ``what`` (in our words), ``source_url``,
        ``source_type``, ``archived_url``.
    """
    columns = [
        "place",
        "state",
        "kind",
        "geoid",
        "voted",
        "what",
        "source_url",
        "source_type",
        "archived_url",
    ]
    raw = read_table(REFUSED, columns, directory)
    raise_first(not_allowed(raw, "kind", ("city", "county")))
    raise_first(not_allowed(raw, "source_type", SOURCE_TYPES))
    raise_first(_codes(raw))
    raise_first(twice(raw, ["geoid", "voted"], "one line per vote"))
    days = _dates(raw, "voted", "voted")
    raise_first(each(raw, days["voted_from"] != days["voted_to"], "voted", "is not a day"))
    return raw


def read_counties_inside(directory: Path | None = None) -> pd.DataFrame:
    """Return the counties that lie whole inside one place: ``geoid`` (place) and ``fips`` (county; key).

    The facts are those of `analysis.sources.county.city_counties.read_city_counties` (Geocorr 2018), written
    down so that the list needs no raw file.
    """
    raw = read_table(CITY_COUNTIES, ["geoid", "fips"], directory)
    raise_first(each(raw, ~raw["geoid"].str.fullmatch(r"\d{7}"), "geoid", "is no place", UnknownPlaceError))
    raise_first(each(raw, ~raw["fips"].str.fullmatch(r"\d{5}"), "fips", "is no county", UnknownPlaceError))
    raise_first(twice(raw, ["fips"], "one line per county"))
    return raw[["geoid", "fips"]]


def _codes(raw: pd.DataFrame) -> Iterator[Problem]:
    digits = raw["kind"].map({"city": 7, "county": 5})
    fits = raw["geoid"].str.fullmatch(r"\d+") & raw["geoid"].str.len().eq(digits)
    fits &= raw["geoid"].str[:2] == raw["state"].map(by_usps("state_fips"))
    return each(raw, ~fits, "geoid", "does not fit the kind of place and state", UnknownPlaceError)


def _dates(raw: pd.DataFrame, column: str, stem: str) -> pd.DataFrame:
    periods = [
        parse_period(text, where=f"{file}, row {row}") if text else None
        for text, row, file in zip(raw[column], raw["row"], raw["file"], strict=True)
    ]
    sides = {
        f"{stem}_from": [p.earliest if p else pd.NaT for p in periods],
        f"{stem}_to": [p.latest if p else pd.NaT for p in periods],
    }
    return pd.DataFrame(sides, index=raw.index, dtype="datetime64[us]")
