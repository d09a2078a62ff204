"""From fitted cohort-by-period cells to a `GroupTime` result with one small-sample convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..core.cell_panel import CellPanel
from ..core.checks import require_option
from ..errors import NotIdentifiedError
from ..regression.few_clusters import cluster_df, require_two
from .group_time import GroupTime
from .multiplier_bootstrap import cluster_sums
from .wide_panel import WidePanel

CORRECTIONS = ("fixest", "none")


def small_sample_factor(correction: str, *, rows: int, parameters: int, clusters: int) -> float:
    """Return ``G/(G-1) (N-1)/(N-K)`` for ``"fixest"``, 1 for ``"none"``.

    Parameters
    ----------
    correction : {"fixest", "none"}
    rows, parameters, clusters : int
        N, K and G. Effects nested in the clusters are not counted in K.
    """
    require_option("correction", correction, CORRECTIONS)
    require_two(clusters, "cluster")
    if correction == "none":
        return 1.0
    if rows <= parameters:
        raise NotIdentifiedError(f"no degrees of freedom: {rows} rows, {parameters} parameters")
    return clusters / (clusters - 1) * (rows - 1) / (rows - parameters)


def cell_result(
    method: str,
    wide: WidePanel,
    cells: np.ndarray,
    cohorts: np.ndarray,
    effects: np.ndarray,
    influence: np.ndarray,
    *,
    parameters: int,
    correction: str,
    design: Mapping[str, Any],
    level: float,
) -> GroupTime:
    """Return the result keyed by cohort and time.

    Parameters
    ----------
    cells : numpy.ndarray of int, shape (P, 2)
        Cohort code and period index.
    cohorts : numpy.ndarray, shape (C,)
        Position of the first treated period of each cohort code.
    effects : numpy.ndarray, shape (P,)
    influence : numpy.ndarray, shape (units, P)
        Shares of sampling error that sum to it.
    """
    units, clusters = len(wide.cohort), len(np.unique(wide.cluster))
    factor = small_sample_factor(correction, rows=wide.sample.used, parameters=parameters, clusters=clusters)
    sums = cluster_sums(influence, wide.cluster)
    panel = _panel(wide, cells, cohorts, factor)
    label = wide.calendar.label
    keys = pd.DataFrame({"cohort": label(panel.cell_cohort), "time": label(panel.cell_time)})
    return GroupTime(
        method=method,
        keys=keys,
        estimate=effects,
        covariance=sums.T @ sums * factor,
        sample=wide.sample,
        design={**design, "correction": correction, "df": cluster_df(clusters, design["cluster"])},
        level=level,
        influence=influence * units,
        overrides=panel.treated_counts(range(len(keys))),
        panel=panel,
    )


def _panel(wide: WidePanel, cells: np.ndarray, cohorts: np.ndarray, factor: float) -> CellPanel:
    mass = [np.nansum(wide.weights[wide.cohort == cohorts[g], t]) for g, t in cells]
    seen = cells[:, 1]
    return wide.cells(cohorts[cells[:, 0]], seen, seen, mass=np.array(mass), factor=factor)
