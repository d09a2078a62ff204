"""The tables and figures of the report's paper, cut from what the studies found."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ...panels.store import load, manifest_of
from ..cap2017.spec import SPEC as CAP_SPEC
from ..multiverse import joint_test as multiverse_joint
from ..multiverse import study as multiverse
from ..multiverse import summary as multiverse_summary
from ..multiverse.spec import SPEC as CURVE
from ..staggered_cities import study as staggered_cities
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_counties import study as staggered_counties
from ..staggered_counties.spec import SPEC as COUNTIES
from ..synthetic.spec import STATE_LAWS
from ..uar2017 import study as uar2017
from ..uar2017.power import paper_cities
from ..uar2017.spec import SPEC as UAR_SPEC
from . import headline as answers
from . import power
from .headline import BASE, LATER, MAIN, PROPERTY, VIOLENT

_INTERVAL = ["estimate", "conf_low", "conf_high"]
#: Panels of the paper: what a row is, and which designs use them.
_SOURCES = {
    "city_year": ("Agency and year, FBI tables of cities", "Cities"),
    "county_year": ("County and year, county files", "Counties"),
    "county_2013_2014": ("County, two years in one sum", "Counties, staggered"),
    "state_year": ("State and year, FBI estimates", "States"),
    "policies": ("Place and kind of policy, dated", "All"),
    "series_breaks": ("Break of a series, and who says so", "Cities"),
}
#: Comparisons of counties that the paper shows.
_COUNTY_SHOWN = {
    COUNTIES.headline.name: "All other counties (headline)",
    "Same region, year by year": "Counties of the same region",
    "Same state, year by year": "Counties of the same state",
    "Across state borders, pair by pair": "Neighbours across a state border",
    "Own policies, states with laws out": "States with a law left out",
    "Complete reports in every year": "Counties with complete reports",
}
_PAIRED, _FOLLOWED = f"{UAR_SPEC.first}–{UAR_SPEC.last}", f"{CITIES.first}–{CITIES.last}"
_COUNTY_YEARS = f"{COUNTIES.rules.first_year}–{COUNTIES.period_years[1]}"
_DESIGNS = {
    "in_force": ("status inquiry", "a matched city", "pairs", _PAIRED),
    "change": ("status inquiry", "a matched city’s change", "pairs", _PAIRED),
    "matched": ("detainers", "matched counties", "states", str(CAP_SPEC.year)),
    "within": ("detainers", "counties of the state", "states", str(CAP_SPEC.year)),
    "status": ("status inquiry", "own past, others’ trend", "other cities of the size", _FOLLOWED),
    "detain": ("detainers", "own past, others’ trend", "other cities of the size", _FOLLOWED),
    "counties": ("detainers", "own past, others’ trend", "states", _COUNTY_YEARS),
    "inside": ("detainers", "the same, inside the state", "states", _COUNTY_YEARS),
    "states": (
        "either, by law",
        "weighted other states",
        "other states",
        f"{STATE_LAWS.first}–{STATE_LAWS.last}",
    ),
}


_POLICIES = {"status_inquiry": "rules against status inquiries", "detainers": "detainer policies"}


def counts() -> dict[str, Any]:
    """Return the size of the list of policies."""
    rows, places = load("policy_rows"), load("policies")
    keys = [name for name in ("kind", "state", "place") if name in places]
    return {"policy_rows": len(rows), "policy_places": len(places[keys].drop_duplicates())}


def sources() -> pd.DataFrame:
    """Return the panels behind the paper with their years and rows."""
    rows = []
    for panel, (what, used) in _SOURCES.items():
        manifest = manifest_of(panel)
        years = sorted(manifest.get("rows_by_year") or {})
        span = f"{years[0]}–{years[-1]}" if years else ""
        rows.append({"panel": panel, "what": what, "years": span, "rows": manifest["rows"], "used": used})
    return pd.DataFrame(rows)


def designs() -> pd.DataFrame:
    """Return what each design compares, with the places it rests on."""
    used = answers.table().drop_duplicates("key").set_index("key")
    columns = ("policy", "expected", "chance", "years")
    rows = [
        {
            "name": used.loc[key, "name"],
            **dict(zip(columns, told, strict=True)),
            "used": used.loc[key, "used"],
        }
        for key, told in _DESIGNS.items()
    ]
    return pd.DataFrame(rows)


def city_rows() -> pd.DataFrame:
    """Return the headline of cities in percent, treatments as groups."""
    rows = staggered_cities.precision()[0]
    rows = rows[rows["definition"].isin(CITIES.main_treatments)]
    return percent(rows).assign(
        name=rows["outcome"].map(CITIES.outcomes) + rows["compared"].map(" ({:.0f})".format),
        group=rows["definition"].map(CITIES.treatments),
        highlight=rows["outcome"].eq(VIOLENT),
    )


def city_figures() -> dict[str, Any]:
    """Return how many of the cities' intervals hold zero, and the lowest estimate."""
    rows = city_rows()
    lowest = rows.sort_values("estimate").iloc[0]
    return {
        "city_intervals": len(rows),
        "city_holds": int((rows["conf_low"].le(0) & rows["conf_high"].ge(0)).sum()),
        "lowest_outcome": CITIES.outcomes[lowest["outcome"]].lower(),
        "lowest_policy": _POLICIES[lowest["definition"]],
        "lowest_percent": lowest["estimate"],
    }


