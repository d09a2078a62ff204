"""Observed against expected crimes of adopting cities, with tests by other places and other dates.

Where most cohorts are one to three cities, a regression that gives every cohort and period an effect of its
own fits those cities exactly, and an error computed from its residuals leaves out what happens in them by
chance. Here each adopting city's crimes after adoption are held against those it would have had, had its
rate before moved with the rate of cities that never adopt; chance is read off other cities, or other dates,
put through the same computation (Conley and Taber 2011, doi:10.1162/REST_a_00049; Young 2019,
doi:10.1093/qje/qjy029).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...estimators.core.intervals import t_interval
from ...estimators.regression.two_way_counts import period_effects
from ...estimators.resampling.jackknife import jackknife_error
from ...estimators.resampling.placebos import (
    permute_labels,
    permute_units,
    placebo_critical_value,
    placebo_interval,
    randomization_p_value,
)
from .study_spec import StudySpec

Array = npt.NDArray[Any]
#: A sum below this is none: no rate is divided by it.
_CLOSE = 1e-12


@dataclass(frozen=True)
class Horizon(StudySpec):
    """Which years are compared with which."""

    #: Years before adoption that say what was usual.
    before: int = 5
    #: Years after the year of adoption that are judged with it. Longer horizons rest on a handful of early
    #: adopters and lean the most on trends being alike.
    after: int = 5
    #: Fewest years before adoption in which a place must be observed.
    fewest_before: int = 3


@dataclass(frozen=True)
class Expected:
    """Observed and expected crimes of every city at every date of adoption.

    Attributes
    ----------
    cities : pandas.DataFrame
        One row a city with ``ori, city, state, size, residents, cohort``, sorted by ``ori``.
    dates : numpy.ndarray, shape (dates,)
        Years of adoption that occur.
    observed, expected, people : numpy.ndarray, shape (cities, dates)
        Crimes and resident-years in the years from the date on that can be compared with the years before
        it, and the crimes expected in them; missing where too few years before are observed, or no crime
        is expected.
    before : numpy.ndarray, shape (cities, dates)
        Crimes per 100,000 residents in the years before.
    additive : numpy.ndarray, shape (cities, dates)
        Crimes expected had the rate before changed by as many crimes per resident as the comparison's.
    """

    cities: pd.DataFrame
    dates: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    people: np.ndarray
    before: np.ndarray
    additive: np.ndarray

    @property
    def own(self) -> np.ndarray:
        """Position of each city's own date, -1 for cities that never adopt."""
        position = np.searchsorted(self.dates, self.cities["cohort"].to_numpy())
        return np.where(self.cities["cohort"].gt(0), position, -1)


def expected_crimes(frame: pd.DataFrame, horizon: Horizon) -> Expected:
    """Return observed and expected crimes of a `CitySample`'s frame.

    The year effects are those of a Poisson regression with city and year effects on cities that never adopt.
    A city's rate before is its crimes over its residents, weighted by these, in the ``before`` years up to
    the date; years of another stretch of its series do not count.
    """
    cities, years, counts, people, stretch = wide_tables(frame)
    never = cities["cohort"].eq(0).to_numpy()
    trend = period_effects(counts[never], people[never])
    level = np.nansum(counts[never], axis=0) / np.nansum(
        np.where(np.isnan(counts[never]), 0, people[never]), axis=0
    )
    dates = np.unique(cities.loc[~never, "cohort"].to_numpy())
    parts = [_at_date(date, years, counts, people, stretch, trend, level, horizon) for date in dates]
    observed, expected, exposed, before, additive = (
        np.column_stack(part) for part in zip(*parts, strict=True)
    )
    return Expected(cities, dates, observed, expected, exposed, before, additive)


