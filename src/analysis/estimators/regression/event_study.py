"""Event studies by two-way fixed effects, and the two-by-two difference in differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats, Ints
from ..core.calendar import event_positions
from ..core.checks import as_list, require_columns, require_option, require_unique
from ..core.entry import takes_frame
from ..core.frame import Effect
from ..core.result import Estimates, Sample
from ..errors import EstimationError, NotIdentifiedError
from .inference import Covariance
from .ols import as_effects, ols
from .poisson import poisson
from .wald import WaldTest, joint_test

_PREFIX = "event time "


@takes_frame
def event_study(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    window: tuple[int, int] | None = None,
    reference: int | Sequence[int] = -1,
    ends: Literal["bin", "drop"] = "bin",
    covariates: Sequence[str] = (),
    effects: Sequence[Effect] | None = None,
    weights: str | None = None,
    offset: str | None = None,
    cluster: str | Sequence[str] | None = None,
    covariance: Covariance | None = None,
    correction: str = "fixest",
    model: Literal["ols", "poisson"] = "ols",
    level: float = 0.95,
) -> Estimates:
    """Estimate dynamic effects by leads and lags of treatment with absorbed effects.

    The estimand is the path of effects by event time if effects do not differ by cohort; if they do, each
    coefficient mixes cohorts and periods (Sun and Abraham 2021, doi:10.1016/j.jeconom.2020.09.006): see
    `interaction_weighted`, `group_time` and `imputation`.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    outcome, unit, time, cohort : str
        `cohort` is the first treated period; missing, 0 and infinity mean never treated.
    window : (int, int), optional
        First and last event time; all that occur when omitted.
    reference : int or sequence of int
        Event times left out. Without never-treated units two are needed.
    ends : {"bin", "drop"}
        Event times beyond the window are pooled into its ends, or their rows are left out and counted.
    covariates : sequence of str
        Numeric columns that enter linearly.
    effects : sequence, optional
        ``[unit, time]`` when omitted.
    weights : str, optional
        Positive weights of rows.
    offset : str, optional
        Known part of the log mean, such as the log of residents; its coefficient is one.
    cluster : str or sequence of str, optional
        `unit` when omitted, unless `covariance` does not cluster.
    covariance : str or Conley, optional
        ``"iid"``, ``"HC1"``, ``"HC2"``, ``"HC3"``, ``"CRV1"``, ``"CRV2"``, ``"CRV3"`` or `Conley`;
        ``"CRV1"`` with `cluster` and ``"HC1"`` without, when omitted.
    correction : {"fixest", "stata", "linearmodels", "statsmodels", "none"}
        Small-sample convention of the standard errors, with its degrees of freedom.
    model : {"ols", "poisson"}
        Least squares, effects in units of the outcome; or Poisson regression, effects in logarithms.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keyed by ``event_time``; `tidy` says how many treated units, and clusters (of the first clustering),
        each row rests on. ``extra["leads"]`` is the joint test that coefficients before the
        reference (all negative event times) are zero, None without any or with fewer clusters than leads.

    Raises
    ------
    NotIdentifiedError
        A reference does not occur, or too few references.
    KeyNotUniqueError
        A unit has two rows in one period.
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    EstimationError
        An option is none of those named, or options contradict each other.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import event_study
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> event_study(frame, **keys, window=(-2, 1)).coef().round(3).to_dict()
    {-2: -0.119, 0: 1.769, 1: 2.224}
    """
    require_columns(data, [outcome, unit, time, cohort])
    require_unique(data, unit, time)
    _, when, first = event_positions(data, time, cohort)
    event_time = when - first
    event_time[np.isinf(event_time)] = np.nan
    references = [reference] if isinstance(reference, (int, np.integer)) else list(reference)
    kept, event_time = _windowed(event_time, window, ends)
    times = _event_times(event_time[kept], references)
    frame = _with_dummies(data[kept], event_time[kept], times)
    names = [f"{_PREFIX}{k}" for k in times]
    result = _estimate(
        frame,
        model,
        offset,
        outcome=outcome,
        treatment=names,
        covariates=as_list(covariates),
        effects=[unit, time] if effects is None else as_effects(effects),
        weights=weights,
        cluster=_cluster(cluster, covariance, unit),
        covariance=covariance,
        correction=correction,
        unit=unit,
        level=level,
    )
    clusters = as_list(_cluster(cluster, covariance, unit))
    counts = _treated_counts(frame, event_time[kept], result.sample.rows, times, unit, clusters)
    return _by_event_time(result, times, references, ends, _widened(result.sample, kept), counts)


def _windowed(event_time: Floats, window: tuple[int, int] | None, ends: str) -> tuple[Bools, Floats]:
    require_option("ends", ends, ("bin", "drop"))
    if np.isnan(event_time).all():
        raise NotIdentifiedError("no unit is ever treated")
    if window is None:
        return np.ones(len(event_time), bool), event_time
    low, high = window
    if low >= high:
        raise EstimationError(f"window {window} is empty")
    if ends == "bin":
        return np.ones(len(event_time), bool), np.clip(event_time, low, high)
    return ~((event_time < low) | (event_time > high)), event_time


def _event_times(event_time: Floats, references: list[int]) -> list[int]:
    present = np.unique(event_time[~np.isnan(event_time)]).astype(int)
    if absent := [k for k in references if k not in present]:
        raise NotIdentifiedError(f"reference event time {absent} does not occur; those that do: {present}")
    if not np.isnan(event_time).any() and len(references) < 2:
        raise NotIdentifiedError(
            "every unit is treated in the sample: event time is then collinear with unit and time, and two "
            "reference event times are needed, e.g. reference=(-5, -1), more if cohorts lie periods apart"
        )
    return [int(k) for k in present if k not in references]


def _with_dummies(data: pd.DataFrame, event_time: Floats, times: list[int]) -> pd.DataFrame:
    dummies = {f"{_PREFIX}{k}": (event_time == k).astype(np.float64) for k in times}
    return pd.concat([data, pd.DataFrame(dummies, index=data.index)], axis=1)


def _cluster(cluster: str | Sequence[str] | None, covariance: Any, unit: str) -> str | Sequence[str] | None:
    if cluster is not None:
        return cluster
    clusters = covariance is None or (isinstance(covariance, str) and covariance.startswith("CRV"))
    return unit if clusters else None


def _estimate(frame: pd.DataFrame, model: str, offset: Any, **options: Any) -> Estimates:
    if model == "poisson":
        return poisson(frame, offset=offset, **options)
    require_option("model", model, ("ols", "poisson"))
    if offset is not None:
        raise EstimationError("an offset belongs to model='poisson'")
    return ols(frame, **options)


def _widened(sample: Sample, kept: np.ndarray) -> Sample:
    outside = int((~kept).sum())
    rows = np.zeros(len(kept), bool)
    rows[kept] = sample.rows
    dropped = dict(sample.dropped) | ({"outside window": outside} if outside else {})
    return replace(sample, given=len(kept), dropped=dropped, rows=rows)


def _treated_counts(
    frame: pd.DataFrame,
    event_time: Floats,
    rows: Any,
    times: list[int],
    unit: str,
    clusters: list[str],
) -> dict[str, np.ndarray]:
    """Return how many units, and clusters of them, each event time rests on."""
    labels = {"units": unit} | ({"clusters": clusters[0]} if clusters else {})
    used = frame.loc[rows, list(dict.fromkeys(labels.values()))]
    grouped = used.groupby(event_time[rows])
    return {
        f"treated_{name}": grouped[column].nunique().reindex(times, fill_value=0).to_numpy()
        for name, column in labels.items()
    }


def _by_event_time(
    result: Estimates,
    times: list[int],
    references: list[int],
    ends: str,
    sample: Sample,
    counts: dict[str, Ints],
) -> Estimates:
    k = len(times)
    events = replace(
        result,
        method="event_study",
        keys=pd.DataFrame({"event_time": times}),
        estimate=result.estimate[:k],
        covariance=result.covariance[:k, :k],
        sample=sample,
        design=dict(result.design) | {"reference": tuple(references), "ends": ends},
        influence=None if result.influence is None else result.influence[:, :k],
        overrides=counts,
        extra=dict(result.extra) | {"covariates": result if len(result.estimate) > k else None},
    )
    leads = np.array(times) < 0
    return replace(events, extra=dict(events.extra) | {"leads": _leads_test(events, leads)})


def _leads_test(events: Estimates, leads: np.ndarray) -> WaldTest | None:
    if not leads.any():
        return None
    try:
        return joint_test(events, leads)
    except NotIdentifiedError:
        return None
