"""One figure of an overview: raw means, event study, estimators, refits and placebo dates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..core.reported import plot_rows
from ..errors import EstimationError
from ..staggered.refits import Refits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .staggered_report import StaggeredReport

_MOST_ROWS = 12
"""Refits drawn: beyond a dozen rows their labels overlap."""


def draw(report: StaggeredReport) -> Figure:
    """Return the figure.

    Raises
    ------
    EstimationError
        If nothing was estimated.
    """
    from matplotlib.figure import Figure

    if report.overall is None:
        raise EstimationError(f"nothing was estimated, so nothing can be drawn: {report.paragraph}")
    figure = Figure(figsize=(9.5, 7.5), layout="constrained")
    axes = figure.subplots(2, 2)
    _means(axes[0, 0], report)
    _events(axes[0, 1], report)
    _estimators(axes[1, 0], report)
    _refits(axes[1, 1], report)
    return figure


def _means(ax: Axes, report: StaggeredReport) -> None:
    names = list(report.cohorts["cohort"])
    adopting = [name for name in names if name != "never"]
    from matplotlib import colormaps

    shades = colormaps["viridis"](np.linspace(0, 0.85, max(len(adopting), 1)))
    for name, rows in report.raw_means.groupby("cohort", sort=False):
        color = "0.45" if name == "never" else shades[adopting.index(str(name))]
        line = ax.plot(rows["time"], rows["mean"], color=color, label=str(name), linewidth=1.4)[0]
        if name == "never":
            line.set_linestyle("--")
        elif rows["time"].min() <= float(str(name)) <= rows["time"].max():
            at = np.interp(float(str(name)), rows["time"], rows["mean"])
            ax.plot([float(str(name))], [at], "o", color=color, markersize=4)
    ax.set(title="Mean outcome by cohort (dot: adoption)", xlabel="period", ylabel=report.outcome)
    if len(names) <= _MOST_ROWS:
        ax.legend(frameon=False, fontsize="small", ncols=2, title="adopts in")


def _events(ax: Axes, report: StaggeredReport) -> None:
    ax.set_title(f"Event study, {report.level:.0%} intervals")
    if report.events is None:
        _absent(ax, report.reasons.get("event study", "not estimated"))
        return
    plot_rows(report.events.tidy(), "event_time", ax=ax)
    ax.axvline(-0.5 - report.anticipation, color="0.6", linewidth=0.8, linestyle=":")
    if report.bounds is not None and (one := report.bounds[report.bounds["value"].eq(1.0)]).shape[0]:
        last = float(report.events.keys["event_time"].max()) + 1
        low, high = float(one["conf_low"].iloc[0]), float(one["conf_high"].iloc[0])
        ax.plot(
            [last, last],
            [low, high],
            color="tab:red",
            linewidth=3,
            alpha=0.6,
            label="mean after, breaks as before",
        )
        ax.legend(frameon=False, fontsize="small", loc="lower left")


def _estimators(ax: Axes, report: StaggeredReport) -> None:
    if report.comparison is None:
        _absent(ax, report.reasons.get("comparison of estimators", "not estimated"))
    else:
        plot_rows(report.comparison.table("overall"), "estimator", ax=ax)
    ax.set_title("Average effect by estimator")


def _refits(ax: Axes, report: StaggeredReport) -> None:
    parts = [
        _labelled(report.by_cohort, lambda value: f"without cohort {value:g}"),
        _labelled(report.by_cluster, lambda value: f"without {value}"),
        _labelled(report.placebos, lambda value: f"placebo, {value} earlier"),
    ]
    rows = pd.concat([part.head(_MOST_ROWS // 3) for part in parts if part is not None] or [pd.DataFrame()])
    if rows.empty:
        _absent(ax, "no refit is possible")
    else:
        plot_rows(rows, "refit", ax=ax)
    ax.set_title("Parts left out, placebo dates")


def _labelled(refits: Refits | None, label: Callable[..., Any]) -> pd.DataFrame | None:
    if refits is None:
        return None
    table = refits.table()
    if "change" in table:
        table = table.loc[table["change"].abs().sort_values(ascending=False, kind="stable").index]
    return table.assign(refit=[label(value) for value in table[refits.label]])


def _absent(ax: Axes, reason: str) -> None:
    ax.text(
        0.5, 0.5, reason[:120], ha="center", va="center", wrap=True, transform=ax.transAxes, fontsize="small"
    )
    ax.set(xticks=[], yticks=[])
