"""Manifests: what a panel was made of and how it looks. A damaged one is a clear error, never a guess."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import AlteredFileError, MissingFileError

_AGAIN = "Restore data/processed with git, or run `make data`."
#: What a manifest says, and the kind of each.
_FIELDS: dict[str, type] = {
    "panel": str,
    "keys": list,
    "rows": int,
    "rows_by_year": dict,
    "columns": dict,
    "dropped": dict,
    "inputs": dict,
    "sha256": str,
}
#: Types whose spelling depends on the version of pandas.
_TEXT = {"str", "string", "object"}


def read_manifest(path: Path, name: str) -> dict[str, Any]:
    """Return the manifest of a panel.

    Raises
    ------
    MissingFileError
        If it is not there.
    AlteredFileError
        If it is not JSON, lacks a field, holds one of another kind, or is another panel's.
    """
    if not path.is_file():
        raise MissingFileError(f"The manifest of panel {name} is missing.", where=str(path), remedy=_AGAIN)
    try:
        manifest = json.loads(path.read_bytes().decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _damaged(name, path, f"it is no JSON ({type(error).__name__})") from error
    if not isinstance(manifest, dict):
        raise _damaged(name, path, "it is no list of fields")
    for field, kind in _FIELDS.items():
        if not isinstance(manifest.get(field), kind):
            raise _damaged(name, path, f"its field {field!r} is missing or no {kind.__name__}")
    if manifest["panel"] != name:
        raise _damaged(name, path, f"it is that of panel {manifest['panel']!r}")
    if not all(isinstance(each, str) for field in ("columns", "inputs") for each in manifest[field].values()):
        raise _damaged(name, path, "a type or digest in it is no text")
    return manifest


def require_as_described(frame: pd.DataFrame, manifest: dict[str, Any], path: Path) -> None:
    """Raise AlteredFileError unless rows, columns and types of a panel are those of its manifest."""
    name, columns = manifest["panel"], manifest["columns"]
    if len(frame) != manifest["rows"]:
        raise _differs(name, path, f"{len(frame):,} rows, not the {manifest['rows']:,}")
    if list(frame.columns) != list(columns):
        strange = sorted(set(frame.columns) ^ set(columns)) or ["the order"]
        raise _differs(name, path, f"other columns ({', '.join(strange[:5])}) than those")
    for column, dtype in frame.dtypes.items():
        if _family(str(dtype)) != _family(columns[column]):
            raise _differs(name, path, f"column {column} of type {dtype}, not the {columns[column]}")


def _family(dtype: str) -> str:
    return "text" if dtype in _TEXT else dtype


def _damaged(name: str, path: Path, why: str) -> AlteredFileError:
    return AlteredFileError(
        f"The manifest of panel {name} is damaged: {why}.", where=str(path), remedy=_AGAIN
    )


def _differs(name: str, path: Path, what: str) -> AlteredFileError:
    return AlteredFileError(f"Panel {name} has {what} of its manifest.", where=str(path), remedy=_AGAIN)
