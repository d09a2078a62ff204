"""Every notebook runs on the committed panels and shows only what the report can print."""

from __future__ import annotations

import pytest

from analysis.report import Figure, Table
from analysis.report.build import build
from analysis.report.build.convert import title_of
from analysis.report.build.notebooks import Chapter, find_notebooks, run
from analysis.report.prose import Prose

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


def test_first_page_tells_the_answer(chapters, tmp_path):
    """Answer, size per 100,000 with its interval, what would go unseen and cannot be said, before the contents."""
    pypdf = pytest.importorskip("pypdf")
    paper, *others = (chapters[path.stem] for path in PATHS)
    named = [Chapter(other.name, (Prose(f"# {title_of(other)}"),)) for other in others]
    made = build.typeset([paper, *named], out=tmp_path, progress=False)
    bound = next(path for path in made if path.name == f"{build.BOUND}.pdf")
    pages = [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(bound).pages]
    for said in (
        "Abstract.",
        "per 100,000 residents",
        "95% interval",
        "would have gone unseen",
        "What cannot be said",
        "Please do not write",
        "substitute",
    ):
        assert said in pages[0], said
    assert "Figure 1." in pages[0] and "Contents" not in pages[0]
    assert "Contents" in pages[1] and "1 Introduction" in pages[1]
    assert next(n for n, text in enumerate(pages) if "Appendix A. " in text) > 5
