"""Outlines of counties and states for maps: the `county_shapes` and `state_shapes` panels, and reading them.

Outlines are kept as well-known text in degrees with three decimals (about 100 m), so that a panel is a table
like any other and its bytes are the same on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ...sources.census import geography
from ...sources.states import usps_by
from ..columns import panel_model, validate
from ..panel import Built
from ..store import load
from .fips_changes import changes

if TYPE_CHECKING:
    import geopandas

#: Decimals of a degree kept; shapes are snapped to that grid together, so that neighbours still meet.
GRID = 0.001
#: Equal-area projection in which centres are taken (NAD83, conterminous United States Albers).
EQUAL_AREA = "EPSG:5070"

CountyShapes = panel_model(
    "CountyShapes", ["fips", "state", "shape_wkt"], keys=["fips"], doc="One row a county."
)
StateShapes = panel_model("StateShapes", ["state", "shape_wkt"], keys=["state"], doc="One row a state.")


def build_county_shapes() -> Built:
    """Return county outlines: 3,140, Falls Church having none and Kalawao lying within Maui."""
    outlines = county_outlines()
    frame = pd.DataFrame(
        {"fips": outlines["fips"], "state": _state(outlines["fips"]), "shape_wkt": _text(outlines)}
    )
    lost = {"51610: outline lost in the source's rounding": 1, "15005: joined to 15009": 1}
    return Built(validate(frame, CountyShapes), [geography.PATH], lost)


def build_state_shapes() -> Built:
    """Return outlines of the fifty states and the District of Columbia."""
    outlines = geography.read("states")
    frame = pd.DataFrame({"state": _state(outlines["fips"]), "shape_wkt": _text(outlines)})
    return Built(
        validate(frame.sort_values("state").reset_index(drop=True), StateShapes), [geography.PATH], {}
    )


def load_shapes(name: str) -> geopandas.GeoDataFrame:
    """Return ``county_shapes`` or ``state_shapes`` as a GeoDataFrame in EPSG:4269.

    Raises
    ------
    MissingFileError, AlteredFileError
        As `store.load`.
    """
    import geopandas

    frame = load(name)
    geometry = geopandas.GeoSeries.from_wkt(frame["shape_wkt"], crs=geography.DATUM)
    return geopandas.GeoDataFrame(frame.drop(columns="shape_wkt"), geometry=geometry)


def county_outlines() -> geopandas.GeoDataFrame:
    """Return ``fips, geometry`` of the counties of this project, from the registered file."""
    shapes = geography.read("counties")[["fips", "geometry"]]
    absorbed = {c["code"]: c["becomes"] for c in changes() if c["kind"] == "absorb"}
    shapes = shapes.assign(fips=shapes["fips"].replace(absorbed))
    several = shapes["fips"].duplicated(keep=False)
    joined = shapes[several].dissolve(by="fips").reset_index()
    return pd.concat([shapes[~several], joined]).sort_values("fips", ignore_index=True)


def centroids(outlines: geopandas.GeoDataFrame) -> pd.DataFrame:
    """Return ``fips, centroid_latitude, centroid_longitude`` (degrees), centres of area."""
    points = outlines.geometry.to_crs(EQUAL_AREA).centroid.to_crs(geography.DATUM)
    columns = {"centroid_latitude": points.y.round(4), "centroid_longitude": points.x.round(4)}
    return pd.DataFrame({"fips": outlines["fips"], **columns})


def _state(fips: pd.Series) -> pd.Series:
    return fips.str[:2].map(usps_by("state_fips"))


def _text(outlines: geopandas.GeoDataFrame) -> list[str]:
    import shapely

    snapped = shapely.set_precision(outlines.geometry.to_numpy(), GRID, mode="valid_output")
    lost = shapely.is_empty(snapped)
    snapped[lost] = outlines.geometry.to_numpy()[lost]
    return list(shapely.to_wkt(shapely.normalize(snapped), rounding_precision=3, trim=True))
