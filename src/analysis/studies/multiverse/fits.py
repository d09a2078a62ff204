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
from ..designs.expected_counts import expected_crimes, observed_to_expected, treated_rows
from ..designs.fits import by_event_time, first_row, given_covariates, horizon_mean, one_dummy
from ..staggered_cities.spec import StaggeredCitiesSpec
from .rules import Choice
from .spec import SPEC, MultiverseSpec

Fit = Callable[[pd.DataFrame, Choice, MultiverseSpec], dict[str, float]]
KEYS: dict[str, str] = {"unit": "unit", "time": "year", "cohort": "cohort"}
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
_CLUSTER = {"state": "state", "agency": "ori", "placebo": "ori"}


def rules_of(choice: Choice, *, spec: MultiverseSpec) -> SampleRules:
    """Return the sample rules of a specification."""
    first, last = spec.curve.windows[choice["window"]]
    return spec.curve.cities.rules.replace(
        definition=choice["treatment"],
        outcome=choice["outcome"],
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


def sample(choice: Choice, *, spec: MultiverseSpec = SPEC) -> pd.DataFrame:
    """Return the rows of a specification; adopting cities whose date is doubted leave altogether."""
    rules = rules_of(choice, spec=spec)
    cities = _cities(rules, spec=spec)
    if choice["confidence"] == "high":
        cities = cities[~cities["doubted"]]
    frame = sample_of(cities, panel("series_breaks"), rules).frame
    return COMPARISONS[choice["comparison"]](frame).reset_index(drop=True)


@functools.cache
def panel(name: str) -> pd.DataFrame:
    """Return a committed panel, read once a process."""
    return load(name)


def _cities(rules: SampleRules, *, spec: MultiverseSpec) -> pd.DataFrame:
    return _with_treatment(rules.definition, rules.include_state_laws, rules.smallest, spec.curve.cities)


@functools.cache
def _with_treatment(
    definition: str, laws: bool, smallest: int, cities_spec: StaggeredCitiesSpec
) -> pd.DataFrame:
    """Return agency-years with their treatment; agencies that are never large enough are left out early."""
    panels = {name: panel(name) for name in PANELS}
    rules = cities_spec.rules.replace(definition=definition, outcome="homicide", include_state_laws=laws)
    cities = with_treatment(panels, rules)
    large = cities.groupby("ori")["population"].transform("max").ge(smallest).fillna(False)
    policies = panels["policies"]
    unsure = policies[policies["definition"].eq(definition) & policies["confidence"].ne("high")]
    codes = set(unsure.loc[unsure["kind"].eq("city"), "geoid"].dropna())
    inside = cities["year"].between(cities_spec.first, cities_spec.last)
    cities = cities.loc[large.to_numpy(dtype=bool) & inside, [*_COLUMNS, *cities_spec.outcomes]]
    return cities.assign(doubted=cities["cohort"].notna() & cities["geoid"].isin(codes))


def _alike(frame: pd.DataFrame) -> pd.DataFrame:
    cells = pd.MultiIndex.from_frame(frame[["size", "region"]])
    return frame[cells.isin(cells[frame["cohort"].gt(0)])]


COMPARISONS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "all": lambda frame: frame,
    "alike": _alike,
    "ever": lambda frame: frame[frame["cohort"].gt(0)],
}


def estimate(frame: pd.DataFrame, choice: Choice, *, spec: MultiverseSpec = SPEC) -> dict[str, Any]:
    """Return one specification's effect in percent of what was to be expected, with its interval and sample.

    The estimand is the mean effect from the year of adoption to the end of the horizon. Effects of counts and
    logs are ``100 (exp(b) - 1)``, with the error of the delta method and the interval of the exponent;
    effects of rates are divided by the adopting cities' rate in the years before, taken as known.
    ``problem`` says why there is no number.
    """
    adopters = frame[frame["cohort"].gt(0)].drop_duplicates("ori")
    found: dict[str, Any] = dict.fromkeys(NUMBERS, np.nan)
    counts = (len(frame), frame["ori"].nunique(), len(adopters), adopters["state"].nunique())
    found |= dict(zip(COUNTS, counts, strict=True)) | {"problem": ""}
    if len(adopters) < spec.curve.fewest_cities:
        return found | {"problem": f"fewer than {spec.curve.fewest_cities} adopting cities"}
    if choice["errors"] == "placebo" and choice["laws"] == "treat":
        return found | {"problem": NO_PLACEBO}
    try:
        raw = FITS[choice["estimator"]](frame, choice, spec)
    except est.EstimationError as error:
        return found | {"problem": str(error).split(":")[0][:80]}
    if not np.isfinite([raw["estimate"], raw["std_error"]]).all() or raw["std_error"] <= 0:
        return found | {"problem": "no finite error"}
    return found | _in_percent(
        raw, 100 / baseline(frame, choice, spec=spec) if choice["scale"] == "rate" else None
    )


