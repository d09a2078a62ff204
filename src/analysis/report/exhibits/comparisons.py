"""Comparisons of groups as figures: before against after by unit, differences by year, what could be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from .figures import Figure
from .style import BLUE, CYCLE, FAINT, FULL, INK, RUST, SLATE, SOFT, house_style
from .values import number, steady


def slope_plot(
    rows: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    label: str,
    xlabel: str,
    spec: str = ",.0f",
    width: float = FULL,
    height: float | None = None,
) -> Figure:
    """Return an arrow a unit from its value before to its value after, rises and falls in two colours.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns ``name, before, after``, optionally ``note`` (printed at the right) and ``strong`` (bool:
        drawn full; the others pale); from top to bottom.
    caption, alt, label : str
        See `Figure`.
    xlabel : str
        Quantity with its unit.
    spec : str, optional
        Format of values on the axis.
    width, height : float, optional
        Inches; the height follows the number of rows when omitted.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    rows = rows.reset_index(drop=True)
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, height or 0.9 + 0.19 * len(rows)))
        axes.hlines(
            range(len(rows)), 0, 1, transform=axes.get_yaxis_transform(), color=FAINT, lw=0.4, zorder=0
        )
        for at, row in rows.iterrows():
            _arrow(axes, at, row)
        axes.set_yticks(range(len(rows)), rows["name"])
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.set_xlabel(xlabel)
        axes.xaxis.set_major_formatter(lambda value, _: number(value, spec))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        _slope_legend(axes)
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _arrow(axes: Axes, at: Any, row: pd.Series) -> None:
    before, after = steady([row["before"], row["after"]])
    colour = RUST if after > before else BLUE
    alpha = 1.0 if row.get("strong", True) else 0.4
    look = {"arrowstyle": "-|>", "color": colour, "lw": 1.5, "shrinkA": 0, "shrinkB": 0, "alpha": alpha}
    axes.annotate("", (after, at), (before, at), arrowprops={**look, "mutation_scale": 8})
    axes.plot([before], [at], "o", ms=3.5, mfc="white", mec=colour, alpha=alpha, zorder=3)
    axes.plot([after], [at], ".", ms=1, color=colour, alpha=0)
    if row.get("note", ""):
        axes.text(1.01, at, row["note"], transform=axes.get_yaxis_transform(), va="center", fontsize=7.5)


def _slope_legend(axes: Axes) -> None:
    handles = [
        axes.plot([], [], "o-", color=colour, mfc="white", mec=colour, ms=3.5, label=text)[0]
        for colour, text in ((RUST, "rose"), (BLUE, "fell"))
    ]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)


