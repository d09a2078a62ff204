"""Chance, trends and influence in the staggered city study: what the headline's error bars rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ... import estimators as est
from ...estimators import Estimates
from ...estimators.resampling.placebos import randomization_p_value
from ..designs.expected_counts import (
    Expected,
    expected_crimes,
    jackknife,
    placebo_dates,
    ratio,
    treated_rows,
)
from ..designs.fits import by_event_time
from .fits import KEYS, mean_effect
from .spec import StaggeredCitiesSpec

_STATISTICS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]


def methods(
    frame: pd.DataFrame, headline: Mapping[str, float], events: Estimates, *, spec: StaggeredCitiesSpec
) -> pd.DataFrame:
    """Return one outcome's errors and p-values by method: ``design, chance`` and the broom columns.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `city_sample`.
    headline : mapping
        The headline's row, tested by other places.
    events : Estimates
        `fits.stacked_counts` of the frame.
    """
    rows = _observed_expected(frame, headline, spec=spec)
    options = {"family": "poisson", "offset": "log_population"}
    for cluster in ("ori", "state"):
        fit = by_event_time("extended_twfe", frame, "count", KEYS, options | {"cluster": cluster})
        found = mean_effect(fit, spec)
        rows.append(_named("Extended two-way Poisson", f"Clustered by {_CLUSTERS[cluster]}", found))
    rows.append(_named("Stacked Poisson", "Clustered by state", mean_effect(events, spec)))
    return pd.DataFrame(rows + _two_way(frame, spec=spec))[["design", "chance", *_STATISTICS]]


def _observed_expected(
    frame: pd.DataFrame, headline: Mapping[str, float], *, spec: StaggeredCitiesSpec
) -> list[dict[str, Any]]:
    estimate = float(headline["estimate"])
    table = expected_crimes(frame, spec.horizon)
    dates = placebo_dates(table, draws=spec.draws, seed=spec.seed)
    jackknifed = jackknife(frame, "state", estimate, horizon=spec.horizon, level=spec.level)
    found: dict[str, Mapping[str, float]] = {
        "Other places of the size": headline,
        "Other dates": {"estimate": estimate, "p_value": randomization_p_value(estimate, dates)},
        "Jackknife by state": jackknifed,
    }
    return [_named("Observed to expected", chance, row) for chance, row in found.items()]


_CLUSTERS = {"ori": "agency", "state": "state"}


def _named(design: str, chance: str, found: Mapping[Any, Any]) -> dict[str, Any]:
    return {"design": design, "chance": chance} | {name: found.get(name, np.nan) for name in _STATISTICS}


def near(frame: pd.DataFrame, *, spec: StaggeredCitiesSpec) -> pd.DataFrame:
    """Return rows up to the horizon of adopting cities, with a logarithm."""
    rows = frame["cohort"].eq(0) | frame["year"].le(frame["cohort"] + spec.horizon.after)
    return frame[rows & frame["log_rate"].notna()].reset_index(drop=True)


def _two_way(frame: pd.DataFrame, *, spec: StaggeredCitiesSpec) -> list[dict[str, Any]]:
    options: dict[str, Any] = {
        "outcome": "log_rate",
        "treatment": "treated",
        "effects": ["unit", "year"],
        "cluster": "state",
    }
    rows = near(frame, spec=spec)
    fits = {
        "Clustered by state": est.ols(rows, **options),
        "Jackknife by state": est.ols(rows, covariance="CRV3", **options),
        "Wild bootstrap by state": est.wild_bootstrap(rows, draws=spec.draws, seed=spec.seed, **options),
    }
    return [
        _named("Two-way logarithm, one dummy", name, fit.tidy(spec.level).iloc[0].to_dict())
        for name, fit in fits.items()
    ]


def negative_weights(frame: pd.DataFrame) -> dict[str, float]:
    """Return how many treated cells the two-way regression weighs negatively, and their sum."""
    found = est.twfe_weights(frame, treatment="treated", effects=["unit", "year"])
    cells = found.negative + found.positive
    return {"cells": cells, "negative": found.negative, "negative_sum": float(found.negative_sum)}


def family(frames: Mapping[str, pd.DataFrame], *, spec: StaggeredCitiesSpec) -> pd.DataFrame:
    """Return Romano and Wolf's p-values over the co-primary outcomes, two-way regressions of logarithms."""
    parts = [
        near(frame, spec=spec).set_index(["ori", "year"])["log_rate"].rename(name)
        for name, frame in frames.items()
    ]
    base = pd.concat([near(frame, spec=spec) for frame in frames.values()]).drop_duplicates(["ori", "year"])
    wide = base[["ori", "year", "state", "treated"]].merge(
        pd.concat(parts, axis=1).reset_index(), on=["ori", "year"]
    )
    found = est.romano_wolf(
        wide.sort_values(["ori", "year"]).reset_index(drop=True),
        outcomes=list(frames),
        treatment="treated",
        effects=["ori", "year"],
        cluster="state",
        draws=spec.draws,
        seed=spec.seed,
        level=spec.level,
    )
    return found.tidy()[["outcome", *_STATISTICS, "p_value_romano_wolf"]]


