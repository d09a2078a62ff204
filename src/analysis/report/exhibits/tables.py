"""Tables described once and written to Markdown, Typst and HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from ..prose import MIME, resolved
from . import writers as table_writers
from .values import number


@dataclass(frozen=True)
class Table:
    """One table in the booktabs manner, as text.

    Attributes
    ----------
    columns : list of str
        Column headings.
    rows : list of list of str
        Cell texts. In right-aligned columns trailing stars and closing parentheses hang outside
        the column, so that digits stay aligned.
    caption : str
        One sentence of Markdown that says what the table shows.
    label : str
        Name for references, ``tbl:label`` in the text.
    notes : list of str
        Paragraphs of Markdown printed under the table.
    align : str
        One letter a column: ``l``, ``r`` or ``c``; the first column left and the others right when empty.
    spanners : list of (str, int, int)
        Headings over columns ``start`` to ``stop`` (exclusive), counted from 0.
    groups : dict of int to str
        Headings printed before the row of that number.
    rules : list of int
        Rows that get a thin rule above them.
    """

    columns: list[str]
    rows: list[list[str]]
    caption: str
    label: str
    notes: list[str] = field(default_factory=list)
    align: str = ""
    spanners: list[tuple[str, int, int]] = field(default_factory=list)
    groups: dict[int, str] = field(default_factory=dict)
    rules: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.caption.strip() or not self.label.strip():
            raise ValueError("a table needs a caption and a label")
        object.__setattr__(self, "align", self.align or "l" + "r" * (len(self.columns) - 1))
        if len(self.align) != len(self.columns):
            raise ValueError(f"{len(self.columns)} columns but alignment {self.align!r}")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"row {row} has not the {len(self.columns)} cells of the heading")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Table:
        """Return the table a notebook stored."""
        values = dict(data)
        values["groups"] = {int(row): text for row, text in values["groups"].items()}
        values["spanners"] = [tuple(spanner) for spanner in values["spanners"]]
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return the table as plain values, to be stored in a notebook."""
        return asdict(self)

    def to_typst(self) -> str:
        """Return the Typst source of the table itself, without caption and notes."""
        return table_writers.typst(self)

    def to_html(self) -> str:
        """Return the HTML ``thead`` and ``tbody`` of the table."""
        return table_writers.html(self)

    def _repr_markdown_(self) -> str:
        return resolved(table_writers.markdown(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {MIME: {"kind": "table", "table": self.to_json()}, "text/markdown": self._repr_markdown_()}


def frame_table(
    frame: pd.DataFrame,
    formats: Mapping[str, str] | None = None,
    *,
    caption: str,
    label: str,
    names: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    group: str | None = None,
    align: str = "",
) -> Table:
    """Return a data frame as a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows to print, in order; the index is left out.
    formats : mapping of str to str, optional
        Format of each numeric column, as `analysis.report.exhibits.values.number` takes them.
    caption, label : str
        Caption and label of the table.
    names : mapping of str to str, optional
        Headings by column; the column's own name, underscores as spaces, when absent.
    notes : sequence of str, optional
        Paragraphs under the table.
    group : str, optional
        Column whose changes start a group of rows; it becomes the groups' headings.
    align : str, optional
        One letter a printed column; texts left and numbers right when omitted.

    Returns
    -------
    Table
        With caption and notes; ends a notebook cell as it is.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"city": ["Tulsa"], "rate": [512.26]})
    >>> table = frame_table(frame, {"rate": ",.1f"}, caption="Rates.", label="rates")
    >>> table.caption
    'Rates.'
    """
    formats, names = dict(formats or {}), dict(names or {})
    shown = frame.drop(columns=[group]) if group else frame
    rows = [
        [number(value, formats.get(column, "")) for column, value in zip(shown.columns, row, strict=True)]
        for row in shown.itertuples(index=False, name=None)
    ]
    return Table(
        columns=[names.get(column, str(column).replace("_", " ")) for column in shown.columns],
        rows=rows,
        caption=caption,
        label=label,
        notes=list(notes),
        align=align or "".join("l" if _is_text(shown[column]) else "r" for column in shown.columns),
        groups=_groups(frame[group]) if group else {},
    )


def _is_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))


def _groups(column: pd.Series) -> dict[int, str]:
    texts = [str(text) for text in column]
    starts = [row for row, text in enumerate(texts) if row == 0 or text != texts[row - 1]]
    return {row: texts[row] for row in starts}
