"""The process of one mutant: its module is imported with one operator exchanged, and tests run."""

from __future__ import annotations

import gc
import importlib.machinery
import json
import os
import resource
import select
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FunctionType

import pytest


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module from code made beforehand."""

    def __init__(self, name, path, code):
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname):
        return self.code


class Finder(MetaPathFinder):
    """Finds one module, with other code than its file's."""

    def __init__(self, name: str, path: Path, code):
        self.name, self.path, self.code = name, path, code

    def find_spec(self, fullname, path=None, target=None):
        """Return the spec of the changed module, or nothing."""
        if fullname != self.name:
            return None
        loader = _Loader(fullname, str(self.path), self.code)
        locations = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        return spec_from_file_location(
            fullname, self.path, loader=loader, submodule_search_locations=locations
        )


@dataclass(frozen=True)
class Change:
    """The mutant of a module, to be put in place in a forked process.

    Attributes
    ----------
    name : str
        Module.
    path : Path
        Its file.
    code : code
        The module with one operator exchanged.
    inside : bool
        Whether functions alone differ: then theirs is exchanged, else the package is imported anew.
    compiled : bool
        Whether numba must be switched off: its cache is kept by file and would not see the change.
    """

    name: str
    path: Path
    code: CodeType
    inside: bool
    compiled: bool

    def put(self, functions: dict[str, list[FunctionType]]) -> None:
        """Put the mutant in place of its module, whose live functions are given by file."""
        if self.inside and not self.compiled and self.name in sys.modules:
            codes = dict(_codes(self.code))
            for function in functions[str(self.path)]:
                function.__code__ = codes[_place(function.__code__)]
            return
        if self.compiled:
            import numba

            numba.config.DISABLE_JIT = True
        root = self.name.partition(".")[0]
        for name in [n for n in sys.modules if n.partition(".")[0] == root]:
            del sys.modules[name]
        sys.meta_path.insert(0, Finder(self.name, self.path, self.code))


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield _place(inner), inner
            yield from _codes(inner)


def live_functions(root: Path) -> dict[str, list[FunctionType]]:
    """Return the functions that live in this process by the file, below `root`, of their code."""
    found: dict[str, list[FunctionType]] = {}
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename.startswith(f"{root}/"):
            found.setdefault(thing.__code__.co_filename, []).append(thing)
    return found


class First:
    """A pytest plugin that keeps the first failure and counts the tests run."""

    def __init__(self):
        self.failed, self.why, self.ran = None, "", 0

    def pytest_runtest_logreport(self, report):
        """Count calls and keep the first failure of any phase."""
        self.ran += report.when == "call"
        if report.failed and self.failed is None:
            self.failed, self.why = report.nodeid, str(report.longrepr)[-300:]

    def pytest_collectreport(self, report):
        """Keep a failure to import."""
        if report.failed and self.failed is None:
            self.failed, self.why = report.nodeid, str(report.longrepr)[-300:]


def run_tests(tests: list[str], root: Path, seconds: float) -> dict:
    """Run tests in this process until one fails, and return what happened. Call it in a forked process.

    Parameters
    ----------
    tests : list of str
        Node ids, the ones to run first in front.
    seconds : float
        Processor seconds after which the process is ended by the system.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 6))
    os.chdir(root)
    _no_example_database()
    first = First()
    code = pytest.main(["-x", "-q", "-W", "ignore", *tests], plugins=[first])
    return {"exit": int(code), "failed": first.failed, "why": first.why, "ran": first.ran}


def _no_example_database() -> None:
    from hypothesis import settings

    settings.register_profile("mutants", database=None, deadline=None)
    settings.load_profile("mutants")


def forked(work, wall: float) -> dict:
    """Return what `work` returns, called in a forked process, or how that process ended.

    Parameters
    ----------
    work : callable
        Takes nothing, returns what JSON can hold.
    wall : float
        Seconds without anything to do after which the process is killed. Time in which it waits for a
        processor does not count, or a busy machine would kill mutants that no test sees; time on one is
        bounded by `run_tests`.
    """
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        try:
            answer = work()
        except BaseException as error:  # the parent must hear of any end
            answer = {"exit": -1, "failed": None, "why": repr(error)[-300:], "ran": 0}
        os.write(write, json.dumps(answer).encode() + b"\n")
        os._exit(0)
    os.close(write)
    text = b""
    if _answers(read, child, wall):
        while not text.endswith(b"\n") and (piece := os.read(read, 65536)):
            text += piece
    else:
        os.kill(child, signal.SIGKILL)
    os.close(read)
    os.waitpid(child, 0)
    if text:
        return json.loads(text)
    return {"exit": -9, "failed": "out of time", "why": "", "ran": 0}


def _answers(read: int, child: int, wall: float, step: float = 0.5) -> bool:
    """Return whether there is something to read before the process has idled for so many seconds."""
    idle = 0.0
    while idle < wall:
        if select.select([read], [], [], step)[0]:
            return True
        idle += 0.0 if _is_busy(child) else step
    return False


def _is_busy(process: int) -> bool:
    """Return whether a process or one it started runs or waits for a processor; False where Linux is not."""
    parents, busy = {}, set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = path.read_text().split(" ", 1)
            state, parent = rest.rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        parents[int(number)] = int(parent)
        if state in "RD":
            busy.add(int(number))
    for each in busy:
        while each in parents and each != process:
            each = parents[each]
        if each == process:
            return True
    return False
