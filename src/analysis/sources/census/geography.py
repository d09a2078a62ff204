"""Shapes of counties and states 2017 (Census Bureau's cartographic boundaries, TopoJSON of us-atlas).

Built from arcs that are shared and rounded, 22 counties are self-touching rings that no overlay accepts:
`make_valid` mends them. Falls Church, Virginia (51610) has vanished in the rounding: `drop_vanished` leaves
it out. States come from the file's own layer, never from dissolving counties.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ImpossibleValueError, LayoutError
from ..registry.tables import read_shapes
from ..registry.totals import reader

if TYPE_CHECKING:
    import geopandas

PATH = "geography/us_atlas_counties_10m.json"
#: Shapes of each layer, territories included.
ROWS = {"counties": 3231, "states": 56}
#: Degrees; the datum of the Census Bureau's boundary files.
DATUM = "EPSG:4269"
#: West, south, east and north of the fifty states in degrees; how far the drawn outlines may lie off.
EXTENT, EXTENT_TOLERANCE = (-179.14, 18.92, 179.77, 71.35), 0.1
#: Counties without an outline in the file.
VANISHED = ("51610",)


@reader("census.geography.read", PATH)
def read(layer: str) -> geopandas.GeoDataFrame:
    """Return ``fips, name, geometry`` of ``counties`` or ``states`` of the fifty states and the District.

    Raises
    ------
    LayoutError
        If the layer is not of the registered size, or a shape cannot be mended.
    """
    return parse(read_shapes(PATH, layer), layer, PATH)


def parse(shapes: geopandas.GeoDataFrame, layer: str, where: str) -> geopandas.GeoDataFrame:
    """Return the checked, mended and sorted shapes of a layer."""
    if len(shapes) != ROWS[layer] or shapes["id"].duplicated().any():
        raise LayoutError(
            f"Layer {layer} has {len(shapes)} shapes, or a code twice, not {ROWS[layer]} different ones.",
            where=where,
            remedy="Get the file again as data/raw/README.md says.",
        )
    shapes = shapes.rename(columns={"id": "fips"})[["fips", "name", "geometry"]].set_crs(
        DATUM, allow_override=True
    )
    kept = make_valid(drop_vanished(drop_territories(shapes), where), where)
    return require_extent(kept, where)


def require_extent(shapes: geopandas.GeoDataFrame, where: str) -> geopandas.GeoDataFrame:
    """Return the shapes if they reach from Hawaii to Alaska and across the date line, and no further.

    Raises
    ------
    ImpossibleValueError
        If not: the coordinates are scaled, shifted or exchanged.
    """
    off = np.abs(shapes.total_bounds - np.array(EXTENT))
    if not (off <= EXTENT_TOLERANCE).all():
        raise ImpossibleValueError(
            f"The shapes reach from {shapes.total_bounds.round(2).tolist()}, not {list(EXTENT)} degrees.",
            where=where,
            remedy="Get the file again.",
        )
    return shapes


def drop_vanished(shapes: geopandas.GeoDataFrame, where: str) -> geopandas.GeoDataFrame:
    """Leave out Falls Church, the one county whose outline is empty; raise LayoutError for any other."""
    empty = shapes.geometry.is_empty
    if not set(shapes.loc[empty, "fips"]) <= set(VANISHED):
        raise LayoutError(
            f"Shapes {sorted(shapes.loc[empty, 'fips'])} are empty.",
            where=where,
            remedy="Get the file again.",
        )
    return shapes[~empty].reset_index(drop=True)


def drop_territories(shapes: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Leave out Puerto Rico and the island areas: no crime file of this project covers them."""
    return shapes[shapes["fips"].str[:2] < "60"].sort_values("fips").reset_index(drop=True)


def make_valid(shapes: geopandas.GeoDataFrame, where: str) -> geopandas.GeoDataFrame:
    """Return polygons only, all valid; raise LayoutError for a shape that has no area left."""
    import shapely

    geometry = shapely.make_valid(shapes.geometry.to_numpy())
    mended = [_polygons(each) for each in geometry]
    if any(each.is_empty for each in mended):
        raise LayoutError("A shape has no area.", where=where, remedy="Get the file again.")
    return shapes.set_geometry(mended, crs=DATUM)


def _polygons(geometry: Any) -> Any:
    import shapely

    parts = [g for g in shapely.get_parts(geometry) if g.geom_type == "Polygon"]
    nested = [g for g in shapely.get_parts(geometry) if g.geom_type == "MultiPolygon"]
    parts += [p for g in nested for p in shapely.get_parts(g)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
