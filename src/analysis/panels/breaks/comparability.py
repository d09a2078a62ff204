"""How an estimate honours `series_breaks`: rows that start a new series, are exceptional, or withheld."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...errors import LayoutError

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_SPAN = ["first_year", "last_year"]
_RAPE = ("rape", "rape_legacy", "rape_revised")
OFFENSES_OF = {
    "violent": ("homicide", *_RAPE, "robbery", "aggravated_assault"),
    "violent_without_rape": ("homicide", "robbery", "aggravated_assault"),
    "property": ("property", "burglary", "larceny", "motor_vehicle_theft"),
    "homicide": ("homicide",),
    "homicide_printed": ("homicide",),
    "rape_legacy": ("rape", "rape_legacy"),
    "rape_revised": ("rape", "rape_revised"),
    "robbery": ("robbery",),
    "aggravated_assault": ("aggravated_assault",),
    "burglary": ("burglary",),
    "larceny": ("larceny",),
    "motor_vehicle_theft": ("motor_vehicle_theft",),
    "arson": ("arson",),
}


def has_break(
    panel: pd.DataFrame, breaks: pd.DataFrame, effect: str, outcome: str | None = None
) -> pd.Series:
    """Tell for each row of a panel whether a statement of one effect concerns it.

    Parameters
    ----------
    panel : pandas.DataFrame
        Rows with `ori`, `state` and `year`.
    breaks : pandas.DataFrame
        The `series_breaks` panel.
    effect : {"level_shift", "exceptional", "withheld", "incomplete", "inconsistent", "scope"}
        Which statements to look for.
    outcome : str, optional
        An outcome such as ``"violent_per_100k"``: only statements on its offenses, or on all, count. Any
        offense when omitted.

    Returns
    -------
    pandas.Series of bool
        Aligned with `panel`. Statements on a state hold for each of its agencies; those on the nation are
        changes of definition and coverage, which `panel` carries in its columns, and do not count here.

    Raises
    ------
    LayoutError
        If `outcome` has no known offenses.
    """
    rows = breaks[(breaks["effect"] == effect) & (breaks["level"] != "nation")]
    if outcome is not None:
        rows = rows[rows["offense"].isin(["all", *_offenses(outcome)])]
    stated = _stated(panel["ori"], panel["year"], rows[rows["level"] == "city"], "break_ori")
    stated |= _stated(panel["state"], panel["year"], rows[rows["level"] == "state"], "break_state")
    return pd.Series(stated, index=panel.index)


def series_segment(panel: pd.DataFrame, breaks: pd.DataFrame, outcome: str) -> pd.Series:
    """Number the comparable stretches of each agency's series of one outcome.

    Two rows of an agency are comparable when they have the same number. A new stretch starts where a level
    shift is stated, and, for an outcome that contains rape, where the agency's definition of rape changes.

    Parameters
    ----------
    panel : pandas.DataFrame
        `city_year`, or rows of it.
    breaks : pandas.DataFrame
        `series_breaks`.
    outcome : str
        A count or rate of `city_year`.

    Returns
    -------
    pandas.Series of int64
        From 0 within each agency, aligned with `panel`; an agency-by-segment effect honours every break.
        A shift in a year that has no row counts from the next row.

    Raises
    ------
    LayoutError
        If `outcome` has no known offenses.
    """
    shifts = breaks[
        (breaks["effect"] == "level_shift") & breaks["offense"].isin(["all", *_offenses(outcome)])
    ]
    number = _passed(panel["ori"], panel["year"], shifts[shifts["level"] == "city"], "break_ori")
    number += _passed(panel["state"], panel["year"], shifts[shifts["level"] == "state"], "break_state")
    if "rape_revised" in _offenses(outcome) and "rape_legacy" in _offenses(outcome):
        number += _definition_changes(panel)
    agency = pd.factorize(panel["ori"])[0]
    order = np.lexsort((panel["year"].to_numpy(np.int64), agency))
    _, firsts = np.unique(agency[order], return_index=True)
    return pd.Series(number - number[order[firsts]][agency], index=panel.index, dtype="int64")


def _offenses(outcome: str) -> tuple[str, ...]:
    stem = re.sub(r"_per_(100k|10k)$", "", outcome)
    if stem not in OFFENSES_OF:
        raise LayoutError(
            f"No offenses known for {outcome!r}.", remedy=f"One of {', '.join(OFFENSES_OF)}, or a rate."
        )
    return OFFENSES_OF[stem]


def _stated(who: pd.Series, years: pd.Series, rows: pd.DataFrame, key: str) -> Flags:
    """Tell for each place and year whether a statement covers it."""
    codes, years_from, table = _table(who, years, rows, key)
    return np.asarray(table[codes, years_from], dtype=bool)


def _passed(who: pd.Series, years: pd.Series, rows: pd.DataFrame, key: str) -> Counts:
    """Count the years with a stated shift of each row's place up to its year."""
    codes, years_from, table = _table(who, years, rows, key)
    return np.asarray(table.cumsum(axis=1)[codes, years_from], dtype=np.int64)


def _table(who: pd.Series, years: pd.Series, rows: pd.DataFrame, key: str) -> tuple[Counts, Counts, Flags]:
    """Return each row's place and year as positions in a table, and the table of what is stated.

    The last row of the table is that of rows without a place, of which nothing is stated.
    """
    codes, names = pd.factorize(who)
    when = years.to_numpy(np.int64)
    known = np.concatenate([when, rows[_SPAN].to_numpy(np.int64).ravel(), [] if len(when) else [0]])
    first = int(known.min())
    table = np.zeros((len(names) + 1, int(known.max()) - first + 1), dtype=bool)
    place = {name: at for at, name in enumerate(names)}
    for name, low, high in zip(rows[key], *rows[_SPAN].to_numpy(np.int64).T, strict=True):
        if isinstance(name, str) and name in place:
            table[place[name], low - first : high - first + 1] = True
    return np.asarray(codes, np.int64), when - first, table


def _definition_changes(panel: pd.DataFrame) -> Counts:
    ordered = panel[["ori", "year", "rape_definition"]].sort_values(["ori", "year"], kind="stable")
    known = ordered["rape_definition"].where(ordered["rape_definition"] != "none")
    filled = known.groupby(ordered["ori"]).ffill()
    before = filled.groupby(ordered["ori"]).shift()
    changed = (filled != before) & before.notna()
    passed = changed.groupby(ordered["ori"]).cumsum().astype("int64")
    return np.asarray(passed.reindex(panel.index), dtype=np.int64)
