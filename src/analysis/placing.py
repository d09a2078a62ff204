"""Outputs put in place whole or not at all: one writer, leftovers swept, folders exchanged in one step.

A command makes its output in a folder beside the place it is for, and exchanges the two by one call of the
system. Killed at any moment it leaves the earlier output or the new one, and at most a hidden folder that the
next run to the same place names and removes.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import AnalysisError

#: Where a folder stands aside while another takes its place, on systems that cannot exchange two.
EARLIER = "earlier"
_AT_FDCWD, _SWAP = -100, 2
_CANNOT_EXCHANGE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV}

Tell = Callable[[str], None]


@contextmanager
def staging(place: Path, prefix: str, tell: Tell | None = None) -> Iterator[Path]:
    """Give an empty folder beside `place` to make its next contents in; it is removed afterwards.

    Parameters
    ----------
    place : pathlib.Path
        File or folder that will be written; its parent is made when missing.
    prefix : str
        Start of the folder's hidden name, e.g. ``making``.
    tell : callable, optional
        Called with a sentence for each leftover of an interrupted run that is removed or put back.

    Raises
    ------
    AnalysisError
        If another run is writing to `place`.
    OSError
        If the parent cannot be written.
    """
    place = Path(os.path.abspath(place))
    place.parent.mkdir(parents=True, exist_ok=True)
    with one_writer(place):
        sweep(place, prefix, tell or _say_nothing)
        aside = Path(tempfile.mkdtemp(dir=place.parent, prefix=_start(place, prefix)))
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def one_writer(place: Path) -> Iterator[None]:
    """Hold the only right to write `place` on this machine, by a lock that ends with the process.

    Raises
    ------
    AnalysisError
        If another run holds it.
    """
    locks = Path(tempfile.gettempdir()) / f"sanctuary-locks-{os.environ.get('USER', '')}"
    locks.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(os.fsencode(os.path.realpath(place))).hexdigest()[:32]
    lock = FileLock(locks / f"{name}.lock", thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise AnalysisError(
            "Another run is writing to the same place.",
            where=str(place),
            remedy="Wait until it has ended, or name another place.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def sweep(place: Path, prefix: str, tell: Tell) -> None:
    """Remove what interrupted runs to `place` left; put back an output that one had moved aside.

    Call it only as the one writer of `place`.
    """
    for left in sorted(place.parent.glob(f"{_glob(_start(place, prefix))}*")):
        earlier = left / EARLIER
        if earlier.exists() and not place.exists():
            os.replace(earlier, place)
            tell(f"{place} was put back: an interrupted run had moved it aside.")
        shutil.rmtree(left, ignore_errors=True)
        tell(f"{left} was removed: an interrupted run had left it.")


def put_in_place(made: Path, place: Path) -> None:
    """Put a finished folder in place of whatever is there, in one step where the system can.

    Where it cannot (no exchange of two names), the earlier folder moves aside first; a run killed in between
    loses nothing, because `sweep` puts it back.
    """
    if not place.exists():
        os.replace(made, place)
    elif not exchange(made, place):
        os.replace(place, made.parent / EARLIER)
        os.replace(made, place)
    _flush(place.parent)


def write_bytes(place: Path, content: bytes) -> Path:
    """Write a file whole or not at all: under a hidden name beside it, then in its place; return it.

    A run killed before the end leaves the earlier file, and a hidden one that the next run writes over.
    """
    part = place.with_name(f".{_short(place.name)}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, place)
    return place


def write_text(place: Path, text: str) -> Path:
    """Write a text file, in UTF-8 and as it is, whole or not at all; return it."""
    return write_bytes(place, text.encode())


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; return False where the system or the file system has no such call.

    Raises
    ------
    OSError
        If the system refuses, e.g. for want of permission.
    """
    call = _exchange_call()
    if call is None:
        return False
    if call(os.fsencode(one), os.fsencode(other)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))


def _exchange_call() -> Callable[[bytes, bytes], int] | None:
    try:
        system = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return lambda one, other: system.renamex_np(one, other, _SWAP)
        rename = system.renameat2
    except (OSError, AttributeError, TypeError):
        return None
    return lambda one, other: rename(_AT_FDCWD, one, _AT_FDCWD, other, _SWAP)


def _flush(directory: Path) -> None:
    """Force a folder's names to disk, so that a power cut cannot undo the exchange."""
    if os.name != "posix":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:  # some network file systems cannot; the exchange itself has happened
        pass
    finally:
        os.close(handle)


def _start(place: Path, prefix: str) -> str:
    return f".{prefix}-{_short(place.name)}-"


def _short(name: str) -> str:
    """Return a name cut so that prefix and random letters still fit into the 255 bytes of a file name."""
    return os.fsencode(name)[:200].decode("utf-8", "ignore")


def _glob(text: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def _say_nothing(_: str) -> None:
    return
