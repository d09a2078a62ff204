"""Agencies of the city panel by state: counts, what may be compared with what, and the FBI's words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...studies.designs.city_series import REASONS, city_series
from .compact import dumped, packed, plain

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
LETTERS = dict(zip(REASONS.values(), "nmrwe", strict=True))


def city_shards(panels: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """Return what the explorer knows of every agency, one entry per state.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        ``city_year`` and ``series_breaks``.
    """
    cities = panels["city_year"].sort_values(["ori", "year"])
    marks = _marks(cities, panels["series_breaks"])
    tables = {
        name: _wide(cities, cities[name]) for name in ("population", *OFFENSES, *TOTALS, "homicide_printed")
    }
    printed = _wide(cities, pd.Series(1.0, index=cities.index)).notna()
    tables |= {f"sum of {total}": _sum_of(tables, total) for total in TOTALS}
    at = {ori: place for place, ori in enumerate(printed.index)}
    numbers, known = {name: table.to_numpy() for name, table in tables.items()}, printed.to_numpy()
    shards: dict[str, dict[str, Any]] = {}
    for row in cities.drop_duplicates("ori", keep="last").sort_values(["state", "ori"]).itertuples():
        shard = shards.setdefault(str(row.state), {"places": []})
        own = {name: values[at[row.ori]] for name, values in numbers.items()}
        shard["places"].append(_place(row, own, known[at[row.ori]]) | marks.get(str(row.ori), {}))
    for state, shard in shards.items():
        shard.update(state=state, first=FIRST, names=["population", *OFFENSES])
        shard.update(usual=_usual(shard["places"]), breaks=breaks_of(panels["series_breaks"], state))
    return shards


def _usual(places: list[dict[str, Any]]) -> dict[str, Any]:
    """Take the commonest new series out of the places and return it: most have rape's definition alone."""
    texts = Counter(dumped(place.get("starts", {})) for place in places)
    text, _ = texts.most_common(1)[0]
    usual = json.loads(text)
    for place in places:
        if place.get("starts", {}) == usual:
            place.pop("starts", None)
        else:
            place.setdefault("starts", {})
    return {"starts": usual}


def _wide(cities: pd.DataFrame, column: pd.Series) -> pd.DataFrame:
    """Return a column of rows as a table of agencies by years, missing where there is no row."""
    keys = pd.MultiIndex.from_arrays([cities["ori"].astype(object), cities["year"]])
    table = pd.Series(column.to_numpy(dtype=float, na_value=np.nan), index=keys).unstack("year")
    return table.reindex(columns=YEARS)


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
        [
            plain(row["break_ori"]) or "",
            int(row["first_year"]),
            int(row["last_year"]),
            str(row["offense"]),
            str(row["effect"]),
            at[str(row["why"])],
            at.get(str(row["printed_in"]), -1),
        ]
        for row in own.sort_values(["break_ori", "first_year", "offense"]).to_dict("records")
    ]


def _place(row: Any, own: Mapping[str, np.ndarray], known: np.ndarray) -> dict[str, Any]:
    bits = "".join("1" if one else "0" for one in known)
    columns = [packed(own[name][known], where=f"{row.ori} {name}") for name in ("population", *OFFENSES)]
    place = {
        "ori": row.ori,
        "name": row.city,
        "place": plain(row.place_fips),
        "county": plain(row.county_fips),
        "years": np.base_repr(int(bits, 2), 36) if "0" in bits else None,
        "data": ";".join("" if set(text) == {"."} else text for text in columns),
    }
    odd = {total: _unlike(own[total], own[f"sum of {total}"]) for total in TOTALS}
    place["totals"] = {total: years for total, years in odd.items() if years}
    place["homicide_printed"] = _unlike(own["homicide_printed"], own["homicide"])
    return {key: value for key, value in place.items() if value not in (None, {})}


def _unlike(given: np.ndarray, usual: np.ndarray) -> dict[str, int | None]:
    """Return by year what is given where it is not what is usual."""
    differs = (given != usual) & ~(np.isnan(given) & np.isnan(usual))
    return {
        str(year): None if np.isnan(value) else int(value)
        for year, value, one in zip(YEARS, given, differs, strict=True)
        if one
    }


def _sum_of(tables: Mapping[str, pd.DataFrame], total: str) -> pd.DataFrame:
    """Return a total from its parts, missing where a part is; of the two rapes one is enough."""
    either = [tables[name] for name in _ONE_OF.get(total, ())]
    first, *others = (tables[name] for name in TOTALS[total] if name not in _ONE_OF.get(total, ()))
    summed = first.copy()
    for part in others:
        summed = summed + part
    if either:
        known = either[0].notna() | either[1].notna()
        summed = (summed + either[0].fillna(0) + either[1].fillna(0)).where(known)
    return summed


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
        for ori, row in zip(letters.index, letters.to_numpy(dtype=object), strict=True):
            text = "".join(row)
            if set(text) & set("wer"):
                found.setdefault(str(ori), {}).setdefault("reasons", {})[outcome] = text
        for ori, years in _starts(series.segments[outcome]).items():
            found.setdefault(ori, {}).setdefault("starts", {})[outcome] = years
    return {ori: _merged(marks) for ori, marks in found.items()}


def _starts(segments: pd.DataFrame) -> dict[str, list[int]]:
    """Return the years in which a later comparable stretch begins, by agency; those with one are left out."""
    long = segments.reset_index().melt("ori", var_name="year", value_name="segment").dropna()
    long = long.astype({"year": "int64"})
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
