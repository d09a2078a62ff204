"""What each footnote of Table 8 says: its kind, the offenses it concerns, and every place it is stuck to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...errors import LayoutError
from .layout import COUNTS
from .table8 import Workbook

OFFENSES = tuple(name for name in COUNTS if name not in {"population", "crime_index", "modified_crime_index"})
ALL = "all"
NOT_PRINTED = "not printed"


@dataclass(frozen=True)
class Kind:
    """One kind of footnote: its name, the offense it speaks of, and how its text is known."""

    name: str
    offense: str
    pattern: str


_KINDS = (
    Kind("exceptional_event", "homicide", r"events of September 11|Pulse Nightclub"),
    Kind("column_definition", "modified_crime_index", r"^The Modified Crime Index"),
    Kind("column_definition", "rape_revised", r"shown in this column .* revised"),
    Kind("column_definition", "rape_legacy", r"shown in this column .* legacy"),
    Kind("column_definition", "arson", r"12 (complete )?months of arson|does not publish arson"),
    Kind("zero_report", ALL, r"^Dashes"),
    Kind("incomplete", "arson", r"^Complete arson figures"),
    Kind("incomplete", "aggravated_assault", r"anthrax assaults"),
    Kind("limited_data", ALL, r"^Limited data"),
    Kind("jurisdiction", "population", r"^The population for the city of"),
    Kind("jurisdiction", ALL, r"is a city-county government"),
    Kind("jurisdiction", "arson", r"^Arson offenses are (also )?reported by"),
    Kind("not_comparable", "rape_legacy", r"^Forcible rape figures .* not comparable"),
    Kind("annexation", ALL, r"^Due to an annexation"),
    Kind("not_comparable", ALL, r"not comparable to previous"),
    Kind("mixed_definition", "rape_revised", r"began the year submitting rape data"),
    Kind("not_in_accordance", "rape_revised", r"submits rape data classified according to the legacy"),
    Kind("not_in_accordance", "rape", r"^Forcible rape figures .* not in accordance"),
    Kind("not_in_accordance", "rape", r"methodology for the offense of (forcible )?rape"),
    Kind("not_in_accordance", "aggravated_assault", r"^Aggravated assault figures .* not in accordance"),
    Kind("not_in_accordance", "aggravated_assault", r"methodology for the offense of aggravated assault"),
    Kind("not_in_accordance", "aggravated_assault", r"outside established statistical parameters"),
    Kind("overreported", NOT_PRINTED, r"inflated|overreported"),
    Kind("underreported", NOT_PRINTED, r"underreported"),
    Kind("misclassified", NOT_PRINTED, r"misclassified"),
    Kind("not_in_accordance", NOT_PRINTED, r"did not follow national"),
)


def kind_of(text: str, *, where: str = "") -> Kind:
    """Return the kind of a footnote.

    Parameters
    ----------
    text : str
        Its text as printed.
    where : str, optional
        File and marker, for the message.

    Raises
    ------
    LayoutError
        If no known kind fits: a new note must be read by a person before it is used.
    """
    for kind in _KINDS:
        if re.search(kind.pattern, text):
            return kind
    raise LayoutError(
        f"A footnote of no known kind: {text[:120]!r}.", where=where, remedy="Read it and add its kind."
    )


def read_marks(workbooks: Iterable[Workbook]) -> pd.DataFrame:
    """Return every footnote with every place it is stuck to.

    Parameters
    ----------
    workbooks : iterable of Workbook
        Years to read.

    Returns
    -------
    pandas.DataFrame
        One row a year, place, marker and offense: `year`, `level` (``nation`` for headings, ``state``,
        ``city``), `state`, `city` (empty above their level), `marker`, `kind`, `offense`, `text`,
        `source_file`.
        A note that withholds data without naming an offense has a row for each offense not printed in its row
        (of a state: not printed for most of its cities), or ``all`` when every offense is printed.
    """
    rows = [mark for workbook in workbooks for mark in _marks(workbook)]
    names = ["year", "level", "state", "city", "marker", "kind", "offense", "text", "source_file"]
    return pd.DataFrame(rows, columns=names)


def _marks(workbook: Workbook) -> Iterator[tuple[Any, ...]]:
    for name, markers in workbook.headings.items():
        for marker in markers:
            yield from _rows(workbook, "nation", "", "", marker, [name])
    for state, markers in workbook.states.items():
        for marker in markers:
            yield from _rows(workbook, "state", state, "", marker, _unprinted_in_state(workbook, state))
    marked = workbook.frame[workbook.frame["city_markers"] != ""]
    for city in marked.to_dict("records"):
        for marker in city["city_markers"].split(","):
            unprinted = [name for name in _expected(workbook.year) if pd.isna(city[name])]
            yield from _rows(workbook, "city", city["state"], city["city"], marker, unprinted)


def _rows(
    workbook: Workbook, level: str, state: str, city: str, marker: str, unprinted: list[str]
) -> Iterator[tuple[Any, ...]]:
    text, file = workbook.notes[marker], workbook.frame["source_file"].iloc[0]
    kind = kind_of(text, where=f"{file}, footnote {marker}")
    for offense in _offenses(kind, workbook.year, unprinted):
        yield (workbook.year, level, state, city, marker, kind.name, offense, text, file)


def _offenses(kind: Kind, year: int, unprinted: list[str]) -> list[str]:
    if kind.offense == "rape":
        return ["rape_legacy"] if year <= 2013 else ["rape_revised"]
    if kind.offense == NOT_PRINTED:
        return unprinted or [ALL]
    return [kind.offense]


def _expected(year: int) -> list[str]:
    """Return the offenses whose blank means withheld: rape only where the year has one column; no arson."""
    rape = ["rape_legacy"] if year <= 2012 else ["rape_revised"] if year >= 2017 else []
    parts = ["homicide", *rape, "robbery", "aggravated_assault", "burglary", "larceny", "motor_vehicle_theft"]
    return parts


def _unprinted_in_state(workbook: Workbook, state: str) -> list[str]:
    cities = workbook.frame[workbook.frame["state"] == state]
    return [name for name in _expected(workbook.year) if len(cities) and cities[name].isna().mean() > 0.5]
