"""The tables and figures of the report's paper, cut from what the studies found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...panels.store import load, manifest_of
from ..cap2017.spec import SPEC as CAP_SPEC
from ..city_power import headline as city_headline
from ..city_power import union
from ..city_power.specification import BY_SIZE, BY_STATE, POOLED
from ..credibility import counties as credibility
from ..credibility import smoothness
from ..literature.activation_tests import activation
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_counties.spec import SPEC as COUNTIES
from ..synthetic import leads as state_leads
from ..synthetic.spec import STATE_LAWS
from ..uar2017 import study as uar2017
from ..uar2017.power import paper_cities
from ..uar2017.spec import SPEC as UAR_SPEC
from . import family, influence, lists, power
from . import headline as answers
from .headline import LATER, MAIN, VIOLENT

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
_PAIRED, _FOLLOWED = f"{UAR_SPEC.first}–{UAR_SPEC.last}", f"{CITIES.first}–{CITIES.last}"
_COUNTY_YEARS = f"{COUNTIES.rules.first_year}–{COUNTIES.period_years[1]}"
_DESIGNS = {
    "in_force": ("status inquiry", "a matched city", "pairs", _PAIRED),
    "change": ("status inquiry", "a matched city’s change", "pairs", _PAIRED),
    "matched": ("detainers", "matched counties", "states", str(CAP_SPEC.year)),
    "within": ("detainers", "counties of the state", "states", str(CAP_SPEC.year)),
    "status": ("status inquiry", "own past, trend of the region", "states", _FOLLOWED),
    "detain": ("detainers", "own past, trend of the region", "states", _FOLLOWED),
    "counties": ("detainers", "own past, trend of state and class", "states", _COUNTY_YEARS),
    "open": ("detainers", "own past, trend of all counties", "states", _COUNTY_YEARS),
    "states": (
        "either, statewide",
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
    rows = city_headline.table()
    rows = rows[rows["definition"].isin(CITIES.main_treatments)]
    return percent(rows).assign(
        name=rows["outcome"].map(CITIES.outcomes) + rows["compared"].map(" ({:.0f})".format),
        group=rows["definition"].map(CITIES.treatments),
        highlight=rows["outcome"].eq(VIOLENT),
    )


def city_figures() -> dict[str, Any]:
    """Return how the cities' intervals lie, by both kinds of inference, and what their weights rest on."""
    rows = city_rows()
    blocks = rows["block_low"].le(0) & rows["block_high"].ge(0)
    out = rows[~answers.includes_zero(rows)]
    alone = rows.set_index(["definition", "outcome"])["p_value"]
    p_family = family.step_down_p(alone, influence.city_influence())
    trial = city_headline.trial_table().iloc[0]
    found = {
        "city_intervals": len(rows),
        "city_include": len(rows) - len(out),
        "city_blocks_include": int(blocks.sum()),
        "city_excluding": [
            f"{CITIES.outcomes[row['outcome']].lower()} under {_POLICIES[row['definition']]}"
            for row in out.to_dict("records")
        ],
        "city_family": float(p_family.min()),
        "trial_detectable": float(np.expm1(trial["detectable"])),
        "trial_size": float(trial[BY_SIZE]),
        "trial_blocks": float(trial[BY_STATE]),
        "trial_candidates": len(city_headline.trial_table()),
        "trial_admitted": int(city_headline.trial_table()["admitted"].sum()),
    }
    for key, definition in {"status": "status_inquiry", "detain": "detainers"}.items():
        found |= _leaning(key, definition, rows)
    pooled: Any = city_headline.table().set_index(["definition", "outcome"]).loc[(POOLED, VIOLENT)]
    ends = {"": "estimate", "_low": "conf_low", "_high": "conf_high", "_detectable": "detectable"}
    found |= {f"pooled{name}": 100 * np.expm1(pooled[of]) for name, of in ends.items()}
    return found | _union()


