"""Synthetic control with exact weights, in-space placebos and ridge augmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats
from ..core.checks import as_list, require_level
from ..core.entry import takes_frame
from ..core.result import Estimates
from . import classic_fit as kernels
from .panel import read_synthetic
from .predictors import Problem, read_problem, rms, weights_of
from .tables import keys_of, leave_one_out, placebo_table, ratio_table, tables


@takes_frame
def synthetic_control(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str | None = None,
    cohort: str | None = None,
    covariates: str | Sequence[str] | None = None,
    lags: str | Sequence[Any] = "all",
    predictor_weights: str | list[float] = "inverse_variance",
    augment: bool = False,
    ridge: float | None = None,
    placebos: bool = True,
    worst_fit: float | None = None,
    missing: str = "error",
    level: float = 0.95,
) -> Estimates:
    """Compare a treated unit with the convex combination of donors nearest to it before treatment [1]_.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period; every unit is needed in every period.
    outcome : str
        Numeric column.
    unit : str
        Column of labels of units.
    time : str
        Column of periods.
    treatment : str, optional
        Column of 0 and 1 by row; once 1 it stays 1. All treated units start together; their mean is the
        treated series.
    cohort : str, optional
        Instead of `treatment`: first treated period of the unit; missing, 0 or infinite when never treated.
    covariates : str or sequence of str, optional
        Matched on by their means before treatment.
    lags : "all", "mean", or sequence of periods
        Outcomes before treatment matched on: each, their mean, or those of the periods named.
    predictor_weights : {"inverse_variance", "nested"} or array_like, shape (p,)
        Weights of squared differences, covariates first, then lags. ``"inverse_variance"`` divides by
        variances over units, but leaves outcomes as they are when there are no covariates;
        ``"nested"`` seeks the weights that fit earlier outcomes best (Nelder-Mead from several starts,
        a local optimum); given ones act on predictors divided by their standard deviations.
    augment : bool
        Correct for imperfect fit by ridge regression on earlier outcomes [2]_; weights may be negative.
    ridge : float, optional
        Its penalty, in squared units of the outcome; chosen by leaving out periods when omitted.
    placebos : bool
        Match each donor to the other donors, for errors and p-values.
    worst_fit : float, optional
        Leave placebos out whose root mean square gap before treatment exceeds this multiple of the
        treated unit's; they are counted in ``design["placebos_left_out"]``.
    missing : {"error", "drop"}
        What to do with units that lack a cell: name the first one, or leave the units out, counted.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keys ``term, time``: ``ATT`` (mean over periods under treatment; time NaN), then ``gap`` of each.
        ``std_error`` is the standard deviation over placebos; ``p_value`` ranks the ratio of root
        mean square gaps after to before (for single periods, absolute gap over the gap before)
        among placebos, the treated unit counted on both sides: ``(1 + exceeding) / (1 + placebos)``.
        ``extra``: ``unit_weights``, ``path`` (``time, treated, synthetic, gap, is_post``),
        ``predictors`` (``predictor, treated, synthetic, donors``), ``placebo_gaps`` (periods by
        donor), ``ratios`` (``unit, before, after, ratio, rank``), ``leave_one_out`` (``unit,
        estimate``, without each weighted donor), ``fit_before``. ``design["hull"]`` says whether
        the treated unit's predictors lie outside the donors' convex hull, so that no combination
        equals them, or inside, where weights need not be unique.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left; also
        with fewer than two donors, or staggered adoption.

    References
    ----------
    .. [1] Abadie, A., A. Diamond, and J. Hainmueller (2010). Synthetic control methods for comparative
       case studies. JASA 105(490). doi:10.1198/jasa.2009.ap08746
    .. [2] Ben-Michael, E., A. Feller, and J. Rothstein (2021). The augmented synthetic control method.
       JASA 116(536). doi:10.1080/01621459.2021.1929245

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import synthetic_control
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> frame["treated"] = ((frame["place"] == 0) & (frame["year"] == 2)).astype(int)
    >>> synthetic_control(
    ...     frame, outcome="rate", unit="place", time="year", treatment="treated"
    ... ).coef().round(2).to_dict()
    {('ATT', nan): -0.31, ('gap', 2.0): -0.31}
    """
    require_level(level)
    panel = read_synthetic(data, outcome, unit, time, treatment, cohort, covariates, missing)
    problem = read_problem(panel, as_list(covariates), lags, predictor_weights, augment, ridge)
    weights = weights_of(problem)
    gap = problem.target - weights @ problem.donors
    others = kernels.placebo_gaps(problem.recipe, problem.predictors, problem.donors) if placebos else None
    kept = _kept(others, gap, problem.recipe.pre, worst_fit)
    estimate = _effects(gap, problem.recipe.pre)
    covariance, p_values, ratios = _inference(problem, gap, others, kept, len(estimate))
    extra = {**tables(problem, weights, gap), **ratios, "leave_one_out": leave_one_out(problem, weights)}
    return Estimates(
        method="synthetic_control",
        keys=keys_of(problem),
        estimate=estimate,
        covariance=covariance,
        sample=panel.sample,
        design=_design(problem, weights, placebos, kept),
        level=level,
        overrides=p_values,
        extra=extra,
    )


def _effects(gap: Floats, pre: int) -> Floats:
    return np.concatenate([[gap[pre:].mean()], gap[pre:]])


def _kept(others: Floats | None, gap: Floats, pre: int, worst_fit: float | None) -> Bools:
    """Return which placebos count."""
    if others is None:
        return np.zeros(0, bool)
    if worst_fit is None:
        return np.ones(len(others), bool)
    found: Bools = rms(others, pre) <= worst_fit * rms(gap, pre)
    return found


def _inference(
    problem: Problem, gap: Floats, others: Floats | None, kept: Bools, size: int
) -> tuple[Floats, dict[str, Floats], dict[str, pd.DataFrame]]:
    """Return covariance over placebos, rank p-values, and tables of placebos."""
    if others is None:
        return np.full((size, size), np.nan), {}, {}
    pre = problem.recipe.pre
    ratios = ratio_table(problem, gap, others, kept)
    found = {"ratios": ratios, "placebo_gaps": placebo_table(problem, others)}
    if kept.sum() < 2:
        return np.full((size, size), np.nan), {"p_value": np.full(size, np.nan)}, found
    counted = others[kept]
    effects = np.column_stack([counted[:, pre:].mean(axis=1), counted[:, pre:]])
    covariance = np.cov(effects.T, ddof=0)
    overall = kernels.rank_p_value(kernels.rmspe_ratio(gap, pre), kernels.rmspe_ratio(counted, pre))
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.abs(gap[pre:]) / rms(gap, pre)
        single = kernels.rank_p_value(own, np.abs(counted[:, pre:]) / rms(counted, pre)[:, None])
    return covariance, {"p_value": np.concatenate([[overall], single])}, found


def _design(problem: Problem, weights: Floats, placebos: bool, kept: Bools) -> dict[str, Any]:
    convex = kernels.simplex_weights(problem.predictors, problem.target_predictors)
    miss = np.abs(problem.predictors @ convex - problem.target_predictors).max()
    outside = miss > 1e-6 * max(float(np.abs(problem.predictors).max()), 1e-300)
    return {
        "augmented": problem.recipe.augment,
        "donors": len(weights),
        "donors_weighted": int((np.abs(weights) > 1e-8).sum()),
        "hull": "outside the donors' convex hull" if outside else "inside the donors' convex hull",
        "placebos": int(kept.sum()),
        "placebos_left_out": int((~kept).sum()),
        "correction": "standard deviation over placebos" if placebos else "none asked for",
        "df": np.inf,
    }
