"""The lock names every dependency with hashes and no address."""

from __future__ import annotations

import re
import tomllib

from analysis.paths import project_root

ROOT = project_root()
LOCK = (ROOT / "requirements.lock").read_text("utf-8")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return {canonical(re.match(r"[\w.-]+", line)[0]) for lines in lists for line in lines}


def locked() -> set[str]:
    return {canonical(m[1]) for m in re.finditer(r"^([\w.-]+)==", LOCK, re.M)}


def test_every_dependency_is_locked():
    assert wanted() <= locked()


def test_every_pin_has_a_hash():
    pins = re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.M)[1:]
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)


def test_lock_holds_no_address():
    assert not re.search(r"https?://|--index-url|--find-links", LOCK)
