"""The mutation driver on a toy package with one mutant that a test kills and one that none sees."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from analysis.paths import project_root

ROOT = project_root()
sys.path.insert(0, str(ROOT))
from scripts.mutants.child import forked  # noqa: E402

MODULE = '''"""Toy."""

import numpy as np


def total(values):
    """Return a sum."""
    return values[0] + values[1]


def above(value):
    """Return whether a value is large."""
    return value > 10


def never(value):
    """Return what no test asks for."""
    return -value


def annotated(value: "int | None" = None):
    """Return nothing to change."""
    return value
'''
TEST = """
import pytest
from toy import sums


@pytest.fixture(scope="module")
def made():
    return sums.total([1, 2])


def test_other():
    assert sums.above(11) and not sums.above(9)


def test_total(made):
    assert made == 3
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    root = tmp_path_factory.mktemp("toy")
    for path, text in {
        "src/toy/sums.py": MODULE,
        "src/toy/__init__.py": "",
        "tests/test_sums.py": TEST,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["src"]\n')
    return root


def mutants(toy, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "scripts.mutants", *arguments, "--root", str(toy), "--source", "src/toy"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def results(toy):
    rows = [json.loads(line) for line in (toy / "build/mutants/results.jsonl").read_text().splitlines()]
    return {row["key"].split("::")[1]: row for row in rows}


@pytest.mark.slow
def test_a_mutant_is_killed_one_survives_and_one_is_reached_by_no_test(toy):
    assert mutants(toy, "record")[0] == 0
    code, text = mutants(toy, "run")
    assert code == 0, text
    found = results(toy)
    assert {name: row["status"] for name, row in found.items()} == {
        "total": "killed", "above": "survived", "never": "survived",
    }  # fmt: skip
    assert found["total"]["by"].endswith("test_total")
    assert found["above"]["tests"] == 1
    assert "1 killed, 2 survived" in text and "killed 33.3%" in text
    assert mutants(toy, "report", "--at-least", "0.5")[0] == 1


@pytest.mark.slow
def test_an_excused_mutant_does_not_count_and_a_run_goes_on_where_it_was(toy):
    mutants(toy, "record")
    mutants(toy, "run", "--sample", "1")
    (toy / "docs").mkdir(exist_ok=True)
    row = "| toy/sums.py | above | `return value > 10` | `> to >=` | No value is 10. |\n"
    (toy / "docs/mutants.md").write_text(
        "| module | function | line | change | reason |\n|-|-|-|-|-|\n" + row
    )
    _, text = mutants(toy, "run")
    assert "1 killed, 1 survived, 0 reached by no test, 1 excused" in text and "killed 50.0%" in text
    assert "3 mutants, 0 to try" in mutants(toy, "run")[1]


def test_every_operator_once_and_no_annotation(tmp_path):
    sys.path.insert(0, str(ROOT))
    from scripts.mutants.operators import mutants as of
    from scripts.mutants.operators import mutated_code

    path = tmp_path / "m.py"
    path.write_text(
        "def f(a: int | str, b=-1):\n    a += 1\n    return a @ b - b ** 2 if 0 < a <= b else a - b\n"
    )
    found = of(path, tmp_path)
    assert [m.change for m in found] == [
        "-x to x", "+ to -", "< to <=", "<= to <", "- to +", "@ to *", "** to *", "- to + (2)",
    ]  # fmt: skip
    assert {m.function for m in found} == {"f"} and [m.line for m in found] == [1, 2] + [3] * 6
    space = {}
    exec(mutated_code(path, 0), space)
    assert space["f"].__defaults__ == (1,)


def test_a_process_that_only_waits_is_ended_and_one_that_works_is_not():
    def works():
        end = time.process_time() + 1.5
        while time.process_time() < end:
            pass
        return {"exit": 0}

    assert forked(works, 0.6) == {"exit": 0}
    assert forked(lambda: time.sleep(60), 1.0)["failed"] == "out of time"
