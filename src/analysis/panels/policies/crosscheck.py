"""Geoid, agency and name of every row held against each other; a code of another place is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ...sources.policy.dated import read_table
from ...sources.policy.problems import Problem, tuples, unknown_place
from .gazetteer import plain

#: Places whose codes differ on purpose, each with the reason: ``geoid, ori, name, reason``.
EXCEPTIONS = "code_exceptions.csv"
_EXCEPTION_COLUMNS = ["geoid", "ori", "place", "reason"]


def read_exceptions(directory: Path | None = None) -> pd.DataFrame:
    """Return the places whose geoid, agency and name differ on purpose."""
    return read_table(EXCEPTIONS, _EXCEPTION_COLUMNS, directory)


def place_problems(rows: pd.DataFrame, known: pd.DataFrame, exceptions: pd.DataFrame) -> Iterator[Problem]:
    """Yield a problem for every row whose geoid, agency and name do not belong to one place.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``file, row, place, state, kind, geoid, ori`` (nine characters, empty for counties and states).
    known : pandas.DataFrame
        `gazetteer.gazetteer`.
    exceptions : pandas.DataFrame
        `read_exceptions`.

    Notes
    -----
    New England towns have two codes, that of the county subdivision and that of the place inside it: a geoid
    that the panels do not know passes where its agency polices a place of the same name. An agency they do
    not know passes too, for a place may police itself without reporting.
    """
    names = _names(known)
    full = known.drop_duplicates(["kind", "geoid"]).set_index(["kind", "geoid"])["full_name"].to_dict()
    owners = _owners(known)
    excused = set(zip(exceptions["geoid"], exceptions["ori"], exceptions["place"], strict=True))
    for row in tuples(rows):
        key, owner = (row.kind, row.geoid), owners.get(row.ori)
        if (row.geoid, row.ori, row.place) in excused:
            continue
        if key in names and plain(row.place) not in names[key]:
            yield _other_name(row, full[key])
        if owner and owner != row.geoid and (key in names or plain(row.place) not in names["city", owner]):
            yield _other_agency(row, owner, full["city", owner])
        if key not in names and not owner:
            yield _unknown(row)


def _names(known: pd.DataFrame) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for place in tuples(known):
        found.setdefault((place.kind, place.geoid), set()).update({plain(place.name), plain(place.full_name)})
    return found


def _owners(known: pd.DataFrame) -> dict[str, str]:
    cities = known[known["kind"].eq("city")].drop_duplicates("geoid")
    each = cities.assign(ori=cities["oris"].str.split("|")).explode("ori")
    return dict(zip(each["ori"], each["geoid"], strict=True))


def _other_name(row: Any, name: str) -> Problem:
    text = f"geoid {row.geoid} is {name}, not {row.place}, {row.state}."
    remedy = f"Write the code of {row.place}, or its name; if both are meant, add a line to {EXCEPTIONS}."
    return unknown_place(row.file, row.row, "geoid", text, remedy)


def _other_agency(row: Any, owner: str, name: str) -> Problem:
    text = f"ori {row.ori} polices {name} ({owner}), not {row.place}, {row.state} ({row.geoid})."
    remedy = f"Write the agency of {row.place}; if both are meant, add a line to {EXCEPTIONS}."
    return unknown_place(row.file, row.row, "ori", text, remedy)


def _unknown(row: Any) -> Problem:
    text = f"No {row.kind} of the panels has geoid {row.geoid}, and no agency {row.ori or 'is given'}."
    return unknown_place(
        row.file, row.row, "geoid", text, f"Write a known code, or add a line to {EXCEPTIONS}."
    )
