"""The example of the README runs as printed."""

from __future__ import annotations

import re

from analysis.paths import project_root


def test_the_first_example_runs():
    text = (project_root() / "README.md").read_text("utf-8")
    section = text.split("## From Python", 1)[1].split("\n## ", 1)[0]
    block = re.search(r"```python\n(.*?)```", section, flags=re.DOTALL).group(1)
    names: dict = {}
    exec(block, names)  # the page's own code
    assert len(names["frame"]) and len(names["effects"].aggregate("event").tidy())
