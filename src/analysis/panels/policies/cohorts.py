"""Treatment from the policy panels: cohorts, statewide laws, and which places are clean controls."""

from __future__ import annotations

import pandas as pd

from ...errors import UnknownPlaceError
from .rules import DEFINITIONS, absorbs

#: First year of exposure of a place whose start is unknown: it is never a clean control.
ALWAYS = 0
_KEPT = [
    *["place_id", "place", "state", "geoid", "ori", "cohort", "ended_year", "confidence", "basis", "adopted"],
    *["in_event_time", "excluded_because", "is_disputed", "is_unconfirmed", "reaffirms_older", "has_older"],
    *["state_ban_year", "absorbed_by", "superseded_by"],
]


def cohorts(
    policies: pd.DataFrame,
    definition: str,
    *,
    unit: str = "city",
    include_state_laws: bool = False,
    first: int | None = None,
    last: int | None = None,
    event_time_only: bool = True,
) -> pd.DataFrame:
    """Return the treated places of one definition with the year they adopted.

    Parameters
    ----------
    policies : pandas.DataFrame
        Panel ``policies``.
    definition : str
        One of `policy_rules.DEFINITIONS`.
    unit : {"city", "county"}
        Counties include those a city covers whole (``from_city``): New York's five, San Francisco, Denver.
    include_state_laws : bool, default False
        Where a statewide law of the same content came first, date the place by the law instead of leaving it
        out as absorbed (``dated_by`` says which). Places without a policy of their own are treated through
        `assign_treatment`.
    first, last : int, optional
        Years of adoption to keep, both included.
    event_time_only : bool, default True
        Leave out places whose date cannot serve event time. They are not clean controls either.

    Returns
    -------
    pandas.DataFrame
        One row a place (county: ``fips``), sorted by its code: ``cohort`` (calendar year), ``ended_year``
        (missing while none is known), ``dated_by`` (``local``, ``state law``) and the panel's flags.

    Raises
    ------
    UnknownPlaceError
        If the definition or unit is unknown.
    """
    local = _of(policies, definition, unit).rename(columns={"adopted_year": "cohort"})
    local["dated_by"] = "local"
    if include_state_laws:
        local = _dated_by_law(local, state_laws(policies, definition))
    if unit == "county":
        local = _by_county(local)
    kept = local["cohort"].between(first if first is not None else 0, last if last is not None else 9999)
    if event_time_only:
        kept &= local["in_event_time"]
    key = "fips" if unit == "county" else "geoid"
    columns = ([key, "from_city"] if unit == "county" else []) + [*_KEPT, "dated_by"]
    return local.loc[kept, columns].sort_values(key).reset_index(drop=True)


def state_laws(policies: pd.DataFrame, definition: str) -> pd.DataFrame:
    """Return the statewide laws of one definition, one row a state.

    Returns
    -------
    pandas.DataFrame
        ``state``, ``cohort`` (first year in force), ``adopted``, ``content``, ``in_event_time`` (False for a
        practice of low confidence), ``source_url``. All places of the state are treated from then on.
    """
    _known(definition)
    rows = policies[
        policies["definition"].eq(definition)
        & policies["kind"].eq("state")
        & policies["reach"].eq("statewide")
    ]
    rows = rows[rows["content"].isin(absorbs(definition))].rename(columns={"adopted_year": "cohort"})
    columns = ["state", "cohort", "adopted", "content", "in_event_time", "source_url"]
    return rows[columns].sort_values("state").reset_index(drop=True)


def exposure(policies: pd.DataFrame, undated: pd.DataFrame, *, unit: str = "city") -> pd.DataFrame:
    """Return the first year in which each listed place may have been limited, whatever the definition.

    A place that any row or list names, however doubtful, is a clean control only before that year; with an
    unknown start, never.

    Parameters
    ----------
    policies, undated : pandas.DataFrame
        Panels ``policies`` and ``undated_places``.
    unit : {"city", "county"}

    Returns
    -------
    pandas.DataFrame
        One row a place: ``geoid`` or ``fips``, ``exposed_from`` (year; `ALWAYS` when the start is unknown;
        missing for symbolic acts alone), ``symbolic_from`` (year of the first symbolic act, likewise).
    """
    key = "fips" if unit == "county" else "geoid"
    limits, symbols = (_first_years(_of(policies, d, unit), unit) for d in ("any_limit", "symbolic"))
    listed = undated[undated["kind"] == unit].assign(year=ALWAYS).rename(columns={"geoid": key})
    limits = pd.concat([limits, listed.set_index(key)["year"]]).groupby(level=0).min()
    table = pd.DataFrame({"exposed_from": limits, "symbolic_from": symbols}).astype("Int64")
    return table.rename_axis(key).sort_index().reset_index()


