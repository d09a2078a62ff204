"""Panel ``policies``: one row a place and definition, and its companions.

``policy_rows`` keeps every row of the source with what became of it, ``state_bans``, ``secure_communities``
and ``undated_places`` what the other files say. No text of a note is carried; ``basis`` is a code of ours.
"""

from __future__ import annotations

import pandas as pd

from ...errors import UnknownPlaceError
from ...sources.census.crosswalk import AGENCY_CROSSWALK, PLACE_COUNTIES, read_agency_crosswalk
from ...sources.county.city_counties import read_city_counties
from ...sources.policy import lists as policy
from ...sources.policy.notes import without_quotations
from ..columns import validate
from .models import Policies, PolicyRows, SecureCommunities, StateBans, UndatedPlaces
from .rules import DEFINITIONS, absorbing_laws, classify, first_end, first_row, records, why_not_event_time

_PLACE = ["place_id", "place", "state", "kind", "geoid", "ori"]
_CARRIED = [
    *[*_PLACE, "adopted", "precision", "confidence", "basis", "content", "reach", "source_url"],
    *["is_upper_bound", "is_disputed", "is_unconfirmed", "reaffirms_older"],
]
#: Keys and inputs of each policy panel.
KEYS = {
    "policies": ["definition", "place_id"],
    "policy_rows": ["row"],
    "state_bans": ["state"],
    "secure_communities": ["fips"],
    "undated_places": ["place_id"],
}
INPUTS = {
    "policies": [policy.ADOPTIONS, policy.STATE_BANS, PLACE_COUNTIES],
    "policy_rows": [policy.ADOPTIONS, policy.STATE_BANS, PLACE_COUNTIES],
    "state_bans": [policy.STATE_BANS],
    "secure_communities": [policy.SECURE_COMMUNITIES],
    "undated_places": [policy.UNDATED, policy.ADOPTIONS, AGENCY_CROSSWALK],
}


def build_policies() -> dict[str, pd.DataFrame]:
    """Return the five policy panels, validated, by name in the order of `KEYS`."""
    rows = classify(policy.read_adoptions())
    bans = state_bans_panel(policy.read_state_bans())
    panel = policies_panel(rows, bans, read_city_counties())
    return {
        "policies": panel,
        "policy_rows": rows_panel(rows, panel),
        "state_bans": bans,
        "secure_communities": secure_communities_panel(policy.read_secure_communities()),
        "undated_places": undated_panel(policy.read_undated(), rows, read_agency_crosswalk()),
    }


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
    return _typed(panel, Policies)


