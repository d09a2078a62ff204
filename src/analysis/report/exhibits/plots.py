"""Estimates as figures: event studies, forests and balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .figures import Figure
from .style import BLUE, CYCLE, FAINT, FULL, INK, RUST, SOFT, house_style
from .values import number, steady

if TYPE_CHECKING:
    from ...estimators import Estimates


def event_study_plot(
    estimates: Estimates | Mapping[str, Estimates],
    *,
    caption: str,
    alt: str,
    label: str,
    ylabel: str,
    xlabel: str = "Years since adoption",
    reference: float | None = -1,
    width: float = FULL,
    height: float = 3.1,
) -> Figure:
    """Return event-time effects with pointwise intervals and, where the result has them, uniform bands.

    Parameters
    ----------
    estimates : Estimates or mapping of str to Estimates
        Results with the key ``event_time``; several are drawn side by side at each event time.
    caption, alt, label : str
        See `Figure`.
    ylabel, xlabel : str
        Axis labels; the outcome's unit belongs in `ylabel`.
    reference : float or None, optional
        Event time of the comparison period, drawn as an open dot at zero if no estimate stands there.
    width, height : float, optional
        Inches.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    series = estimates if isinstance(estimates, Mapping) else {"": estimates}
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, height))
        _zero_line(axes)
        offsets = np.linspace(-0.18, 0.18, len(series)) if len(series) > 1 else [0.0]
        for (name, result), offset, colour in zip(series.items(), offsets, CYCLE, strict=False):
            _event_series(axes, result.tidy(), offset, colour, name, reference)
        axes.axvline(-0.5, color=SOFT, lw=0.6, ls=(0, (4, 3)), zorder=1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=14))
        axes.set(xlabel=xlabel, ylabel=ylabel)
        if len(series) > 1:
            axes.legend(loc="best")
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _event_series(
    axes: Axes, table: pd.DataFrame, offset: float, colour: str, name: str, reference: float | None
) -> None:
    x = table["event_time"].to_numpy(float)
    at, estimate = x + offset, steady(table["estimate"])
    low, high = steady(table["conf_low"]), steady(table["conf_high"])
    if "band_low" in table:
        axes.vlines(
            at, steady(table["band_low"]), steady(table["band_high"]), color=colour, lw=4.5, alpha=0.22
        )
    axes.vlines(at, low, high, color=colour, lw=1.3)
    axes.plot(at, estimate, "o", ms=4, color=colour, label=name or None, zorder=4)
    if reference is not None and reference not in x:
        axes.plot([reference + offset], [0], "o", ms=4, mfc="white", mec=colour, zorder=4)


def forest_plot(
    rows: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    label: str,
    xlabel: str,
    spec: str = ",.1f",
    marks: Mapping[str, float] | None = None,
    band: tuple[float, float] | None = None,
    columns: Mapping[str, str] | None = None,
    width: float = FULL,
    height: float | None = None,
) -> Figure:
    """Return estimates under one another with intervals, their values printed at the right.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns ``name, estimate, conf_low, conf_high`` and optionally ``group`` (a heading where it changes)
        and ``highlight`` (bool: drawn in the second colour); drawn from top to bottom.
    caption, alt, label : str
        See `Figure`.
    xlabel : str
        What is estimated, with its unit.
    spec : str, optional
        Format of the printed values.
    marks : mapping of str to float, optional
        Values marked by a dashed line with their name, e.g. a published estimate.
    band : (float, float), optional
        A shaded range, e.g. what is called negligible.
    columns : mapping of str to str, optional
        Columns of texts to print at the right in place of the values, with their headings.
    width, height : float, optional
        Inches; the height follows the number of rows when omitted.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"name": ["a"], "estimate": [0.2], "conf_low": [-0.1], "conf_high": [0.5]})
    >>> figure = forest_plot(rows, caption="One.", alt="One estimate.", label="one", xlabel="log points")
    >>> figure.svg.lstrip().startswith("<")
    True
    """
    rows = rows.reset_index(drop=True)
    positions, headings = _forest_positions(rows)
    height = height or 0.8 + 0.205 * (len(rows) + len(headings))
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, height))
        if band:
            axes.axvspan(*band, color=FAINT, alpha=0.5, lw=0)
        axes.axvline(0, color=SOFT, lw=0.7)
        _forest_marks(axes, marks or {})
        _forest_rows(axes, rows, positions, None if columns else spec)
        _forest_columns(axes, columns or {}, rows, positions)
        _forest_labels(axes, rows, positions, headings)
        axes.set_ylim(max(positions) + 0.8, min([*positions, *headings]) - 0.8)
        axes.set_xlabel(xlabel)
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _forest_positions(rows: pd.DataFrame) -> tuple[list[float], dict[float, str]]:
    positions: list[float] = []
    headings: dict[float, str] = {}
    at, previous = 0.0, None
    for index in range(len(rows)):
        group = rows["group"].iloc[index] if "group" in rows else None
        if group is not None and group != previous:
            at += 0.35 if positions else 0
            headings[at] = str(group)
            at, previous = at + 1, group
        positions.append(at)
        at += 1
    return positions, headings


