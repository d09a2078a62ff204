"""The dictionary: every column of agency-years and agency-months, its unit, meaning and bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from . import layout
from .layout import CARDS, WIDTH, Field
from .tables import is_kept

TABLES = ("agency_year", "agency_month")
_SUMMED = "; sum over months with a return"


def dictionary() -> pd.DataFrame:
    """Return one row a table and column.

    Returns
    -------
    pandas.DataFrame
        ``table`` (``agency_year`` or ``agency_month``), ``column``, ``unit``, ``bytes`` (positions in the
        record from one, January's for what repeats by month; empty for derived columns) and ``meaning``.
    """
    rows = [row for table in TABLES for row in (*_derived(table), *_read(table), *_counted(table))]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "bytes", "meaning"]).drop_duplicates()


def dictionary_markdown() -> str:
    """Return the dictionary as Markdown; the 112 counts are told by a list of cards and one of offenses."""
    counts = set(layout.count_columns())
    rows = dictionary()
    rows = rows[~rows["column"].isin(counts)]
    lines = ["| table | column | unit | bytes | meaning |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows.itertuples(index=False)]
    lines += ["", "| card | meaning |", "|---|---|"]
    lines += [f"| {card} | {layout.field(card).meaning} |" for card in CARDS]
    lines += ["", "| offense | meaning |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in layout.offense_meanings().items()]
    return "\n".join(lines) + "\n"


def _derived(table: str) -> Iterator[tuple[str, str, str, str, str]]:
    for row in layout.table("return_a_derived"):
        if row["table"] in (table, "both"):
            yield table, row["column"], row["unit"], "", row["meaning"]


def _read(table: str) -> Iterator[tuple[str, str, str, str, str]]:
    part = "record" if table == "agency_year" else "month"
    for each in layout.part(part):
        if is_kept(each) and each.kind != "counts":
            yield table, each.name, each.unit, _positions(each.first, each.width), each.meaning
    if table == "agency_year":
        for each in layout.part("month"):
            if each.kind == "number":
                yield table, each.name, each.unit, _positions(each.first, each.width), each.meaning + _SUMMED


def _counted(table: str) -> Iterator[tuple[str, str, str, str, str]]:
    suffix = _SUMMED if table == "agency_year" else ""
    for card in CARDS:
        field: Field = layout.field(card)
        for k, offense in enumerate(layout.offenses()):
            text = f"{layout.offense_meanings()[offense]}. {field.meaning}{suffix}"
            place = _positions(field.first + k * WIDTH, WIDTH)
            yield table, f"{card}_{offense}", field.unit, place, text


def _positions(first: int, width: int) -> str:
    return f"{first}-{first + width - 1}"