def wide_tables(frame: pd.DataFrame) -> tuple[pd.DataFrame, Array, Array, Array, Array]:
    """Return cities, years, and counts, residents and stretches as tables of cities by years."""
    columns = ["ori", "city", "state", "region", "size", "residents", "cohort"]
    cities = frame[columns].drop_duplicates("ori").sort_values("ori").reset_index(drop=True)
    years = np.unique(frame["year"])
    at = pd.Index(cities["ori"]).get_indexer(frame["ori"]), np.searchsorted(years, frame["year"])
    values = frame["count"], frame["population"], pd.Series(pd.factorize(frame["unit"])[0])
    tables = [np.full((len(cities), len(years)), np.nan) for _ in values]
    for table, column in zip(tables, values, strict=True):
        table[at] = column.to_numpy(float)
    counts, people, stretch = tables
    return cities, years, counts, people, stretch


def _at_date(
    date: int,
    years: Array,
    counts: Array,
    people: Array,
    stretch: Array,
    trend: Array,
    level: Array,
    horizon: Horizon,
) -> list[Array]:
    """Return observed, expected and exposed of every city, had it adopted at the date."""
    earlier, later = (
        (years >= date - horizon.before) & (years < date),
        (years >= date) & (years <= date + horizon.after),
    )
    last = pd.DataFrame(stretch[:, earlier]).ffill(axis=1).iloc[:, -1].to_numpy()
    comparable = ~np.isnan(counts) & (stretch == last[:, None])
    y, n = np.where(comparable, counts, 0.0), np.where(comparable, people, 0.0)
    rate = y[:, earlier].sum(axis=1) / np.maximum(n[:, earlier] @ trend[earlier], _CLOSE)
    residents = n[:, later].sum(axis=1)
    expected = rate * (n[:, later] @ trend[later])
    usual = n[:, earlier].sum(axis=1)
    crude = y[:, earlier].sum(axis=1) / np.maximum(usual, _CLOSE)
    fell = n[:, later] @ level[later] - residents * (n[:, earlier] @ level[earlier]) / np.maximum(
        usual, _CLOSE
    )
    usable = (comparable[:, earlier].sum(axis=1) >= horizon.fewest_before) & (residents > 0) & (expected > 0)
    columns = (y[:, later].sum(axis=1), expected, residents, crude * 1e5, crude * residents + fell)
    return [np.where(usable, column, np.nan) for column in columns]


def ratio(table: Expected, rows: np.ndarray, dates: np.ndarray, *, equal_weights: bool = False) -> float:
    """Return the logarithm of summed observed over summed expected crimes, cities at given dates.

    Parameters
    ----------
    table : Expected
    rows, dates : numpy.ndarray of int
        Positions of cities and of their dates; pairs without a comparison are left out.
    equal_weights : bool
        Sum crimes per resident, so that each city counts alike; otherwise each crime does.
    """
    return float(_ratios(table, rows[None, :], dates[None, :], equal_weights)[0])


def treated_rows(table: Expected) -> np.ndarray:
    """Return the positions of adopting cities that have a comparison at their own date."""
    own = table.own
    rows = np.flatnonzero(own >= 0)
    found: Array = rows[np.isfinite(table.expected[rows, own[rows]])]
    return found


def by_city(table: Expected, *, level: float) -> pd.DataFrame:
    """Return each adopting city's observed and expected crimes, and how unusual their ratio is.

    Returns
    -------
    pandas.DataFrame
        ``ori, city, state, size, residents, cohort, observed, expected, people, before`` (rate),
        ``log_ratio`` (minus infinity without a crime), ``conf_low, conf_high`` (the ratios not rejected
        at ``1 - level`` by cities of the size class that never adopt; missing where these are too few),
        ``excess`` (observed less expected, per 100,000 resident-years), ``placebos`` (how many such cities
        have a comparison at the date) and ``p_value`` (share of them with a ratio as far from 1 as its own,
        itself included).
    """
    rows = treated_rows(table)
    dates = table.own[rows]
    names = ("observed", "expected", "people", "before")
    found = table.cities.iloc[rows].reset_index(drop=True)
    found = found.assign(**{name: getattr(table, name)[rows, dates] for name in names})
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(table.observed / table.expected)
    never = table.cities["cohort"].eq(0).to_numpy()
    alike = [never & table.cities["size"].eq(size).to_numpy() for size in found["size"]]
    drawn = [logs[places, date] for places, date in zip(alike, dates, strict=True)]
    chance = [values[~np.isnan(values)] for values in drawn]
    own = logs[rows, dates]
    half = np.array([placebo_critical_value(np.abs(values), level) for values in chance])
    return found.assign(
        log_ratio=own,
        conf_low=own - half,
        conf_high=own + half,
        excess=(found["observed"] - found["expected"]) / found["people"] * 1e5,
        placebos=[len(values) for values in chance],
        p_value=[randomization_p_value(*pair) for pair in zip(own, chance, strict=True)],
    )


