"""Footnotes of Table 8: digits stuck to names split off, and their texts read from the foot of the sheet."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...errors import LayoutError

DASH = "-"
_STUCK = re.compile(r"^(?P<name>.*?[^\d\s,])\s*(?P<markers>\d+(?:\s*,\s*\d+)*)$", re.DOTALL)
_NOTE = re.compile(r"^\s*(?P<marker>\d+)\s*(?P<text>\D.*)$", re.DOTALL)


def split_markers(printed: str) -> tuple[str, tuple[str, ...]]:
    """Split footnote digits off a printed name.

    Parameters
    ----------
    printed : str
        A state, city or column heading as it stands in the sheet, e.g. ``"Toledo6, 8, 10"``.

    Returns
    -------
    name : str
        The name without digits, its blanks made single.
    markers : tuple of str
        The footnote numbers in printed order; empty when there is none.
    """
    text = " ".join(printed.split())
    found = _STUCK.match(text)
    if not found:
        return text, ()
    return found["name"].strip(), tuple(re.findall(r"\d+", found["markers"]))


def read_notes(lines: Iterable[str]) -> dict[str, str]:
    """Read the numbered notes at the foot of a sheet; a line without a number continues the one before.

    Parameters
    ----------
    lines : iterable of str
        Texts of the first column below the last row of data.

    Returns
    -------
    dict of str to str
        Text by marker; the note on dashes, which has no number, stands under ``"-"``.
    """
    notes: dict[str, str] = {}
    last = ""
    for line in filter(str.strip, lines):
        found = _NOTE.match(line)
        if found:
            last = found["marker"]
            notes[last] = _tidy(found["text"])
        elif line.strip().startswith("Dashes"):
            notes[DASH] = _tidy(line)
        elif last:
            notes[last] = _tidy(f"{notes[last]} {line}")
    return notes


def require_known(markers: Iterable[str], notes: dict[str, str], *, where: str) -> None:
    """Raise `LayoutError` if a marker has no text at the foot of its sheet."""
    if unknown := sorted(set(markers) - set(notes)):
        raise LayoutError(
            f"Footnote {', '.join(unknown)} has no text at the foot of the sheet.",
            where=where,
            remedy="The sheet is truncated, or a digit belongs to a name: get the file again.",
        )


def _tidy(text: str) -> str:
    return " ".join(text.split())
