"""The measurement study's tables in the shape its figures take, in percent; nothing is estimated here."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ...estimators.core.intervals import excludes_zero
from ..staggered_counties.exhibits import percent
from .results import MeasurementStudy
from .spec import CITY

_SHOWN = ["estimate", "conf_low", "conf_high"]


def choices_forest(study: MeasurementStudy, unit: str, definition: str, outcome: str) -> pd.DataFrame:
    """Return one outcome's choices as groups of a forest, the headline first and standing out."""
    table = study.choices
    rows = table[table["unit"].eq(unit) & table["definition"].eq(definition) & table["outcome"].eq(outcome)]
    rows = percent(rows).assign(highlight=rows["name"].eq("Headline"))
    return rows[["group", "name", *_SHOWN, "highlight"]].reset_index(drop=True)


def largest_shifts(study: MeasurementStudy) -> pd.DataFrame:
    """Return, by unit, treatment and outcome, the choices that move the estimate the most either way.

    Returns
    -------
    pandas.DataFrame
        ``unit, definition, outcome, estimate`` (headline), ``half`` (half its interval), ``down, down_by, up,
        up_by`` (choice and shift, log points), ``signs`` (how many choices change its sign) and ``excludes``
        (how many intervals exclude zero), of ``choices``.
    """
    rows = []
    key: Any
    for key, part in study.choices.groupby(["unit", "definition", "outcome"], sort=False):
        head = part[part["name"].eq("Headline")].iloc[0]
        rest = part[part["name"].ne("Headline")]
        at: Any = rest.loc
        low, high = at[rest["shift"].idxmin()], at[rest["shift"].idxmax()]
        rows.append(
            dict(zip(["unit", "definition", "outcome"], key, strict=True))
            | {
                "estimate": head["estimate"],
                "half": (head["conf_high"] - head["conf_low"]) / 2,
                "down": low["name"],
                "down_by": low["shift"],
                "up": high["name"],
                "up_by": high["shift"],
                "signs": int((rest["estimate"] * head["estimate"] < 0).sum()),
                "excludes": int(excludes_zero(rest["conf_low"], rest["conf_high"]).sum()),
                "choices": len(rest),
            }
        )
    return pd.DataFrame(rows)


def bound_curves(study: MeasurementStudy, unit: str, definition: str) -> dict[str, pd.Series]:
    """Return the effect on crimes in percent by change of reporting in percent, a line an outcome."""
    rows = study.bounds[study.bounds["unit"].eq(unit) & study.bounds["definition"].eq(definition)]
    rows = percent(rows)
    return {
        name: rows[rows["outcome"].eq(outcome)].set_index(
            100 * rows["reporting"][rows["outcome"].eq(outcome)]
        )["estimate"]
        for outcome, name in study.spec.outcomes.items()
    }


def labelled(study: MeasurementStudy, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with printed names of unit and treatment (``group``) and of outcomes (``name``)."""
    names = table["definition"].map(study.spec.definitions)
    group = table["unit"].str.capitalize() + ": " + names.str.lower()
    return table.assign(group=group, name=table["outcome"].map(study.spec.outcomes))


def one_choice(study: MeasurementStudy, name: str, definition: str, outcome: str) -> pd.Series:
    """Return one city choice for one treatment and outcome, log points."""
    table: Any = study.choices[study.choices["unit"].eq(CITY) & study.choices["name"].eq(name)]
    row: pd.Series = table.set_index(["definition", "outcome"]).loc[(definition, outcome)]
    return row
