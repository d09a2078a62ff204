"""Violent crime 2009-11 of the County Health Rankings 2014: a second reading of NACJD's county counts.

The numerator is a mean of the years with data, rounded; where all three have data it must equal the mean of
`icpsr_county` within rounding, which `compare` checks. No panel uses it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..registry.tables import read_rdata
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_rows, require_unique

PATH = "county_health_rankings/countyhealth14.RData"
ROWS, YEARS = 3191, (2009, 2010, 2011)
_VIOLENT = ["homicide", "rape_legacy", "robbery", "aggravated_assault"]


@reader("county.health_rankings.read", PATH)
def read() -> pd.DataFrame:
    """Return the file: see `parse`."""
    return parse(read_rdata(PATH, "countyhealth14"), PATH)


def parse(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips, violent_mean`` (offenses a year) and ``population_mean``, state rows left out."""
    columns = {
        "Violent.crime.Numerator": "violent_mean",
        "Violent.crime.Denominator": "population_mean",
    }
    require_columns(frame, ["FIPS", *columns], where)
    require_rows(frame, ROWS, where)
    result = pd.DataFrame({"fips": fips5(frame["FIPS"], where)})
    for printed, name in columns.items():
        result[name] = numbers(frame[printed], where)
    require_unique(result, ["fips"], where)
    result = result[~result["fips"].str.endswith("000")].reset_index(drop=True)
    require_between(result, {"violent_mean": (0, 1e6), "population_mean": (0, 2e7)}, where)
    return result


def compare(rankings: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Return, by county with all three years covered, both means and whether they agree.

    Parameters
    ----------
    rankings : pandas.DataFrame
        From `read`.
    published : pandas.DataFrame
        From `icpsr_county.read_published`.

    Returns
    -------
    pandas.DataFrame
        ``fips, violent_mean, violent_mean_nacjd, population_mean, population_mean_nacjd, agrees``: violent
        means equal within half an offense and populations within one person.
    """
    used = published[published["year"].isin(YEARS)].assign(
        violent=lambda d: d[_VIOLENT].to_numpy(dtype="int64").sum(axis=1)
    )
    means = used.groupby("fips").agg(
        violent_mean_nacjd=("violent", "mean"),
        population_mean_nacjd=("population_covered", "mean"),
        coverage=("coverage", "min"),
        agencies=("agencies", "min"),
    )
    both = rankings.dropna(subset=["violent_mean"]).merge(means.reset_index(), on="fips", validate="1:1")
    both = both[both["coverage"] > 0].drop(columns=["coverage", "agencies"])
    near = np.abs(both["violent_mean"] - both["violent_mean_nacjd"].astype("float64")) <= 0.5 + 1e-9
    same = np.abs(both["population_mean"] - both["population_mean_nacjd"].astype("float64")) <= 1.0
    return both.assign(agrees=near & same).reset_index(drop=True)
