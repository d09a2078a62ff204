"""The list of places of 31 May 2025, against which tests hold the policy panels."""

from __future__ import annotations

import pandas as pd

_SUFFIX = r"^(?:city|town|village|borough) of | (?:city|town|village|borough)$"


def on_list_of_2025(policies: pd.DataFrame, listed: pd.DataFrame) -> pd.Series:
    """Return whether each policy's place stands on the list of 31 May 2025.

    The list was withdrawn within days and has known errors; a place missing from it may have ended its
    policy, or been left out. It dates nothing.

    Parameters
    ----------
    policies : pandas.DataFrame
        Panel ``policies``.
    listed : pandas.DataFrame
        As `sources.policy.read_dhs_list` returns it.

    Returns
    -------
    pandas.Series
        Boolean, with the index of `policies`. Counties are matched by code, states by state, cities by state
        and name without the legal suffix.
    """
    counties = set(listed.loc[listed["kind"] == "county", "fips"]) - {""}
    states = set(listed.loc[listed["kind"] == "state", "state"])
    cities = listed[listed["kind"] == "city"]
    named = set(zip(cities["state"], _plain(cities["name"]), strict=True))
    is_city = [pair in named for pair in zip(policies["state"], _plain(policies["place"]), strict=True)]
    on = policies["geoid"].isin(counties) & policies["kind"].eq("county")
    on |= policies["state"].isin(states) & policies["kind"].eq("state")
    return on | (pd.Series(is_city, index=policies.index) & policies["kind"].eq("city"))


def _plain(names: pd.Series) -> pd.Series:
    return names.str.lower().str.replace(_SUFFIX, "", regex=True).str.strip()
