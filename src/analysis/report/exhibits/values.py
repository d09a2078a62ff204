"""Numbers as text: true minus signs, thousands separators, and never a negative zero."""

from __future__ import annotations

import numbers
import re
from typing import Any

import numpy as np
import pandas as pd

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EM DASH}"
_NEGATIVE_ZERO = re.compile(r"^-(?=[0.,]*%?$)")


def number(value: Any, spec: str = "") -> str:
    """Return one value as it is printed in tables, notes and prose.

    Parameters
    ----------
    value : object
        A number, a date, a text, or a missing value.
    spec : str, optional
        A Python format specification such as ``",.1f"``; or ``"p"`` for a p-value, ``"count"`` for a
        whole number with separators, ``"year"`` for a whole number without, ``"stars"`` for
        significance stars of a p-value.

    Returns
    -------
    str
        The text; an em dash when the value is missing.

    Raises
    ------
    ValueError
        If a number with a fractional part comes without a specification.

    Examples
    --------
    >>> number(-1234.5, ",.1f")
    '−1,234.5'
    >>> number(0.0004, "p")
    '< 0.001'
    """
    if _is_missing(value):
        return MISSING
    if isinstance(value, numbers.Number) and not isinstance(value, (bool, np.bool_)):
        return _numeric(value, spec)
    return format(value, spec) if spec and not isinstance(value, str) else str(value)


def p_value(value: float) -> str:
    """Return a p-value with three decimals, or ``< 0.001``."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def stars(p: float) -> str:
    """Return ``***``, ``**``, ``*`` or nothing for p below 0.01, 0.05 and 0.1."""
    return "" if _is_missing(p) else "*" * sum(p < bound for bound in (0.01, 0.05, 0.1))


def decimals_for(values: Any, significant: int = 3) -> int:
    """Return how many decimals show the median absolute value with so many significant digits."""
    finite = np.abs(np.asarray(values, float))
    finite = finite[np.isfinite(finite) & (finite > 0)]
    if not finite.size:
        return significant
    return int(np.clip(significant - 1 - np.floor(np.log10(np.median(finite))), 0, 6))


def steady(values: Any) -> np.ndarray:
    """Return values rounded to nine significant digits, so that plots do not carry floating-point noise."""
    values = np.asarray(values, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = np.floor(np.log10(np.abs(values)))
    scale = np.power(10.0, 8 - np.where(np.isfinite(magnitude), magnitude, 0))
    return np.asarray(np.where(np.isfinite(values), np.round(values * scale) / scale, values))


def _numeric(value: Any, spec: str) -> str:
    if spec == "stars":
        return stars(value)
    if spec == "p":
        return p_value(value)
    if np.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    return _typeset(format(value, _python_spec(value, spec)))


def _python_spec(value: Any, spec: str) -> str:
    if spec == "count":
        return ",.0f"
    if spec == "year":
        return ".0f"
    if spec == "" and float(value) != int(value):
        raise ValueError(f"{value!r} needs a format, e.g. ',.1f': how many decimals are meant?")
    return spec or ".0f"


def _typeset(text: str) -> str:
    return _NEGATIVE_ZERO.sub("", text).replace("-", MINUS)


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))
