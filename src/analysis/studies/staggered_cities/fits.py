"""The estimators of the staggered studies, each to one number on the same horizon."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...estimators import Estimates
from .expected_counts import expected_crimes, placebo_places, ratio, tested, treated_rows
from .spec import AFTER, BEFORE, DRAWS, LAST, LEVEL, LOG, PROPORTIONAL, SEED, Fork

KEYS: dict[str, Any] = {"unit": "unit", "time": "year", "cohort": "cohort"}
#: Rows kept of a sample by name of subset.
SUBSETS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "all": lambda frame: pd.Series(True, index=frame.index),
    "ever": lambda frame: frame["cohort"].gt(0),
}
_OUTCOMES = {LOG: "log_rate", PROPORTIONAL: "count"}


def estimate(frame: pd.DataFrame, fork: Fork) -> dict[str, Any]:
    """Return one fork's estimate on a sample: its broom columns, and how many cities and states it rests on.

    The estimand is the mean of the effects from the year of adoption to `AFTER` years later, as `fork`'s
    scale measures it. When the design is not identified ``problem`` says why and the numbers are missing.
    """
    rows = frame[SUBSETS[fork.subset](frame)].reset_index(drop=True)
    treated = rows[rows["cohort"].gt(0)].drop_duplicates("ori")
    given = {"rows": len(rows), "agencies": rows["ori"].nunique(), "cities": len(treated)}
    outcome = _OUTCOMES.get(fork.scale, "rate")
    try:
        found = ESTIMATORS[fork.estimator](rows, outcome, dict(fork.options))
    except est.EstimationError as error:
        return given | {"problem": str(error)}
    return given | {"problem": ""} | found


def horizon_mean(events: Estimates, first: int = 0, last: int = AFTER) -> dict[str, float]:
    """Return the equally weighted mean of effects by event time, with the error their covariance gives."""
    inside = events.keys["event_time"].between(first, last).to_numpy()
    weight = inside / inside.sum()
    one = dataclasses.replace(
        events,
        keys=pd.DataFrame({"term": ["mean"]}),
        estimate=np.array([weight @ events.estimate]),
        covariance=np.array([[weight @ events.covariance @ weight]]),
        overrides={},
        influence=None,
    )
    return _row(one)


def _row(result: Estimates) -> dict[str, float]:
    names = ["estimate", "std_error", "p_value", "conf_low", "conf_high"]
    found = result.tidy(LEVEL).iloc[0]
    return {name: float(found[name]) for name in names} | {"df": float(result.design.get("df", np.inf))}


def _group_time(rows, outcome, options):
    options.setdefault("control", "not_yet")
    options.setdefault("cluster", "state")
    return horizon_mean(est.group_time(rows, outcome=outcome, **KEYS, **options).aggregate("event"))


def _given_covariates(rows, outcome, options):
    """Group-time effects given residents, region and the city's rate in its first three years."""
    start = rows[rows.groupby("ori")["year"].rank().le(3)].groupby("ori")["rate"].mean()
    regions = pd.get_dummies(rows["region"], dtype=float).iloc[:, 1:]
    made = rows.join(regions).assign(
        log_residents=np.log(rows["residents"]),
        start=np.log1p(rows["ori"].map(start)) if outcome == "log_rate" else rows["ori"].map(start),
    )
    covariates = ["log_residents", "start", *regions.columns]
    return _group_time(made, outcome, options | {"covariates": covariates, "method": "reg"})


def _imputation(rows, outcome, options):
    options.setdefault("cluster", "state")
    return horizon_mean(est.imputation(rows, outcome=outcome, **KEYS, **options))


def _interaction_weighted(rows, outcome, options):
    options.setdefault("cluster", "state")
    return horizon_mean(est.interaction_weighted(rows, outcome=outcome, **KEYS, **options).aggregate("event"))


def _extended(rows, outcome, options):
    options.setdefault("cluster", "state")
    fit = est.extended_twfe(rows, outcome=outcome, absorb="unit", **KEYS, **options)
    return horizon_mean(fit.aggregate("event"))


def _counts(rows, outcome, options):
    if options.get("weights") == "balancing":
        rows = balanced(rows)
    count = {"family": "poisson", "offset": "log_population"}
    return _extended(rows, outcome, count | options)


def _stacked(rows, outcome, options):
    options.setdefault("cluster", "state")
    return horizon_mean(est.stacked(rows, outcome=outcome, window=(-BEFORE, AFTER), **KEYS, **options))


def _stacked_counts(rows, outcome, options):
    return horizon_mean(stacked_counts(rows))


