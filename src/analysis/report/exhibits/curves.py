"""Curves over a continuous quantity, such as power over the true effect."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from .figures import Figure
from .style import CYCLE, FULL, INK, RUST, SOFT, house_style
from .values import number, steady


def curves_plot(
    lines: Mapping[str, pd.Series],
    *,
    caption: str,
    alt: str,
    label: str,
    xlabel: str,
    ylabel: str,
    marks: Mapping[str, float] | None = None,
    level: float | None = None,
    limits: tuple[float, float] | None = None,
    xspec: str = ",.4g",
    yspec: str = ",.4g",
    width: float = FULL,
    height: float = 2.9,
) -> Figure:
    """Return named curves, each with its name at its end.

    Parameters
    ----------
    lines : mapping of str to pandas.Series
        Values (y) by position (the index, x).
    caption, alt, label : str
        See `Figure`.
    xlabel, ylabel : str
        Quantities with their units.
    marks : mapping of str to float, optional
        Positions marked by a dashed line with their name, e.g. a published effect.
    level : float, optional
        A value marked across, e.g. the power asked for.
    limits : (float, float), optional
        Range of the values axis.
    xspec, yspec : str, optional
        Formats of the axes' numbers.
    width, height : float, optional
        Inches.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, height))
        if level is not None:
            axes.axhline(level, color=SOFT, lw=0.7, ls=(0, (4, 3)), zorder=0)
        for (_, line), colour in zip(lines.items(), CYCLE, strict=False):
            axes.plot(steady(line.index), steady(line), color=colour, lw=1.5)
        axes.set_xlim(right=max(float(line.index[-1]) for line in lines.values()))
        if limits:
            axes.set_ylim(*limits)
        _ends(axes, lines)
        top = axes.get_xaxis_transform()
        for name, at in (marks or {}).items():
            axes.axvline(at, color=RUST, lw=0.9, ls=(0, (4, 3)), zorder=0)
            axes.text(at, 1.01, name, transform=top, ha="center", va="bottom", fontsize=8, color=RUST)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.xaxis.set_major_formatter(lambda value, _: number(value, xspec))
        axes.yaxis.set_major_formatter(lambda value, _: number(value, yspec))
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _ends(axes: Axes, lines: Mapping[str, pd.Series]) -> None:
    """Write each name right of its curve's last point, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    room = 0.065 * (high - low)
    last = sorted((float(line.iloc[-1]), name) for name, line in lines.items())
    places: list[float] = []
    for value, _ in last:
        places.append(max(value, places[-1] + room) if places else value)
    over = max(0.0, places[-1] - high) if places else 0.0
    colours = dict(zip(lines, CYCLE, strict=False))
    end = max(float(line.index[-1]) for line in lines.values())
    for (_, name), place in zip(last, places, strict=True):
        axes.annotate(
            name,
            (end, place - over),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colours.get(name, INK),
            annotation_clip=False,
        )
