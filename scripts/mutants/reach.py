"""Which tests reach a mutant, in the order to run them."""

from __future__ import annotations

import ast
import json
import math
from dataclasses import dataclass
from pathlib import Path

from .operators import Mutant

_FALLBACK = 60


def module_name(path: str) -> str:
    """Return the dotted name of a module's path, without a leading ``src``."""
    parts = Path(path).with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass
class Reach:
    """The recorded map: seconds by test, sets of tests, set by line of each module, modules to load first."""

    tests: dict[str, float]
    sets: list[list[int]]
    lines: dict[str, dict[str, int]]
    modules: list[str]

    def __post_init__(self):
        self.names = list(self.tests)

    @classmethod
    def read(cls, path: Path) -> Reach:
        """Return the map written by `recording.Recorder`."""
        return cls(**json.loads(path.read_text()))

    def merged(self, other: Reach) -> Reach:
        """Return this map with the tests of another added, or replaced by them."""
        tests = {n: s for n, s in self.tests.items() if n not in other.tests} | other.tests
        number = {name: i for i, name in enumerate(tests)}
        sets: dict[tuple[int, ...], int] = {}
        lines: dict[str, dict[str, int]] = {}
        for path in self.lines | other.lines:
            lines[path] = {}
            for line in self.lines.get(path, {}) | other.lines.get(path, {}):
                old = {n for n in self._at(path, line) if n not in other.tests}
                found = tuple(sorted(number[n] for n in old | set(other._at(path, line))))
                if found:
                    lines[path][line] = sets.setdefault(found, len(sets))
        modules = list(dict.fromkeys([*self.modules, *other.modules]))
        return Reach(tests, [list(found) for found in sets], lines, modules)

    def write(self, path: Path) -> None:
        """Write the map."""
        path.write_text(json.dumps({k: getattr(self, k) for k in ("tests", "sets", "lines", "modules")}))

    def _at(self, path: str, line: str) -> list[str]:
        chosen = self.lines.get(path, {}).get(line)
        return [] if chosen is None else [self.names[i] for i in self.sets[chosen]]

    def of(self, mutant: Mutant, root: Path) -> list[str]:
        """Return the tests that reach a mutant, quickest first.

        Where none is known to (code that numba compiles, or that runs at import only), those that reach the
        module, else those that reach a module that imports it.
        """
        rows = range(mutant.line, mutant.last + 1)
        found = {n for line in rows for n in self._at(mutant.path, str(line))}
        if found and not mutant.compiled:
            return self.quickest(found)
        for paths in ([mutant.path], self._importers(mutant.path, root)):
            near = {n for path in paths for line in self.lines.get(path, {}) for n in self._at(path, line)}
            if near:
                return self.quickest(near)[:_FALLBACK]
        return []

    def _importers(self, path: str, root: Path) -> list[str]:
        name = module_name(path).rpartition(".")[2]
        return [p for p in self.lines if (root / p).exists() and name in _imports(root / p)]

    def quickest(self, names: set[str]) -> list[str]:
        """Return tests by the size of their time, those of a file together."""
        return sorted(names, key=lambda n: (_size(self.tests[n]), n.partition("::")[0], self.tests[n], n))


def _size(seconds: float) -> int:
    return int(max(-3, math.log2(max(seconds, 1e-3))))


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").rpartition(".")[2], *(a.name for a in node.names)}
    return found
