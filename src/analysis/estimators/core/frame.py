"""From a data frame to arrays: columns checked, incomplete rows counted by reason, codes, singletons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Array, Bools, Floats, Ints
from ..errors import ColumnError, NotIdentifiedError
from ..linalg.absorb import Absorber, compress, drop_singletons
from ..linalg.groups import code_type
from ..linalg.threads import each
from .checks import as_list, numeric, require_columns, require_scale
from .result import Sample

Effect = str | tuple[str, ...]
"""A column, or several whose combinations are the levels: ``("state", "year")``."""


@dataclass(frozen=True)
class Arrays:
    """What an estimator computes on, all in the order of the used rows.

    Attributes
    ----------
    joint : numpy.ndarray, shape (n, 1 + k), Fortran order
        The outcome, then the regressors named `names`; `outcome` and `columns` are views of it.
    names : tuple of str
    codes : tuple of numpy.ndarray of int, each shape (n,)
        Effects, dense; `effects` are their names.
    effects : tuple of str
        Names such as ``"state"`` or ``"state x year"``.
    slopes : tuple of (numpy.ndarray, shape (n, p), or None)
        Variables with a slope a level, one entry an effect.
    clusters : tuple of numpy.ndarray of int, each shape (n,)
    cluster_names : tuple of str
    weights, offset : numpy.ndarray, shape (n,), or None
    rows : numpy.ndarray of bool, shape (given,)
    dropped : dict of str to int
    """

    joint: np.ndarray
    names: tuple[str, ...]
    codes: tuple[np.ndarray, ...] = ()
    effects: tuple[str, ...] = ()
    slopes: tuple[np.ndarray | None, ...] = ()
    clusters: tuple[np.ndarray, ...] = ()
    cluster_names: tuple[str, ...] = ()
    weights: np.ndarray | None = None
    offset: np.ndarray | None = None
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def outcome(self) -> np.ndarray:
        """The outcome, shape (n,)."""
        return self.joint[:, 0]

    @property
    def columns(self) -> np.ndarray:
        """The regressors, shape (n, k), Fortran order."""
        return self.joint[:, 1:]

    def absorber(self) -> Absorber:
        """Return the absorber of the effects, on the weights."""
        return Absorber(self.codes, weights=self.weights, slopes=self.slopes)

    def sample(self, units: int | None = None) -> Sample:
        """Return the ledger; `clusters` is the smaller number under two-way clustering."""
        counts = [int(item.max()) + 1 for item in self.clusters]
        used = len(self.outcome)
        return Sample(len(self.rows), used, dict(self.dropped), units, min(counts, default=None), self.rows)

    def keep(self, mask: np.ndarray, reason: str) -> Arrays:
        """Return the arrays without the rows where `mask` is False, counted under `reason`."""
        if mask.all():
            return self
        rows = self.rows.copy()
        rows[rows] = mask
        dropped = dict(self.dropped)
        dropped[reason] = dropped.get(reason, 0) + int((~mask).sum())
        if not mask.any():
            raise NotIdentifiedError(f"no row is left: dropped {dropped} of {len(rows)} rows")
        take = _taker(mask)
        return Arrays(
            take(self.joint),
            self.names,
            tuple(compress(take(item)) for item in self.codes),
            self.effects,
            tuple(take(item) for item in self.slopes),
            tuple(compress(take(item)) for item in self.clusters),
            self.cluster_names,
            take(self.weights),
            take(self.offset),
            rows,
            dropped,
        )


def _taker(mask: Bools) -> Callable[..., Any]:
    def take(item: Array | None) -> Array | None:
        if item is None:
            return None
        return np.asfortranarray(item[mask]) if item.ndim == 2 else item[mask]

    return take


def prepare(
    data: pd.DataFrame,
    *,
    outcome: str,
    columns: Sequence[str] = (),
    effects: Sequence[Effect] = (),
    trends: Mapping[str, str | Sequence[str]] | None = None,
    weights: str | None = None,
    offset: str | None = None,
    cluster: str | Sequence[str] | None = None,
    singletons: str = "drop",
) -> Arrays:
    """Check a frame and return its arrays; count what is dropped, by reason.

    Parameters
    ----------
    data : pandas.DataFrame
    outcome, weights, offset : str
        Numeric columns. Rows of weight zero are dropped and counted; negative weights are an error.
    columns : sequence of str
        Numeric regressors.
    effects : sequence of str or tuple of str
        Absorbed effects of any type of label; a tuple is an interaction.
    trends : mapping of effect column to column(s), optional
        Slopes that differ by level, e.g. ``{"state": "year"}``; adds the effect when `effects` lacks it.
    cluster : str or sequence of str, optional
    singletons : {"drop", "keep"}
        What happens to rows that are alone in a level of an effect.

    Returns
    -------
    Arrays

    Raises
    ------
    ColumnError
        A column is absent, stands twice, holds text or infinity where numbers belong, or negative weights.
    NotIdentifiedError
        No row is left.
    """
    groups = [tuple(as_list(effect)) for effect in effects]
    slopes = {tuple(as_list(key)): as_list(value) for key, value in (trends or {}).items()}
    groups += [effect for effect in slopes if effect not in groups]
    clusters = as_list(cluster)
    slope_names = _flat(slopes.values())
    _require(data, outcome, columns, _flat(groups), slope_names, weights, offset, clusters)
    if len(data) == 0:
        raise NotIdentifiedError("the data has no rows")

    numeric_names = _once([outcome, *columns, *slope_names, weights, offset])
    numbers, holed, labels = _read(data, numeric_names, _once([*_flat(groups), *clusters]))
    keep, dropped = _complete(numbers, holed, labels, len(data), weights)
    codes, kept_clusters, keep = _effect_codes(groups, clusters, labels, keep, dropped, singletons)
    index = None if keep.all() else np.flatnonzero(keep)
    take: Callable[[Any], Any] = (lambda values: values) if index is None else (lambda values: values[index])
    return Arrays(
        _stack([numbers[name] for name in (outcome, *columns)], index),
        tuple(columns),
        tuple(codes),
        tuple(" x ".join(effect) for effect in groups),
        tuple(_slopes(slopes.get(effect), numbers, take) for effect in groups),
        tuple(kept_clusters),
        tuple(clusters),
        None if weights is None else np.array(take(numbers[weights])),
        None if offset is None else np.array(take(numbers[offset])),
        keep,
        dropped,
    )


def _read(
    data: pd.DataFrame, numeric: list[str], label: list[str]
) -> tuple[dict[str, Floats], list[str], dict[str, Ints]]:
    """Return numbers by name, the names of those with a hole, and codes of labels by name."""
    many = len(data) * len(numeric) > 1_000_000
    found = each(lambda name: _number(data, name), numeric, parallel=many)
    numbers = {name: values for name, (values, _) in zip(numeric, found, strict=True)}
    holed = [name for name, (_, finite) in zip(numeric, found, strict=True) if not finite]
    coded = each(lambda name: dense_codes(data[name]), label, parallel=many)
    return numbers, holed, dict(zip(label, coded, strict=True))


def _require(
    data: pd.DataFrame,
    outcome: str,
    columns: Sequence[str],
    effects: list[str],
    slopes: list[str],
    weights: str | None,
    offset: Any,
    clusters: list[str],
) -> None:
    require_columns(data, [outcome, *columns, *effects, *slopes, weights, offset, *clusters])
    if outcome in columns:
        raise ColumnError(f"{outcome!r} is both outcome and regressor")
    if twice := [name for i, name in enumerate(columns) if name in columns[:i]]:
        raise ColumnError(f"regressor {twice} is named twice")


def _complete(
    numbers: dict[str, Floats], holed: list[Any], labels: dict[str, Ints], n: int, weights: str | None
) -> tuple[Bools, dict[Any, Any]]:
    keep = np.ones(n, dtype=bool)
    dropped: dict[str, int] = {}
    for name in holed:
        _count(dropped, f"missing {name}", keep, ~np.isnan(numbers[name]))
    for name, found in labels.items():
        if found.min() < 0:
            _count(dropped, f"missing {name}", keep, found >= 0)
    if weights is not None:
        low = numbers[weights].min() if keep.all() else np.min(numbers[weights][keep], initial=0.0)
        if low < 0:
            raise ColumnError(f"column {weights!r} holds negative weights")
        if low == 0:
            _count(dropped, f"zero {weights}", keep, numbers[weights] > 0)
    if not keep.any():
        raise NotIdentifiedError(f"no complete row: dropped {dropped} of {n} rows")
    return keep, dropped


def _count(dropped: dict[str, int], reason: str, keep: Bools, good: Bools) -> None:
    lost = int((keep & ~good).sum())
    if lost:
        dropped[reason] = lost
        keep &= good


def _effect_codes(
    effects: Sequence[tuple[str, ...]],
    clusters: list[str],
    labels: dict[str, Ints],
    keep: Bools,
    dropped: dict[Any, Any],
    singletons: str,
) -> tuple[list[Ints], list[Ints], Bools]:
    whole = keep.all()
    take: Callable[[Any], Any] = (lambda item: item) if whole else (lambda item: item[keep])
    codes = [_combined([take(labels[name]) for name in effect], whole) for effect in effects]
    found = [_combined([take(labels[name])], whole) for name in clusters]
    if singletons == "drop" and codes:
        stay = drop_singletons(codes)
        if not stay.all():
            dropped["singleton"] = int((~stay).sum())
            if not stay.any():
                raise NotIdentifiedError(f"every row is alone in a level of {effects}: nothing is left")
            keep = keep.copy()
            keep[keep] = stay
            codes = [compress(item[stay]) for item in codes]
            found = [compress(item[stay]) for item in found]
    return codes, found, keep


def _combined(parts: list[np.ndarray], dense: bool | np.bool_) -> np.ndarray:
    codes = parts[0]
    if dense and len(parts) == 1:
        return codes
    for part in parts[1:]:
        width = int(part.max()) + 1
        both = codes.astype(np.int64) * width + part
        small = int(codes.max() + 1) * width <= 4 * len(codes) + 1_000_000
        codes = compress(both) if small else np.unique(both, return_inverse=True)[1]
    return compress(codes)


def _number(data: pd.DataFrame, name: str) -> tuple[np.ndarray, bool]:
    """Return column `name` as float64 and whether all is finite; one pass when it is."""
    column = data[name]
    if column.dtype == np.float64:
        values = column.to_numpy()
        if _all_finite(values):
            require_scale(values, name)
            return values, True
    values = numeric(data, name)
    return values, _all_finite(values)


def _all_finite(values: np.ndarray) -> bool:
    return bool(np.isfinite(np.add.reduce(values)) or np.isfinite(values).all())


def dense_codes(column: pd.Series) -> np.ndarray:
    """Return codes in order of sorted value, -1 for missing; integers of a narrow range are quick."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu":
        values = column.to_numpy()
        low, high = int(values.min()), int(values.max())
        if high - low <= 4 * len(values) + 1_000_000:
            return _range_codes(values, low, high)
    found = pd.factorize(column, sort=True)[0]
    return found.astype(code_type(len(found)), copy=False)


def _range_codes(values: Ints, low: int, high: int) -> Ints:
    dtype = code_type(len(values))
    shifted = values - values.dtype.type(low)
    present = np.zeros(high - low + 1, dtype=bool)
    present[shifted] = True
    if present.all():
        return shifted.astype(dtype, copy=False)
    found: Ints = (np.cumsum(present) - 1).astype(dtype)[shifted]
    return found


def _slopes(names: Any, numbers: dict[str, Floats], take: Callable[..., Any]) -> np.ndarray | None:
    return None if not names else _stack([take(numbers[name]) for name in names])


def _stack(columns: list[np.ndarray], index: np.ndarray | None = None) -> np.ndarray:
    out = np.empty((len(columns[0]) if index is None else len(index), len(columns)), order="F")

    def one(j: int) -> None:
        if index is None:
            out[:, j] = columns[j]
        else:
            np.take(columns[j], index, out=out[:, j], mode="clip")

    each(one, range(len(columns)), parallel=out.size > 1_000_000)
    return out


def _flat(groups: Iterable[Iterable[str]]) -> list[str]:
    return [name for group in groups for name in group]


def _once(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name is not None))
