"""The study's results cut to the shape of its exhibits; nothing here estimates anything."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import pandas as pd

from ...estimators.core.intervals import excludes_zero
from .differences import EARLY, IN_FORCE
from .matching import ESTIMATORS, FULL, ONE_TO_ONE, UNMATCHED
from .results import Results

_WORDS = {1: "one year", 2: "two years", 3: "three years"}
_STATISTICS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]


def treated_table(results: Results) -> pd.DataFrame:
    """Return the treated cities: ``city, adopted, instrument, confidence, match, source`` (its host)."""
    rows = results.treated[results.treated["coding"].eq(results.spec.main)]
    match = rows["control_name"].str.replace(r" (city|town|village|municipality)$", "", regex=True)
    short = match.str.replace(" metropolitan government (balance)", "", regex=False)
    why = (
        rows["unmatched_because"]
        .map({"no census figures": "no census figures"})
        .fillna("too small or not printed")
    )
    shown = (short + ", " + rows["control_state"]).where(rows["control_name"].notna(), "none: " + why)
    return pd.DataFrame(
        {
            "city": rows["place"].astype(object) + ", " + rows["state"].astype(object),
            "adopted": rows["adopted"].astype(object),
            "instrument": rows["basis"].astype(object),
            "confidence": rows["confidence"].astype(object),
            "match": shown.astype(object),
            "source": [urlsplit(address).netloc.removeprefix("www.") for address in rows["source_url"]],
        }
    )


def codings_table(results: Results) -> pd.DataFrame:
    """Return cities, states, first and last year, and matched cities by coding."""
    grouped = results.treated.groupby("coding", sort=False)
    return pd.DataFrame(
        {
            "cities": grouped.size(),
            "states": grouped["state"].nunique(),
            "first": grouped["cohort"].min(),
            "last": grouped["cohort"].max(),
            "matched": grouped["control_name"].count(),
        }
    ).reset_index()


def change_rows(results: Results, *, coding: str | None = None, period: str | None = None) -> pd.DataFrame:
    """Return mean changes as shares of the level before: ``name, group, estimate, conf_low, conf_high``."""
    table = results.before_after
    coding, period = coding or results.spec.main, period or results.spec.paper_period
    rows = table[table["coding"].eq(coding) & table["period"].eq(period)]
    scale = rows["mean_before"]
    years = rows["window"].map({n: _WORDS.get(n, f"{n} years") for n in results.spec.windows})
    return pd.DataFrame(
        {
            "name": years + " (" + rows["used"].astype(str) + " cities)",
            "group": rows["outcome"].map(results.spec.outcomes),
            **{name: rows[name] / scale for name in ("estimate", "conf_low", "conf_high")},
            "highlight": excludes_zero(rows["conf_low"], rows["conf_high"]),
        }
    ).reset_index(drop=True)


def city_rows(results: Results) -> pd.DataFrame:
    """Return each city's rate before and after: ``name, before, after, strong``, the largest rise first."""
    rows = results.by_chance.sort_values("change", ascending=False)
    name = rows["place"].astype(str) + ", " + rows["state"].astype(str)
    year = rows["cohort"].astype(str)
    return rows.assign(name=name + " (" + year + ")", strong=rows["beyond"]).reset_index(drop=True)


def left_out(results: Results, outcomes: Sequence[str] = ("violent", "property")) -> pd.DataFrame:
    """Return how many cities the before-after comparison left out, by reason, window and outcome."""
    table = results.before_after_dropped
    rows = table[
        table["coding"].eq(results.spec.main)
        & table["period"].eq(results.spec.paper_period)
        & table["outcome"].isin(list(outcomes))
    ]
    wide = rows.pivot_table(index=["outcome", "reason"], columns="window", values="cities", fill_value=0)
    used = results.before_after
    used = used[
        used["coding"].eq(results.spec.main)
        & used["period"].eq(results.spec.paper_period)
        & used["outcome"].isin(list(outcomes))
    ]
    compared = used.pivot_table(index="outcome", columns="window", values="used").assign(reason="compared")
    wide = pd.concat([compared.set_index("reason", append=True), wide]).sort_index(
        level=0, sort_remaining=False
    )
    wide = wide.rename(columns={window: f"window_{window}" for window in results.spec.windows}).rename_axis(
        columns=None
    )
    return wide.reset_index().assign(outcome=lambda t: t["outcome"].map(results.spec.outcomes))


