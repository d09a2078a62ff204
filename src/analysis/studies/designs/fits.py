"""Estimators of staggered adoption by name, one table for cities, counties and the specification curve.

Each takes rows, the outcome's column, the names of unit, time and cohort, and its own options, and gives
effects by event time (`by_event_time`) or the mean over treated unit-periods (`overall`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...estimators import Estimates
from .shown_clusters import shows_clusters

Keys = Mapping[str, str]


def _extended(rows: pd.DataFrame, **options: Any) -> Any:
    return est.extended_twfe(rows, absorb="unit", **options)


FITS: dict[str, Callable[..., Any]] = {
    "group_time": est.group_time,
    "imputation": est.imputation,
    "interaction_weighted": est.interaction_weighted,
    "extended_twfe": _extended,
    "stacked": est.stacked,
}
#: Fits that are keyed by event time without being aggregated.
_BY_EVENT = ("imputation", "stacked")


@shows_clusters
def by_event_time(
    name: str, rows: pd.DataFrame, outcome: str, keys: Keys, options: Mapping[str, Any]
) -> Estimates:
    """Return effects by event time.

    Parameters
    ----------
    name : str
        A key of `FITS`.
    rows : pandas.DataFrame
    outcome : str
        Column.
    keys : mapping of str to str
        Columns of ``unit, time, cohort``.
    options : mapping of str
        Passed to the estimator.
    """
    fit = FITS[name](rows, outcome=outcome, **keys, **options)
    found: Estimates = fit if name in _BY_EVENT else fit.aggregate("event")
    return found


@shows_clusters
def overall(
    name: str, rows: pd.DataFrame, outcome: str, keys: Keys, options: Mapping[str, Any]
) -> tuple[Estimates, dict[str, Any]]:
    """Return the mean effect over treated unit-periods where each cohort has one, and the key of its row."""
    more = {"by": "overall"} if name == "imputation" else {}
    fit = FITS[name](rows, outcome=outcome, **keys, **more, **options)
    if name == "interaction_weighted":
        return fit.aggregate("event", window=(0, 0)), {}
    if name == "stacked":
        return fit, {"event_time": 0}
    return (fit if name == "imputation" else fit.aggregate("simple")), {}


def given_covariates(rows: pd.DataFrame, *, log: bool) -> tuple[pd.DataFrame, list[str]]:
    """Return rows with log residents, region and the city's rate in its first three years, and their names.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``ori, year, region, residents, rate``.
    log : bool
        Whether the rate enters as the logarithm of itself and one.
    """
    first = rows[rows.groupby("ori")["year"].rank().le(3)].groupby("ori")["rate"].mean()
    start = np.log1p(first) if log else first
    regions = pd.get_dummies(rows["region"], dtype=float).iloc[:, 1:]
    made = rows.join(regions).assign(log_residents=np.log(rows["residents"]), start=rows["ori"].map(start))
    return made, ["log_residents", "start", *map(str, regions.columns)]


@shows_clusters
def one_dummy(
    rows: pd.DataFrame,
    outcome: str,
    effects: list[Any],
    *,
    after: int,
    cluster: str,
    weights: str | None = None,
) -> Estimates:
    """Return the two-way coefficient of one treatment dummy over the horizon; counts by Poisson.

    Rows of adopting cities later than `after` years are left out, so that it is about the same years.
    """
    inside = rows["cohort"].eq(0) | rows["year"].le(rows["cohort"] + after)
    near = rows[inside].reset_index(drop=True)
    options: dict[str, Any] = {
        "outcome": outcome,
        "treatment": "treated",
        "effects": effects,
        "cluster": cluster,
    }
    if outcome == "count":
        return est.poisson(near, offset="log_population", weights=weights, **options)
    return est.ols(near, weights=weights, **options)


def horizon_mean(events: Estimates, *, after: int, level: float) -> dict[str, float]:
    """Return the equally weighted mean of effects up to a horizon, with the error their covariance gives."""
    inside = events.keys["event_time"].between(0, after).to_numpy()
    weight = inside / inside.sum()
    one = dataclasses.replace(
        events,
        keys=pd.DataFrame({"term": ["mean"]}),
        estimate=np.array([weight @ events.estimate]),
        covariance=np.array([[weight @ events.covariance @ weight]]),
        overrides={},
        influence=None,
    )
    return first_row(one, level)


def first_row(result: Estimates, level: float) -> dict[str, float]:
    """Return the first row of a result: ``estimate, std_error, p_value, conf_low, conf_high, df``."""
    names = ["estimate", "std_error", "p_value", "conf_low", "conf_high"]
    found = result.tidy(level).iloc[0]
    return {name: float(found[name]) for name in names} | {"df": float(result.design.get("df", np.inf))}