def differences_by_year(
    panels: Mapping[str, Mapping[str, pd.DataFrame]],
    *,
    caption: str,
    alt: str,
    label: str,
    ylabel: str,
    columns: int = 2,
    limits: Mapping[str, tuple[float, float]] | None = None,
    width: float = FULL,
    height: float | None = None,
) -> Figure:
    """Return differences of groups by year with intervals, several estimators side by side in each panel.

    Parameters
    ----------
    panels : mapping of str to mapping of str to pandas.DataFrame
        By panel title and estimator: ``year, estimate, conf_low, conf_high``.
    caption, alt, label : str
        See `Figure`.
    ylabel : str
        Quantity with its unit.
    columns : int, optional
        Panels a row.
    limits : mapping of str to (float, float), optional
        Range of a panel's axis, where wide intervals would hide the rest; what passes it is cut off.
    width, height : float, optional
        Inches.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    rows = -(-len(panels) // columns)
    with house_style():
        drawing, grid = plt.subplots(
            rows, columns, figsize=(width, height or 2.3 * rows + 0.4), squeeze=False, sharex=True
        )
        for axes, (title, series) in zip(grid.flat, panels.items(), strict=False):
            _year_panel(axes, series)
            axes.set_title(title)
            axes.set_ylim((limits or {}).get(title))
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_visible(False)
        drawing.supylabel(ylabel, fontsize=8.5)
        handles, names = grid.flat[0].get_legend_handles_labels()
        drawing.legend(handles, names, loc="outside lower center", ncols=len(names))
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _year_panel(axes: Axes, series: Mapping[str, pd.DataFrame]) -> None:
    axes.axhline(0, color=SOFT, lw=0.7, zorder=1)
    offsets = np.linspace(-0.22, 0.22, len(series)) if len(series) > 1 else [0.0]
    for (name, table), offset, colour in zip(series.items(), offsets, (SLATE, *CYCLE), strict=False):
        at = table["year"].to_numpy(float) + offset
        axes.vlines(at, steady(table["conf_low"]), steady(table["conf_high"]), color=colour, lw=1.1)
        axes.plot(at, steady(table["estimate"]), "o", ms=3, color=colour, label=name, zorder=3)
    axes.yaxis.set_major_formatter(lambda value, _: number(value, ",.0f"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))


def detectable_plot(
    curves: Mapping[str, pd.DataFrame],
    *,
    caption: str,
    alt: str,
    label: str,
    xlabel: str,
    ylabel: str,
    marks: Mapping[str, float] | None = None,
    at: Mapping[str, float] | None = None,
    width: float = FULL,
    height: float = 3.6,
) -> Figure:
    """Return the smallest effect each design would find by its size, both axes logarithmic.

    Parameters
    ----------
    curves : mapping of str to pandas.DataFrame
        By design: ``size`` and ``detectable``.
    caption, alt, label : str
        See `Figure`.
    xlabel, ylabel : str
        Axis labels with units.
    marks : mapping of str to float, optional
        Effects that would matter, as dashed horizontal lines with their names.
    at : mapping of str to float, optional
        Sizes to mark by vertical lines with their names, the effects there printed on the curves.
    width, height : float, optional
        Inches.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, height))
        for (name, table), colour in zip(curves.items(), CYCLE, strict=False):
            axes.plot(table["size"], steady(table["detectable"]), color=colour, label=name, zorder=2)
        axes.set_xscale("log")
        axes.set_yscale("log")
        _marked_sizes(axes, curves, at or {})
        _marked_effects(axes, marks or {})
        axes.set(xlabel=xlabel, ylabel=ylabel)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter(lambda value, _: number(value, ",.4g"))
            axis.set_minor_locator(NullLocator())
        axes.legend(loc="upper right")
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _marked_sizes(axes: Axes, curves: Mapping[str, pd.DataFrame], at: Mapping[str, float]) -> None:
    top = axes.get_xaxis_transform()
    for name, size in at.items():
        axes.axvline(size, color=SOFT, lw=0.7, ls=":", zorder=0)
        axes.text(size, 1.01, name, transform=top, ha="center", va="bottom", fontsize=8, color=SOFT)
        for place, (table, colour) in enumerate(zip(curves.values(), CYCLE, strict=False)):
            value = float(np.exp(np.interp(np.log(size), np.log(table["size"]), np.log(table["detectable"]))))
            axes.plot([size], steady([value]), "o", ms=4, color=colour, zorder=4)
            offset, side = ((5, 3), "left") if place % 2 == 0 else ((-5, -9), "right")
            look: dict[str, Any] = {"textcoords": "offset points", "fontsize": 7.5, "color": INK, "ha": side}
            axes.annotate(number(value, ",.0f"), (size, value), offset, **look)


def _marked_effects(axes: Axes, marks: Mapping[str, float]) -> None:
    across = axes.get_yaxis_transform()
    for place, (name, value) in enumerate(sorted(marks.items(), key=lambda mark: -mark[1])):
        axes.axhline(value, color=RUST, lw=0.9, ls=(0, (4, 3)), zorder=1)
        side = "bottom" if place % 2 == 0 else "top"
        axes.text(0.01, value, name, transform=across, va=side, fontsize=7.5, color=RUST)
