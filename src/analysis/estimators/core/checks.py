"""Checks of input frames shared by all estimators: columns, numbers, keys, codes, complete rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd

from ..errors import ColumnError, EstimationError, KeyNotUniqueError

_LARGEST = 1e75
"""Largest absolute value a column may reach: its fourth power, the largest that variances of products of
residuals and regressors need, is a double; so is that of the inverse, the smallest."""


def as_list(names: str | Iterable[str] | None) -> list[str]:
    """Return a list of names from one name, several, or none."""
    if names is None:
        return []
    return [names] if isinstance(names, str) else list(names)


def require_columns(data: pd.DataFrame, names: Sequence[str | None]) -> None:
    """Raise `ColumnError` naming each column that `data` lacks."""
    if not isinstance(data, pd.DataFrame):
        raise ColumnError(f"data must be a pandas DataFrame, not {type(data).__name__}")
    wanted = [name for name in names if name is not None]
    present = list(data.columns)
    known = set(present)
    if absent := [name for name in wanted if name not in known]:
        raise ColumnError(f"no column {absent}; the data has {present[:30]}")
    if len(known) < len(present) and (twice := [name for name in wanted if present.count(name) > 1]):
        raise ColumnError(f"column {twice} stands more than once in the data: rename one")


def numeric(data: pd.DataFrame, name: str) -> np.ndarray:
    """Return column `name` as float64 with missing as NaN; raise `ColumnError` on text or infinity."""
    column = data[name]
    require_real(column, name)
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        raise ColumnError(f"column {name!r} holds {column.dtype}, not numbers: convert it first")
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if infinite := int(np.isinf(values).sum()):
        raise ColumnError(f"column {name!r} holds {infinite} infinite values: drop or correct them")
    require_scale(values, name)
    return values


def require_scale(values: np.ndarray, name: str) -> None:
    """Raise `ColumnError` where powers of a column would leave the range of doubles.

    Values of missing or only zero pass.
    """
    with np.errstate(invalid="ignore"):
        largest = max(np.nanmax(values, initial=-np.inf), -np.nanmin(values, initial=np.inf), 0.0)
    if largest > _LARGEST or 0 < largest < 1 / _LARGEST:
        raise ColumnError(
            f"column {name!r} reaches {largest:.3g} at most: powers of it leave the range of numbers; "
            f"rescale it to between {1 / _LARGEST:.0e} and {_LARGEST:.0e}"
        )


def require_real(column: pd.Series, name: str) -> None:
    """Raise `ColumnError` on complex numbers, whose imaginary part would be lost."""
    if getattr(column.dtype, "kind", "") == "c":
        raise ColumnError(f"column {name!r} holds complex numbers: give their real part or their modulus")


def codes(column: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Return dense integer codes in order of sorted value (-1 for missing), and the values."""
    found, values = pd.factorize(column, sort=True)
    return found.astype(np.int64), pd.Index(values)


def require_unique(data: pd.DataFrame, unit: str, time: str) -> None:
    """Raise `KeyNotUniqueError` with the first unit and time that stand twice."""
    require_columns(data, [unit, time])
    twice = data.duplicated([unit, time])
    if twice.any():
        first = data.loc[twice, [unit, time]].iloc[0].to_dict()
        raise KeyNotUniqueError(
            f"{int(twice.sum())} rows repeat a {unit}-{time} pair, first {first}: aggregate or drop"
        )


def require_level(level: float) -> None:
    """Raise `EstimationError` unless 0 < level < 1."""
    if not 0 < level < 1:
        raise EstimationError(f"level must lie between 0 and 1, not {level}")


def require_option(name: str, value: object, allowed: Sequence[object]) -> None:
    """Raise `EstimationError` with the nearest allowed value unless `value` is one of `allowed`."""
    if value in tuple(allowed):
        return
    words = [option for option in allowed if isinstance(option, str)]
    near = get_close_matches(str(value), words, n=1)
    hint = f": did you mean {near[0]!r}?" if near else ""
    raise EstimationError(f"{name} must be one of {tuple(allowed)}, not {value!r}{hint}")


def cohort_periods(column: pd.Series) -> np.ndarray:
    """Return first treated periods as float64 with never treated (missing, 0, infinity) as ``inf``.

    Raises
    ------
    ColumnError
        On text, complex numbers or negative periods.
    """
    require_real(column, str(column.name))
    if not pd.api.types.is_numeric_dtype(column):
        raise ColumnError(f"cohort column {column.name!r} holds {column.dtype}, not periods")
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    values = np.where(np.isnan(values) | (values == 0), np.inf, values)
    if (values < 0).any():
        raise ColumnError(
            f"cohort column {column.name!r} holds negative periods: never treated is "
            "missing, 0 or inf; where time itself is negative, add a constant to time and cohort"
        )
    return values
