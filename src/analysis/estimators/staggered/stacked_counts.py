"""Event-time effects of counts on a stack of adoptions, by Poisson regression."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from ..core.result import Estimates
from ..errors import ColumnError, EstimationError, NotIdentifiedError
from ..regression.poisson import poisson


def stacked_poisson(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    window: tuple[int, int],
    offset: str | None = None,
    cluster: str | None = None,
) -> Estimates:
    r"""Return proportional effects by event time from a Poisson regression on a stack of adoptions.

    Each cohort :math:`g` is a stack :math:`s` of its adopters and of the units that stay untreated through
    its window, observed on both sides of :math:`g`. With effects of unit and period of its own for each
    stack, :math:`E[y_{ist}] = n_{it} \exp(a_{is} + b_{st} + \sum_{e \ne -1} \beta_e 1\{t - g = e\} D_{is})`,
    so that no treated unit is ever a control. Windows are cut at the data's last period: late cohorts say
    nothing about later event times, so that composition changes with event time, unlike in `stacked`. Each
    event time has one coefficient for all cohorts, so that the sampling variation of every unit enters its
    standard error.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per unit and period.
    outcome : str
        Counts.
    unit, time, cohort : str
        Columns; periods are whole numbers, and a cohort of 0 is never treated.
    window : (int, int)
        First event time (-2 or before) and last (0 or after); -1 is the base.
    offset : str, optional
        Logarithm of the exposure :math:`n_{it}`.
    cluster : str, optional
        Column of clusters; the unit of the stack when omitted.

    Returns
    -------
    Estimates
        Keyed by ``event_time``, in logarithms.

    Raises
    ------
    ColumnError
        If periods or cohorts are not whole numbers.
    EstimationError
        If the window does not hold both sides of adoption.
    NotIdentifiedError
        If no cohort has adopters and clean controls observed on both sides of its adoption.

    References
    ----------
    Wing, Freedman and Hollingsworth (2024), doi:10.3386/w32054, for stacks and their clean controls.
    """
    if not (window[0] <= -2 and window[1] >= 0):
        raise EstimationError(f"window must start at -2 or before and end at 0 or after, not {window}")
    for name in (time, cohort):
        if not pd.api.types.is_integer_dtype(data[name]):
            raise ColumnError(f"{name} must hold whole numbers")
    used = list(dict.fromkeys(n for n in (time, cohort, outcome, offset, cluster) if n))
    coded = data[used].assign(code=pd.factorize(data[unit])[0])
    parts = [
        _stack(coded, date, window, time, cohort) for date in np.unique(data.loc[data[cohort] > 0, cohort])
    ]
    if not any(len(part) and part["adopts"].nunique() == 2 for part in parts):
        raise NotIdentifiedError("no cohort has adopters and clean controls on both sides of its adoption")
    stack = pd.concat(parts, ignore_index=True)
    times = [event for event in range(window[0], window[1] + 1) if event != -1]
    names = [f"event_{event}" for event in times]
    for event, name in zip(times, names, strict=True):
        stack[name] = (stack["adopts"] & stack["event_time"].eq(event)).astype(float)
    fit = poisson(
        stack,
        outcome=outcome,
        treatment=names,
        effects=["stack_unit", "stack_period"],
        offset=offset,
        cluster=cluster or "stack_unit",
    )
    return dataclasses.replace(fit, keys=pd.DataFrame({"event_time": times}))


def _stack(rows: pd.DataFrame, date: int, window: tuple[int, int], time: str, cohort: str) -> pd.DataFrame:
    """Return one cohort's adopters and clean controls within its window, cut at the last period."""
    last = min(date + window[1], int(rows[time].max()))
    clean = rows[cohort].eq(0) | rows[cohort].gt(last)
    near = rows[(rows[cohort].eq(date) | clean) & rows[time].between(date + window[0], last)]
    seen = near.groupby("code")[time].agg(["min", "max"])
    both = seen.index[seen["min"].lt(date) & seen["max"].ge(date)]
    near = near[near["code"].isin(both)]
    return near.assign(
        adopts=near[cohort].eq(date),
        event_time=near[time] - date,
        stack_unit=date * (rows["code"].max() + 1) + near["code"],
        stack_period=date * 10_000 + near[time],
    )
