"""How much an estimate rests on one cohort or cluster, and what it finds where nothing happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..core.calendar import event_positions
from ..core.checks import require_columns
from ..core.entry import takes_frame
from ..core.reported import Reported, plot_rows
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Estimator = Callable[..., Estimates]


@dataclass(frozen=True, repr=False)
class Refits(Reported):
    """An estimate and its refits on changed data.

    Attributes
    ----------
    label : str
        What changes from refit to refit: a column's name or ``"shift"``.
    full : Estimates or None
        The estimate on all data, where there is one.
    fits : dict
        Refits by value of `label`.
    failed : dict
        Why a refit could not be made, by value of `label`.
    """

    label: str
    full: Estimates | None
    fits: dict[Any, Estimates] = field(repr=False)
    failed: dict[Any, str]

    def table(self) -> pd.DataFrame:
        """Return `Estimates.tidy` of all refits under one another, first column `label`.

        With a full estimate, the column ``change`` is the refit less it.
        """
        parts = [fit.tidy().assign(**{self.label: value}) for value, fit in self.fits.items()]
        table = pd.concat(parts, ignore_index=True)
        if self.full is not None:
            keys = list(self.full.keys.columns)
            whole = self.full.tidy()[[*keys, "estimate"]].rename(columns={"estimate": "_whole"})
            table = table.merge(whole, on=keys, how="left", validate="many_to_one")
            table = table.assign(change=table["estimate"] - table["_whole"]).drop(columns="_whole")
        return table[[self.label, *[c for c in table if c != self.label]]]

    def tidy(self) -> pd.DataFrame:
        """Return `table`."""
        return self.table()

    def glance(self) -> pd.DataFrame:
        """Return one row: what changes, how many refits were made and how many failed."""
        row = {"label": self.label, "fits": len(self.fits), "failed": len(self.failed)}
        return pd.DataFrame([row])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the refits of a single estimate one below the other."""
        table = self.table()
        return plot_rows(table.assign(**{self.label: table[self.label].astype(str)}), self.label, ax=ax)


@takes_frame
def leave_one_out(
    estimator: Estimator,
    data: pd.DataFrame,
    *,
    by: str,
    keep_missing: bool = True,
    summary: Callable[[Estimates], Estimates] | None = None,
    **options: Any,
) -> Refits:
    """Refit an estimator without each cohort, or without each cluster.

    Parameters
    ----------
    estimator : callable
        Any function of a frame and keywords that returns `Estimates`.
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    by : str
        Column whose values are left out in turn, in sorted order: the cohort, or the cluster.
    keep_missing : bool
        Never leave out rows whose `by` is missing, zero or infinite, which for a cohort are the never
        treated. Give False for clusters with a code of zero.
    summary : callable, optional
        Applied to each result, e.g. ``lambda r: r.aggregate("simple")``.
    **options
        Passed to `estimator`.

    Returns
    -------
    Refits
        A refit that is not identified is in ``failed`` with its reason.

    Raises
    ------
    ColumnError
        If `by` is absent.
    NotIdentifiedError
        If there are fewer than two values to leave out, or no refit is possible.
    EstimationError
        Of the estimator, on all data.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import leave_one_out, two_stage
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> found = leave_one_out(two_stage, frame, by="first", **keys)
    >>> found.label
    'first'
    """
    require_columns(data, [by])
    values = _values(data[by], keep_missing)
    if len(values) < 2:
        raise NotIdentifiedError(f"{by!r} has {len(values)} value to leave out: two are needed")
    finish = summary or (lambda result: result)
    full = finish(estimator(data, **options))
    column = data[by]
    fits, failed = _refit(values, lambda v: finish(estimator(data[(column != v).fillna(True)], **options)))
    if not fits:
        raise NotIdentifiedError(f"no refit without a value of {by!r} is possible: {failed}")
    return Refits(by, full, fits, failed)


def _values(column: pd.Series, keep_missing: bool) -> list[Any]:
    values = sorted(column.dropna().unique())
    if not keep_missing or not pd.api.types.is_numeric_dtype(column):
        return values
    return [v for v in values if v != 0 and np.isfinite(v)]


def _refit(
    values: tuple[int, ...] | list[float], fit: Callable[[Any], Estimates]
) -> tuple[dict[Any, Estimates], dict[Any, str]]:
    fits, failed = {}, {}
    for value in values:
        try:
            fits[value] = fit(value)
        except EstimationError as error:
            failed[value] = str(error)
    return fits, failed


@takes_frame
def placebo_dates(
    estimator: Estimator,
    data: pd.DataFrame,
    *,
    time: str,
    cohort: str,
    shifts: tuple[int, ...] = (1, 2, 3),
    anticipation: int = 0,
    summary: Callable[[Estimates], Estimates] | None = None,
    **options: Any,
) -> Refits:
    """Refit an estimator on rows before treatment only, with adoption moved to earlier periods.

    Under parallel trends and no anticipation every placebo effect is zero. A placebo that is not
    significant does not show that trends are parallel: see `pretest_power`.

    Parameters
    ----------
    estimator : callable
        Function of a frame and the keywords ``time`` and ``cohort`` that returns `Estimates`.
    data : pandas.DataFrame
        One row a unit and period.
    time, cohort : str
        Columns; never treated as in `group_time`. Rows from ``cohort - anticipation`` on are left out.
    shifts : tuple of int
        By how many periods adoption is moved earlier.
    anticipation : int
        Periods before adoption in which units may already respond.
    summary : callable, optional
        Applied to each result, e.g. ``lambda r: r.aggregate("simple")``.
    **options : Any
        Passed to `estimator`.

    Returns
    -------
    Refits
        By shift; ``full`` is None. The rows of each fit are in its ``sample``, counted after the cut.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    EstimationError
        If a shift is not positive.
    NotIdentifiedError
        If no placebo can be estimated.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import placebo_dates, two_stage
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(1996, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> found = placebo_dates(two_stage, frame, **keys, shifts=(1, 2), by="overall")
    >>> found.tidy()["estimate"].round(2).tolist()
    [0.25, 0.38]
    """
    if min(shifts, default=0) < 1 or anticipation < 0:
        raise EstimationError(
            f"shifts must be positive and anticipation not negative: {shifts}, {anticipation}"
        )
    require_columns(data, [time, cohort])
    calendar, when, first = event_positions(data, time, cohort)
    kept = when < first - anticipation
    before, starts = data[kept], first[kept] - anticipation
    finish = summary or (lambda result: result)

    def fit(shift: int) -> Estimates:
        moved = np.where(np.isinf(starts), np.nan, calendar.label(starts - shift))
        return finish(estimator(before.assign(**{cohort: moved}), time=time, cohort=cohort, **options))

    fits, failed = _refit(shifts, fit)
    if not fits:
        raise NotIdentifiedError(f"no placebo date can be estimated: {failed}")
    return Refits("shift", None, fits, failed)
