"""Population of counties 2010-2019 (Census Bureau, vintage 2019): one file, latin-1, FIPS not padded."""

from __future__ import annotations

import pandas as pd

from ..county.checks import fips5, numbers, require_between, require_columns, require_rows, require_unique
from ..registry.tables import read_table
from ..registry.totals import reader
from ..states import usps_by

PATH = "census_population/co_est2019_alldata.csv"
ROWS, YEARS = 3193, range(2010, 2020)
#: Summary level of a county in the file.
COUNTY_LEVEL = "50"


@reader("census.population.read_counties", PATH)
def read_counties() -> pd.DataFrame:
    """Return counties with name, state and population: see `parse_counties`."""
    return parse_counties(read_table(PATH, encoding="latin-1"), PATH)


def parse_counties(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips, name, state`` (USPS), ``census_2010`` and ``population_2010`` ... ``population_2019``.

    Rows of states (summary level 40) stay out.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, a county twice, a population below one.
    """
    printed = {f"POPESTIMATE{year}": f"population_{year}" for year in YEARS}
    require_columns(frame, ["SUMLEV", "STATE", "COUNTY", "CTYNAME", "CENSUS2010POP", *printed], where)
    require_rows(frame, ROWS, where)
    rows = frame[frame["SUMLEV"].str.strip().str.lstrip("0") == COUNTY_LEVEL].reset_index(drop=True)
    counties = pd.DataFrame({"fips": pad_codes(rows, where), "name": rows["CTYNAME"].str.strip()})
    counties["state"] = counties["fips"].str[:2].map(usps_by("state_fips"))
    for column, name in {"CENSUS2010POP": "census_2010", **printed}.items():
        counties[name] = numbers(rows[column], where).astype("Int64")
    require_unique(counties, ["fips"], where)
    require_between(counties, dict.fromkeys(["census_2010", *printed.values()], (1, 20000000.0)), where)
    return counties


def pad_codes(rows: pd.DataFrame, where: str) -> pd.Series:
    """Return five-digit county codes from state and county numbers that lost their zeros."""
    return fips5(rows["STATE"].str.strip().str.zfill(2) + rows["COUNTY"].str.strip().str.zfill(3), where)


def long_population(counties: pd.DataFrame) -> pd.DataFrame:
    """Return ``fips, year, population``, one row a county and year."""
    names = [f"population_{year}" for year in YEARS]
    long = counties.melt(["fips"], names, "year", "population")
    return long.assign(year=long["year"].str[-4:].astype("int64"))
