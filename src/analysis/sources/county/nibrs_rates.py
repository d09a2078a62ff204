"""County crime rates 2021 to 2023 from incident reports, with a quality flag (Urban Institute).

Incident-based counts follow other rules than the summary returns before 2021: a cross-check of which counties
report, never a continuation of an earlier series.
"""

from __future__ import annotations

import pandas as pd

from ..registry.files import locate
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_rows, require_unique

PATH = "urban_nibrs_county/rates_crime_county_all.csv"
ROWS, YEARS = 9431, (2021, 2023)
_VALUES = {
    "rate_crime_violent": "violent_nibrs_per_100k",
    "rate_crime_property": "property_nibrs_per_100k",
    "rate_crime_violent_quality": "violent_nibrs_quality",
    "rate_crime_property_quality": "property_nibrs_quality",
}


@reader("county.nibrs_rates.read", PATH)
def read() -> pd.DataFrame:
    """Return the rates: see `parse`."""
    return parse(pd.read_csv(locate(PATH), dtype="str", keep_default_na=False), PATH)


def parse(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips, year``, two rates per 100,000 residents and their quality (1 best, 3 worst).

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, a county-year twice, a rate or quality that cannot be.
    """
    require_columns(frame, ["year", "state", "county", *_VALUES], where)
    require_rows(frame, ROWS, where)
    table = pd.DataFrame(
        {
            "fips": fips5(frame["state"].str.zfill(2) + frame["county"].str.zfill(3), where),
            "year": numbers(frame["year"], where).astype("int64"),
        }
    )
    for printed, name in _VALUES.items():
        table[name] = numbers(frame[printed].replace("NA", ""), where)
    qualities = [name for name in _VALUES.values() if name.endswith("quality")]
    table[qualities] = table[qualities].astype("Int64")
    require_unique(table, ["fips", "year"], where)
    rates = {name: (0.0, 1e6) for name in _VALUES.values() if name.endswith("100k")}
    require_between(table, {**rates, **dict.fromkeys(qualities, (1, 3)), "year": YEARS}, where)
    return table.sort_values(["fips", "year"], ignore_index=True)
