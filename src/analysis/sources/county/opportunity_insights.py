"""Foreign-born share of counties 2000 and 2010 and further characteristics (Opportunity Insights).

Two tables: neighborhood characteristics (counties as of 2010) and table 12 of the Health Inequality Project
(counties as of 2000).
"""

from __future__ import annotations

import pandas as pd

from ..registry.tables import read_table
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_rows, require_unique

CHARACTERISTICS = "opportunity_insights/cty_covariates.csv"
TABLE_12 = "opportunity_insights/health_ineq_online_table_12.csv"
_ROWS = {CHARACTERISTICS: 3221, TABLE_12: 3138}
_SHARES = {
    "foreign_share2010": "foreign_born_share_2010_oi",
    "share_hisp2000": "hispanic_share_2000",
    "share_black2000": "black_share_2000",
    "poor_share2000": "poor_share_2000",
    "frac_coll_plus2000": "bachelors_share_2000",
    "singleparent_share2010": "single_parent_share_2010",
}


@reader("county.opportunity_insights.read_characteristics", CHARACTERISTICS)
def read_characteristics() -> pd.DataFrame:
    """Return the first table: see `parse_characteristics`."""
    return parse_characteristics(read_table(CHARACTERISTICS), CHARACTERISTICS)


@reader("county.opportunity_insights.read_table_12", TABLE_12)
def read_table_12() -> pd.DataFrame:
    """Return the second table: see `parse_table_12`."""
    return parse_table_12(read_table(TABLE_12, encoding="latin-1"), TABLE_12)


def parse_characteristics(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips`` and shares from 0 to 1, Puerto Rico left out.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, a county twice, a share outside 0 to 1.
    """
    require_columns(frame, ["state", "county", *_SHARES], where)
    require_rows(frame, _ROWS[CHARACTERISTICS], where)
    code = frame["state"].str.zfill(2) + frame["county"].str.zfill(3)
    result = _shares(frame, code, _SHARES, where)
    return result[~result["fips"].str.startswith("72")].reset_index(drop=True)


def parse_table_12(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips`` (counties as of 2000) and ``foreign_born_share_2000``, printed in percent."""
    require_columns(frame, ["cty", "cs_born_foreign"], where)
    require_rows(frame, _ROWS[TABLE_12], where)
    frame = frame.assign(cs_born_foreign=numbers(frame["cs_born_foreign"], where) / 100)
    return _shares(frame, frame["cty"], {"cs_born_foreign": "foreign_born_share_2000"}, where)


def _shares(frame: pd.DataFrame, code: pd.Series, columns: dict[str, str], where: str) -> pd.DataFrame:
    result = pd.DataFrame({"fips": fips5(code, where)})
    for printed, name in columns.items():
        result[name] = numbers(frame[printed], where).round(6)
    require_unique(result, ["fips"], where)
    require_between(result, dict.fromkeys(columns.values(), (0, 1)), where)
    return result
