"""`models_table`: several results side by side, with what a reader needs to judge them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .tables import Table
from .values import MISSING, decimals_for, number, stars

if TYPE_CHECKING:
    from ...estimators import Estimates

NOT_KEYS = {"estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "band_low", "band_high"}
STAR_NOTE = "\\* p < 0.1, \\*\\* p < 0.05, \\*\\*\\* p < 0.01."


def models_table(
    models: Sequence[Estimates],
    *,
    caption: str,
    label: str,
    names: Sequence[str] | None = None,
    terms: Mapping[Any, str] | Sequence[Any] | None = None,
    decimals: int | None = None,
    statistic: str = "std_error",
    with_stars: bool = False,
    extra_rows: Mapping[str, Sequence[str]] | None = None,
    spanners: Sequence[tuple[str, int, int]] = (),
    notes: Sequence[str] = (),
) -> Table:
    """Return results side by side: estimates, standard errors in parentheses, and the designs below.

    Parameters
    ----------
    models : sequence of Estimates
        One a column.
    caption, label : str
        Caption and label of the table.
    names : sequence of str, optional
        Column headings; ``(1)``, ``(2)`` and so on when omitted.
    terms : mapping or sequence, optional
        Which terms to print and, as a mapping, under what names; all in order of appearance when omitted.
    decimals : int, optional
        Decimals of estimates and errors; when omitted, as many a column as show its standard errors
        with two significant digits.
    statistic : {"std_error", "interval"}
        What stands under the estimate: the standard error in parentheses or the interval in brackets.
    with_stars : bool, optional
        Whether to print significance stars, with their note.
    extra_rows : mapping of str to sequence of str, optional
        Rows printed after the sample sizes, e.g. ``{"City effects": ["yes", "no"]}``.
    spanners : sequence of (str, int, int), optional
        Headings over models ``start`` to ``stop`` (exclusive), counted from 0.
    notes : sequence of str, optional
        Notes before the standard ones.

    Returns
    -------
    Table
        With caption and notes; ends a notebook cell as it is.
    """
    tables = [_by_term(model) for model in models]
    shown = _terms(tables, terms)
    columns = [(table, _decimals(table, shown) if decimals is None else decimals) for table in tables]
    rows = []
    for term, name in shown.items():
        rows.append([name, *[_estimate(table, term, places, with_stars) for table, places in columns]])
        rows.append(["", *[_under(table, term, places, statistic) for table, places in columns]])
    foot = _foot(models) + [[name, *values] for name, values in (extra_rows or {}).items()]
    return Table(
        columns=["", *(names or [f"({i})" for i in range(1, len(models) + 1)])],
        rows=rows + foot,
        caption=caption,
        label=label,
        notes=[*notes, _standard_note(models, statistic, with_stars)],
        spanners=[(text, start + 1, stop + 1) for text, start, stop in spanners],
        rules=[len(rows)],
    )


def _by_term(model: Estimates) -> pd.DataFrame:
    table = model.tidy()
    keys = [column for column in table.columns if column not in NOT_KEYS]
    index = (
        table[keys[0]]
        if len(keys) == 1
        else pd.Series([", ".join(map(str, k)) for k in zip(*[table[c] for c in keys], strict=True)])
    )
    return table.set_index(pd.Index(index))


def _decimals(table: pd.DataFrame, shown: dict[str, str]) -> int:
    return decimals_for([table.loc[term, "std_error"] for term in shown if term in table.index], 2)


def _terms(tables: Sequence[pd.DataFrame], terms: Mapping[Any, str] | Sequence[Any] | None) -> dict[Any, str]:
    if isinstance(terms, Mapping):
        return dict(terms)
    if terms is None:
        terms = list(dict.fromkeys(term for table in tables for term in table.index))
    return {term: str(term) for term in terms}


def _estimate(table: pd.DataFrame, term: str, decimals: int, with_stars: bool) -> str:
    if term not in table.index:
        return ""
    row: Any = table.loc[term]
    return number(row["estimate"], f",.{decimals}f") + (stars(row["p_value"]) if with_stars else "")


def _under(table: pd.DataFrame, term: str, decimals: int, statistic: str) -> str:
    if term not in table.index:
        return ""
    row, spec = table.loc[term], f",.{decimals}f"
    if statistic == "interval":
        return f"[{number(row['conf_low'], spec)}, {number(row['conf_high'], spec)}]"
    return f"({number(row['std_error'], spec)})"


def _foot(models: Sequence[Estimates]) -> list[list[str]]:
    glances = pd.concat([model.glance() for model in models], ignore_index=True)
    labels = {"n": "N", "units": "Units", "clusters": "Clusters", "dropped": "Rows dropped"}
    rows = [[text, *[number(v, "count") for v in glances[name]]] for name, text in labels.items()]
    rows.append(["Degrees of freedom", *[_df(model.design.get("df")) for model in models]])
    rows.append(["Correction", *[str(model.design.get("correction", MISSING)) for model in models]])
    return [row for row in rows if any(cell != MISSING for cell in row[1:])]


def _df(df: Any) -> str:
    if df is None:
        return MISSING
    values = np.unique(np.asarray(df, float))
    return number(values[0], ",.4g") if values.size == 1 else "by term"


def _standard_note(models: Sequence[Estimates], statistic: str, with_stars: bool) -> str:
    levels = sorted({model.level for model in models})
    under = {
        "std_error": "Standard errors in parentheses.",
        "interval": f"Intervals in brackets ({' or '.join(number(level, '.0%') for level in levels)}).",
    }[statistic]
    return under + (f" {STAR_NOTE}" if with_stars else "")
