"""From the names of a list to the places they mean: certain, in doubt, or near; nothing guessed."""

from __future__ import annotations

import difflib
import re
from typing import Any

import pandas as pd

from ...sources.policy.problems import tuples
from ...sources.states import by_usps, usps_by
from .gazetteer import plain

#: How a name was resolved, from the surest; the last two resolve nothing.
HOW = ("code", "full name", "name", "name without added words", "largest of its name", "near", "unknown")
#: Ways in which a place was chosen among several: reported with those not chosen.
DOUBTFUL = ("largest of its name",)
_COUNTY = re.compile(r"\b(?:county|parish)$")
_ADDED = re.compile(
    r"^(?:city and county|city|town|village|borough|county|state) of | (?:city|town|county|parish)$"
)
#: States whose name alone means their city in a list of cities.
_ALSO_CITIES = ("NY", "DC")
#: Digits of a geoid, and the kind of place they tell.
_KIND_OF_LENGTH = {2: "state", 5: "county", 7: "city"}
_NEAR = 3
#: The District of Columbia is one city, whatever a list calls it.
_WASHINGTON = "1150000"


def resolve(named: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return which place each row of a list means, and how surely.

    Parameters
    ----------
    named : pandas.DataFrame
        ``place`` (name), ``state`` (USPS code or full name); optionally ``kind`` (``city``, ``county``,
        ``state``; empty: told by the name, a city unless it says otherwise) and ``geoid`` (taken as it is).
    known : pandas.DataFrame
        `gazetteer.gazetteer`.

    Returns
    -------
    pandas.DataFrame
        With the index of `named`: ``kind, state, geoid, ori, place`` (as the Census Bureau names it), ``how``
        (one of `HOW`), ``others`` (the places of the same name that were not chosen, or those whose names are
        near). ``geoid`` is missing where the name is unknown: near names are shown, never taken.
    """
    index = _Index(known)
    rows = [index.find(row) for row in tuples(_asked(named))]
    return pd.DataFrame(
        rows, columns=["kind", "state", "geoid", "ori", "place", "how", "others"], index=named.index
    )


def state_code(text: str) -> str:
    """Return a state's USPS code from its code or name; empty when it is neither."""
    upper = text.strip().upper()
    names = {plain(name): code for name, code in usps_by("name").items()}
    return upper if upper in by_usps("name") else names.get(plain(text), "")


def kind_of(name: str, state: str) -> str:
    """Return the kind a name tells: a county by its last word, a state by its name, a city otherwise."""
    if _COUNTY.search(plain(name)):
        return "county"
    told = plain(name).removeprefix("state of ")
    is_state = told == plain(by_usps("name").get(state, "")) and state not in _ALSO_CITIES
    return "state" if is_state or plain(name).startswith("state of ") else "city"


def _asked(named: pd.DataFrame) -> pd.DataFrame:
    blank = pd.Series("", index=named.index)
    state = named["state"].map(state_code)
    kind = named.get("kind", blank).fillna("").str.strip().str.lower()
    geoid = named.get("geoid", blank).fillna("").astype(str)
    told = [
        _KIND_OF_LENGTH.get(len(code)) or kind_of(name, usps)
        for name, usps, code in zip(named["place"], state, geoid, strict=True)
    ]
    return pd.DataFrame(
        {
            "name": named["place"],
            "state": state,
            "kind": kind.where(kind.ne(""), pd.Series(told, index=named.index)),
            "geoid": geoid,
            "is_kind_given": kind.ne(""),
        }
    )


class _Index:
    """Places by kind, state and name."""

    def __init__(self, known: pd.DataFrame) -> None:
        places = known.drop_duplicates(["kind", "geoid"])
        self.places = {(p.kind, p.geoid): p for p in tuples(places)}
        self.full: dict[tuple[Any, ...], set[str]] = {}
        self.bare: dict[tuple[Any, ...], set[str]] = {}
        for p in tuples(known):
            self.full.setdefault((p.kind, p.state, plain(p.full_name)), set()).add(p.geoid)
            self.bare.setdefault((p.kind, p.state, plain(p.name)), set()).add(p.geoid)

    def find(self, asked: Any) -> tuple[Any, ...]:
        if asked.geoid:
            return self._coded(asked)
        if asked.state == "DC":
            return self._found(asked, "city", {_WASHINGTON}, "name")
        if asked.kind == "state":
            return self._found(asked, "state", {by_usps("state_fips")[asked.state]}, "name")
        name = plain(asked.name)
        tried = [(self.full, name, "full name"), (self.bare, name, "name")]
        tried += [(self.bare, _ADDED.sub("", name), "name without added words")]
        kinds = (asked.kind,) if asked.is_kind_given else dict.fromkeys((asked.kind, "city"))
        for kind in kinds:
            for table, text, how in tried:
                if found := table.get((kind, asked.state, text)):
                    return self._found(asked, kind, found, how)
        return self._near(asked, name)

    def _coded(self, asked: Any) -> tuple[Any, ...]:
        place = self.places.get((asked.kind, asked.geoid))
        if place is None:
            return (asked.kind, asked.state, pd.NA, "", asked.name, "unknown", "")
        return (asked.kind, place.state, place.geoid, place.primary_ori, place.full_name, "code", "")

    def _found(self, asked: Any, kind: str, codes: set[str], how: str) -> tuple[Any, ...]:
        found = sorted((self.places[kind, code] for code in codes), key=_size, reverse=True)
        first, others = found[0], found[1:]
        how = "largest of its name" if others else how
        left = "; ".join(place.full_name for place in others)
        return (kind, first.state, first.geoid, first.primary_ori, first.full_name, how, left)

    def _near(self, asked: Any, name: str) -> tuple[Any, ...]:
        here = [key for key in self.bare if key[1] == asked.state]
        alike = set(
            difflib.get_close_matches(_ADDED.sub("", name), {key[2] for key in here}, n=_NEAR, cutoff=0.75)
        )
        keys = [key for key in here if key[2] in alike]
        shown = "; ".join(self.places[key[0], min(self.bare[key])].full_name for key in keys)
        return (asked.kind, asked.state, pd.NA, "", asked.name, "near" if shown else "unknown", shown)


def _size(place: Any) -> tuple[Any, ...]:
    population = 0 if place.population is pd.NA else place.population
    return (place.is_incorporated, population, place.geoid)
