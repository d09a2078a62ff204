"""numpydoc's own rules on every public function: parameters in order and in full, returns, errors, an example."""

from __future__ import annotations

import inspect
import re

import pytest

from analysis import estimators as es

validate = pytest.importorskip("numpydoc.validate").validate
FUNCTIONS = [name for name in es.__all__ if inspect.isfunction(getattr(es, name))]

#: Parameters documented, none unknown, in order, with type and description; returns; an example; a summary.
HELD = {
    "PR01",
    "PR02",
    "PR03",
    "PR04",
    "PR06",
    "PR07",
    "PR10",
    "RT01",
    "EX01",
    "SS01",
    "SS02",
    "SS04",
    "GL05",
    "GL07",
}
#: From the data or an input that no source describes.
WITHOUT_SOURCE = {"adoption_cohort", "balance_table", "compare_estimators", "ended_cohort", "leave_one_out"}


def section(name: str, title: str) -> str:
    text = inspect.getdoc(getattr(es, name)) or ""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=\n\n\w[\w ]*\n-+\n|\Z)", text, re.S | re.M)
    return found.group(1) if found else ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpydoc_finds_nothing(name):
    found = validate(f"analysis.estimators.{name}")["errors"]
    assert [f"{code} {message}" for code, message in found if code in HELD] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parameters_are_said_in_full(name):
    assert not re.search(r"^    As in `", section(name, "Parameters"), re.M)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_say_when(name):
    lines = section(name, "Raises").splitlines()
    errors = [line for line in lines if line and not line.startswith(" ")]
    bare = [
        line
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if line in errors and not after.strip()
    ]
    assert errors and not bare
    assert all(hasattr(es, error.strip()) for line in errors for error in line.split(","))


def test_the_rules_can_fail():
    found = {code for code, _ in validate("analysis.estimators.core.entry.takes_frame")["errors"]}
    assert found & HELD
