"""`stored`: a function's results kept on disk, found again only while all they rest on is as it was."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ..errors import AnalysisError
from ..panels.reads import note_all, panel_hash, watch
from ..paths import project_root
from . import codec, dependencies, files

P = ParamSpec("P")
R = TypeVar("R")

#: What a module file written later than this holds may not be what this process runs.
_STARTED = time.time()
_FRESH: ContextVar[set[str] | None] = ContextVar("fresh", default=None)


def directory() -> Path | None:
    """Return where results are kept: ``ANALYSIS_STORE_DIR``, else ``.results``; None when off.

    ``ANALYSIS_STORE_DIR=off`` computes everything anew and keeps nothing.
    """
    chosen = os.environ.get("ANALYSIS_STORE_DIR")
    if chosen == "off":
        return None
    return Path(chosen) if chosen else project_root() / ".results"


def stored(function: Callable[P, R]) -> Callable[P, R]:
    """Keep a function's results on disk, and in memory for the rest of the process.

    The function may read panels with `analysis.panels.load` and its arguments, nothing else that can change.
    What it returns is what the store gives back, also on the first call, so that later calls in any process
    return the same bits.

    Parameters
    ----------
    function : callable
        A function of a module of this package. Arguments are plain values or specifications with ``key()``.

    Returns
    -------
    callable
        The function with a memory. ``__wrapped__`` is the function without it.

    Raises
    ------
    codec.NotStorableError
        At the first call, if the result holds what cannot be written and read back exactly.

    Notes
    -----
    A result rests on the source of every module that the function's module can reach
    (`dependencies.fingerprint`), on the versions of the packages these import, on the arguments, and on the
    bytes of every panel that was read while it was computed. ``ANALYSIS_STORE_FRESH=1`` (``--fresh``)
    computes each result once anew.
    """
    kept: dict[str, tuple[dict[str, str], Any]] = {}
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        name = _entry_name(function, given.arguments)
        if name in kept and _current(kept[name][0]):
            panels, value = kept[name]
        else:
            panels, value = _from_disk_or_anew(function, given, name)
            kept[name] = panels, value
        note_all(panels)
        result: R = value
        return result

    call.forget = kept.clear  # type: ignore[attr-defined]
    return call


def _entry_name(function: Callable[..., Any], arguments: dict[str, Any]) -> str:
    said = {key: value.key() if hasattr(value, "key") else repr(value) for key, value in arguments.items()}
    text = json.dumps([function.__module__, function.__qualname__, said])
    short = f"{function.__module__.split('.', 2)[-1]}.{function.__name__}"
    return f"{short}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _from_disk_or_anew(
    function: Callable[..., Any], given: inspect.BoundArguments, name: str
) -> tuple[dict[str, str], Any]:
    place = directory()
    modules = [function.__module__]
    if place is None or dependencies.changed_since(_STARTED, modules):
        with watch() as panels:
            value = function(*given.args, **given.kwargs)
        return dict(panels), codec.decode(codec.encode(value))
    code = dependencies.fingerprint(modules)
    folder = place / name / code[:16]
    with files.locked(folder / "lock"):
        if not _wants_fresh(name) and (found := _look_up(folder, code)):
            return found
        return _compute(function, given, folder, code)


def _look_up(folder: Path, code: str) -> tuple[dict[str, str], Any] | None:
    for path in sorted(folder.glob("*.zip")):
        found = files.read(path)
        if found and found[0]["code"] == code and _current(found[0]["panels"]):
            try:
                return found[0]["panels"], codec.decode(found[1])
            except codec.NotStorableError:
                continue
    return None


def _compute(
    function: Callable[..., Any], given: inspect.BoundArguments, folder: Path, code: str
) -> tuple[dict[str, str], Any]:
    with watch() as panels:
        value = function(*given.args, **given.kwargs)
    members = codec.encode(value)
    read = dict(sorted(panels.items()))
    meta = {"code": code, "panels": read, "function": f"{function.__module__}.{function.__qualname__}"}
    name = hashlib.sha256(json.dumps(read).encode()).hexdigest()[:16]
    files.write(folder / f"{name}.zip", meta, members)
    return read, codec.decode(members)


def _current(panels: dict[str, str]) -> bool:
    try:
        return all(panel_hash(name) == known for name, known in panels.items())
    except (AnalysisError, OSError):
        return False


def _wants_fresh(name: str) -> bool:
    if os.environ.get("ANALYSIS_STORE_FRESH") != "1":
        return False
    done = _FRESH.get()
    if done is None:
        done = set()
        _FRESH.set(done)
    if name in done:
        return False
    done.add(name)
    return True
