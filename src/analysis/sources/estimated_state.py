"""The FBI's estimates of crime by state 1979-2019, with its caveats.

Estimates, not counts: the FBI fills in what agencies did not report. Names therefore end in ``_estimated``.
Violent crime holds legacy rape through 2012 and revised rape from 2013, so the part without rape is given
too. Mississippi is missing 1979-1994, and there is no national row.
"""

from __future__ import annotations

import pandas as pd

from .county.checks import (
    as_integers,
    numbers,
    require_between,
    require_columns,
    require_rows,
    require_unique,
)
from .registry.tables import read_table
from .registry.totals import reader

PATH = "fbi_estimated/estimated_crimes_1979_2019.csv"
ROWS, YEARS = 2075, range(1979, 2020)
#: Column of the file by the name given here, without suffix.
COLUMNS = {
    "violent": "violent_crime",
    "homicide": "homicide",
    "rape_legacy": "rape_legacy",
    "rape_revised": "rape_revised",
    "robbery": "robbery",
    "aggravated_assault": "aggravated_assault",
    "property": "property_crime",
    "burglary": "burglary",
    "larceny": "larceny",
    "motor_vehicle_theft": "motor_vehicle_theft",
}
#: First year whose violent total counts revised rape.
REVISED_FROM = 2013


@reader("estimated_state.read", PATH)
def read() -> pd.DataFrame:
    """Return the file: see `parse`."""
    return parse(read_table(PATH, blanks=True), PATH)


def parse(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``state, year, population``, offenses with suffix ``_estimated`` (Int64) and ``caveats``.

    ``parts_match`` says whether the violent total equals its parts and property its own; five rows do not.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, a state-year twice, a negative number.
    """
    return parse_states(frame, where, rows=ROWS, last=YEARS[-1])


def parse_states(frame: pd.DataFrame, where: str, *, rows: int, last: int) -> pd.DataFrame:
    """Return an edition's rows of the states, of which there are `rows`, from 1979 to `last`: see `parse`."""
    require_columns(frame, ["year", "state_abbr", "population", "caveats", *COLUMNS.values()], where)
    require_rows(frame, rows, where)
    result = pd.DataFrame(
        {"state": frame["state_abbr"], "year": numbers(frame["year"], where).astype("int64")}
    )
    result["population"] = numbers(frame["population"], where)
    for name, printed in COLUMNS.items():
        result[name] = numbers(frame[printed], where)
    require_unique(result, ["state", "year"], where)
    require_between(
        result, {"year": (1979, last), **dict.fromkeys(["population", *COLUMNS], (0, 4e8))}, where
    )
    result = as_integers(result, ["population", *COLUMNS], where)
    result = check_parts(result)
    result["caveats"] = keep_caveats(frame["caveats"])
    return result.rename(columns={name: f"{name}_estimated" for name in COLUMNS})


def check_parts(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the violent total without rape, and whether totals equal their parts as the year defines them."""
    without = frame["homicide"] + frame["robbery"] + frame["aggravated_assault"]
    rape = frame["rape_legacy"].where(frame["year"] < REVISED_FROM, frame["rape_revised"])
    stolen = frame["burglary"] + frame["larceny"] + frame["motor_vehicle_theft"]
    match = ((without + rape) == frame["violent"]) & (stolen == frame["property"])
    return frame.assign(violent_without_rape_estimated=without, parts_match=match.astype("bool"))


def keep_caveats(caveats: pd.Series) -> pd.Series:
    """Return the caveats, blanks collapsed; rows without one are missing."""
    text = caveats.str.replace(r"\s+", " ", regex=True).str.strip()
    return text.mask(text == "")
