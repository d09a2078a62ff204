"""The county and state panels by name: how each is built and the columns that identify a row."""

from __future__ import annotations

from collections.abc import Callable

from .crime.county_year import CountyPanel, build_county_2013_2014, build_county_year
from .crime.cross_checks import build_county_nibrs, build_state_clearance
from .crime.state_year import build_state_year
from .crime.state_year_2023 import build_state_year_2023
from .detainers.county import (
    build_county_detainers,
    build_county_detainers_pooled,
    build_detainer_facilities,
    build_detainer_facility,
)
from .geography.counties import build_counties
from .geography.shapes import build_county_shapes, build_state_shapes

COUNTY_PANELS: dict[str, tuple[Callable[[], CountyPanel], list[str]]] = {
    "county_year": (build_county_year, ["fips", "year"]),
    "county_2013_2014": (build_county_2013_2014, ["fips"]),
    "counties": (build_counties, ["fips"]),
    "state_year": (build_state_year, ["state", "year"]),
    "county_shapes": (build_county_shapes, ["fips"]),
    "state_shapes": (build_state_shapes, ["state"]),
    "state_year_2023": (build_state_year_2023, ["state", "year"]),
    "county_nibrs": (build_county_nibrs, ["fips", "year"]),
    "state_clearance": (build_state_clearance, ["state", "year"]),
    "detainer_facilities": (build_detainer_facilities, ["facility", "facility_city", "facility_state"]),
    "detainer_facility": (
        build_detainer_facility,
        ["facility", "facility_city", "facility_state", "year"],
    ),
    "county_detainers": (build_county_detainers, ["fips", "year"]),
    "county_detainers_pooled": (build_county_detainers_pooled, ["fips"]),
}
