"""Rebuild every panel from the raw files, in the order in which they need each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from ..paths import processed_dir
from ..sources.census.places import INTERCENSAL, POSTCENSAL
from ..sources.fbi_table8.table8 import YEARS, Workbook, read_workbook
from ..sources.policy.lists import read_doj_list, read_secure_communities
from ..sources.registry.files import family_files
from .agencies.index import agency_index
from .agencies.matching import AgencyMatch, UnmatchedAgencies, match_agencies
from .agencies.place_index import place_index, place_populations
from .breaks.series_breaks import KEYS as BREAK_KEYS
from .breaks.series_breaks import build_series_breaks
from .columns import validate
from .county_panels import COUNTY_PANELS
from .crime.city_year import KEYS as CITY_YEAR_KEYS
from .crime.city_year import RATES, CityYears, build_city_year, row_matches
from .crime.return_a import FILE as RETURN_A_FILE
from .crime.return_a import KEYS as RETURN_A_KEYS
from .crime.return_a import build_return_a_2013
from .geography.places import INPUTS as PLACE_INPUTS
from .geography.places import KEYS as PLACE_KEYS
from .geography.places import YEAR_KEYS as PLACE_YEAR_KEYS
from .geography.places import agencies_without_place, build_place_year, build_places
from .policies import federal
from .policies.build import INPUTS as POLICY_INPUTS
from .policies.build import KEYS as POLICY_KEYS
from .policies.build import build_policies, rows_without_policy
from .policies.gazetteer import gazetteer
from .store import write_panel

ROWS_BY_YEAR = "rows_by_year.csv"


@dataclass(frozen=True)
class Built:
    """One panel ready to be written.

    Attributes
    ----------
    frame : pandas.DataFrame
        Validated panel.
    keys : list of str
        Columns that identify a row.
    inputs : iterable of str
        Registered raw paths, and names of panels, it was built from.
    dropped : mapping of str to int
        Source rows that did not enter, by reason.
    rates : mapping of str to tuple
        Columns that loading computes: see `analysis.panels.store.write_panel`.
    counts : mapping of str to int
        Further counts for the manifest, such as rows by the method that matched them.
    """

    frame: pd.DataFrame
    keys: list[str]
    inputs: Iterable[str]
    dropped: Mapping[str, int] = field(default_factory=dict)
    rates: Mapping[str, tuple[str, str, float]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


class Materials:
    """What several builders need, read once a run: parsed workbooks, matches, and panels already built."""

    def __init__(self) -> None:
        self.built: dict[str, Built] = {}

    @cached_property
    def workbooks(self) -> list[Workbook]:
        """Table 8 of every year."""
        return [read_workbook(year) for year in YEARS]

    @cached_property
    def table8(self) -> pd.DataFrame:
        """Every printed city-year."""
        return pd.concat([book.frame for book in self.workbooks], ignore_index=True)

    @cached_property
    def matches(self) -> pd.DataFrame:
        """Agency, place and county of every printed city-year."""
        return row_matches(self.table8, self.match)

    @cached_property
    def match(self) -> AgencyMatch:
        """Table 8's rows matched to agencies, and what is left."""
        return match_agencies(self.table8, self.agencies, self.place_series[0])

    @cached_property
    def place_index(self) -> pd.DataFrame:
        """Every Census place by FIPS code."""
        return place_index()

    @cached_property
    def agencies(self) -> pd.DataFrame:
        """Every agency by ORI."""
        return agency_index(self.place_index)

    @cached_property
    def place_series(self) -> tuple[pd.DataFrame, dict[str, int]]:
        """Census population of places 2000-2019, and the places left out."""
        return place_populations(self.place_index)

    @cached_property
    def city_years(self) -> CityYears:
        """The city panel and its unmatched rows."""
        return build_city_year(self.table8, self.matches, self.built["series_breaks"].frame)

    @cached_property
    def policies(self) -> dict[str, pd.DataFrame]:
        """The panels of the list of dated policies by name."""
        return build_policies(self.gazetteer)

    @cached_property
    def gazetteer(self) -> pd.DataFrame:
        """Every place a policy may belong to."""
        return gazetteer(self.built["places"].frame, self.built["counties"].frame)


def build_all(
    progress: Callable[[str], None] | None = None,
    *,
    directory: Path | None = None,
    only: Iterable[str] | None = None,
) -> dict[str, Path]:
    """Rebuild and write the panels.

    Parameters
    ----------
    progress : callable, optional
        Called with each panel's name before it is built.
    directory : pathlib.Path, optional
        Where to write; the processed directory when omitted.
    only : iterable of str, optional
        Names of panels to write; those they need are built and not written. All when omitted.

    Returns
    -------
    dict of str to pathlib.Path
        Where each panel was written, in order.
    """
    directory = directory or processed_dir()
    wanted = list(BUILDERS) if only is None else list(only)
    last = max(list(BUILDERS).index(name) for name in wanted)
    materials, written = Materials(), {}
    for name in list(BUILDERS)[: last + 1]:
        if progress:
            progress(name)
        materials.built[name] = built = BUILDERS[name](materials)
        if name in wanted:
            written[name] = _write(name, built, directory)
    write_rows_by_year(directory)
    return written