def county_rows() -> pd.DataFrame:
    """Return some forks of the county study in percent, outcomes as groups."""
    rows = answers.county_forks()
    rows = rows[rows["name"].isin(_COUNTY_SHOWN)]
    shown = percent(rows).assign(
        order=rows["name"].map(list(_COUNTY_SHOWN).index),
        name=rows["name"].map(_COUNTY_SHOWN),
        group=rows["outcome"].map(COUNTIES.outcomes),
        highlight=rows["name"].eq(COUNTIES.headline.name),
    )
    return shown.sort_values(["group", "order"], ascending=[False, True], kind="stable")


def county_figures() -> dict[str, Any]:
    """Return how the forks of the counties' property crime lie."""
    rows: Any = staggered_counties.fragility(answers.county_forks()).set_index("outcome")
    row = rows.loc[PROPERTY]
    return {"property_forks": int(row["forks"]), "property_above": int(row["above"])}


def state_rows() -> pd.DataFrame:
    """Return the joint design of statewide laws in percent, variants as groups."""
    rows = answers.state_variants()
    rows = rows[rows["scale"].eq("log") & rows["variant"].isin([MAIN, LATER])]
    titles = {MAIN: f"From {STATE_LAWS.first} on (headline)", LATER: LATER}
    return percent(rows).assign(
        name=rows["outcome"].map(STATE_LAWS.outcomes),
        group=rows["variant"].map(titles),
        highlight=rows["outcome"].eq(VIOLENT),
    )


class Curve(NamedTuple):
    """The specification curve of one offense: rows, choices by row, its headline, and its figures."""

    rows: pd.DataFrame
    choices: dict[str, pd.DataFrame]
    headline: float
    figures: dict[str, Any]


@cache
def curve() -> Curve:
    """Return the specification curve of violent crime without rape, with the joint test of all offenses."""
    kept = multiverse.admitted(multiverse.results())
    rows = kept[kept["outcome"].eq(VIOLENT)].reset_index(drop=True)
    whole: dict[str, Any] = multiverse_summary.summary(rows)
    names = {"median": "median", "p25": "p25", "p75": "p75", "negative": "negative", "n": "specifications"}
    names |= {"up": "significant_up", "down": "significant_down"}
    joint = multiverse_joint.joint_test(multiverse_joint.results()).set_index("statistic").loc["significant"]
    figures: dict[str, Any] = {name: whole[of] for name, of in names.items()}
    figures |= {"observed": joint["observed"], "usual": joint["usual"], "p": joint["p_value"]}
    return Curve(
        rows.assign(significant=rows["p_value"].lt(CURVE.significant)),
        multiverse_summary.indicators(rows, ["treatment", "estimator", "scale", "comparison", "laws"]),
        float(multiverse_summary.headline(kept, BASE)["percent"]),
        figures,
    )


def power_curves() -> dict[str, pd.Series]:
    """Return the chance to find each true effect on violent crime (of counties in one year: all crime)."""
    drawn: Any = power.curves(answers.judged()).set_index(["study", "design", "outcome"])
    lines = {}
    for key, name in _LINES.items():
        _, study, design, _ = answers.SHOWN[key]
        rows = drawn.loc[(study, design, "crime" if study == power.CAP else VIOLENT)]
        lines[name] = rows.set_index("effect")["power"]
    return lines


_LINES = {
    "in_force": "matched cities",
    "matched": "matched counties",
    "status": "cities over time",
    "counties": "counties over time",
    "states": "states over time",
}


def published() -> dict[str, Any]:
    """Return the published effects, as shares of the mean, and the chance to find that of counties."""
    rows: Any = power.run().published.set_index("claim")
    cap, manning = rows.loc["cap_crime"], rows.loc["manning2022_violent"]
    judged: Any = answers.judged().set_index(["study", "design", "outcome"])
    matched = judged.loc[(power.CAP, "Matched", "crime")]
    counties = judged.loc[(answers.COUNTIES, "All others", VIOLENT)]
    share = manning["effect"] / counties["mean"]
    return {
        **{f"cap_{name}": cap[name] for name in ("effect", "share")},
        **{f"manning_{name}": manning[name] for name in ("effect", "share")},
        "manning_counties": share,
        **_as_many(),
        "cap_chance": _chance(matched, cap["share"]),
        "manning_chance": _chance(counties, share),
    }


def _as_many() -> dict[str, Any]:
    """Return what matched pairs of one year would find with as many cities as the paper treated."""
    cities = paper_cities(UAR_SPEC)
    rows: Any = uar2017.run().detectable.set_index(["design", "cities"])
    found = rows.loc[("matched", cities)]
    return {"paper_cities": cities, "paper_detectable": found["detectable"], "paper_share": found["share"]}


def _chance(design: Any, effect: float) -> float:
    return float(power.power_at(np.array([effect]), design["std_error"], design["df"])[0])


def power_marks() -> dict[str, float]:
    """Return the published effects as shares of the mean, by short name."""
    rows = published()
    return {"all crime": rows["cap_share"], "violent": rows["manning_share"]}


def percent(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows in log points as percent."""
    return rows.assign(**{name: 100 * np.expm1(rows[name]) for name in _INTERVAL})
