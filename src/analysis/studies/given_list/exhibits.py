"""Tables and sentences of the report on a given list; every word follows from the list and its numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .current import Said
from .headlines import COLUMNS
from .study import OURS

_OUTCOMES = {
    "violent_without_rape": "violent crime without rape",
    "property": "property crime",
    "crime": "all index crime",
}
_DEFINITIONS = {"status_inquiry": "status inquiry", "detainers": "detainers"}
_FOREST = ["name", "group", "estimate", "conf_low", "conf_high", "highlight"]


def headline_table(said: Said) -> pd.DataFrame:
    """Return `Said.headlines` with one text per design, in order of design and list."""
    table = said.headlines.assign(design=[_design(row) for row in said.headlines.to_dict("records")])
    order = {design: place for place, design in enumerate(dict.fromkeys(table["design"]))}
    kept = ["design", "list", *[name for name in COLUMNS if name not in ("design", "definition", "outcome")]]
    return table.sort_values("design", key=lambda names: names.map(order), kind="stable")[kept].reset_index(
        drop=True
    )


def forest_rows(said: Said) -> pd.DataFrame:
    """Return the headlines with an interval, named by list, grouped by design; the given list stands out."""
    table = headline_table(said)
    table = table[table["problem"].eq("") & table["conf_low"].notna() & table["conf_high"].notna()]
    highlight = table["list"].eq(said.given.name)
    rows = table.assign(name=table["list"], group=table["design"], highlight=highlight)
    return rows[_FOREST].reset_index(drop=True)


def place_table(said: Said) -> pd.DataFrame:
    """Return the places of the given list under the two kinds of policy that designs rest on."""
    table = said.comparison
    theirs = table[table["adopted_first"].notna() & table["definition"].isin(list(_DEFINITIONS))]
    columns = ["definition", "place", "state", "status", "adopted_first", "adopted_second"]
    return theirs[columns].assign(definition=theirs["definition"].map(_DEFINITIONS))


def opening(said: Said) -> tuple[str, dict[str, Any]]:
    """Return the first sentences and the figures in them."""
    own, ours = said.own, said.headlines[said.headlines["list"].eq(OURS)]
    known = own[own["conf_low"].notna() & own["conf_high"].notna()]
    both = known.merge(ours, on=["design", "definition", "outcome"], suffixes=("", "_ours"))
    inside = both["estimate"].between(both["conf_low_ours"], both["conf_high_ours"])
    zero = known["conf_low"].le(0) & known["conf_high"].ge(0)
    values = {
        "name": said.given.name[:1].upper() + said.given.name[1:],
        "lines": len(said.given.rows),
        "used": int(said.given.rows["geoid"].notna().sum()),
        "designs": len(own) + len(said.without_number),
        "numbers": len(known),
        "zero": int(zero.sum()),
        "inside": int(inside.sum()),
        "both": len(both),
        "missing": _missing(said.without_number),
    }
    text = _opening_text(values)
    return text, {name: value for name, value in values.items() if "{" + name in text}


def limits(said: Said) -> tuple[str, dict[str, Any]]:
    """Return what keeps the list from more, as sentences and figures."""
    rows = said.given.rows
    text = (
        "{unknown:count} lines name no place of these panels and are left out; {doubt:count} could name "
        "several and are taken as the largest. {outside:count} lines date a policy that cannot serve a "
        "comparison over time. The list alone says who is treated and when: nothing here checks its dates, "
        "and the specification curve is left out."
    )
    return text, {
        "unknown": len(said.given.unresolved),
        "doubt": int(rows["is_doubtful"].sum()),
        "outside": int(rows["disposition"].eq("dates a policy outside event time").sum()),
    }


def _opening_text(values: dict[str, Any]) -> str:
    parts = [
        "{name} has {lines:count} lines; {used:count} name a place of these panels. Of {designs:count} "
        "headlines, {numbers:count} can be estimated with an interval on it."
    ]
    if values["numbers"]:
        parts.append(
            "{zero:count} of these intervals include zero; where one does, the row states what the design "
            "could have seen, and that is not evidence that nothing changed."
        )
    if values["both"]:
        parts.append(
            "{inside:count} of {both:count} estimates lie within the interval of the same design under this "
            "project’s list."
        )
    if values["missing"]:
        parts.append("Without a number: {missing}.")
    return " ".join(parts)


def _design(row: dict[Any, Any]) -> str:
    kind = _DEFINITIONS.get(row["definition"], row["definition"])
    return f"{row['design']} ({kind}): {_OUTCOMES[row['outcome']]}"


def _missing(rows: pd.DataFrame) -> str:
    told = rows.groupby("problem", sort=False)["design"].agg(lambda names: ", ".join(dict.fromkeys(names)))
    return "; ".join(f"{designs} ({why})" for why, designs in told.items())
