"""`stored`: a function's results kept on disk, found again only while all they rest on is as it was."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import time
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ..errors import AnalysisError
from ..panels.reads import note_all, panel_hash, watch
from ..paths import project_root
from . import codec, dependencies, files
from .as_written import altered
from .decoding import NotStorableError

P = ParamSpec("P")
R = TypeVar("R")
#: From an entry's name and its computation to the panels that were read and the value.
_Make = Callable[[str, Callable[[], Any]], tuple[dict[str, str], Any]]

#: What a module file written later than this holds may not be what this process runs.
_STARTED = time.time()


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
    NotStorableError
        At the first call, if the result holds what cannot be written and read back exactly.

    Notes
    -----
    A result rests on the source of every module that the function's module can reach
    (`dependencies.fingerprint`), on the versions of the packages these import, on the arguments, and on the
    bytes of every panel that was read while it was computed. ``ANALYSIS_STORE_FRESH`` (``--fresh``)
    names a run that computes each result once anew. While a function or constant in memory is not what its
    source says (`as_written.altered`), nothing is looked up and nothing kept.

    Examples
    --------
    Every study's ``run`` is stored; the function as it is written stays at hand:

    >>> from analysis.studies.uar2017 import study
    >>> study.run.__wrapped__.__name__
    'run'
    """
    modules = [function.__module__]
    call = _with_memory(
        function, lambda name, compute: _recall(name, modules, compute), lambda: not altered(modules)
    )

    def there(*args: P.args, **kwargs: P.kwargs) -> bool:
        return _is_stored(_entry_name(function, _bound(function, *args, **kwargs).arguments), modules)

    call.is_stored = there  # type: ignore[attr-defined]
    return call


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """Keep a function's results in memory alone, for values that the store cannot write.

    Panels read for a remembered value count as read by whoever asks for it again, and a value whose panels
    have changed is made anew. ``functools.cache`` would hide both from the store.

    Parameters
    ----------
    function : callable
        A function of a module of this package, as for `stored`.

    Returns
    -------
    callable
        The function with a memory that ends with the process.

    Examples
    --------
    >>> from analysis.results import remembered
    >>> from analysis.studies.paper import headline
    >>> table = remembered(headline.table)
    >>> callable(table)
    True
    """
    return _with_memory(function, lambda _, compute: _watched(compute), lambda: True)


def recall(name: str, text: str, modules: Iterable[str], compute: Callable[[], R]) -> R:
    """Return what a computation gives, from the store while all it rests on is as it was; see `stored`.

    Parameters
    ----------
    name : str
        What is computed, as the start of a folder's name.
    text : str
        What the computation is given: equal texts, and only these, share a result.
    modules : iterable of str
        Modules of this package that the computation uses.
    compute : callable
        The computation; it may read panels.

    Returns
    -------
    object
        What `compute` returns, as the store gives it back.

    Examples
    --------
    >>> from analysis.results import recall
    >>> recall("example.sum", "2 and 3", ["analysis.errors"], lambda: 2 + 3)
    5
    """
    panels, value = _recall(f"{name}-{_short(text)}", modules, compute)
    note_all(panels)
    result: R = value
    return result


def find(name: str, text: str, modules: Iterable[str]) -> Any:
    """Return what `recall` would find in the store; None where it would compute.

    Parameters
    ----------
    name : str
        What is computed, as the start of a folder's name.
    text : str
        What the computation is given.
    modules : iterable of str
        Modules of this package that the computation uses.

    Returns
    -------
    object or None

    Examples
    --------
    >>> from analysis.results import find
    >>> find("example.never", "computed", ["analysis.errors"]) is None
    True
    """
    found = _look_up(*folder) if (folder := _filled_folder(f"{name}-{_short(text)}", list(modules))) else None
    if found is None:
        return None
    note_all(found[0])
    return found[1]


