"""The Real-Time Crime Index: offenses by month as 363 agencies published them, January 2018 to July 2024.

Compiled by AH Datalytics from the agencies' own pages, with names and no agency identifier. Counts are the
agencies' first figures and differ from those they give the FBI; a comparison belongs to every use.
"""

from __future__ import annotations

import pandas as pd

from .county.checks import as_integers, numbers, require_columns, require_rows, require_unique
from .registry.files import locate
from .registry.totals import reader
from .states import usps_by

PATH = "rtci_monthly/by_agency_table_2018_2024.csv"
ROWS = 28_531
#: Offense by the file's name for it; its totals are left aside, being missing wherever a part is.
OFFENSES = {
    "murder": "homicide",
    "rape": "rape_revised",
    "robbery": "robbery",
    "aggravated_assault": "aggravated_assault",
    "burglary": "burglary",
    "theft": "larceny",
    "motor_vehicle_theft": "motor_vehicle_theft",
}
#: State under which the file prints sums over agencies.
NATIONWIDE = "Nationwide"


@reader("rtci.read", PATH)
def read() -> pd.DataFrame:
    """Return the file: see `parse`."""
    return parse(pd.read_csv(locate(PATH), dtype="str", keep_default_na=False), PATH)


def parse(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``city, state`` (USPS), ``year, month`` and the offenses (Int64) of every agency and month.

    A missing offense is one the agency does not publish that month, never zero. The file's sums over agencies
    (`defect_nationwide_sums`) are left out, negative counts (`defect_negative_counts`) become missing.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, an agency-month twice, a fraction.
    """
    require_columns(frame, ["date", "agency_name", "state_name", *OFFENSES], where)
    require_rows(frame, ROWS, where)
    frame = defect_nationwide_sums(frame)
    dates = pd.to_datetime(frame["date"])
    table = pd.DataFrame(
        {
            "city": frame["agency_name"],
            "state": frame["state_name"].map(usps_by("name")),
            "year": dates.dt.year.astype("int64"),
            "month": dates.dt.month.astype("int64"),
        }
    )
    for printed, name in OFFENSES.items():
        table[name] = numbers(frame[printed].replace("NA", ""), where)
    require_unique(table, ["city", "state", "year", "month"], where)
    table = as_integers(table, list(OFFENSES.values()), where)
    return defect_negative_counts(table).sort_values(["state", "city", "year", "month"], ignore_index=True)


def defect_nationwide_sums(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the sums over agencies, which stand among the agencies under the state ``Nationwide``."""
    return frame[frame["state_name"] != NATIONWIDE].reset_index(drop=True)


def defect_negative_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Make negative counts missing: corrections of earlier months, which make neither month's count true."""
    return table.assign(**{name: table[name].mask(table[name] < 0) for name in OFFENSES.values()})
