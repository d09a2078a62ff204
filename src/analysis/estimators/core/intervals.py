"""One estimate's t interval, and whether an interval leaves out zero: said once."""

from __future__ import annotations

from typing import Any

from .result import t_columns


def t_interval(estimate: float, std_error: float, df: float, level: float = 0.95) -> dict[str, float]:
    """Return an estimate with its statistic, two-sided p-value and interval by t.

    Parameters
    ----------
    estimate, std_error : float
    df : float
        Degrees of freedom; infinite: normal.
    level : float, optional
        Of the interval.

    Returns
    -------
    dict
        ``estimate, std_error, df, statistic, p_value, conf_low, conf_high``.

    Examples
    --------
    >>> {name: round(value, 3) for name, value in t_interval(2.0, 1.0, 10).items()}["conf_low"]
    -0.228
    """
    found = {name: float(value) for name, value in t_columns(estimate, std_error, df, level).items()}
    first = {"estimate": found.pop("estimate"), "std_error": found.pop("std_error"), "df": float(df)}
    return first | found


def excludes_zero(low: Any, high: Any) -> Any:
    """Tell whether intervals leave out zero, of numbers or columns; an unknown end leaves nothing out.

    Examples
    --------
    >>> excludes_zero(0.1, 2.0), excludes_zero(-1.0, 0.0), excludes_zero(float("nan"), 1.0)
    (True, False, False)
    """
    return (low > 0) | (high < 0)
