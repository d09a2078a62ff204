"""Chapters become one text: labels hold within a chapter, and a reference finds its own chapter's figure."""

from __future__ import annotations

import pandas as pd

from analysis.report.build.convert import markdown_of
from analysis.report.build.notebooks import Chapter, Code
from analysis.report.exhibits.figures import Figure
from analysis.report.exhibits.tables import frame_table
from analysis.report.prose import Prose


def chapter(name: str) -> Chapter:
    figure = Figure("<svg/>", "A caption, after @tbl:main.", "A figure", "main")
    table = frame_table(pd.DataFrame({"n": [1]}), {"n": "count"}, caption="A table", label="main")
    return Chapter(
        name,
        [Prose("See @fig:main and @tbl:main; mail me@fig:here."), figure, table, Code("x = '@fig:main'")],
    )


def test_labels_of_two_chapters_do_not_meet(tmp_path):
    first, second = (markdown_of(chapter(name), tmp_path, code=True) for name in ("01_a", "02_b"))
    assert "#fig:01-main" in first and "#tbl:01-main" in first
    assert "See @fig:01-main and @tbl:01-main; mail me@fig:here." in first
    assert "after @tbl:02-main" in second
    assert "x = '@fig:main'" in first
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == ["fig-01-main.svg", "fig-02-main.svg"]
