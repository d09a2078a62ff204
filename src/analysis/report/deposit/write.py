"""Write the archive: the same files give the same bytes, with the list of what is in and what is not."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...panels.export.write import RELEASED
from .contents import Contents, LeftOut, contents, require_nothing_restricted
from .readme import readme

NAME = "sanctuary-crime-replication.zip"
#: Mode bits of every file in the archive: no person's umask gets in.
_MODE = 0o100644 << 16


def write_archive(
    out: Path, *, judged: bool = False, root: Path | None = None, raw: Path | None = None
) -> tuple[Path, Contents]:
    """Write the replication archive.

    Parameters
    ----------
    out : pathlib.Path
        Folder for the zip.
    judged, root, raw
        As in `contents.contents`.

    Returns
    -------
    path : pathlib.Path
        The zip. An earlier one is replaced when it has been written whole.
    contents : Contents
        What is in it and what is not.

    Notes
    -----
    Files stand in order of their paths with one date, `RELEASED`, and one mode. The bytes are the same for
    the same files and the same version of zlib.
    """
    chosen = contents(judged=judged, root=root, raw=raw)
    require_nothing_restricted([entry.path for entry in chosen.entries])
    out.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=out, prefix=".archive-", suffix=".part")
    os.close(handle)
    try:
        _write(Path(part), chosen)
        os.chmod(part, 0o644)
        os.replace(part, out / NAME)
    finally:
        Path(part).unlink(missing_ok=True)
    return out / NAME, chosen


def _write(place: Path, chosen: Contents) -> None:
    listed = []
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as made:
        for entry in chosen.entries:
            data = entry.source.read_bytes()
            made.writestr(_info(entry.path), data)
            listed.append((entry.path, len(data), hashlib.sha256(data).hexdigest()))
        made.writestr(_info("README.md"), readme(chosen))
        made.writestr(_info("CONTENTS.csv"), _table(("path", "bytes", "sha256"), listed))
        made.writestr(_info("LEFT_OUT.csv"), left_out_table(chosen.left_out))


def left_out_table(left_out: Iterable[LeftOut]) -> str:
    """Return what is left out as CSV: path, why, how to get it."""
    return _table(("path", "why", "how"), [(each.path, each.why, each.how) for each in left_out])


def _table(header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def _info(path: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, (RELEASED.year, RELEASED.month, RELEASED.day, 0, 0, 0))
    info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _MODE, 3
    return info
