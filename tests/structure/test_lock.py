"""The locks name every dependency with hashes and no address; the report's is part of the tests'."""

from __future__ import annotations

import re
import tomllib

import pytest

from analysis.paths import project_root

ROOT = project_root()
LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def text(lock: str) -> str:
    return (ROOT / lock).read_text("utf-8")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names(lines: list[str]) -> set[str]:
    return {canonical(re.match(r"[\w.-]+", line)[0]) for line in lines} - {canonical(PROJECT["name"])}


def wanted(*extras: str) -> set[str]:
    lists = [PROJECT["optional-dependencies"][extra] for extra in extras]
    return names([*PROJECT["dependencies"], *(line for lines in lists for line in lines)])


def pins(lock: str) -> set[tuple[str, str]]:
    return {(canonical(m[1]), m[2]) for m in re.finditer(r"^([\w.-]+)==([^\s;]+)", text(lock), re.M)}


def test_every_dependency_is_locked():
    locked = {name for name, _ in pins("requirements-dev.lock")}
    assert wanted(*PROJECT["optional-dependencies"]) <= locked


def test_the_report_needs_no_peer_and_no_developer_tool():
    locked = {name for name, _ in pins("requirements.lock")}
    assert wanted("report", "fast", "studies", "plot") <= locked
    assert not locked & (names(PROJECT["optional-dependencies"]["dev"]) - wanted("report", "fast"))


def test_one_environment_serves_both_locks():
    assert pins("requirements.lock") <= pins("requirements-dev.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock):
    parts = re.split(r"^(?=[\w.-]+==)", text(lock), flags=re.M)[1:]
    assert parts
    assert all("--hash=sha256:" in part for part in parts)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address(lock):
    assert not re.search(r"https?://|--index-url|--find-links", text(lock))
