"""The headline of cities that are followed over time: the chosen design, every policy and offense.

The design was chosen in `choice` from its behavior on permuted data. Effects are in log points; `percent`
turns them into percent.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from ...panels.store import load
from ...results import remembered, stored
from ..designs.city_sample import PANELS
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_cities.study import Samples
from .choice import chosen
from .estimates import CityDesign, counts_by_choice
from .specification import CANDIDATES, OUTCOME, POOLED, PRECISION, Candidate
from .specification import TREATMENTS as STUDIED
from .trial import ranking

#: Policies and offenses of the table; the union of policies is the pooled stack.
CELLS = [(definition, outcome) for definition in CITIES.main_treatments for outcome in CITIES.outcomes]
CELLS += [(POOLED, outcome) for outcome in (OUTCOME, "property")]


@remembered
def samples() -> Samples:
    """Return the city samples on the committed panels."""
    return Samples({name: load(name) for name in PANELS})


@remembered
def design(definition: str, outcome: str, candidate: Candidate | None = None) -> CityDesign:
    """Return the chosen design, or another of its kind, on one policy and offense."""
    return CityDesign(samples().of(definition, outcome).frame, candidate or chosen())


def city_effect(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the chosen design's row on a sample's frame; see `CityDesign.row`."""
    return CityDesign(frame, chosen()).row(CITIES.margin_share)


@stored
def table() -> pd.DataFrame:
    """Return ``definition, outcome`` and the columns of `CityDesign.row`, one row per policy and offense."""
    rows = [
        {"definition": d, "outcome": o} | design(d, o).row(np.log1p(CITIES.margin_share)) for d, o in CELLS
    ]
    return pd.DataFrame(rows)


@stored
def tests() -> pd.DataFrame:
    """Return tests on the years before adoption and bounds, one row per policy for the two totals.

    Returns
    -------
    pandas.DataFrame
        ``definition, outcome``; columns of `events.leads` and `CityDesign.fake_date`; ``breakdown``; ends of
        the confidence sets ``low_0.5, high_0.5, low_1, high_1`` (relative magnitudes) and ``smooth_low_0,
        smooth_high_0`` and on (smoothness).
    """
    rows: list[dict[str, Any]] = []
    for definition in CITIES.main_treatments:
        for outcome in (OUTCOME, "property"):
            made = design(definition, outcome)
            _, found, sets = made.events()
            rows.append(
                {"definition": definition, "outcome": outcome} | found | made.fake_date() | _ends(sets)
            )
    return pd.DataFrame(rows)


def _ends(sets: pd.DataFrame) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in sets.dropna(subset="value").to_dict("records"):
        mark = "smooth_" if row["restriction"] == "smoothness" else ""
        found |= {f"{mark}{end}_{row['value']:g}": float(row[f"conf_{end}"]) for end in ("low", "high")}
    return found


@stored
def events() -> pd.DataFrame:
    """Return effects by year relative to adoption with 95% intervals, for the two policies and totals."""
    parts = []
    for definition in STUDIED:
        for outcome in (OUTCOME, "property"):
            found = design(definition, outcome).events()[0].estimates()
            rows = found.tidy().rename(columns={"event_time": "time"})
            parts.append(rows.assign(definition=definition, outcome=outcome))
    return pd.concat(parts, ignore_index=True)


@stored
def alternatives() -> pd.DataFrame:
    """Return other ways to the headline's total: other trends and weights, and counts judged three ways.

    ``definition, group, name, estimate, conf_low, conf_high, p_value, excluded, detectable``.
    """
    rows: list[dict[str, Any]] = []
    for definition in STUDIED:
        frame = samples().of(definition, OUTCOME).frame
        kinds = [c for c in CANDIDATES if c.estimator == PRECISION and c.inference == chosen().inference]
        for candidate in kinds:
            row = design(definition, OUTCOME, candidate).row(CITIES.margin_share)
            name = candidate.name.removeprefix("Log ratios, ").rsplit(",", 1)[0]
            rows.append({"definition": definition, "group": "Log ratios by information", "name": name} | row)
        for trend, by in {"pooled trend": (), "trend by size": ("size",)}.items():
            judged: Any = counts_by_choice(frame, by).to_dict("records")
            for row in judged:
                group, name = f"Ratio of summed counts, {trend}", str(row.pop("choice"))
                rows.append({"definition": definition, "group": group, "name": name} | row)
    columns = ["definition", "group", "name", "estimate", "placebo_mean", "conf_low", "conf_high", "p_value"]
    return pd.DataFrame(rows)[[*columns, "excluded", "detectable"]]


@stored
def trial_results() -> pd.DataFrame:
    """Return the committed results of the trial on permuted data; see `trial.trial`."""
    return pd.read_csv(str(files(__package__).joinpath("trial.csv")))


def trial_table() -> pd.DataFrame:
    """Return candidates in the order of the rule with their sizes by way to permute."""
    results = trial_results()
    sizes = results.pivot_table(index="candidate", columns="how", values="rejected", aggfunc="mean")
    about = pd.DataFrame({c.name: {"estimand": c.estimand, "inference": c.inference} for c in CANDIDATES}).T
    return ranking(results).join(sizes, on="candidate").join(about, on="candidate")


def percent(log_points: Any) -> Any:
    """Return a proportional change in percent from its log points."""
    return 100 * np.expm1(log_points)
