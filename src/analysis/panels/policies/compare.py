"""Two lists held against each other, place by place and date by date."""

from __future__ import annotations

from typing import Any

import pandas as pd

#: What may be said of a place and definition in two lists.
BOTH, DATES_DIFFER, ONLY_FIRST, ONLY_SECOND = "same year", "years differ", "first only", "second only"
_TOLD = ["adopted", "adopted_year", "in_event_time", "excluded_because", "source_url"]


def compare_lists(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return every place and definition of either list, and what becomes of it.

    Parameters
    ----------
    first, second : pandas.DataFrame
        Panels ``policies`` made of the two lists.

    Returns
    -------
    pandas.DataFrame
        One row per definition and place, sorted by them: ``definition, place_id, place, state, kind``, and of
        either list ``adopted``, ``adopted_year``, ``in_event_time``, ``excluded_because``, ``source_url``
        (with the endings ``_first`` and ``_second``, missing where a list has no such place), ``status`` (one
        of `BOTH`, `DATES_DIFFER`, `ONLY_FIRST`, `ONLY_SECOND`) and ``years_later`` (second less first). A
        city that both lists know by its agency but code differently is one place.
    """
    sides = [_side(first), _side(second)]
    table = sides[0].merge(sides[1], on=["definition", "match"], how="outer", suffixes=("_first", "_second"))
    for name in ("place_id", "place", "state", "kind"):
        table[name] = table[f"{name}_first"].fillna(table[f"{name}_second"])
    table["years_later"] = (table["adopted_year_second"] - table["adopted_year_first"]).astype("Int64")
    rows: Any = table.to_dict("records")
    table["status"] = [_status(row) for row in rows]
    told = [f"{name}_{side}" for side in ("first", "second") for name in _TOLD]
    columns = ["definition", "place_id", "place", "state", "kind", "status", "years_later", *told]
    return table[columns].sort_values(["definition", "place_id"], ignore_index=True)


def tally(compared: pd.DataFrame) -> pd.DataFrame:
    """Return how many places stand in both lists, in one, or under other years, per definition."""
    counts = compared.groupby(["definition", "status"]).size().unstack(fill_value=0)
    return counts.reindex(columns=[BOTH, DATES_DIFFER, ONLY_FIRST, ONLY_SECOND], fill_value=0).reset_index()


def intersection(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return both panels together, where only places that both have treat, dated by the first.

    A place that one list alone names treats nobody and is never a clean control.
    """
    both = _keys(first) & _keys(second)
    table = union(first, second)
    alone = pd.Series([key not in both for key in _pairs(table)], index=table.index)
    table.loc[alone, "in_event_time"] = False
    table.loc[alone, "excluded_because"] = "start unknown"
    return table


def union(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return the first panel and those rows of the second whose place and definition it lacks."""
    known = _keys(first)
    new = [key not in known for key in _pairs(second)]
    return pd.concat([first, second[new]], ignore_index=True)


def _keys(policies: pd.DataFrame) -> set[tuple[str, str]]:
    return set(_pairs(policies))


def _pairs(policies: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(policies["definition"], _match(policies), strict=True))


def _match(policies: pd.DataFrame) -> pd.Series:
    agency = policies["ori"].where(policies["kind"].eq("city"))
    return agency.fillna(policies["place_id"])


def _side(policies: pd.DataFrame) -> pd.DataFrame:
    kept = policies[["definition", "place_id", "place", "state", "kind", *_TOLD]].assign(
        match=_match(policies)
    )
    kept["adopted_year"] = kept["adopted_year"].astype("Int64")
    return kept.drop_duplicates(["definition", "match"])


def _status(row: dict[str, Any]) -> str:
    if pd.isna(row["place_id_second"]):
        return ONLY_FIRST
    if pd.isna(row["place_id_first"]):
        return ONLY_SECOND
    return BOTH if row["adopted_year_first"] == row["adopted_year_second"] else DATES_DIFFER
