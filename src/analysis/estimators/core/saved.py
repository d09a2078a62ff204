"""Results in a file: a tree in JSON and the arrays it names, in one NumPy archive that can run nothing."""

from __future__ import annotations

import dataclasses
import json
import math
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import EstimationError

_PACKAGE = __package__.rpartition(".")[0]
_VERSION, _TREE = 1, "tree"


def write(result: object, path: Path) -> None:
    """Write a result; the name of the file is kept as given."""
    arrays: dict[str, np.ndarray] = {}
    tree = _Encoder(arrays).encode(result, type(result).__name__)
    text = json.dumps({"version": _VERSION, "result": tree}, allow_nan=False)
    arrays[_TREE] = np.frombuffer(text.encode(), np.uint8)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read(path: Path) -> Any:
    """Return the result in a file.

    Raises
    ------
    EstimationError
        It is no file of `write`, or of a later version.
    """
    with _refused(path), np.load(path, allow_pickle=False) as archive:
        document = json.loads(archive[_TREE].tobytes())
        if document["version"] != _VERSION:
            raise EstimationError(f"{path} was written by a later version of this package: update it")
        return _decode(document["result"], archive)


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except EstimationError:
        raise
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError, AttributeError) as error:
        raise EstimationError(f"{path} is not a saved result, or is damaged: {error}") from error


