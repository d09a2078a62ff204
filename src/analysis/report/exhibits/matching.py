"""Figures of matching and synthetic controls: treated against synthetic, gaps, weights."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .figures import Figure
from .style import BLUE, FAINT, FULL, INK, RUST, SLATE, SOFT, house_style
from .values import steady


def synthetic_plot(
    path: pd.DataFrame,
    *,
    caption: str,
    alt: str,
    label: str,
    ylabel: str,
    name: str = "treated",
    width: float = FULL,
) -> Figure:
    """Return the treated series against its synthetic control, with the start of treatment marked.

    Parameters
    ----------
    path : pandas.DataFrame
        ``extra["path"]`` of `synthetic_control` or `synthetic_did`, one cohort.
    caption, alt, label : str
        See `Figure`.
    ylabel : str
        Outcome with its unit.
    name : str, optional
        What the treated series is called.
    width : float, optional
        Inches.
    """
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, 2.9))
        axes.plot(path["time"], steady(path["synthetic"]), color=BLUE, lw=1.2, ls="--", label="synthetic")
        axes.plot(path["time"], steady(path["treated"]), color=RUST, lw=1.6, label=name)
        _start(axes, path)
        axes.set_ylabel(ylabel)
        axes.legend(loc="best")
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def gap_plot(
    path: pd.DataFrame,
    placebos: pd.DataFrame | None = None,
    *,
    caption: str,
    alt: str,
    label: str,
    ylabel: str,
    level: float = 0.9,
    width: float = FULL,
) -> Figure:
    """Return the gap of treated and synthetic over time, amid the gaps of placebos.

    Parameters
    ----------
    path : pandas.DataFrame
        As in `synthetic_plot`.
    placebos : pandas.DataFrame, optional
        ``extra["placebo_gaps"]``: periods by donor. Each is drawn thin, and a band holds the middle
        `level` of them in each period.
    caption, alt, label : str
        See `Figure`.
    ylabel : str
        Gap with its unit.
    level : float, optional
        Share of placebos inside the band.
    width : float, optional
        Inches.
    """
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, 2.9))
        if placebos is not None:
            low, high = (placebos.quantile(side, axis=1) for side in ((1 - level) / 2, (1 + level) / 2))
            axes.fill_between(
                placebos.index, steady(low), steady(high), color=FAINT, alpha=0.7, lw=0, zorder=0
            )
            axes.plot(placebos.index, steady(placebos.to_numpy()), color=SLATE, lw=0.4, alpha=0.45, zorder=1)
        axes.plot(path["time"], steady(path["gap"]), color=RUST, lw=1.6, zorder=3)
        axes.axhline(0, color=INK, lw=0.7, zorder=2)
        _start(axes, path)
        axes.set_ylabel(ylabel)
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def weights_plot(
    weights: pd.Series,
    *,
    caption: str,
    alt: str,
    label: str,
    least: float = 0.005,
    xlabel: str = "Weight",
    width: float = FULL,
) -> Figure:
    """Return the weights of donors (or periods) as bars, the largest first.

    Parameters
    ----------
    weights : pandas.Series
        Weight by name.
    caption, alt, label : str
        See `Figure`.
    least : float, optional
        Smaller weights are gathered in one bar that says how many they are.
    xlabel : str, optional
        Axis label.
    width : float, optional
        Inches.
    """
    large = weights[weights.abs() >= least].sort_values(ascending=False, kind="stable")
    names = [str(name) for name in large.index]
    values = list(large)
    if rest := int((weights.abs() < least).sum()):
        names.append("1 other" if rest == 1 else f"{rest} others")
        values.append(float(weights[weights.abs() < least].sum()))
    with house_style():
        drawing, axes = plt.subplots(figsize=(width, 0.7 + 0.2 * len(names)))
        axes.barh(range(len(names)), steady(values), color=BLUE, height=0.62)
        axes.axvline(0, color=SOFT, lw=0.7)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(xlabel)
    return Figure.from_matplotlib(drawing, caption=caption, alt=alt, label=label)


def _start(axes: Axes, path: pd.DataFrame) -> None:
    """Mark the last moment before treatment, halfway between periods."""
    before, after = path.loc[~path["is_post"], "time"], path.loc[path["is_post"], "time"]
    axes.axvline((before.max() + after.min()) / 2, color=SOFT, lw=0.8, ls=":", zorder=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9))
