"""Outlines of counties and states as GeoJSON; the page's tools turn them into one small topology."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .compact import dumped


def outlines(panels: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return two GeoJSON texts: ``counties`` (id: FIPS) and ``states`` (id: USPS).

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        ``county_shapes`` and ``state_shapes``.
    """
    return {
        "counties": _collection(panels["county_shapes"], "fips"),
        "states": _collection(panels["state_shapes"], "state"),
    }


def _collection(shapes: pd.DataFrame, key: str) -> str:
    from shapely import wkt
    from shapely.geometry import mapping

    features: list[dict[str, Any]] = []
    for code, text in zip(shapes[key], shapes["shape_wkt"], strict=True):
        shape = wkt.loads(text)
        features.append(
            {"type": "Feature", "id": code, "properties": {}, "geometry": mapping(_clockwise(shape))}
        )
    return dumped({"type": "FeatureCollection", "features": features})


def _clockwise(shape: Any) -> Any:
    """Return a shape with clockwise outer rings, which spherical geometry of d3 reads as the small side."""
    from shapely.geometry import MultiPolygon
    from shapely.geometry.polygon import orient

    if shape.geom_type == "MultiPolygon":
        return MultiPolygon([orient(part, sign=-1.0) for part in shape.geoms])
    return orient(shape, sign=-1.0)