class _Encoder:
    """Turns values into JSON; `arrays` takes what JSON holds badly."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays

    def encode(self, value: Any, where: str) -> Any:
        """Return the JSON form of a value; `where` is its place in the result, for messages."""
        if value is None or (isinstance(value, bool | int | str) and not isinstance(value, np.generic)):
            return value
        if isinstance(value, float | np.floating) and not isinstance(value, np.float32):
            return float(value) if math.isfinite(value) else {"~": "float", "v": repr(float(value))}
        for kinds, encode in self._rules():
            if isinstance(value, kinds):
                return encode(value, where)
        if dataclasses.is_dataclass(value) and type(value).__module__.startswith(_PACKAGE):
            return self._dataclass(value, where)
        if callable(value):
            warnings.warn(f"{where} is a function and is not saved", stacklevel=2)
            return {"~": "left_out"}
        raise EstimationError(f"{where} holds a {type(value).__name__}, which cannot be saved")

    def _rules(self) -> list[tuple[Any, Callable[[Any, str], Any]]]:
        return [
            (np.ndarray, self._array),
            (np.generic, lambda v, w: {"~": "scalar", "v": self._array(np.asarray(v), w)}),
            (pd.DataFrame, self._frame),
            (pd.Series, self._series),
            (pd.Index, lambda v, w: {"~": "index", "v": self._series(v.to_series(), w)}),
            (tuple, lambda v, w: {"~": "tuple", "v": [self.encode(item, w) for item in v]}),
            (list, lambda v, w: [self.encode(item, w) for item in v]),
            (Mapping, self._mapping),
        ]

    def _array(self, value: np.ndarray, where: str) -> Any:
        if value.dtype.hasobject:
            items = [self.encode(item, where) for item in value.ravel()]
            return {"~": "objects", "v": items, "shape": list(value.shape)}
        name = f"a{len(self.arrays)}"
        self.arrays[name] = value
        return {"~": "array", "v": name}

    def _series(self, value: pd.Series, where: str) -> Any:
        if isinstance(value.dtype, pd.CategoricalDtype):
            own = [self._array(value.cat.codes.to_numpy(), where)]
            own.append(self.encode(value.cat.categories, where))
            return {"~": "categories", "v": own, "ordered": bool(value.cat.ordered), "name": value.name}
        plain = isinstance(value.dtype, np.dtype)
        held = value.to_numpy() if plain else np.array([None if pd.isna(v) else v for v in value], object)
        tree = {"~": "series", "v": self._array(held, where), "dtype": str(value.dtype)}
        tree["name"] = self.encode(value.name, where)
        if not isinstance(value.index, pd.RangeIndex) and not value.index.equals(pd.Index(value)):
            tree["index"] = self.encode(value.index, where)
        return tree

    def _frame(self, value: pd.DataFrame, where: str) -> Any:
        plain = value.reset_index(drop=True)
        columns = [self._series(plain.iloc[:, j], where) for j in range(plain.shape[1])]
        index = None if isinstance(value.index, pd.RangeIndex) else self.encode(value.index, where)
        return {"~": "frame", "v": columns, "index": index, "rows": len(value)}

    def _mapping(self, value: Mapping[Any, Any], where: str) -> Any:
        pairs = [[self.encode(k, where), self.encode(v, f"{where}[{k!r}]")] for k, v in value.items()]
        return {"~": "mapping", "v": pairs}

    def _dataclass(self, value: Any, where: str) -> Any:
        kind = type(value)
        names = [field.name for field in dataclasses.fields(value)]
        held = {name: self.encode(getattr(value, name), f"{where}.{name}") for name in names}
        module = kind.__module__.removeprefix(_PACKAGE)
        return {"~": "dataclass", "v": held, "class": [module, kind.__qualname__]}


def _decode(tree: Any, archive: Mapping[str, np.ndarray]) -> Any:
    if isinstance(tree, list):
        return [_decode(item, archive) for item in tree]
    if not isinstance(tree, dict):
        return tree
    return _DECODERS[tree["~"]](tree, archive)


def _decode_series(tree: Any, archive: Mapping[str, np.ndarray]) -> pd.Series:
    index = _decode(tree["index"], archive) if "index" in tree else None
    name = _decode(tree["name"], archive)
    found: pd.Series = pd.Series(_decode(tree["v"], archive), dtype=tree["dtype"], name=name, index=index)
    return found


def _decode_categories(tree: Any, archive: Mapping[str, np.ndarray]) -> pd.Series:
    codes, categories = (_decode(part, archive) for part in tree["v"])
    values = pd.Categorical.from_codes(codes, categories, ordered=tree["ordered"])
    return pd.Series(values, name=tree["name"])


def _decode_frame(tree: Any, archive: Mapping[str, np.ndarray]) -> pd.DataFrame:
    columns = [_decode(column, archive) for column in tree["v"]]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(tree["rows"]))
    if tree["index"] is not None:
        frame.index = _decode(tree["index"], archive)
    return frame


def _decode_objects(tree: Any, archive: Mapping[str, np.ndarray]) -> np.ndarray:
    values = np.empty(len(tree["v"]), dtype=object)
    values[:] = [_decode(item, archive) for item in tree["v"]]
    return values.reshape(tree["shape"])


def _decode_dataclass(tree: Any, archive: Mapping[str, np.ndarray]) -> Any:
    module, name = tree["class"]
    kind = getattr(import_module(module, _PACKAGE), name) if module.startswith(".") else None
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise EstimationError(f"{module}.{name} is no result of this package")
    result = object.__new__(kind)
    for field in dataclasses.fields(kind):
        object.__setattr__(result, field.name, _decode(tree["v"][field.name], archive))
    return result


_DECODERS: dict[str, Callable[[Any, Any], Any]] = {
    "float": lambda tree, _: float(tree["v"]),
    "array": lambda tree, archive: archive[tree["v"]],
    "scalar": lambda tree, archive: _decode(tree["v"], archive)[()],
    "objects": _decode_objects,
    "index": lambda tree, archive: pd.Index(_decode(tree["v"], archive)),
    "series": _decode_series,
    "categories": _decode_categories,
    "frame": _decode_frame,
    "tuple": lambda tree, archive: tuple(_decode(item, archive) for item in tree["v"]),
    "mapping": lambda tree, archive: {_decode(k, archive): _decode(v, archive) for k, v in tree["v"]},
    "left_out": lambda tree, archive: None,
    "dataclass": _decode_dataclass,
}
