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

import numpy as np
import pandas as pd
from scipy import stats

from ...estimators.errors import NotConvergedError
from .spec import AFTER, BEFORE, FEWEST_BEFORE

_SWEEPS = 200
_CLOSE = 1e-12


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


def expected_crimes(frame: pd.DataFrame) -> Expected:
    """Return observed and expected crimes of a `CitySample`'s frame.

    The year effects are those of a Poisson regression with city and year effects on cities that never adopt.
    A city's rate before is its crimes over its residents, weighted by these, in the `BEFORE` years before the
    date; years of another stretch of its series do not count.
    """
    cities, years, counts, people, stretch = _wide(frame)
    never = cities["cohort"].eq(0).to_numpy()
    trend = year_effects(counts[never], people[never])
    level = np.nansum(counts[never], axis=0) / np.nansum(
        np.where(np.isnan(counts[never]), 0, people[never]), axis=0
    )
    dates = np.unique(cities.loc[~never, "cohort"].to_numpy())
    parts = [_at_date(date, years, counts, people, stretch, trend, level) for date in dates]
    observed, expected, exposed, before, additive = (
        np.column_stack(part) for part in zip(*parts, strict=True)
    )
    return Expected(cities, dates, observed, expected, exposed, before, additive)


def year_effects(counts: np.ndarray, people: np.ndarray, *, sweeps: int = _SWEEPS) -> np.ndarray:
    """Return the year effects, relative to the first year, of a Poisson regression with city effects.

    Parameters
    ----------
    counts, people : numpy.ndarray, shape (cities, years)
        Missing where not observed.
    sweeps : int
        Most alternations between city and year effects.

    Raises
    ------
    NotConvergedError
        If the effects still move by more than 1e-12 of themselves in the last sweep.
    """
    seen = ~np.isnan(counts)
    y, n = np.where(seen, counts, 0.0), np.where(seen, people, 0.0)
    trend = np.ones(counts.shape[1])
    for _ in range(sweeps):
        city = y.sum(axis=1) / np.maximum(n @ trend, _CLOSE)
        new = y.sum(axis=0) / (city @ n)
        new /= new[0]
        moved = np.abs(new / trend - 1).max()
        if moved < _CLOSE:
            return new
        trend = new
    raise NotConvergedError(
        f"year effects of {len(counts)} cities still move by {moved:.1e} after {sweeps} sweeps: look for "
        "years or cities almost without crimes or observations, or allow more sweeps"
    )


def _wide(frame: pd.DataFrame):
    columns = ["ori", "city", "state", "region", "size", "residents", "cohort"]
    cities = frame[columns].drop_duplicates("ori").sort_values("ori").reset_index(drop=True)
    years = np.unique(frame["year"])
    at = pd.Index(cities["ori"]).get_indexer(frame["ori"]), np.searchsorted(years, frame["year"])
    values = frame["count"], frame["population"], pd.Series(pd.factorize(frame["unit"])[0])
    tables = [np.full((len(cities), len(years)), np.nan) for _ in values]
    for table, column in zip(tables, values, strict=True):
        table[at] = column.to_numpy(float)
    return cities, years, *tables


def _at_date(date, years, counts, people, stretch, trend, level):
    """Return observed, expected and exposed of every city, had it adopted at the date."""
    earlier, later = (years >= date - BEFORE) & (years < date), (years >= date) & (years <= date + AFTER)
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
    usable = (comparable[:, earlier].sum(axis=1) >= FEWEST_BEFORE) & (residents > 0) & (expected > 0)
    columns = (y[:, later].sum(axis=1), expected, residents, crude * 1e5, crude * residents + fell)
    return [np.where(usable, column, np.nan) for column in columns]


def ratio(table: Expected, rows: np.ndarray, dates: np.ndarray, *, alike: bool = False) -> float:
    """Return the logarithm of summed observed over summed expected crimes, cities at given dates.

    Parameters
    ----------
    table : Expected
    rows, dates : numpy.ndarray of int
        Positions of cities and of their dates; pairs without a comparison are left out.
    alike : bool
        Sum crimes per resident, so that each city counts alike; otherwise each crime does.
    """
    return float(_ratios(table, rows[None, :], dates[None, :], alike)[0])


def treated_rows(table: Expected) -> np.ndarray:
    """Return the positions of adopting cities that have a comparison at their own date."""
    own = table.own
    rows = np.flatnonzero(own >= 0)
    return rows[np.isfinite(table.expected[rows, own[rows]])]