def smd(results: Results, coding: str | None = None) -> dict[str, dict[str, float]]:
    """Return standardized differences by stage and covariate."""
    rows = results.balance[results.balance["coding"].eq(coding or results.spec.main)]
    stages = rows["stage"].unique()
    by_stage = {str(stage): rows[rows["stage"].eq(stage)] for stage in stages}
    return {
        stage: dict(zip(found["name"].astype(str), found["smd"].astype(float), strict=True))
        for stage, found in by_stage.items()
    }


def by_year(results: Results, outcome: str) -> dict[str, pd.DataFrame]:
    """Return differences by year of the cities whose policy was in force, by estimator."""
    table = results.differences
    rows = table[
        table["coding"].eq(results.spec.main) & table["group"].eq(IN_FORCE) & table["outcome"].eq(outcome)
    ]
    return {
        name: rows[rows["estimator"].eq(name)].sort_values("year") for name in (UNMATCHED, ONE_TO_ONE, FULL)
    }


def pooled_table(results: Results, coding: str | None = None) -> pd.DataFrame:
    """Return matched differences before, after, and their change, by outcome."""
    table = results.differences
    rows = table[table["coding"].eq(coding or results.spec.main) & table["year"].isna()]
    names = {"before": "Before adoption", "after": "While in force", "change": "Change"}
    shown = rows.assign(outcome=rows["outcome"].map(results.spec.outcomes), group=rows["group"].map(names))
    return shown[["outcome", "group", "used", "mean_control", *_STATISTICS, "detectable", "detectable_share"]]


def cross_section_table(results: Results, outcome: str) -> pd.DataFrame:
    """Return the differences of the cross-section by coding and estimator, one outcome."""
    table = results.differences
    rows = table[table["year"].eq(results.spec.cross_section).fillna(False) & table["outcome"].eq(outcome)]
    rows = rows[rows["group"].isin([IN_FORCE, EARLY])]
    early = rows["group"].eq(EARLY)
    heading = rows["coding"].str.capitalize().mask(early, rows["coding"].str.capitalize() + "; " + EARLY)
    shown = rows.assign(heading=heading, errors=rows["estimator"].map(ESTIMATORS))
    return shown[
        ["heading", "estimator", "used", "controls", "mean_control", *_STATISTICS, "detectable_share"]
    ]


def nulls_table(results: Results) -> pd.DataFrame:
    """Return what every comparison of the main coding could have seen, and what it excludes."""
    changes = results.before_after
    changes = changes[
        changes["coding"].eq(results.spec.main)
        & changes["period"].eq(results.spec.paper_period)
        & changes["window"].eq(1)
    ]
    table = results.differences
    matched = table[table["coding"].eq(results.spec.main) & table["estimator"].eq(ONE_TO_ONE)]
    parts = {
        "Year after less year before": changes,
        "Matched, while in force": matched[matched["group"].eq("after")],
        "Matched, change": matched[matched["group"].eq("change")],
    }
    shown = pd.concat(parts, names=["comparison"]).reset_index("comparison").reset_index(drop=True)
    columns = [
        "outcome",
        "used",
        "mean",
        "estimate",
        "conf_low",
        "conf_high",
        "detectable",
        "detectable_share",
    ]
    columns += ["margin_share", "within_share", "within_published", "smallest_margin"]
    return shown[["comparison", *columns]].assign(name=shown["outcome"].map(results.spec.outcomes))


def codings_pooled(results: Results, outcome: str) -> pd.DataFrame:
    """Return the matched difference while in force and its change under every coding, one outcome."""
    table = results.differences
    rows = table[
        table["year"].isna() & table["outcome"].eq(outcome) & table["group"].isin(["after", "change"])
    ]
    order = {coding: place for place, coding in enumerate(results.spec.codings)}
    rows = rows.assign(place=rows["coding"].map(order)).sort_values(["group", "place"])
    names = rows["coding"].str.capitalize() + " (" + rows["used"].astype(str) + " pairs)"
    groups = rows["group"].map({"after": "Difference while in force", "change": "Change of the difference"})
    return rows.assign(name=names, group=groups)[["name", "group", "estimate", "conf_low", "conf_high"]]
