"""Balance of covariates before and after matching or weighting, and the tests matching reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Array, Bools, Floats, Ints
from ..core.checks import as_list, numeric, require_columns, require_option
from ..core.distributions import kolmogorov_upper, t_upper
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from .matched_sample import binary_treatment


@takes_frame
def balance_table(
    data: pd.DataFrame,
    *,
    treatment: str,
    covariates: str | Sequence[str],
    weights: np.ndarray | Estimates | None = None,
    denominator: str | None = None,
) -> pd.DataFrame:
    """Compare covariates of treated and control units, before and after weighting.

    Parameters
    ----------
    data : pandas.DataFrame
        The rows a matching or weighting estimator was given.
    treatment : str
        Column of 0 and 1.
    covariates : str or sequence of str
        Numeric columns.
    weights : numpy.ndarray, shape (n,), or Estimates, optional
        Weights by row of `data`, or a result whose ``extra["weights"]`` are used. Without them only
        the columns ending in ``_before`` are given.
    denominator : {"treated", "control", "pooled"}, optional
        Whose unweighted standard deviation divides differences, before and after alike. Default:
        treated for the ATT, control for the ATC, pooled (root of the mean of both variances) for
        the ATE and for plain weights.

    Returns
    -------
    pandas.DataFrame
        One row a covariate: ``covariate``, and for ``before`` and ``after``: ``mean_treated_*``,
        ``mean_control_*``, ``smd_*`` (standardized mean difference), ``variance_ratio_*`` (treated
        over control; NaN for a covariate of two values), ``ks_*`` (largest difference of the weighted
        distribution functions), and ``missing`` (rows of this covariate left out as missing).

    Raises
    ------
    ColumnError
        For columns absent or not numeric.
    NotIdentifiedError
        When an arm has no rows (or, after, no weight).

    References
    ----------
    .. [1] Austin, P. C. (2009). Balance diagnostics for comparing the distribution of baseline
       covariates between treatment groups. Statistics in Medicine 28. doi:10.1002/sim.3697

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import balance_table
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> len(balance_table(frame, treatment="treated", covariates="unit"))
    1
    """
    names = as_list(covariates)
    require_columns(data, [treatment, *names])
    treated, known = binary_treatment(data, treatment)
    side = denominator or _default_denominator(weights)
    after = _weights_of(weights, len(data))
    rows = [_row(name, numeric(data, name), treated, known, after, side) for name in names]
    return pd.DataFrame(rows)


def _default_denominator(weights: Array | Estimates | None) -> str:
    estimand = weights.design.get("estimand") if isinstance(weights, Estimates) else None
    return {"ATT": "treated", "ATC": "control"}.get(str(estimand), "pooled")


def _weights_of(weights: Array | Estimates | None, n: int) -> Floats | None:
    if isinstance(weights, Estimates):
        weights = weights.extra["weights"]
    if weights is None:
        return None
    weights = np.asarray(weights, float)
    if weights.shape != (n,):
        raise EstimationError(f"weights have shape {weights.shape}; the data has {n} rows")
    if not (weights >= 0).all():
        raise EstimationError("weights must be at least 0 and not missing")
    return weights


def _row(
    name: str, values: Floats, treated: Bools, known: Bools, after: Floats | None, side: str
) -> dict[str, Any]:
    keep = known & ~np.isnan(values)
    values, arm = values[keep], treated[keep]
    scale = _scale(values, arm, side)
    row = {"covariate": name, **_measures(values, arm, np.ones(len(values)), scale, "before")}
    if after is not None:
        row |= _measures(values, arm, after[keep], scale, "after")
    return row | {"missing": int((known & ~keep).sum())}


def _scale(values: Floats, arm: Bools, side: str) -> float:
    variances = [_variance(values[arm == which], np.ones((arm == which).sum())) for which in (True, False)]
    chosen: dict[str, Any] = {"treated": variances[0], "control": variances[1], "pooled": np.mean(variances)}
    require_option("denominator", side, tuple(chosen))
    found: float = np.sqrt(chosen[side])
    return found


def _variance(values: Floats, weights: Floats) -> float:
    """Return p(1-p) for a covariate of 0 and 1, else the unbiased weighted variance."""
    total = weights.sum()
    if total <= 0:
        raise NotIdentifiedError("an arm has no rows with weight: there is nothing to compare")
    mean = weights @ values / total
    if ((values == 0) | (values == 1)).all():
        found: float = mean * (1 - mean)
        return found
    freedom = total - (weights**2).sum() / total
    return weights @ (values - mean) ** 2 / freedom if freedom > 0 else np.nan


def _measures(values: Floats, arm: Bools, weights: Floats, scale: float, when: str) -> dict[str, float]:
    treated, control = values[arm], values[~arm]
    of_treated, of_control = weights[arm], weights[~arm]
    spread = _variance(treated, of_treated), _variance(control, of_control)
    means = np.average(treated, weights=of_treated), np.average(control, weights=of_control)
    points, rank = np.unique(values, return_inverse=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        smd = np.divide(means[0] - means[1], scale)
        ratio = np.nan if len(points) <= 2 else np.divide(*spread)
    found = {
        "mean_treated": means[0],
        "mean_control": means[1],
        "smd": smd,
        "variance_ratio": ratio,
        "ks": _ks_of_ranks(rank[arm], rank[~arm], of_treated, of_control),
    }
    return {f"{name}_{when}": float(value) for name, value in found.items()}


def ks_statistic(left: Floats, right: Floats, left_weights: Any = None, right_weights: Any = None) -> float:
    """Return the largest difference of two weighted distribution functions."""
    rank = np.unique(np.concatenate([left, right]), return_inverse=True)[1]
    return _ks_of_ranks(rank[: len(left)], rank[len(left) :], left_weights, right_weights)


def _ks_of_ranks(
    left: Ints, right: Ints, left_weights: Floats | None = None, right_weights: Floats | None = None
) -> float:
    size = 1 + max(int(left.max()), int(right.max()))
    mass = [
        np.bincount(rank, weights, minlength=size)
        for rank, weights in ((left, left_weights), (right, right_weights))
    ]
    return float(np.abs(np.cumsum(mass[0]) / mass[0].sum() - np.cumsum(mass[1]) / mass[1].sum()).max())


@takes_frame
def effective_sample_sizes(
    data: pd.DataFrame, *, treatment: str, weights: np.ndarray | Estimates
) -> pd.DataFrame:
    """Return rows, rows with weight, and Kish's effective number ``(sum w)^2 / sum w^2`` of each arm.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit.
    treatment : str
        Column of 0 and 1.
    weights : numpy.ndarray, shape (n,), or Estimates
        Weights of rows, or a matching result that holds them.

    Returns
    -------
    pandas.DataFrame
        Rows ``treated`` and ``control``; columns ``arm, given, weighted, effective, largest_share``
        (the largest weight over the arm's total).

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import effective_sample_sizes
    >>> frame = pd.DataFrame({"treated": [1, 0, 0, 1, 0, 0, 1, 0], "age": [30, 31, 45, 50, 48, 29, 41, 40]})
    >>> frame["sex"] = ["f", "f", "m", "m", "m", "f", "f", "f"]
    >>> frame["income"] = 10.0 + frame["age"] + 2 * frame["treated"] + [0, 1, 0, 1, 1, 0, 0, 1]
    >>> weights = np.where(frame["treated"] == 1, 1.0, frame["age"] / 40)
    >>> effective_sample_sizes(frame, treatment="treated", weights=weights).round(2)
           arm  given  weighted  effective  largest_share
    0  treated      3         3       3.00           0.33
    1  control      5         5       4.82           0.25
    """
    require_columns(data, [treatment])
    treated, known = binary_treatment(data, treatment)
    by_row = np.asarray(_weights_of(weights, len(data)))
    rows = []
    for arm, mask in (("treated", known & treated), ("control", known & ~treated)):
        own = by_row[mask]
        if own.sum() <= 0:
            raise NotIdentifiedError(f"no {arm} row has weight")
        effective = own.sum() ** 2 / (own**2).sum()
        share = own.max() / own.sum()
        rows.append((arm, len(own), int((own > 0).sum()), effective, share))
    return pd.DataFrame(rows, columns=["arm", "given", "weighted", "effective", "largest_share"])


@takes_frame
def balance_tests(data: pd.DataFrame, result: Estimates, covariates: str | Sequence[str]) -> pd.DataFrame:
    """Test matched pairs for equal covariates: paired t, and Kolmogorov-Smirnov for those of many values.

    Parameters
    ----------
    data : pandas.DataFrame
        The rows `result` was given.
    result : Estimates
        From `match` or `genetic_match`, with pairs.
    covariates : str or sequence of str
        Numeric columns without missing values among the matched rows.

    Returns
    -------
    pandas.DataFrame
        ``covariate, t_p_value, ks_p_value`` (NaN for a covariate of two values), as in the loss of
        genetic matching [1]_. p-values describe balance in this sample; they are no test of design.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    EstimationError
        The result is of other rows.
    NotIdentifiedError
        The result holds no pairs.

    References
    ----------
    .. [1] Sekhon, J. S. (2011). Multivariate and propensity score matching software with automated
       balance optimization. Journal of Statistical Software 42(7). doi:10.18637/jss.v042.i07

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import balance_tests, match
    >>> frame = pd.DataFrame({"treated": [1, 0, 0, 1, 0, 0, 1, 0], "age": [30, 31, 45, 50, 48, 29, 41, 40]})
    >>> frame["sex"] = ["f", "f", "m", "m", "m", "f", "f", "f"]
    >>> frame["income"] = 10.0 + frame["age"] + 2 * frame["treated"] + [0, 1, 0, 1, 1, 0, 0, 1]
    >>> result = match(frame, outcome="income", treatment="treated", covariates="age")
    >>> balance_tests(frame, result, "age")["t_p_value"].round(3).tolist()
    [0.225]
    """
    names = as_list(covariates)
    require_columns(data, names)
    values = np.column_stack([numeric(data, name) for name in names])
    pairs = matched_pairs(data, result)
    target, donor = pairs["target_row"].to_numpy(), pairs["donor_row"].to_numpy()
    left, right = values[target], values[donor]
    return pd.DataFrame(
        {
            "covariate": names,
            "t_p_value": paired_t_p_values(left - right, pairs["weight"].to_numpy()),
            "ks_p_value": ks_p_values(left, right),
        }
    )


def matched_pairs(data: pd.DataFrame, result: Estimates) -> pd.DataFrame:
    """Return the pairs of a match of the rows of `data`.

    Raises
    ------
    EstimationError
        The result is of other rows.
    NotIdentifiedError
        The result holds no pairs.
    """
    pairs: pd.DataFrame | None = result.extra.get("pairs")
    if pairs is None or pairs.empty:
        raise NotIdentifiedError("the result holds no pairs: match the rows first")
    last = int(pairs[["target_row", "donor_row"]].to_numpy().max())
    if last >= len(data):
        raise EstimationError(
            f"row {last} was matched, the data has {len(data)}: give the rows that were matched"
        )
    return pairs


def paired_t_p_values(differences: Floats, weights: Floats) -> Floats:
    """Return two-sided p-values of weighted mean differences, shape (k,); 1 where all are zero.

    The variance of a mean is ``sum(w (d - mean)^2) / (sum w)^2``, with ``sum w - 1`` degrees of freedom.
    """
    total = weights.sum()
    mean = weights @ differences / total
    error = np.sqrt(weights @ (differences - mean) ** 2) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.abs(mean) / error
    statistic[(error == 0) & (mean == 0)] = 0.0
    found: Floats = 2 * t_upper(statistic, max(total - 1, 1e-9))
    return found


def ks_p_values(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return asymptotic p-values of two-sample KS tests of each column, NaN for two-valued columns.

    Each pair counts once on either side, without weights; the limit distribution takes both samples
    as independent and continuous.
    """
    found = np.full(left.shape[1], np.nan)
    size = len(left) / 2
    for column in range(left.shape[1]):
        both = left[:, column], right[:, column]
        if len(np.unique(np.concatenate(both))) > 2:
            found[column] = kolmogorov_upper(np.sqrt(size) * ks_statistic(*both))
    return found
