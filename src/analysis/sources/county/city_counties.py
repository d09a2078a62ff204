"""Cities that cover whole counties: consolidated governments, independent cities, New York."""

from __future__ import annotations

import pandas as pd

from ...errors import LayoutError
from ..census.crosswalk import PLACE_COUNTIES
from ..registry.tables import read_table
from ..registry.totals import reader

_WHOLE = 0.995


@reader("county.city_counties.read_city_counties", PLACE_COUNTIES)
def read_city_counties() -> pd.DataFrame:
    """Return the counties whose people in 2010 all lived in one place, one row a county.

    Returns
    -------
    pandas.DataFrame
        ``geoid`` (place, seven digits) and ``fips`` (county, five digits; key). Source: Geocorr 2018 of the
        Missouri Census Data Center; whole means 99.5% of the county's population.

    Raises
    ------
    LayoutError
        If a share is not a number.
    """
    raw = read_table(PLACE_COUNTIES, blanks=True, encoding="latin-1").iloc[1:]
    raw = raw[raw["placefp"] != "99999"]
    share = pd.to_numeric(raw["afact"].str.strip(), errors="coerce")
    if share.isna().any():
        raise LayoutError(
            "A share of a county is not a number.",
            where=f"{PLACE_COUNTIES}, row {raw.index[share.isna()][0] + 2}",
            remedy="Get the file again.",
        )
    whole = raw[share >= _WHOLE]
    table = pd.DataFrame({"geoid": whole["state"] + whole["placefp"], "fips": whole["county"]})
    return table.sort_values("fips").reset_index(drop=True)
