"""Grids of cells: numbers shaded by size, and states by colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.patches import Patch

from ...estimators.arrays import Floats
from .figures import Figure
from .style import FULL, INK, SEQUENTIAL, SOFT, house_style
from .values import number, steady


def coverage_heatmap(
    table: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    label: str,
    spec: str = ".0%",
    unit: str = "",
    limits: tuple[float, float] | None = None,
    values: bool = False,
    row_height: float = 0.2,
    width: float = FULL,
) -> Figure:
    """Return a table of numbers as shaded cells, rows by columns; missing cells are crossed out.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: row names; columns: usually years; values: shares or counts.
    caption, alt, label : str
        See `Figure`.
    spec : str, optional
        Format of the values.
    unit : str, optional
        Label of the colour bar.
    limits : (float, float), optional
        Values of the lightest and the darkest colour.
    values : bool, optional
        Whether to print the values in the cells.
    row_height, width : float, optional
        Inches.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    numbers = steady(table.to_numpy(float))
    low, high = limits or (float(np.nanmin(numbers)), float(np.nanmax(numbers)))
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, 0.6 + row_height * len(table)))
        mesh = axes.pcolormesh(numbers, cmap=SEQUENTIAL, norm=Normalize(low, high), edgecolor="white", lw=0.6)
        for row, column in np.argwhere(~np.isfinite(numbers)):
            axes.text(column + 0.5, row + 0.5, "×", ha="center", va="center", color=SOFT, fontsize=7)
        if values:
            _cell_values(axes, numbers, spec, (low + high) / 2)
        _heat_axes(axes, table)
        bar = drawing.colorbar(mesh, ax=axes, fraction=0.025, pad=0.015, format=lambda v, _: number(v, spec))
        bar.outline.set_visible(False)
        bar.set_label(unit)
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def status_grid(
    table: pd.DataFrame,
    colours: Mapping[str, str],
    *,
    caption: str,
    alt: str,
    label: str,
    width: float = FULL,
) -> Figure:
    """Return a table of statuses as coloured cells, rows by columns, with a legend.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: row names; columns: usually years; values: keys of `colours`.
    colours : mapping of str to str
        Colour of each status, in the order of the legend.
    caption, alt, label : str
        See `Figure`.
    width : float, optional
        Inches.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    codes = table.replace({status: code for code, status in enumerate(colours)}).to_numpy(int)
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, 0.75 + 0.165 * len(table)))
        axes.pcolormesh(
            codes,
            cmap=ListedColormap(list(colours.values())),
            vmin=-0.5,
            vmax=len(colours) - 0.5,
            edgecolor="white",
            lw=0.8,
        )
        _heat_axes(axes, table)
        handles = [Patch(color=colour, label=status) for status, colour in colours.items()]
        drawing.legend(handles=handles, loc="outside lower center", ncols=len(handles), handlelength=1)
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _cell_values(axes: Axes, numbers: Floats, spec: str, middle: float) -> None:
    for row, column in np.argwhere(np.isfinite(numbers)):
        value = numbers[row, column]
        colour = "white" if value > middle else INK
        axes.text(
            column + 0.5, row + 0.5, number(value, spec), ha="center", va="center", fontsize=6.5, color=colour
        )


def _heat_axes(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_yticks(np.arange(len(table)) + 0.5, [str(name) for name in table.index])
    step = max(1, int(np.ceil(len(table.columns) / 14)))
    places: Any = np.arange(0, len(table.columns), step)
    axes.set_xticks(places + 0.5, [str(table.columns[place]) for place in places])
    axes.invert_yaxis()
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
