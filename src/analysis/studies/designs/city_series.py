"""Cities' crime rates by year: only what may be compared, the rest with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...errors import UnknownPlaceError
from ...panels.breaks.comparability import has_break, series_segment

#: Why a city's figure of one year cannot be compared, the first that holds.
REASONS = {
    "absent": "city not printed that year",
    "missing": "offense not printed that year",
    "revised": "rape by the revised definition",
    "withheld": "figure the FBI calls faulty or incomplete",
    "exceptional": "exceptional year",
}
_WITH_LEGACY_RAPE = ("violent",)
#: Footnotes that a state's coverage is limited say nothing about a city that is printed.
_ABOUT_COVERAGE = "limited_data"


@dataclass(frozen=True)
class CitySeries:
    """Rates of several cities, one table an outcome: index ``ori``, columns years.

    Attributes
    ----------
    values : dict of str to pandas.DataFrame
        Crimes per 100,000 residents; missing where they cannot be compared.
    reasons : dict of str to pandas.DataFrame
        Why a value is missing, one of the texts of `REASONS`; empty where it is not.
    segments : dict of str to pandas.DataFrame
        Number of the comparable stretch a value belongs to; missing where the value is.
    populations : pandas.DataFrame
        Residents by the FBI's tables.
    """

    values: dict[str, pd.DataFrame]
    reasons: dict[str, pd.DataFrame]
    segments: dict[str, pd.DataFrame]
    populations: pd.DataFrame

    def counts(self, outcome: str) -> pd.DataFrame:
        """Return recorded crimes, whole numbers, missing where the rate is."""
        return (self.values[outcome] * self.populations / 1e5).round()


def city_series(
    city_year: pd.DataFrame,
    breaks: pd.DataFrame,
    oris: Iterable[str],
    outcomes: Sequence[str],
    years: Sequence[int],
    *,
    any_rape: bool = False,
) -> CitySeries:
    """Return the comparable rates of some cities.

    Parameters
    ----------
    city_year, breaks : pandas.DataFrame
        Panels ``city_year`` and ``series_breaks``.
    oris : iterable of str
        Agencies.
    outcomes : sequence of str
        Counts of `city_year` without suffix. ``violent`` holds only for years in which the city prints rape
        by the legacy definition, unless `any_rape`.
    years : sequence of int
        Years wanted, in order.
    any_rape : bool, optional
        Whether totals with revised rape count too.

    Raises
    ------
    UnknownPlaceError
        If an agency has no row at all.
    """
    wanted = sorted(set(oris))
    rows = city_year[city_year["ori"].isin(wanted)].sort_values(["ori", "year"]).reset_index(drop=True)
    if lost := sorted(set(wanted) - set(rows["ori"])):
        raise UnknownPlaceError(f"{len(lost)} agencies have no row, the first {lost[0]}.", where="city_year")
    why = {name: _reasons(rows, breaks, name, any_rape) for name in outcomes}
    good = {name: why[name].eq("") for name in outcomes}
    rate = {name: rows[f"{name}_per_100k"].where(good[name]) for name in outcomes}
    part = {name: series_segment(rows, breaks, name).astype(float).where(good[name]) for name in outcomes}
    wide = _Wide(rows, wanted, list(years))
    return CitySeries(
        values={name: wide(rate[name]) for name in outcomes},
        reasons={name: wide(why[name].astype(object)).fillna(REASONS["absent"]) for name in outcomes},
        segments={name: wide(part[name]) for name in outcomes},
        populations=wide(rows["population"].astype(float)),
    )


class _Wide:
    """Turn a column of rows into a table of agencies by years."""

    def __init__(self, rows: pd.DataFrame, oris: list[str], years: list[int]) -> None:
        self.keys = pd.MultiIndex.from_arrays([rows["ori"].astype(object), rows["year"]])
        self.oris, self.years = pd.Index(oris, dtype=object, name="ori"), pd.Index(years, name="year")

    def __call__(self, column: pd.Series) -> pd.DataFrame:
        table = pd.Series(column.to_numpy(), index=self.keys).unstack("year")
        return table.reindex(index=self.oris, columns=self.years)


def _statements(breaks: pd.DataFrame) -> pd.DataFrame:
    """Return the statements that can speak of a printed figure.

    That a state's figures are withheld does not: cities it excepts, Minneapolis and St. Paul, are printed.
    """
    of_state = breaks["level"].eq("state") & breaks["effect"].eq("withheld")
    return breaks[~of_state & breaks["break_kind"].ne(_ABOUT_COVERAGE)]


def _reasons(rows: pd.DataFrame, breaks: pd.DataFrame, outcome: str, any_rape: bool) -> pd.Series:
    about = _statements(breaks)
    faulty = has_break(rows, about, "withheld", outcome) | has_break(rows, about, "incomplete", outcome)
    revised = outcome in _WITH_LEGACY_RAPE and not any_rape
    tests = {
        "missing": rows[f"{outcome}_per_100k"].isna(),
        "revised": rows["rape_definition"].ne("legacy") & revised,
        "withheld": faulty,
        "exceptional": has_break(rows, about, "exceptional", outcome),
    }
    why = np.select(list(tests.values()), [REASONS[name] for name in tests], "")
    return pd.Series(why, index=rows.index)
