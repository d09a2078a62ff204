"""What the study of 2013 and 2014 expects of adopting counties, period by period, for a figure."""

from __future__ import annotations

import pandas as pd

#: A county is compared inside its state and its urban-rural class: the comparison that passes the tests of
#: `studies.credibility.counties` on years before any policy.
CELL = ["state", "nchs_class_2013"]
OUTCOMES = ("violent_without_rape", "property")


def county_paths(frame: pd.DataFrame) -> pd.DataFrame:
    r"""Return the rate expected of each adopting county by period.

    The expected rate of county :math:`i` in period :math:`t` is :math:`r_i\,\tau_t`, with :math:`\tau_t` the
    pooled rate of the comparison counties of its state and urban-rural class, and
    :math:`r_i=\sum_{s<g_i} y_{is}/\sum_{s<g_i} n_{is}\tau_s` over the periods before adoption: its own rate,
    moved as theirs moved.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of a `CountySample`: one row per county and period.

    Returns
    -------
    pandas.DataFrame
        ``fips, year, counties`` and for each of `OUTCOMES` the rate expected per 100,000 person-years.
        ``counties`` counts the comparison counties: those of the cell that have a count in every period of
        the frame, so that none enters or leaves. Adopting counties without one are absent.
    """
    rates = _pooled(frame)
    adopting = frame[frame["cohort"].gt(0)]
    merged = adopting.merge(rates, on=[*CELL, "year"], suffixes=("", "_pooled"))
    earlier = merged[merged["year"] < merged["cohort"]]
    found = merged[["fips", "year", "counties"]].copy()
    for name in OUTCOMES:
        moved = earlier["people"] * earlier[f"{name}_pooled"]
        own = earlier.groupby("fips")[name].sum() / moved.groupby(earlier["fips"]).sum()
        found[name] = 1e5 * merged["fips"].map(own) * merged[f"{name}_pooled"]
    return found.sort_values(["fips", "year"], ignore_index=True)


def _pooled(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the pooled rate of the whole comparison counties of every cell by period."""
    others = frame[frame["cohort"].eq(0)]
    whole = others.groupby("fips")["year"].transform("nunique").eq(frame["year"].nunique())
    sums = (
        others[whole]
        .groupby([*CELL, "year"], as_index=False)
        .agg(
            counties=("fips", "nunique"),
            people=("people", "sum"),
            **{name: (name, "sum") for name in OUTCOMES},
        )
    )
    return sums.assign(**{name: sums[name] / sums["people"] for name in OUTCOMES}).drop(columns="people")
