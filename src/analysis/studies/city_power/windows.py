"""Crimes of every city before and after every date of adoption, as arrays that draws can look up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..staggered_cities.spec import SPEC as CITIES

_TINY = 1e-12
_HORIZON = CITIES.horizon


@dataclass(frozen=True)
class Windows:
    """Counts and residents of N cities over T years, cut at G dates.

    Attributes
    ----------
    cities : pandas.DataFrame
        One row per city, sorted by ``ori``: ``ori, city, state, region, size, residents, cohort``.
    dates, years : numpy.ndarray of int
        Dates are those of adoption, also where the windows are cut some years before them.
    counts, people : numpy.ndarray, shape (N, T)
        Zero where not observed.
    before, after : numpy.ndarray, shape (G, N)
        Crimes in the years before and from the date on that are comparable.
    people_before, people_after : numpy.ndarray, shape (G, N, T)
        Residents in these years, zero elsewhere.
    usable : numpy.ndarray of bool, shape (G, N)
        Enough years before, some year after, and a crime before.
    """

    cities: pd.DataFrame
    dates: np.ndarray
    years: np.ndarray
    counts: np.ndarray
    people: np.ndarray
    before: np.ndarray
    after: np.ndarray
    people_before: np.ndarray
    people_after: np.ndarray
    usable: np.ndarray

    @property
    def never(self) -> np.ndarray:
        """Which cities never adopt, shape (N,)."""
        return self.cities["cohort"].eq(0).to_numpy()

    def treated(self) -> tuple[np.ndarray, np.ndarray]:
        """Return positions of adopting cities with a comparison, and of their dates."""
        cohort = self.cities["cohort"].to_numpy()
        rows = np.flatnonzero(cohort > 0)
        at = np.searchsorted(self.dates, cohort[rows])
        kept = self.usable[at, rows]
        return rows[kept], at[kept]

    def cells(self, columns: tuple[str, ...]) -> np.ndarray:
        """Return the number of each city's cell of some columns, shape (N,); one cell for none."""
        if not columns:
            return np.zeros(len(self.cities), int)
        return self.cities.groupby(list(columns), sort=True).ngroup().to_numpy()


def windows(
    frame: pd.DataFrame,
    *,
    shift: int = 0,
    after: int = _HORIZON.after,
    skip: int = 0,
    about: tuple[str, ...] = (),
) -> Windows:
    """Return the windows of a city sample's frame at its dates of adoption, or some years before them.

    Years before the date count only from the stretch of the series that reaches the date; years from the
    date on only in that stretch.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `CitySample`.
    shift : int
        Years by which every date is moved back; cities whose date would leave the panel have no comparison.
    after : int
        Years from the date on that count, less one.
    skip : int
        Years from the date on that do not count: those in which the policy held for part of the year.
    about : tuple of str
        Further columns of the frame, constant in a city, that the table of cities keeps.
    """
    columns = ["ori", "city", "state", "region", "size", "residents", "cohort", *about]
    cities = frame[columns].drop_duplicates("ori").sort_values("ori").reset_index(drop=True)
    years = np.unique(frame["year"])
    at = pd.Index(cities["ori"]).get_indexer(frame["ori"]), np.searchsorted(years, frame["year"])
    tables = []
    for column in (frame["count"], frame["population"], pd.Series(pd.factorize(frame["unit"])[0])):
        table = np.full((len(cities), len(years)), np.nan)
        table[at] = column.to_numpy(float)
        tables.append(table)
    counts, people, stretch = tables
    dates = np.unique(cities.loc[cities["cohort"].gt(0), "cohort"].to_numpy())
    parts = [_cut(int(date) - shift, (skip, after), years, counts, people, stretch) for date in dates]
    crimes_before, crimes_after, early, late, usable = (np.stack(part) for part in zip(*parts, strict=True))
    seen = ~np.isnan(counts)
    return Windows(
        cities,
        dates,
        years,
        np.where(seen, counts, 0.0),
        np.where(seen, people, 0.0),
        crimes_before,
        crimes_after,
        early,
        late,
        usable,
    )


def _cut(
    date: int, span: tuple[int, int], years: np.ndarray, counts: np.ndarray, people: np.ndarray, stretch: Any
) -> tuple[np.ndarray, ...]:
    earlier = (years >= date - _HORIZON.before) & (years < date)
    later = (years >= date + span[0]) & (years <= date + span[1])
    last = pd.DataFrame(stretch[:, years < date]).ffill(axis=1).to_numpy()
    last = last[:, -1] if last.shape[1] else np.full(len(counts), np.nan)
    comparable = ~np.isnan(counts) & (stretch == last[:, None])
    y, n = np.where(comparable, counts, 0.0), np.where(comparable, people, 0.0)
    early, late = n * earlier, n * later
    crimes = y[:, earlier].sum(axis=1)
    usable = (comparable & earlier).sum(axis=1) >= _HORIZON.fewest_before
    usable &= (late.sum(axis=1) > 0) & (crimes > 0)
    return crimes, y[:, later].sum(axis=1), early, late, usable


def year_effects(
    counts: np.ndarray, people: np.ndarray, kept: np.ndarray, sweeps: int = 200, close: float = 1e-11
) -> np.ndarray:
    """Return year effects of Poisson regressions with city effects, one for each row of `kept`.

    The two sets of normal equations, :math:`a_i = y_i / \\sum_t n_{it} b_t` and
    :math:`b_t = y_t / \\sum_i a_i n_{it}`, are solved in turn for all selections at once.

    Parameters
    ----------
    counts, people : numpy.ndarray, shape (N, T)
        Zero where not observed.
    kept : numpy.ndarray, shape (D, N)
        Cities of each selection, 0 or 1.

    Returns
    -------
    numpy.ndarray, shape (D, T)
        Relative to the first year.
    """
    weight = np.asarray(kept, float)
    total, by_year = counts.sum(axis=1), weight @ counts
    trend = np.ones((len(weight), counts.shape[1]))
    for _ in range(sweeps):
        level = weight * total / np.maximum(trend @ people.T, _TINY)
        new = by_year / np.maximum(level @ people, _TINY)
        new /= new[:, :1]
        moved = np.abs(new / trend - 1).max()
        trend = new
        if moved < close:
            break
    return trend
