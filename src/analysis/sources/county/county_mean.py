"""Mean annual county offenses 2002-2014 (NaNDA, openICPSR 115006), and the 2013+2014 sum they imply.

The mean of thirteen years, times thirteen, less the eleven years that NACJD publishes singly, is the sum of
2013 and 2014. The two years cannot be told apart, so the sum is never split. Its rapes are those of 2013 and
2014, when agencies changed from the legacy to the revised definition: they match neither series.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import ImpossibleValueError
from ..registry.tables import read_table
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_rows, require_unique
from .icpsr import OFFENSES

PATH = "county_2002_2014_mean/counties_gvd.csv"
#: Years the mean is taken over, and those of them published singly.
YEARS, SINGLE_YEARS = range(2002, 2015), range(2002, 2013)
#: Counties in the file.
COUNTIES = 3104
#: How far from a whole number the sum may lie: arithmetic error of the printed means.
TOLERANCE = 1e-6
_PRINTED = {
    "murder": "homicide",
    "rape": "rape_legacy",
    "robbery": "robbery",
    "agasslt": "aggravated_assault",
    "burglry": "burglary",
    "larceny": "larceny",
    "mvtheft": "motor_vehicle_theft",
    "arson": "arson",
}


@reader("county.county_mean.read", PATH)
def read() -> pd.DataFrame:
    """Return the means: ``fips`` and one column an offense, offenses a year."""
    frame = read_table(PATH)
    return parse(frame, PATH)


def parse(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the checked means of a frame laid out as the file.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of counties, a county twice, a negative mean.
    """
    printed = {f"avg_{short} (2002-2014)": name for short, name in _PRINTED.items()}
    require_columns(frame, ["county_code", *printed], where)
    require_rows(frame, COUNTIES, where)
    means = pd.DataFrame({"fips": fips5(frame["county_code"], where)})
    for column, name in printed.items():
        means[name] = numbers(frame[column], where)
    require_unique(means, ["fips"], where)
    require_between(means, dict.fromkeys(OFFENSES, (0.0, 1e7)), where)
    return means


def sum_2013_2014(means: pd.DataFrame, published: pd.DataFrame, where: str = PATH) -> pd.DataFrame:
    """Return the offenses of 2013 and 2014 together, exactly, one row a county.

    Parameters
    ----------
    means : pandas.DataFrame
        From `read`.
    published : pandas.DataFrame
        From `icpsr_county.read_published`: as published, since the mean counts uncovered years as zero too.

    Returns
    -------
    pandas.DataFrame
        ``fips``, the offenses (Int64; rape under the name ``rape_either``) and ``uncovered_2002_2012``, how
        many of the single years have no data.

    Raises
    ------
    ImpossibleValueError
        If a sum is not a non-negative whole number.
    """
    single = published[published["year"].isin(SINGLE_YEARS)].groupby("fips")
    known = single[OFFENSES].sum().reindex(means["fips"]).to_numpy(dtype="float64", na_value=np.nan)
    sums = means[OFFENSES].to_numpy() * len(YEARS) - known
    _require_whole(sums, means["fips"], where)
    result = pd.DataFrame(np.rint(sums).astype("int64"), columns=OFFENSES).astype("Int64")
    result.insert(0, "fips", means["fips"].to_numpy())
    uncovered = single["coverage"].agg(lambda c: int((c == 0).sum())).reindex(means["fips"])
    return result.rename(columns={"rape_legacy": "rape_either"}).assign(
        uncovered_2002_2012=uncovered.to_numpy()
    )


def _require_whole(sums: np.ndarray, fips: pd.Series, where: str) -> None:
    off = np.abs(sums - np.rint(sums))
    wrong = ~(off <= TOLERANCE) | ~(np.rint(sums) >= 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ImpossibleValueError(
            f"2013+2014 {OFFENSES[column]} of county {fips.iloc[row]} come out as {sums[row, column]:,.6f}, "
            "not a non-negative whole number.",
            where=f"{where}, data row {row + 1}",
            remedy="The means and the single years are not of the same edition: get both files again.",
        )
