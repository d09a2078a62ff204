"""The expected crimes of the staggered city study year by year, for the cities that adopted.

The study sums these over the years from adoption on; here they stand one by one, so that a figure can draw
a city beside what was expected of it.
"""

from __future__ import annotations

import pandas as pd

from ...estimators.regression.two_way_counts import period_effects
from ..designs.expected_counts import Horizon, expected_crimes, treated_rows, wide_tables


def expected_paths(frame: pd.DataFrame, horizon: Horizon) -> pd.DataFrame:
    r"""Return observed and expected crimes of each adopting city by year.

    The expected count of city :math:`i` in year :math:`t` is :math:`n_{it}\,r_i\,\tau_t`, with
    :math:`\tau_t` the year effect of cities that never adopt and
    :math:`r_i=\sum_{s<g_i} y_{is}/\sum_{s<g_i} n_{is}\tau_s` over the comparable years before adoption.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame of a `CitySample`.
    horizon : Horizon
        Years before and after adoption.

    Returns
    -------
    pandas.DataFrame
        ``ori, year, observed, expected, people``, over the horizon around adoption, comparable years
        only; cities without a comparison at their own date are left out.

    Notes
    -----
    Summed over the years from adoption on, ``expected`` is that of `expected_crimes`, which a test holds.
    """
    table = expected_crimes(frame, horizon)
    cities, years, counts, people, stretch = wide_tables(frame)
    never = cities["cohort"].eq(0).to_numpy()
    trend = period_effects(counts[never], people[never])
    parts = []
    for row in treated_rows(table):
        ori, date = str(cities["ori"].iloc[row]), int(cities["cohort"].iloc[row])
        near = (years >= date - horizon.before) & (years <= date + horizon.after)
        own = pd.DataFrame(
            {"year": years, "observed": counts[row], "people": people[row], "stretch": stretch[row]}
        )
        parts.append(_path(own.assign(trend=trend)[near], date).assign(ori=ori))
    return pd.concat(parts, ignore_index=True)[["ori", "year", "observed", "expected", "people"]]


def _path(own: pd.DataFrame, date: int) -> pd.DataFrame:
    """Return one city's comparable years with what was expected in each."""
    earlier = own["year"] < date
    same = own["stretch"].eq(own.loc[earlier, "stretch"].ffill().iloc[-1])
    rows = own[same & own["observed"].notna()]
    before = rows[rows["year"] < date]
    rate = float(before["observed"].sum()) / float((before["people"] * before["trend"]).sum())
    return rows.assign(expected=rate * rows["people"] * rows["trend"])
