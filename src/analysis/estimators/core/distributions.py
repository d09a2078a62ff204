"""Tail probabilities and quantiles from `scipy.special`, the digits of `scipy.stats` without its import.

Each function is the expression that `scipy.stats` evaluates itself, which takes longer to import than
a regression does to run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

Values = Any
"""A number or an array of them; answers have the broadcast shape."""


def t_upper(value: Values, df: Values) -> Any:
    """Return P(T > value) for Student's t with `df` degrees of freedom (infinite: normal)."""
    return special.stdtr(df, -np.asarray(value, dtype=np.float64))


def t_quantile(probability: Values, df: Values) -> Any:
    """Return the quantile of Student's t with `df` degrees of freedom (infinite: normal)."""
    return special.stdtrit(df, probability)


def t_density(value: Values, df: float) -> Any:
    r"""Return the density of Student's t.

    :math:`\Gamma((\nu+1)/2) / (\Gamma(\nu/2) \sqrt{\nu\pi}) \; (1 + x^2/\nu)^{-(\nu+1)/2}`
    """
    log_scale = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - 0.5 * np.log(df * np.pi)
    return np.exp(log_scale - (df + 1) / 2 * np.log1p(np.square(value) / df))


def normal_upper(value: Values) -> Any:
    """Return P(Z > value) for the standard normal."""
    return special.ndtr(-np.asarray(value, dtype=np.float64))


def normal_below(value: Values) -> Any:
    """Return P(Z < value) for the standard normal."""
    return special.ndtr(value)


def normal_quantile(probability: Values) -> Any:
    """Return the quantile of the standard normal."""
    return special.ndtri(probability)


def normal_density(value: Values, mean: Values = 0.0, std: Values = 1.0) -> Any:
    """Return the density of a normal with the given mean and standard deviation."""
    standard = (np.asarray(value, dtype=np.float64) - mean) / std
    return np.exp(-(standard**2) / 2) / np.sqrt(2 * np.pi) / std


def chi2_upper(value: Values, df: Values) -> Any:
    """Return P(X > value) for chi-squared with `df` degrees of freedom."""
    return special.chdtrc(df, np.maximum(value, 0.0))


def f_upper(value: Values, numerator: Values, denominator: Values) -> Any:
    """Return P(F > value) for F with `numerator` and `denominator` degrees of freedom."""
    return special.fdtrc(numerator, denominator, np.maximum(value, 0.0))


def kolmogorov_upper(value: Values) -> Any:
    """Return P(K > value) for the limit of the scaled two-sided Kolmogorov-Smirnov statistic."""
    return special.kolmogorov(value)