def assign_treatment(
    units: pd.DataFrame,
    policies: pd.DataFrame,
    undated: pd.DataFrame,
    definition: str,
    *,
    unit: str = "city",
    include_state_laws: bool = False,
) -> pd.DataFrame:
    """Return every unit with its cohort and the year until which it is a clean control.

    Parameters
    ----------
    units : pandas.DataFrame
        One row a place: ``state`` (USPS) and ``geoid`` (city, seven digits) or ``fips`` (county).
    policies, undated : pandas.DataFrame
        Panels ``policies`` and ``undated_places``.
    definition : str
        One of `policy_rules.DEFINITIONS`.
    unit : {"city", "county"}
    include_state_laws : bool, default False
        Whether a statewide law treats every place of its state.

    Returns
    -------
    pandas.DataFrame
        `units` in their order with ``cohort`` (missing: never treated by a usable date), ``ended_year``,
        ``in_event_time``, ``excluded_because``, ``dated_by``, ``exposed_from`` and ``symbolic_from`` (see
        `exposure`; statewide laws of any content count). A unit is a clean control in year t when
        ``exposed_from`` is missing or greater than t.

    Raises
    ------
    UnknownPlaceError
        If the definition or unit is unknown, or a unit occurs twice.
    """
    key = "fips" if unit == "county" else "geoid"
    if units[key].duplicated().any():
        raise UnknownPlaceError(
            f"{key} {units.loc[units[key].duplicated(), key].iloc[0]} occurs twice in units."
        )
    own = cohorts(
        policies, definition, unit=unit, include_state_laws=include_state_laws, event_time_only=False
    )[[key, "cohort", "ended_year", "in_event_time", "excluded_because", "dated_by"]]
    table = units.merge(own, on=key, how="left", validate="one_to_one")
    table = table.merge(exposure(policies, undated, unit=unit), on=key, how="left", validate="one_to_one")
    table["in_event_time"] = table["in_event_time"].eq(True)
    table["cohort"] = table["cohort"].astype("Int64").where(table["in_event_time"])
    if include_state_laws:
        table = _treated_by_law(table, state_laws(policies, definition))
    anywhere = state_laws(policies, "any_limit").set_index("state")["cohort"].astype("Int64")
    table["exposed_from"] = _earlier(table["exposed_from"], table["state"].map(anywhere))
    table["in_event_time"] = table["in_event_time"].astype(bool)
    table.index = units.index
    return table


def _of(policies: pd.DataFrame, definition: str, unit: str) -> pd.DataFrame:
    _known(definition)
    if unit not in {"city", "county"}:
        raise UnknownPlaceError(f"Unit {unit!r} is neither 'city' nor 'county'.")
    rows = policies[policies["definition"] == definition]
    if unit == "city":
        return rows[rows["kind"] == "city"].copy()
    return rows[rows["kind"].isin(["city", "county"]) & rows["counties"].notna()].copy()


def _known(definition: str) -> None:
    if definition not in DEFINITIONS:
        raise UnknownPlaceError(f"No definition {definition!r}.", remedy=f"One of {', '.join(DEFINITIONS)}.")


def _by_county(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a county; of a county's and its city's policy the one in event time, then the earlier."""
    each = rows.assign(fips=rows["counties"].str.split(";"), from_city=rows["kind"].eq("city")).explode(
        "fips"
    )
    each = each.sort_values(
        ["fips", "in_event_time", "cohort", "from_city"], ascending=[True, False, True, True]
    )
    first = each.drop_duplicates("fips").copy()
    doubtful = each[~each["in_event_time"] & each["dated_by"].eq("local")].groupby("fips")["cohort"].min()
    older = first["fips"].map(doubtful) < first["cohort"]
    first.loc[older & first["in_event_time"], "excluded_because"] = "earlier doubtful row"
    first.loc[older, "in_event_time"] = False
    return first


def _dated_by_law(local: pd.DataFrame, laws: pd.DataFrame) -> pd.DataFrame:
    sure = laws[laws["in_event_time"]].set_index("state")["cohort"]
    law = local["state"].map(sure)
    covered = local["excluded_because"].eq("absorbed by state law").fillna(False) & law.notna()
    local.loc[covered, "cohort"] = law[covered].astype("int64")
    local["dated_by"] = local["dated_by"].mask(covered, "state law")
    local["excluded_because"] = local["excluded_because"].mask(covered)
    local["in_event_time"] |= covered.astype(bool)
    return local


def _treated_by_law(table: pd.DataFrame, laws: pd.DataFrame) -> pd.DataFrame:
    law = table["state"].map(laws[laws["in_event_time"]].set_index("state")["cohort"]).astype("Int64")
    doubtful = table["excluded_because"].notna()
    first = law.notna() & ~doubtful & (table["cohort"].isna() | (law < table["cohort"]).fillna(False))
    table.loc[first, "cohort"] = law[first]
    table["dated_by"] = table["dated_by"].mask(first, "state law")
    table["in_event_time"] |= first
    return table


def _first_years(rows: pd.DataFrame, unit: str) -> pd.Series:
    unknown = rows["excluded_because"].isin(["low confidence", "start unknown", "earlier doubtful row"])
    years = rows["adopted_year"].where(~unknown, ALWAYS)
    if unit == "city":
        return years.set_axis(rows["geoid"]).groupby(level=0).min()
    each = rows.assign(year=years, fips=rows["counties"].str.split(";")).explode("fips")
    return each.groupby("fips")["year"].min()


def _earlier(one: pd.Series, other: pd.Series) -> pd.Series:
    both = pd.concat([one.astype("Int64"), other.astype("Int64")], axis=1)
    return both.min(axis=1).astype("Int64")
