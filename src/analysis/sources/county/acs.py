"""American Community Survey by county: characteristics 2010 and 2011-15, non-citizens 2009-2018."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from ..registry.tables import read_rdata, read_table
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_rows, require_unique

COMPLETE = "census_acs/county_complete.rda"
ACS_2015 = "census_acs/acs2015_5yr_counties.csv"
NON_CITIZEN = "census_acs/county_non_citizen_2009_2018.csv"
_ROWS = {COMPLETE: 3142, ACS_2015: 3220, NON_CITIZEN: 32205}
#: Columns of `COMPLETE` in percent, and the share each becomes (2010 Census, or ACS 2006-10).
SHARES_2010 = {
    "hispanic_2010": "hispanic_share_2010",
    "black_2010": "black_share_2010",
    "white_not_hispanic_2010": "white_not_hispanic_share_2010",
    "foreign_born_2010": "foreign_born_share_2010",
    "hs_grad_2010": "high_school_share_2010",
    "bachelors_2010": "bachelors_share_2010",
    "age_under_18_2010": "under_18_share_2010",
    "age_over_65_2010": "over_65_share_2010",
}
_NUMBERS_2010 = {
    "poverty_2010": "poverty_rate_2010",
    "median_household_income_2010": "median_household_income_2010_nominal",
    "area_2010": "land_area_square_miles",
    "density_2010": "density_2010",
    "pop2010": "population_2010",
}
_SHARES_2015 = {
    "Hispanic": "hispanic_share_2015",
    "Black": "black_share_2015",
    "White": "white_not_hispanic_share_2015",
}
_NUMBERS_2015 = {
    "TotalPop": "population_acs_2015",
    "Income": "median_household_income_2015_nominal",
    "Poverty": "poverty_rate_2015",
    "ChildPoverty": "child_poverty_rate_2015",
    "Unemployment": "unemployment_rate_acs_2015",
    "Employed": "employed_acs_2015",
}


@reader("county.acs.read_2010", COMPLETE)
def read_2010() -> pd.DataFrame:
    """Return the 2010 characteristics: see `parse_2010`."""
    return parse_2010(read_rdata(COMPLETE, "county_complete"), COMPLETE)


def parse_2010(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips`` and 2010 characteristics: shares from 0 to 1, poverty in percent, income in dollars.

    Race, ethnicity and age are of the 2010 Census; birthplace, schooling, income and poverty are five-year
    averages 2006-10. A blank share of a race stays missing: the publisher suppresses small ones.
    """
    result = _read(frame, "fips", {**SHARES_2010, **_NUMBERS_2010}, where, COMPLETE)
    return _shares(result, SHARES_2010.values(), where)


@reader("county.acs.read_2015", ACS_2015)
def read_2015() -> pd.DataFrame:
    """Return the 2011-15 characteristics: see `parse_2015`."""
    return parse_2015(read_table(ACS_2015, encoding="latin-1"), ACS_2015)


def parse_2015(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips`` and ACS 2011-15 characteristics of counties, Puerto Rico left out."""
    result = _read(frame, "CensusId", {**_SHARES_2015, **_NUMBERS_2015}, where, ACS_2015)
    return drop_puerto_rico(_shares(result, _SHARES_2015.values(), where))


@reader("county.acs.read_non_citizens", NON_CITIZEN)
def read_non_citizens() -> pd.DataFrame:
    """Return non-citizens by county: see `parse_non_citizens`."""
    return parse_non_citizens(read_table(NON_CITIZEN), NON_CITIZEN)


def parse_non_citizens(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips, year, non_citizens`` (five-year average ending in ``year``), no Puerto Rico."""
    result = _read(
        frame, "fips", {"year": "year", "noncit_pop": "non_citizens"}, where, NON_CITIZEN, ["year"]
    )
    result["year"] = result["year"].astype("int64")
    result["non_citizens"] = result["non_citizens"].astype("Int64")
    require_between(result, {"non_citizens": (0, 1e7), "year": (2009, 2018)}, where)
    return drop_puerto_rico(result)


def drop_puerto_rico(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the municipios: no crime file of this project covers them."""
    return frame[~frame["fips"].str.startswith("72")].reset_index(drop=True)


def _read(
    frame: pd.DataFrame,
    key: str,
    columns: dict[str, str],
    where: str,
    file: str,
    more_keys: Iterable[str] = (),
) -> pd.DataFrame:
    require_columns(frame, [key, *columns], where)
    require_rows(frame, _ROWS[file], where)
    result = pd.DataFrame({"fips": fips5(frame[key], where)})
    for printed, name in columns.items():
        result[name] = numbers(frame[printed], where)
    require_unique(result, ["fips", *more_keys], where)
    return result


def _shares(frame: pd.DataFrame, names: Iterable[str], where: str) -> pd.DataFrame:
    names = list(names)
    require_between(frame, dict.fromkeys(names, (0, 100)), where)
    return frame.assign(**{name: (frame[name] / 100).round(6) for name in names})
