"""The headline designs on parts of the list: without advocacy sources, and without upper bounds of dates.

A row whose source takes a side is left out with all it says; a place that only such rows name is neither
treated nor a comparison. Where the date of a policy is an upper bound, the policy may be older: the place is
then not treated, and never a comparison either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...panels.policies.build import KEYS, policies_panel, state_bans_panel
from ...panels.policies.rules import classify
from ...panels.store import load
from ...results import remembered, stored
from ...sources.policy import companions
from ...sources.policy.dated import read_rows
from ..city_power.choice import chosen
from ..city_power.estimates import CityDesign, TInference
from ..credibility import counties as credibility
from ..designs.city_sample import PANELS as CITY_PANELS
from ..designs.city_sample import city_sample
from ..multiverse.fits import estimate as estimate_choice
from ..multiverse.fits import rules_of
from ..multiverse.spec import SPEC as CURVE
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_cities.study import Samples
from ..staggered_counties.fits import broom, two_way
from ..staggered_counties.sample import PANELS as COUNTY_PANELS
from ..staggered_counties.sample import county_sample, with_rates
from ..staggered_counties.spec import SPEC as COUNTIES

WHOLE, NO_ADVOCACY, NO_BOUNDS = "All rows", "Without advocacy sources", "Without upper bounds of dates"
LISTS = (WHOLE, NO_ADVOCACY, NO_BOUNDS)
#: Reason under which the panel sets a place aside whose policy may be older than its date says.
START_UNKNOWN = "start unknown"
OUTCOMES = ("violent_without_rape", "property")
_ENDS = ("estimate", "conf_low", "conf_high")


@remembered
def panels_of(name: str) -> dict[str, pd.DataFrame]:
    """Return the panels that depend on the list, ``policies`` and ``undated_places``, on one part of it."""
    whole = {panel: load(panel) for panel in ("policies", "undated_places", "policy_rows")}
    if name == NO_ADVOCACY:
        return without_rows(whole, advocacy_rows(whole["policy_rows"]))
    if name == NO_BOUNDS:
        return {"policies": without_bounds(whole["policies"]), "undated_places": whole["undated_places"]}
    return {panel: whole[panel] for panel in ("policies", "undated_places")}


def advocacy_rows(rows: pd.DataFrame) -> set[int]:
    """Return the rows of panel ``policy_rows`` whose source is a group that takes a side."""
    return set(rows.loc[rows["source_type"].str.startswith("advocacy"), "row"])


def without_rows(panels: Mapping[str, pd.DataFrame], dropped: set[int]) -> dict[str, pd.DataFrame]:
    """Return the panels rebuilt without some rows; places lost whole are never controls."""
    given = classify(read_rows())
    kept = given[~given["row"].isin(sorted(dropped))]
    bans = state_bans_panel(companions.read_state_bans())
    made = policies_panel(kept, bans, companions.read_counties_inside())
    policies = made.sort_values(KEYS["policies"], ignore_index=True)
    whole = panels["policy_rows"]
    lost = whole[~whole["place_id"].isin(set(kept["place_id"]))].drop_duplicates("place_id")
    known = panels["undated_places"]
    lost = lost[~lost["place_id"].isin(set(known["place_id"]))].reindex(columns=known.columns)
    return {
        "policies": policies,
        "undated_places": pd.concat([known, lost.astype(known.dtypes.to_dict())], ignore_index=True),
    }


def without_bounds(policies: pd.DataFrame) -> pd.DataFrame:
    """Return panel ``policies`` with places set aside whose date of adoption is an upper bound."""
    bound = policies["is_upper_bound"] & policies["in_event_time"]
    return policies.assign(
        in_event_time=policies["in_event_time"] & ~bound,
        excluded_because=policies["excluded_because"].mask(bound, START_UNKNOWN),
    )


@stored
def table() -> pd.DataFrame:
    """Return the headline of cities and counties on every part of the list.

    Returns
    -------
    pandas.DataFrame
        ``list, key`` (as in `headline.table`), ``outcome, used`` (places), ``estimate, conf_low, conf_high``
        (percent).
    """
    return pd.DataFrame([row for name in LISTS for row in [*_city_rows(name), *_county_rows(name)]])


def _city_rows(name: str) -> list[dict[str, Any]]:
    samples = Samples({panel: load(panel) for panel in CITY_PANELS} | panels_of(name))
    rows = []
    for key, definition in {"status": "status_inquiry", "detain": "detainers"}.items():
        for outcome in OUTCOMES:
            made = CityDesign(samples.of(definition, outcome).frame, chosen())
            fits = made.fits
            found = TInference(float(fits.estimate[0]), float(fits.jackknife[0]), float(fits.df[0])).row(0.05)
            rows.append(_row(name, key, outcome, made.drawn.rows.shape[1], found))
    return rows


def _county_rows(name: str) -> list[dict[str, Any]]:
    panels = {panel: load(panel) for panel in COUNTY_PANELS}
    frame = county_sample(panels | panels_of(name), spec=COUNTIES).frame
    rows = []
    for outcome in OUTCOMES:
        fit = two_way(with_rates(frame, outcome), "treated", credibility.COMPARISONS[credibility.ADMITTED])
        found = broom(fit, COUNTIES.level, term="treated")
        rows.append(_row(name, "counties", outcome, int(frame["treated"].sum()), found))
    return rows


def _row(name: str, key: str, outcome: str, used: int, found: Mapping[str, float]) -> dict[str, Any]:
    percent = {end: 100 * float(np.expm1(found[end])) for end in _ENDS}
    return {"list": name, "key": key, "outcome": outcome, "used": used} | percent


@stored
def choices() -> pd.DataFrame:
    """Return the multiverse's base specification on every part of the list, rows of `headline.choices`."""
    base = {**CURVE.curve.headline, "outcome": OUTCOMES[0]}
    rows = []
    for name in LISTS:
        panels = {panel: load(panel) for panel in CITY_PANELS} | panels_of(name)
        frame = city_sample(panels, rules_of(base, spec=CURVE)).frame
        found = estimate_choice(frame, base)
        rows.append(
            {"fork": "List", "choice": name, "changes": "", "base": name == WHOLE}
            | {end: found[end] for end in ("percent", "conf_low", "conf_high", "p_value")}
        )
    made = pd.DataFrame(rows)
    out = made["conf_low"].gt(0) | made["conf_high"].lt(0)
    return made.assign(overturns=out != bool(out.iloc[0]))


@stored
def advocacy_share() -> dict[str, int]:
    """Return how many rows, and dated policies of cities and counties, rest on groups that take a side."""
    rows, policies = load("policy_rows"), load("policies")
    taken = advocacy_rows(rows)
    dated = policies[policies["in_event_time"] & policies["definition"].isin(CITIES.main_treatments)]
    return {
        "advocacy_rows": len(taken),
        "advocacy_dated": int(dated["dated_by_row"].isin(sorted(taken)).sum()),
        "dated_policies": len(dated),
        "bounded": int(dated["is_upper_bound"].sum()),
    }
