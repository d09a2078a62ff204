"""Totals of declined detainers that others printed, held against the panels as far as their dates allow.

Others received later extracts of the same record. The file of declines counts calendar years, and only from
October 2014 is every detainer known by day, so that the panels know declines of 2014 by January to September
and October to December, and of 2015 by 1 January to 19 July. Of any other span they give bounds: what lies
wholly inside it, and what lies in the known spans that it touches. The panels date a detainer by the day it
was prepared; the printed totals do not say which date theirs is.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from ...panels.store import load

PANELS = ("detainer_facility", "detainer_facilities")
#: Spans whose declines the panels know, in order and without a gap.
SPANS = (("2014-01-01", "2014-09-30"), ("2014-10-01", "2014-12-31"), ("2015-01-01", "2015-07-19"))
#: The key of each total that `figures` names.
EARLY, FLOOR, LATE = "vaughan2015_2014", "vaughan2015_2015", "fair2016"
#: The state printed apart: most of what it declined may stand under no place.
LARGEST = "CA"
_ANY = ""


def printed_totals() -> pd.DataFrame:
    """Return the printed totals: ``key, state`` (empty: all), ``first, last, printed, is_floor, source``."""
    with (
        files("analysis.studies.published").joinpath("declined_detainers.csv").open(encoding="utf-8") as text
    ):
        table = pd.read_csv(text, keep_default_na=False, parse_dates=["first", "last"])
    return table.assign(is_floor=table["is_floor"].eq("yes"))


def known_spans(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return recorded declines of every known span by ``state``, all facilities together under no state.

    Declines of the file of fiscal year 2015 less those of calendar year 2015 are October to December 2014.
    """
    years = panels["detainer_facility"].pivot_table(
        index="facility_state", columns="year", values="declined", aggfunc="sum", fill_value=0
    )
    years = years.reindex(columns=[2014, 2015], fill_value=0)
    fiscal = panels["detainer_facilities"].groupby("facility_state")["declined_fiscal_2015"].sum()
    autumn = fiscal.reindex(years.index, fill_value=0) - years[2015]
    table = pd.DataFrame({0: years[2014] - autumn, 1: autumn, 2: years[2015]})
    whole = table.sum().to_frame(_ANY).T
    placed = table[table.index != _ANY]
    return pd.concat([whole, placed]).rename_axis("state")


def against_printed(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every printed total with the bounds that the panels give for its span.

    Returns
    -------
    pandas.DataFrame
        ``key, state, first, last, printed, is_floor``, ``inside`` (declines in known spans within the printed
        one), ``touching`` (in known spans that overlap it; infinite if it runs past the last) and
        ``is_within``: the printed figure lies between both. One of a state is lower than it should be by
        what declined at a facility without a place.
    """
    known, totals = known_spans(panels), printed_totals()
    ends = [(pd.Timestamp(first), pd.Timestamp(last)) for first, last in SPANS]
    rows = []
    for row in totals.to_dict("records"):
        mine: Any = known.loc[row["state"]].to_numpy(float) if row["state"] in known.index else np.zeros(3)
        within = np.array([row["first"] <= first and last <= row["last"] for first, last in ends])
        touched = np.array([first <= row["last"] and row["first"] <= last for first, last in ends])
        past = row["first"] < ends[0][0] or row["last"] > ends[-1][1]
        rows.append({"inside": mine[within].sum(), "touching": np.inf if past else mine[touched].sum()})
    table = pd.concat([totals.drop(columns=["citation", "source"]), pd.DataFrame(rows)], axis=1)
    return table.assign(is_within=table["printed"].between(table["inside"], table["touching"]))


def figures(panels: Mapping[str, pd.DataFrame] | None = None) -> dict[str, Any]:
    """Return what is said of the printed totals, by name; declines but for ``_share``."""
    panels = panels or {name: load(name) for name in PANELS}
    table = against_printed(panels)
    rows: dict[Any, Any] = table[table["state"].eq(_ANY)].set_index("key").to_dict("index")
    early, floor, late = (rows[key] for key in (EARLY, FLOOR, LATE))
    states = table[table["key"].eq(LATE) & table["state"].ne(_ANY)]
    one = states["state"].eq(LARGEST)
    held = states.groupby(one)[["inside", "printed"]].sum()
    shares: Any = held["inside"] / held["printed"]
    autumn: Any = known_spans(panels).loc[_ANY, 1]
    facilities = panels["detainer_facility"]
    nowhere = facilities["facility_state"].eq(_ANY) & facilities["year"].isin([2014, 2015])
    return {
        "early": int(early["printed"]),
        "early_ours": int(early["touching"]),
        "early_gap": int(early["touching"] - early["printed"]),
        "autumn_month": float(autumn) / 3,
        "floor": int(floor["printed"]),
        "floor_ours": int(floor["touching"]),
        "late": int(late["printed"]),
        "late_share": float(late["inside"] / late["printed"]),
        "largest_share": float(shares[True]),
        "rest": int((~one).sum()),
        "rest_share": float(shares[False]),
        "nowhere": int(facilities.loc[nowhere, "declined"].sum()),
        "early_within": bool(early["is_within"]),
        "floor_within": bool(floor["is_within"]),
        "late_within": bool(late["is_within"]),
    }
