"""The staggered city study cut to the shape of its exhibits; nothing here estimates anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...estimators.core.intervals import excludes_zero
from ..designs.city_sample import size_names
from ..designs.specification import LOG, PROPORTIONAL, RATE
from .results import CityStudy

_INTERVAL = ["estimate", "conf_low", "conf_high"]


def percent(log_points: Any) -> Any:
    """Return a proportional change in percent from its log points, of a number or a column."""
    return 100 * np.expm1(log_points)


def cell(table: pd.DataFrame, definition: str, outcome: str) -> pd.DataFrame:
    """Return one treatment's and outcome's rows."""
    return table[table["definition"].eq(definition) & table["outcome"].eq(outcome)]


def headline_of(results: CityStudy, definition: str, outcome: str) -> pd.Series:
    """Return one row of the headline with ``percent, percent_low, percent_high``."""
    row = cell(results.headline, definition, outcome).iloc[0]
    names = {"percent": "estimate", "percent_low": "conf_low", "percent_high": "conf_high"}
    made: pd.Series = pd.concat([row, pd.Series({name: percent(row[of]) for name, of in names.items()})])
    return made


def headline_forest(results: CityStudy) -> pd.DataFrame:
    """Return the headline in percent, treatments as groups; co-primary outcomes stand out."""
    rows = results.headline[results.headline["definition"].isin(results.spec.main_treatments)]
    cities = rows["compared"].astype(str)
    return pd.DataFrame(
        {
            "name": rows["outcome"].map(results.spec.outcomes) + " (" + cities + " cities)",
            "group": rows["definition"].map(results.spec.treatments),
            **{name: percent(rows[name]) for name in _INTERVAL},
            "highlight": rows["outcome"].isin(list(results.spec.primary)),
        }
    ).reset_index(drop=True)


def headline_table(results: CityStudy) -> pd.DataFrame:
    """Return crimes observed and expected, the difference per 100,000, and what could have been seen."""
    rows = results.headline
    excess = {
        f"excess_{end}": rows["rate_expected"] * np.expm1(rows[f"conf_{end}"]) for end in ("low", "high")
    }
    return pd.DataFrame(
        {
            "treatment": rows["definition"].map(results.spec.treatments),
            "outcome": rows["outcome"].map(results.spec.outcomes),
            "cities": rows["compared"],
            "observed": rows["observed"],
            "expected": rows["expected"],
            "expected_rate": rows["rate_expected"],
            "excess": rows["excess"],
            **excess,
            "p_value": rows["p_value"],
            "detectable": 100 * rows["detectable"],
        }
    ).reset_index(drop=True)


def treated_table(results: CityStudy) -> pd.DataFrame:
    """Return adopting cities by year, one row a treatment and year."""
    rows = results.treated[results.treated["definition"].isin(results.spec.main_treatments)]
    names = rows.assign(name=rows["city"].map(_short).astype(str) + " " + rows["state"].astype(str))
    grouped = names.groupby(["definition", "cohort"], sort=False)["name"]
    table = grouped.agg(cities="size", names=", ".join).reset_index()
    return table.assign(definition=table["definition"].map(results.spec.treatments))


def _short(city: str) -> str:
    return city.replace(" Metropolitan Police Department Jurisdiction", "").replace(" Town", "")


def ledger_table(results: CityStudy, outcome: str = "homicide") -> pd.DataFrame:
    """Return what each step took out, one outcome, treatments side by side."""
    rows = results.ledgers[results.ledgers["outcome"].eq(outcome)]
    wide = rows.pivot(index="step", columns="definition", values=["rows", "agencies"])
    wide.columns = pd.Index(["_".join(pair) for pair in wide.columns.to_list()])
    order = rows["step"].drop_duplicates()
    keep = [
        f"{name}_{definition}" for definition in results.spec.main_treatments for name in ("rows", "agencies")
    ]
    return wide.loc[order, keep].reset_index()


def forks_forest(results: CityStudy, definition: str, outcome: str) -> pd.DataFrame:
    """Return the forks of one treatment and outcome in percent, but for those in rates."""
    rows = cell(results.forks, definition, outcome)
    rows = rows[rows["scale"].ne(RATE)]
    return rows.assign(
        **{name: percent(rows[name]) for name in _INTERVAL}, highlight=np.arange(len(rows)) == 0
    )[["name", "group", *_INTERVAL, "highlight"]].reset_index(drop=True)


def forks_table(results: CityStudy, definition: str) -> pd.DataFrame:
    """Return every fork's estimates and p-values by outcome; rates per 100,000, others percent."""
    rows = results.forks[results.forks["definition"].eq(definition)]
    shown = rows["estimate"].where(rows["scale"].eq(RATE), percent(rows["estimate"]))
    rows = rows.assign(shown=shown)
    wide = rows.pivot(index=["group", "name"], columns="outcome", values=["shown", "p_value"])
    wide.columns = pd.Index(["_".join(pair) for pair in wide.columns.to_list()])
    order = pd.MultiIndex.from_frame(rows[["group", "name"]].drop_duplicates())
    keep = [f"{name}_{outcome}" for outcome in results.spec.primary for name in ("shown", "p_value")]
    return wide.loc[order, keep].reset_index()


