"""The estimators of the staggered studies, each to one number on the same horizon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...estimators import Estimates
from ...estimators.staggered.stacked_counts import stacked_poisson
from ..designs.expected_counts import expected_crimes, observed_to_expected
from ..designs.fits import by_event_time, first_row, given_covariates, horizon_mean, one_dummy
from ..designs.specification import LOG, PROPORTIONAL, Specification
from .spec import StaggeredCitiesSpec

Fit = Callable[[pd.DataFrame, str, dict[str, Any], StaggeredCitiesSpec], dict[str, float]]
KEYS: dict[str, str] = {"unit": "unit", "time": "year", "cohort": "cohort"}
Options = dict[str, Any]
#: Rows kept of a sample by name of subset.
SUBSETS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "all": lambda frame: pd.Series(True, index=frame.index),
    "ever": lambda frame: frame["cohort"].gt(0),
}
_OUTCOMES = {LOG: "log_rate", PROPORTIONAL: "count"}


def estimate(frame: pd.DataFrame, one: Specification, *, spec: StaggeredCitiesSpec) -> dict[str, Any]:
    """Return one estimate on a sample: its broom columns, and how many cities and states it rests on.

    The estimand is the mean of the effects from the year of adoption to the end of the horizon, as the scale
    measures it. When the design is not identified ``problem`` says why and the numbers are missing.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `city_sample`.
    one : Specification
        Options: ``control``, ``weights``, ``cluster``, and ``subset``, a key of `SUBSETS`.
    spec : StaggeredCitiesSpec
    """
    options = dict(one.options)
    rows = frame[SUBSETS[options.pop("subset", "all")](frame)].reset_index(drop=True)
    treated = rows[rows["cohort"].gt(0)].drop_duplicates("ori")
    given = {"rows": len(rows), "agencies": rows["ori"].nunique(), "cities": len(treated)}
    try:
        found = ESTIMATORS[one.estimator](rows, _OUTCOMES.get(one.scale, "rate"), options, spec)
    except est.EstimationError as error:
        return given | {"problem": str(error)}
    return given | {"problem": ""} | found


def mean_effect(events: Estimates, spec: StaggeredCitiesSpec) -> dict[str, float]:
    """Return the mean effect over the study's horizon."""
    return horizon_mean(events, after=spec.horizon.after, level=spec.level)


def _linear(name: str, **defaults: Any) -> Fit:
    def fit(
        rows: pd.DataFrame, outcome: str, options: Options, spec: StaggeredCitiesSpec
    ) -> dict[str, float]:
        given = {"cluster": "state"} | defaults | options
        return mean_effect(by_event_time(name, rows, outcome, KEYS, given), spec)

    return fit


def _given_covariates(
    rows: pd.DataFrame, outcome: str, options: Options, spec: StaggeredCitiesSpec
) -> dict[str, float]:
    """Group-time effects given residents, region and the city's rate in its first three years."""
    made, names = given_covariates(rows, log=outcome == "log_rate")
    given = {"control": "not_yet", "cluster": "state"} | options | {"covariates": names, "method": "reg"}
    return mean_effect(by_event_time("group_time", made, outcome, KEYS, given), spec)


def _counts(
    rows: pd.DataFrame, outcome: str, options: Options, spec: StaggeredCitiesSpec
) -> dict[str, float]:
    if options.get("weights") == "balancing":
        rows = balanced(rows)
    given = {"family": "poisson", "offset": "log_population", "cluster": "state"} | options
    return mean_effect(by_event_time("extended_twfe", rows, outcome, KEYS, given), spec)


def _stacked(
    rows: pd.DataFrame, outcome: str, options: Options, spec: StaggeredCitiesSpec
) -> dict[str, float]:
    window = (-spec.horizon.before, spec.horizon.after)
    return _linear("stacked", window=window)(rows, outcome, options, spec)


def _stacked_counts(
    rows: pd.DataFrame, outcome: str, options: Options, spec: StaggeredCitiesSpec
) -> dict[str, float]:
    return mean_effect(stacked_counts(rows, spec=spec), spec)


def _one_dummy(effects: list[Any]) -> Fit:
    def fit(
        rows: pd.DataFrame, outcome: str, options: Options, spec: StaggeredCitiesSpec
    ) -> dict[str, float]:
        found = one_dummy(rows, outcome, effects, after=spec.horizon.after, cluster="state")
        return first_row(found, spec.level)

    return fit


def _observed_expected(
    rows: pd.DataFrame, outcome: str, options: Options, spec: StaggeredCitiesSpec
) -> dict[str, float]:
    return observed_to_expected(
        expected_crimes(rows, spec.horizon),
        draws=spec.draws,
        seed=spec.seed,
        level=spec.level,
        equal_weights=options.get("weights") == "equal",
    )


def stacked_counts(rows: pd.DataFrame, *, spec: StaggeredCitiesSpec) -> Estimates:
    """Return event-time effects of a Poisson regression on a stack of adoptions, errors by state."""
    return stacked_poisson(
        rows,
        outcome="count",
        **KEYS,
        window=(-spec.horizon.before, spec.horizon.after),
        offset="log_population",
        cluster="state",
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


ESTIMATORS: dict[str, Fit] = {
    "observed_expected": _observed_expected,
    "counts": _counts,
    "stacked_counts": _stacked_counts,
    "two_way_counts": _one_dummy(["unit", "year"]),
    "region_years": _one_dummy(["unit", ("region", "year")]),
    "group_time": _linear("group_time", control="not_yet"),
    "given_covariates": _given_covariates,
    "imputation": _linear("imputation"),
    "interaction_weighted": _linear("interaction_weighted"),
    "extended_twfe": _linear("extended_twfe"),
    "stacked": _stacked,
}
