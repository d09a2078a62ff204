"""The estimators of the staggered county study, each to one number for the period 2013-14."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ... import estimators as est
from ...estimators import Estimates
from .border_pairs import pair_rows
from .sample import with_rates
from .spec import LAST_YEARLY, LEVEL, LOG, PERIOD, PROPORTIONAL, RINGS, CountyFork

KEYS: dict[str, Any] = {"unit": "fips", "time": "year", "cohort": "cohort"}
_OUTCOMES = {LOG: "log_rate", PROPORTIONAL: "count"}
_SHOWN = ("estimate", "std_error", "p_value", "conf_low", "conf_high")
_LARGE = 100_000
Row = dict[str, Any]


def _mixed(frame: pd.DataFrame) -> pd.Series:
    """States in which some county of the sample adopts and some does not, and states without any adopter."""
    share = frame["cohort"].gt(0).groupby(frame["state"]).transform("mean")
    return share.lt(0.9)


SUBSETS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "all": lambda frame: pd.Series(True, index=frame.index),
    "never_or_now": lambda frame: frame["later"].eq(0),
    "mixed_states": _mixed,
    "large": lambda frame: frame["residents"].ge(_LARGE),
}


def estimate(frame: pd.DataFrame, outcome: str, fork: CountyFork) -> Row:
    """Return one fork's estimate on a sample: broom columns, and the counties and states it rests on.

    The estimand is the mean effect on adopting counties over 2013 and 2014 together, in which they were bound
    for part of the time, as the fork's scale measures it. When the design is not identified ``problem`` says
    why and the numbers are missing.
    """
    rows = with_rates(frame[SUBSETS[fork.subset](frame)].reset_index(drop=True), outcome)
    treated = rows[rows["treated"].gt(0)]
    given = {
        "counties": rows["fips"].nunique(),
        "treated": len(treated),
        "states": rows["state"].nunique(),
        "treated_states": treated["state"].nunique(),
    }
    column = _OUTCOMES.get(fork.scale, "rate")
    try:
        found = ESTIMATORS[fork.estimator](rows[rows[column].notna()], column, dict(fork.options))
    except est.EstimationError as error:
        return given | {"problem": str(error)} | dict.fromkeys([*_SHOWN, "df"], np.nan)
    return given | {"problem": ""} | found


def broom(result: Estimates, **key: Any) -> Row:
    """Return one row of a result with a t distribution over its clusters, whatever the result's own."""
    found = result.row(**key) if key else result.tidy(LEVEL).iloc[0]
    return t_row(float(found["estimate"]), float(found["std_error"]), (result.sample.clusters or 2) - 1)


def t_row(estimate: float, error: float, df: float) -> Row:
    """Return an estimate with the interval and p-value of t."""
    half = stats.t.ppf(0.5 + LEVEL / 2, df) * error
    return {
        "estimate": estimate,
        "std_error": error,
        "p_value": float(2 * stats.t.sf(abs(estimate / error), df)),
        "conf_low": estimate - half,
        "conf_high": estimate + half,
        "df": float(df),
    }


def counts_fit(rows: pd.DataFrame, **options: Any) -> Estimates:
    """Return the extended two-way Poisson effects, with county effects and residents as exposure."""
    given: dict[str, Any] = {"cluster": "state"} | options
    fit = est.extended_twfe(
        rows, outcome="count", family="poisson", offset="log_people", absorb="unit", **KEYS, **given
    )
    return fit.aggregate("simple")


def _counts(rows, column, options):
    return broom(counts_fit(rows, **options))


def two_way(rows: pd.DataFrame, treatment: Any, effects: list, **options: Any) -> Estimates:
    """Return Poisson coefficients with the effects absorbed and residents as exposure, errors by state."""
    given: dict[str, Any] = {"cluster": "state"} | options
    return est.poisson(
        rows, outcome="count", treatment=treatment, effects=effects, offset="log_people", **given
    )


def _two_way_counts(rows, column, options):
    return broom(two_way(rows, "treated", ["fips", "year"]), term="treated")


def _effects_counts(rows, column, options):
    return broom(two_way(rows, "treated", ["fips", (options["by"], "year")]), term="treated")


def _secure_communities(rows, column, options):
    fit = two_way(rows, "treated", ["fips", "year"], covariates=["activated"])
    return broom(fit, term="treated")


