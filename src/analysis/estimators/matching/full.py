"""Optimal full matching: every unit in a set of one treated and controls, or one control and treated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..arrays import Floats, Ints
from ..core.checks import require_level
from ..core.entry import takes_frame
from ..core.result import Estimates
from .matched_sample import read_frame
from .neighbors import squared_distances
from .pairing import locate
from .strata import clustered_result, require_estimand


@takes_frame
def full_match(
    data: pd.DataFrame,
    *,
    outcome: str | Sequence[str],
    treatment: str,
    covariates: str | Sequence[str],
    exact: str | Sequence[str] | None = None,
    estimand: str = "ATT",
    distance: str = "inverse_variance",
    adjust: bool = False,
    level: float = 0.95,
) -> Estimates:
    """Match all units into sets of least total distance, without bounds on a set's size [1]_.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit; rows with a missing value are dropped and counted.
    outcome : str or sequence of str
        Outcomes; each gives one row of the result.
    treatment : str
        Column of 0 and 1.
    covariates : str or sequence of str
        Numeric columns that are balanced.
    exact : str or sequence of str, optional
        Columns, of any type, on which matches must agree; missing values drop the row.
    estimand : {"ATT", "ATC", "ATE"}
        Average effect on the treated, the untreated, or all units.
    distance : str or array_like
        ``"inverse_variance"``, ``"mahalanobis"``, ``"propensity"``, ``"linear_propensity"``, or weights,
        shape (k,) or (k, k), on standardized covariates.
    adjust : bool
        Also regress linearly on the covariates.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keys ``term``. ``extra``: ``weights`` and ``stratum`` (matched set) by row, ``sets`` (a table
        ``set, treated, control, distance``), ``total_distance``, and ``score`` if one was fitted.
        Errors are clustered by matched set. Units whose exact stratum lacks the other arm are
        dropped and counted.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    EstimationError
        An option is none of those named, or options contradict each other.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.

    Notes
    -----
    Without bounds on sizes the best full matching is the bipartite edge cover of least weight, which
    is the cheapest edge of every unit, improved by the assignment that gains most over those; so
    `scipy.optimize.linear_sum_assignment` solves it exactly. Memory is treated times controls.

    References
    ----------
    .. [1] Hansen, B. B., and S. O. Klopfer (2006). Optimal full matching and related designs via
       network flows. JCGS 15(3). doi:10.1198/106186006X137047

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import full_match
    >>> frame = pd.DataFrame({"treated": [1, 0, 0, 1, 0, 0, 1, 0], "age": [30, 31, 45, 50, 48, 29, 41, 40]})
    >>> frame["sex"] = ["f", "f", "m", "m", "m", "f", "f", "f"]
    >>> frame["income"] = 10.0 + frame["age"] + 2 * frame["treated"] + [0, 1, 0, 1, 1, 0, 0, 1]
    >>> full_match(frame, outcome="income", treatment="treated", covariates="age").coef().round(
    ...     3
    ... ).to_dict()
    {'income': 1.833}
    """
    require_level(level)
    require_estimand(estimand)
    frame = read_frame(data, outcome, treatment, covariates, exact)
    frame, score = locate(frame, distance)
    stratum = np.full(len(frame.treated), -1, np.int64)
    rows_of_sets: list[tuple[Any, ...]] = []
    for rows in frame.strata():
        treated, control = rows[frame.treated[rows]], rows[~frame.treated[rows]]
        if len(treated) and len(control):
            cost = np.sqrt(squared_distances(frame.coordinates[treated], frame.coordinates[control]))
            left, right = edge_cover(cost)
            label = _set_labels(left, right, cost.shape) + len(rows_of_sets)
            stratum[treated], stratum[control] = label[: len(treated)], label[len(treated) :]
            rows_of_sets += _set_rows(left, right, cost, label)
    sets = pd.DataFrame(rows_of_sets, columns=["set", "treated", "control", "distance"])
    extra = {"sets": sets, "total_distance": float(sets["distance"].sum())}
    if score is not None:
        extra["score"] = frame.spread(score)
    design = {"distance": distance if isinstance(distance, str) else "given weights", "adjusted": adjust}
    return clustered_result(frame, "full_match", stratum, estimand, design, level, adjust, extra)


def edge_cover(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges (rows, columns) of least total cost that touch every row and column.

    Every connected piece of the result is a star.

    Parameters
    ----------
    cost : numpy.ndarray, shape (rows, columns)
        At least 0.
    """
    cheapest = cost.min(axis=1), cost.min(axis=0)
    gain = np.maximum(cheapest[0][:, None] + cheapest[1][None, :] - cost, 0.0)
    left, right = linear_sum_assignment(gain, maximize=True)
    gains = gain[left, right] > 0
    left, right = left[gains], right[gains]
    free_rows = np.setdiff1d(np.arange(cost.shape[0]), left)
    free_columns = np.setdiff1d(np.arange(cost.shape[1]), right)
    rows = np.concatenate([left, free_rows, cost[:, free_columns].argmin(axis=0)])
    columns = np.concatenate([right, cost[free_rows].argmin(axis=1), free_columns])
    edges = np.unique(np.column_stack([rows, columns]), axis=0)
    return _pruned(edges, cost)


def _pruned(edges: Ints, cost: Floats) -> tuple[Ints, Ints]:
    """Drop edges whose ends are both covered by others, the costliest first."""
    degree = [np.bincount(edges[:, side], minlength=cost.shape[side]) for side in (0, 1)]
    keep = np.ones(len(edges), bool)
    for edge in np.argsort(-cost[edges[:, 0], edges[:, 1]], kind="stable"):
        row, column = edges[edge]
        if degree[0][row] > 1 and degree[1][column] > 1:
            keep[edge] = False
            degree[0][row] -= 1
            degree[1][column] -= 1
    return edges[keep, 0], edges[keep, 1]


def _set_labels(left: Ints, right: Ints, shape: tuple[int, int]) -> Ints:
    size = sum(shape)
    graph = coo_array((np.ones(len(left)), (left, shape[0] + right)), shape=(size, size))
    found: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return found


def _set_rows(left: Ints, right: Ints, cost: Floats, label: Ints) -> list[tuple[int, int, int, float]]:
    """Return (set, treated, control, total distance) of each set, in the order of their labels."""
    of_treated, of_control = label[: cost.shape[0]], label[cost.shape[0] :]
    first, size = label.min(), int(label.max() - label.min()) + 1
    treated = np.bincount(of_treated - first, minlength=size)
    control = np.bincount(of_control - first, minlength=size)
    distance = np.bincount(of_treated[left] - first, cost[left, right], minlength=size)
    return list(zip(range(first, first + size), treated, control, distance, strict=True))
