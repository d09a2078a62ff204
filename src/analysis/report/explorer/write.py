"""Write the explorer's data: scripts by state for the page, files for readers who want the numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ...panels import load
from ...studies import places
from ...studies.designs.city_sample import city_sample
from ...studies.staggered_cities.spec import SPEC as CITIES
from ...studies.staggered_counties.sample import county_sample
from ...studies.staggered_counties.spec import SPEC as COUNTIES
from .cities import city_shards, nation_breaks
from .compact import packed, plain, write_script
from .counties import county_shards
from .detainers import detainer_rows
from .downloads import place_files, state_archives, write_all
from .estimates import forest, power, specifications
from .policies import policies_of
from .shapes import outlines

_PANELS = (
    *["city_year", "series_breaks", "places", "policies", "policy_rows", "undated_places", "state_bans"],
    *["counties", "county_year", "county_2013_2014", "secure_communities", "state_year"],
    *["county_shapes", "state_shapes"],
)
#: Offenses for which the expected crimes of adopting cities are drawn.
_EXPECTED = ("violent_without_rape", "property", "homicide", "robbery", "motor_vehicle_theft")
_DEFINITIONS = {"cities_status": "status_inquiry", "cities_detainers": "detainers"}


def write_data(directory: Path, work: Path) -> dict[str, int]:
    """Write every script of the explorer, and the outlines that its tools turn into a topology.

    Parameters
    ----------
    directory : pathlib.Path
        Receives ``index.js``, ``city-CA.js`` and the others; made when absent.
    work : pathlib.Path
        Receives ``counties.geojson`` and ``states.geojson``.

    Returns
    -------
    dict of str to int
        Bytes of each script, by name.
    """
    panels = _loaded(_PANELS)
    directory.mkdir(parents=True, exist_ok=True)
    work.mkdir(parents=True, exist_ok=True)
    for name, text in outlines(panels).items():
        (work / f"{name}.geojson").write_text(text, "utf-8")
    return {name: write_script(directory, name, value).stat().st_size for name, value in _scripts(panels)}


def write_downloads(directory: Path) -> int:
    """Write the CSV, JSON and ZIP files at stable addresses under a directory; return how many."""
    panels = _loaded(("city_year", "county_year", "policy_rows"))
    return write_all(place_files(panels), directory) + write_all(state_archives(panels), directory)


def _loaded(names: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Return panels without their attributes, which pandas would copy with every row taken out of them."""
    panels = {name: load(name) for name in names}
    for frame in panels.values():
        frame.attrs = {}
    return panels


