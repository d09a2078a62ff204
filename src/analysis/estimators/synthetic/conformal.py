"""Conformal intervals for a synthetic control's effects."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import require_level
from ..core.entry import takes_frame
from ..core.result import Estimates
from . import classic_fit as kernels
from .panel import read_synthetic
from .predictors import Problem, read_problem, rms, weights_of
from .tables import keys_of


@takes_frame
def conformal_intervals(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str | None = None,
    cohort: str | None = None,
    missing: str = "error",
    level: float = 0.95,
) -> Estimates:
    """Invert permutation tests for each period's effect on a synthetic control's treated unit [1]_.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period; every unit is needed in every period.
    outcome : str
        Numeric column, matched on in all periods before treatment.
    unit : str
        Column of labels of units.
    time : str
        Column of periods.
    treatment : str, optional
        Column of 0 and 1 by row; once 1 it stays 1. All treated units start together; their mean is the
        treated series.
    cohort : str, optional
        Instead of `treatment`: first treated period of the unit; missing, 0 or infinite when never treated.
    missing : {"error", "drop"}
        What to do with units that lack a cell: name the first one, or leave the units out, counted.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keys ``term`` (``gap``) and ``time``; ``conf_low, conf_high`` are the ends of the effects not
        rejected, and ``p_value`` is of no effect in that period. ``std_error`` is NaN: there is none.
        ``design["joint_p_value"]`` is of no effect in any period, by moving blocks. With ``1 / (pre + 1) >=
        1 - level`` and more no value can be rejected and intervals are infinite.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.

    Notes
    -----
    Under a hypothesized effect the treated outcome without treatment is known, weights are fitted to
    all periods, and the residual of the period stands among those before treatment; exchangeability
    of residuals over time is assumed. The accepted set is taken to be an interval.

    References
    ----------
    .. [1] Chernozhukov, V., K. Wüthrich, and Y. Zhu (2021). An exact and robust conformal inference method
       for counterfactual and synthetic controls. JASA 116(536). doi:10.1080/01621459.2021.1920957

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import conformal_intervals
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> frame["treated"] = ((frame["place"] == 0) & (frame["year"] == 2)).astype(int)
    >>> conformal_intervals(
    ...     frame, outcome="rate", unit="place", time="year", treatment="treated", level=0.6
    ... ).coef().round(3).to_dict()
    {('gap', 2.0): -0.305}
    """
    require_level(level)
    panel = read_synthetic(data, outcome, unit, time, treatment, cohort, None, missing)
    problem = read_problem(panel, [], "all", "inverse_variance", False, None)
    pre = problem.recipe.pre
    gap = problem.target - weights_of(problem) @ problem.donors
    rows = [_one_period(problem, gap, period, 1 - level) for period in range(pre, len(gap))]
    low, high, p_value = (np.array(column) for column in zip(*rows, strict=True))
    size = len(rows)
    return Estimates(
        method="conformal_intervals",
        keys=keys_of(problem).iloc[1:].reset_index(drop=True),
        estimate=gap[pre:],
        covariance=np.full((size, size), np.nan),
        sample=panel.sample,
        design={
            "joint_p_value": _joint_p_value(problem),
            "permutations": "residuals of all periods (single effects), moving blocks (joint)",
            "correction": "none: permutation",
            "df": np.inf,
        },
        level=level,
        overrides={"p_value": p_value, "conf_low": low, "conf_high": high},
    )


def _one_period(problem: Problem, gap: Floats, period: int, alpha: float) -> tuple[float, float, float]:
    pre = problem.recipe.pre
    columns = np.r_[np.arange(pre), period]
    donors, target = problem.donors[:, columns], problem.target[columns]

    def p_value(effect: float) -> float:
        moved = target.copy()
        moved[-1] -= effect
        residual = np.abs(moved - kernels.simplex_weights(donors.T, moved) @ donors)
        return float(np.mean(residual >= residual[-1] * (1 - 1e-9)))

    scale = max(rms(gap, pre), 1e-6 * np.abs(target).max(), 1e-300)
    if alpha * (pre + 1) < 1 - 1e-9:
        return -np.inf, np.inf, p_value(0.0)
    low, high = kernels.accepted_interval(p_value, gap[period], scale, alpha + 1e-12)
    return low, high, p_value(0.0)


def _joint_p_value(problem: Problem) -> float:
    """Return the moving-block p-value of no effect in any period."""
    residual = np.abs(
        problem.target - kernels.simplex_weights(problem.donors.T, problem.target) @ problem.donors
    )
    after = len(residual) - problem.recipe.pre
    blocks = np.array([np.roll(residual, shift)[-after:].mean() for shift in range(len(residual))])
    return float(np.mean(blocks >= blocks[0] * (1 - 1e-9)))
