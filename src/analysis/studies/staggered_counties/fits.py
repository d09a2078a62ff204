"""The estimators of the staggered county study, each to one number for the period 2013-14."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ... import estimators as est
from ...estimators import Estimates
from ...estimators.core.intervals import t_interval
from ...estimators.resampling.jackknife import jackknife_error
from ..designs.fits import overall
from ..designs.specification import LOG, PROPORTIONAL, Specification
from .border_pairs import pair_rows
from .sample import with_rates
from .spec import StaggeredCountiesSpec

KEYS: dict[str, str] = {"unit": "fips", "time": "year", "cohort": "cohort"}
_OUTCOMES = {LOG: "log_rate", PROPORTIONAL: "count"}
_SHOWN = ("estimate", "std_error", "p_value", "conf_low", "conf_high")
Row = dict[str, Any]
Options = dict[str, Any]
Fit = Callable[[pd.DataFrame, str, Options, StaggeredCountiesSpec], Row]
Subset = Callable[[pd.DataFrame, StaggeredCountiesSpec], pd.Series]


def _mixed(frame: pd.DataFrame, spec: StaggeredCountiesSpec) -> pd.Series:
    """States in which some county of the sample adopts and some does not, and states without any adopter."""
    share = frame["cohort"].gt(0).groupby(frame["state"]).transform("mean")
    return share.lt(0.9)


SUBSETS: dict[str, Subset] = {
    "all": lambda frame, spec: pd.Series(True, index=frame.index),
    "never_or_now": lambda frame, spec: frame["later"].eq(0),
    "mixed_states": _mixed,
    "large": lambda frame, spec: frame["residents"].ge(spec.large),
}


def estimate(frame: pd.DataFrame, outcome: str, one: Specification, *, spec: StaggeredCountiesSpec) -> Row:
    """Return one estimate on a sample: broom columns, and the counties and states it rests on.

    The estimand is the mean effect on adopting counties over 2013 and 2014 together, in which they were bound
    for part of the time, as the scale measures it. When the design is not identified ``problem`` says why and
    the numbers are missing.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `county_sample`.
    outcome : str
    one : Specification
        Options: those of the estimator, and ``subset``, a key of `SUBSETS`.
    spec : StaggeredCountiesSpec
    """
    options = dict(one.options)
    kept = frame[SUBSETS[options.pop("subset", "all")](frame, spec)].reset_index(drop=True)
    rows = with_rates(kept, outcome)
    treated = rows[rows["treated"].gt(0)]
    given = {
        "counties": rows["fips"].nunique(),
        "treated": len(treated),
        "states": rows["state"].nunique(),
        "treated_states": treated["state"].nunique(),
    }
    column = _OUTCOMES.get(one.scale, "rate")
    try:
        found = ESTIMATORS[one.estimator](rows[rows[column].notna()], column, options, spec)
    except est.EstimationError as error:
        return given | {"problem": str(error)} | dict.fromkeys([*_SHOWN, "df"], np.nan)
    return given | {"problem": ""} | found


def broom(result: Estimates, level: float, **key: Any) -> Row:
    """Return one row of a result with a t distribution over its clusters, whatever the result's own."""
    found = result.row(**key) if key else result.tidy(level).iloc[0]
    return t_row(
        float(found["estimate"]), float(found["std_error"]), (result.sample.clusters or 2) - 1, level
    )


def t_row(estimate: float, error: float, df: float, level: float) -> Row:
    """Return an estimate with the interval and p-value of t."""
    found = t_interval(estimate, error, df, level)
    return {name: found[name] for name in (*_SHOWN, "df")}


def counts_fit(rows: pd.DataFrame, **options: Any) -> Estimates:
    """Return the extended two-way Poisson effects, with county effects and residents as exposure."""
    given: dict[str, Any] = {"cluster": "state"} | KEYS | options
    fit = est.extended_twfe(
        rows, outcome="count", family="poisson", offset="log_people", absorb="unit", **given
    )
    return fit.aggregate("simple")


def two_way(rows: pd.DataFrame, treatment: Any, effects: list[Any], **options: Any) -> Estimates:
    """Return Poisson coefficients with the effects absorbed and residents as exposure, errors by state."""
    given: dict[str, Any] = {"cluster": "state"} | options
    return est.poisson(
        rows, outcome="count", treatment=treatment, effects=effects, offset="log_people", **given
    )


def _two_way(effects: list[Any], **more: Any) -> Fit:
    def fit(rows: pd.DataFrame, column: str, options: Options, spec: StaggeredCountiesSpec) -> Row:
        return broom(two_way(rows, "treated", effects, **more), spec.level, term="treated")

    return fit


def _counts(rows: pd.DataFrame, column: str, options: Options, spec: StaggeredCountiesSpec) -> Row:
    return broom(counts_fit(rows, **options), spec.level)


