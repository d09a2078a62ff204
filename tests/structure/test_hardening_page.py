"""The page of promises names tests that exist."""

from __future__ import annotations

import re

from analysis.paths import project_root

ROOT = project_root()


def test_every_test_named_on_the_page_exists():
    rows = [
        line for line in (ROOT / "docs" / "hardening.md").read_text("utf-8").splitlines() if "`test_" in line
    ]
    assert len(rows) > 12
    lacking = []
    for row in rows:
        for file, names in re.findall(r"`([\w/]+\.py)`: ((?:`test_\w+`(?:, )?)+)", row):
            text = (ROOT / "tests" / file).read_text("utf-8")
            lacking += [f"{file}: {n}" for n in re.findall(r"`(\w+)`", names) if f"def {n}(" not in text]
    named = sum(len(re.findall(r"`test_\w+`", row)) for row in rows)
    matched = sum(
        len(re.findall(r"`\w+`", names))
        for row in rows
        for _, names in re.findall(r"`([\w/]+\.py)`: ((?:`test_\w+`(?:, )?)+)", row)
    )
    assert lacking == [] and named == matched