def _is_stored(entry: str, modules: list[str]) -> bool:
    """Tell whether an entry is there, without reading its value: a damaged one is made again when read."""
    if (found := _filled_folder(entry, modules)) is None:
        return False
    folder, code = found
    metas = map(files.read_meta, folder.glob("*.zip"))
    return any(meta and meta["code"] == code and _current(meta["panels"]) for meta in metas)


def _with_memory(function: Callable[P, R], make: _Make, as_written: Callable[[], bool]) -> Callable[P, R]:
    """Return a function that makes each result once a process, and again when a panel it read has changed.

    While the code in memory is not `as_written`, results are made anew at every call and not kept.
    """
    kept: dict[str, tuple[dict[str, str], Any]] = {}

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        given = _bound(function, *args, **kwargs)
        name = _entry_name(function, given.arguments)
        sound = as_written()
        if sound and name in kept and _current(kept[name][0]):
            panels, value = kept[name]
        else:
            panels, value = made = make(name, lambda: function(*given.args, **given.kwargs))
            if sound:
                kept[name] = made
        note_all(panels)
        result: R = value
        return result

    call.forget = kept.clear  # type: ignore[attr-defined]
    return call


def _watched(compute: Callable[[], Any]) -> tuple[dict[str, str], Any]:
    with watch() as panels:
        value = compute()
    return dict(panels), value


def _bound(function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> inspect.BoundArguments:
    given = inspect.signature(function).bind(*args, **kwargs)
    given.apply_defaults()
    return given


def _entry_name(function: Callable[..., Any], arguments: dict[str, Any]) -> str:
    said = {key: value.key() if hasattr(value, "key") else repr(value) for key, value in arguments.items()}
    text = json.dumps([function.__module__, function.__qualname__, said])
    return f"{function.__module__.split('.', 2)[-1]}.{function.__name__}-{_short(text)}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _recall(name: str, modules: Iterable[str], compute: Callable[[], Any]) -> tuple[dict[str, str], Any]:
    if (found := _folder(name, list(modules))) is None:
        panels, value = _watched(compute)
        return panels, codec.decode(codec.encode(value))
    folder, code = found
    with files.locked(folder / "lock"):
        if not _wants_fresh(name) and (kept := _look_up(folder, code)):
            return kept
        return _compute(compute, folder, code)


def _folder(entry: str, modules: list[str]) -> tuple[Path, str] | None:
    """Return where an entry of today's code stands, and the code's hash; None where nothing may be kept."""
    place = directory()
    if place is None or dependencies.changed_since(_STARTED, modules) or altered(modules):
        return None
    code = dependencies.fingerprint(modules)
    return place / entry / code[:16], code


def _filled_folder(entry: str, modules: list[str]) -> tuple[Path, str] | None:
    """As `_folder`, and None where no code ever kept the entry, which is seen at once."""
    place = directory()
    return _folder(entry, modules) if place and (place / entry).is_dir() else None


def _look_up(folder: Path, code: str) -> tuple[dict[str, str], Any] | None:
    for path in sorted(folder.glob("*.zip")):
        found = files.read(path)
        if found and found[0]["code"] == code and _current(found[0]["panels"]):
            try:
                return found[0]["panels"], codec.decode(found[1])
            except NotStorableError:
                continue
    return None


def _compute(compute: Callable[[], Any], folder: Path, code: str) -> tuple[dict[str, str], Any]:
    panels, value = _watched(compute)
    members = codec.encode(value)
    read = dict(sorted(panels.items()))
    files.write(folder / f"{_short(json.dumps(read))}.zip", {"code": code, "panels": read}, members)
    return read, codec.decode(members)


def _current(panels: dict[str, str]) -> bool:
    try:
        return all(panel_hash(name) == known for name, known in panels.items())
    except (AnalysisError, OSError):
        return False


def _wants_fresh(name: str) -> bool:
    """Tell whether a result is to be computed although it is stored: once a run, in whichever process."""
    run = os.environ.get("ANALYSIS_STORE_FRESH")
    place = directory()
    if not run or place is None:
        return False
    folder = place / "fresh"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / f"{_short(run)}-{_short(name)}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