def _two_way_counts(rows, outcome, options):
    return _row(two_way_counts(rows, effects=["unit", "year"]))


def _region_years(rows, outcome, options):
    return _row(two_way_counts(rows, effects=["unit", ("region", "year")]))


def two_way_counts(rows: pd.DataFrame, effects: list) -> Estimates:
    """Return the Poisson coefficient of one treatment dummy over the horizon, errors by state.

    Rows of adopting cities later than the horizon are left out, so that it is about the same years.
    """
    near = rows[rows["cohort"].eq(0) | rows["year"].le(rows["cohort"] + AFTER)].reset_index(drop=True)
    return est.poisson(
        near, outcome="count", treatment="treated", effects=effects, offset="log_population", cluster="state"
    )


def _observed_expected(rows, outcome, options):
    table = expected_crimes(rows)
    mine = treated_rows(table)
    alike = options.get("weights") == "equal"
    found = ratio(table, mine, table.own[mine], alike=alike)
    draws = placebo_places(table, draws=DRAWS, seed=SEED, alike=alike)
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(draws, [tail, 100 - tail])
    return {
        "estimate": found,
        "std_error": float(draws.std(ddof=1)),
        "p_value": tested(found, draws),
        "conf_low": found - high,
        "conf_high": found - low,
        "df": np.inf,
    }


def stacked_counts(rows: pd.DataFrame) -> Estimates:
    """Return event-time effects of a Poisson regression on a stack of adoptions, errors by state.

    Each year of adoption is a stack of the adopting cities and of those that stay untreated through its
    window, with city and year effects of its own, so that no treated city is ever a control. The window is
    cut at the panel's end: late adopters say nothing about later years. One coefficient an event time, so
    that every city's chance variation enters the errors.
    """
    used = ["year", "cohort", "count", "log_population", "state"]
    coded = rows[used].assign(code=pd.factorize(rows["unit"])[0])
    stack = pd.concat([_stack(coded, date) for date in np.unique(rows["cohort"][rows["cohort"].gt(0)])])
    times = [time for time in range(-BEFORE, AFTER + 1) if time != -1]
    names = [f"event_{time}" for time in times]
    for time, name in zip(times, names, strict=True):
        stack[name] = (stack["adopts"] & stack["event_time"].eq(time)).astype(float)
    fit = est.poisson(
        stack.reset_index(drop=True),
        outcome="count",
        treatment=names,
        effects=["stack_unit", "stack_year"],
        offset="log_population",
        cluster="state",
    )
    return dataclasses.replace(fit, keys=pd.DataFrame({"event_time": times}))


def _stack(rows: pd.DataFrame, date: int) -> pd.DataFrame:
    last = min(date + AFTER, LAST)
    clean = rows["cohort"].eq(0) | rows["cohort"].gt(last)
    near = rows[(rows["cohort"].eq(date) | clean) & rows["year"].between(date - BEFORE, last)]
    seen = near.groupby("code")["year"].agg(["min", "max"])
    both = seen.index[seen["min"].lt(date) & seen["max"].ge(date)]
    near = near[near["code"].isin(both)]
    return near.assign(
        adopts=near["cohort"].eq(date),
        event_time=near["year"] - date,
        stack_unit=date * (rows["code"].max() + 1) + near["code"],
        stack_year=date * 10_000 + near["year"],
    )


def balanced(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose never-adopting cities weigh, by size and region, as the adopting ones do.

    Cells of size and region without cities of both kinds are left out.
    """
    cities = rows.drop_duplicates("ori")
    adopts = cities["cohort"].gt(0)
    cell = [cities["size"], cities["region"]]
    treated, never = (kind.astype(float).groupby(cell).sum() for kind in (adopts, ~adopts))
    share = (treated / never).where((treated > 0) & (never > 0))
    keys = pd.MultiIndex.from_frame(rows[["size", "region"]])
    weight = np.where(rows["cohort"].gt(0), 1.0, share.reindex(keys).to_numpy())
    both = np.isfinite(share.reindex(keys).to_numpy())
    return rows.assign(balancing=weight)[both].reset_index(drop=True)


ESTIMATORS: dict[str, Callable[[pd.DataFrame, str, dict[str, Any]], dict[str, float]]] = {
    "observed_expected": _observed_expected,
    "counts": _counts,
    "stacked_counts": _stacked_counts,
    "two_way_counts": _two_way_counts,
    "region_years": _region_years,
    "group_time": _group_time,
    "given_covariates": _given_covariates,
    "imputation": _imputation,
    "interaction_weighted": _interaction_weighted,
    "extended_twfe": _extended,
    "stacked": _stacked,
}
