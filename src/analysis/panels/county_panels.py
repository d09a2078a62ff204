"""The county and state panels by name: how each is built and the columns that identify a row."""

from __future__ import annotations

from collections.abc import Callable

from .crime.county_year import CountyPanel, build_county_2013_2014, build_county_year
from .crime.state_year import build_state_year
from .geography.counties import build_counties
from .geography.shapes import build_county_shapes, build_state_shapes

COUNTY_PANELS: dict[str, tuple[Callable[[], CountyPanel], list[str]]] = {
    "county_year": (build_county_year, ["fips", "year"]),
    "county_2013_2014": (build_county_2013_2014, ["fips"]),
    "counties": (build_counties, ["fips"]),
    "state_year": (build_state_year, ["state", "year"]),
    "county_shapes": (build_county_shapes, ["fips"]),
    "state_shapes": (build_state_shapes, ["state"]),
}