def placebo_places(
    table: Expected, *, draws: int, seed: int, equal_weights: bool = False
) -> npt.NDArray[np.float64]:
    """Return the ratio of each draw in which cities of a size class swap their policies, dates included."""
    rows = treated_rows(table)
    chosen = permute_units(table.cities["size"].to_numpy(), rows, draws=draws, seed=seed)
    return _ratios(table, chosen, np.broadcast_to(table.own[rows], chosen.shape), equal_weights)


def placebo_dates(table: Expected, *, draws: int, seed: int) -> npt.NDArray[np.float64]:
    """Return the ratio of each draw in which the adopting cities swap dates among themselves."""
    rows = treated_rows(table)
    shuffled = permute_labels(table.own[rows], draws=draws, seed=seed)
    return _ratios(table, np.broadcast_to(rows, shuffled.shape), shuffled)


def observed_to_expected(
    table: Expected, *, draws: int, seed: int, level: float, equal_weights: bool = False
) -> dict[str, float]:
    """Return the log ratio of observed to expected crimes with its interval from other places of the size.

    Returns
    -------
    dict
        ``estimate, std_error`` (standard deviation of the draws), ``p_value, conf_low, conf_high`` and
        ``df``, infinite.
    """
    rows = treated_rows(table)
    found = ratio(table, rows, table.own[rows], equal_weights=equal_weights)
    placebo = placebo_places(table, draws=draws, seed=seed, equal_weights=equal_weights)
    low, high = placebo_interval(found, placebo, level)
    return {
        "estimate": found,
        "std_error": float(placebo.std(ddof=1)),
        "p_value": randomization_p_value(found, placebo),
        "conf_low": low,
        "conf_high": high,
        "df": np.inf,
    }


def _ratios(table: Expected, rows: np.ndarray, dates: np.ndarray, equal_weights: bool = False) -> np.ndarray:
    scale = 1 / table.cities["residents"].to_numpy()[rows] if equal_weights else 1.0
    observed, expected = scale * table.observed[rows, dates], scale * table.expected[rows, dates]
    logs: Array = np.log(np.nansum(observed, axis=1) / np.nansum(expected, axis=1))
    return logs


def jackknife(
    frame: pd.DataFrame, by: str, estimate: float, *, horizon: Horizon, level: float
) -> dict[str, float]:
    """Return the error of the ratio from leaving out each group in turn, and its t interval.

    Groups are those that hold an adopting city; a group takes its comparison cities with it. The t
    distribution has one degree of freedom less than there are groups.
    """
    groups = np.sort(frame.loc[frame["cohort"].gt(0), by].unique())
    refits = np.array([_without(frame, by, group, horizon) for group in groups])
    error = jackknife_error(estimate, refits)
    found = t_interval(estimate, error, len(groups) - 1, level)
    return found | {"lowest": float(refits.min()), "highest": float(refits.max())}


def _without(frame: pd.DataFrame, by: str, group: str, horizon: Horizon) -> float:
    table = expected_crimes(frame[frame[by].ne(group)], horizon)
    rows = treated_rows(table)
    return ratio(table, rows, table.own[rows])