def trends(events: Estimates, *, spec: StaggeredCitiesSpec) -> dict[str, float]:
    """Return what the years before adoption say of trends, and what they could have said.

    Returns
    -------
    dict
        ``leads_p`` (joint test of the years before), ``slope`` (of a linear drift, log points a year, that
        single leads would show with the study's power), ``bias`` (that such a drift would put into the mean
        over the horizon), ``breakdown`` (multiple of the largest change before adoption at which the interval
        of the mean no longer leaves out zero) and ``low_M``, ``high_M`` for each of `VIOLATIONS`.
    """
    before = (events.keys["event_time"] < 0).to_numpy()
    selector = np.eye(len(events.estimate))[before]
    slope = float(est.pretest_power(events, power=spec.power).slope or np.nan)
    bounds = est.honest_bounds(events, values=spec.violations, target="average", points=200, level=spec.level)
    found = {
        "leads_p": float(_joint(events, selector)),
        "slope": slope,
        "bias": float(slope * np.mean(np.arange(0, spec.horizon.after + 1) + 1)),
    }
    for row in bounds.dropna(subset="value").to_dict("records"):
        found |= {f"{end}_{row['value']:g}": float(row[f"conf_{end}"]) for end in ("low", "high")}
    return found


def _joint(events: Estimates, selector: np.ndarray) -> float:
    effects, covariance = selector @ events.estimate, selector @ events.covariance @ selector.T
    statistic = float(effects @ np.linalg.solve(covariance, effects))
    return float(stats.chi2.sf(statistic, len(effects)))


def influence(frame: pd.DataFrame, *, spec: StaggeredCitiesSpec) -> pd.DataFrame:
    """Return the headline without each adopting city in turn: ``city, state, cohort, estimate, moved``."""
    table = expected_crimes(frame, spec.horizon)
    rows = treated_rows(table)
    whole = ratio(table, rows, table.own[rows])
    left = [ratio(table, np.delete(rows, i), table.own[np.delete(rows, i)]) for i in range(len(rows))]
    cities = table.cities.iloc[rows][["city", "state", "cohort"]].reset_index(drop=True)
    return cities.assign(estimate=left, moved=np.array(left) - whole)


def scale_gap(frame: pd.DataFrame, *, spec: StaggeredCitiesSpec) -> dict[str, float]:
    """Return what an additive design would call an effect, split into proportion and scale.

    All per 100,000 residents a year, the mean over adopting cities: ``before`` (their rate in the years
    before), ``before_never`` (mean rate of the others over all years), ``additive`` (observed less what an
    equal change in crimes per resident predicts), ``proportional`` (observed less what an equal change in
    proportion predicts) and ``scale`` (the rest: the same proportional change from a higher rate).
    """
    table = expected_crimes(frame, spec.horizon)
    rows = treated_rows(table)
    own = table.own[rows]
    people = table.people[rows, own]
    excess = [
        ((table.observed - predicted)[rows, own] / people * 1e5).mean()
        for predicted in (table.additive, table.expected)
    ]
    never = frame["cohort"].eq(0)
    return {
        "cities": len(rows),
        "before": float(table.before[rows, own].mean()),
        "before_never": float(frame.loc[never, "rate"].mean()),
        "additive": float(excess[0]),
        "proportional": float(excess[1]),
        "scale": float(excess[0] - excess[1]),
    }


def crimes(table: Expected) -> dict[str, float]:
    """Return crimes observed and expected over all adopting cities, and residents at risk."""
    rows = treated_rows(table)
    own = table.own[rows]
    names = ("observed", "expected", "people")
    found = {name: float(getattr(table, name)[rows, own].sum()) for name in names}
    return found | {
        "compared": len(rows),
        "excess": (found["observed"] - found["expected"]) / found["people"] * 1e5,
        "rate_expected": found["expected"] / found["people"] * 1e5,
    }
