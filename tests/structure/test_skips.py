"""No test passes by being skipped: what may be skipped is named, and the lock holds every package asked for."""

from __future__ import annotations

import re
import sys
from importlib.metadata import packages_distributions

from analysis.paths import project_root

ROOT = project_root()
FILES = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if path.name != "test_skips.py"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_modules_asked_for_are_locked():
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements-dev.lock").read_text(), re.M))
    owners = packages_distributions()
    asked = {}
    for path in FILES:
        for module in re.findall(r'importorskip\(\s*f?"([\w.]+)', path.read_text()):
            asked.setdefault(module.partition(".")[0], path.name)
    assert len(asked) > 8
    free = {m for m in asked if not {normal(d) for d in owners.get(m, ())} & set(map(normal, locked))}
    assert free - sys.stdlib_module_names == set(), {m: asked[m] for m in free}


def test_every_file_that_skips_is_named():
    named = (ROOT / "docs" / "skips.md").read_text()
    skips = [p for p in FILES if re.search(r"pytest\.skip\(|skipif", p.read_text())]
    assert skips
    assert [p.name for p in skips if p.name not in named] == []
