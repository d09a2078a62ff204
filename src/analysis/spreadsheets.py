"""Text that a spreadsheet shows and does not compute."""

from __future__ import annotations

import pandas as pd

#: Letters with which a spreadsheet program begins a formula, and white space that it skips before one.
_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with an apostrophe before every text that a spreadsheet would take for a formula.

    Parameters
    ----------
    frame : pandas.DataFrame
        Table to be exported. Numbers, negative ones among them, stay as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> without_formulas(pd.DataFrame({"source": ["=1+1", "RETA.txt"]}))["source"].tolist()
    ["'=1+1", 'RETA.txt']
    """
    return frame.apply(_neutral) if len(frame) else frame


def _neutral(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return column
    begins = column.map(lambda value: isinstance(value, str) and value.startswith(_BEGINS)).astype(bool)
    return column.where(~begins, "'" + column.astype("str"))
