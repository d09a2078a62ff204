"""The house rules that a machine can hold: layers, sizes, what may never be committed, docstrings."""

from __future__ import annotations

import ast
import json
import re
import statistics
import subprocess

import pytest

from analysis.paths import project_root

ROOT = project_root()
SOURCES = sorted((ROOT / "src" / "analysis").rglob("*.py"))
MODULE_LINES = 340
FUNCTION_LINES = 30
#: Longer ones, and why. Most are estimators that hand a dozen choices on by name, one on a line.
LONG = {
    "estimators/regression/poisson.py:poisson": "choices handed to `prepare`, then the parts of the result",
    "estimators/resampling/wild_bootstrap.py:wild_bootstrap": "choices handed to the model, and told in the design",
    "estimators/staggered/extended_twfe.py:extended_twfe": "choices handed to the panel, and told in the design",
    "estimators/staggered/interaction_weighted.py:interaction_weighted": "the same, with covariates or without",
    "estimators/staggered/wide_panel.py:wide_panel": "one pass from rows to units by periods, checks in between",
    "estimators/streaming/regression.py:ols": "two readings of one open file, in the order of the algebra",
    "estimators/streaming/regression.py:poisson": "the same, with Newton steps between the readings",
}
#: Written backwards, so that this file does not hold what it looks for.
HOSTS = ("gro.detsohnohtyp.selif", "elpmis/gro.ipyp", "sjmpn.yrtsiger", "gro.naibed.bed")
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/|(?<![\w.])/tmp/"),
    "a package registry's host": re.compile("|".join(re.escape(host[::-1]) for host in HOSTS)),
}


def tracked(*suffixes: str) -> list:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [p for p in paths if p.is_file() and p.suffix in suffixes]


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def code_lines(node: ast.FunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_modules_are_small():
    large = {
        str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > MODULE_LINES
    }
    assert not large, f"split by topic: {large}"


def test_functions_are_short():
    sizes = [code_lines(f) for p in SOURCES for f in functions(ast.parse(p.read_text()))]
    assert statistics.median(sizes) < 10


def test_only_named_functions_are_long():
    sizes = {
        f"{p.relative_to(ROOT / 'src' / 'analysis')}:{f.name}": code_lines(f)
        for p in SOURCES
        for f in functions(ast.parse(p.read_text()))
    }
    long = {name: size for name, size in sizes.items() if size > FUNCTION_LINES}
    assert set(long) == set(LONG), f"split, or take off the list: {set(long) ^ set(LONG)}"
    assert len(LONG) <= 7
    assert max(long.values()) <= 60


def test_library_does_not_print():
    allowed = {"__main__.py"}
    printing = [
        f"{p.relative_to(ROOT)}:{node.lineno}"
        for p in SOURCES
        if p.name not in allowed and "cli" not in p.parts
        for node in ast.walk(ast.parse(p.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert not printing


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_committed_names(what):
    suffixes = (
        ".py",
        ".md",
        ".toml",
        ".lock",
        ".csv",
        ".json",
        ".ipynb",
        ".typ",
        ".cff",
        ".yml",
        ".sh",
        ".lua",
        ".bib",
        "",
    )
    this = ROOT / "tests" / "structure" / "test_structure.py"
    found = [
        f"{p.relative_to(ROOT)}:{number}"
        for p in tracked(*suffixes)
        if p != this
        for number, line in enumerate(p.read_text("utf-8", errors="ignore").splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert not found


def test_raw_files_stay_out_of_git():
    committed = [
        p for p in tracked(".xls", ".xlsx", ".txt", ".zip", ".rda", ".csv", ".json") if "data/raw" in str(p)
    ]
    assert not committed


def test_notebooks_are_stripped():
    for path in tracked(".ipynb"):
        cells = json.loads(path.read_text())["cells"]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), path.name


def test_every_panel_has_a_manifest():
    panels = [p for p in tracked(".parquet") if p.parent.name == "processed"]
    assert panels
    assert all(p.with_name(f"{p.stem}.manifest.json").is_file() for p in panels)


def test_public_names_are_documented():
    import analysis.estimators as estimators

    bare = [name for name in estimators.__all__ if not (getattr(estimators, name).__doc__ or "").strip()]
    assert not bare
