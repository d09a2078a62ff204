"""One stored result, one file: JSON and arrays with the hash of the contents, written whole or not."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

META, SUM = "meta.json", "SHA256"
#: Date of every member, so that equal results are equal files.
EPOCH = (1980, 1, 1, 0, 0, 0)


def write(path: Path, meta: Mapping[str, Any], members: Mapping[str, bytes]) -> None:
    """Write a result with what it rests on; readers see the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {META: json.dumps(meta, sort_keys=True).encode(), **members}
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(whole):
                archive.writestr(zipfile.ZipInfo(name, EPOCH), whole[name])
            archive.writestr(zipfile.ZipInfo(SUM, EPOCH), _sum(whole))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def read(path: Path) -> tuple[dict[str, Any], dict[str, bytes]] | None:
    """Return what a result rests on and its members; None where the file is damaged, altered or absent."""
    try:
        with zipfile.ZipFile(path) as archive:
            whole = {name: archive.read(name) for name in archive.namelist()}
        if whole.pop(SUM) != _sum(whole):
            return None
        return json.loads(whole.pop(META)), whole
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, NotImplementedError):
        return None


def read_meta(path: Path) -> dict[str, Any] | None:
    """Return what a result says it rests on, unchecked; None where the file cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            found: dict[str, Any] = json.loads(archive.read(META))
            return found
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, NotImplementedError):
        return None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, so that two builds compute a result once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            import fcntl
        except ImportError:
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sum(members: Mapping[str, bytes]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(members):
        digest.update(f"{name}\0{len(members[name])}\0".encode())
        digest.update(members[name])
    return digest.hexdigest().encode()
