"""Breaks that no single footnote states: definitions, coverage, and holes, read off the printed tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...errors import LayoutError
from ...sources.fbi_table8.defects import ABSENT_IN_2021, PROPERTY_DISAGREES, covers_only_large_cities
from ..agencies.matching import hand_matches

LARGE = 100_000
_FBI = "FBI"
_OURS = "computed from the printed tables"


def known_breaks(table8: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """Return the statements read off Table 8 as a whole, in the columns of `series_breaks`."""
    rows = [
        *rape_definitions(table8),
        *only_large_cities(table8),
        *los_angeles_assault_2005(table8, agencies),
        *illinois_rape_2005(table8),
        *property_disagreements(table8, agencies),
        *territory_changes(agencies),
        *unpublished_years(table8, agencies),
    ]
    return pd.DataFrame(rows)


def rape_definitions(table8: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the change of definition of rape: years in which both stand side by side, and the year after."""
    both = table8.groupby("year")[["rape_legacy", "rape_revised"]].count()
    years = both.index[(both > 0).all(axis=1)]
    first, last = int(years.min()), int(years.max())
    counts = "; ".join(
        f"{year}: {both.loc[year, 'rape_legacy']:,} legacy, {both.loc[year, 'rape_revised']:,} revised"
        for year in years
    )
    return [
        _row(
            "nation", first, last, "rape", "definition", "rape_definition",
            f"A city prints either the legacy or the revised definition of rape ({counts}).",
            _FBI, f"table8_{first}.xls, headings with footnotes 1 and 2, and each year to {last}",
        ),
        _row(
            "nation", last + 1, 2024, "rape", "definition", "rape_definition",
            "Only the revised definition of rape is printed.",
            _FBI, f"table8_{last + 1}.xls, heading with footnote 1",
        ),
    ]  # fmt: skip


