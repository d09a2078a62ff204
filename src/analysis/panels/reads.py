"""Which panels were read: what a stored result rests on is recorded while it is computed, not declared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from ..paths import processed_dir

_WATCHERS: ContextVar[tuple[dict[str, str], ...]] = ContextVar("watchers", default=())


@contextmanager
def watch() -> Iterator[dict[str, str]]:
    """Record the panels that are read inside the block, each by name with `panel_hash`.

    Examples
    --------
    >>> from analysis import panels
    >>> with watch() as read:
    ...     _ = panels.load("state_year")
    >>> list(read)
    ['state_year']
    """
    seen: dict[str, str] = {}
    token = _WATCHERS.set((*_WATCHERS.get(), seen))
    try:
        yield seen
    finally:
        _WATCHERS.reset(token)


def note(*names: str) -> None:
    """Tell every watcher that panels were read."""
    for seen in _WATCHERS.get():
        seen.update({name: panel_hash(name) for name in names if name not in seen})


def note_all(read: Mapping[str, str]) -> None:
    """Tell every watcher of panels that somebody else read, with the hashes they had."""
    for seen in _WATCHERS.get():
        seen.update(read)


def panel_hash(name: str) -> str:
    """Return a hash of a panel's bytes and its manifest's; empty for a file that is not there."""
    folder = processed_dir()
    paths = (folder / f"{name}.parquet", folder / f"{name}.manifest.json")
    return hashlib.sha256("".join(_hash_now(path) for path in paths).encode()).hexdigest()


def _hash_now(path: Path) -> str:
    try:
        state = path.stat()
    except OSError:
        return ""
    return _hash_of(path, state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(maxsize=256)
def _hash_of(path: Path, written: int, size: int, inode: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
