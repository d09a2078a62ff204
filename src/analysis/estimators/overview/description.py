"""What a panel holds, in three tables: cohorts, coverage by period, raw means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .diagnosis import Columns, Panel


def cohort_table(panel: Panel, columns: Columns) -> pd.DataFrame:
    """Return one row a cohort: units, clusters, rows, periods before and after, mean before adoption."""
    frame, first, since, calendar = panel.frame, panel.first, panel.since, panel.calendar
    if first is None or since is None or calendar is None:
        return pd.DataFrame(columns=["cohort", "units", "clusters", "rows"])
    own = pd.DataFrame(
        {
            "place": first,
            "unit": frame[columns.unit],
            "cluster": frame[columns.cluster],
            "before": frame[columns.outcome].where(since < 0).astype(float),
            "known": frame[columns.outcome].notna(),
        }
    )
    table = own.groupby("place").agg(
        units=("unit", "nunique"),
        clusters=("cluster", "nunique"),
        rows=("known", "sum"),
        mean_before=("before", "mean"),
    )
    place, position = table.index.to_numpy(float), calendar.position
    label = calendar.label(place)
    table.insert(0, "cohort", ["never" if np.isinf(value) else f"{value:g}" for value in label])
    table["periods_before"] = [int((position < value).sum()) for value in place]
    table["periods_after"] = [int((position >= value).sum()) for value in place]
    return table.reset_index(drop=True)


def coverage_table(panel: Panel, columns: Columns) -> pd.DataFrame:
    """Return one row a period: units with an outcome, of them treated by then, rows without outcome."""
    if panel.since is None:
        return pd.DataFrame(columns=["time", "units", "treated", "missing"])
    known = panel.frame[columns.outcome].notna()
    table = pd.DataFrame(
        {
            "time": panel.frame[columns.time],
            "units": known,
            "treated": known & (panel.since >= 0),
            "missing": ~known,
        }
    )
    return table.groupby("time", as_index=False).sum()


def raw_means(panel: Panel, columns: Columns) -> pd.DataFrame:
    """Return the unweighted (or weighted) mean outcome of each cohort in each period, and its units."""
    if panel.first is None or panel.calendar is None:
        return pd.DataFrame(columns=["cohort", "time", "mean", "units"])
    frame = panel.frame
    label = panel.calendar.label(panel.first)
    cohort = np.where(np.isinf(label), "never", [f"{value:g}" for value in label])
    weight: Any = 1.0 if columns.weights is None else frame[columns.weights].astype(float)
    known = frame[columns.outcome].notna() & (True if columns.weights is None else weight.notna())
    own = pd.DataFrame({"cohort": cohort, "time": frame[columns.time], "w": weight, "units": 1})[known]
    own["y"] = frame.loc[known, columns.outcome].astype(float) * own["w"]
    table = own.groupby(["cohort", "time"], as_index=False)[["y", "w", "units"]].sum()
    table["mean"] = table["y"] / table["w"]
    return table[["cohort", "time", "mean", "units"]]
