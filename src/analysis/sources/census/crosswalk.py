"""Readers of the crosswalks: agency to place and county, agency to name, place to county.

Three published tables, each read whole, none repaired: ``agency_crosswalk`` descends from ICPSR's Law
Enforcement Agency Identifiers Crosswalk of 2012, ``agency_name_edits`` holds the names under which the FBI
publishes agencies, ``place_county_2010_2019`` is Geocorr 2018 of the Missouri Census Data Center.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import DuplicateKeyError, ImpossibleValueError, LayoutError
from ..registry.tables import read_table
from ..registry.totals import reader
from ..states import by_usps, usps_by

AGENCY_CROSSWALK = "crosswalk/agency_crosswalk.csv"
AGENCY_NAMES = "crosswalk/agency_name_edits.csv"
PLACE_COUNTIES = "crosswalk/place_county_2010_2019.csv"

#: Prefixes of an ORI that are not the state's USPS code (Nebraska and Guam; one Colorado typing error).
ORI_PREFIXES = {"NB": "NE", "GM": "GU", "C0": "CO"}
#: Place codes from here up are fillers of the crosswalk, not places: 99001 and on stand for whole counties.
FILLER_PLACE = "99000"

_AGENCY_COLUMNS = [
    "ori",
    "ori9",
    "fips_state_code",
    "fips_county_code",
    "fips_state_county_code",
    "fips_place_code",
    "agency_type",
    "crosswalk_agency_name",
    "census_name",
    "longitude",
    "latitude",
    "address_name",
    "address_street_line_1",
    "address_street_line_2",
    "address_city",
    "address_state",
    "address_zip_code",
]
_NAME_COLUMNS = ["ori", "agency_type_name", "edited_flag", "edited_name", "pub_agency_name", "icpsr_name"]
_PLACE_COLUMNS = ["county", "state", "placefp", "stab", "cntyname", "placenm", "pop10", "afact", "AFACT2"]


@reader("census.crosswalk.read_agency_crosswalk", AGENCY_CROSSWALK)
def read_agency_crosswalk() -> pd.DataFrame:
    """Return the 2012 crosswalk, one row an agency.

    Returns
    -------
    pandas.DataFrame
        ``ori7`` (key, seven characters), ``ori`` (nine characters, missing where the crosswalk has none),
        ``state`` (USPS), ``county_fips`` (five digits), ``place_fips`` (seven digits; missing for sheriffs,
        county and state agencies), ``agency_type``, ``agency``, ``government``, ``longitude``, ``latitude``
        (degrees, of the county's centre as published). Absent is missing, never an empty string.

    Raises
    ------
    LayoutError
        If the columns are not those of the published file.
    DuplicateKeyError
        If two rows share the seven-character ORI.
    ImpossibleValueError
        If a coordinate is not on the globe.
    """
    raw = _read(AGENCY_CROSSWALK, _AGENCY_COLUMNS)
    state = raw["ori"].str[:2].replace(ORI_PREFIXES)
    county = raw["fips_state_county_code"].where(raw["fips_state_county_code"].str.fullmatch(r"\d{5}"))
    known = raw["fips_place_code"].str.fullmatch(r"\d{5}") & (raw["fips_place_code"] < FILLER_PLACE)
    table = pd.DataFrame(
        {
            "ori7": raw["ori"],
            "ori": raw["ori9"],
            "state": state,
            "county_fips": county,
            "place_fips": (raw["fips_state_code"] + raw["fips_place_code"]).where(known),
            "agency_type": raw["agency_type"],
            "agency": raw["crosswalk_agency_name"],
            "government": raw["census_name"],
        }
    ).replace("", np.nan)
    for name, bound in (("longitude", 180.0), ("latitude", 90.0)):
        table[name] = _coordinate(raw[name], bound)
    return _unique(table, ["ori7"], AGENCY_CROSSWALK)


@reader("census.crosswalk.read_agency_names", AGENCY_NAMES)
def read_agency_names() -> pd.DataFrame:
    """Return the FBI's names of agencies, one row an agency.

    Returns
    -------
    pandas.DataFrame
        ``ori`` (key, nine characters), ``ori7``, ``state`` (USPS, missing for test and Canal Zone records),
        ``agency_type`` (City, County, ...), ``name`` (as Table 8 prints it), ``full_name``, ``icpsr_name``
        (missing for agencies ICPSR does not name).

    Raises
    ------
    LayoutError
        If the columns, or the length of an ORI, are not those of the published file.
    DuplicateKeyError
        If two rows share the ORI.
    """
    raw = _read(AGENCY_NAMES, _NAME_COLUMNS)
    bad = ~raw["ori"].str.fullmatch(r"[A-Z0-9]{9}")
    if bad.any():
        raise LayoutError(
            f"{raw.loc[bad, 'ori'].iloc[0]!r} is not an ORI of nine characters.",
            where=f"{AGENCY_NAMES}, row {raw.index[bad][0] + 2}",
            remedy="Get the file again.",
        )
    prefix = raw["ori"].str[:2].replace(ORI_PREFIXES)
    table = pd.DataFrame(
        {
            "ori": raw["ori"],
            "ori7": raw["ori"].str[:7],
            "state": prefix.where(prefix.isin([*by_usps("name"), "GU", "VI"])),
            "agency_type": raw["agency_type_name"],
            "name": raw["pub_agency_name"],
            "full_name": raw["edited_name"],
            "icpsr_name": raw["icpsr_name"],
        }
    ).replace("", np.nan)
    return _unique(table, ["ori"], AGENCY_NAMES)


@reader("census.crosswalk.read_place_counties", PLACE_COUNTIES)
def read_place_counties() -> pd.DataFrame:
    """Return places and the counties they lie in, one row a place and county.

    The file's second header row is checked and dropped; remainders of counties outside any place (code
    99999) are left out.

    Returns
    -------
    pandas.DataFrame
        ``place_fips`` (seven digits) and ``county_fips`` (key), ``state`` (USPS), ``name`` (with the legal
        suffix, e.g. ``Prattville city``), ``population_2010`` (persons of the place living in the county),
        ``share_of_place`` (of the place's population, 0 to 1; sums to one over a place's counties).

    Raises
    ------
    LayoutError
        If the columns or the second header row are not those of the published file.
    ImpossibleValueError
        If a population is negative or not a number, or the shares of a place do not sum to one.
    DuplicateKeyError
        If a place and county occur twice.
    """
    raw = _read(PLACE_COUNTIES, _PLACE_COLUMNS, encoding="latin-1")
    if raw["county"].iloc[0] != "County code":
        raise LayoutError(
            "The second header row is missing.",
            where=f"{PLACE_COUNTIES}, row 2",
            remedy="Get the file again.",
        )
    raw = raw.iloc[1:]
    raw = raw[raw["placefp"] != "99999"]
    table = pd.DataFrame(
        {
            "place_fips": raw["state"] + raw["placefp"],
            "county_fips": raw["county"],
            "state": raw["state"].map(usps_by("state_fips")),
            "name": raw["placenm"].str.replace(r", [A-Z]{2}$", "", regex=True),
            "population_2010": _counts(raw["pop10"], PLACE_COUNTIES),
            "share_of_place": _shares(raw["AFACT2"]),
        }
    ).reset_index(drop=True)
    _check_shares(table)
    return _unique(table, ["place_fips", "county_fips"], PLACE_COUNTIES)


@reader("census.crosswalk.read_county_names", PLACE_COUNTIES)
def read_county_names() -> pd.DataFrame:
    """Return counties as the place table names them: ``county_fips`` (key), ``name`` (without ``County``)."""
    raw = _read(PLACE_COUNTIES, _PLACE_COLUMNS, encoding="latin-1").iloc[1:]
    table = pd.DataFrame({"county_fips": raw["county"], "name": raw["cntyname"].str.slice(stop=-3)})
    table = table.drop_duplicates().sort_values("county_fips", kind="stable", ignore_index=True)
    return _unique(table, ["county_fips"], PLACE_COUNTIES)


def _read(path: str, names: list[str], encoding: str = "utf-8") -> pd.DataFrame:
    raw = read_table(path, blanks=True, encoding=encoding)
    if list(raw.columns) != names:
        raise LayoutError(
            f"The columns are {list(raw.columns)}, not {names}.", where=path, remedy="Get the file again."
        )
    return raw


def _coordinate(text: pd.Series, bound: float) -> pd.Series:
    values = pd.to_numeric(text.where(text != ""), errors="coerce")
    bad = (text != "") & ~(values.abs() <= bound)
    if bad.any():
        raise ImpossibleValueError(
            f"{text.name} {text[bad].iloc[0]!r} is not on the globe.",
            where=f"{AGENCY_CROSSWALK}, row {text.index[bad][0] + 2}",
        )
    return values


def _counts(text: pd.Series, path: str) -> pd.Series:
    bad = ~text.str.fullmatch(r"\d+")
    if bad.any():
        raise ImpossibleValueError(
            f"{text[bad].iloc[0]!r} is not a number of persons.",
            where=f"{path}, row {text.index[bad][0] + 2}",
        )
    return text.astype("int64")


def _shares(text: pd.Series) -> pd.Series:
    return pd.to_numeric(text.str.strip(), errors="coerce")


def _check_shares(table: pd.DataFrame) -> None:
    total = table.groupby("place_fips")["share_of_place"].sum(min_count=1)
    bad = ~((total - 1).abs() <= 0.001)
    if bad.any():
        raise ImpossibleValueError(
            f"The allocation factors of place {total.index[bad][0]} sum to {total[bad].iloc[0]}, not 1.",
            where=PLACE_COUNTIES,
        )


def _unique(table: pd.DataFrame, keys: list[str], path: str) -> pd.DataFrame:
    twice = table.duplicated(keys)
    if twice.any():
        first = table.loc[twice, keys].iloc[0].to_dict()
        raise DuplicateKeyError(f"Two rows share the key {first}.", where=path, remedy="Get the file again.")
    return table
