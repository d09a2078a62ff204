"""Every notebook runs on the committed panels and shows only what the report can print."""

from __future__ import annotations

import pytest

from analysis.report import Figure, Table
from analysis.report.convert import title_of
from analysis.report.notebooks import find_notebooks, run

PATHS = find_notebooks()


@pytest.fixture(scope="module")
def chapters():
    before = [path.read_bytes() for path in PATHS]
    done = {chapter.name: chapter for chapter in run(PATHS, progress=False)}
    assert [path.read_bytes() for path in PATHS] == before, "running changed a notebook"
    return done


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_runs_and_shows(path, chapters):
    chapter = chapters[path.stem]
    shown = [block for block in chapter.blocks if isinstance(block, Figure | Table)]
    assert any(isinstance(block, Figure) for block in shown)
    assert title_of(chapter)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_every_number_in_a_table_is_typeset(path, chapters):
    for block in chapters[path.stem].blocks:
        if isinstance(block, Table):
            texts = [cell for row in block.rows for cell in row]
            assert not [
                text for text in texts if text.lstrip("([").startswith("-") or text in ("nan", "None", "<NA>")
            ]
