"""The functions of panels, results and studies say what they take and return, and their examples run."""

from __future__ import annotations

import doctest
import inspect

import pytest

from analysis import panels, results, studies

validate = pytest.importorskip("numpydoc.validate").validate
#: No docstring or one without a summary; parameters missing, unknown, without type or words; returns; examples.
HELD = {"GL08", "SS01", "PR01", "PR02", "PR03", "PR04", "PR07", "RT01", "YD01", "EX01"}
FUNCTIONS = {
    f"{room.__name__}.{name}": getattr(room, name)
    for room in (panels, results, studies)
    for name in room.__all__
    if inspect.isfunction(getattr(room, name))
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_is_whole(name):
    assert [(code, text) for code, text in validate(name)["errors"] if code in HELD] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_example_prints_what_it_says(name):
    tests = doctest.DocTestFinder(recurse=False).find(FUNCTIONS[name], name)
    tried = [doctest.DocTestRunner().run(test) for test in tests]
    assert sum(one.attempted for one in tried) > 0 and sum(one.failed for one in tried) == 0


def test_every_room_has_functions():
    assert {name.rsplit(".", 1)[0] for name in FUNCTIONS} == {
        "analysis.panels",
        "analysis.results",
        "analysis.studies",
    }
