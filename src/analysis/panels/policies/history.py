"""What the list says of one place: rows, sources, what dates its policy, what keeps it from event time."""

from __future__ import annotations

import pandas as pd

from ...errors import UnknownPlaceError
from .gazetteer import plain
from .resolve import resolve, state_code

_ROW = ["row", "content", "reach", "instrument", "adopted", "ended", "confidence", "disposition"]
_SOURCE = ["source_type", "aggregator", "source_url"]
_DEFINITION = ["definition", "adopted", "ended", "in_event_time", "excluded_because", "dated_by_row"]


def find_place(name: str, known: pd.DataFrame, rows: pd.DataFrame) -> str:
    """Return the ``place_id`` that a name means, e.g. ``"Eugene, OR"`` or ``"Cook County, IL"``.

    Parameters
    ----------
    name : str
        Name, a comma and the state's code or name; a ``place_id``; or a name that only one place of the list
        bears.
    known : pandas.DataFrame
        `gazetteer.gazetteer`.
    rows : pandas.DataFrame
        Panel ``policy_rows``.

    Raises
    ------
    UnknownPlaceError
        If no place, or more than one, bears the name; the error names those that are near.
    """
    if name in set(rows["place_id"]):
        return name
    place, _, state = name.rpartition(",")
    if not place:
        return _only(name, rows)
    if not state_code(state):
        raise UnknownPlaceError(f"{state.strip()!r} is no state.", remedy='Write "Eugene, OR".')
    found = resolve(pd.DataFrame({"place": [place.strip()], "state": [state.strip()]}), known).iloc[0]
    if pd.isna(found["geoid"]):
        near = found["others"] or "none"
        raise UnknownPlaceError(f"No place is named {name!r}.", remedy=f"Names that are near: {near}.")
    agency = rows[rows["ori"].eq(found["ori"]) & rows["ori"].notna()]
    return str(agency["place_id"].iloc[0]) if len(agency) else f"{found['kind']}-{found['geoid']}"


def history(place_id: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one place in order of adoption, each with what became of it and its source."""
    own = rows[rows["place_id"].eq(place_id)]
    return own.sort_values(["adopted", "row"])[[*_ROW, *_SOURCE]].reset_index(drop=True)


def standing(place_id: str, policies: pd.DataFrame) -> pd.DataFrame:
    """Return, per definition, what dates the place's policy and what keeps it out of event time."""
    own = policies[policies["place_id"].eq(place_id)]
    return own.sort_values("definition")[_DEFINITION].reset_index(drop=True)


def _only(name: str, rows: pd.DataFrame) -> str:
    places = rows[rows["place"].map(plain).eq(plain(name))].drop_duplicates("place_id")
    if len(places) == 1:
        return str(places["place_id"].iloc[0])
    named = ", ".join(f"{p} {k} in {s}" for p, k, s in places[["place", "kind", "state"]].to_numpy())
    raise UnknownPlaceError(
        f"{len(places) or 'No'} place{'s' if len(places) != 1 else ''} of the list "
        f"{'are' if len(places) > 1 else 'is'} named {name!r}.",
        remedy=f'Add the state, as in "Eugene, OR". {named}'.strip(),
    )
