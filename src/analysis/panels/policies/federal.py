"""Panels of what the federal government published: Secure Communities, and the list of 2025."""

from __future__ import annotations

import pandas as pd

from ...errors import UnknownPlaceError
from ...sources.policy import lists
from .build import typed
from .models import DojList, SecureCommunities
from .resolve import DOUBTFUL, resolve

KEYS = {"secure_communities": ["fips"], "doj_list": ["place_id"]}
INPUTS = {
    "secure_communities": [lists.SECURE_COMMUNITIES],
    "doj_list": [lists.DOJ_2025, "places", "counties"],
}


def secure_communities_panel(dates: pd.DataFrame) -> pd.DataFrame:
    """Return the day and year Secure Communities began, one row per county."""
    table = dates.assign(activated_year=dates["activated"].dt.year.astype("int64"))
    for column in ("activated", "activated_statewide"):
        table[column] = table[column].dt.strftime("%Y-%m-%d")
    return typed(table.sort_values("fips"), SecureCommunities)


def doj_panel(listed: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return the list of 5 August 2025 with the code of every jurisdiction, one row per jurisdiction.

    Parameters
    ----------
    listed : pandas.DataFrame
        `sources.policy.lists.read_doj_list`.
    known : pandas.DataFrame
        `gazetteer.gazetteer`.

    Raises
    ------
    UnknownPlaceError
        If a jurisdiction is no place of the panels, or could be two.
    """
    found = resolve(listed.rename(columns={"name": "place"}), known)
    unsure = found["geoid"].isna() | found["how"].isin(DOUBTFUL)
    if unsure.any():
        first = listed[unsure].iloc[0]
        raise UnknownPlaceError(
            f"{first['name']}, {first['state']} is no place of the panels, or could be two.",
            where=f"{lists.DOJ_2025}, row {first['row']}",
            remedy="Spell it as the Census Bureau does.",
        )
    table = found.assign(list_date=listed["list_date"], place=listed["name"])
    return typed(table.assign(place_id=table["kind"] + "-" + table["geoid"]), DojList)
