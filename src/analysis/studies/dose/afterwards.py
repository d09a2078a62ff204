"""Looks taken after the frozen estimates were read: each is named so, and none replaces a frozen one.

The highest class of dose moved in the false period before adoption as it did after. Two further looks ask
what is left: the period held against 2011 and 2012 alone, and the classes without California, whose counties
one law bound; and the reduced form of the instrument is put through the false period too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...estimators.core.intervals import t_interval
from ..staggered_counties.sample import with_rates
from .fits import by_class
from .spec import DoseSpec

#: The state whose counties a law bound at once, most of the highest class.
ONE_LAW = "CA"


def further_looks(frame: pd.DataFrame, *, spec: DoseSpec) -> pd.DataFrame:
    """Return the effects by class on the last years before alone, and without the state of the one law.

    Returns
    -------
    pandas.DataFrame
        As `analysis.studies.dose.fits.by_class`, by ``look``.
    """
    recent = frame[frame["year"].ge(spec.false_period[0])].reset_index(drop=True)
    elsewhere = frame[frame["state"].ne(ONE_LAW)].reset_index(drop=True)
    looks = {"held against 2011 and 2012": recent, "without California": elsewhere}
    parts = [
        by_class(rows, outcome, spec=spec).assign(look=name)
        for name, rows in looks.items()
        for outcome in spec.outcomes
    ]
    return pd.concat(parts, ignore_index=True)


def false_reduced_form(frame: pd.DataFrame, outcome: str, *, spec: DoseSpec) -> dict[str, Any]:
    """Return what the instrument of crimes per declined detainer does to the years before adoption.

    The change of the crime rate from the years before `DoseSpec.false_period` to that period, regressed as in
    `analysis.studies.dose.fits.per_declined`: crimes per 100,000 and unit of dose, in years when no adopter
    was bound.
    """
    first, last = spec.false_period
    rows = with_rates(frame[frame["year"].le(last)], outcome)
    late = rows["year"].ge(first)
    sums = rows.groupby(["fips", late])[["count", "people"]].sum()
    rates = (sums["count"] / sums["people"] * 1e5).unstack()
    about = rows.drop_duplicates("fips").set_index("fips")
    table = about.assign(crime=(rates[True] - rates[False]).reindex(about.index))
    adopts = table["cohort"].gt(0).astype(float)
    table = table.assign(adopts=adopts, instrument=adopts * table["detainers_per_1000"])
    fit = est.ols(
        table[table["crime"].notna()].reset_index(),
        outcome="crime",
        treatment="instrument",
        covariates=["adopts", "detainers_per_1000"],
        effects=["dose_class"],
        weights="people",
        cluster="state",
    )
    at = fit.row(term="instrument")
    df = (fit.sample.clusters or 2) - 1
    row = t_interval(float(at["estimate"]), float(at["std_error"]), df, spec.level)
    return {"outcome": outcome} | {name: row[name] for name in ("estimate", "std_error", "p_value")}


def share_of_highest(frame: pd.DataFrame, *, spec: DoseSpec) -> float:
    """Return the share of the highest class's adopters that lie in the state of the one law."""
    adopters = frame[frame["cohort"].gt(0)].drop_duplicates("fips")
    top = adopters["dose_class"].eq(spec.classes[-1])
    return float(np.mean(adopters.loc[top, "state"].eq(ONE_LAW)))
