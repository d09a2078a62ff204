"""Models of the policy panels; the columns' meanings stand in ``codebook/policy.csv``."""

from __future__ import annotations

from ..columns import panel_model

_PLACE = ["place_id", "place", "state", "kind", "geoid", "ori"]

Policies = panel_model(
    "Policies",
    [
        *_PLACE,
        *["counties", "definition", "adopted", "adopted_year", "precision", "ended", "ended_year"],
        *[
            "confidence",
            "is_upper_bound",
            "in_event_time",
            "excluded_because",
            "is_disputed",
            "is_unconfirmed",
        ],
        *["reaffirms_older", "has_older", "content", "reach", "basis", "absorbed_by", "superseded_by"],
        *["state_ban_year", "n_rows_considered", "n_rows_usable", "dated_by_row", "source_url"],
    ],
    keys=["definition", "place_id"],
    nullable=["ori", "ended", "ended_year", "state_ban_year"],
    doc="One row a place and definition: when such a policy began, how surely, and what covers it.",
)
PolicyRows = panel_model(
    "PolicyRows",
    [
        *["row", *_PLACE, "content", "reach", "instrument", "basis", "adopted", "precision", "ended"],
        *["confidence", "is_upper_bound", "is_disputed", "is_unconfirmed", "reaffirms_older"],
        *["disposition", "source_url", "source_type", "aggregator", "primary_source", "further_sources"],
        "archived_url",
    ],
    keys=["row"],
    nullable=["ori", "ended"],
    doc="Every row of the list of dated policies, and what became of it.",
)
StateBans = panel_model(
    "StateBans",
    ["state", "effective", "ban_year", "law", "source"],
    keys=["state"],
    nullable=["ban_year"],
    doc="States whose law forbids local sanctuary policies.",
)
SecureCommunities = panel_model(
    "SecureCommunities",
    ["fips", "activated", "activated_year", "activated_statewide"],
    keys=["fips"],
    doc="Day Secure Communities was activated in each county.",
)
UndatedPlaces = panel_model(
    "UndatedPlaces",
    [*_PLACE, "list", "list_date", "source"],
    keys=["place_id"],
    nullable=["ori"],
    doc="Places that lists name as sanctuaries without a date; never clean controls.",
)
RefusedVotes = panel_model(
    "RefusedVotes",
    ["place_id", "place", "state", "kind", "geoid", "voted", "what", "source_url", "source_type"],
    keys=["place_id", "voted"],
    doc="Votes in which a council refused a policy: neither an adoption nor a clean control.",
)
DojList = panel_model(
    "DojList",
    ["place_id", "place", "state", "kind", "geoid", "list_date"],
    keys=["place_id"],
    required=["list_date"],
    doc="Sanctuary jurisdictions of the Department of Justice's list of 5 August 2025; it dates nothing.",
)
