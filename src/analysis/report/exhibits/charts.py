"""Data as figures: coverage, timelines, and series with their gaps and breaks marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .figures import Figure
from .style import CYCLE, FAINT, FULL, RUST, SLATE, SOFT, house_style
from .values import number, steady


def timeline(
    counts: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    label: str,
    ylabel: str,
    events: Mapping[float, str] | None = None,
    width: float = FULL,
    height: float = 3.0,
) -> Figure:
    """Return stacked yearly counts, one colour a column, with dated events marked above.

    Parameters
    ----------
    counts : pandas.DataFrame
        Index: years; columns: classes; values: counts, missing as none.
    caption, alt, label : str
        See `Figure`.
    ylabel : str
        What is counted.
    events : mapping of float to str, optional
        Text by year, marked by a dashed line.
    width, height : float, optional
        Inches.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, height))
        base = np.zeros(len(counts))
        for (name, values), colour in zip(counts.items(), CYCLE, strict=False):
            heights = steady(values.fillna(0))
            axes.bar(counts.index, heights, bottom=base, width=0.8, color=colour, label=str(name), lw=0)
            base = base + heights
        axes.set_ylabel(ylabel)
        axes.yaxis.set_major_formatter(lambda value, _: number(value, "count"))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=14))
        _events(axes, events or {})
        axes.legend(loc="upper left")
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _events(axes: Axes, events: Mapping[Any, str]) -> None:
    top = axes.get_xaxis_transform()
    for at, text in events.items():
        axes.axvline(at, color=RUST, lw=0.8, ls=(0, (4, 3)), zorder=0)
        axes.text(at, 1.0, f" {text}", transform=top, fontsize=7.5, color=RUST, va="bottom", ha="center")


def series_with_breaks(
    lines: Mapping[str, pd.Series],
    *,
    caption: str,
    alt: str,
    label: str,
    ylabel: str,
    breaks: Mapping[float, str] | None = None,
    events: Mapping[float, str] | None = None,
    background: Sequence[pd.Series] = (),
    band: tuple[pd.Series, pd.Series] | None = None,
    width: float = FULL,
    height: float = 3.0,
) -> Figure:
    """Return yearly series in which what is missing stays a gap and every break is marked.

    Parameters
    ----------
    lines : mapping of str to pandas.Series
        Values by year (the index); the first is emphasised. Years absent or missing leave a gap, shaded.
    caption, alt, label : str
        See `Figure`.
    ylabel : str
        Quantity with its unit.
    breaks : mapping of float to str, optional
        Years from which a series is not comparable with what came before, with the reason.
    events : mapping of float to str, optional
        Dated events, e.g. a policy's adoption.
    background : sequence of pandas.Series, optional
        Comparison units, drawn thin and pale.
    band : (pandas.Series, pandas.Series), optional
        Lower and upper edge of a shaded range.
    width, height : float, optional
        Inches.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, height))
        draw_series(axes, lines, breaks or {}, events or {}, background, band)
        axes.set_ylabel(ylabel)
        if len(lines) > 1:
            axes.legend(loc="best")
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def draw_series(
    axes: Axes,
    lines: Mapping[str, pd.Series],
    breaks: Mapping[Any, str],
    events: Mapping[Any, str],
    background: Sequence[pd.Series] = (),
    band: Any = None,
) -> None:
    """Draw series, gaps, breaks and events on given axes."""
    for other in background:
        whole = _complete(other)
        axes.plot(whole.index, steady(whole), color=SLATE, lw=0.5, alpha=0.35, zorder=1)
    if band is not None:
        axes.fill_between(band[0].index, steady(band[0]), steady(band[1]), color=SLATE, alpha=0.18, lw=0)
    for position, ((name, series), colour) in enumerate(zip(lines.items(), CYCLE, strict=False)):
        whole = _complete(series)
        axes.plot(
            whole.index, steady(whole), color=colour, lw=1.6 if position == 0 else 1.1, label=name, zorder=3
        )
        _lonely_points(axes, whole, colour)
        if position == 0:
            _shade_gaps(axes, whole)
    for at in breaks:
        axes.axvline(at - 0.5, color=SOFT, lw=0.8, ls=":", zorder=0)
    _events(axes, events)
    _break_notes(axes, breaks)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: number(value, ",.6g"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9))


def _complete(series: pd.Series) -> pd.Series:
    years = range(int(series.index.min()), int(series.index.max()) + 1)
    return series.astype(float).reindex(years)


def _lonely_points(axes: Axes, whole: pd.Series, colour: str) -> None:
    seen = whole.notna()
    alone = seen & ~seen.shift(1, fill_value=False) & ~seen.shift(-1, fill_value=False)
    axes.plot(whole.index[alone], steady(whole[alone]), ".", color=colour, ms=4)


def _shade_gaps(axes: Axes, whole: pd.Series) -> None:
    for year in whole.index[whole.isna()]:
        axes.axvspan(year - 0.5, year + 0.5, color=FAINT, alpha=0.55, lw=0, zorder=0)


def _break_notes(axes: Axes, breaks: Mapping[Any, str]) -> None:
    top = axes.get_xaxis_transform()
    for at, text in breaks.items():
        axes.text(
            at - 0.42, 0.02, text, transform=top, fontsize=7, color=SOFT, rotation=90, va="bottom", ha="left"
        )


def small_multiples(
    panels: Mapping[str, Mapping[str, pd.Series]],
    *,
    caption: str,
    alt: str,
    label: str,
    ylabel: str,
    breaks: Mapping[str, Mapping[float, str]] | None = None,
    events: Mapping[str, Mapping[float, str]] | None = None,
    bands: Mapping[str, tuple[pd.Series, pd.Series]] | None = None,
    columns: int = 3,
    width: float = FULL,
    height: float | None = None,
) -> Figure:
    """Return `series_with_breaks` for several units in a grid with a common look and one legend.

    Parameters
    ----------
    panels : mapping of str to mapping of str to pandas.Series
        Series by name, by panel title.
    caption, alt, label, ylabel : str
        As in `series_with_breaks`.
    breaks, events, bands : mapping, optional
        As in `series_with_breaks`, by panel title.
    columns : int, optional
        Panels a row.
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
            rows, columns, figsize=(width, height or 1.75 * rows + 0.4), squeeze=False
        )
        for axes, (title, lines) in zip(grid.flat, panels.items(), strict=False):
            draw_series(
                axes,
                lines,
                (breaks or {}).get(title, {}),
                (events or {}).get(title, {}),
                band=(bands or {}).get(title),
            )
            axes.set_title(title, pad=12 if (events or {}).get(title) else 6)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_visible(False)
        drawing.supylabel(ylabel, fontsize=8.5)
        handles, names = grid.flat[0].get_legend_handles_labels()
        drawing.legend(handles, names, loc="outside lower center", ncols=len(names))
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)