def baseline(frame: pd.DataFrame, choice: Choice, *, spec: MultiverseSpec) -> float:
    """Return the adopting cities' rate in the years before adoption, weighted as the specification weighs."""
    gap = frame["cohort"] - frame["year"]
    rows = frame[frame["cohort"].gt(0) & gap.between(1, spec.curve.cities.horizon.before)]
    return float(np.average(rows["rate"], weights=rows["residents"] if _weights(choice) else None))


def _in_percent(raw: Mapping[str, float], factor: float | None) -> dict[str, float]:
    def turn(value: float) -> float:
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


def _options(choice: Choice, *names: str) -> dict[str, Any]:
    """Return the options of an estimator that a specification chooses, those it has by name."""
    chosen = {"control": choice["control"], "weights": _weights(choice)}
    return {"cluster": _CLUSTER[choice["errors"]]} | {name: chosen[name] for name in names}


def _linear(name: str, *names: str, **more: Any) -> Fit:
    def fit(frame: pd.DataFrame, choice: Choice, spec: MultiverseSpec) -> dict[str, float]:
        options = _options(choice, *names) | more
        return _mean(by_event_time(name, frame, OUTCOME[choice["scale"]], KEYS, options), spec)

    return fit


def _mean(events: est.Estimates, spec: MultiverseSpec) -> dict[str, float]:
    return horizon_mean(events, after=spec.curve.cities.horizon.after, level=spec.curve.level)


def _given_covariates(frame: pd.DataFrame, choice: Choice, spec: MultiverseSpec) -> dict[str, float]:
    """Group-time effects given log residents, region, and the city's rate in its first three years."""
    made, names = given_covariates(frame, log=choice["scale"] == "log")
    fit = _linear("group_time", "control", "weights", covariates=names, method="reg")
    return fit(made, choice, spec)


def _extended(frame: pd.DataFrame, choice: Choice, spec: MultiverseSpec) -> dict[str, float]:
    count = {"family": "poisson", "offset": "log_population"} if choice["scale"] == "count" else {}
    return _linear("extended_twfe", "control", "weights", **count)(frame, choice, spec)


def _stacked(frame: pd.DataFrame, choice: Choice, spec: MultiverseSpec) -> dict[str, float]:
    horizon = spec.curve.cities.horizon
    return _linear("stacked", "control", window=(-horizon.before, horizon.after))(frame, choice, spec)


def _one_dummy(effects: list[Any]) -> Fit:
    def fit(frame: pd.DataFrame, choice: Choice, spec: MultiverseSpec) -> dict[str, float]:
        outcome, options = OUTCOME[choice["scale"]], _options(choice, "weights")
        after = spec.curve.cities.horizon.after
        return first_row(one_dummy(frame, outcome, effects, after=after, **options), spec.curve.level)

    return fit


def _observed_expected(frame: pd.DataFrame, choice: Choice, spec: MultiverseSpec) -> dict[str, float]:
    curve = spec.curve
    table = expected_crimes(frame, curve.cities.horizon)
    if len(treated_rows(table)) < curve.fewest_cities:
        raise est.EstimationError(f"fewer than {curve.fewest_cities} adopting cities with a comparison")
    return observed_to_expected(table, draws=curve.placebo_draws, seed=curve.seed, level=curve.level)


FITS: dict[str, Fit] = {
    "observed_expected": _observed_expected,
    "extended_twfe": _extended,
    "group_time": _linear("group_time", "control", "weights"),
    "given_covariates": _given_covariates,
    "imputation": _linear("imputation", "weights"),
    "interaction_weighted": _linear("interaction_weighted", "weights"),
    "stacked": _stacked,
    "two_way": _one_dummy(["unit", "year"]),
    "region_years": _one_dummy(["unit", ("region", "year")]),
}
