"""Facilities of the detainer files matched to counties, by rules that say how each was placed.

ICE names a facility and, in three of the four files, its city and state. A facility whose name prints a
county of its state belongs to that county, for a jail serves its county wherever it stands; any other to the
county that holds most of the people of its city. What no rule places is left without a county and counted.
"""

from __future__ import annotations

import csv
import re
from importlib.resources import files
from typing import Any

import pandas as pd

from ...errors import LayoutError
from ...sources.census.crosswalk import read_county_names, read_place_counties
from ...sources.ice.detainers import (
    read_declined,
    read_fiscal_2015,
    read_pennsylvania,
    read_pooled,
)
from ...sources.states import usps_by
from ..agencies.names import base_name, compact_name
from ..agencies.place_index import to_vintage
from .facility_kinds import facility_kind

KEYS = ["facility", "city", "state"]
TABLE = "facility_counties.csv"
COLUMNS = [*KEYS, "county_fips", "county_match", "facility_kind"]
#: How a facility's county was found, in the order in which the rules are tried.
MATCHES = (
    "hand",
    "county named, holds the city",
    "county named",
    "city",
    "name placed elsewhere",
    "county named once in the nation",
    "unplaced",
)
_COUNTY_WORD = re.compile(r"\b(COUNTYY?|COUNT|CNTY|CTY|CO|PARISH|PAR)\b")
_KIND_OF_COUNTY = re.compile(r" (Parish|Borough|Census Area|Municipality|County)$")
_STATE_BEHIND = re.compile(r"[, ]([A-Z]{2})\.?$")


def facility_counties() -> pd.DataFrame:
    """Return the committed table of facilities: see `match_facilities`.

    Raises
    ------
    LayoutError
        If a line has an unknown way of matching or no kind.
    """
    rows = csv.DictReader(files(__package__).joinpath(TABLE).read_text("utf-8").splitlines())
    table = pd.DataFrame(list(rows), columns=COLUMNS)
    if not table["county_match"].isin(MATCHES).all() or table["facility_kind"].eq("").any():
        raise LayoutError("A line lacks its kind or has an unknown match.", where=f"panels/detainers/{TABLE}")
    return table


def match_facilities() -> pd.DataFrame:
    """Match every facility of the four files anew.

    Returns
    -------
    pandas.DataFrame
        One row a facility, sorted: ``facility, city, state`` as printed (city and state empty in the pooled
        file, whose names get a row of their own where no other file prints them or where the others print
        them in several counties), ``county_fips`` (empty when unplaced; today's codes), ``county_match``
        (one of `MATCHES`) and ``facility_kind`` (see `analysis.panels.detainers.facility_kinds`).
    """
    placed = _match_printed(_printed_places())
    pooled = _match_pooled(placed)
    table = pd.concat([placed, pooled], ignore_index=True)
    kinds = _hand("facility_kinds.csv").set_index("facility")["kind"]
    named = table["facility"].map(facility_kind)
    table["facility_kind"] = table["facility"].map(kinds).fillna(named)
    return table[COLUMNS].sort_values(KEYS, ignore_index=True)


def _printed_places() -> pd.DataFrame:
    parts = [read()[KEYS] for read in (read_declined, read_fiscal_2015, read_pennsylvania)]
    return pd.concat(parts).drop_duplicates().sort_values(KEYS, ignore_index=True)


def _match_printed(rows: pd.DataFrame) -> pd.DataFrame:
    counties, cities = county_codes(), city_counties()
    hand = {
        tuple(row[key] for key in KEYS): row["county_fips"]
        for _, row in _hand("facility_hand.csv").iterrows()
    }
    found = [place_facility(row, hand, counties, cities) for row in rows.itertuples(index=False, name=None)]
    return rows.assign(county_fips=[code for code, _ in found], county_match=[how for _, how in found])


def place_facility(
    row: tuple[str, str, str],
    hand: dict[tuple[str, str, str], str],
    counties: dict[tuple[str, str], str],
    cities: dict[tuple[str, str], tuple[str, ...]],
) -> tuple[str, str]:
    """Return the county of one facility and how it was found.

    Parameters
    ----------
    row : tuple of str
        Facility, city and state.
    hand : dict
        Facility, city and state to county: what was looked up.
    counties : dict
        State and compact county name to county, as `county_codes`.
    cities : dict
        State and compact city name to its counties, the largest first, as `city_counties`.
    """
    facility, city, state = row
    if row in hand:
        return hand[row], "hand"
    named = named_county(facility, state, counties)
    of_city = cities.get((state, compact_name(city)), ())
    if named:
        return named, "county named, holds the city" if named in of_city else "county named"
    if of_city:
        return of_city[0], "city"
    return "", "unplaced"


