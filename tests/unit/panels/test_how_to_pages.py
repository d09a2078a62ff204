"""The worked pages run as they are printed."""

from __future__ import annotations

import re

import pytest

from analysis.paths import project_root

PAGES = sorted((project_root() / "docs" / "how_to").glob("study_frame.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page):
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL)
    assert len(blocks) > 1
    names: dict = {}
    exec("\n".join(blocks), names)  # the page's own code, in order
    assert names["effect"]["estimate"].notna().all()
    assert sorted(set(names["frame"]["cohort"]) - {0}) == [2007, 2010]
