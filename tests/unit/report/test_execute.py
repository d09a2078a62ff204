"""Notebooks run in process show what their cells end with, and may not print."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.report import Prose
from analysis.report.build.execute import Cell, run_cells
from analysis.report.build.notebooks import Code, NotebookError

SAID = 'from analysis import report\nreport.say("{n:count} cities", n=7)'


def test_a_cell_shows_what_it_ends_with_and_nothing_is_printed(tmp_path):
    chapter = run_cells(tmp_path / "01_a.ipynb", [Cell("markdown", "# A"), Cell("code", SAID)])
    assert chapter.blocks == (Prose("# A"), Code(SAID), Prose("7 cities"))


def test_a_cell_that_ends_with_an_assignment_shows_nothing(tmp_path):
    chapter = run_cells(tmp_path / "01_a.ipynb", [Cell("code", "x = 1"), Cell("code", "# nothing")])
    assert chapter.blocks == (Code("x = 1"), Code("# nothing"))


@pytest.mark.parametrize("source", ["print('loose')", "import sys; print('loose', file=sys.stderr)"])
def test_a_cell_that_prints_is_refused(tmp_path, source):
    with pytest.raises(NotebookError, match=r"printed to std.*loose"):
        run_cells(tmp_path / "01_a.ipynb", [Cell("code", source)])


def test_a_cell_that_fails_is_named(tmp_path):
    with pytest.raises(NotebookError, match="ZeroDivisionError") as caught:
        run_cells(Path(tmp_path / "01_a.ipynb"), [Cell("code", "1 / 0")])
    assert "cell 1: 1 / 0" in str(caught.value)
