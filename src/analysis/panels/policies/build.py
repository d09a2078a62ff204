"""Panel ``policies``: one row per place and definition, and its companions, from ``data/policies``.

``policy_rows`` keeps every row of the list with what became of it; ``state_bans``, ``undated_places`` and
``refused_votes`` are the list's smaller tables. None of them needs a raw file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa

from ...sources.policy import companions
from ...sources.policy.dated import files_of, read_rows
from ...sources.policy.hosts import HOSTS
from ...sources.policy.problems import raise_first
from ..columns import validate
from .crosscheck import EXCEPTIONS, place_problems, read_exceptions
from .gazetteer import committed_gazetteer
from .models import Policies, PolicyRows, RefusedVotes, StateBans, UndatedPlaces
from .rules import DEFINITIONS, absorbing_laws, classify, first_end, first_row, records, why_not_event_time

_PLACE = ["place_id", "place", "state", "kind", "geoid", "ori"]
_CARRIED = [
    *[*_PLACE, "adopted", "precision", "confidence", "basis", "content", "reach", "source_url"],
    *["is_upper_bound", "is_disputed", "is_unconfirmed", "reaffirms_older"],
]
#: Keys of each panel made of the list.
KEYS = {
    "policies": ["definition", "place_id"],
    "policy_rows": ["row"],
    "state_bans": ["state"],
    "undated_places": ["place_id"],
    "refused_votes": ["place_id", "voted"],
}
_GAZETTEER = ["places", "counties"]
_ROWS = [*files_of(), HOSTS, EXCEPTIONS, companions.STATE_BANS, companions.CITY_COUNTIES]


def _inputs(*names: str) -> list[str]:
    return [f"data/policies/{name}" for name in names]


#: What each is made of: files of the list, and the panels its codes are checked against.
INPUTS = {
    "policies": [*_inputs(*_ROWS), *_GAZETTEER],
    "policy_rows": [*_inputs(*_ROWS), *_GAZETTEER],
    "state_bans": _inputs(companions.STATE_BANS),
    "undated_places": [*_inputs(companions.UNDATED, EXCEPTIONS), *_GAZETTEER],
    "refused_votes": [*_inputs(companions.REFUSED, EXCEPTIONS), *_GAZETTEER],
}


def build_policies(
    known: pd.DataFrame | None = None, directory: Path | None = None
) -> dict[str, pd.DataFrame]:
    """Return the policy panels, validated, by name in the order of `KEYS`.

    Parameters
    ----------
    known : pandas.DataFrame, optional
        Every place there is (`gazetteer.gazetteer`); that of the committed panels when omitted.
    directory : pathlib.Path, optional
        Folder laid out as ``data/policies``; the project's own when omitted.

    Raises
    ------
    AnalysisError
        If a row of the list is wrong by itself, or its geoid, agency and name belong to different places; the
        error names the file and the row.
    """
    known = committed_gazetteer() if known is None else known
    rows = classify(checked_rows(known, directory))
    bans = state_bans_panel(companions.read_state_bans(directory))
    panel = policies_panel(rows, bans, companions.read_counties_inside(directory))
    return {
        "policies": panel,
        "policy_rows": rows_panel(rows, panel),
        "state_bans": bans,
        "undated_places": undated_panel(_checked(companions.read_undated(directory), known, directory)),
        "refused_votes": refused_panel(_checked(companions.read_refused_votes(directory), known, directory)),
    }


def checked_rows(known: pd.DataFrame, directory: Path | None = None) -> pd.DataFrame:
    """Return `dated.read_rows` with every place's geoid, agency and name held against each other."""
    return _checked(read_rows(directory), known, directory)


def _checked(rows: pd.DataFrame, known: pd.DataFrame, directory: Path | None) -> pd.DataFrame:
    given = rows if "ori" in rows else rows.assign(ori="")
    raise_first(place_problems(given, known, read_exceptions(directory)))
    return rows


def rows_without_policy(policy_rows: pd.DataFrame) -> dict[str, int]:
    """Return how many source rows date no policy of panel ``policies``, by reason."""
    lost = policy_rows.loc[~policy_rows["disposition"].str.startswith("dates a policy"), "disposition"]
    return {str(reason): int(count) for reason, count in lost.value_counts().items()}


def policies_panel(rows: pd.DataFrame, bans: pd.DataFrame, city_counties: pd.DataFrame) -> pd.DataFrame:
    """Return one row a place and definition after the rules of `policy_rules`.

    Parameters
    ----------
    rows : pandas.DataFrame
        Classified rows (`policy_rules.classify`).
    bans : pandas.DataFrame
        ``state`` and ``ban_year``.
    city_counties : pandas.DataFrame
        ``geoid`` and ``fips``: counties wholly inside one place.
    """
    places = _by_place(records(rows[~rows["is_not_policy"]]))
    panel = pd.DataFrame.from_records(
        [
            _record(group, places, definition)
            for definition in DEFINITIONS
            for place in sorted(places)
            if (group := _speaking(places[place], definition))
        ]
    )
    panel["state_ban_year"] = panel["state"].map(bans.set_index("state")["ban_year"]).astype("Int64")
    whole = city_counties.groupby("geoid")["fips"].agg(";".join)
    panel["counties"] = panel["geoid"].where(panel["kind"] == "county", panel["geoid"].map(whole))
    return typed(panel, Policies)


