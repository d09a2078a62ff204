"""Breaks of series as a table: whose, when, which offense, what happened, who says so, where printed."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from ...sources.fbi_table8.kinds import read_marks
from ...sources.fbi_table8.table8 import Workbook
from ..columns import panel_model, validate
from .known_breaks import known_breaks

KEYS = ["level", "break_state", "break_city", "first_year", "offense", "break_kind"]
NAMES = [
    "level",
    "break_state",
    "break_city",
    "break_ori",
    "first_year",
    "last_year",
    "offense",
    "effect",
    "break_kind",
    "why",
    "authority",
    "printed_in",
]
SeriesBreaks = panel_model(
    "SeriesBreaks",
    NAMES,
    keys=KEYS,
    doc="Statements about breaks: one row a place, first year, offense and kind.",
)
EFFECT_OF_KIND = {
    "not_comparable": "level_shift",
    "annexation": "level_shift",
    "exceptional_event": "exceptional",
    "mixed_definition": "exceptional",
    "not_in_accordance": "withheld",
    "overreported": "withheld",
    "underreported": "withheld",
    "misclassified": "withheld",
    "limited_data": "incomplete",
    "incomplete": "incomplete",
    "jurisdiction": "scope",
}
_LASTING = {"withheld", "incomplete", "scope"}


def build_series_breaks(workbooks: Iterable[Workbook], agencies: pd.DataFrame) -> pd.DataFrame:
    """Return the `series_breaks` panel.

    Parameters
    ----------
    workbooks : iterable of Workbook
        Table 8 of every year.
    agencies : pandas.DataFrame
        `year`, `state`, `city` and `ori` of the matched rows.

    Returns
    -------
    pandas.DataFrame
        Valid under `SeriesBreaks`. Statements that last (withheld, incomplete, scope) and recur in
        consecutive years are one row; a level shift is one row, starting a new series. Column definitions and
        the note on dashes are no breaks and do not enter.
    """
    workbooks = list(workbooks)
    noted = _with_ori(_from_footnotes(read_marks(workbooks)), agencies)
    known = known_breaks(pd.concat([book.frame for book in workbooks], ignore_index=True), agencies)
    table = pd.concat([noted, known], ignore_index=True)[NAMES]
    table["break_ori"] = table["break_ori"].astype("str")
    table = table.sort_values(KEYS, kind="stable").reset_index(drop=True)
    return validate(table, SeriesBreaks)


def _from_footnotes(marks: pd.DataFrame) -> pd.DataFrame:
    marks = marks[marks["kind"].isin(list(EFFECT_OF_KIND))].copy()
    marks["effect"] = marks["kind"].map(EFFECT_OF_KIND)
    place = ["level", "state", "city", "offense", "kind"]
    marks = marks.sort_values([*place, "year"], kind="stable")
    starts = marks.groupby(place, sort=False)["year"].diff().ne(1) | ~marks["effect"].isin(_LASTING)
    marks["spell"] = starts.cumsum()
    marks["printed"] = marks["source_file"] + ", footnote " + marks["marker"]
    spells = marks.groupby("spell", sort=False)
    table = spells[[*place, "effect"]].first()
    table["first_year"], table["last_year"] = spells["year"].min(), spells["year"].max()
    table["why"] = spells["text"].first()
    table["printed_in"] = spells["printed"].agg("; ".join)
    table["authority"] = "FBI"
    return table.rename(columns={"state": "break_state", "city": "break_city", "kind": "break_kind"})


def _with_ori(table: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """Attach the agency by the printed name in the first year (many statements to one agency)."""
    keys = agencies[["year", "state", "city", "ori"]].dropna(subset=["ori"])
    keys.columns = pd.Index(["first_year", "break_state", "break_city", "break_ori"])
    return table.merge(keys, on=["first_year", "break_state", "break_city"], how="left", validate="m:1")
