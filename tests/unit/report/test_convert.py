"""Chapters become one text: labels hold within a chapter, and a reference finds its own chapter's figure."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.paths import reports_dir
from analysis.report.build.convert import ConversionError, markdown_of, to_html, to_typst
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


def _text() -> str:
    return (
        "# A\n\nThe bounds in @tbl:main [@wong2017] differ; so do @wong2017 and @fig:main.\n\n"
        '::: {.report-table #tbl:main}\n\nA table.\n\n```{=html}\n<div class="table-float" tabindex="0">'
        "<table></table></div>\n```\n\n```{=typst}\nx\n```\n:::\n\n"
        '::: {.report-figure #fig:main file="a.svg" alt="A drawing"}\nA figure.\n:::\n'
    )


def test_a_reference_followed_by_a_citation_is_both(tmp_path):
    (tmp_path / "a.svg").write_text("<svg></svg>", "utf-8")
    bibliography = reports_dir() / "references.bib"
    page = to_html(_text(), directory=tmp_path, bibliography=bibliography)
    assert '<a href="#tbl:main">Table 1</a>' in page and page.count('href="#ref-wong2017"') == 2
    source = to_typst(_text(), directory=tmp_path, bibliography=bibliography)
    assert "#ref(<tbl:main>)" in source and source.count("wong2017") >= 2


def test_a_picture_in_a_drawing_is_no_link_and_a_script_is_refused(tmp_path):
    cells = '<svg><image xlink:href="data:image/png;base64,\nAAAA"/></svg>'
    (tmp_path / "a.svg").write_text(cells, "utf-8")
    bibliography = reports_dir() / "references.bib"
    assert "base64" in to_html(_text(), directory=tmp_path, bibliography=bibliography)
    for address in ("javascript:alert(1)", "data:text/html;base64,AAAA"):
        with pytest.raises(ConversionError, match="A link leads to"):
            to_html(f"[x]({address})", directory=tmp_path, bibliography=bibliography)
