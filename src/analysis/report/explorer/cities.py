"""Agencies of the city panel by state: counts, what may be compared with what, and the FBI's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...studies.designs.city_series import REASONS, city_series
from .compact import differences, plain

FIRST, LAST = 1999, 2024
YEARS = range(FIRST, LAST + 1)
#: Counts as the panel names them; the totals among them are written only where they differ from their parts.
OFFENSES = (
    *["homicide", "rape_legacy", "rape_revised", "robbery", "aggravated_assault"],
    *["burglary", "larceny", "motor_vehicle_theft", "arson"],
)
TOTALS = {
    "violent_without_rape": ("homicide", "robbery", "aggravated_assault"),
    "property": ("burglary", "larceny", "motor_vehicle_theft"),
    "violent": ("homicide", "rape_legacy", "rape_revised", "robbery", "aggravated_assault"),
}
#: Totals whose parts need not all be printed: a year prints rape by one definition.
_ONE_OF = {"violent": ("rape_legacy", "rape_revised")}
#: One letter a reason, in the order of `REASONS`; a dot is a figure that can be compared.
LETTERS = {text: letter for text, letter in zip(REASONS.values(), "nmrwe", strict=True)}


def city_shards(panels: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """Return what the explorer knows of every agency, one entry per state.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        ``city_year``, ``series_breaks`` and ``places``.
    """
    cities = panels["city_year"].sort_values(["ori", "year"])
    marks = _marks(cities, panels["series_breaks"])
    names = _names(panels["places"])
    shards: dict[str, dict[str, Any]] = {}
    for (state, ori), rows in cities.groupby(["state", "ori"], sort=True):
        shard = shards.setdefault(str(state), {"places": []})
        shard["places"].append(_place(str(ori), rows, names) | marks.get(str(ori), {}))
    for state, shard in shards.items():
        shard.update(state=state, first=FIRST, breaks=breaks_of(panels["series_breaks"], state))
    return shards


def breaks_of(breaks: pd.DataFrame, state: str) -> dict[str, Any]:
    """Return the statements on one state and its agencies: ``texts``, and rows that point at them.

    A row is ``[ori or "", first year, last year, offense, effect, text, printed in]``.
    """
    own = breaks[breaks["break_state"].eq(state)]
    own = own[own["level"].eq("state") | own["break_ori"].notna()]
    return {"texts": (texts := _distinct(own)), "rows": _statements(own, texts)}


def nation_breaks(breaks: pd.DataFrame) -> dict[str, Any]:
    """Return the statements that concern every agency, as `breaks_of` does."""
    own = breaks[breaks["level"].eq("nation")]
    return {"texts": (texts := _distinct(own)), "rows": _statements(own, texts)}


def _distinct(own: pd.DataFrame) -> list[str]:
    return sorted({str(text) for name in ("why", "printed_in") for text in own[name].dropna()})


def _statements(own: pd.DataFrame, texts: list[str]) -> list[list[Any]]:
    at = {text: place for place, text in enumerate(texts)}
    return [
        [plain(row["break_ori"]) or "", int(row["first_year"]), int(row["last_year"]), str(row["offense"])]
        + [str(row["effect"]), at[str(row["why"])], at.get(str(row["printed_in"]), -1)]
        for row in own.sort_values(["break_ori", "first_year", "offense"]).to_dict("records")
    ]


def _names(places: pd.DataFrame) -> pd.DataFrame:
    return places.set_index("place_fips")[["place_name"]]


def _place(ori: str, rows: pd.DataFrame, names: pd.DataFrame) -> dict[str, Any]:
    last = rows.iloc[-1]
    by_year = rows.set_index("year").reindex(YEARS)
    printed = "".join("1" if year in set(rows["year"]) else "0" for year in YEARS)
    place = {
        "ori": ori,
        "name": str(last["city"]),
        "place": plain(last["place_fips"]),
        "county": plain(last["county_fips"]),
        "years": printed if "0" in printed else 1,
    }
    columns = {
        name: differences(map(plain, by_year[name]), where=f"{ori} {name}")
        for name in ("population", *OFFENSES)
        if by_year[name].notna().any()
    }
    return {key: value for key, value in place.items() if value is not None} | {
        "columns": columns,
        **_totals(by_year),
        **_printed_homicide(by_year),
    }


def _totals(by_year: pd.DataFrame) -> dict[str, Any]:
    """Return the totals of the years in which they are not the sum of their parts."""
    odd = {}
    for total, parts in TOTALS.items():
        given, summed = by_year[total], sum_of(by_year, total)
        differs = given.ne(summed).fillna(given.notna() ^ summed.notna()).astype(bool)
        if differs.any():
            odd[total] = {str(year): plain(given[year]) for year in by_year.index[differs]}
    return {"totals": odd} if odd else {}


def sum_of(rows: pd.DataFrame, total: str) -> pd.Series:
    """Return a total from its parts, missing where a part is; of the two rapes one is enough."""
    either = _ONE_OF.get(total, ())
    parts = rows[[name for name in TOTALS[total] if name not in either]]
    summed = parts.astype("Float64").sum(axis=1, skipna=False)
    if either:
        one = rows[list(either)].astype("Float64")
        known = one.notna().any(axis=1)
        summed = (summed + one.sum(axis=1)).where(known)
    return summed


def _printed_homicide(by_year: pd.DataFrame) -> dict[str, Any]:
    differs = by_year["homicide_printed"].ne(by_year["homicide"]).fillna(False).astype(bool)
    if not differs.any():
        return {}
    return {"homicide_printed": {str(year): int(by_year["homicide_printed"][year]) for year in by_year.index[differs]}}


def _marks(cities: pd.DataFrame, breaks: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return by agency which figures cannot be compared, and in which years a new series begins.

    ``reasons`` maps offenses to one letter per year (`LETTERS`), ``starts`` to the first years of later
    stretches; offenses with nothing to say are left out.
    """
    outcomes = [*OFFENSES, *TOTALS]
    series = city_series(cities, breaks, set(cities["ori"]), outcomes, list(YEARS), any_rape=True)
    found: dict[str, dict[str, Any]] = {}
    for outcome in outcomes:
        letters = series.reasons[outcome].replace({"": "."}).replace(LETTERS)
        for ori, text in letters.agg("".join, axis=1).items():
            if set(text) & set("wer"):
                found.setdefault(str(ori), {}).setdefault("reasons", {})[outcome] = text
        for ori, years in _starts(series.segments[outcome]).items():
            found.setdefault(ori, {}).setdefault("starts", {})[outcome] = years
    return {ori: _merged(marks) for ori, marks in found.items()}


def _starts(segments: pd.DataFrame) -> dict[str, list[int]]:
    """Return the years in which a later comparable stretch begins, by agency; those with one are left out."""
    long = segments.stack().rename("segment").reset_index()
    first = long.groupby(["ori", "segment"])["year"].min().reset_index().sort_values(["ori", "year"])
    later = first[first.duplicated("ori")]
    return {str(ori): [int(year) for year in years] for ori, years in later.groupby("ori")["year"]}


def _merged(marks: dict[str, Any]) -> dict[str, Any]:
    """Return marks with the offenses that share them under one key, joined by spaces."""
    merged: dict[str, Any] = {}
    for kind, by_offense in marks.items():
        shared: dict[str, list[str]] = {}
        for offense, value in by_offense.items():
            shared.setdefault(str(value), []).append(offense)
        merged[kind] = {" ".join(names): by_offense[names[0]] for names in shared.values()}
    return merged
