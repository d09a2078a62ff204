"""The registry of published files: what each is, who carries it, and its verified place on disk."""

from __future__ import annotations

import csv
import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...errors import AlteredFileError, MissingFileError
from ...paths import raw_dir


@dataclass(frozen=True)
class RawFile:
    """One registered file.

    Attributes
    ----------
    path : str
        Path below the raw directory, ``family/name``.
    bytes : int
        Size.
    sha256 : str
        Hexadecimal digest.
    url : str
        Direct address, or the empty string when there is none.
    """

    path: str
    bytes: int
    sha256: str
    url: str = ""

    @property
    def family(self) -> str:
        """Name of the file's family: the first part of its path."""
        return self.path.split("/", 1)[0]


@cache
def families() -> dict[str, dict[str, Any]]:
    """Return every file family of ``registry.toml`` by name."""
    return tomllib.loads(files(__package__).joinpath("registry.toml").read_text("utf-8"))


@cache
def raw_files() -> dict[str, RawFile]:
    """Return every registered file by its path."""
    text = files(__package__).joinpath("registry_files.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {r["path"]: RawFile(r["path"], int(r["bytes"]), r["sha256"], r["url"]) for r in rows}


def family_files(family: str) -> list[RawFile]:
    """Return the registered files of one family in order of path."""
    return sorted((f for f in raw_files().values() if f.family == family), key=lambda f: f.path)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def locate(path: str) -> Path:
    """Return the verified place of a registered file; never repairs or replaces it.

    Parameters
    ----------
    path : str
        Registered path, e.g. ``"fbi_table8/table8_2014.xls"``.

    Raises
    ------
    MissingFileError
        The path is not registered, or the file is not in the raw directory.
    AlteredFileError
        The file's size or digest differs from the registered one.
    """
    registered = raw_files().get(path)
    if registered is None:
        raise MissingFileError(f"{path} is not a registered file.", remedy="See data/raw/README.md.")
    place = raw_dir() / path
    if not place.is_file():
        raise MissingFileError(
            "A published file is missing.",
            where=str(place),
            remedy=f"Get it as data/raw/README.md says under {registered.family!r}, or set ANALYSIS_RAW_DIR.",
        )
    _verify(place, registered)
    _VERIFIED.add(place)
    return place


def is_verified(place: Path) -> bool:
    """Tell whether a file was found to be a registered one by `locate` in this process."""
    return place in _VERIFIED


#: Files whose digest this process has compared.
_VERIFIED: set[Path] = set()


def _verify(place: Path, registered: RawFile) -> None:
    size = place.stat().st_size
    if size != registered.bytes:
        raise AlteredFileError(
            f"The file has {size:,} bytes, not the registered {registered.bytes:,}.",
            where=str(place),
            remedy="It is truncated or another edition: get it again.",
        )
    if sha256_of(place) != registered.sha256:
        raise AlteredFileError(
            "The file's SHA-256 is not the registered one.",
            where=str(place),
            remedy="It was changed after download: get it again.",
        )
