"""The numbers in a drawing: every line, point, bar and interval that matplotlib was given, as one table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

COLUMNS = ["panel", "series", "kind", "x", "y", "x_end", "y_end", "label"]
_DIGITS = 9


def drawn_data(drawing: Drawing) -> pd.DataFrame:
    """Return what a drawing shows, one row per point, in data coordinates.

    Parameters
    ----------
    drawing : matplotlib.figure.Figure
        A drawing that is not closed yet.

    Returns
    -------
    pandas.DataFrame
        ``panel`` (number of the axes, or its title), ``series`` (its label, or number), ``kind`` (line,
        points, interval, bar, cell), ``x, y``, for intervals and bars their other end, and ``label``, the
        name on the axis at that place. Lines across the whole axes (zero, levels) are left out.

    Notes
    -----
    Coordinates are those of the axes, so that a logarithmic axis gives the values printed on it.
    """
    rows: list[dict[str, Any]] = []
    for number, axes in enumerate(drawing.axes, 1):
        panel = axes.get_title("left") or axes.get_title() or str(number)
        names = _tick_names(axes)
        for row in _rows(axes):
            rows.append({"panel": panel, **row, "label": names.get(_place(row["y"]), "")})
    return pd.DataFrame(rows, columns=COLUMNS).dropna(axis=1, how="all")


def csv_of(table: pd.DataFrame) -> str:
    """Return a table as CSV with Unix line ends and nine significant digits, nothing for an empty one."""
    if table.empty:
        return ""
    return table.to_csv(index=False, float_format=f"%.{_DIGITS}g", lineterminator="\n")


def _place(value: Any) -> float:
    return round(float(value), 6)


def _tick_names(axes: Axes) -> dict[float, str]:
    """Return the written names of the value axis at their places; numbers are not names."""
    texts = zip(axes.get_yticks(), axes.get_yticklabels(), strict=False)
    named = {_place(at): text.get_text() for at, text in texts}
    return {at: text for at, text in named.items() if text and not _is_number(text)}


def _is_number(text: str) -> bool:
    return not text.strip("0123456789.,-+−–%$ ")


def _rows(axes: Axes) -> Iterator[dict[str, Any]]:
    yield from _lines(axes)
    yield from _collections(axes)
    yield from _bars(axes)


def _lines(axes: Axes) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(axes.get_lines(), 1):
        if line.get_transform() != axes.transData:
            continue
        kind = "points" if line.get_linestyle() in ("None", "none", "") else "line"
        x, y = (np.asarray(values, dtype=float) for values in (line.get_xdata(), line.get_ydata()))
        for here, there in zip(x, y, strict=True):
            yield {"series": _label(line, number), "kind": kind, "x": here, "y": there}


def _collections(axes: Axes) -> Iterator[dict[str, Any]]:
    from matplotlib.collections import LineCollection, PathCollection, QuadMesh

    for number, part in enumerate(axes.collections, 1):
        series = _label(part, number)
        if isinstance(part, LineCollection):
            for segment in part.get_segments():
                if len(segment) == 2:
                    (x, y), (x_end, y_end) = segment
                    yield {
                        "series": series,
                        "kind": "interval",
                        "x": x,
                        "y": y,
                        "x_end": x_end,
                        "y_end": y_end,
                    }
        elif isinstance(part, PathCollection):
            for x, y in np.ma.filled(np.ma.asarray(part.get_offsets(), dtype=float), np.nan):
                yield {"series": series, "kind": "points", "x": x, "y": y}
        elif isinstance(part, QuadMesh):
            yield from _mesh(part, series)


def _mesh(part: Any, series: str) -> Iterator[dict[str, Any]]:
    values = np.ma.filled(np.ma.asarray(part.get_array()).astype(float), np.nan)
    corners = np.asarray(part.get_coordinates())
    if values.ndim != 2:
        values = values.reshape(corners.shape[0] - 1, corners.shape[1] - 1)
    for (row, column), value in np.ndenumerate(values):
        x, y = (corners[row, column] + corners[row + 1, column + 1]) / 2
        yield {"series": series, "kind": "cell", "x": x, "y": y, "x_end": value}


def _bars(axes: Axes) -> Iterator[dict[str, Any]]:
    from matplotlib.patches import Rectangle

    for number, patch in enumerate(axes.patches, 1):
        if isinstance(patch, Rectangle) and patch.get_transform().contains_branch(axes.transData):
            (x, y), width, height = patch.get_xy(), patch.get_width(), patch.get_height()
            middle = {"y": y + height / 2} if abs(width) >= abs(height) else {"y": y}
            yield {
                "series": _label(patch, number),
                "kind": "bar",
                "x": x,
                **middle,
                "x_end": x + width,
                "y_end": y + height,
            }


def _label(artist: Any, number: int) -> str:
    text = str(artist.get_label() or "")
    return str(number) if not text or text.startswith("_") else text
