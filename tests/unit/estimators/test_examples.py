"""The examples in the docstrings run and print what they say."""

from __future__ import annotations

import doctest
import inspect
import warnings

import pytest

from analysis import estimators as es

EXAMPLES = [
    (name, test)
    for name in es.__all__
    for test in doctest.DocTestFinder(recurse=False).find(getattr(es, name), name)
    if test.examples
]


def test_there_are_examples():
    assert len(EXAMPLES) == sum(inspect.isfunction(getattr(es, name)) for name in es.__all__)


@pytest.mark.parametrize(("name", "test"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_example_prints_what_it_says(name, test):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        failed, tried = doctest.DocTestRunner().run(test)
    assert tried > 0
    assert failed == 0
