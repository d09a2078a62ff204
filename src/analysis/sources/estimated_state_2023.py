"""The FBI's later edition of its estimates by state, 1979 to 2023: equal to the first through 2018.

It revises 2019 and adds 2020 to 2023. In 2021 and 2022 the FBI moved to incident-based reports, and estimates
of states where few agencies had moved rest on little.
"""

from __future__ import annotations

import pandas as pd

from ..errors import LayoutError
from .estimated_state import parse_states
from .registry.files import locate
from .registry.totals import reader

PATH = "fbi_estimated/estimated_crimes_1979_2023.csv"
ROWS, LAST = 2336, 2023
STATE_ROWS = 2295
#: Years in which agencies moved from summary to incident-based reports.
TRANSITION = (2021, 2022)


@reader("estimated_state_2023.read", PATH)
def read() -> pd.DataFrame:
    """Return the states' rows: as `analysis.sources.estimated_state.parse`, with ``is_nibrs_transition``.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        As `analysis.sources.estimated_state.parse`.
    """
    raw = pd.read_csv(locate(PATH), dtype="str", keep_default_na=False)
    if len(raw) != ROWS:
        raise LayoutError(
            f"The file has {len(raw):,} rows, not {ROWS:,}.", where=PATH, remedy="Get it again."
        )
    table = parse_states(
        defect_north_dakota_2022(defect_national_rows(raw)), PATH, rows=STATE_ROWS, last=LAST
    )
    return table.assign(is_nibrs_transition=table["year"].isin(TRANSITION))


def defect_national_rows(raw: pd.DataFrame) -> pd.DataFrame:
    """Leave out the rows of the nation, which have no state and are missing 2017 to 2020."""
    return raw[raw["state_abbr"] != ""].reset_index(drop=True)


def defect_north_dakota_2022(raw: pd.DataFrame) -> pd.DataFrame:
    """Give North Dakota 2022 its code: the row bears its name and population, and the code of North Carolina.

    Raises
    ------
    LayoutError
        If there is not exactly one such row.
    """
    wrong = (
        raw["year"].eq("2022") & raw["state_name"].str.strip().eq("North Dakota") & raw["state_abbr"].eq("NC")
    )
    if int(wrong.sum()) != 1:
        raise LayoutError("North Dakota 2022 is not labelled NC once.", where=PATH, remedy="Another edition.")
    return raw.assign(state_abbr=raw["state_abbr"].mask(wrong, "ND"))
