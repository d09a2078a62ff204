"""Homicide clearance by state 1995 to 2020, as CBS News computed it from the FBI's Return A.

Cleared homicides of a year over its homicides: above one where cases of earlier years were cleared.
"""

from __future__ import annotations

import pandas as pd

from ..errors import LayoutError
from .county.checks import require_between, require_unique
from .registry.files import locate
from .registry.totals import reader

PATH = "cbs_clearance/state_clearance_rate_data.xlsx"
STATES, YEARS = 38, range(1995, 2021)
#: The first sheet repeats 2020 of every state, which `read` holds against the states' own sheets.
COMPARISON = "2020 comparison"


@reader("clearance.read", PATH)
def read() -> pd.DataFrame:
    """Return ``state, year, homicide_clearance_share`` and ``is_clearance_missing``.

    Raises
    ------
    LayoutError
        If a sheet has other columns or years, or a state's own sheet disagrees with the comparison of 2020.
    DuplicateKeyError, ImpossibleValueError
        If a state-year stands twice or a share is negative.
    """
    sheets = pd.read_excel(locate(PATH), sheet_name=None, engine="calamine")
    return parse(sheets, PATH)


def parse(sheets: dict[str, pd.DataFrame], where: str) -> pd.DataFrame:
    """Return the sheets as one table: see `read`."""
    comparison = sheets[COMPARISON].set_index("state")["clearance rate"]
    parts = [_sheet(name, frame, where) for name, frame in sheets.items() if name != COMPARISON]
    table = pd.concat(parts, ignore_index=True).sort_values(["state", "year"], ignore_index=True)
    latest = table[table["year"] == max(YEARS)].set_index("state")["homicide_clearance_share"]
    if len(parts) != STATES or not latest.sub(comparison).abs().lt(1e-12).all():
        raise LayoutError(
            "The sheets disagree with the comparison of 2020.", where=where, remedy="Get it again."
        )
    require_unique(table, ["state", "year"], where)
    require_between(table, {"homicide_clearance_share": (0.0, 5.0)}, where)
    return defect_zero_means_no_return(table)


def defect_zero_means_no_return(table: pd.DataFrame) -> pd.DataFrame:
    """Make a share of zero missing: no state of these clears none of its homicides, but some sent no return."""
    zero = table["homicide_clearance_share"] == 0
    return table.assign(
        homicide_clearance_share=table["homicide_clearance_share"].mask(zero), is_clearance_missing=zero
    )


def _sheet(name: str, frame: pd.DataFrame, where: str) -> pd.DataFrame:
    if list(frame.columns) != ["year", "state", "clearance rate"] or sorted(frame["year"]) != list(YEARS):
        raise LayoutError(f"Sheet {name} has other columns or years.", where=where, remedy="Get it again.")
    return pd.DataFrame(
        {
            "state": frame["state"].astype("str"),
            "year": frame["year"].astype("int64"),
            "homicide_clearance_share": frame["clearance rate"].astype("float64"),
        }
    )
