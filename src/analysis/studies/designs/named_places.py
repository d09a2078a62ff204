"""Which places anything names: the code by which policy panels know an agency, and whether by a year."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

#: Agencies an author of Gonzalez O'Brien et al. names as treated, without a date that could be read: never
#: controls. St. Louis (insidehighered.com, node 57178; row `uar_prepost_st_louis` of `uar2017.csv`).
NAMED_BY_AUTHORS = ("MOSPD0000",)


def policy_codes(policies: pd.DataFrame, undated: pd.DataFrame, oris: pd.Series) -> pd.Series:
    """Return the code by which the policy panels name each agency's place; for a few towns it is another."""
    rows = pd.concat([table.loc[table["kind"].eq("city"), ["ori", "geoid"]] for table in (policies, undated)])
    codes = rows.dropna().sort_values(["ori", "geoid"]).drop_duplicates("ori").set_index("ori")["geoid"]
    return oris.map(codes.astype(object))


def is_named(table: pd.DataFrame, year: int, by_authors: Sequence[str] = NAMED_BY_AUTHORS) -> pd.Series:
    """Return whether a policy, symbolic act, law, list or author names each place up to and including a year.

    Parameters
    ----------
    table : pandas.DataFrame
        ``ori``, and ``exposed_from`` and ``symbolic_from`` of `assign_treatment`.
    year : int
    by_authors : sequence of str, optional
        Agencies that an author names without a date.
    """
    by_year = table[["exposed_from", "symbolic_from"]].le(year).fillna(False).any(axis=1)
    return by_year.astype(bool) | table["ori"].isin(list(by_authors))
