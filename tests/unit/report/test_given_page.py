"""The report on a given list is a page as well, and says whose list it rests on."""

from __future__ import annotations

from analysis.report.build import typeset
from analysis.report.build.notebooks import Chapter
from analysis.report.prose import Prose

NOTE = "The list of treated places in this report is one of 55 cities (nilc.csv)."


def test_a_chapter_is_one_page_with_its_own_notice_and_subtitle(tmp_path, monkeypatch):
    monkeypatch.setenv("ANALYSIS_STORE_DIR", str(tmp_path))
    chapter = Chapter("another_list", (Prose("# Another list\n\nWords of the chapter."),))
    made = typeset.page(chapter, NOTE, "NILC 2008 beside this project’s own list")
    text = made["another_list.html"].decode("utf-8")
    assert NOTE in text and "NILC 2008 beside" in text and "Words of the chapter." in text
    assert typeset.NOTICE not in text and typeset.SUBTITLE not in text
    assert "<title>Another list" in text
    other = typeset.page(chapter, "Another notice.", "x")["another_list.html"].decode("utf-8")
    assert NOTE not in other and "Another notice." in other
