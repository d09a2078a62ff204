"""County maps from committed shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from .figures import Figure
from .style import FULL, INK, SOFT, house_style

NO_DATA = "#e9ebee"
ALBERS = "EPSG:5070"
#: Where Alaska and Hawaii are drawn: scale and shift in metres of the projected map.
_MOVED = {"AK": (0.32, -550_000, -1_000_000), "HI": (0.95, 4_780_000, -1_400_000)}


def albers_usa(shapes: Any) -> Any:
    """Return shapes on an equal-area map of the United States, Alaska (smaller) and Hawaii moved below.

    Parameters
    ----------
    shapes : geopandas.GeoDataFrame
        Any reference system, with a column ``state``.

    Returns
    -------
    geopandas.GeoDataFrame
    """
    moved = shapes.to_crs(ALBERS)
    for state, (scale, east, north) in _MOVED.items():
        here = moved["state"] == state
        placed = moved.geometry[here].scale(scale, scale, origin=(0, 0)).translate(east, north)
        moved.loc[here, moved.geometry.name] = placed
    return moved


def county_map(
    shapes: Any,
    classes: Mapping[str, str],
    colours: Mapping[str, str],
    *,
    caption: str,
    alt: str,
    label: str,
    states: Any = None,
    points: Any = None,
    width: float = FULL,
    height: float = 4.1,
) -> Figure:
    """Return a map of counties by class.

    Parameters
    ----------
    shapes : geopandas.GeoDataFrame
        Columns ``fips`` and ``geometry``, in a projected reference system, Alaska and Hawaii already moved.
    classes : mapping of str to str
        Class of each county by FIPS code; counties absent are drawn as without data.
    colours : mapping of str to str
        Colour of each class, in the order of the legend.
    caption, alt, label : str
        See `Figure`.
    states : geopandas.GeoDataFrame, optional
        State outlines.
    points : geopandas.GeoDataFrame, optional
        Cities, with columns ``class`` and ``geometry``; drawn as dots above the counties.
    width, height : float, optional
        Inches.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, height))
        kinds = shapes["fips"].map(classes)
        shapes.plot(
            ax=axes, color=[colours.get(kind, NO_DATA) for kind in kinds], lw=0.1, ec="white", rasterized=True
        )
        if states is not None:
            states.boundary.plot(ax=axes, color=SOFT, lw=0.35)
        if points is not None:
            _dots(axes, points, colours)
        axes.set_axis_off()
        axes.set_aspect("equal")
        _legend(axes, colours, [] if points is None else list(points["class"]))
    data = pd.DataFrame({"fips": shapes["fips"], "class": kinds}).dropna().sort_values("fips")
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label, data=data)


def _dots(axes: Axes, points: Any, colours: Mapping[str, str]) -> None:
    for kind, colour in colours.items():
        chosen = points[points["class"] == kind]
        if len(chosen):
            axes.scatter(
                chosen.geometry.x, chosen.geometry.y, s=11, color=colour, ec="white", lw=0.4, zorder=3
            )


def _legend(axes: Axes, colours: Mapping[str, str], dotted: list[str]) -> None:
    handles = [
        axes.plot(
            [], [], "o" if kind in dotted else "s", ms=5.5, color=colour, mec="white", mew=0.3, label=kind
        )[0]
        for kind, colour in colours.items()
    ]
    axes.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, -0.06),
        ncols=min(len(colours), 4),
        labelcolor=INK,
        handletextpad=0.3,
    )