def only_large_cities(table8: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the years in which cities below 10,000 people are not printed at all."""
    years = [int(year) for year in table8["year"].unique() if covers_only_large_cities(int(year))]
    return [
        _row(
            "nation", min(years), max(years), "all", "not_published", "coverage",
            "Only cities of 10,000 people or more are printed.",
            _FBI, f"table8_{min(years)}.xls to table8_{max(years)}.xls, title",
        )
    ]  # fmt: skip


def los_angeles_assault_2005(table8: pd.DataFrame, agencies: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the break of aggravated assault in Los Angeles, with both printed figures.

    Raises
    ------
    LayoutError
        If the figures are not printed, or do not fall by more than a third.
    """
    city = table8[(table8["state"] == "CA") & (table8["city"] == "Los Angeles")].set_index("year")
    before, after = (int(city["aggravated_assault"].to_dict()[year]) for year in (2004, 2005))
    if after > before * 2 / 3:
        raise LayoutError(
            f"Aggravated assault in Los Angeles goes from {before:,} to {after:,}: no break.",
            where="table8_2005.xls",
            remedy="Read the sheet and its footnotes again.",
        )
    why = (
        f"Aggravated assault falls from {before:,} in 2004 to {after:,} in 2005, the year the footnote names."
    )
    return [
        _row(
            "city", 2005, 2005, "aggravated_assault", "level_shift", "not_comparable", why,
            f"{_FBI} and {_OURS}", "table8_2005.xls, footnote 3", "CA", "Los Angeles",
            _ori(agencies, 2005, "CA", "Los Angeles"),
        )
    ]  # fmt: skip


def illinois_rape_2005(table8: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the year in which Illinois prints no rape although no footnote says so.

    Raises
    ------
    LayoutError
        If a city of Illinois prints one.
    """
    cities = table8[(table8["state"] == "IL") & (table8["year"] == 2005)]
    if cities["rape_legacy"].notna().any():
        raise LayoutError(
            "Illinois prints rape in 2005.", where="table8_2005.xls", remedy="Get the file again."
        )
    return [
        _row(
            "state", 2005, 2005, "rape_legacy", "withheld", "not_in_accordance",
            f"No city of {len(cities)} prints rape or a violent total; the notes of 2004 and 2006 say why.",
            _OURS, "absent from table8_2005.xls", "IL",
        )
    ]  # fmt: skip


def property_disagreements(table8: pd.DataFrame, agencies: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows whose printed property total is not the sum of its printed parts; both are kept."""
    rows = table8.set_index(["year", "state", "city"]).loc[list(PROPERTY_DISAGREES)].reset_index()
    return [
        _row(
            "city", row["year"], row["year"], "property", "inconsistent", "total_disagrees",
            f"The printed total is {row['property']:,}, its parts are {row['burglary']:,} burglaries, "
            f"{row['larceny']:,} larcenies and {row['motor_vehicle_theft']:,} motor vehicle thefts.",
            _OURS, f"{row['source_file']}, row {row['sheet_row']}", row["state"], row["city"],
            _ori(agencies, row["year"], row["state"], row["city"]),
        )
        for row in rows.to_dict("records")
    ]  # fmt: skip


def territory_changes(agencies: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the years in which an agency begins to police another territory, by the hand table.

    A territory held from one year to another breaks the series at its first year and after its last, where
    the agency is printed on the far side.
    """
    printed = agencies.dropna(subset=["ori"]).groupby("ori")["year"].agg(["min", "max"])
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    for row in hand_matches().query("other_territory").to_dict("records"):
        first, last = (
            (int(year) for year in printed.loc[row["ori"]]) if row["ori"] in printed.index else (0, 0)
        )
        starts = [row["first_year"]] if first < row["first_year"] <= last else []
        ends = [row["last_year"] + 1] if first <= row["last_year"] < last else []
        for year in (*starts, *ends):
            found.setdefault((row["state"], row["city"], year), _territory(row, year))
    return list(found.values())


def _territory(row: Mapping[Any, Any], year: int) -> dict[str, Any]:
    return _row(
        "city", year, year, "all", "level_shift", "territory", row["reason"], _OURS,
        "agency_hand.csv and the printed populations", row["state"], row["city"], row["ori"],
    )  # fmt: skip


def unpublished_years(table8: pd.DataFrame, agencies: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the holes of large agencies: years between two printed years in which nothing is printed.

    An agency is large when any printed population reaches 100,000. Four cities must be absent in 2021.

    Raises
    ------
    LayoutError
        If one of them is printed in 2021.
    """
    absent_large_cities_2021(table8)
    matched = agencies.dropna(subset=["ori"]).merge(
        table8[["year", "state", "city", "population"]], on=["year", "state", "city"], validate="1:1"
    )
    large = matched.groupby("ori")["population"].max() >= LARGE
    matched = matched[matched["ori"].isin(large.index[large.fillna(False)])].sort_values(["ori", "year"])
    following = matched.groupby("ori")["year"].shift(-1)
    holes = matched.assign(next_year=following)[(following - matched["year"]) > 1]
    return [_hole(row) for row in holes.to_dict("records")]


def absent_large_cities_2021(table8: pd.DataFrame) -> None:
    """Confirm that New York, Los Angeles, San Francisco and Chicago are not printed in 2021.

    Raises
    ------
    LayoutError
        If one is.
    """
    printed = set(zip(*(table8.loc[table8["year"] == 2021, name] for name in ("state", "city")), strict=True))
    if found := [city for city in ABSENT_IN_2021 if city in printed]:
        raise LayoutError(
            f"{found[0][1]}, {found[0][0]} is printed in 2021.",
            where="table8_2021.xlsx",
            remedy="This is another edition of the table: get the registered one.",
        )


def _ori(agencies: pd.DataFrame, year: int, state: str, city: str) -> str | None:
    found = agencies[(agencies["year"] == year) & (agencies["state"] == state) & (agencies["city"] == city)]
    return None if found.empty or found["ori"].isna().all() else str(found["ori"].iloc[0])


def _hole(row: Mapping[Any, Any]) -> dict[str, Any]:
    first, last = int(row["year"]) + 1, int(row["next_year"]) - 1
    return _row(
        "city", first, last, "all", "not_published", "hole",
        f"The agency is printed in {first - 1} and {last + 1}, and not between.",
        _OURS, f"absent from Table 8 of {first}" + (f" to {last}" if last > first else ""),
        row["state"], row["city"], row["ori"],
    )  # fmt: skip


def _row(
    level: str, first: int, last: int, offense: str, effect: str, kind: str, why: str, authority: str,
    printed_in: str, state: str = "", city: str = "", ori: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "level": level,
        "break_state": state,
        "break_city": city,
        "break_ori": ori,
        "first_year": first,
        "last_year": last,
        "offense": offense,
        "effect": effect,
        "break_kind": kind,
        "why": why,
        "authority": authority,
        "printed_in": printed_in,
    }
