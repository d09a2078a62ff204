"""The other half of `codec`: stored trees back into values, of our own classes for results and no others."""

from __future__ import annotations

import dataclasses
import importlib
import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from ..errors import AnalysisError

PACKAGE = __name__.split(".")[0]


class NotStorableError(AnalysisError):
    """A value that the store cannot write and read back exactly."""


class Decoder:
    """Trees of JSON and named members as values; a method for each tag."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self.members = members

    def value(self, tree: Any) -> Any:
        """Return the value of a tree."""
        if isinstance(tree, list):
            return [self.value(item) for item in tree]
        if isinstance(tree, dict):
            return getattr(self, f"_{tree['~']}")(tree)
        return tree

    def _float(self, tree: Any) -> Any:
        return float(tree["v"])

    def _dataclass(self, tree: Any) -> Any:
        kind = _class_of(tree["c"])
        made = object.__new__(kind)
        for key, item in tree["v"].items():
            object.__setattr__(made, key, self.value(item))
        return made

    def _named(self, tree: Any) -> Any:
        return _class_of(tree["c"])._make(self.value(tree["v"]))

    def _tuple(self, tree: Any) -> Any:
        return tuple(self.value(tree["v"]))

    def _dict(self, tree: Any) -> Any:
        return {self.value(k): self.value(v) for k, v in tree["v"]}

    def _proxy(self, tree: Any) -> Any:
        return MappingProxyType(self._dict(tree))

    def _mapping(self, tree: Any) -> Any:
        return _class_of(tree["c"])(self._dict(tree))

    def _set(self, tree: Any) -> Any:
        return set(self.value(tree["v"]))

    def _frozenset(self, tree: Any) -> Any:
        return frozenset(self.value(tree["v"]))

    def _scalar(self, tree: Any) -> Any:
        return self.value(tree["v"])[()]

    def _array(self, tree: Any) -> Any:
        return np.load(io.BytesIO(self.members[tree["m"]]), allow_pickle=False)

    def _objects(self, tree: Any) -> Any:
        values = np.empty(len(tree["v"]), dtype=object)
        for i, item in enumerate(tree["v"]):
            values[i] = self.value(item)
        return values.reshape(tree["s"])

    def _category(self, tree: Any) -> Any:
        dtype = pd.CategoricalDtype(self.value(tree["of"]), ordered=tree["ordered"])
        return pd.Categorical.from_codes(self.value(tree["codes"]), dtype=dtype)

    def _text(self, tree: Any) -> Any:
        dtype = pd.StringDtype(tree["storage"], na_value=np.nan if tree["nan"] else pd.NA)
        return pd.array(tree["v"], dtype=dtype)

    def _dates(self, tree: Any) -> Any:
        dtype = pd.api.types.pandas_dtype(tree["d"])
        values = self.value(tree["v"])
        if isinstance(dtype, pd.PeriodDtype):
            return pd.arrays.PeriodArray(values, dtype=dtype)
        if isinstance(dtype, pd.DatetimeTZDtype):
            return (
                pd.DatetimeIndex(values.view(f"M8[{dtype.unit}]"))
                .tz_localize("UTC")
                .tz_convert(dtype.tz)
                .array
            )
        return pd.array(values.view(dtype), dtype=dtype)

    def _masked(self, tree: Any) -> Any:
        kind: Any = pd.api.types.pandas_dtype(tree["d"])
        kind = kind.construct_array_type()
        return kind(self.value(tree["v"]), self.value(tree["m"]))

    def _range(self, tree: Any) -> Any:
        start, stop, step = tree["v"]
        return pd.RangeIndex(start, stop, step, name=self.value(tree["n"])[0])

    def _levels(self, tree: Any) -> Any:
        return pd.MultiIndex(
            levels=self.value(tree["v"]), codes=self.value(tree["k"]), names=self.value(tree["n"])
        )

    def _index(self, tree: Any) -> Any:
        values = self.value(tree["v"])
        dtype = object if isinstance(values, np.ndarray) and values.dtype == object else None
        return pd.Index(values, name=self.value(tree["n"])[0], dtype=dtype)

    def _series(self, tree: Any) -> Any:
        values = self.value(tree["v"])
        made = pd.Series(values, index=self.value(tree["i"]), name=self.value(tree["n"]), dtype=values.dtype)
        made.attrs = self.value(tree["a"])
        return made

    def _frame(self, tree: Any) -> Any:
        index, columns = self.value(tree["i"]), self.value(tree["c"])
        values = {i: pd.Series(v, index=index, dtype=v.dtype) for i, v in enumerate(self.value(tree["v"]))}
        made = pd.DataFrame(values, index=index)
        made.columns = columns
        made.attrs = self.value(tree["a"])
        return made

    def _period(self, tree: Any) -> Any:
        return pd.Period(ordinal=tree["v"], freq=tree["f"])

    def _nat(self, tree: Any) -> Any:
        return pd.NaT

    def _na(self, tree: Any) -> Any:
        return pd.NA

    def _timestamp(self, tree: Any) -> Any:
        return pd.Timestamp(tree["v"]).as_unit(tree["u"])

    def _timedelta(self, tree: Any) -> Any:
        return pd.Timedelta(tree["v"]).as_unit(tree["u"])

    def _bytes(self, tree: Any) -> Any:
        return self.members[tree["m"]]

    def _path(self, tree: Any) -> Any:
        return Path(tree["v"])

    def _slice(self, tree: Any) -> Any:
        return slice(*self.value(tree["v"]))


def _class_of(name: str) -> Any:
    module, _, qualname = name.partition(":")
    if module.split(".")[0] != PACKAGE:
        raise NotStorableError(f"A stored result names {name}, which is none of our classes.")
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    if not (
        isinstance(found, type) and (dataclasses.is_dataclass(found) or issubclass(found, tuple | Mapping))
    ):
        raise NotStorableError(f"A stored result names {name}, which is no class for results.")
    return found