def _forest_rows(axes: Axes, rows: pd.DataFrame, positions: list[float], spec: str | None) -> None:
    highlight = rows["highlight"].to_numpy(bool) if "highlight" in rows else np.zeros(len(rows), bool)
    right = axes.get_yaxis_transform()
    for at, row, strong in zip(positions, rows.itertuples(), highlight, strict=True):
        colour = RUST if strong else BLUE
        estimate, low, high = steady([row.estimate, row.conf_low, row.conf_high])
        axes.hlines(at, low, high, color=colour, lw=1.3)
        axes.plot([estimate], [at], "s", ms=4, color=colour)
        if spec:
            shown = f"{number(estimate, spec)} [{number(low, spec)}, {number(high, spec)}]"
            axes.text(1.02, at, shown, transform=right, va="center", fontsize=8)


def _forest_columns(
    axes: Axes, columns: Mapping[str, str], rows: pd.DataFrame, positions: list[float]
) -> None:
    """Write columns of texts right of the axes, each as wide as its longest text."""
    right, offset = axes.get_yaxis_transform(), 7.0
    for name, title in columns.items():
        look: dict[str, Any] = {
            "xycoords": right,
            "textcoords": "offset points",
            "va": "center",
            "annotation_clip": False,
        }
        for at, text in zip(positions, rows[name], strict=True):
            axes.annotate(text, (1, at), (offset, 0), fontsize=8, **look)
        axes.annotate(title, (1, -0.2), (offset, 0), fontsize=7.5, fontweight=600, **look)
        offset += 3.9 * max(len(str(text)) for text in [title, *rows[name]]) + 7


def _forest_marks(axes: Axes, marks: Mapping[str, float]) -> None:
    top = axes.get_xaxis_transform()
    for name, value in marks.items():
        axes.axvline(value, color=RUST, lw=0.9, ls=(0, (4, 3)))
        axes.text(value, 1.01, name, transform=top, ha="center", va="bottom", fontsize=8, color=RUST)


def _forest_labels(
    axes: Axes, rows: pd.DataFrame, positions: list[float], headings: dict[float, str]
) -> None:
    ticks = [*positions, *headings]
    axes.set_yticks(ticks, [*rows["name"].astype(str), *headings.values()])
    for tick in axes.get_yticklabels()[len(positions) :]:
        tick.set_fontweight(600)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def balance_plot(
    before: Mapping[str, float],
    after: Mapping[str, Mapping[str, float]],
    *,
    caption: str,
    alt: str,
    label: str,
    xlabel: str = "Standardized difference of means",
    tolerance: float | None = None,
    width: float = FULL,
) -> Figure:
    """Return standardised differences of covariates before and after matching, one row a covariate.

    Parameters
    ----------
    before : mapping of str to float
        Difference by covariate name before matching.
    after : mapping of str to mapping of str to float
        The same after each kind of matching, by the kind's name.
    caption, alt, label : str
        See `Figure`.
    xlabel : str, optional
        Axis label.
    tolerance : float, optional
        Half-width of a shaded range about zero.
    width : float, optional
        Inches.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.

    Examples
    --------
    >>> figure = balance_plot(
    ...     {"age": 0.4}, {"matched": {"age": 0.1}}, caption="Balance.", alt="One covariate.", label="balance"
    ... )
    >>> figure.label
    'balance'
    """
    names = list(before)
    series: list[tuple[str, Mapping[str, float], dict[str, Any]]] = [
        ("before matching", before, {"marker": "o", "mfc": "white", "mec": INK, "color": INK})
    ]
    series += [
        (k, v, {"marker": m, "color": c}) for (k, v), m, c in zip(after.items(), "osD^v", CYCLE, strict=False)
    ]
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, 0.9 + 0.22 * len(names)))
        if tolerance:
            axes.axvspan(-tolerance, tolerance, color=FAINT, alpha=0.6, lw=0)
        axes.axvline(0, color=SOFT, lw=0.7)
        axes.hlines(range(len(names)), 0, 1, transform=axes.get_yaxis_transform(), color=FAINT, lw=0.4)
        for name, values, look in series:
            axes.plot(
                steady([values[n] for n in names]), range(len(names)), ls="none", ms=5, label=name, **look
            )
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel(xlabel)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        drawing.legend(loc="outside upper left", ncols=len(series), handletextpad=0.3, columnspacing=1.4)
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _zero_line(axes: Axes) -> None:
    axes.axhline(0, color=SOFT, lw=0.7, zorder=1)
