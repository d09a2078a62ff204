"""Joint tests of coefficients."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from ..core.distributions import chi2_upper, f_upper
from ..core.reported import Reported
from ..core.result import Estimates
from ..errors import NotIdentifiedError


@dataclass(frozen=True, repr=False)
class WaldTest(Reported):
    """A joint test that coefficients are zero.

    Attributes
    ----------
    statistic : float
        F when `df_denominator` is finite, chi-squared otherwise.
    df : int
        Coefficients tested.
    df_denominator : float
    p_value : float
    """

    statistic: float
    df: int
    df_denominator: float
    p_value: float

    def tidy(self) -> pd.DataFrame:
        """Return one row: statistic, df, df_denominator, p_value."""
        return pd.DataFrame([asdict(self)])

    def glance(self) -> pd.DataFrame:
        """Return the row of `tidy`: a test is one number."""
        return self.tidy()


def wald(estimate: np.ndarray, covariance: np.ndarray, df: float = np.inf) -> WaldTest:
    """Test that all of `estimate` are zero, by F with the given denominator or by chi-squared.

    Raises
    ------
    NotIdentifiedError
        When the covariance is singular: more restrictions than clusters, for one.
    """
    q = len(estimate)
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    if not np.isfinite(correlation).all() or np.linalg.eigvalsh(correlation)[0] <= 1e-10:
        raise NotIdentifiedError(f"the covariance of {q} coefficients is singular: test fewer of them")
    scaled = estimate / scale
    chi = float(scaled @ np.linalg.solve(correlation, scaled))
    if np.isinf(df):
        return WaldTest(chi, q, np.inf, float(chi2_upper(chi, q)))
    return WaldTest(chi / q, q, float(df), float(f_upper(chi / q, q, df)))


def joint_test(result: Estimates, mask: np.ndarray | None = None) -> WaldTest:
    """Test that several estimates of a result are all zero.

    Parameters
    ----------
    result : Estimates
    mask : numpy.ndarray of bool, shape (k,), optional
        Which; all when omitted. ``result.keys["event_time"] < 0`` picks the leads of an event study.

    Returns
    -------
    WaldTest
        With the smallest degrees of freedom of the result as denominator.
    """
    mask = np.ones(len(result.estimate), bool) if mask is None else np.asarray(mask, bool)
    df = float(np.min(result.design.get("df", np.inf)))
    return wald(result.estimate[mask], result.covariance[np.ix_(mask, mask)], df)
