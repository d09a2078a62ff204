"""Places of the 2000 Census, 100-percent counts: who lived in each place before the policies of 2002 to 2014.

Summary File 1 by way of the R package UScensus2000cdp, its polygons dropped. There are no figures on birth
abroad, income or police; some New England towns are absent, for they are no Census places.
"""

from __future__ import annotations

import pandas as pd

from ...errors import ImpossibleValueError, LayoutError
from ..county.checks import as_integers, numbers, require_columns, require_rows, require_unique
from ..registry.files import locate
from ..registry.totals import reader
from ..states import usps_by

PATH = "census2000_places/place_sf1_2000.csv.gz"
ROWS = 25_151
#: Count by the file's name for it.
COUNTS = {
    "pop2000": "population",
    "hispanic": "hispanic",
    "black": "black",
    "nh.white": "white_not_hispanic",
    "asian": "asian",
    "age.under5": "age_under_5",
    "age.5.17": "age_5_17",
    "age.18.21": "age_18_21",
    "age.22.29": "age_22_29",
    "age.65.up": "age_65_up",
    "households": "households",
    "fhh.child": "female_headed",
    "hh.units": "housing_units",
    "hh.occupied": "occupied",
    "hh.renter": "renter",
    "hh.vacant": "vacant",
}


@reader("census.places_2000.read", PATH)
def read() -> pd.DataFrame:
    """Return the file: see `parse`."""
    return parse(pd.read_csv(locate(PATH), dtype="str", keep_default_na=False), PATH)


def parse(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``place_fips`` (seven digits), ``state``, ``name`` with its designation, and counts (Int64).

    ``female_headed`` are households of a woman without a husband, with children of her own; ``occupied`` and
    ``renter`` housing units.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, a place twice, a fraction, a part larger than its whole.
    """
    require_columns(frame, ["place", "state", "name", "designation", *COUNTS], where)
    require_rows(frame, ROWS, where)
    frame = defect_empty_row(frame)
    table = pd.DataFrame(
        {
            "place_fips": frame["state"] + frame["place"],
            "state": frame["state"].map(usps_by("state_fips")),
            "name": frame["name"] + " " + frame["designation"],
        }
    )
    for printed, name in COUNTS.items():
        table[name] = numbers(frame[printed], where)
    require_unique(table, ["place_fips"], where)
    table = as_integers(table, list(COUNTS.values()), where)
    _check_parts(table, where)
    return table.sort_values("place_fips", ignore_index=True)


def defect_empty_row(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the one row that holds nothing: neither code, name nor count.

    Raises
    ------
    LayoutError
        If there is not exactly one.
    """
    empty = frame.eq("").all(axis=1)
    if int(empty.sum()) != 1:
        raise LayoutError(f"{int(empty.sum())} rows are empty, not one.", where=PATH, remedy="Get it again.")
    return frame[~empty].reset_index(drop=True)


def _check_parts(table: pd.DataFrame, where: str) -> None:
    people = ["hispanic", "black", "white_not_hispanic", "asian", "age_5_17", "age_18_21", "age_65_up"]
    for whole, parts in {
        "population": people,
        "households": ["female_headed"],
        "occupied": ["renter"],
    }.items():
        wrong = table[parts].gt(table[whole], axis=0).any(axis=1)
        if wrong.any():
            raise ImpossibleValueError(
                f"A part of {table.loc[wrong, 'name'].iloc[0]} is larger than its {whole}.", where=where
            )