def by_city(table: Expected) -> pd.DataFrame:
    """Return each adopting city's observed and expected crimes, and how unusual their ratio is.

    Returns
    -------
    pandas.DataFrame
        ``ori, city, state, size, residents, cohort, observed, expected, people, before`` (rate),
        ``log_ratio`` (minus infinity without a crime), ``conf_low, conf_high`` (the ratios not rejected
        at 5% by cities of the size class that never adopt; missing where these are too few), ``excess``
        (observed less expected, per 100,000 resident-years), ``placebos`` (how many such cities have a
        comparison at the date) and ``p_value`` (share of them with a ratio as far from 1 as its own, itself
        included).
    """
    rows = treated_rows(table)
    dates = table.own[rows]
    found = (
        table.cities.iloc[rows]
        .reset_index(drop=True)
        .assign(
            **{
                name: getattr(table, name)[rows, dates]
                for name in ("observed", "expected", "people", "before")
            }
        )
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(table.observed / table.expected)
    never = table.cities["cohort"].eq(0).to_numpy()
    chance = [
        logs[never & table.cities["size"].eq(size).to_numpy(), date]
        for size, date in zip(found["size"], dates, strict=True)
    ]
    own = logs[rows, dates]
    half = np.array([_reach(np.abs(values[~np.isnan(values)])) for values in chance])
    return found.assign(
        log_ratio=own,
        conf_low=own - half,
        conf_high=own + half,
        excess=(found["observed"] - found["expected"]) / found["people"] * 1e5,
        placebos=[int((~np.isnan(values)).sum()) for values in chance],
        p_value=[_rank(value, values[~np.isnan(values)]) for value, values in zip(own, chance, strict=True)],
    )


def _reach(sizes: np.ndarray) -> float:
    """Return the size that a further draw passes once in twenty times; missing where no size is so rare."""
    place = int(np.ceil(0.95 * (len(sizes) + 1)))
    return (
        float(np.sort(sizes)[place - 1])
        if place <= len(sizes) and np.isfinite(sizes).sum() >= place
        else np.nan
    )


def _rank(value: float, values: np.ndarray) -> float:
    return float((1 + (np.abs(values) >= abs(value)).sum()) / (1 + len(values)))


def placebo_places(table: Expected, *, draws: int, seed: int, alike: bool = False) -> np.ndarray:
    """Return the ratio of each draw in which cities of a size class swap their policies, dates included."""
    rows = treated_rows(table)
    own, size = table.own[rows], table.cities["size"].to_numpy()
    random = np.random.default_rng(seed)
    pools = {value: np.flatnonzero(size == value) for value in np.unique(size[rows])}
    chosen = np.empty((draws, len(rows)), int)
    for value, pool in pools.items():
        here = np.flatnonzero(size[rows] == value)
        chosen[:, here] = random.permuted(np.tile(pool, (draws, 1)), axis=1)[:, : len(here)]
    return _ratios(table, chosen, np.broadcast_to(own, chosen.shape), alike)


def placebo_dates(table: Expected, *, draws: int, seed: int) -> np.ndarray:
    """Return the ratio of each draw in which the adopting cities swap dates among themselves."""
    rows = treated_rows(table)
    shuffled = np.random.default_rng(seed).permuted(np.tile(table.own[rows], (draws, 1)), axis=1)
    return _ratios(table, np.broadcast_to(rows, shuffled.shape), shuffled)


def _ratios(table: Expected, rows: np.ndarray, dates: np.ndarray, alike: bool = False) -> np.ndarray:
    scale = 1 / table.cities["residents"].to_numpy()[rows] if alike else 1.0
    observed, expected = scale * table.observed[rows, dates], scale * table.expected[rows, dates]
    return np.log(np.nansum(observed, axis=1) / np.nansum(expected, axis=1))


def tested(estimate: float, draws: np.ndarray) -> float:
    """Return the two-sided p-value of an estimate among draws, the one observed included."""
    reached = np.abs(draws) >= abs(estimate) * (1 - 1e-9)
    return float((1 + reached.sum()) / (1 + len(draws)))


def jackknife(frame: pd.DataFrame, by: str, estimate: float, level: float) -> dict[str, float]:
    """Return the error of the ratio from leaving out each group in turn, and its t interval.

    Groups are those that hold an adopting city; a group takes its comparison cities with it. The t
    distribution has one degree of freedom less than there are groups.
    """
    groups = np.sort(frame.loc[frame["cohort"].gt(0), by].unique())
    refits = np.array([_without(frame, by, group) for group in groups])
    n = len(groups)
    error = float(np.sqrt((n - 1) / n * ((refits - estimate) ** 2).sum()))
    half = stats.t.ppf(0.5 + level / 2, n - 1) * error
    return {
        "std_error": error,
        "df": n - 1,
        "conf_low": estimate - half,
        "conf_high": estimate + half,
        "p_value": float(2 * stats.t.sf(abs(estimate / error), n - 1)),
        "lowest": float(refits.min()),
        "highest": float(refits.max()),
    }


def _without(frame: pd.DataFrame, by: str, group: str) -> float:
    table = expected_crimes(frame[frame[by].ne(group)])
    rows = treated_rows(table)
    return ratio(table, rows, table.own[rows])
