"""Entropy balancing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import logsumexp

from ..arrays import Bools, Floats
from ..core.checks import require_level, require_option
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import ColumnError, NotIdentifiedError
from .matched_sample import MatchFrame, read_frame
from .strata import require_estimand, weighted_result

_GAP = 1e-6


@takes_frame
def entropy_balance(
    data: pd.DataFrame,
    *,
    outcome: str | Sequence[str],
    treatment: str,
    covariates: str | Sequence[str],
    moments: int = 1,
    estimand: str = "ATT",
    level: float = 0.95,
) -> Estimates:
    """Reweight an arm, as little as possible, until its covariate moments equal the target's [1]_.

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
    moments : {1, 2, 3}
        Balance means; also variances; also third moments.
    estimand : {"ATT", "ATC", "ATE"}
        Whose average effect; for the ATE both arms are reweighted to all units.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keys ``term``. ``extra["weights"]`` by row; the weights of an arm sum to the number of target
        units. ``extra["largest_gap"]``: largest difference of balanced moments, in standard
        deviations. Errors are from influence functions that count the estimation of the weights [2]_.

    Raises
    ------
    NotIdentifiedError
        When no positive weights reach the target's moments: it lies outside the arm's convex hull.

    References
    ----------
    .. [1] Hainmueller, J. (2012). Entropy balancing for causal effects. Political Analysis 20(1).
       doi:10.1093/pan/mpr025
    .. [2] Zhao, Q., and D. Percival (2017). Entropy balancing is doubly robust. Journal of Causal
       Inference 5(1). doi:10.1515/jci-2016-0010

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import entropy_balance
    >>> frame = pd.DataFrame({"treated": [1, 0, 0, 1, 0, 0, 1, 0], "age": [30, 31, 45, 50, 48, 29, 41, 40]})
    >>> frame["sex"] = ["f", "f", "m", "m", "m", "f", "f", "f"]
    >>> frame["income"] = 10.0 + frame["age"] + 2 * frame["treated"] + [0, 1, 0, 1, 1, 0, 0, 1]
    >>> entropy_balance(frame, outcome="income", treatment="treated", covariates="age").coef().round(
    ...     3
    ... ).to_dict()
    {'income': 1.715}
    """
    require_level(level)
    require_estimand(estimand)
    require_option("moments", moments, (1, 2, 3))
    frame = read_frame(data, outcome, treatment, covariates)
    features, labels = _features(frame, moments)
    target = {"ATT": frame.treated, "ATC": ~frame.treated, "ATE": np.ones(len(features), bool)}[estimand]
    arms = [_arm(features, labels, frame, target, arm) for arm in (True, False)]
    weights, influence = arms[0][0] + arms[1][0], arms[0][1] - arms[1][1]
    estimate = arms[0][2] - arms[1][2]
    n = len(features)
    design = {
        "estimand": estimand,
        "moments": moments,
        "correction": "influence functions with estimated weights",
        "df": np.inf,
    }
    extra = {"largest_gap": max(arms[0][3], arms[1][3])}
    covariance = influence.T @ influence / n**2
    return weighted_result(
        frame, "entropy_balance", weights, {}, estimate, covariance, design, level, extra, influence=influence
    )


def _features(frame: MatchFrame, moments: int) -> tuple[Floats, list[str]]:
    """Return standardized powers of covariates; powers that repeat others (of 0 and 1) are left out."""
    centre, scale = frame.covariates.mean(axis=0), frame.covariates.std(axis=0)
    if (scale == 0).any():
        flat = [name for name, bad in zip(frame.names, scale == 0, strict=True) if bad]
        raise ColumnError(f"covariate {flat} does not vary among the rows used: leave it out")
    base = (frame.covariates - centre) / scale
    columns, labels = [], []
    for power in range(1, moments + 1):
        for name, values, original in zip(frame.names, base.T, frame.covariates.T, strict=True):
            if len(np.unique(original)) > power:
                columns.append(values**power)
                labels.append(name if power == 1 else f"{name}^{power}")
    return np.column_stack(columns), labels


def _arm(
    features: Floats, labels: list[str], frame: MatchFrame, target: Bools, arm: bool
) -> tuple[Floats, Floats, Floats, float]:
    """Return weights, influence functions, mean and largest gap of one arm brought to the target."""
    rows = frame.treated == arm
    weights = np.zeros(len(rows))
    gap = 0.0
    if (rows == target).all():
        weights[rows] = 1.0
    else:
        share, gap = _tilt(features[rows], features[target].mean(axis=0), labels)
        weights[rows] = share * target.sum()
    mean = weights @ frame.outcomes / target.sum()
    fitted = _fitted(features, frame.outcomes, weights)
    influence = target[:, None] * (fitted - mean) + weights[:, None] * (frame.outcomes - fitted)
    return weights, influence * len(rows) / target.sum(), mean, gap


def _fitted(features: Floats, outcomes: Floats, weights: Floats) -> Floats:
    root = np.sqrt(weights)[:, None]
    design = np.column_stack([np.ones(len(features)), features])
    found: Floats = design @ np.linalg.lstsq(design * root, outcomes * root, rcond=None)[0]
    return found


def _tilt(features: Floats, target: Floats, labels: list[str]) -> tuple[Floats, float]:
    """Return positive weights of sum one with the target's means, of greatest entropy, and the gap."""
    centred = features - target

    def dual(tilt: Floats) -> float:
        found: float = logsumexp(centred @ tilt)
        return found

    def gradient(tilt: Floats) -> Floats:
        return _shares(centred @ tilt) @ centred

    def hessian(tilt: Floats) -> Floats:
        share = _shares(centred @ tilt)
        mean = share @ centred
        return centred.T @ (centred * share[:, None]) - np.outer(mean, mean)

    start = np.zeros(features.shape[1])
    options = {"gtol": 1e-12, "maxiter": 500}
    found = minimize(dual, start, jac=gradient, hess=hessian, method="trust-exact", options=options)
    tilt = _polished(found.x, gradient, hessian)
    gaps = np.abs(gradient(tilt))
    if not gaps.max() < _GAP:
        worst = [labels[i] for i in np.argsort(-gaps)[:3] if gaps[i] >= _GAP]
        raise NotIdentifiedError(
            f"no positive weights balance {worst}: the target lies outside the convex hull of the arm "
            "reweighted; use fewer moments or covariates, or drop the units that stick out"
        )
    return _shares(centred @ tilt), float(gaps.max())


def _polished(
    tilt: Floats, gradient: Callable[..., Any], hessian: Callable[..., Any], steps: int = 3
) -> Floats:
    """Return the point after a few Newton steps, each taken only if it brings the gradient down."""
    for _ in range(steps):
        trial = tilt - np.linalg.lstsq(hessian(tilt), gradient(tilt), rcond=None)[0]
        if not np.abs(gradient(trial)).max() < np.abs(gradient(tilt)).max():
            break
        tilt = trial
    return tilt


def _shares(index: Floats) -> Floats:
    found: Floats = np.exp(index - logsumexp(index))
    return found
