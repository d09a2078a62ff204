"""Median household income and poverty by county 1989-2017 (Census Bureau, small area estimates).

Income is in dollars of its own year (``_nominal``): the files hold no price index, and none is applied.
"""

from __future__ import annotations

import pandas as pd

from ..registry.tables import read_table
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_rows, require_unique

PATH = "census_saipe/saipe_county_1989_2017.csv"
ROWS = 75314


@reader("county.saipe.read", PATH)
def read() -> pd.DataFrame:
    """Return all years: see `parse`."""
    return parse(read_table(PATH), PATH)


def parse(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips, year``, median household income (dollars), its margin, and ``poverty_rate`` (percent).

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, a county-year twice, a value out of bounds.
    """
    require_columns(frame, ["fips", "year", "medianHI", "medianHI_MOE", "povertyR"], where)
    require_rows(frame, ROWS, where)
    estimates = pd.DataFrame(
        {
            "fips": fips5(frame["fips"], where),
            "year": numbers(frame["year"], where).astype("int64"),
            "median_household_income_nominal": numbers(frame["medianHI"], where),
            "median_household_income_margin": numbers(frame["medianHI_MOE"], where),
            "poverty_rate": numbers(frame["povertyR"], where),
        }
    )
    require_unique(estimates, ["fips", "year"], where)
    bounds = {"median_household_income_nominal": (0, 1e6), "poverty_rate": (0, 100), "year": (1989, 2017)}
    require_between(estimates, bounds, where)
    return blank_zero(drop_stray_year(estimates))


def drop_stray_year(estimates: pd.DataFrame) -> pd.DataFrame:
    """Leave out 1996: the program made no county estimates of it, and one row of the file bears it."""
    return estimates[estimates["year"] != 1996].reset_index(drop=True)


def blank_zero(estimates: pd.DataFrame) -> pd.DataFrame:
    """Make zero incomes and zero poverty missing: Kalawao and Yellowstone, too small for an estimate."""
    names = ["median_household_income_nominal", "median_household_income_margin", "poverty_rate"]
    zero = (estimates["poverty_rate"] == 0) | (estimates["median_household_income_nominal"] == 0)
    return estimates.assign(**{name: estimates[name].mask(zero) for name in names})
