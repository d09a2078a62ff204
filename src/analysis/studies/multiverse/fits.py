"""One specification of the multiverse: its sample, its fit, and the effect in percent."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...panels.store import load
from ..designs.city_sample import PANELS, SampleRules, sample_of, with_treatment
from ..staggered_cities.expected_counts import expected_crimes, placebo_places, ratio, tested, treated_rows
from ..staggered_cities.fits import horizon_mean
from ..staggered_cities.spec import AFTER, BEFORE, FIRST, LAST, OUTCOMES
from .spec import FEWEST_CITIES, PLACEBO_DRAWS, SEED

Choice = Mapping[str, str]
KEYS: dict[str, Any] = {"unit": "unit", "time": "year", "cohort": "cohort"}
OUTCOME = {"count": "count", "log": "log_rate", "rate": "rate"}
NUMBERS = ("percent", "std_error", "conf_low", "conf_high", "p_value", "raw", "raw_error")
COUNTS = ("rows", "agencies", "cities", "states")
_COLUMNS = [
    *["ori", "state", "region", "city", "year", "population", "place_fips", "county_fips", "geoid"],
    *["cohort", "ended_year", "exposed_from", "symbolic_from", "county_from"],
]
#: Cities of a state that a law treats together are no independent draws: placebo cities spread over states
#: vary far less.
NO_PLACEBO = "placebo places cannot imitate a statewide law"
_WINDOWS = {"all": (2000, 2019), "paper": (2002, 2014)}
_CLUSTER = {"state": "state", "agency": "ori", "placebo": "ori"}


def rules_of(choice: Choice) -> SampleRules:
    """Return the sample rules of a specification."""
    first, last = _WINDOWS[choice["window"]]
    return SampleRules(
        choice["treatment"],
        choice["outcome"],
        first_cohort=first,
        last_cohort=last,
        smallest=int(choice["smallest"]),
        fewest_years=int(choice["years"]),
        honour_breaks=choice["breaks"] == "honoured",
        keep_ended=choice["ended"] == "kept",
        include_state_laws=choice["laws"] == "treat",
        clean_counties=choice["counties"] == "controls_leave",
        keep_limited_before=choice["before"] == "kept",
    )


def sample(choice: Choice) -> pd.DataFrame:
    """Return the rows of a specification; adopting cities whose date is doubted leave altogether."""
    rules = rules_of(choice)
    cities = _cities(rules.definition, rules.include_state_laws, rules.smallest)
    if choice["confidence"] == "high":
        cities = cities[~cities["doubted"]]
    frame = sample_of(cities, panel("series_breaks"), rules).frame
    return COMPARISONS[choice["comparison"]](frame).reset_index(drop=True)


@functools.cache
def panel(name: str) -> pd.DataFrame:
    """Return a committed panel, read once a process."""
    return load(name)


@functools.cache
def _cities(definition: str, laws: bool, smallest: int) -> pd.DataFrame:
    """Return agency-years with their treatment; agencies that are never large enough are left out early."""
    panels = {name: panel(name) for name in PANELS}
    rules = SampleRules(definition, "homicide", include_state_laws=laws)
    cities = with_treatment(panels, rules)
    large = cities.groupby("ori")["population"].transform("max").ge(smallest).fillna(False)
    policies = panels["policies"]
    unsure = policies[policies["definition"].eq(definition) & policies["confidence"].ne("high")]
    codes = set(unsure.loc[unsure["kind"].eq("city"), "geoid"].dropna())
    cities = cities.loc[
        large.to_numpy(dtype=bool) & cities["year"].between(FIRST, LAST), [*_COLUMNS, *OUTCOMES]
    ]
    return cities.assign(doubted=cities["cohort"].notna() & cities["geoid"].isin(codes))


def _alike(frame: pd.DataFrame) -> pd.DataFrame:
    cells = pd.MultiIndex.from_frame(frame[["size", "region"]])
    return frame[cells.isin(cells[frame["cohort"].gt(0)])]


COMPARISONS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "all": lambda frame: frame,
    "alike": _alike,
    "ever": lambda frame: frame[frame["cohort"].gt(0)],
}


def estimate(frame: pd.DataFrame, choice: Choice, *, draws: int = PLACEBO_DRAWS) -> dict[str, Any]:
    """Return one specification's effect in percent of what was to be expected, with its interval and sample.

    The estimand is the mean effect from the year of adoption to `AFTER` years later. Effects of counts and
    logs are ``100 (exp(b) - 1)``, with the error of the delta method and the interval of the exponent;
    effects of rates are divided by the adopting cities' rate in the `BEFORE` years before, taken as known.
    ``problem`` says why there is no number.
    """
    adopters = frame[frame["cohort"].gt(0)].drop_duplicates("ori")
    found: dict[str, Any] = dict.fromkeys(NUMBERS, np.nan)
    counts = (len(frame), frame["ori"].nunique(), len(adopters), adopters["state"].nunique())
    found |= dict(zip(COUNTS, counts, strict=True)) | {"problem": ""}
    if len(adopters) < FEWEST_CITIES:
        return found | {"problem": f"fewer than {FEWEST_CITIES} adopting cities"}
    if choice["errors"] == "placebo" and choice["laws"] == "treat":
        return found | {"problem": NO_PLACEBO}
    try:
        raw = FITS[choice["estimator"]](frame, choice, draws)
    except est.EstimationError as error:
        return found | {"problem": str(error).split(":")[0][:80]}
    if not np.isfinite([raw["estimate"], raw["std_error"]]).all() or raw["std_error"] <= 0:
        return found | {"problem": "no finite error"}
    return found | _in_percent(raw, 100 / baseline(frame, choice) if choice["scale"] == "rate" else None)


def baseline(frame: pd.DataFrame, choice: Choice) -> float:
    """Return the adopting cities' rate in the years before adoption, weighted as the specification weighs."""
    gap = frame["cohort"] - frame["year"]
    rows = frame[frame["cohort"].gt(0) & gap.between(1, BEFORE)]
    return float(np.average(rows["rate"], weights=rows["residents"] if _weights(choice) else None))


