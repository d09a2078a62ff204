"""Population and personal income by county 1969-2018 (BEA, table CAINC1).

BEA publishes no row for Kalawao (15005) nor for most independent cities of Virginia and the counties around
them: 23 areas there (51901-51958) and Maui with Kalawao (15901) are one row each. `areas` lists them.
"""

from __future__ import annotations

import pandas as pd

from ...errors import LayoutError
from ..registry.files import family_files
from ..registry.tables import read_table
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_unique

#: What is printed where an area did not exist.
NOT_AVAILABLE = "(NA)"
_LINES = {"1": "personal_income_thousands", "2": "population", "3": "personal_income_per_capita"}


@reader("county.bea.read", "bea_cainc1")
def read(years: range = range(2000, 2018)) -> pd.DataFrame:
    """Return the years asked for of all states: see `parse`."""
    paths = [file.path for file in family_files("bea_cainc1")]
    bodies = [_body(read_table(p, encoding="latin-1"), years, p) for p in paths]
    return _long(pd.concat(bodies, ignore_index=True), years, "bea_cainc1")


def parse(frame: pd.DataFrame, years: range, where: str) -> pd.DataFrame:
    """Return ``fips, year, population`` (persons), ``personal_income_per_capita`` (current dollars).

    State rows (county code 000) and areas of before 1970 in Alaska stay out; so do years printed ``(NA)``.

    Raises
    ------
    LayoutError
        A missing year or column, a wrong line code, or no foot notes (a truncated file).
    DuplicateKeyError, ImpossibleValueError
        A county-year twice, a negative value.
    """
    return _long(_body(frame, years, where), years, where)


def drop_notes(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the table without the notes at its foot; raise LayoutError if there are none."""
    note = frame["LineCode"].isna()
    if not note.any():
        raise LayoutError(
            "No notes at the foot: the table is truncated.", where=where, remedy="Get it again."
        )
    return frame[~note]


def _body(frame: pd.DataFrame, years: range, where: str) -> pd.DataFrame:
    columns = [str(year) for year in years]
    require_columns(frame, ["GeoFIPS", "GeoName", "LineCode", *columns], where)
    body = drop_notes(frame, where)
    result = pd.DataFrame({"fips": fips5(body["GeoFIPS"].str.strip(' "'), where)})
    result["item"] = body["LineCode"].str.strip().map(_LINES)
    if result["item"].isna().any():
        raise LayoutError("A line code is not 1, 2 or 3.", where=where, remedy="The table is not CAINC1.")
    require_unique(result, ["fips", "item"], where)
    text = body[columns].mask(body[columns] == NOT_AVAILABLE)
    result = result.join(pd.DataFrame({column: numbers(text[column], where) for column in columns}))
    require_between(result, dict.fromkeys(columns, (0, 1e10)), where)
    return result[~result["fips"].str.endswith("000")]


def _long(body: pd.DataFrame, years: range, where: str) -> pd.DataFrame:
    long = body.melt(["fips", "item"], [str(y) for y in years], "year", "value")
    wide = long.pivot(index=["fips", "year"], columns="item", values="value").reset_index()
    wide.columns.name = None
    wide["year"] = wide["year"].astype("int64")
    require_between(wide, {"population": (0, 1e8), "personal_income_per_capita": (0, 1e7)}, where)
    wide["population"] = wide["population"].astype("Int64")
    kept = wide.dropna(subset=["population"])
    return kept[["fips", "year", "population", "personal_income_per_capita"]].reset_index(drop=True)
