"""Every choice and what it does to a headline, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from .figures import Figure
from .style import BLUE, FAINT, FULL, INK, RUST, SOFT, house_style
from .values import MISSING, number, steady

#: Inches a row takes, and the least a figure takes beside them.
_ROW, _REST = 0.124, 0.6


def choices_plot(
    rows: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    label: str,
    xlabel: str,
    spec: str = "+.1f",
    limits: tuple[float, float] | None = None,
    width: float = FULL,
) -> Figure:
    """Return one row a choice: the headline with that choice made, with its interval.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``fork`` (printed where it changes), ``choice``, ``estimate, conf_low, conf_high`` (missing where the
        choice has no estimate), ``base`` (bool: what the headline chose, drawn open and not printed again)
        and ``overturns`` (bool: in the second colour); from top to bottom, the headline first.
    caption, alt, label : str
        See `Figure`.
    xlabel : str
        What is estimated, with its unit.
    spec : str, optional
        Format of the printed values.
    limits : (float, float), optional
        Range of the axis; what lies outside is cut, and its values are printed all the same.
    width : float, optional
        Inches.
    """
    starts = rows["fork"].ne(rows["fork"].shift()).to_numpy()
    at = np.arange(len(rows)) + 0.35 * (np.cumsum(starts) - 1)
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, _REST + _ROW * (at[-1] + 1)))
        axes.axvline(0, color=SOFT, lw=0.7)
        axes.axvline(steady(rows["estimate"])[0], color=FAINT, lw=3, zorder=0)
        for place, row in zip(at, rows.to_dict("records"), strict=True):
            _choice(axes, place, row, spec)
        axes.set_yticks(at, rows["choice"], fontsize=7)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_ylim(at[-1] + 0.8, -0.8)
        if limits:
            axes.set_xlim(*limits)
        _forks(axes, at[starts], rows.loc[starts, "fork"], rows["choice"])
        axes.set_xlabel(xlabel)
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _choice(axes: Axes, place: float, row: Mapping[Any, Any], spec: str) -> None:
    estimate, low, high = steady([row["estimate"], row["conf_low"], row["conf_high"]])
    colour, shown = RUST if row["overturns"] else BLUE, MISSING
    if row["base"]:
        axes.plot([estimate], [place], "s", ms=3.2, color=INK, mfc="white")
        shown = ""
    elif np.isfinite(estimate):
        axes.hlines(place, low, high, color=colour, lw=1.1)
        axes.plot([estimate], [place], "s", ms=3.2, color=colour)
        shown = f"{number(estimate, spec)} [{number(low, spec)}, {number(high, spec)}]"
    right = axes.get_yaxis_transform()
    look: dict[str, Any] = {"xycoords": right, "textcoords": "offset points", "va": "center", "fontsize": 7}
    axes.annotate(shown, (1, place), (7, 0), **look)


def _forks(axes: Axes, at: Any, titles: Any, choices: Any) -> None:
    """Write each fork's name left of its first choice, right of the longest of them."""
    gap = -3.5 * max(len(text) for text in choices) - 10
    for place, title in zip(at, titles, strict=True):
        axes.annotate(
            title,
            (0, place),
            (gap, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=7,
            fontweight=600,
            annotation_clip=False,
        )
