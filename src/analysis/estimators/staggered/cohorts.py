"""Cohorts from treatments: when units adopt a policy, and when it ends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import numeric, require_option
from ..core.entry import takes_frame
from ..errors import ColumnError, EstimationError, NotIdentifiedError
from .treatment_paths import Paths, treatment_paths


@takes_frame
def adoption_cohort(
    data: pd.DataFrame, *, unit: str, time: str, treatment: str, ended: str = "forbid"
) -> pd.Series:
    """Return the first treated period of each row's unit, for methods that take a ``cohort``.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    unit, time, treatment : str
        Columns; `treatment` is 0 or 1, missing where unknown.
    ended : {"forbid", "keep"}
        Treatments that are switched off again raise, naming units; or count as treated from their first
        treated period on (the effect of ever having adopted). `switchers` takes them as they are.

    Returns
    -------
    pandas.Series
        Aligned with `data`; missing for never treated.

    Raises
    ------
    ColumnError
        If the treatment is not binary.
    EstimationError
        On an unknown option, or a treatment that ends where that is forbidden.
    KeyNotUniqueError
        A unit has two rows in one period.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import adoption_cohort
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> adoption_cohort(frame, unit="unit", time="year", treatment="treated").dropna().unique().tolist()
    [2002.0, 2003.0]
    """
    require_option("ended", ended, ("forbid", "keep"))
    paths = _binary(data, unit, time, treatment)
    on = paths.treatment == 1
    first = np.where(on.any(axis=1), on.argmax(axis=1), len(paths.periods))
    off = (paths.treatment == 0) & (np.arange(len(paths.periods)) > first[:, None])
    if ended == "forbid" and off.any():
        stopped = paths.units[off.any(axis=1)]
        raise EstimationError(
            f"{treatment!r} is switched off again in {len(stopped)} units (first {list(stopped[:5])}): "
            "use switchers, ended_cohort, or ended='keep'"
        )
    return _by_row(data, paths, np.append(paths.periods, np.nan)[first], "cohort")


@takes_frame
def ended_cohort(
    data: pd.DataFrame, *, unit: str, time: str, treatment: str, since: float | None = None
) -> pd.DataFrame:
    """Return the rows of units treated at the start, with the period in which their treatment ends.

    Any estimator for staggered adoption, given these rows and ``cohort="ended"``, estimates the effect of
    ending: units whose treatment goes on are the never treated.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    unit, time, treatment : str
        Columns; `treatment` is 0 or 1.
    since : float, optional
        Start: units treated in this period, and rows from it on; the first period when omitted.

    Returns
    -------
    pandas.DataFrame
        Rows of `data` with the column ``ended``, missing where the treatment did not end. Rows from a
        unit's second adoption on are left out.

    Raises
    ------
    ColumnError
        If the treatment is not binary, or `data` has a column ``ended``.
    NotIdentifiedError
        If no unit is treated at the start.
    KeyNotUniqueError
        A unit has two rows in one period.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import ended_cohort
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> frame["on"] = 1 - frame["treated"]
    >>> ended_cohort(frame, unit="unit", time="year", treatment="on").head(3)
       unit  year  first  treated    y  on  ended
    0     0  2000      0        0  0.0   1    NaN
    1     0  2001      0        0  0.0   1    NaN
    2     0  2002      0        0  0.0   1    NaN
    """
    if "ended" in data.columns:
        raise ColumnError("the data has a column 'ended' already: rename it")
    paths = _binary(data, unit, time, treatment)
    start = paths.periods[0] if since is None else since
    at = _position_of(paths, start)
    later = np.arange(len(paths.periods)) >= at
    off = (paths.treatment == 0) & later
    end = np.where(off.any(axis=1), off.argmax(axis=1), len(paths.periods))
    again = (paths.treatment == 1) & (np.arange(len(paths.periods)) > end[:, None])
    stop = np.where(again.any(axis=1), again.argmax(axis=1), len(paths.periods))
    chosen = paths.treatment[:, at] == 1
    if not chosen.any():
        raise NotIdentifiedError(f"no unit is treated in period {start:g}")
    row = paths.row_unit
    when = paths.calendar.positions(numeric(data, time))
    kept = (row >= 0) & chosen[row] & (when >= at) & (when < stop[row])
    ended = _by_row(data, paths, np.append(paths.periods, np.nan)[end], "ended")
    found: pd.DataFrame = data.assign(ended=ended).loc[kept]
    return found


def _position_of(paths: Paths, start: float) -> int:
    near = np.abs(paths.periods - start)
    at = int(near.argmin())
    if near[at] > 1e-9 * max(1.0, abs(start)) or np.isnan(paths.treatment[:, at]).all():
        raise NotIdentifiedError(f"no row in period {start:g}")
    return at


def _binary(data: pd.DataFrame, unit: str, time: str, treatment: str) -> Paths:
    paths = treatment_paths(data, unit=unit, time=time, treatment=treatment)
    seen = paths.treatment[~np.isnan(paths.treatment)]
    if not np.isin(seen, (0.0, 1.0)).all():
        raise ColumnError(f"{treatment!r} must be 0 or 1; it holds {np.unique(seen)[:6].tolist()}")
    return paths


def _by_row(data: pd.DataFrame, paths: Paths, values: Floats, name: str) -> pd.Series:
    found = np.append(values, np.nan)[paths.row_unit]
    return pd.Series(found, index=data.index, name=name)