def _in_percent(raw: Mapping[str, float], factor: float | None) -> dict[str, float]:
    def turn(value):
        return factor * value if factor else 100 * np.expm1(value)

    slope = factor or 100 * np.exp(raw["estimate"])
    return {
        "percent": turn(raw["estimate"]),
        "std_error": slope * raw["std_error"],
        "conf_low": turn(raw["conf_low"]),
        "conf_high": turn(raw["conf_high"]),
        "p_value": raw["p_value"],
        "raw": raw["estimate"],
        "raw_error": raw["std_error"],
    }


def _weights(choice: Choice) -> str | None:
    """Return the column of weights: a count model weighs residents by itself."""
    if choice["scale"] == "count":
        return "equal" if choice["weights"] == "cities" else None
    return "residents" if choice["weights"] == "residents" else None


def _common(choice: Choice) -> dict[str, Any]:
    return KEYS | {"outcome": OUTCOME[choice["scale"]], "cluster": _CLUSTER[choice["errors"]]}


def _group_time(frame, choice, draws, **more):
    options = _common(choice) | {"control": choice["control"], "weights": _weights(choice)} | more
    return horizon_mean(est.group_time(frame, **options).aggregate("event"))


def _given_covariates(frame, choice, draws):
    """Group-time effects given log residents, region, and the city's rate in its first three years."""
    log = choice["scale"] == "log"
    first = frame[frame.groupby("ori")["year"].rank().le(3)].groupby("ori")["rate"].mean()
    start = np.log1p(first) if log else first
    regions = pd.get_dummies(frame["region"], dtype=float).iloc[:, 1:]
    made = frame.join(regions).assign(log_residents=np.log(frame["residents"]), start=frame["ori"].map(start))
    return _group_time(
        made, choice, draws, covariates=["log_residents", "start", *regions.columns], method="reg"
    )


def _imputation(frame, choice, draws):
    return horizon_mean(est.imputation(frame, weights=_weights(choice), **_common(choice)))


def _interaction_weighted(frame, choice, draws):
    fit = est.interaction_weighted(frame, weights=_weights(choice), **_common(choice))
    return horizon_mean(fit.aggregate("event"))


def _extended(frame, choice, draws):
    count = {"family": "poisson", "offset": "log_population"} if choice["scale"] == "count" else {}
    options = _common(choice) | {"control": choice["control"], "weights": _weights(choice)} | count
    return horizon_mean(est.extended_twfe(frame, absorb="unit", **options).aggregate("event"))


def _stacked(frame, choice, draws):
    fit = est.stacked(frame, window=(-BEFORE, AFTER), control=choice["control"], **_common(choice))
    return horizon_mean(fit)


def _one_dummy(frame, choice, effects):
    """Two-way coefficient of one treatment dummy; adopters' rows past the horizon are left out."""
    near = frame[frame["cohort"].eq(0) | frame["year"].le(frame["cohort"] + AFTER)].reset_index(drop=True)
    options = {
        "outcome": OUTCOME[choice["scale"]],
        "treatment": "treated",
        "effects": effects,
        "weights": _weights(choice),
        "cluster": _CLUSTER[choice["errors"]],
    }
    if choice["scale"] == "count":
        return est.poisson(near, offset="log_population", **options).tidy().iloc[0]
    return est.ols(near, **options).tidy().iloc[0]


def _two_way(frame, choice, draws):
    return _one_dummy(frame, choice, ["unit", "year"])


def _region_years(frame, choice, draws):
    return _one_dummy(frame, choice, ["unit", ("region", "year")])


def _observed_expected(frame, choice, draws):
    table = expected_crimes(frame)
    mine = treated_rows(table)
    if len(mine) < FEWEST_CITIES:
        raise est.EstimationError(f"fewer than {FEWEST_CITIES} adopting cities with a comparison")
    found = ratio(table, mine, table.own[mine])
    placebo = placebo_places(table, draws=draws, seed=SEED)
    low, high = np.percentile(placebo, [2.5, 97.5])
    return {
        "estimate": found,
        "std_error": float(placebo.std(ddof=1)),
        "p_value": tested(found, placebo),
        "conf_low": found - high,
        "conf_high": found - low,
    }


FITS: dict[str, Callable[..., Mapping[str, float]]] = {
    "observed_expected": _observed_expected,
    "extended_twfe": _extended,
    "group_time": _group_time,
    "given_covariates": _given_covariates,
    "imputation": _imputation,
    "interaction_weighted": _interaction_weighted,
    "stacked": _stacked,
    "two_way": _two_way,
    "region_years": _region_years,
}