def spread(results: CityStudy) -> pd.DataFrame:
    """Return how forks agree: number, signs, intervals that leave out zero, extremes; rates apart."""
    kind = results.forks["scale"].map({PROPORTIONAL: "share", LOG: "share", RATE: "rate"})
    rows = results.forks.assign(
        kind=kind, out=excludes_zero(results.forks["conf_low"], results.forks["conf_high"])
    )
    grouped = rows.groupby(["definition", "outcome", "kind"], sort=False)
    return grouped.agg(
        forks=("estimate", "count"),
        below=("estimate", lambda values: int((values < 0).sum())),
        excluding=("out", "sum"),
        lowest=("estimate", "min"),
        highest=("estimate", "max"),
    ).reset_index()


def methods_table(results: CityStudy) -> pd.DataFrame:
    """Return errors and p-values by method, percent."""
    rows = results.methods
    return pd.DataFrame(
        {
            "heading": rows["definition"].map(results.spec.treatments)
            + ", "
            + rows["outcome"].map(results.spec.primary).str.lower(),
            "design": rows["design"],
            "chance": rows["chance"],
            **{name: percent(rows[name]) for name in _INTERVAL},
            "p_value": rows["p_value"],
        }
    )


def cities_forest(results: CityStudy, definition: str, outcome: str) -> pd.DataFrame:
    """Return each city's observed less expected crimes in percent, by size class."""
    rows = cell(results.cities, definition, outcome)
    rows = rows[np.isfinite(rows["log_ratio"])].sort_values(["size", "log_ratio"], ascending=[False, True])
    name = rows["city"].map(_short) + ", " + rows["state"] + " (" + rows["cohort"].astype(str) + ")"
    return pd.DataFrame(
        {
            "name": name,
            "group": rows["size"].map(dict(enumerate(size_names(results.spec.rules.sizes)))),
            "estimate": percent(rows["log_ratio"]),
            "conf_low": percent(rows["conf_low"]),
            "conf_high": percent(rows["conf_high"]),
            "highlight": rows["p_value"].lt(0.05),
        }
    ).reset_index(drop=True)


def scale_table(results: CityStudy) -> pd.DataFrame:
    """Return the split of the additive estimate."""
    rows = results.scale
    names = {
        "definition": rows["definition"].map(results.spec.treatments),
        "outcome": rows["outcome"].map(results.spec.primary),
    }
    return rows.assign(**names)


def trends_table(results: CityStudy) -> pd.DataFrame:
    """Return what the years before adoption say and could say, percent."""
    rows = results.trends
    names = ["slope", "bias", "low_0.5", "high_0.5", "low_1", "high_1"]
    return pd.DataFrame(
        {
            "definition": rows["definition"].map(results.spec.treatments),
            "outcome": rows["outcome"].map(results.spec.primary),
            "leads_p": rows["leads_p"],
            **{name.replace(".", "_"): percent(rows[name]) for name in names},
        }
    )


def family_table(results: CityStudy) -> pd.DataFrame:
    """Return Romano and Wolf's p-values with the estimates in percent."""
    rows = results.family
    return pd.DataFrame(
        {
            "definition": rows["definition"].map(results.spec.treatments),
            "outcome": rows["outcome"].map(results.spec.primary),
            **{name: percent(rows[name]) for name in _INTERVAL},
            "p_value": rows["p_value"],
            "family": rows["p_value_romano_wolf"],
        }
    )


def by_places(results: CityStudy) -> pd.DataFrame:
    """Return the forks whose chance comes from other places, with ``rejects`` at 5%."""
    rows = results.forks[results.forks["estimator"].eq(results.spec.headline.estimator)]
    return rows.assign(rejects=rows["p_value"].le(0.05)).reset_index(drop=True)


def most_influential(results: CityStudy, definition: str, outcome: str) -> pd.Series:
    """Return the city whose absence moves the headline most, with the estimate without it in percent."""
    rows = cell(results.influence, definition, outcome)
    row = rows.iloc[int(rows["moved"].abs().to_numpy().argmax())]
    made: pd.Series = pd.concat([row, pd.Series({"percent": percent(row["estimate"])})])
    return made