def _scripts(panels: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every script's name and value."""
    cities, counties = city_shards(panels), county_shards(panels)
    detainers = detainer_rows()
    yield "index", _index(panels, cities, counties, detainers is not None)
    yield "policies", policies_of(panels)
    if detainers is not None:
        yield "detainers", detainers
    yield "expected", _expected(panels)
    yield "compared", _compared(county_sample(panels, spec=COUNTIES).frame)
    yield "states", _states(panels)
    yield "specifications", specifications()
    _with_roles(cities, "ori", places.city_roles(panels))
    _with_roles(counties, "fips", places.county_roles(panels))
    for state, shard in cities.items():
        yield f"city-{state}", _as_rows(shard)
    for state, shard in counties.items():
        yield f"county-{state}", _as_rows(shard)
    yield "forest", forest()
    yield "power", power()


def _as_rows(shard: Mapping[str, Any]) -> dict[str, Any]:
    """Return a shard whose places are lists in the order of ``fields``, without the names in every one."""
    counted = Counter(name for place in shard["places"] for name in place)
    fields = [name for name, _ in counted.most_common()]
    rows = []
    for place in shard["places"]:
        row = [place.get(name, 0) for name in fields]
        while row[-1] == 0:
            row.pop()
        rows.append(row)
    return {**shard, "fields": fields, "places": rows}


def _with_roles(shards: Mapping[str, dict[str, Any]], key: str, roles: pd.DataFrame) -> None:
    """Put what each study does with each place into the shards.

    ``shard["roles"]`` lists the different parts ``[study, role, reason]``; a place has their positions, with
    ``partner`` and ``found`` (observed, expected, log ratio and interval) by study where there are any.
    """
    by_place: dict[str, list[dict[str, Any]]] = {}
    for row in roles.to_dict("records"):
        by_place.setdefault(row["id"], []).append({str(name): value for name, value in row.items()})
    for shard in shards.values():
        parts: dict[tuple[str, str, str], int] = {}
        for place in shard["places"]:
            rows = by_place.get(place[key])
            if rows is None:
                continue
            place["roles"] = [
                parts.setdefault((row["study"], row["role"], row["reason"]), len(parts)) for row in rows
            ]
            extra = {
                "partner": {row["study"]: row["partner"] for row in rows if row["partner"]},
                "found": {row["study"]: found for row in rows if (found := _found(row))},
            }
            place.update({name: values for name, values in extra.items() if values})
        shard["roles"] = [list(part) for part in parts]


def _found(row: Mapping[Any, Any]) -> list[Any]:
    numbers = [
        plain(row.get(name)) for name in ("observed", "expected", "log_ratio", "conf_low", "conf_high")
    ]
    finite = [None if number in (float("inf"), float("-inf")) else number for number in numbers]
    return finite if any(number is not None for number in finite) else []


def _counties_of(cities: Mapping[str, Any], named: set[str]) -> dict[str, str]:
    """Return the county of each agency that a policy row names: where the map draws its point."""
    own = (place for shard in cities.values() for place in shard["places"] if place["ori"] in named)
    return {place["ori"]: place["county"] for place in own if "county" in place}


def _index(
    panels: Mapping[str, pd.DataFrame],
    cities: Mapping[str, Any],
    counties: Mapping[str, Any],
    has_detainers: bool,
) -> dict[str, Any]:
    """Return the names of every place with their size, and what concerns all of them."""
    largest = panels["city_year"].groupby("ori")["population"].max()
    people = panels["counties"].set_index("fips")["population_2010"]
    named = set(panels["policy_rows"].loc[panels["policy_rows"]["kind"].eq("city"), "ori"].dropna())
    bound = set(panels["policy_rows"].loc[panels["policy_rows"]["kind"].eq("county"), "geoid"])
    return {
        "cities": {
            state: [
                [place["ori"], place["name"], plain(largest[place["ori"]]) or 0, int(place["ori"] in named)]
                for place in shard["places"]
            ]
            for state, shard in cities.items()
        },
        "counties": {
            state: [
                [
                    place["fips"],
                    place["name"],
                    plain(people.get(place["fips"])) or 0,
                    int(place["fips"] in bound),
                ]
                for place in shard["places"]
            ]
            for state, shard in counties.items()
        },
        "studies": places.STUDIES,
        "county_of": _counties_of(cities, named),
        "detainers": has_detainers,
        "nation": nation_breaks(panels["series_breaks"]),
    }


def _expected(panels: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the crimes expected of cities that adopted, by study, agency, offense and year."""
    found: dict[str, Any] = {}
    for study, definition in _DEFINITIONS.items():
        for offense in _EXPECTED:
            rules = replace(CITIES.rules, definition=definition, outcome=offense)
            paths = places.expected_paths(city_sample(panels, rules).frame, CITIES.horizon)
            for ori, rows in paths.groupby("ori"):
                found.setdefault(study, {}).setdefault(str(ori), {})[offense] = {
                    "years": rows["year"].tolist(),
                    "expected": rows["expected"].tolist(),
                }
    return found


def _compared(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the rates expected of every adopting county that has comparison counties, by period."""
    paths = places.county_paths(frame)
    counties = {
        str(fips): {
            "counties": int(rows["counties"].iloc[0]),
            **{
                name: [plain(value) for value in rows[name]]
                for name in rows
                if name not in ("fips", "counties")
            },
        }
        for fips, rows in paths.groupby("fips")
    }
    return {"period": COUNTIES.period, "adopters": sorted(set(frame.loc[frame["cohort"].gt(0), "fips"]))} | {
        "paths": counties
    }


def _states(panels: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the FBI's estimates of state totals by year, and each state's part in the study of laws."""
    roles = {row["id"]: row for row in places.state_roles(panels).to_dict("records")}
    years = range(1999, int(panels["state_year"]["year"].max()) + 1)
    rows: dict[str, Any] = {}
    for state, own in panels["state_year"].groupby("state"):
        by_year = own.set_index("year").reindex(years)
        columns = {
            name: packed(map(plain, by_year[name]), where=f"{state} {name}")
            for name in ("population", *[c for c in own.columns if c.endswith("_estimated")])
            if by_year[name].notna().any()
        }
        caveats = {str(year): text for year, text in by_year["caveats"].dropna().items() if text}
        role = roles.get(str(state))
        rows[str(state)] = {"columns": columns, "caveats": caveats} | (
            {"roles": [[role["study"], role["role"], role["reason"]]]} if role else {}
        )
    return {"first": years[0], "states": rows}