def rows_panel(rows: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """Return every source row with what became of it: one ``disposition`` each, so the counts add up."""
    dated = set(panel.loc[panel["in_event_time"], "dated_by_row"])
    flagged = set(panel["dated_by_row"]) - dated
    table = rows.assign(
        instrument=rows["instrument"].map(without_quotations),
        disposition=[_disposition(row, dated, flagged) for row in rows.itertuples()],
    )
    return _typed(table, PolicyRows)


def policy_ledger(policy_rows: pd.DataFrame) -> pd.DataFrame:
    """Return how many source rows went where, by content and disposition; ``rows`` sums to all rows read."""
    return policy_rows.groupby(["content", "disposition"], as_index=False).agg(rows=("row", "count"))


def state_bans_panel(bans: pd.DataFrame) -> pd.DataFrame:
    """Return the states that forbid local policies, with the year of force (missing when undated)."""
    return _typed(bans.assign(ban_year=bans["effective_to"].dt.year.astype("Int64")), StateBans)


def secure_communities_panel(dates: pd.DataFrame) -> pd.DataFrame:
    """Return the day and year Secure Communities began, one row a county."""
    table = dates.assign(activated_year=dates["activated"].dt.year.astype("int64"))
    for column in ("activated", "activated_statewide"):
        table[column] = table[column].dt.strftime("%Y-%m-%d")
    return _typed(table.sort_values("fips"), SecureCommunities)


def undated_panel(undated: pd.DataFrame, rows: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """Return the places lists name without a date, with their codes; they are never clean controls.

    Raises
    ------
    UnknownPlaceError
        If a place has no code in the adoptions nor in the agency crosswalk.
    """
    codes = pd.concat([_codes_of_rows(rows), _codes_of_agencies(agencies)])
    codes = codes.drop_duplicates(["kind", "state", "key"])
    table = undated.assign(key=undated["place"].str.lower()).merge(
        codes, on=["kind", "state", "key"], how="left", validate="one_to_one"
    )
    if table["geoid"].isna().any():
        first = table[table["geoid"].isna()].iloc[0]
        raise UnknownPlaceError(
            f"{first['place']}, {first['state']} has no code.",
            where=f"{policy.UNDATED}, row {first['row']}",
            remedy="Spell it as the agency crosswalk does.",
        )
    return _typed(table.assign(place_id=table["kind"] + "-" + table["geoid"]), UndatedPlaces)


def _by_place(rows: list) -> dict[str, list]:
    places: dict[str, list] = {}
    for row in rows:
        places.setdefault(row.place_id, []).append(row)
    return places


def _speaking(rows: list, definition: str) -> list:
    """Rows of the definition's content; of a state that binds all its agencies, only the rows that do."""
    contents, since = DEFINITIONS[definition]
    kept = [row for row in rows if row.content in contents and row.adopted_to.year >= (since or 0)]
    return [row for row in kept if row.reach == "statewide"] or kept


def _record(group: list, places: dict[str, list], definition: str) -> dict:
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


def _laws_around(chosen, places: dict[str, list], definition: str) -> tuple[str, str]:
    if chosen.kind == "state":
        return "", ""
    laws = absorbing_laws(places.get(f"state-{chosen.geoid[:2]}", []), definition)
    before = [law for law in laws if law.adopted_to < chosen.adopted_from]
    after = [law for law in laws if law.adopted_from > chosen.adopted_to]
    return _law_name(before), _law_name(after)


def _law_name(laws: list) -> str:
    return f"{laws[0].place_id}@{laws[0].adopted}" if laws else ""


def _has_older(rows: list, chosen, definition: str) -> bool:
    contents, _ = DEFINITIONS[definition]
    return any(row.content in contents and row.adopted_to < chosen.adopted_from for row in rows)


def _disposition(row, dated: set[int], flagged: set[int]) -> str:
    if row.is_not_policy:
        return "not a policy"
    if row.row in dated:
        return "dates a policy"
    if row.row in flagged:
        return "dates a policy outside event time"
    if row.confidence == "low":
        return "low confidence"
    return "later or further source" if row.is_year_certain else "start unknown"


def _codes_of_rows(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(key=rows["place"].str.lower())[["kind", "state", "key", "geoid", "ori"]]


def _codes_of_agencies(agencies: pd.DataFrame) -> pd.DataFrame:
    police = agencies[agencies["agency_type"].eq("local police department") & agencies["ori"].notna()]
    sheriffs = agencies[agencies["agency_type"].eq("sheriffs office")]
    city = police.assign(
        kind="city",
        geoid=police["place_fips"],
        key=_stem(police["government"], r" (?:city|town|village|borough|township)$"),
    )
    county = sheriffs.assign(
        kind="county", geoid=sheriffs["county_fips"], ori="", key=_stem(sheriffs["government"], " county$")
    )
    both = pd.concat([city, county])[["kind", "state", "key", "geoid", "ori"]]
    return both[both["geoid"].notna()]


def _stem(names: pd.Series, suffix: str) -> pd.Series:
    return names.fillna("").str.lower().str.replace(suffix, "", regex=True)


def _typed(frame: pd.DataFrame, model) -> pd.DataFrame:
    names = list(model.to_schema().columns)
    dtypes = {name: str(part.dtype) for name, part in model.to_schema().columns.items()}
    table = frame[names].reset_index(drop=True).replace("", pd.NA)
    return validate(table.astype(dtypes), model)
