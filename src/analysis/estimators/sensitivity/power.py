"""What an estimate could have shown: detectable effects, equivalence, errors of sign and magnitude."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import require_level
from ..core.distributions import normal_density, t_density, t_quantile, t_upper
from ..core.result import Estimates
from ..errors import EstimationError


def minimum_detectable_effect(
    std_error: float | Sequence[float] | Estimates,
    *,
    power: float = 0.8,
    level: float = 0.95,
    df: float | None = None,
) -> float | np.ndarray | pd.DataFrame:
    """Return the smallest true effect that a two-sided test finds with the given power.

    Parameters
    ----------
    std_error : float, sequence of float, or Estimates
        In units of the outcome; so is the answer.
    power : float
        Chance of detecting the effect, between 0 and 1.
    level : float
        One less the size of the test.
    df : float, optional
        Degrees of freedom of the t distribution; those of the result, or infinity (normal).

    Returns
    -------
    float, numpy.ndarray or pandas.DataFrame
        Like the argument; for a result its keys with ``std_error`` and ``minimum_detectable_effect``.

    Raises
    ------
    EstimationError
        A negative or missing standard error, or power or level outside (0, 1).

    Notes
    -----
    The multiple of Bloom (1995): ``t(1 - size / 2) + t(power)``, 2.8016 in the normal case at 80% and 5%.
    It takes the standard error as known and belongs to the design, not to the estimate found: power at
    the estimate itself says nothing new (Hoenig and Heisey 2001).

    References
    ----------
    Bloom, H. S. (1995). Minimum detectable effects. Evaluation Review 19, 547-556.
    doi:10.1177/0193841X9501900504

    Examples
    --------
    >>> from analysis.estimators import minimum_detectable_effect
    >>> round(float(minimum_detectable_effect(1.0)), 3)
    2.802
    """
    require_level(level)
    _require_share("power", power)
    if isinstance(std_error, Estimates):
        found = std_error.design.get("df", np.inf) if df is None else df
        effect = _detectable(std_error.std_error, power, level, found)
        return std_error.keys.assign(std_error=std_error.std_error, minimum_detectable_effect=effect)
    effect = _detectable(std_error, power, level, np.inf if df is None else df)
    return float(effect) if np.ndim(std_error) == 0 else effect


def _detectable(std_error: Any, power: float, level: float, df: float) -> np.ndarray:
    std_error = _require_std_error(std_error)
    found: np.ndarray = (t_quantile(0.5 + level / 2, df) + t_quantile(power, df)) * std_error
    return found


def equivalence_test(
    estimates: Estimates,
    *,
    bound: float | tuple[float, float],
    level: float = 0.95,
    df: float | None = None,
) -> pd.DataFrame:
    """Test whether effects are smaller than a bound: two one-sided tests.

    Parameters
    ----------
    estimates : Estimates
        Any result.
    bound : float or (float, float)
        Smallest effect that would matter, in units of the outcome, from outside the data: effects inside
        ``(-bound, bound)``, or between the two numbers, count as equivalent to none.
    level : float
        One less the size of the tests.
    df : float, optional
        Degrees of freedom of the t distribution; those of the result when omitted.

    Returns
    -------
    pandas.DataFrame
        Keys, ``estimate, std_error, bound_low, bound_high, p_value`` (the larger of the two one-sided
        p-values), ``conf_low, conf_high`` (at ``2 * level - 1``, 90% for 95%), ``equivalent`` and
        ``smallest_bound``, the smallest symmetric bound that would be rejected.

    Raises
    ------
    EstimationError
        A bound that is not positive or not in order.

    Notes
    -----
    ``equivalent`` holds exactly when the interval lies inside the bounds. Not equivalent and not
    significant together mean that the data cannot tell. Uses the standard errors and df of the result,
    also where its p-values come from resampling. Schuirmann (1987, doi:10.1007/BF01068419); Hartman and
    Hidalgo (2018, doi:10.1111/ajps.12387).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import equivalence_test, ols
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> fit = ols(frame, outcome="rate", treatment="on", effects=["place", "year"], cluster="place")
    >>> equivalence_test(fit, bound=3.0)[["term", "equivalent"]].to_dict("records")
    [{'term': 'on', 'equivalent': True}]
    """
    require_level(level)
    low, high = bound if isinstance(bound, tuple) else (-bound, bound)
    if not low < high:
        raise EstimationError(f"bound must be positive, or a lower and a higher number, not {bound}")
    df = estimates.design.get("df", np.inf) if df is None else df
    estimate, std_error = estimates.estimate, _require_std_error(estimates.std_error)
    above = t_upper((estimate - low) / std_error, df)
    below = t_upper((high - estimate) / std_error, df)
    half = t_quantile(level, df) * std_error
    p_value = np.maximum(above, below)
    return estimates.keys.assign(
        estimate=estimate,
        std_error=std_error,
        bound_low=low,
        bound_high=high,
        p_value=p_value,
        conf_low=estimate - half,
        conf_high=estimate + half,
        equivalent=p_value < 1 - level,
        smallest_bound=np.abs(estimate) + half,
    )


def sign_and_magnitude_errors(
    effect: float | Sequence[float], std_error: float, *, level: float = 0.95, df: float = np.inf
) -> pd.DataFrame:
    """Return power, the chance of a wrong sign, and the exaggeration of significant estimates.

    Parameters
    ----------
    effect : float or sequence of float
        True effects to suppose, from outside the data; not zero.
    std_error : float
        Standard error of the design, in the unit of the effect.
    level : float
        Confidence level of intervals, between 0 and 1.
    df : float
        Degrees of freedom of the t distribution; the estimate is the effect plus `std_error` times t.

    Returns
    -------
    pandas.DataFrame
        One row an effect: ``effect, power, type_s`` (share of significant estimates with the wrong
        sign), ``type_m`` (expected size of a significant estimate over the effect's size).

    Raises
    ------
    EstimationError
        An effect of zero, or a negative standard error.

    References
    ----------
    Gelman, A. and Carlin, J. (2014). Beyond power calculations: assessing type S (sign) and type M
    (magnitude) errors. Perspectives on Psychological Science 9, 641-651. doi:10.1177/1745691614551642

    Examples
    --------
    >>> from analysis.estimators import sign_and_magnitude_errors
    >>> sign_and_magnitude_errors(0.5, 1.0).round(3).to_dict("records")
    [{'effect': 0.5, 'power': 0.079, 'type_s': 0.088, 'type_m': 4.789}]
    """
    require_level(level)
    _require_std_error(std_error)
    rows = [_errors_of(float(item), float(std_error), level, df) for item in np.atleast_1d(effect)]
    return pd.DataFrame(rows, columns=["effect", "power", "type_s", "type_m"])


def _errors_of(effect: float, std_error: float, level: float, df: float) -> tuple[float, float, float, float]:
    if effect == 0 or not np.isfinite(effect):
        raise EstimationError(f"effect must be a finite number other than 0, not {effect}")
    size = abs(effect) / std_error
    critical = t_quantile(0.5 + level / 2, df)
    right, wrong = t_upper(critical - size, df), t_upper(critical + size, df)
    power = float(right + wrong)
    beyond = _mean_above(critical - size, df) + size * right
    beneath = _mean_above(critical + size, df) - size * wrong
    return effect, power, float(wrong) / power, float((beyond + beneath) / power / size)


def _mean_above(point: float, df: float) -> float:
    """Return the integral of ``z f(z)`` from `point` up, f the density of t."""
    if np.isinf(df):
        return float(normal_density(point))
    if df <= 1:
        return float(np.inf)
    return float((df + point**2) / (df - 1) * t_density(point, df))


def _require_std_error(std_error: Floats | float) -> np.ndarray:
    values = np.asarray(std_error, dtype=np.float64)
    if not (values > 0).all():
        raise EstimationError(f"standard errors must be positive numbers, not {std_error}")
    return values


def _require_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise EstimationError(f"{name} must lie between 0 and 1, not {value}")
