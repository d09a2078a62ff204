"""How strong unmeasured confounding must be: Rosenbaum bounds for pairs, and E-values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import numeric, require_columns
from ..core.distributions import normal_quantile, normal_upper
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from ..matching.balance import matched_pairs

EXACT_UP_TO = 200
"""Pairs with a difference up to which signed-rank distributions are computed, not approximated."""


@takes_frame
def rosenbaum_bounds(
    data: pd.DataFrame,
    result: Estimates,
    *,
    outcome: str,
    gammas: Sequence[float] = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0),
) -> pd.DataFrame:
    """Bound the signed-rank test and estimate of matched pairs against hidden bias [1]_.

    Parameters
    ----------
    data : pandas.DataFrame
        The rows `result` was given.
    result : Estimates
        From `match`, one neighbour, without replacement: each unit stands in one pair.
    outcome : str
        Numeric column.
    gammas : sequence of float
        How much two units alike in covariates may differ in their odds of treatment; at least 1.

    Returns
    -------
    pandas.DataFrame
        One row a gamma: ``gamma``; ``p_greater_low, p_greater_high`` bound the one-sided p-value
        against no effect when the alternative is a positive effect, ``p_less_low, p_less_high`` a
        negative one; ``estimate_low, estimate_high`` bound the Hodges-Lehmann estimate of a
        constant effect, in units of the outcome; ``pairs`` with a difference, ``pairs_equal``
        without, which the test leaves out; ``is_exact``.

    Raises
    ------
    NotIdentifiedError
        When units stand in several pairs, or no pair differs.

    Notes
    -----
    Wilcoxon's statistic with average ranks. Its extreme distributions take each rank as positive
    with probability ``gamma / (1 + gamma)`` or ``1 / (1 + gamma)``; they are exact up to 200 pairs,
    normal beyond.

    References
    ----------
    .. [1] Rosenbaum, P. R. (2002). Observational Studies, 2nd ed. Springer.
       doi:10.1007/978-1-4757-3692-2

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import match, rosenbaum_bounds
    >>> frame = pd.DataFrame({"treated": [1, 0, 0, 1, 0, 0, 1, 0], "age": [30, 31, 45, 50, 48, 29, 41, 40]})
    >>> frame["sex"] = ["f", "f", "m", "m", "m", "f", "f", "f"]
    >>> frame["income"] = 10.0 + frame["age"] + 2 * frame["treated"] + [0, 1, 0, 1, 1, 0, 0, 1]
    >>> result = match(frame, outcome="income", treatment="treated", covariates="age", replace=False)
    >>> rosenbaum_bounds(frame, result, outcome="income", gammas=[1.0, 2.0])["p_greater_high"].round(
    ...     3
    ... ).tolist()
    [0.25, 0.444]
    """
    require_columns(data, [outcome])
    grid = np.asarray(gammas, float)
    if grid.ndim != 1 or not (grid >= 1).all():
        raise EstimationError(f"gammas must be at least 1, not {gammas!r}")
    differences = _differences(data, result, outcome)
    rows = [_bounds(differences, float(gamma)) for gamma in grid]
    return pd.DataFrame(rows)


def _differences(data: pd.DataFrame, result: Estimates, outcome: str) -> Floats:
    values, pairs = numeric(data, outcome), matched_pairs(data, result)
    if not (pairs["target_row"].is_unique and pairs["donor_row"].is_unique):
        raise NotIdentifiedError("Rosenbaum bounds need pairs: match with neighbours=1 and replace=False")
    sign = -1.0 if result.design.get("estimand") == "ATC" else 1.0
    found: Floats = sign * (values[pairs["target_row"]] - values[pairs["donor_row"]])
    if np.isnan(found).any():
        raise EstimationError(f"column {outcome!r} is missing in {int(np.isnan(found).sum())} matched pairs")
    if not found.any():
        raise NotIdentifiedError(f"no pair differs in {outcome!r}")
    return found


def _bounds(differences: Floats, gamma: float) -> dict[str, float]:
    moved = differences[differences != 0]
    ranks = pd.Series(np.abs(moved)).rank().to_numpy()
    above, below = ranks[moved > 0].sum(), ranks[moved < 0].sum()
    high, low = gamma / (1 + gamma), 1 / (1 + gamma)
    return {
        "gamma": gamma,
        "p_greater_low": signed_rank_tail(ranks, above, low),
        "p_greater_high": signed_rank_tail(ranks, above, high),
        "p_less_low": signed_rank_tail(ranks, below, low),
        "p_less_high": signed_rank_tail(ranks, below, high),
        "estimate_low": _hodges_lehmann(differences, high),
        "estimate_high": _hodges_lehmann(differences, low),
        "pairs": len(moved),
        "pairs_equal": len(differences) - len(moved),
        "is_exact": len(moved) <= EXACT_UP_TO,
    }


def signed_rank_tail(ranks: np.ndarray, statistic: float, positive: float) -> float:
    """Return the chance that ranks, each counted with probability `positive`, sum to `statistic` or more."""
    if len(ranks) > EXACT_UP_TO:
        mean = positive * ranks.sum()
        spread = np.sqrt(positive * (1 - positive) * (ranks**2).sum())
        return float(normal_upper((statistic - mean) / spread))
    doubled = np.rint(2 * ranks).astype(np.int64)
    chances = np.zeros(doubled.sum() + 1)
    chances[0] = 1.0
    for rank in doubled:
        shifted = np.zeros_like(chances)
        shifted[rank:] = chances[:-rank]
        chances = (1 - positive) * chances + positive * shifted
    return float(min(1.0, chances[round(2 * statistic) :].sum()))


def _hodges_lehmann(differences: Floats, positive: float) -> float:
    """Return the effect at which the signed-rank sum of differences less it equals its expectation."""
    n = len(differences)
    first, second = np.triu_indices(n)
    averages = np.sort((differences[first] + differences[second]) / 2)
    above = (1 - positive) * len(averages)
    low = averages[max(int(np.ceil(above - 1e-9)) - 1, 0)]
    high = averages[min(int(np.floor(above + 1e-9)), len(averages) - 1)]
    return float((low + high) / 2)


def e_value(
    estimate: float,
    *,
    conf_low: float | None = None,
    conf_high: float | None = None,
    scale: str = "risk_ratio",
    std_error: float | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the least strength of confounding, on the risk-ratio scale, that explains an estimate away [1]_.

    Parameters
    ----------
    estimate : float
        On `scale`; ratios are above 0.
    conf_low, conf_high : float, optional
        Confidence limits on the same scale.
    scale : {"risk_ratio", "odds_ratio", "hazard_ratio", "standardized_difference"}
        Odds and hazard ratios are of common outcomes (for rare ones use ``"risk_ratio"``) and turned
        into risk ratios by the approximations of [1]_; differences are in standard deviations.
    std_error : float, optional
        With standardized differences, in place of limits.
    level : float
        Level of limits made from `std_error`.

    Returns
    -------
    pandas.DataFrame
        One row: ``risk_ratio``, ``e_value``, and ``e_value_limit``, that of the confidence limit
        nearer to 1 (1 when the interval covers 1; NaN without limits).

    Raises
    ------
    EstimationError
        For ratios not above 0, an unknown scale, or limits that do not enclose the estimate.

    References
    ----------
    .. [1] VanderWeele, T. J., and P. Ding (2017). Sensitivity analysis in observational research:
       introducing the E-value. Annals of Internal Medicine 167(4). doi:10.7326/M16-2607

    Examples
    --------
    >>> from analysis.estimators import e_value
    >>> e_value(2.0).round(3).to_dict("records")
    [{'risk_ratio': 2.0, 'e_value': 3.414, 'e_value_limit': nan}]
    """
    if std_error is not None:
        half = float(normal_quantile(0.5 + level / 2)) * std_error
        conf_low, conf_high = estimate - half, estimate + half
    low, high = (np.nan if limit is None else limit for limit in (conf_low, conf_high))
    if low > estimate or high < estimate:
        raise EstimationError(f"the limits {low:g} and {high:g} do not enclose the estimate {estimate:g}")
    ratio, low, high = (_risk_ratio(value, scale) for value in (estimate, low, high))
    near = low if ratio >= 1 else high
    crossed = (ratio >= 1 and near <= 1) or (ratio < 1 and near >= 1)
    limit = 1.0 if crossed else _e_value(near)
    return pd.DataFrame([{"risk_ratio": ratio, "e_value": _e_value(ratio), "e_value_limit": limit}])


def _risk_ratio(value: float, scale: str) -> float:
    if scale == "standardized_difference":
        return float(np.exp(0.91 * value))
    if scale not in ("risk_ratio", "odds_ratio", "hazard_ratio"):
        raise EstimationError(
            f"scale {scale!r} is none of risk_ratio, odds_ratio, hazard_ratio, standardized_difference"
        )
    if value <= 0:
        raise EstimationError(f"a ratio must be above 0, not {value:g}")
    if scale == "odds_ratio":
        return float(np.sqrt(value))
    if scale == "hazard_ratio":
        return float((1 - 0.5 ** np.sqrt(value)) / (1 - 0.5 ** np.sqrt(1 / value)))
    return float(value)


def _e_value(ratio: float) -> float:
    above = ratio if not ratio < 1 else 1 / ratio
    return float(above + np.sqrt(above * (above - 1)))
