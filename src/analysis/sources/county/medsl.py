"""Presidential votes 2012 and 2016 and ACS 2012-16 by county (MIT Election Data and Science Lab).

No county of Alaska is in the file. Kansas City, Missouri, stands apart from Jackson County under 36000, which
is no county code; votes of both together are Jackson's in the county returns of 2012.
"""

from __future__ import annotations

import pandas as pd

from ..registry.tables import read_table
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_rows, require_unique

PATH = "medsl/election-context-2018.csv"
ROWS = 3114
#: Code of Kansas City's election board, and the county whose votes it counts a part of.
KANSAS_CITY, JACKSON_COUNTY = "36000", "29095"
_VOTES = {
    f"{who}{year}": f"{party}_votes_20{year}"
    for year, names in {
        "12": ("obama", "romney", "otherpres"),
        "16": ("clinton", "trump", "otherpres"),
    }.items()
    for who, party in zip(names, ("democratic", "republican", "other"), strict=True)
}
_SHARES = {
    "foreignborn_pct": "foreign_born_share_2016",
    "hispanic_pct": "hispanic_share_2016",
    "age65andolder_pct": "over_65_share_2016",
    "lesshs_pct": "less_than_high_school_share_2016",
    "rural_pct": "rural_share_2010",
}


@reader("county.medsl.read", PATH)
def read() -> pd.DataFrame:
    """Return the file: see `parse`."""
    return parse(read_table(PATH), PATH)


def parse(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips``, votes by party 2012 and 2016 (Int64), and shares from 0 to 1 (ACS 2012-16).

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, a county twice, a negative vote, a share above one.
    """
    require_columns(frame, ["fips", *_VOTES, *_SHARES], where)
    require_rows(frame, ROWS, where)
    result = pd.DataFrame({"fips": fips5(frame["fips"], where)})
    for printed, name in _VOTES.items():
        result[name] = numbers(frame[printed].mask(frame[printed] == "NA"), where).astype("Int64")
    for printed, name in _SHARES.items():
        result[name] = (numbers(frame[printed].mask(frame[printed] == "NA"), where) / 100).round(6)
    require_unique(result, ["fips"], where)
    bounds = {**dict.fromkeys(_VOTES.values(), (0, 1e7)), **dict.fromkeys(_SHARES.values(), (0, 1))}
    require_between(result, bounds, where)
    return join_kansas_city(result)


def join_kansas_city(frame: pd.DataFrame) -> pd.DataFrame:
    """Add Kansas City's votes to Jackson County, whose they are, and leave the invented code out."""
    votes = list(_VOTES.values())
    city = frame["fips"] == KANSAS_CITY
    if not city.any():
        return frame
    joined = frame[~city].reset_index(drop=True)
    row = joined.index[joined["fips"] == JACKSON_COUNTY]
    joined.loc[row, votes] = (joined.loc[row, votes].iloc[0] + frame.loc[city, votes].iloc[0]).to_numpy()
    return joined