def _write(name: str, built: Built, directory: Path) -> Path:
    return write_panel(
        name,
        built.frame,
        keys=built.keys,
        inputs=built.inputs,
        dropped=built.dropped,
        rates=built.rates,
        counts=built.counts,
        directory=directory,
    )


def write_rows_by_year(directory: Path) -> Path:
    """Write the rows a year of every panel in a directory, from their manifests: panel, year, rows."""
    lines = ["panel,year,rows"]
    for place in sorted(directory.glob("*.manifest.json")):
        manifest = json.loads(place.read_text("utf-8"))
        lines += [f"{manifest['panel']},{year},{rows}" for year, rows in manifest["rows_by_year"].items()]
    path = directory / ROWS_BY_YEAR
    part = path.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n", "utf-8")
    part.replace(path)
    return path


def _table8_files() -> list[str]:
    return [file.path for file in family_files("fbi_table8")]


def _crosswalk_files() -> list[str]:
    return [*[file.path for file in family_files("crosswalk")], INTERCENSAL, POSTCENSAL]


def _series_breaks(materials: Materials) -> Built:
    frame = build_series_breaks(materials.workbooks, materials.matches)
    return Built(frame, BREAK_KEYS, [*_table8_files(), *_crosswalk_files()])


def _city_year(materials: Materials) -> Built:
    lost = materials.city_years.unmatched["reason"].value_counts()
    inputs = [*_table8_files(), *_crosswalk_files(), "series_breaks"]
    dropped = {str(reason): int(rows) for reason, rows in lost.items()}
    counts = materials.match.counts
    return Built(materials.city_years.panel, CITY_YEAR_KEYS, inputs, dropped, RATES, counts)


def _unmatched_cities(materials: Materials) -> Built:
    inputs = [*_table8_files(), *_crosswalk_files()]
    return Built(materials.city_years.unmatched, ["year", "state", "city"], inputs)


def _unmatched_agencies(materials: Materials) -> Built:
    frame = materials.match.unmatched
    inputs = [*_table8_files(), *_crosswalk_files()]
    return Built(validate(frame, UnmatchedAgencies), ["state", "city"], inputs)


def _return_a_2013(_: Materials) -> Built:
    return Built(build_return_a_2013(), RETURN_A_KEYS, [RETURN_A_FILE])


def _places(materials: Materials) -> Built:
    cities = materials.built["city_year"].frame
    frame = build_places(cities, materials.agencies, materials.place_index, materials.place_series[0])
    lost = {"agency without a Census place": agencies_without_place(cities)}
    return Built(frame, PLACE_KEYS, PLACE_INPUTS, lost)


def _place_year(materials: Materials) -> Built:
    series, lost = materials.place_series
    frame = build_place_year(materials.built["places"].frame, series)
    lost = {**lost, "place-year without an agency in city_year": len(series) - len(frame)}
    return Built(frame, PLACE_YEAR_KEYS, [*PLACE_INPUTS, "places"], lost)


def _policy_panel(name: str) -> Callable[[Materials], Built]:
    def build(materials: Materials) -> Built:
        frames = materials.policies
        lost = rows_without_policy(frames["policy_rows"]) if name == "policies" else {}
        return Built(frames[name], POLICY_KEYS[name], POLICY_INPUTS[name], lost)

    return build


def _secure_communities(_: Materials) -> Built:
    frame = federal.secure_communities_panel(read_secure_communities())
    return Built(frame, federal.KEYS["secure_communities"], federal.INPUTS["secure_communities"])


def _doj_list(materials: Materials) -> Built:
    frame = federal.doj_panel(read_doj_list(), materials.gazetteer)
    return Built(frame, federal.KEYS["doj_list"], federal.INPUTS["doj_list"])


def _county_panel(name: str) -> Callable[[Materials], Built]:
    build, keys = COUNTY_PANELS[name]

    def builder(materials: Materials) -> Built:
        panel = build()
        return Built(panel.frame, keys, panel.inputs, panel.dropped, panel.rates)

    return builder


BUILDERS: dict[str, Callable[[Materials], Built]] = {
    **{name: _county_panel(name) for name in COUNTY_PANELS},
    "series_breaks": _series_breaks,
    "city_year": _city_year,
    "unmatched_cities": _unmatched_cities,
    "unmatched_agencies": _unmatched_agencies,
    "places": _places,
    "place_year": _place_year,
    "return_a_2013": _return_a_2013,
    **{name: _policy_panel(name) for name in POLICY_KEYS},
    "secure_communities": _secure_communities,
    "doj_list": _doj_list,
}
