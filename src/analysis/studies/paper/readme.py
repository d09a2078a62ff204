"""What the studies found, in a handful of figures: for the report's first page and the README."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...results import stored
from ..cap2017 import study as cap2017
from ..city_power import headline as city_headline
from ..published.claims import VERDICTS, claims, collect, compare
from ..published.verdicts import tally
from ..staggered_cities.spec import SPEC as CITIES
from ..uar2017 import study as uar2017
from ..uar2017.spec import SPEC as UAR_SPEC

#: The total that no change of the definition of rape disturbs.
CITY_OUTCOME = "violent_without_rape"
CITY_STAGES = {"before": "before adoption", "after": "in force", "change": "change"}
COUNTY_DESIGNS = {
    "unadjusted": "unadjusted",
    "matched": "matched",
    "regression-adjusted": "regression-adjusted",
    "within states": "within states",
}


TREATMENT = "status_inquiry"
STAGGERED_OUTCOMES = {
    "violent_without_rape": "violent crime without rape",
    "homicide": "homicide",
    "robbery": "robbery",
    "motor_vehicle_theft": "motor vehicle theft",
}


def verdicts() -> pd.DataFrame:
    """Return the verdict on every claim of the two papers."""
    return compare(claims(), collect(uar2017.findings(), cap2017.findings()))


def verdict_tally() -> pd.DataFrame:
    """Return verdicts counted by study."""
    return tally(verdicts())


def city_differences() -> pd.DataFrame:
    """Return matched differences in violent crime without rape, one row a stage, per 100,000 residents."""
    table = uar2017.run().differences
    chosen = table[
        table["coding"].eq(UAR_SPEC.main)
        & table["estimator"].eq("one-to-one")
        & table["outcome"].eq(CITY_OUTCOME)
        & table["year"].isna()
        & table["group"].isin(CITY_STAGES)
    ]
    return chosen.set_index("group").loc[list(CITY_STAGES)]


def county_differences() -> pd.DataFrame:
    """Return differences in crime in 2015, one row a design, per 10,000 residents."""
    return cap2017.run().main.set_index("design").loc[list(COUNTY_DESIGNS)]


def staggered_differences() -> pd.DataFrame:
    """Return the staggered city design's headlines, log points, one row a treatment and outcome."""
    rows = city_headline.table()
    return rows[rows["definition"].isin(CITIES.main_treatments)].set_index(["definition", "outcome"])


def forest_rows() -> pd.DataFrame:
    """Return all of them as shares of the comparison mean, in percent, for one forest plot."""
    city, county = city_differences(), county_differences()
    rows = [
        _row("Cities forbidding status inquiry, violent crime without rape", name, row, row["mean_control"])
        for name, row in zip(CITY_STAGES.values(), city.to_dict("records"), strict=True)
    ]
    rows += [
        _row("Counties declining detainers, all index crime, 2015", name, row, row["comparison_mean"])
        for name, row in zip(COUNTY_DESIGNS.values(), county.to_dict("records"), strict=True)
    ]
    staggered: dict[Any, Any] = staggered_differences().to_dict("index")
    group = "Cities forbidding status inquiry, followed over time"
    for outcome, name in STAGGERED_OUTCOMES.items():
        row = staggered[TREATMENT, outcome]
        parts = {key: 100 * math.expm1(row[key]) for key in ("estimate", "conf_low", "conf_high")}
        rows.append({"group": group, "name": name, **parts})
    return pd.DataFrame(rows)


def _row(group: str, name: str, row: Mapping[Any, Any], mean: float) -> dict[str, Any]:
    parts = {key: 100 * row[key] / mean for key in ("estimate", "conf_low", "conf_high")}
    return {"group": group, "name": name, **parts}


@stored
def headline() -> dict[str, Any]:
    """Return the figures of the summary's sentences, by name."""
    city: dict[Any, Any] = city_differences().to_dict("index")
    county: dict[Any, Any] = county_differences().to_dict("index")
    change, matched, within = city["change"], county["matched"], county["within states"]
    printed = claims("cap2017")["cap_crime"].figure
    counts = verdicts()["verdict"].value_counts()
    return {
        "pairs": int(change["used"]),
        "pairs_before": int(city["before"]["used"]),
        "pairs_after": int(city["after"]["used"]),
        "before": city["before"]["estimate"],
        "after": city["after"]["estimate"],
        "change": change["estimate"],
        "change_low": change["conf_low"],
        "change_high": change["conf_high"],
        "change_seen": change["detectable"],
        "change_seen_share": change["detectable_share"],
        "printed": float(printed.value) if printed else float("nan"),
        "county": matched["estimate"],
        "county_low": matched["conf_low"],
        "county_high": matched["conf_high"],
        "county_seen": matched["detectable"],
        "within": within["estimate"],
        "within_low": within["conf_low"],
        "within_high": within["conf_high"],
        **_staggered_figures(),
        "claims": int(counts.sum()),
        "results": int(counts.sum() - counts.get("untested", 0) - counts.get("not graded", 0)),
        **{name.replace(" ", "_"): int(counts.get(name, 0)) for name in VERDICTS},
    }


def _staggered_figures() -> dict[str, Any]:
    table = staggered_differences()
    records: dict[Any, Any] = table.to_dict("index")
    figures: dict[str, Any] = {}
    for name, outcome in (("violent", CITY_OUTCOME), ("homicide", "homicide")):
        row = records[TREATMENT, outcome]
        for suffix, key in (("", "estimate"), ("_low", "conf_low"), ("_high", "conf_high")):
            figures[name + suffix] = math.expm1(row[key])
    violent = records[TREATMENT, CITY_OUTCOME]
    holds = (table["conf_low"] <= 0) & (table["conf_high"] >= 0)
    return figures | {
        "treated": int(violent["compared"]),
        "effective": violent["effective"],
        "violent_seen": math.expm1(violent["detectable"]),
        "holds": int(holds.sum()),
        "headlines": len(table),
    }
