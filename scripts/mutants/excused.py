"""The mutants that are excused, from a table in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

from .operators import Mutant

_CELL = re.compile(r"(?<!\\)\|")


def read_excused(path: Path) -> dict[tuple[str, str, str, str], str]:
    """Return the reason by module, function, line and change of each row of a Markdown table.

    The table's columns are module (as it ends), function, source line and change in backticks, reason. A bar
    inside a cell is written with a backslash in front.
    """
    rows = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        cells = [cell.strip().replace("\\|", "|").strip("`") for cell in _CELL.split(line)[1:-1]]
        if len(cells) == 5 and cells[0].endswith(".py"):
            rows[tuple(cells[:4])] = cells[4]
    return rows


def reason(mutant: Mutant, rows: dict[tuple[str, str, str, str], str]) -> str | None:
    """Return why a mutant is excused, or nothing. A change of ``*`` excuses every change of the line."""
    for (module, function, text, change), why in rows.items():
        same = mutant.path.endswith("/" + module) and (function, text) == (mutant.function, mutant.text)
        if same and change in ("*", mutant.change):
            return why
    return None
