"""Who adopts and by whose word: summary, raw means, treated counties, sources, and choices about both."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from ...panels.store import load
from ..city_power import headline as city_headline
from ..staggered_cities.spec import SPEC as CITIES
from ..synthetic import leads as state_leads
from ..synthetic import state_laws, statutes
from ..synthetic.spec import STATE_LAWS
from ..uar2017 import pooled_covariance
from . import headline as answers
from . import lists
from .headline import VIOLENT


def summary_rows() -> pd.DataFrame:
    """Return adopting and never-adopting cities side by side in their first year: summary and balance.

    ``trait``, the means of both kinds, and the difference in pooled standard deviations.
    """
    rows = []
    for definition in CITIES.main_treatments:
        frame = city_headline.samples().of(definition, VIOLENT).frame
        first = frame.sort_values("year").groupby("ori").first()
        adopts = first["cohort"].gt(0)
        traits = {
            "Residents, first year": first["residents"],
            "Violent crimes per 100,000, first year": first["rate"],
            "Years observed": frame.groupby("ori")["year"].nunique().reindex(first.index),
            "In the South (share)": first["region"].eq("South").astype(float),
            "In the West (share)": first["region"].eq("West").astype(float),
        }
        for trait, values in traits.items():
            groups = [values[adopts].astype(float), values[~adopts].astype(float)]
            spread = float(np.sqrt((groups[0].var() + groups[1].var()) / 2))
            rows.append(
                {
                    "definition": CITIES.treatments[definition],
                    "trait": trait,
                    "adopts": groups[0].mean(),
                    "never": groups[1].mean(),
                    "difference": (groups[0].mean() - groups[1].mean()) / spread,
                    "cities": int(adopts.sum()),
                    "others": int((~adopts).sum()),
                }
            )
    return pd.DataFrame(rows)


def raw_means() -> dict[str, pd.Series]:
    """Return violent crimes per 100,000 by year, all residents together, of adopters and of the others."""
    lines = {}
    for definition, name in CITIES.treatments.items():
        if definition in CITIES.main_treatments:
            frame = city_headline.samples().of(definition, VIOLENT).frame
            whole = frame[frame.groupby("ori")["year"].transform("nunique").eq(frame["year"].nunique())]
            for adopts, label in ((True, f"{name}: adopters"), (False, f"{name}: never")):
                part = whole[whole["cohort"].gt(0).eq(adopts)].groupby("year")[["count", "population"]].sum()
                lines[label] = part["count"] / part["population"] * 1e5
    return lines


def county_list() -> pd.DataFrame:
    """Return the treated counties by state: ``state, counties, names``."""
    frame = answers.county_panels()[1].frame
    counties = load("counties").set_index("fips")
    treated = frame[frame["treated"].gt(0)].drop_duplicates("fips")
    names = treated["fips"].map(counties["county_name"]).astype(str)
    grouped = treated.assign(name=names).groupby("state")["name"]
    return grouped.agg(counties="size", names=lambda texts: ", ".join(sorted(texts))).reset_index()


def source_rows() -> pd.DataFrame:
    """Return the rows of the policy list by its types of source: ``type, rows, example``."""
    rows = load("policy_rows")
    hosts = rows["source_url"].map(lambda url: urlsplit(str(url)).netloc.removeprefix("www.").lower())
    grouped = hosts.groupby(rows["source_type"].astype(object).str.capitalize())
    most = grouped.agg(lambda values: ", ".join(values.value_counts().head(3).index))
    found = pd.DataFrame({"rows": grouped.size(), "example": most}).rename_axis("type")
    return found.sort_values("rows", ascending=False).reset_index()


def source_figures() -> dict[str, Any]:
    """Return how much of the list rests on groups that take a side, and on copies of one of them."""
    rows = load("policy_rows")
    copied = rows["aggregator"].eq(AGGREGATOR).fillna(False)
    return lists.advocacy_share() | {"aggregator": AGGREGATOR, "aggregator_rows": int(copied.sum())}


#: The group whose sheet, read through copies, stands behind more rows than any other.
AGGREGATOR = "Center for Immigration Studies"


def rule_rows() -> pd.DataFrame:
    """Return statewide rules of the joint design by their type in the list: ``type, rules, states``."""
    policies = load("policies").set_index("place_id")
    dated = state_leads.adoptions(
        {name: load(name) for name in state_laws.PANELS}, VIOLENT, spec=STATE_LAWS
    ).start
    rows = load("policy_rows").set_index("row")
    kinds = {}
    for state, year in dated.items():
        own = policies[policies["kind"].eq("state") & policies["state"].eq(str(state))]
        row = rows.loc[own.loc[own["adopted_year"].eq(year), "dated_by_row"].iloc[0]]
        kinds[state] = statutes.type_of(str(row["basis"]), str(row["instrument"]))
    table = pd.Series(kinds).rename_axis("state").reset_index(name="type")
    grouped = table.groupby("type")["state"]
    made = pd.DataFrame({"rules": grouped.size(), "states": grouped.agg(", ".join)})
    return made.sort_values("rules", ascending=False, kind="stable").reset_index()


def rule_types() -> dict[str, str]:
    """Return the types of statewide rules with their numbers, in words for a sentence."""
    named = [
        f"{row['rules']} {row['type']}" if row["rules"] == 1 else f"{row['rules']} {row['type']}s"
        for row in rule_rows().to_dict("records")
    ]
    return {"rule_types": ", ".join(named)}


def list_rows() -> pd.DataFrame:
    """Return the headline on parts of the list, and of states on statutes alone, percent: violent crime."""
    rows = lists.table()
    rows = rows[rows["outcome"].eq(VIOLENT)]
    names = {key: answers.SHOWN[key][3] for key in rows["key"].unique()}
    shown = rows.assign(design=rows["key"].map(names))[["design", "list", "used", *_INTERVAL]]
    whole = answers.state_variants().query(
        "scale == 'log' and outcome == @VIOLENT and variant == @answers.MAIN"
    )
    acts = statutes.run().query("scale == 'log' and outcome == @VIOLENT")
    for frame, name in ((whole, lists.WHOLE), (acts, statutes.VARIANT)):
        row: Any = frame.iloc[0]
        percent = {end: 100 * float(np.expm1(row[end])) for end in _INTERVAL}
        told = {"design": answers.SHOWN["states"][3], "list": name, "used": int(row["states"])}
        shown = pd.concat([shown, pd.DataFrame([told | percent])], ignore_index=True)
    order = list(dict.fromkeys(shown["design"]))
    return shown.sort_values("design", key=lambda c: c.map(order.index), kind="stable", ignore_index=True)


def statute_figures() -> dict[str, Any]:
    """Return the states' estimates on statutes alone, each dated by its act, per 100,000."""
    rows: Any = statutes.run().query("scale == 'rate'").set_index("outcome")
    found: dict[str, Any] = {"statutes": int(rows["states"].iloc[0])}
    for key, outcome in {"violent": VIOLENT, "property": answers.PROPERTY}.items():
        found |= {f"statutes_{key}{end}": rows.loc[outcome, of] for end, of in _ENDS.items()}
    return found


def covariance_figures() -> dict[str, Any]:
    """Return the matched differences under other distances, and the pairs that move."""
    rows: Any = pooled_covariance.run()
    rows = rows[rows["outcome"].eq(VIOLENT)].set_index(["choice", "group"])
    found: dict[str, Any] = {}
    for key, name in _DISTANCES.items():
        found |= {f"{key}_moved": int(rows.loc[(name, "before"), "moved"])}
        found |= {f"{key}_pairs": int(rows.loc[(name, "before"), "pairs"])}
        for group in ("before", "change"):
            found |= {f"{group}_{key}{end}": rows.loc[(name, group), of] for end, of in _ENDS.items()}
    return found


_DISTANCES = {
    "all": pooled_covariance.ALL,
    "within": pooled_covariance.WITHIN,
    "census": pooled_covariance.CENSUS,
}
_INTERVAL = ["estimate", "conf_low", "conf_high"]
_ENDS = {"": "estimate", "_low": "conf_low", "_high": "conf_high"}
