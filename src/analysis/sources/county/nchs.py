"""Urban-rural class of counties 2013, 2006 and 1990 (National Center for Health Statistics)."""

from __future__ import annotations

import pandas as pd

from ..registry.tables import read_table
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_rows, require_unique

PATH = "nchs/NCHSURCodes2013.csv"
ROWS = 3147
#: Classes of 2013 and 2006, from most urban to most rural.
CLASSES = {
    1: "large central metro",
    2: "large fringe metro",
    3: "medium metro",
    4: "small metro",
    5: "micropolitan",
    6: "noncore",
}
_CODES = {
    "urb.code2013": "nchs_class_2013",
    "urb.code.2006": "nchs_class_2006",
    "urb.code.1990": "nchs_class_1990",
}


@reader("county.nchs.read", PATH)
def read() -> pd.DataFrame:
    """Return the file: see `parse`."""
    return parse(read_table(PATH, encoding="latin-1"), PATH)


def parse(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return ``fips`` and the class of each year (1 to 6, see `CLASSES`).

    The 1990 scheme splits 5 and 6 by the largest city. Counties made after 1990 have ``.`` there: missing.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, a county twice, a class outside 1 to 6.
    """
    require_columns(frame, ["fips_code", *_CODES], where)
    require_rows(frame, ROWS, where)
    result = pd.DataFrame({"fips": fips5(frame["fips_code"], where)})
    for printed, name in _CODES.items():
        result[name] = numbers(frame[printed].mask(frame[printed].str.strip() == "."), where).astype("Int64")
    require_unique(result, ["fips"], where)
    require_between(result, dict.fromkeys(_CODES.values(), (1, 6)), where)
    return result