def with_rings(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return rows with an indicator for each ring of distance to the nearest adopter, and their names."""
    found = est.exposure_rings(
        rows, **KEYS, latitude="centroid_latitude", longitude="centroid_longitude", edges=RINGS
    )
    names = [name for name in map(str, found.columns) if name.startswith("ring_")]
    return rows.join(found[names]), names


def rings_fit(rows: pd.DataFrame) -> Estimates:
    """Return the effect on adopters and on comparison counties by ring, against counties beyond the last."""
    made, names = with_rings(rows)
    return two_way(made, ["treated", *names], ["fips", "year"])


def _rings(rows, column, options):
    return broom(rings_fit(rows), term="treated")


def _border_pairs(rows, column, options):
    pairs = pair_rows(rows)
    if pairs.empty:
        raise est.EstimationError("no adjacent pair of counties across a state border differs")
    fit = two_way(
        pairs, "treated", ["pair_county", ("pair", "year")], weights="once", cluster=["state", "segment"]
    )
    return broom(fit, term="treated")


def _group_time(rows, column, options):
    given = {"control": "not_yet", "cluster": "state"} | options
    return broom(est.group_time(rows, outcome=column, **KEYS, **given).aggregate("simple"))


def _imputation(rows, column, options):
    return broom(est.imputation(rows, outcome=column, by="overall", cluster="state", **KEYS, **options))


def _interaction_weighted(rows, column, options):
    fit = est.interaction_weighted(rows, outcome=column, cluster="state", **KEYS, **options)
    return broom(fit.aggregate("event", window=(0, 0)))


def _extended(rows, column, options):
    fit = est.extended_twfe(rows, outcome=column, absorb="unit", cluster="state", **KEYS, **options)
    return broom(fit.aggregate("simple"))


def _stacked(rows, column, options):
    window = (-(LAST_YEARLY - int(rows["year"].min())) - 1, 0)
    return broom(est.stacked(rows, outcome=column, window=window, cluster="state", **KEYS), event_time=0)


ESTIMATORS: dict[str, Callable[[pd.DataFrame, str, dict[str, Any]], Row]] = {
    "counts": _counts,
    "two_way_counts": _two_way_counts,
    "effects_counts": _effects_counts,
    "secure_communities": _secure_communities,
    "rings": _rings,
    "border_pairs": _border_pairs,
    "group_time": _group_time,
    "imputation": _imputation,
    "interaction_weighted": _interaction_weighted,
    "extended_twfe": _extended,
    "stacked": _stacked,
}


def jackknife(rows: pd.DataFrame) -> tuple[Row, pd.DataFrame]:
    """Return the headline with errors from leaving out each state in turn, and the refits by state.

    The error is the cluster jackknife's (CRV3: deviations from the full estimate), with t of one degree of
    freedom less than states.
    """
    states = np.sort(rows["state"].unique())
    full = float(counts_fit(rows).estimate[0])
    refits = np.array([float(counts_fit(rows[rows["state"].ne(state)]).estimate[0]) for state in states])
    n = len(states)
    error = float(np.sqrt((n - 1) / n * ((refits - full) ** 2).sum()))
    holds = rows[rows["treated"].gt(0)].groupby("state").size().reindex(states, fill_value=0).to_numpy()
    return t_row(full, error, n - 1), pd.DataFrame({"state": states, "estimate": refits, "treated": holds})


def by_year(rows: pd.DataFrame, effects: list | None = None) -> pd.DataFrame:
    """Return how adopters' crime moved against the others' by period, relative to 2012: event-study columns.

    ``year`` is `PERIOD` for both years together.
    """
    adopts = rows["cohort"].gt(0)
    years = [int(year) for year in np.unique(rows["year"]) if year != LAST_YEARLY]
    names = [f"in_{year}" for year in years]
    made = rows.assign(
        **{
            name: (adopts & rows["year"].eq(year)).astype(float)
            for name, year in zip(names, years, strict=True)
        }
    )
    fit = two_way(made, names, effects or ["fips", "year"])
    found = [{"year": year} | broom(fit, term=name) for name, year in zip(names, years, strict=True)]
    table = pd.DataFrame(found)
    before = [name for name, year in zip(names, years, strict=True) if year != PERIOD]
    keep = [list(fit.keys["term"]).index(name) for name in before]
    effects_before = fit.estimate[keep]
    wald = float(effects_before @ np.linalg.solve(fit.covariance[np.ix_(keep, keep)], effects_before))
    return table.assign(
        pretest_p=float(stats.f.sf(wald / len(keep), len(keep), (fit.sample.clusters or 2) - 1))
    )
