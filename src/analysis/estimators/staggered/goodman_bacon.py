"""What two-way fixed effects compares: the decomposition into two-by-two differences in differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats, Ints
from ..core.checks import numeric, require_columns, require_unique
from ..core.entry import takes_frame
from ..core.result import Estimates, Sample
from ..errors import EstimationError, NotIdentifiedError
from ..regression.ols import ols

KINDS = {
    "treated v never": "Treated against never treated",
    "treated v always": "Treated against always treated",
    "earlier v later": "Earlier treated against not yet treated",
    "later v earlier": "Later treated against already treated",
}


@takes_frame
def bacon_decomposition(
    data: pd.DataFrame, *, outcome: str, unit: str, time: str, treatment: str
) -> Estimates:
    """Decompose the two-way fixed-effects estimate of a binary absorbing treatment.

    Parameters
    ----------
    data : pandas.DataFrame
        Balanced: every unit in every period, nothing missing. On an unbalanced panel the decomposition
        does not hold, and this is refused.
    outcome : str
        Numeric column, in a balanced panel.
    unit : str
        Column of labels of units.
    time : str
        Column of periods.
    treatment : str
        0 before and 1 from the first treated period on.

    Returns
    -------
    Estimates
        One row a two-by-two comparison, keyed by ``kind`` (``"treated v never"``, ``"treated v always"``,
        ``"earlier v later"``, ``"later v earlier"``), ``cohort``, ``control`` (its cohort; infinity is
        never) and ``weight``. The weighted sum is the two-way estimate, which stands in
        ``extra["twfe"]``; ``extra["by_kind"]`` sums weights and averages estimates by kind. Comparisons have
        no standard errors of their own: the covariance is missing.

    Raises
    ------
    EstimationError
        An unbalanced panel, or a treatment that is not binary and absorbing.
    NotIdentifiedError
        No variation in treatment timing.
    KeyNotUniqueError
        A unit has two rows in one period.
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.

    Notes
    -----
    Goodman-Bacon (2021, doi:10.1016/j.jeconom.2021.03.014).

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import bacon_decomposition
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> len(bacon_decomposition(frame, outcome="y", unit="unit", time="year", treatment="treated").tidy())
    4
    """
    require_columns(data, [outcome, unit, time, treatment])
    require_unique(data, unit, time)
    if data.empty:
        raise NotIdentifiedError("the data has no rows")
    y, d, periods = _balanced(data, outcome, unit, time, treatment)
    cohort = _cohorts(d, periods)
    rows = list(_comparisons(y, cohort, periods))
    if not rows:
        raise NotIdentifiedError("no unit switches while another serves as its control")
    table = pd.DataFrame(rows, columns=["kind", "cohort", "control", "estimate", "weight"])
    table["weight"] /= table["weight"].sum()
    twfe = ols(data, outcome=outcome, treatment=treatment, effects=[unit, time], covariance="iid")
    return Estimates(
        method="bacon_decomposition",
        keys=table[["kind", "cohort", "control", "weight"]],
        estimate=table["estimate"].to_numpy(),
        covariance=np.full((len(table), len(table)), np.nan),
        sample=Sample(len(data), len(data), units=len(y), rows=np.ones(len(data), bool)),
        design={"outcome": outcome, "treatment": treatment, "correction": "none", "df": np.inf},
        extra={"twfe": float(twfe.estimate[0]), "by_kind": _by_kind(table)},
    )


def _balanced(
    data: pd.DataFrame, outcome: str, unit: str, time: str, treatment: str
) -> tuple[Floats, Floats, Ints]:
    numeric(data, outcome), numeric(data, treatment)
    wide = data.pivot(index=unit, columns=time, values=[outcome, treatment])
    missing = int(wide.isna().to_numpy().sum())
    if missing:
        cells = int(wide[outcome].isna().to_numpy().sum())
        raise EstimationError(
            f"the panel is unbalanced: {cells} of {wide[outcome].size} unit-periods lack an outcome or row. "
            "The decomposition holds on balanced panels only: keep the units seen in every period, and say so"
        )
    return wide[outcome].to_numpy(float), wide[treatment].to_numpy(float), wide[outcome].columns.to_numpy()


def _cohorts(d: Floats, periods: Ints) -> Ints:
    if not np.isin(d, (0.0, 1.0)).all():
        raise EstimationError("treatment must be 0 or 1: the decomposition is for a binary treatment")
    if (np.diff(d, axis=1) < 0).any():
        raise EstimationError("some unit's treatment ends: the decomposition is for an absorbing treatment")
    first = np.where(d.any(axis=1), d.argmax(axis=1), len(periods))
    return first


def _comparisons(y: np.ndarray, first: np.ndarray, periods: np.ndarray) -> Iterator[tuple[Any, ...]]:
    """Yield kind, cohort, control cohort, estimate and unnormalised weight of each comparison."""
    length = len(periods)
    groups = np.unique(first)
    means = {g: y[first == g].mean(axis=0) for g in groups}
    share = {g: (first == g).mean() for g in groups}
    treated = {g: (length - g) / length for g in groups}
    label = {g: periods[g] if g < length else np.inf for g in groups}
    for i, early in enumerate(groups):
        for late in groups[i + 1 :]:
            sizes, gap = share[early] * share[late], treated[early] - treated[late]
            if early > 0:
                kind = "treated v never" if late == length else "earlier v later"
                effect = _difference(means[early], means[late], 0, early, late)
                yield kind, label[early], label[late], effect, sizes * gap * (1 - treated[early])
            if late < length:
                kind = "treated v always" if early == 0 else "later v earlier"
                effect = _difference(means[late], means[early], early, late, length)
                yield kind, label[late], label[early], effect, sizes * gap * treated[late]


def _difference(treated: Floats, control: Floats, start: int, switch: int, end: int) -> float:
    """Return the two-by-two of group means, before and from `switch`, within ``[start, end)``."""
    gap = treated - control
    return float(gap[switch:end].mean() - gap[start:switch].mean())


def _by_kind(table: pd.DataFrame) -> pd.DataFrame:
    sums = table.assign(product=table["estimate"] * table["weight"]).groupby("kind", sort=True)
    totals = sums[["weight", "product"]].sum()
    totals["estimate"] = totals["product"] / totals["weight"]
    return totals[["estimate", "weight"]].reset_index()