def rows_panel(rows: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """Return every source row with what became of it: one ``disposition`` each, so the counts add up."""
    dated = set(panel.loc[panel["in_event_time"], "dated_by_row"])
    flagged = set(panel["dated_by_row"]) - dated
    table = rows.assign(
        disposition=[_disposition(row, dated, flagged) for row in rows.itertuples()],
    )
    return typed(table, PolicyRows)


def state_bans_panel(bans: pd.DataFrame) -> pd.DataFrame:
    """Return the states that forbid local policies, with the year of force (missing when undated)."""
    return typed(bans.assign(ban_year=bans["effective_to"].dt.year.astype("Int64")), StateBans)


def undated_panel(undated: pd.DataFrame) -> pd.DataFrame:
    """Return the places lists name without a date; they are never clean controls."""
    return typed(_identified(undated), UndatedPlaces)


def refused_panel(votes: pd.DataFrame) -> pd.DataFrame:
    """Return the votes that refused a policy, one row per place and day."""
    return typed(_identified(votes), RefusedVotes)


def _identified(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(place_id=table["kind"] + "-" + table["geoid"])


def _by_place(rows: list[Any]) -> dict[str, list[Any]]:
    places: dict[str, list[Any]] = {}
    for row in rows:
        places.setdefault(row.place_id, []).append(row)
    return places


def _speaking(rows: list[Any], definition: str) -> list[Any]:
    """Rows of the definition's content; of a state that binds all its agencies, only the rows that do."""
    contents, since = DEFINITIONS[definition]
    kept = [row for row in rows if row.content in contents and row.adopted_to.year >= (since or 0)]
    return [row for row in kept if row.reach == "statewide"] or kept


def _record(group: list[Any], places: dict[str, list[Any]], definition: str) -> dict[str, Any]:
    usable = [row for row in group if row.is_usable]
    chosen = first_row(usable or group)
    end = first_end(group, chosen.adopted_from)
    absorbed, superseded = _laws_around(chosen, places, definition)
    why = why_not_event_time(group, chosen, absorbed)
    if chosen.reach in {"state agencies", "none"}:
        why = why or "binds no local agency"
    return {
        **{name: getattr(chosen, name) for name in _CARRIED},
        "definition": definition,
        "adopted_year": chosen.adopted_to.year,
        "ended": None if end is None else end.ended,
        "ended_year": pd.NA if end is None else end.ended_to.year,
        "in_event_time": not why,
        "excluded_because": why,
        "has_older": _has_older(places[chosen.place_id], chosen, definition),
        "n_rows_considered": len(group),
        "n_rows_usable": len(usable),
        "dated_by_row": chosen.row,
        "absorbed_by": absorbed,
        "superseded_by": superseded,
    }


def _laws_around(chosen: Any, places: dict[str, list[Any]], definition: str) -> tuple[str, str]:
    if chosen.kind == "state":
        return "", ""
    laws = absorbing_laws(places.get(f"state-{chosen.geoid[:2]}", []), definition)
    before = [law for law in laws if law.adopted_to < chosen.adopted_from]
    after = [law for law in laws if law.adopted_from > chosen.adopted_to]
    return _law_name(before), _law_name(after)


def _law_name(laws: list[Any]) -> str:
    return f"{laws[0].place_id}@{laws[0].adopted}" if laws else ""


def _has_older(rows: list[Any], chosen: Any, definition: str) -> bool:
    contents, _ = DEFINITIONS[definition]
    return any(row.content in contents and row.adopted_to < chosen.adopted_from for row in rows)


def _disposition(row: Any, dated: set[int], flagged: set[int]) -> str:
    if row.is_not_policy:
        return "not a policy"
    if row.row in dated:
        return "dates a policy"
    if row.row in flagged:
        return "dates a policy outside event time"
    if row.confidence == "low":
        return "low confidence"
    return "later or further source" if row.is_year_certain else "start unknown"


def typed(frame: pd.DataFrame, model: type[pa.DataFrameModel]) -> pd.DataFrame:
    """Return the columns of a model in its order and types, empty text as missing, validated."""
    names = list(model.to_schema().columns)
    dtypes = {name: str(part.dtype) for name, part in model.to_schema().columns.items()}
    table = frame[names].reset_index(drop=True).replace("", pd.NA)
    return validate(table.astype(dtypes), model)
