"""The public names of `analysis.report` say what they take and return, and their examples run."""

from __future__ import annotations

import doctest
import inspect

import pytest

from analysis import report

validate = pytest.importorskip("numpydoc.validate").validate
FUNCTIONS = [name for name in report.__all__ if inspect.isfunction(getattr(report, name))]
#: No docstring, parameters missing or unknown, without type or description, no Returns.
CODES = {"GL08", "PR01", "PR02", "PR04", "PR07", "RT01", "YD01"}
EXAMPLES = [
    (name, test)
    for name in FUNCTIONS
    for test in doctest.DocTestFinder(recurse=False).find(getattr(report, name), name)
    if test.examples
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_is_whole(name):
    found = [(code, text) for code, text in validate(f"analysis.report.{name}")["errors"] if code in CODES]
    assert not found


@pytest.mark.parametrize(("name", "test"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_prints_what_it_says(name, test):
    failed, tried = doctest.DocTestRunner().run(test)
    assert tried and not failed


def test_there_are_examples():
    assert len(EXAMPLES) >= 7
