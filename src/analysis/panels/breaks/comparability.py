"""How an estimate honours `series_breaks`: rows that start a new series, are exceptional, or withheld."""

from __future__ import annotations

import re

import pandas as pd

from ...errors import LayoutError

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
    by_agency = _years(rows[rows["level"] == "city"], "break_ori")
    by_state = _years(rows[rows["level"] == "state"], "break_state")
    agency = pd.MultiIndex.from_arrays([panel["ori"], panel["year"]])
    state = pd.MultiIndex.from_arrays([panel["state"], panel["year"]])
    return pd.Series(agency.isin(by_agency) | state.isin(by_state), index=panel.index)


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
    city = _years(shifts[shifts["level"] == "city"], "break_ori")
    state = _years(shifts[shifts["level"] == "state"], "break_state")
    ordered = panel[["ori", "state", "year"]].sort_values(["ori", "year"], kind="stable")
    number = _passed(ordered, "ori", city) + _passed(ordered, "state", state)
    if "rape_revised" in _offenses(outcome) and "rape_legacy" in _offenses(outcome):
        number += _definition_changes(panel.loc[ordered.index])
    first = number.groupby(ordered["ori"]).transform("first")
    return (number - first).reindex(panel.index).astype("int64")


def _offenses(outcome: str) -> tuple[str, ...]:
    stem = re.sub(r"_per_(100k|10k)$", "", outcome)
    if stem not in OFFENSES_OF:
        raise LayoutError(
            f"No offenses known for {outcome!r}.", remedy=f"One of {', '.join(OFFENSES_OF)}, or a rate."
        )
    return OFFENSES_OF[stem]


def _years(rows: pd.DataFrame, key: str) -> pd.MultiIndex:
    pairs = [
        (who, year)
        for who, first, last in zip(rows[key], rows["first_year"], rows["last_year"], strict=True)
        if isinstance(who, str)
        for year in range(first, last + 1)
    ]
    return (
        pd.MultiIndex.from_tuples(pairs, names=[key, "year"]).unique()
        if pairs
        else pd.MultiIndex.from_arrays([[], []])
    )


def _passed(rows: pd.DataFrame, key: str, shifts: pd.MultiIndex) -> pd.Series:
    """Count the shifts of each row's agency or state up to its year."""
    if not len(shifts):
        return pd.Series(0, index=rows.index)
    count = pd.Series(1, index=shifts.sort_values()).groupby(level=0).cumsum().rename("passed").reset_index()
    count.columns = pd.Index([key, "year", "passed"])
    left = rows[[key, "year"]].reset_index().sort_values("year", kind="stable")
    merged = pd.merge_asof(left, count.sort_values("year", kind="stable"), on="year", by=key)
    return merged.set_index("index")["passed"].fillna(0).astype("int64").reindex(rows.index)


def _definition_changes(ordered: pd.DataFrame) -> pd.Series:
    known = ordered["rape_definition"].where(ordered["rape_definition"] != "none")
    filled = known.groupby(ordered["ori"]).ffill()
    before = filled.groupby(ordered["ori"]).shift()
    changed = (filled != before) & before.notna()
    return changed.groupby(ordered["ori"]).cumsum().astype("int64")