def _effects_counts(rows: pd.DataFrame, column: str, options: Options, spec: StaggeredCountiesSpec) -> Row:
    return _two_way(["fips", (options["by"], "year")])(rows, column, options, spec)


def with_rings(rows: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> tuple[pd.DataFrame, list[str]]:
    """Return rows with an indicator for each ring of distance to the nearest adopter, and their names."""
    found = est.exposure_rings(
        rows, **KEYS, latitude="centroid_latitude", longitude="centroid_longitude", edges=spec.rings
    )
    names = [name for name in map(str, found.columns) if name.startswith("ring_")]
    return rows.join(found[names]), names


def rings_fit(rows: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> Estimates:
    """Return the effect on adopters and on comparison counties by ring, against counties beyond the last."""
    made, names = with_rings(rows, spec=spec)
    return two_way(made, ["treated", *names], ["fips", "year"])


def _rings(rows: pd.DataFrame, column: str, options: Options, spec: StaggeredCountiesSpec) -> Row:
    return broom(rings_fit(rows, spec=spec), spec.level, term="treated")


def _border_pairs(rows: pd.DataFrame, column: str, options: Options, spec: StaggeredCountiesSpec) -> Row:
    pairs = pair_rows(rows, spec=spec)
    if pairs.empty:
        raise est.EstimationError("no adjacent pair of counties across a state border differs")
    effects = ["pair_county", ("pair", "year")]
    fit = two_way(pairs, "treated", effects, weights="once", cluster=["state", "segment"])
    return broom(fit, spec.level, term="treated")


def _linear(name: str, **defaults: Any) -> Fit:
    def fit(rows: pd.DataFrame, column: str, options: Options, spec: StaggeredCountiesSpec) -> Row:
        given = {"cluster": "state"} | defaults | options
        result, key = overall(name, rows, column, KEYS, given)
        return broom(result, spec.level, **key)

    return fit


def _stacked(rows: pd.DataFrame, column: str, options: Options, spec: StaggeredCountiesSpec) -> Row:
    window = (-(spec.last_yearly - int(rows["year"].min())) - 1, 0)
    return _linear("stacked", window=window)(rows, column, {}, spec)


ESTIMATORS: dict[str, Fit] = {
    "counts": _counts,
    "two_way_counts": _two_way(["fips", "year"]),
    "effects_counts": _effects_counts,
    "secure_communities": _two_way(["fips", "year"], covariates=["activated"]),
    "rings": _rings,
    "border_pairs": _border_pairs,
    "group_time": _linear("group_time", control="not_yet"),
    "imputation": _linear("imputation"),
    "interaction_weighted": _linear("interaction_weighted"),
    "extended_twfe": _linear("extended_twfe"),
    "stacked": _stacked,
}


def jackknife(rows: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> tuple[Row, pd.DataFrame]:
    """Return the headline with errors from leaving out each state in turn, and the refits by state.

    The error is the cluster jackknife's (CRV3: deviations from the full estimate), with t of one degree of
    freedom less than states.
    """
    states = np.sort(rows["state"].unique())
    full = float(counts_fit(rows).estimate[0])
    refits = np.array([float(counts_fit(rows[rows["state"].ne(state)]).estimate[0]) for state in states])
    holds = rows[rows["treated"].gt(0)].groupby("state").size().reindex(states, fill_value=0).to_numpy()
    row = t_row(full, jackknife_error(full, refits), len(states) - 1, spec.level)
    return row, pd.DataFrame({"state": states, "estimate": refits, "treated": holds})


def by_year(
    rows: pd.DataFrame, effects: list[Any] | None = None, *, spec: StaggeredCountiesSpec
) -> pd.DataFrame:
    """Return how adopters' crime moved against the others' by period, relative to 2012: event-study columns.

    ``year`` is ``spec.period`` for both years together.
    """
    adopts = rows["cohort"].gt(0)
    years = [int(year) for year in np.unique(rows["year"]) if year != spec.last_yearly]
    names = [f"in_{year}" for year in years]
    made = rows.assign(
        **{
            name: (adopts & rows["year"].eq(year)).astype(float)
            for name, year in zip(names, years, strict=True)
        }
    )
    fit = two_way(made, names, effects or ["fips", "year"])
    found = [
        {"year": year} | broom(fit, spec.level, term=name) for name, year in zip(names, years, strict=True)
    ]
    table = pd.DataFrame(found)
    before = [name for name, year in zip(names, years, strict=True) if year != spec.period]
    keep = [list(fit.keys["term"]).index(name) for name in before]
    effects_before = fit.estimate[keep]
    wald = float(effects_before @ np.linalg.solve(fit.covariance[np.ix_(keep, keep)], effects_before))
    return table.assign(
        pretest_p=float(stats.f.sf(wald / len(keep), len(keep), (fit.sample.clusters or 2) - 1))
    )
