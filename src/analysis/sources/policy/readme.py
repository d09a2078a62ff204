"""The counts in the README of the list, made anew from the list."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from ...paths import policies_dir
from ...placing import write_text
from .dated import NOT_NAMED, read_text
from .hosts import is_address

README = "README.md"
_TABLE = re.compile(r"(?<=\| rows \| sources \|\n\|---:\|---\|\n)(?:\|.*\|\n)*")
#: Sentences that hold a count, and the count each holds.
_COUNTS = {
    "aggregated": r"(?<=^- )[\d,]+(?= rows cite an aggregator)",
    "sheet": r"[\d,]+(?= rows, read in a copy on GitHub)",
    "named": r"(?<=names an instrument for )[\d,]+(?= of them)",
    "broken": r"(?<=^- )[\d,]+(?= addresses cannot be followed)",
}
_SHEET = "Center for Immigration Studies"


def render(text: str, rows: pd.DataFrame) -> str:
    """Return the README's text with its table of source types and its counts made from the rows."""
    types = rows["source_type"].value_counts().sort_index(key=lambda names: names.str.lower())
    types = types.sort_values(ascending=False, kind="stable")
    table = "".join(f"| {count:,} | {name} |\n" for name, count in types.items())
    text = _TABLE.sub(lambda _: table, text)
    for name, count in _counts(rows).items():
        text = re.sub(_COUNTS[name], f"{count:,}", text, flags=re.MULTILINE)
    return text


def write_readme(directory: Path | None = None) -> Path:
    """Make the counts of the README anew and return where it is."""
    place = (directory or policies_dir()) / README
    return write_text(place, render(place.read_text("utf-8"), read_text(directory)))


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    sheet = rows["aggregator"].eq(_SHEET)
    return {
        "aggregated": int(rows["aggregator"].ne("").sum()),
        "sheet": int(sheet.sum()),
        "named": int((sheet & ~rows["primary_source"].isin(["", NOT_NAMED])).sum()),
        "broken": int((~rows["source_url"].map(is_address)).sum()),
    }
