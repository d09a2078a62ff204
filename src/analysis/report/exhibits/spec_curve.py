"""The specification curve and the shares of its variance."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from ...estimators.arrays import Array, Ints
from .figures import Figure
from .style import BLUE, FAINT, FULL, INK, RUST, SLATE, SOFT, house_style
from .values import number, steady

_TINT = LinearSegmentedColormap.from_list("tint", ["#ffffff", BLUE])


def specification_curve(
    estimates: pd.DataFrame,
    choices: Mapping[str, pd.DataFrame],
    *,
    caption: str,
    alt: str,
    label: str,
    ylabel: str,
    mark: Mapping[str, float] | None = None,
    limits: tuple[float, float] | None = None,
    bins: int = 60,
    width: float = FULL,
    height: float | None = None,
) -> Figure:
    """Return all estimates in order of size, what is significant, and which choices stand where.

    Thousands of specifications are shown in equally large groups, in the order of their estimates.

    Parameters
    ----------
    estimates : pandas.DataFrame
        ``percent, conf_low, conf_high`` and ``significant`` (bool), one row a specification.
    choices : mapping of str to pandas.DataFrame
        For each fork, in order, a table of indicators with one column a level, aligned with `estimates`. A
        cell is the darker the more of its group have the level; white is none.
    caption, alt, label : str
        See `Figure`.
    ylabel : str
        Quantity with its unit.
    mark : mapping of str to float, optional
        Names of estimates to mark on the curve, e.g. the headline.
    limits : (float, float), optional
        Range of the estimates' axis; what lies outside is cut.
    bins : int, optional
        Number of groups.
    width, height : float, optional
        Inches; the height follows the number of levels when omitted.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    order = estimates["percent"].argsort(kind="stable").to_numpy()
    group = np.arange(len(order)) * bins // len(order)
    rows = sum(table.shape[1] for table in choices.values()) + len(choices)
    with house_style():
        size = (width, height or 2.6 + 0.118 * rows)
        drawing, (top, middle, below) = plt.subplots(
            3, 1, figsize=size, sharex=True, height_ratios=[2.0, 0.5, 0.118 * rows]
        )
        _curve(top, estimates.iloc[order], group, mark or {}, limits)
        top.set_ylabel(ylabel)
        _significance(middle, estimates.iloc[order], group, bins)
        _dashboard(below, choices, order, group, bins)
        below.set_xlabel("Specifications, from the lowest estimate to the highest")
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _curve(
    axes: Axes,
    ordered: pd.DataFrame,
    group: Ints,
    mark: Mapping[str, float],
    limits: tuple[float, float] | None,
) -> None:
    bins = group[-1] + 1
    ends = ordered[["conf_low", "conf_high"]].groupby(group).median()
    centre = np.arange(bins) + 0.5
    axes.vlines(centre, steady(ends["conf_low"]), steady(ends["conf_high"]), color=FAINT, lw=2.6)
    place = (np.arange(len(ordered)) + 0.5) * bins / len(ordered)
    thin = np.unique(np.linspace(0, len(ordered) - 1, 600).astype(int))
    values = ordered["percent"].to_numpy()
    axes.plot(steady(place[thin]), steady(values[thin]), color=INK, lw=1.3)
    axes.axhline(0, color=SOFT, lw=0.6)
    for name, value in mark.items():
        at = float(place[min(np.searchsorted(values, value), len(values) - 1)])
        axes.plot([at], steady([value]), "o", color=RUST, ms=4.5)
        axes.annotate(
            name, (at, value), (0, 24), textcoords="offset points", ha="center", color=RUST, fontsize=8
        )
    axes.yaxis.set_major_formatter(lambda value, _: number(value, ",.4g"))
    axes.tick_params(axis="x", length=0, labelbottom=False)
    if limits:
        axes.set_ylim(*limits)


def _significance(axes: Axes, ordered: pd.DataFrame, group: Ints, bins: int) -> None:
    share = ordered["significant"].groupby(group).mean()
    colour = np.where(ordered["percent"].groupby(group).median() > 0, RUST, BLUE)
    axes.bar(np.arange(bins) + 0.5, steady(share), width=0.85, color=colour)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 1])
    axes.yaxis.set_major_formatter(lambda value, _: number(value, ".0%"))
    axes.set_ylabel("Significant")
    axes.tick_params(axis="x", length=0)


def _dashboard(axes: Axes, choices: Mapping[str, pd.DataFrame], order: Array, group: Ints, bins: int) -> None:
    at, ticks, names = 0.0, [], []
    edges = np.arange(bins + 1)
    for title, table in choices.items():
        axes.text(-0.6, at + 0.5, title, ha="right", va="center", fontsize=7, fontweight=600, color=INK)
        at += 1
        share = table.iloc[order].groupby(group).mean().to_numpy().T
        levels = at + np.arange(len(share) + 1)
        scaled = steady(share / np.maximum(share.max(axis=1, keepdims=True), 1e-12))
        axes.pcolormesh(edges, levels, scaled, cmap=_TINT, vmin=0, vmax=1, edgecolors="white", linewidth=0.2)
        ticks += list(levels[:-1] + 0.5)
        names += list(table.columns)
        at = float(levels[-1])
    axes.set_yticks(ticks, names, fontsize=7)
    axes.set_ylim(at, 0)
    axes.set_xlim(0, bins)
    axes.tick_params(axis="both", length=0, labelbottom=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def shares_plot(
    shares: Mapping[str, pd.Series],
    *,
    caption: str,
    alt: str,
    label: str,
    xlabel: str,
    width: float = FULL,
    height: float | None = None,
) -> Figure:
    """Return bars of shares, one group of bars a row and one colour a series, in the first series' order.

    Parameters
    ----------
    shares : mapping of str to pandas.Series
        Series by name, each indexed by what a row is called, with values from 0 to 1.
    caption, alt, label : str
        See `Figure`.
    xlabel : str
        What is shared.
    width, height : float, optional
        Inches; the height follows the number of rows when omitted.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    names = list(next(iter(shares.values())).index)
    thick = 0.8 / len(shares)
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, height or 0.8 + 0.24 * len(names)))
        for place, ((title, values), colour) in enumerate(
            zip(shares.items(), (BLUE, SLATE, RUST), strict=False)
        ):
            y = np.arange(len(names)) - 0.4 + thick * (place + 0.5)
            axes.barh(y, steady(values.reindex(names)), height=thick * 0.9, color=colour, label=title)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.set_xlabel(xlabel)
        axes.xaxis.set_major_formatter(lambda value, _: number(value, ".0%"))
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="lower right")
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)
