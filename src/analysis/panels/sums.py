"""SHA256SUMS of the panels: one line for every Parquet file, manifest and table of a panels directory.

A panel is read only if its file and its manifest are those of the list, and the panels it was made of too, so
that no panel is computed anew beside panels of an earlier run. ``sha256sum -c SHA256SUMS`` checks the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import AlteredFileError, MissingFileError
from ..placing import write_text
from ..sources.registry.files import sha256_of

NAME = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_]+\.(?:parquet|manifest\.json|csv))")
_AGAIN = "Restore data/processed with git, or run `make data`."


def read_sums(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every listed file by its name.

    Raises
    ------
    MissingFileError
        If the list is not there.
    AlteredFileError
        If a line of it is no digest and name, or a name stands twice.
    """
    path = directory / NAME
    if not path.is_file():
        raise MissingFileError("The list of the panels' digests is missing.", where=str(path), remedy=_AGAIN)
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    found = [_LINE.fullmatch(line) for line in lines]
    if not all(found) or len({match[2] for match in found if match}) != len(lines):
        raise AlteredFileError("The list of the panels' digests is damaged.", where=str(path), remedy=_AGAIN)
    return {match[2]: match[1] for match in found if match}


def write_sums(directory: Path, only: list[str] | None = None) -> Path:
    """Write the list of a directory as it stands; with `only`, renew just these names' lines.

    Parameters
    ----------
    directory : pathlib.Path
        Directory of panels.
    only : list of str, optional
        Names of files just written: the lines of all others stay as they are, so that a file that was changed
        by other means is still found out.
    """
    path = directory / NAME
    earlier = read_sums(directory) if only is not None and path.is_file() else {}
    names = only if only is not None else [each.name for each in listed(directory)]
    _write(path, earlier | {name: sha256_of(directory / name) for name in names})
    return path


def listed(directory: Path) -> list[Path]:
    """Return the files of a directory that belong on the list, in order of name."""
    return [path for path in sorted(directory.iterdir()) if _LINE.fullmatch(f"{'0' * 64}  {path.name}")]


def require_listed(path: Path, sums: Mapping[str, str]) -> None:
    """Raise AlteredFileError unless a file is the listed one."""
    if sums.get(path.name) != sha256_of(path):
        raise AlteredFileError(f"{path.name} is not the file of {NAME}.", where=str(path), remedy=_AGAIN)


def _write(path: Path, sums: Mapping[str, str]) -> None:
    write_text(path, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)))
