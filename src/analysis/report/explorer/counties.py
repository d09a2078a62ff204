"""Counties by state: imputed counts by year, coverage, and what the panel says against comparing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from .compact import packed, plain

FIRST, LAST = 2000, 2017
YEARS = range(FIRST, LAST + 1)
OFFENSES = (
    *["homicide", "rape_legacy", "robbery", "aggravated_assault"],
    *["burglary", "larceny", "motor_vehicle_theft", "arson"],
)
TOTALS = ("violent_without_rape", "property", "violent")
#: Whole numbers of the county panel, written as differences.
_WHOLE = ("population_census", "population_covered", *[f"{name}_imputed" for name in (*OFFENSES, *TOTALS)])
#: Rates that have no count: the file of later years prints rates alone.
_RATES = ("violent_kaplan_per_100k", "property_with_arson_kaplan_per_100k", "kaplan_quality")
#: Which file the years of nearly every county come from.
_USUAL: list[list[Any]] = [[2000, 2012, "nacjd"], [2013, 2014, "none"], [2015, 2015, "kaplan"]]
_USUAL += [[2016, 2016, "none"], [2017, 2017, "kaplan"]]
_MARKS = ("is_partly_imputed", "is_borough_share", "is_illinois_before_2008", "is_low_coverage")
_READ = ("year", *_WHOLE, *_RATES, *_MARKS, "crime_series", "coverage")


def county_shards(panels: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """Return what the explorer knows of every county, one entry per state.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        ``county_year``, ``county_2013_2014`` and ``counties``.
    """
    years = panels["county_year"].sort_values(["fips", "year"])
    later = panels["county_2013_2014"].set_index("fips")
    about = panels["counties"].set_index("fips")
    pooled = [name for name in later.columns if name != "state" and not name.endswith("_per_100k")]
    given = {name: [plain(value) for value in years[name].tolist()] for name in _READ}
    shards: dict[str, dict[str, Any]] = {}
    for (state, fips), at in sorted(_rows_of(years).items()):
        shard = shards.setdefault(
            state,
            {
                "state": state,
                "first": FIRST,
                "names": list(_WHOLE),
                "pooled": pooled,
                "series": _USUAL,
                "places": [],
            },
        )
        place = {
            "fips": fips,
            "name": county_name(about, fips),
            **_columns(fips, {name: [values[row] for row in at] for name, values in given.items()}),
        }
        if fips in later.index:
            place["pooled"] = packed(map(plain, list(later.loc[fips, pooled])), where=f"{fips} 2013-2014")
        shard["places"].append(place)
    return shards


def _rows_of(years: pd.DataFrame) -> dict[tuple[str, str], list[int]]:
    """Return the positions of the rows of each state and county."""
    found: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(years["state"].tolist(), years["fips"].tolist(), strict=True)):
        found.setdefault(key, []).append(row)
    return found


def county_name(about: pd.DataFrame, fips: str) -> str:
    """Return a county's name, or its code where the county panel has no row of it."""
    return str(about["county_name"].get(fips, f"County {fips}"))


def _columns(fips: str, rows: Mapping[str, list[Any]]) -> dict[str, Any]:
    at = {year: place for place, year in enumerate(rows["year"])}
    by_year = {name: [values[at[y]] if y in at else None for y in YEARS] for name, values in rows.items()}
    whole = [packed(by_year[name], where=f"{fips} {name}").rstrip(".") for name in _WHOLE]
    sparse = {name: _sparse(by_year[name]) for name in _RATES}
    marks = {
        name: [year for year, value in zip(YEARS, by_year[name], strict=True) if value] for name in _MARKS
    }
    series = {str(year): str(name) for year, name in zip(YEARS, by_year["crime_series"], strict=True) if name}
    found: dict[str, Any] = {
        "data": ";".join(whole),
        "values": {name: values for name, values in sparse.items() if values},
        "marks": {name: found for name, found in marks.items() if found},
        "coverage": _unlike_whole(by_year["coverage"]),
    }
    if (runs := _runs(series)) != _USUAL:
        found["series"] = runs
    return {key: value for key, value in found.items() if value}


def _sparse(column: Sequence[Any]) -> dict[str, Any]:
    return {str(year): value for year, value in zip(YEARS, column, strict=True) if value is not None}


def _unlike_whole(coverage: Sequence[Any]) -> dict[str, Any]:
    """Return coverage by year where it is known and not 100 percent."""
    return {year: value for year, value in _sparse(coverage).items() if value != 100}


def _runs(series: Mapping[str, str]) -> list[list[Any]]:
    """Return ``[first year, last year, name]`` for each run of years with one source."""
    runs: list[list[Any]] = []
    for year, name in series.items():
        if runs and runs[-1][2] == name and runs[-1][1] == int(year) - 1:
            runs[-1][1] = int(year)
        else:
            runs.append([int(year), int(year), name])
    return runs
