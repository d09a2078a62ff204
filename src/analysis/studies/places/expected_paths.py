"""The expected crimes of the staggered city study year by year, for the cities that adopted.

The study sums these over the years from adoption on; here they stand one by one, so that a figure can draw
a city beside what was expected of it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..staggered_cities.expected_counts import expected_crimes, treated_rows, wide_tables, year_effects
from ..staggered_cities.spec import AFTER, BEFORE


def expected_paths(frame: pd.DataFrame) -> pd.DataFrame:
    r"""Return observed and expected crimes of each adopting city by year.

    The expected count of city :math:`i` in year :math:`t` is :math:`n_{it}\,r_i\,\tau_t`, with
    :math:`\tau_t` the year effect of cities that never adopt and
    :math:`r_i=\sum_{s<g_i} y_{is}/\sum_{s<g_i} n_{is}\tau_s` over the comparable years before adoption.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame of a `CitySample`.

    Returns
    -------
    pandas.DataFrame
        ``ori, year, observed, expected, people``, from `BEFORE` years before adoption to `AFTER` years after
        it, comparable years only; cities without a comparison at their own date are left out.

    Notes
    -----
    Summed over the years from adoption on, ``expected`` is that of `expected_crimes`, which a test holds.
    """
    table = expected_crimes(frame)
    cities, years, counts, people, stretch = wide_tables(frame)
    never = cities["cohort"].eq(0).to_numpy()
    trend = year_effects(counts[never], people[never])
    parts = [
        _path(cities["ori"].iloc[row], int(cities["cohort"].iloc[row]), years, trend, *(t[row] for t in (counts, people, stretch)))
        for row in treated_rows(table)
    ]
    return pd.concat(parts, ignore_index=True)


def _path(
    ori: str, date: int, years: np.ndarray, trend: np.ndarray, counts: np.ndarray, people: np.ndarray, stretch: np.ndarray
) -> pd.DataFrame:
    near = (years >= date - BEFORE) & (years <= date + AFTER)
    earlier = near & (years < date)
    last = pd.Series(stretch[earlier]).dropna().iloc[-1]
    usable = near & ~np.isnan(counts) & (stretch == last)
    before = usable & earlier
    rate = counts[before].sum() / (people[before] @ trend[before])
    return pd.DataFrame(
        {
            "ori": ori,
            "year": years[usable],
            "observed": counts[usable].astype(int),
            "expected": rate * people[usable] * trend[usable],
            "people": people[usable].astype(int),
        }
    )
