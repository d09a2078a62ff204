"""Published claims beside what was found for them, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from .tables import Table
from .values import MISSING, decimals_for, number

_KINDS = {
    "positive": "above zero",
    "negative": "below zero",
    "indistinguishable": "none discernible",
}


def verdicts_table(
    verdicts: pd.DataFrame,
    *,
    caption: str,
    label: str,
    notes: Sequence[str] = (),
    with_notes: bool = False,
) -> Table:
    """Return claims, what is printed, what was found with its 95% interval, and the verdict.

    Claims of no discernible difference show the power for the equivalence margin.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        As ``studies.claims.compare`` returns them; one row a claim, grouped by ``exhibit`` where it changes.
    caption, label : str
        See `Table`.
    notes : sequence of str, optional
        Paragraphs under the table.
    with_notes : bool, optional
        Whether to print each distinct note of a claim that differs or is untested under the table.

    Returns
    -------
    Table
        With caption and notes; ends a notebook cell as it is.
    """
    verdicts = verdicts.reset_index(drop=True)
    rows = [_row(row) for row in verdicts.to_dict("records")]
    exhibits = [str(text)[:1].upper() + str(text)[1:] for text in verdicts["exhibit"]]
    starts = [row for row, text in enumerate(exhibits) if row == 0 or text != exhibits[row - 1]]
    told = verdicts.loc[verdicts["verdict"].isin(["differs", "untested"]) & verdicts["note"].ne("")]
    reasons = list(dict.fromkeys(told["note"])) if with_notes else []
    return Table(
        columns=["Claim", "Unit", "Printed", "Found here", "Power", "Verdict"],
        rows=rows,
        caption=caption,
        label=label,
        notes=[*notes, *reasons],
        align="llrrrl",
        groups={row: exhibits[row] for row in starts},
    )


def _row(row: Mapping[Any, Any]) -> list[str]:
    printed = str(row["printed"]).replace("-", "\N{MINUS SIGN}") or _KINDS.get(row["kind"], MISSING)
    quantity = str(row["quantity"])
    power = row.get("power") if row["kind"] == "indistinguishable" else None
    told = MISSING if pd.isna(power) else number(power, ".0%")
    return [quantity[:1].upper() + quantity[1:], row["unit"], printed, _found(row), told, row["verdict"]]


def _found(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["estimate"]):
        return MISSING
    spec = "year" if "year" in row["unit"] and "dollar" not in row["unit"] else f",.{_decimals(row)}f"
    if pd.isna(row["conf_low"]):
        whole = not row["printed"] and float(row["estimate"]).is_integer()
        return number(row["estimate"], "count" if whole else spec)
    found = number(row["estimate"], spec)
    return f"{found} [{number(row['conf_low'], spec)}, {number(row['conf_high'], spec)}]"


def _decimals(row: Mapping[Any, Any]) -> int:
    whole, point, digits = str(row["printed"]).partition(".")
    if point or whole:
        return len(digits)
    return min(decimals_for([row["conf_high"] - row["conf_low"]], 2), 2)
