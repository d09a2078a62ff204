"""Which assignments of a randomization test are drawn: from paths of places, within strata."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Array, Ints
from ..core.calendar import event_positions
from ..core.checks import require_columns
from ..core.frame import Arrays
from ..errors import EstimationError, TooFewClustersError
from .assignments import (
    Assignments,
    plan_assignments,
    pools_of,
    read_paths,
    require_dates,
    start_numbers,
)


def plan_of(
    data: pd.DataFrame,
    arrays: Arrays,
    codes: dict[str, Ints],
    treatment: str,
    place: str,
    time: str | None,
    strata: str | None,
    cohort: Any,
    design: str,
    draws: int,
    seed: int | None,
) -> Assignments:
    """Return the assignments to take: all of them where there are few, else as many as asked for."""
    at = codes[place]
    if int(at.max()) < 1:
        raise TooFewClustersError(f"column {place!r} has one place in the used rows: at least 2 needed")
    period = codes[time] if time else np.zeros(len(at), dtype=np.int64)
    start = _starts(data[arrays.rows], cohort, time, at)
    paths = read_paths(arrays.columns[:, 0], at, period, (treatment, place), start)
    stratum = data[strata][arrays.rows] if strata else None
    pools = pools_of(stratum, at, len(paths.label), strata)
    if design == "date":
        require_dates(paths, treatment)
        pools = np.where(paths.label == (-1 if paths.never is None else paths.never), -1, pools)
    plan = plan_assignments(paths, pools, draws, seed)
    if seed is None and not plan.enumerated:
        raise EstimationError(f"seed is needed: there are more than {draws} assignments")
    return plan


def _starts(used: pd.DataFrame, cohort: str | None, time: str | None, place: np.ndarray) -> Array | None:
    if cohort is None or time is None:
        return None
    require_columns(used, [cohort])
    _, when, first = event_positions(used, time, cohort)
    times = np.unique(when)
    return start_numbers(first, times, place, int(place.max()) + 1, cohort)
