"""The three ways a `Table` is written. Nothing here changes a cell's text, only its markup."""

from __future__ import annotations

import html as html_module
import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tables import Table

_HANGING = re.compile(r"^(.*?)([)\]]?)(\**)$", re.DOTALL)
#: Characters of the smaller size of tables that a line of the page holds.
_FITS = 120
#: Characters from which a column's text is broken rather than the line lengthened.
_LONG = 24


def hanging(text: str) -> tuple[str, str, str]:
    """Split a numeric cell into what is aligned, the bracket that hangs, and the stars that hang."""
    if not any(character.isdigit() for character in text):
        return text, "", ""
    match = _HANGING.match(text)
    assert match is not None
    return match[1], match[2], match[3]


def typst(table: Table) -> str:
    """Return the call of the template's ``report-table-body``; cell texts are Typst strings."""
    align = ", ".join({"l": "left", "r": "right", "c": "center"}[letter] for letter in table.align)
    lines = [f"report-table-body(aligns: ({align},), wide: {str(len(table.columns) > 8).lower()},"]
    lines += [f"  widths: ({''.join(width + ', ' for width in _typst_widths(table))}),"]
    lines += [f"  spanners: ({''.join(_typst_spanner(spanner) for spanner in table.spanners)}),"]
    lines += [f"  columns: ({''.join(_string(column) + ', ' for column in table.columns)}),", "  rows: ("]
    for index, row in enumerate(table.rows):
        lines.append(f"    (group: {_typst_group(table, index)}, rule: {str(index in table.rules).lower()},")
        lines.append(
            f"     cells: ({''.join(_typst_cell(*cell) for cell in zip(row, table.align, strict=True))})),"
        )
    return "\n".join([*lines, "  ))"])


def _typst_widths(table: Table) -> list[str]:
    """Return each column's width: as wide as its text, unless lines would not fit the page.

    Then columns of long texts share what the others leave, by the length of their longest text.
    """
    longest = [
        max(map(len, (name, *(row[at] for row in table.rows)))) for at, name in enumerate(table.columns)
    ]
    if sum(longest) + 3 * len(longest) <= _FITS:
        return ["auto"] * len(longest)
    return [f"{min(n, _LONG * 3)}fr" if n > _LONG else "auto" for n in longest]


def html(table: Table) -> str:
    """Return ``thead`` and ``tbody``."""
    head = _html_spanners(table) + _html_row(table, table.columns, "th", ' scope="col"')
    body = []
    for index, row in enumerate(table.rows):
        if index in table.groups:
            body.append(
                f'<tr class="group"><th colspan="{len(table.columns)}" scope="rowgroup">'
                f"{html_module.escape(_one_line(table.groups[index]))}</th></tr>"
            )
        body.append(_html_row(table, row, "td", "", "rule" if index in table.rules else ""))
    return f"<thead>{head}</thead>\n<tbody>\n" + "\n".join(body) + "\n</tbody>"


def markdown(table: Table) -> str:
    """Return a pipe table with caption and notes, for the notebook."""
    rules = {"l": ":---", "r": "---:", "c": ":---:"}
    lines = [f"**{table.caption}**", "", _pipe(table.columns), _pipe([rules[a] for a in table.align], False)]
    for index, row in enumerate(table.rows):
        if index in table.groups:
            lines.append(_pipe([f"_{table.groups[index]}_", *[""] * (len(row) - 1)], False))
        lines.append(_pipe(row))
    return "\n".join([*lines, "", *[note + "\n" for note in table.notes]])


def _one_line(text: str) -> str:
    """Return a text without line ends, which would end a row or a block of Markdown."""
    return re.sub(r"\s*[\r\n\x0b\x0c\x85\u2028\u2029]+\s*", " ", text)


def _escaped(text: str) -> str:
    return html_module.escape(_one_line(text))


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _typst_spanner(spanner: tuple[str, int, int]) -> str:
    text, start, stop = spanner
    return f"({_string(text)}, {start}, {stop}), "


def _typst_group(table: Table, index: int) -> str:
    return _string(table.groups[index]) if index in table.groups else "none"


def _typst_cell(text: str, align: str) -> str:
    body, bracket, star = hanging(text) if align != "l" else (text, "", "")
    return f"({_string(body)}, {_string(bracket)}, {_string(star)}), "


def _html_cell(text: str, align: str) -> str:
    text = _one_line(text)
    body, bracket, star = hanging(text) if align != "l" else (text, "", "")
    hang = (
        f'<span class="hang">{bracket}{f"<sup>{star}</sup>" if star else ""}</span>'
        if bracket or star
        else ""
    )
    return html_module.escape(body) + hang


def _html_row(table: Table, row: Sequence[str], tag: str, scope: str, css: str = "") -> str:
    cells = [
        f'<{tag}{scope} class="{align}">{_html_cell(text, align)}</{tag}>'
        for text, align in zip(row, table.align, strict=True)
    ]
    return f"<tr{f' class={css!r}' if css else ''}>".replace("'", '"') + "".join(cells) + "</tr>"


def _html_spanners(table: Table) -> str:
    if not table.spanners:
        return ""
    cells, at = [], 0
    for text, start, stop in table.spanners:
        if start > at:
            cells.append(f'<td colspan="{start - at}"></td>')
        cells.append(f'<th class="spanner" scope="colgroup" colspan="{stop - start}">{_escaped(text)}</th>')
        at = stop
    if at < len(table.columns):
        cells.append(f'<td colspan="{len(table.columns) - at}"></td>')
    return "<tr>" + "".join(cells) + "</tr>"


def _pipe(cells: Iterable[str], escaped: bool = True) -> str:
    texts = [
        re.sub(r"([\\`|*_<\[\]])", r"\\\1", _one_line(cell)) if escaped else _one_line(cell) for cell in cells
    ]
    return "| " + " | ".join(texts) + " |"
