"""Dated policies by place, every source row with what became of it, and the definitions they date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .compact import records

#: Columns of the panel of source rows that a reader is shown, where the panel has them.
_ROWS = (
    *["row", "content", "reach", "instrument", "basis", "adopted", "precision", "ended", "confidence"],
    *["is_upper_bound", "is_disputed", "is_unconfirmed", "reaffirms_older", "disposition"],
    *["source_type", "source_title", "source_url", "archived_url"],
)
_DATES = ("definition", "adopted", "adopted_year", "ended", "ended_year", "in_event_time", "excluded_because")
_COVERED = ("absorbed_by", "superseded_by")


def policies_of(panels: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return ``places`` (by place id: name, codes, source rows, dates) and ``bans`` (by state).

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        ``policy_rows``, ``policies``, ``undated_places`` and ``state_bans``.
    """
    places: dict[str, dict[str, Any]] = {}
    for name, columns, key in (("policy_rows", _ROWS, "rows"), ("policies", (*_DATES, *_COVERED), "dates")):
        for place_id, rows in panels[name].groupby("place_id", sort=True):
            place = places.setdefault(str(place_id), _about(rows))
            place[key] = [_without_false(one) for one in records(rows[_present(rows, columns)])]
    for place_id, rows in panels["undated_places"].groupby("place_id", sort=True):
        place = places.setdefault(str(place_id), _about(rows))
        place["lists"] = records(rows[["list", "list_date", "source"]])
    bans = {str(row["state"]): row for row in records(panels["state_bans"])}
    return {"places": places, "bans": bans}


def _about(rows: pd.DataFrame) -> dict[str, Any]:
    return records(rows[["place", "state", "kind", "geoid", "ori"]].head(1))[0]


def _present(rows: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    return [name for name in columns if name in rows.columns]


def _without_false(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not False}
