"""A pytest plugin that writes which tests reach which lines, and how long each test takes.

Lines that run inside a fixture count for every test that uses the fixture, however wide its scope.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import coverage
import pytest


class Recorder:
    """Switches coverage's context at every fixture and test, and writes the map at the end."""

    def __init__(self, sources: list[Path], root: Path, output: Path):
        self.root, self.output = root, output
        self.cover = coverage.Coverage(
            data_file=None, source=[str(path) for path in sources], config_file=False, branch=False
        )
        self.tests: dict[str, dict] = {}
        self.seconds: dict[str, float] = {}
        self.context: list[str] = ["import"]

    def _enter(self, name: str) -> None:
        self.context.append(name)
        self.cover.switch_context(name)

    def _leave(self) -> None:
        self.context.pop()
        self.cover.switch_context(self.context[-1])

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self):
        """Measure from the imports of the test modules on."""
        self.cover.start()
        self.cover.switch_context("import")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        """Name the test."""
        fixtures = item._fixtureinfo.name2fixturedefs
        used = [_fixture(d) for name in item.fixturenames for d in fixtures.get(name, ())]
        self.tests[item.nodeid] = {"fixtures": used, "seconds": 0.0, "passed": True}
        self._enter(f"test|{item.nodeid}")
        yield
        self._leave()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        """Name the fixture while it is made."""
        self._enter(f"fixture|{_fixture(fixturedef)}")
        start = _processor()
        yield
        self.seconds[_fixture(fixturedef)] = _processor() - start
        self._leave()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        """Take the processor's time, that of processes started included."""
        start = _processor()
        yield
        self.tests[item.nodeid]["seconds"] = _processor() - start

    def pytest_runtest_logreport(self, report):
        """Forget a test that does not pass: it is of no use here."""
        self.tests[report.nodeid]["passed"] &= report.passed

    def pytest_sessionfinish(self):
        """Write the map."""
        self.cover.stop()
        self.output.parent.mkdir(parents=True, exist_ok=True)
        self.output.write_text(json.dumps(self._map()))

    def _map(self) -> dict:
        passed = {name: test for name, test in self.tests.items() if test["passed"]}
        users: dict[str, list[str]] = {}
        for name, test in passed.items():
            for fixture in test["fixtures"]:
                users.setdefault(fixture, []).append(name)
        number = {name: i for i, name in enumerate(passed)}
        sets: dict[tuple[int, ...], int] = {}
        data = self.cover.get_data()
        lines: dict[str, dict[int, int]] = {}
        for file in data.measured_files():
            place = str(Path(file).relative_to(self.root))
            lines[place] = {}
            for line, contexts in data.contexts_by_lineno(file).items():
                tests = tuple(sorted({number[n] for c in contexts for n in _tests(c, users) if n in number}))
                if tests:
                    lines[place][line] = sets.setdefault(tests, len(sets))
        return {
            "tests": {
                n: round(t["seconds"] + sum(map(self._cost, t["fixtures"])), 4) for n, t in passed.items()
            },
            "sets": [list(tests) for tests in sets],
            "lines": lines,
            "modules": [name for name, module in list(sys.modules.items()) if self._foreign(name, module)],
        }

    def _foreign(self, name: str, module) -> bool:
        file = getattr(module, "__file__", None) or ""
        return name != "__main__" and not file.startswith(f"{self.root}/")

    def _cost(self, fixture: str) -> float:
        return self.seconds.get(fixture, 0.0)


def _processor() -> float:
    return time.process_time() + sum(os.times()[2:4])


def _fixture(definition) -> str:
    return f"{definition.baseid}::{definition.argname}"


def _tests(context: str, users: dict[str, list[str]]) -> list[str]:
    kind, _, name = context.partition("|")
    return [name] if kind == "test" else users.get(name, []) if kind == "fixture" else []
