"""Results as bytes and back: plain values, arrays, frames and our own dataclasses, exactly, and no pickle.

A value is a tree of JSON where all that JSON cannot say is a tagged object ``{"~": kind, ...}``;
numeric arrays stand beside it as ``.npy`` members. What comes back has the same types, dtypes and bits.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
from collections.abc import Callable, Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from .decoding import PACKAGE, Decoder, NotStorableError


def encode(value: Any) -> dict[str, bytes]:
    """Return a value as named members: ``value.json`` and one ``.npy`` for each numeric array.

    Raises
    ------
    NotStorableError
        If the value holds something else than numbers, texts, dates, containers, numpy and pandas objects
        and dataclasses of this package.
    """
    members: dict[str, bytes] = {}
    tree = _Encoder(members).tree(value, "result")
    members["value.json"] = json.dumps(tree, ensure_ascii=True, separators=(",", ":")).encode()
    return members


def decode(members: Mapping[str, bytes]) -> Any:
    """Return the value that `encode` wrote.

    Raises
    ------
    NotStorableError
        If a member is missing, or a class it names is no dataclass of this package.
    """
    try:
        return Decoder(members).value(json.loads(members["value.json"]))
    except (KeyError, ValueError, TypeError, AttributeError, ImportError) as error:
        raise NotStorableError(f"A stored result cannot be read: {error!r}") from error


class _Encoder:
    def __init__(self, members: dict[str, bytes]) -> None:
        self.members = members

    def tree(self, value: Any, where: str) -> Any:
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"~": "float", "v": repr(value)}
        for kinds, write in _WRITERS:
            if isinstance(value, kinds):
                return write(self, value, where)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self.dataclass(value, where)
        raise NotStorableError(
            f"A {type(value).__module__}.{type(value).__qualname__} cannot be stored.",
            where=where,
            remedy="Keep plain values, arrays, frames and dataclasses of this package in results.",
        )

    def dataclass(self, value: Any, where: str) -> Any:
        name = _class_name(type(value), where)
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {
            "~": "dataclass",
            "c": name,
            "v": {key: self.tree(item, f"{where}.{key}") for key, item in fields.items()},
        }

    def sequence(self, value: Any, where: str) -> Any:
        items = [self.tree(item, f"{where}[{i}]") for i, item in enumerate(value)]
        if type(value) is list:
            return items
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return {"~": "named", "c": _class_name(type(value), where), "v": items}
        return {"~": "tuple", "v": items}

    def mapping(self, value: Mapping[Any, Any], where: str) -> Any:
        pairs = [[self.tree(k, where), self.tree(v, f"{where}[{k!r}]")] for k, v in value.items()]
        if type(value) is dict:
            return {"~": "dict", "v": pairs}
        if isinstance(value, MappingProxyType):
            return {"~": "proxy", "v": pairs}
        return {"~": "mapping", "c": _class_name(type(value), where), "v": pairs}

    def set(self, value: Any, where: str) -> Any:
        items = sorted((self.tree(item, where) for item in value), key=json.dumps)
        return {"~": "frozenset" if isinstance(value, frozenset) else "set", "v": items}

    def scalar(self, value: Any, where: str) -> Any:
        return {"~": "scalar", "v": self.array(np.asarray(value), where)}

    def array(self, value: np.ndarray, where: str) -> Any:
        if value.dtype == object:
            flat = [self.tree(item, f"{where}[{i}]") for i, item in enumerate(value.ravel())]
            return {"~": "objects", "s": list(value.shape), "v": flat}
        buffer = io.BytesIO()
        np.save(buffer, value, allow_pickle=False)
        name = f"{len(self.members)}.npy"
        self.members[name] = buffer.getvalue()
        return {"~": "array", "m": name}

    def extension(self, value: Any, where: str) -> Any:
        if isinstance(value.dtype, pd.CategoricalDtype):
            return {
                "~": "category",
                "codes": self.array(np.asarray(value.codes), where),
                "of": self.tree(value.dtype.categories, where),
                "ordered": bool(value.dtype.ordered),
            }
        if isinstance(value, pd.arrays.NumpyExtensionArray):
            return self.array(value.to_numpy(), where)
        missing = np.asarray(pd.isna(value))
        if isinstance(value.dtype, pd.StringDtype):
            items = [None if gone else str(item) for item, gone in zip(value, missing, strict=True)]
            kind = {"storage": value.dtype.storage, "nan": value.dtype.na_value is not pd.NA}
            return {"~": "text", "v": items, **kind}
        if isinstance(value, pd.arrays.DatetimeArray | pd.arrays.TimedeltaArray) and value.dtype.kind in "mM":
            return {"~": "dates", "d": str(value.dtype), "v": self.array(np.asarray(value.view("i8")), where)}
        if isinstance(value, pd.arrays.PeriodArray):
            return {"~": "dates", "d": str(value.dtype), "v": self.array(np.asarray(value.view("i8")), where)}
        if isinstance(value, pd.arrays.IntegerArray | pd.arrays.FloatingArray | pd.arrays.BooleanArray):
            plain = self.array(value.to_numpy(dtype=value.dtype.numpy_dtype, na_value=0), where)
            return {"~": "masked", "d": str(value.dtype), "v": plain, "m": self.array(missing, where)}
        raise NotStorableError(f"A column of type {value.dtype} cannot be stored.", where=where)

    def column(self, value: Any, where: str) -> Any:
        values = value.array
        if isinstance(values, pd.arrays.NumpyExtensionArray):
            return self.array(values.to_numpy(), where)
        return self.extension(values, where)

    def index(self, value: pd.Index, where: str) -> Any:
        names = [self.tree(name, where) for name in value.names]
        if isinstance(value, pd.RangeIndex):
            return {"~": "range", "v": [value.start, value.stop, value.step], "n": names}
        if isinstance(value, pd.MultiIndex):
            levels = [self.tree(level, where) for level in value.levels]
            codes = [self.array(np.asarray(code), where) for code in value.codes]
            return {"~": "levels", "v": levels, "k": codes, "n": names}
        if isinstance(value, pd.IntervalIndex):
            raise NotStorableError("An interval index cannot be stored.", where=where)
        return {"~": "index", "v": self.column(value, where), "n": names}

    def series(self, value: pd.Series, where: str) -> Any:
        tree = {"~": "series", "v": self.column(value, where), "i": self.tree(value.index, where)}
        return tree | {"n": self.tree(value.name, where), "a": self.tree(dict(value.attrs), where)}

    def frame(self, value: pd.DataFrame, where: str) -> Any:
        columns = [
            self.column(value.iloc[:, i], f"{where}[{name!r}]") for i, name in enumerate(value.columns)
        ]
        return {
            "~": "frame",
            "v": columns,
            "i": self.tree(value.index, where),
            "c": self.tree(value.columns, where),
            "a": self.tree(dict(value.attrs), where),
        }

    def raw(self, value: bytes, where: str) -> Any:
        name = f"{len(self.members)}.bin"
        self.members[name] = value
        return {"~": "bytes", "m": name}

    def stamp(self, value: Any, where: str) -> Any:
        if isinstance(value, pd.Period):
            return {"~": "period", "v": value.ordinal, "f": value.freqstr}
        if value is pd.NaT:
            return {"~": "nat"}
        kind = "timestamp" if isinstance(value, pd.Timestamp) else "timedelta"
        return {"~": kind, "v": value.isoformat(), "u": value.unit}


_Writer = Callable[[_Encoder, Any, str], Any]
_WRITERS: tuple[tuple[Any, _Writer], ...] = (
    (pd.DataFrame, _Encoder.frame),
    (pd.Series, _Encoder.series),
    (pd.Index, _Encoder.index),
    (np.ndarray, _Encoder.array),
    (np.generic, _Encoder.scalar),
    ((pd.Timestamp, pd.Timedelta, pd.Period, type(pd.NaT)), _Encoder.stamp),
    (type(pd.NA), lambda encoder, value, where: {"~": "na"}),
    (bytes, _Encoder.raw),
    (PurePath, lambda encoder, value, where: {"~": "path", "v": str(value)}),
    (
        slice,
        lambda encoder, v, where: {
            "~": "slice",
            "v": [encoder.tree(x, where) for x in (v.start, v.stop, v.step)],
        },
    ),
    (pd.api.extensions.ExtensionArray, _Encoder.extension),
    (Mapping, _Encoder.mapping),
    ((list, tuple), _Encoder.sequence),
    ((set, frozenset), _Encoder.set),
)


def _class_name(kind: type, where: str) -> str:
    if kind.__module__.split(".")[0] != PACKAGE or "<" in kind.__qualname__:
        raise NotStorableError(f"A {kind.__module__}.{kind.__qualname__} cannot be stored.", where=where)
    return f"{kind.__module__}:{kind.__qualname__}"