def _leaning(key: str, definition: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Return how far a row leans on its largest cities and states."""
    row: Any = rows.set_index(["definition", "outcome"]).loc[(definition, VIOLENT)]
    left = city_headline.design(definition, VIOLENT).without_each()
    most = left.iloc[int(left["moved"].abs().to_numpy().argmax())]
    return {
        f"{key}_effective": row["effective"],
        f"{key}_largest": row["largest_share"],
        f"{key}_placebo": 100 * np.expm1(row["placebo_mean"]),
        f"{key}_block_low": 100 * np.expm1(row["block_low"]),
        f"{key}_block_high": 100 * np.expm1(row["block_high"]),
        f"{key}_without_low": 100 * np.expm1(left["estimate"].min()),
        f"{key}_without_high": 100 * np.expm1(left["estimate"].max()),
        f"{key}_most": f"{most['city']}, {most['state']}",
    }


def _union() -> dict[str, Any]:
    """Return the stack of all limits and statewide rules: figures of the trial, and its estimate."""
    made = union.figures()
    ends = {"": "estimate", "_low": "conf_low", "_high": "conf_high"}
    return {
        "union_detectable": float(np.expm1(made["detectable"])),
        "union_size": made["by_size"],
        "union_blocks": made["by_state"],
        "union_most": made["most"],
        "union_cities": made["cities"],
        **{f"union_percent{name}": 100 * float(np.expm1(made[of])) for name, of in ends.items()},
    }


def alternative_rows() -> pd.DataFrame:
    """Return other designs and other kinds of inference for the cities' headline, percent."""
    rows = city_headline.alternatives()
    names = [*_INTERVAL, "placebo_mean", "excluded", "detectable"]
    return rows.assign(
        definition=rows["definition"].map(CITIES.treatments),
        **{name: 100 * np.expm1(rows[name]) for name in names},
    )


def county_rows() -> pd.DataFrame:
    """Return comparisons of counties in percent, outcomes as groups; those admitted stand out."""
    rows = credibility.table()
    return percent(rows).assign(
        name=rows["comparison"],
        group=rows["outcome"].map(COUNTIES.outcomes),
        highlight=rows["admitted"],
    )


def county_tests() -> pd.DataFrame:
    """Return comparisons of counties with their tests before the policy and bounds, percent."""
    rows = credibility.table()
    ends = ["fake_estimate", "low_0.5", "high_0.5", "low_1", "high_1"]
    return percent(rows).assign(
        outcome=rows["outcome"].map(COUNTIES.outcomes),
        **{name.replace(".", "_"): 100 * np.expm1(rows[name]) for name in ends},
        admitted=rows["admitted"].map({True: "yes", False: "no"}),
    )


def activation_figures() -> dict[str, Any]:
    """Return what Secure Communities did to recorded crime, against all counties and as admitted, percent."""
    rows: Any = activation().set_index(["outcome", "comparison"])
    found: dict[str, float] = {}
    for key, comparison in {"open": credibility.ALL, "admitted": credibility.ADMITTED}.items():
        for mark, outcome in {"index": "index", "violent": "violent"}.items():
            row = rows.loc[(outcome, comparison)]
            found |= {
                f"sc_{mark}_{key}{name}": 100 * np.expm1(row[of])
                for name, of in {"": "estimate", "_low": "conf_low", "_high": "conf_high"}.items()
            }
    return found


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
    keys = [(power.CAP, "Matched", "crime"), (answers.COUNTIES, credibility.ADMITTED, VIOLENT)]
    matched, counties = (judged.loc[key].to_dict() | {"study": key[0]} for key in keys)
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
    shifted = power.on_scale(np.array([effect]), design["study"])
    return float(power.power_at(shifted, design["std_error"], design["df"])[0])


def power_marks() -> dict[str, float]:
    """Return the published effects as shares of the mean, by short name."""
    rows = published()
    return {"all crime": rows["cap_share"], "violent": rows["manning_share"]}


def percent(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows in log points as percent."""
    return rows.assign(**{name: 100 * np.expm1(rows[name]) for name in _INTERVAL})


def trial_rows() -> pd.DataFrame:
    """Return candidates for the design of cities in the order of the rule, the union last, shares of one."""
    rows = city_headline.trial_table()
    names = {BY_SIZE: "by_size", BY_STATE: "by_state"}
    rows = rows.rename(columns=names).assign(detectable=np.expm1(rows["detectable"]))
    columns = ["candidate", "detectable", *names.values()]
    made = union.figures()
    last = {name: made[name] for name in columns} | {"detectable": float(np.expm1(made["detectable"]))}
    return pd.concat([rows[columns], pd.DataFrame([last])], ignore_index=True)


def events() -> pd.DataFrame:
    """Return effects by year relative to adoption of every design, log points: ``key, outcome, time``."""
    cities = city_headline.events()
    kinds = {"status_inquiry": "status", "detainers": "detain"}
    parts = [cities.assign(key=cities["definition"].map(kinds))]
    parts += [smoothness.events().assign(key="counties"), state_leads.events().assign(key="states")]
    return pd.concat(parts, ignore_index=True)


def list_figures() -> dict[str, Any]:
    """Return the headline of cities and counties on parts of the list, percent: violent crime."""
    marks = {lists.WHOLE: "plain", lists.NO_ADVOCACY: "no_advocacy", lists.NO_BOUNDS: "no_bounds"}
    rows = lists.table()
    found: dict[str, Any] = {}
    for row in rows[rows["outcome"].eq(VIOLENT)].to_dict("records"):
        name = f"{row['key']}_{marks[row['list']]}"
        found |= {name: row["estimate"], f"{name}_low": row["conf_low"], f"{name}_high": row["conf_high"]}
        found |= {f"{name}_used": row["used"]}
    return found
