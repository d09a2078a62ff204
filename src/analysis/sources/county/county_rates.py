"""County crime rates 2015 and 2017 with a quality flag (Kaplan's county file, by way of the Urban Institute).

The rates come from another imputation than NACJD's counts to 2014, with arson among property crimes: levels
must never be compared across the 2014/2015 splice. The names say so (``kaplan``, ``with_arson``). The file
they come from, openICPSR 108164, has been withdrawn by its author (doi:10.3886/E108164V4).
"""

from __future__ import annotations

import pandas as pd

from ..registry.tables import read_table
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_rows, require_unique

PATH = "county_2015_2017/crimerate_county_2015_2017.csv"
#: Rows of the file and its years.
ROWS, YEARS = 6284, (2015, 2017)
#: Quality that means coverage below 80 percent of the population.
LOW_COVERAGE = 3


@reader("county.county_rates.read", PATH)
def read() -> pd.DataFrame:
    """Return the rates: see `parse`."""
    return parse(read_table(PATH), PATH)


def parse(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips, year``, two rates per 100,000, ``kaplan_quality`` (3 is worst), ``is_low_coverage``.

    Counties without agencies have no rate and no quality; low-coverage rows are marked, not dropped.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, a county-year twice, a year or value that cannot be.
    """
    columns = ["year", "state", "county", "violent_crime_rate", "property_crime_rate", "crime_rate_quality"]
    require_columns(frame, columns, where)
    require_rows(frame, ROWS, where)
    rates = pd.DataFrame(
        {
            "fips": fips5(frame["state"].str.zfill(2) + frame["county"].str.zfill(3), where),
            "year": numbers(frame["year"], where).astype("int64"),
            "violent_kaplan_per_100k": numbers(frame["violent_crime_rate"], where),
            "property_with_arson_kaplan_per_100k": numbers(frame["property_crime_rate"], where),
            "kaplan_quality": numbers(frame["crime_rate_quality"], where).astype("Int64"),
        }
    )
    require_unique(rates, ["fips", "year"], where)
    bounds = {"violent_kaplan_per_100k": (0.0, 1e5), "property_with_arson_kaplan_per_100k": (0.0, 1e5)}
    require_between(rates, {**bounds, "kaplan_quality": (1, 3), "year": (2015, 2017)}, where)
    return flag_low_coverage(rates)


def flag_low_coverage(rates: pd.DataFrame) -> pd.DataFrame:
    """Mark quality 3: less than 80 percent of the population covered. Missing where there is no quality."""
    return rates.assign(is_low_coverage=(rates["kaplan_quality"] == LOW_COVERAGE).astype("boolean"))
