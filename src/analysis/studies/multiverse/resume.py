"""The file of finished chunks: kept by what they were made of and with, so that nothing else is reused.

One line holds one chunk: the key of its inputs, its rows, and the SHA-256 of both. A line that is cut off is
computed again; one that was changed since is refused, because nobody can say what else was.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from ...errors import AlteredFileError

#: Rooms of the package whose code makes the results, and packages whose versions may move a digit.
_ROOMS = ("estimators", "studies/multiverse", "studies/designs", "panels")
_PACKAGES = ("numpy", "scipy", "pandas", "statsmodels", "linearmodels", "numba", "within-py", "threadpoolctl")


def key_of(inputs: str) -> str:
    """Return one name for inputs, code and versions together.

    Parameters
    ----------
    inputs : str
        What the chunks are made from: digests of panels, the specification.
    """
    return hashlib.sha256(f"{inputs} {code_key()}".encode()).hexdigest()[:16]


@cache
def code_key() -> str:
    """Return one name for the code that makes the results and the versions of what it stands on."""
    digest = hashlib.sha256(repr((sys.version_info[:2], [_version(each) for each in _PACKAGES])).encode())
    for room in _ROOMS:
        for name, text in sorted(_sources(files(__name__.partition(".")[0]).joinpath(room), room)):
            digest.update(f"{name}\n".encode())
            digest.update(text)
    return digest.hexdigest()


def read(path: Path, key: str) -> dict[str, dict[str, Any]]:
    """Return finished rows by specification: those of today's key, from whole lines.

    Raises
    ------
    AlteredFileError
        If a whole line is not as it was written.
    """
    found: dict[str, dict[str, Any]] = {}
    if not path.is_file():
        return found
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        try:
            record = json.loads(line.decode("utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
            continue
        if not isinstance(record, dict) or record.get("digest") != _digest(record):
            raise AlteredFileError(
                f"Line {number} of the finished results is not as it was written.",
                where=str(path),
                remedy="Start anew with `sanctuary multiverse --fresh`.",
            )
        if record["key"] == key:
            found |= {row["spec"]: row for row in record["rows"]}
    return found


def append(path: Path, key: str, rows: Sequence[dict[str, Any]]) -> None:
    """Add one line and force it to disk; after a cut-off line, start a new one."""
    record = json.loads(json.dumps({"key": key, "rows": list(rows)}, default=lambda value: value.item()))
    text = json.dumps(record | {"digest": _digest(record)}) + "\n"
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            text = text if file.read(1) == b"\n" else "\n" + text
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _digest(record: dict[str, Any]) -> str:
    told = json.dumps({name: record.get(name) for name in ("key", "rows")}, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _sources(folder: Traversable, name: str) -> list[tuple[str, bytes]]:
    found = []
    for each in folder.iterdir():
        if each.is_dir() and each.name != "__pycache__":
            found += _sources(each, f"{name}/{each.name}")
        elif each.name.endswith((".py", ".csv")):
            found.append((f"{name}/{each.name}", each.read_bytes()))
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
