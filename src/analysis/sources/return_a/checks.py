"""What a file's records say against what can be: counted for the ledger, never mended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from . import layout

#: Share of a file's records above which a doubt is no slip: in the FBI's files of 1960-1972 and 2013 the
#: largest share of any doubt is 0.4% (more offenses cleared than known, 2013).
WRONG_SHARE = 0.01
#: No agency of the United States serves more persons.
MOST_PERSONS = 20_000_000
#: Fewest states in those files (1962); a file with fewer is a part of one.
LEAST_STATES = 40
#: States stand in order in those files, and each file ends with one or two records of a territory: Guam, from
#: 2013 the Virgin Islands. A file without is cut off. That of 1962 was published so: it ends in Texas.
LAST_STATES = ("GU", "VI")
LAST_STATE_SINCE = {2013: "VI"}
CUT_AS_PUBLISHED = (1962,)
#: Offenses from rare to frequent, as in every one of those files; held against files of so many records.
RARE_TO_FREQUENT = ("murder", "rape", "robbery", "burglary", "larceny")
ORDERED_FROM_RECORDS = 1000
#: Columns of agency-years that are looked at.
LOOKED_AT = [
    *("year", "ori7", "state", "population", "last_month_reported"),
    *("actual_all_offenses", "cleared_all_offenses", "cards_not_adding_up", "cards_unreported_not_empty"),
    *(f"actual_{offense}" for offense in RARE_TO_FREQUENT),
]
#: Doubts about single records, each with its sentence.
DOUBTS = {
    "year_not_named": "records are of another year than the file is named for",
    "year_of_few": "records are of a year that hardly any record of the file is of",
    "population_impossible": f"records have a population below zero or above {MOST_PERSONS:,}",
    "ori_of_another_state": "records have an agency identifier of another state",
    "month_impossible": "records have a last month above twelve",
    "cleared_above_actual": "records have more offenses cleared than known",
    "oris_repeated": "records repeat an agency of the same year",
    "cards_not_adding_up": "annual cards print a total that is not the sum of its parts",
    "cards_unreported_not_empty": "monthly cards hold counts but no return; they are in no sum",
}
_YEAR_IN_NAME = re.compile(r"(?<![0-9])(?:19[6-9]|20[0-5])[0-9](?![0-9])")


@dataclass
class Doubts:
    """Counts of one file's records that cannot be right, or hardly: see `DOUBTS`."""

    name: str
    oris: Counter[tuple[str, int]] = field(default_factory=Counter)
    years: Counter[int] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    offenses: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)

    def add(self, table: pa.Table) -> None:
        """Count the records of one chunk; the columns are `LOOKED_AT`."""
        years = table["year"].to_pylist()
        self.oris.update(zip(table["ori7"].to_pylist(), years, strict=True))
        self.years.update(years)
        self.states.update(_text(table, "state"))
        self.found["population_impossible"] += _outside(table, "population", 0, MOST_PERSONS)
        self.found["month_impossible"] += _outside(table, "last_month_reported", 0, layout.MONTHS)
        self.found["ori_of_another_state"] += _other_state(table)
        self.found["cleared_above_actual"] += _more(table, "cleared_all_offenses", "actual_all_offenses")
        for name in ("cards_not_adding_up", "cards_unreported_not_empty"):
            self.found[name] += int(table[name].to_numpy().sum(dtype=np.int64))
        for name in RARE_TO_FREQUENT:
            self.offenses[name] += pc.sum(table[f"actual_{name}"]).as_py() or 0

    def row(self) -> dict[str, object]:
        """Return the ledger's columns on doubts."""
        few = [count for count in self.years.values() if count < WRONG_SHARE * self.years.total()]
        named = {int(text) for text in _YEAR_IN_NAME.findall(self.name)}
        others = sum(count for year, count in self.years.items() if year not in named) if named else 0
        counts = self.found | Counter(
            year_of_few=sum(few),
            year_not_named=others,
            oris_repeated=self.oris.total() - len(self.oris),
        )
        return {
            "years": " ".join(str(year) for year in sorted(self.years)),
            "states": len(self.states),
            "ends_early": self._ends_early(),
            "offenses_out_of_order": self._out_of_order(),
            **{name: int(counts[name]) for name in DOUBTS},
        }

    def _ends_early(self) -> bool:
        year = max(self.years, key=self.years.__getitem__, default=0)
        wanted = {state for since, state in LAST_STATE_SINCE.items() if year >= since} or {*LAST_STATES}
        return year not in CUT_AS_PUBLISHED and wanted.isdisjoint(self.states)

    def _out_of_order(self) -> bool:
        counts = [self.offenses[name] for name in RARE_TO_FREQUENT]
        return self.years.total() >= ORDERED_FROM_RECORDS and counts != sorted(counts)


def sentences(row: Mapping[Any, Any], *, is_part: bool = False) -> tuple[list[str], bool]:
    """Return what is to be said of one file, and whether anything of it is wrong beyond slips.

    Parameters
    ----------
    row : mapping
        A row of the ledger.
    is_part : bool, optional
        Whether the file is known to hold a part of the country.

    Returns
    -------
    list of str, bool
        A sentence for each doubt that is not zero; whether one of them concerns more than `WRONG_SHARE` of
        the records (repeated agencies and cards that do not add up included), or the whole file.
    """
    said = [f"{row[name]:,} {text}" for name, text in DOUBTS.items() if row[name]]
    wrong = any(row[name] > WRONG_SHARE * row["read"] for name in DOUBTS)
    if row["states"] < LEAST_STATES and not is_part:
        said.append(f"it holds {row['states']} states; whole files hold {LEAST_STATES} or more")
        wrong = True
    if row["ends_early"] and not is_part:
        last = " or ".join(LAST_STATES)
        said.append(f"it has no record of the last state ({last}), with which every whole file ends")
        wrong = True
    if row["offenses_out_of_order"]:
        order = " to ".join(RARE_TO_FREQUENT)
        said.append(f"its offenses do not rise from {order}, as in every file of the FBI")
        wrong = True
    return said, wrong


def _outside(table: pa.Table, name: str, low: int, high: int) -> int:
    values = table[name]
    return pc.sum(pc.or_(pc.less(values, low), pc.greater(values, high))).as_py() or 0


def _more(table: pa.Table, name: str, other: str) -> int:
    return pc.sum(pc.greater(table[name], table[other])).as_py() or 0


def _other_state(table: pa.Table) -> int:
    prefixes = {row["state"]: row["printed"] for row in layout.table("return_a_states")}
    oris = pd.Series(table["ori7"].to_pylist(), dtype="str").str[:2]
    wanted = pd.Series(_text(table, "state"), dtype="str").map(prefixes)
    return int((oris != wanted).sum())


def _text(table: pa.Table, name: str) -> list[str]:
    return list(table[name].cast(pa.string()).to_pylist())
