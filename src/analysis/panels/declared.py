"""Every panel, declared once: add a line here, its builder beside its model, its rates to ``rates.py``."""

from __future__ import annotations

from collections.abc import Callable

import pandera.pandas as pa

from ..sources.census.places import INTERCENSAL, POSTCENSAL
from ..sources.policy.lists import read_doj_list, read_secure_communities
from ..sources.registry.files import family_files
from .agencies.matching import UnmatchedAgencies
from .breaks.series_breaks import SeriesBreaks, build_series_breaks
from .columns import validate
from .crime import city_year_rtci, cross_checks
from .crime.city_year import CityYear, UnmatchedCities
from .crime.county_year import County20132014, CountyYear, build_county_2013_2014, build_county_year
from .crime.return_a import FILE as RETURN_A_FILE
from .crime.return_a import ReturnA2013, build_return_a_2013
from .crime.state_year import StateYear, build_state_year
from .crime.state_year_2023 import StateYear2023, build_state_year_2023
from .detainers import county as detainers
from .geography import places, places_2000, shapes
from .geography.counties import Counties, build_counties
from .materials import Materials
from .panel import Built, Panel
from .policies import build as policies
from .policies import federal, models


def _alone(build: Callable[[], Built]) -> Callable[[Materials], Built]:
    """Return a builder that needs nothing of the run."""
    return lambda _: build()


def _table8_files() -> list[str]:
    return [file.path for file in family_files("fbi_table8")]


def _crosswalk_files() -> list[str]:
    return [*[file.path for file in family_files("crosswalk")], INTERCENSAL, POSTCENSAL]


def _series_breaks(materials: Materials) -> Built:
    frame = build_series_breaks(materials.workbooks, materials.matches)
    return Built(frame, [*_table8_files(), *_crosswalk_files()])


def _city_year(materials: Materials) -> Built:
    lost = materials.city_years.unmatched["reason"].value_counts()
    inputs = [*_table8_files(), *_crosswalk_files(), "series_breaks"]
    dropped = {str(reason): int(rows) for reason, rows in lost.items()}
    return Built(materials.city_years.panel, inputs, dropped, materials.match.counts)


def _unmatched_cities(materials: Materials) -> Built:
    return Built(materials.city_years.unmatched, [*_table8_files(), *_crosswalk_files()])


def _unmatched_agencies(materials: Materials) -> Built:
    frame = validate(materials.match.unmatched, UnmatchedAgencies)
    return Built(frame, [*_table8_files(), *_crosswalk_files()])


def _return_a_2013(_: Materials) -> Built:
    return Built(build_return_a_2013(), [RETURN_A_FILE])


def _places(materials: Materials) -> Built:
    cities = materials.built["city_year"].frame
    series = materials.place_series[0]
    frame = places.build_places(cities, materials.agencies, materials.place_index, series)
    lost = {"agency without a Census place": places.agencies_without_place(cities)}
    return Built(frame, places.INPUTS, lost)


def _place_year(materials: Materials) -> Built:
    series, lost = materials.place_series
    frame = places.build_place_year(materials.built["places"].frame, series)
    lost = {**lost, "place-year without an agency in city_year": len(series) - len(frame)}
    return Built(frame, [*places.INPUTS, "places"], lost)


def _places_2000(_: Materials) -> Built:
    return Built(places_2000.build_places_2000(), places_2000.INPUTS, {"empty row": 1})


def _city_year_rtci(materials: Materials) -> Built:
    frame, dropped = city_year_rtci.build_city_year_rtci(materials.built["city_year"].frame)
    return Built(frame, city_year_rtci.INPUTS, dropped)


def _policies(materials: Materials) -> Built:
    frames = materials.policies
    lost = policies.rows_without_policy(frames["policy_rows"])
    return Built(frames["policies"], policies.INPUTS["policies"], lost)


def _policy_panel(name: str) -> Callable[[Materials], Built]:
    return lambda materials: Built(materials.policies[name], policies.INPUTS[name])


def _secure_communities(_: Materials) -> Built:
    frame = federal.secure_communities_panel(read_secure_communities())
    return Built(frame, federal.INPUTS["secure_communities"])


def _doj_list(materials: Materials) -> Built:
    frame = federal.doj_panel(read_doj_list(), materials.gazetteer)
    return Built(frame, federal.INPUTS["doj_list"])


def _of_the_list(
    name: str, model: type[pa.DataFrameModel], build: Callable[[Materials], Built] | None = None
) -> Panel:
    """Return a panel of the list of dated policies: its codes are checked against places and counties."""
    return Panel(name, model, build or _policy_panel(name), needs=("places", "counties"))


PANELS: dict[str, Panel] = {
    panel.name: panel
    for panel in (
        Panel("county_year", CountyYear, _alone(build_county_year)),
        Panel("county_2013_2014", County20132014, _alone(build_county_2013_2014)),
        Panel("counties", Counties, _alone(build_counties)),
        Panel("state_year", StateYear, _alone(build_state_year)),
        Panel("county_shapes", shapes.CountyShapes, _alone(shapes.build_county_shapes)),
        Panel("state_shapes", shapes.StateShapes, _alone(shapes.build_state_shapes)),
        Panel("state_year_2023", StateYear2023, _alone(build_state_year_2023)),
        Panel("county_nibrs", cross_checks.CountyNibrs, _alone(cross_checks.build_county_nibrs)),
        Panel("state_clearance", cross_checks.StateClearance, _alone(cross_checks.build_state_clearance)),
        Panel(
            "detainer_facilities", detainers.DetainerFacilities, _alone(detainers.build_detainer_facilities)
        ),
        Panel("detainer_facility", detainers.DetainerFacility, _alone(detainers.build_detainer_facility)),
        Panel("county_detainers", detainers.CountyDetainers, _alone(detainers.build_county_detainers)),
        Panel(
            "county_detainers_pooled",
            detainers.CountyDetainersPooled,
            _alone(detainers.build_county_detainers_pooled),
        ),
        Panel("series_breaks", SeriesBreaks, _series_breaks),
        Panel("city_year", CityYear, _city_year, needs=("series_breaks",)),
        Panel("unmatched_cities", UnmatchedCities, _unmatched_cities, needs=("series_breaks",)),
        Panel("unmatched_agencies", UnmatchedAgencies, _unmatched_agencies),
        Panel("places", places.Places, _places, needs=("city_year",)),
        Panel("place_year", places.PlaceYear, _place_year, needs=("places",)),
        Panel("return_a_2013", ReturnA2013, _return_a_2013),
        Panel("places_2000", places_2000.Places2000, _places_2000),
        Panel("city_year_rtci", city_year_rtci.CityYearRtci, _city_year_rtci, needs=("city_year",)),
        _of_the_list("policies", models.Policies, _policies),
        _of_the_list("policy_rows", models.PolicyRows),
        _of_the_list("state_bans", models.StateBans),
        _of_the_list("undated_places", models.UndatedPlaces),
        _of_the_list("refused_votes", models.RefusedVotes),
        Panel("secure_communities", models.SecureCommunities, _secure_communities),
        Panel("doj_list", models.DojList, _doj_list, needs=("places", "counties")),
    )
}
