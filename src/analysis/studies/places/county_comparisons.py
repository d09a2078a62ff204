"""What adopting counties are compared with in the study of 2013 and 2014, year by year, for a figure."""

from __future__ import annotations

import pandas as pd

#: A county is compared inside its state and its urban-rural class: the comparison that passes the tests of
#: `studies.credibility.counties` on years before any policy.
CELL = ["state", "nchs_class_2013"]
OUTCOMES = ("violent_without_rape", "property")


def county_comparisons(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the pooled rates of the comparison counties of every cell that has an adopting county.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of a `CountySample`: one row per county and period.

    Returns
    -------
    pandas.DataFrame
        ``state, nchs_class_2013, year, counties`` and for each of `OUTCOMES` crimes per 100,000
        person-years, summed over comparison counties of the cell that have a count in every period of the
        frame, so that no county enters or leaves; cells without such a county are absent.
    """
    adopting = frame.loc[frame["cohort"].gt(0), CELL].drop_duplicates()
    others = frame[frame["cohort"].eq(0)].merge(adopting, on=CELL)
    whole = others.groupby("fips")["year"].transform("nunique").eq(frame["year"].nunique())
    sums = others[whole].groupby([*CELL, "year"], as_index=False).agg(
        counties=("fips", "nunique"), people=("people", "sum"), **{name: (name, "sum") for name in OUTCOMES}
    )
    rates = {name: sums[name] / sums["people"] * 1e5 for name in OUTCOMES}
    return sums.assign(**rates).drop(columns="people")


def cells_of(frame: pd.DataFrame) -> pd.Series:
    """Return the cell of every adopting county, ``STATE-class``, by FIPS code."""
    own = frame[frame["cohort"].gt(0)].drop_duplicates("fips").set_index("fips")
    return own["state"] + "-" + own["nchs_class_2013"].astype(str)
