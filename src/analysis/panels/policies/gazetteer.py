"""Every place a policy may belong to: cities with a police agency in the crime files, counties and states.

Made of the committed panels ``places`` and ``counties``, so that a list of policies is checked without any
raw file.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import pandas as pd

from ...sources.states import by_usps
from ..store import load

#: Legal endings of the Census Bureau's names of places and counties.
_ENDING = re.compile(
    r"\s+(?:city and county|consolidated government|metropolitan government|metro government|"
    r"unified government|urban county|charter township|city|town|township|village|borough|municipality|"
    r"cdp|county|parish|census area|planning region)(?: \(balance\))?$",
    re.IGNORECASE,
)
_BALANCE = re.compile(r" \(balance\)$")
#: Merged governments carry the county's name behind the city's: Nashville-Davidson, Louisville/Jefferson
#: County.
_MERGED = re.compile(r"^(?P<city>[^/]+?)(?:/|-)(?P<county>[^/-]+?)(?: county)?$", re.IGNORECASE)
_SPELLINGS = ((r"\bst\b", "saint"), (r"\bste\b", "sainte"), (r"\bft\b", "fort"), (r"\bmt\b", "mount"))
_COLUMNS = [
    "kind",
    "state",
    "geoid",
    "name",
    "full_name",
    "primary_ori",
    "oris",
    "population",
    "is_incorporated",
]


def gazetteer(places: pd.DataFrame, counties: pd.DataFrame) -> pd.DataFrame:
    """Return every place under each of its names, one row per place and name.

    Parameters
    ----------
    places : pandas.DataFrame
        Panel ``places``.
    counties : pandas.DataFrame
        Panel ``counties``.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (``city``, ``county``, ``state``), ``state`` (USPS), ``geoid``, ``name`` (without the legal
        ending), ``full_name`` (as the Census Bureau writes it), ``primary_ori`` (the city's agency that
        serves most people), ``oris`` (agencies of a city, separated by ``|``; empty for others),
        ``population`` (persons, 2010; missing for subdivisions and states), ``is_incorporated``.
    """
    cities = pd.DataFrame(
        {
            "kind": "city",
            "state": places["state"],
            "geoid": places["place_fips"],
            "full_name": places["place_name"],
            "primary_ori": places["primary_ori"],
            "oris": places["oris"],
            "population": places["population_place_2010"],
            "is_incorporated": places["place_kind"].eq("incorporated"),
        }
    )
    around = pd.DataFrame(
        {
            "kind": "county",
            "state": counties["state"],
            "geoid": counties["fips"],
            "full_name": counties["county_name"],
            "primary_ori": "",
            "oris": "",
            "population": counties["population_2010"].astype("Int64"),
            "is_incorporated": True,
        }
    )
    table = pd.concat([cities, around, _states()], ignore_index=True)
    pairs = zip(table["full_name"], table["kind"], strict=True)
    named = pd.Series([names_of(name, kind) for name, kind in pairs], index=table.index)
    table = table.assign(name=named).explode("name", ignore_index=True)
    return table[_COLUMNS].sort_values(["kind", "state", "name", "geoid"], ignore_index=True)


@cache
def committed_gazetteer() -> pd.DataFrame:
    """Return `gazetteer` of the committed panels."""
    return gazetteer(load("places"), load("counties"))


def names_of(full_name: str, kind: str = "city") -> list[str]:
    """Return the names a place goes by: without its legal ending, and of a merged city the city's.

    Examples
    --------
    >>> names_of("Nashville-Davidson metropolitan government (balance)")
    ['Nashville-Davidson', 'Nashville']
    >>> names_of("Salt Lake City city")
    ['Salt Lake City']
    """
    bare = _BALANCE.sub("", _ENDING.sub("", full_name.strip()))
    names = [bare or full_name]
    merged = _MERGED.match(bare)
    if kind == "city" and merged and re.search(r"government|urban county", full_name, re.IGNORECASE):
        names.append(merged["city"])
    if kind == "city" and bare.startswith("Urban "):
        names.append(bare.removeprefix("Urban "))
    return names


@cache
def plain(name: str) -> str:
    """Return a name as it is compared: lower case, no accents or punctuation, ``St.`` written out.

    Examples
    --------
    >>> plain("St. Paul"), plain("Cañon City"), plain("O'Fallon")
    ('saint paul', 'canon city', 'ofallon')
    """
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"['`.]", "", text)
    text = re.sub(r"[^a-z0-9]+", " ", text).strip()
    for short, long in _SPELLINGS:
        text = re.sub(short, long, text)
    return text


def _states() -> pd.DataFrame:
    names = by_usps("name")
    codes = by_usps("state_fips")
    rows = [
        {
            "kind": "state",
            "state": usps,
            "geoid": codes[usps],
            "full_name": name,
            "primary_ori": "",
            "oris": "",
        }
        for usps, name in names.items()
    ]
    return pd.DataFrame(rows).assign(
        population=pd.array([pd.NA] * len(rows), dtype="Int64"), is_incorporated=True
    )