def named_county(facility: str, state: str, counties: dict[tuple[str, str], str]) -> str:
    """Return the county of `state` that a facility's name prints before its word for county, or nothing.

    Examples
    --------
    >>> named_county("OAKLAND CO., PONTIAC, MI", "MI", {("MI", "oakland"): "26125"})
    '26125'
    """
    for found in _COUNTY_WORD.finditer(facility.upper().replace(".", " ")):
        words = facility.upper().replace(".", " ")[: found.start()].replace("-", " ").split()
        for start in range(len(words)):
            code = counties.get((state, compact_name(" ".join(words[start:]))))
            if code:
                return code
    return ""


def county_codes() -> dict[tuple[str, str], str]:
    """Return counties by state and compact name; independent cities are not in it, Dade is Miami-Dade."""
    table = read_county_names()
    state, codes = usps_by("state_fips"), {}
    for code, name in zip(table["county_fips"], table["name"], strict=True):
        if not name.endswith(" city"):
            codes[state[code[:2]], compact_name(_KIND_OF_COUNTY.sub("", name))] = _today(code)
    return codes | {("FL", "dade"): codes["FL", "miamidade"]}


def city_counties() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the counties of each city by state and compact name, that with most of its people first.

    Names borne by several places of a state belong to the incorporated one, and to none if there are several.
    """
    places = read_place_counties().sort_values(
        ["place_fips", "share_of_place", "county_fips"], ascending=[True, False, True], kind="stable"
    )
    each = places.groupby("place_fips", as_index=False).agg(
        state=("state", "first"), name=("name", "first"), counties=("county_fips", tuple)
    )
    each["key"] = [compact_name(base_name(name)) for name in each["name"]]
    each["is_cdp"] = each["name"].str.endswith(" CDP")
    each = each.sort_values(["state", "key", "is_cdp"], kind="stable")
    first = each.drop_duplicates(["state", "key", "is_cdp"], keep=False).drop_duplicates(["state", "key"])
    several = each[~each["is_cdp"]].groupby(["state", "key"]).size()
    shared = set(several[several > 1].index)
    return {
        (state, key): tuple(_today(code) for code in codes)
        for state, key, codes in zip(first["state"], first["key"], first["counties"], strict=True)
        if (state, key) not in shared
    }


def _match_pooled(placed: pd.DataFrame) -> pd.DataFrame:
    """Place the names of the pooled file, which prints no city: by other files, else by a unique county."""
    elsewhere = {
        str(facility): sorted(set(codes)) for facility, codes in placed.groupby("facility")["county_fips"]
    }
    by_name: dict[str, set[str]] = {}
    for (_, name), code in county_codes().items():
        by_name.setdefault(name, set()).add(code)
    once = {name: codes.copy().pop() for name, codes in by_name.items() if len(codes) == 1}
    counties, rows = county_codes(), []
    for facility in sorted(set(read_pooled()["facility"])):
        codes = elsewhere.get(facility)
        if codes is not None and len(codes) == 1:
            code, how = codes[0], "name placed elsewhere" if codes[0] else "unplaced"
        elif codes is not None:
            code, how = "", "unplaced"
        else:
            code, how = _by_name_alone(facility, counties, once)
        rows.append((facility, "", "", code, how))
    pooled = pd.DataFrame(rows, columns=[*KEYS, "county_fips", "county_match"])
    known = set(map(tuple, placed[KEYS].to_numpy()))
    return pooled[[key not in known for key in map(tuple, pooled[KEYS].to_numpy())]]


def _by_name_alone(facility: str, counties: Any, once: dict[str, str]) -> tuple[str, str]:
    behind = _STATE_BEHIND.search(facility)
    named = named_county(facility, behind[1], counties) if behind else ""
    if named:
        return named, "county named"
    unique = named_county(facility, "", {("", name): code for name, code in once.items()})
    return (unique, "county named once in the nation") if unique else ("", "unplaced")


def _today(code: str) -> str:
    return str(to_vintage(pd.Series([code])).iloc[0]) if code in _RENAMED else code


_RENAMED = {"02270", "46113", "12025", "51515"}


def _hand(name: str) -> pd.DataFrame:
    table = pd.DataFrame(
        list(csv.DictReader(files(__package__).joinpath(name).read_text("utf-8").splitlines()))
    )
    if table["reason"].eq("").any() or (table["facility"].duplicated().any() and "city" not in table):
        raise LayoutError("A line lacks its reason or stands twice.", where=f"panels/detainers/{name}")
    return table
