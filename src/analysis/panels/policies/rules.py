"""The rules that turn dated rows into one policy a place and definition, each a small function.

1. A row speaks for the definitions of its class (`DEFINITIONS`); statewide laws by `state_law_scope.csv`.
2. A row is *usable* when its confidence is high or medium and the year of its start is certain: no upper
   bound, or one whose source gives a window inside one calendar year.
3. The date of a policy is that of the usable row by whose last possible day the policy is first sure to be in
   force; so the day beats the month and the month the year when they speak of the same adoption.
4. Where no row is usable the first row stands, flagged, and the place takes no part in event time; so it is
   when a row that is not usable names an earlier year than the first usable one.
5. An end closes what began before it; a policy taken up again within a year of its end did not end.
6. A local policy begun after a statewide law of the same content is absorbed by that law.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from ...errors import LayoutError
from ...sources.periods import parse_period

#: Classes of rows that speak for a definition, and the first year it counts (None: any).
DEFINITIONS: dict[str, tuple[frozenset[str], int | None]] = {
    "status_inquiry": (frozenset({"status_inquiry", "both"}), None),
    "detainers": (frozenset({"detainers", "both"}), None),
    "any_limit": (frozenset({"status_inquiry", "detainers", "both"}), None),
    "first_instrument_since_2002": (frozenset({"status_inquiry", "both"}), 2002),
    "first_limit_since_2002": (frozenset({"status_inquiry", "detainers", "both"}), 2002),
    "symbolic": (frozenset({"symbolic"}), None),
}
#: A statewide law absorbs local policies of the same content; symbolic acts are absorbed by none.
_ABSORBING = {
    name: contents if name != "symbolic" else frozenset() for name, (contents, _) in DEFINITIONS.items()
}
_CLASSES = {
    "forbids_status_inquiry": "status_inquiry",
    "declines_detainers": "detainers",
    "both": "both",
    "other/unknown": "symbolic",
}
_RANK = {"high": 0, "medium": 1, "low": 2}
_ONE_YEAR = pd.Timedelta(days=365)


def classify(
    rows: pd.DataFrame, *, scope: Mapping[tuple[str, str, str], Mapping[str, str]] | None = None
) -> pd.DataFrame:
    """Return the rows with place codes, their class, and for states the reach and the day of force.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `sources.policy.dated.read_rows` returns them.
    scope : mapping, optional
        What each row of a state binds and says, by state, class and date; `state_law_scope` when omitted.

    Returns
    -------
    pandas.DataFrame
        With ``place_id``, ``ori`` (missing for counties and states), ``content`` (``status_inquiry``,
        ``detainers``, ``both``, ``symbolic``), ``reach`` (``local``, ``statewide``, ``state agencies``,
        ``none``), ``is_usable``; the dates of statewide laws are those of their force.

    Raises
    ------
    LayoutError
        If a row of a state has no line in `state_law_scope.csv`.
    """
    rows = rows.assign(
        ori=rows["ori"].replace("", pd.NA).astype("str"),
        content=rows["policy_type"].map(_CLASSES),
        reach="local",
    )
    rows["place_id"] = rows["kind"] + "-" + rows["geoid"]
    rows = _scoped(rows, state_law_scope() if scope is None else scope)
    rows["is_usable"] = (
        rows["confidence"].isin(["high", "medium"]) & rows["is_year_certain"] & ~rows["is_not_policy"]
    )
    return rows


def records(rows: pd.DataFrame) -> list[Any]:
    """Return classified rows as plain tuples with names, which the rules below read one place at a time."""
    return list(rows.itertuples(index=False))


def first_row(rows: Sequence[Any]) -> Any:
    """Return the row that dates a policy: the earliest sure start, then the surest, then the first listed."""
    return min(rows, key=lambda row: (row.adopted_to, _RANK[row.confidence], row.row))


def first_end(rows: Sequence[Any], start: pd.Timestamp) -> Any:
    """Return the row whose end closes the policy in force from `start`, or None.

    An end closes everything begun before it. When another row begins within a year after the end the policy
    goes on.
    """
    ends = sorted((row for row in rows if row.ended_to >= start), key=lambda row: (row.ended_to, row.row))
    return next((end for end in ends if not any(_goes_on(row, end) for row in rows)), None)


def why_not_event_time(rows: Sequence[Any], chosen: Any, absorbed_by: str) -> str:
    """Return why a place takes no part in event time, or the empty string when it does."""
    if chosen.confidence == "low":
        return "low confidence"
    if not chosen.is_year_certain:
        return "start unknown"
    if absorbed_by:
        return "absorbed by state law"
    doubtful = (row.adopted_to.year for row in rows if not row.is_usable)
    return "earlier doubtful row" if any(year < chosen.adopted_to.year for year in doubtful) else ""


def absorbs(definition: str) -> frozenset[str]:
    """Return what a statewide law may contain to absorb local policies under a definition."""
    return _ABSORBING[definition]


def absorbing_laws(states: Sequence[Any], definition: str) -> list[Any]:
    """Return the usable statewide rows whose content absorbs local policies under a definition, by day."""
    kept = [
        row
        for row in states
        if row.is_usable and row.reach == "statewide" and row.content in absorbs(definition)
    ]
    return sorted(kept, key=lambda row: (row.adopted_from, row.row))


@cache
def state_law_scope() -> dict[tuple[str, str, str], dict[str, str]]:
    """Return what each row of a state binds and says, by state, class and printed date."""
    text = files(__package__).joinpath("state_law_scope.csv").read_text("utf-8")
    lines = csv.DictReader(text.splitlines())
    return {(line["state"], line["policy_type"], line["adopted"]): line for line in lines}


def _goes_on(row: Any, end: Any) -> bool:
    return bool(pd.Timedelta(0) <= row.adopted_from - end.ended_from < _ONE_YEAR)


def _scoped(rows: pd.DataFrame, scope: Mapping[tuple[str, str, str], Mapping[str, str]]) -> pd.DataFrame:
    state = rows["kind"].eq("state")
    keys = list(zip(rows["state"], rows["policy_type"], rows["adopted"], strict=True))
    known = pd.Series([key in scope for key in keys], index=rows.index)
    if (state & ~known).any():
        first = rows[state & ~known].iloc[0]
        raise LayoutError(
            f"The law of {first['place']} of {first['adopted']} has no line on what it binds.",
            where=f"{first['file']}, row {first['row']}",
            remedy="Add a line to panels/policies/state_law_scope.csv.",
        )
    stated = [(index, key) for index, key, law in zip(rows.index, keys, state, strict=True) if law]
    for index, key in stated:
        rows = _with_scope(rows, index, scope[key])
    return rows


def _with_scope(rows: pd.DataFrame, index: Any, line: Mapping[str, str]) -> pd.DataFrame:
    rows.loc[index, "reach"] = line["reach"]
    if line["scope"]:
        rows.loc[index, "content"] = line["scope"]
    if line["in_force"]:
        period = parse_period(line["in_force"], where=f"state_law_scope.csv, {line['state']}")
        dates = [pd.Timestamp(period.earliest), pd.Timestamp(period.latest)]
        rows.loc[index, ["adopted_from", "adopted_to"]] = dates
        rows.loc[index, ["adopted", "precision"]] = [line["in_force"], period.precision]
    return rows
