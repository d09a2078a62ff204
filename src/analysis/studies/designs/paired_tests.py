"""Paired differences: their mean, its t interval, and two tests that trust no normal curve."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from ...estimators import Estimates, Sample, equivalence_test, minimum_detectable_effect
from ...estimators.core.intervals import t_interval

COLUMNS = [
    *["given", "used", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high"],
    *["p_sign", "p_flip", "rose", "fell"],
]


def paired_difference(
    differences: np.ndarray, *, draws: int, seed: int, level: float = 0.95
) -> dict[str, float]:
    """Return the mean of paired differences with a t interval, a sign test and a test by random signs.

    Parameters
    ----------
    differences : numpy.ndarray, shape (n,)
        One a pair; missing ones are counted as given and not used.
    draws, seed : int
        Random assignments of signs. With few pairs every assignment is taken once instead.
    level : float, optional
        Of the interval.

    Returns
    -------
    dict
        `COLUMNS`. ``p_value`` is that of t with n - 1 degrees of freedom; ``p_sign`` of the exact binomial
        test on signs, zeros left out; ``p_flip`` the share of sign assignments whose mean is as far from
        zero, the one observed included. With fewer than two differences all statistics are missing.
    """
    given = np.asarray(differences, float)
    used = np.sort(given[np.isfinite(given)])
    row = dict.fromkeys(COLUMNS, np.nan) | {"given": len(given), "used": len(used)}
    if len(used):
        rose, fell = int((used > 0).sum()), int((used < 0).sum())
        row |= {"estimate": used.mean(), "rose": rose, "fell": fell}
    if len(used) < 2 or np.ptp(used) == 0:
        return row
    std_error = used.std(ddof=1) / np.sqrt(len(used))
    return row | {
        **t_interval(used.mean(), std_error, len(used) - 1, level),
        "p_sign": stats.binomtest(rose, rose + fell).pvalue,
        "p_flip": _flip(used, draws, seed),
    }


def _flip(used: np.ndarray, draws: int, seed: int) -> float:
    sums = np.abs(_signs(len(used), draws, seed) @ used)
    reached = (sums >= abs(used.sum()) * (1 - 1e-9)).sum()
    enumerated = len(sums) == 2 ** len(used)
    return float(reached / len(sums) if enumerated else (1 + reached) / (1 + len(sums)))


@cache
def _signs(n: int, draws: int, seed: int) -> np.ndarray:
    if 2**n <= draws:
        codes = np.arange(2**n)[:, None] >> np.arange(n)[None, :]
        return (1 - 2 * (codes & 1)).astype(float)
    return np.random.default_rng(seed).choice([-1.0, 1.0], size=(draws, n))


def judged(
    table: pd.DataFrame,
    *,
    mean: pd.Series,
    margins: Mapping[str, pd.Series],
    power: float,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return differences with what each could have shown: the detectable effect and tests of equivalence.

    Parameters
    ----------
    table : pandas.DataFrame
        ``estimate``, ``std_error`` and ``df``.
    mean : pandas.Series
        Level that shares refer to.
    margins : mapping of str to pandas.Series
        By name, in the outcome's unit; where one is missing it is not tested.
    power, level : float
        Power, and one less the size of the tests.

    Returns
    -------
    pandas.DataFrame
        `table` with ``mean``, ``detectable`` (outcome's unit), ``detectable_share`` (of the mean),
        ``smallest_margin`` (the smallest that would be excluded), and for each margin its size, ``p_NAME``
        and ``within_NAME``: whether a difference of that size is excluded in both directions. Missing
        without a standard error.
    """
    found = table.assign(mean=mean, detectable=np.nan, smallest_margin=np.nan)
    rows = table["std_error"] > 0
    error, df = (table.loc[rows, name].to_numpy(float) for name in ("std_error", "df"))
    found.loc[rows, "detectable"] = _detectable(error, df, power, level)
    found["detectable_share"] = found["detectable"] / mean
    found.loc[rows, "smallest_margin"] = _equivalence(table[rows], error, level)["smallest_bound"].to_numpy()
    for name, margin in margins.items():
        tested = rows & (margin > 0)
        found[f"margin_{name}"], found[f"p_{name}"], found[f"within_{name}"] = margin, np.nan, False
        test = _equivalence(table[tested], margin[tested].to_numpy(float), level)
        found.loc[tested, f"p_{name}"] = test["p_value"].to_numpy()
        found.loc[tested, f"within_{name}"] = test["equivalent"].to_numpy(bool)
    return found


def _detectable(error: np.ndarray, df: np.ndarray, power: float, level: float) -> list[float]:
    pairs = zip(error.tolist(), df.tolist(), strict=True)
    return [float(minimum_detectable_effect(e, power=power, level=level, df=d)) for e, d in pairs]  # type: ignore[arg-type]


def _equivalence(rows: pd.DataFrame, unit: np.ndarray, level: float) -> pd.DataFrame:
    """Test all rows at once, each in a unit of its own that makes its bound 1; bounds in the rows' unit."""
    estimates = Estimates(
        method="differences of means",
        keys=pd.DataFrame({"term": range(len(rows))}),
        estimate=rows["estimate"].to_numpy(float) / unit,
        covariance=np.diag((rows["std_error"].to_numpy(float) / unit) ** 2),
        sample=Sample(given=len(rows), used=len(rows)),
        design={"df": rows["df"].to_numpy(float), "correction": "as given"},
    )
    test = equivalence_test(estimates, bound=1.0, level=level)
    return test.assign(smallest_bound=test["smallest_bound"] * unit)
