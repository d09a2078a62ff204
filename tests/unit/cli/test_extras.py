"""A package that is not there ends in a sentence that names the extra, for every import of the package."""

from __future__ import annotations

import ast
import sys
import tomllib

import pytest

from analysis.cli import extras, main
from analysis.paths import project_root

PROJECT = tomllib.loads((project_root() / "pyproject.toml").read_text("utf-8"))["project"]
#: Modules of base dependencies.
BASE = {name.partition(">")[0].partition("[")[0] for name in PROJECT["dependencies"]}


def imported() -> set[str]:
    found: set[str] = set()
    for path in (project_root() / "src" / "analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"analysis"}


def test_every_import_is_a_base_dependency_or_an_extra():
    assert not imported() - BASE - set(extras.EXTRAS)


def test_every_extra_names_its_package():
    for package, extra in extras.EXTRAS.values():
        named = {line.partition(">")[0].partition("[")[0] for line in PROJECT["optional-dependencies"][extra]}
        assert package in named, f"{package} is not in the extra {extra}"


def test_every_base_dependency_is_kept_apart():
    assert not BASE & set(extras.EXTRAS)


@pytest.mark.parametrize("module", ["tqdm", "matplotlib"])
def test_a_missing_package_is_one_sentence(module, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith("analysis.report")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    arguments = {"tqdm": ["data", "--no-fetch", "--quiet"], "matplotlib": ["readme", "--check"]}[module]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"sanctuary: Package {module} is missing. Remedy: pip install 'sanctuary-crime[")
    assert "Traceback" not in told


def test_another_missing_module_is_not_hidden():
    assert extras.sentence(ModuleNotFoundError("No module named 'x'", name="x")) == ""
