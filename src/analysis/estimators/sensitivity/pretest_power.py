"""What a pre-test of parallel trends could have seen, and what passing one does to estimates (Roth 2022)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import optimize

from ..arrays import Floats
from ..core.checks import require_level
from ..core.distributions import normal_below, normal_density, normal_quantile
from ..core.reported import Reported, new_axes
from ..core.result import Estimates
from ..errors import EstimationError
from ..linalg.threads import same_bits
from .event_path import EventPath, event_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class PretestPower(Reported):
    """Power of a pre-test against a hypothesised violation, and its consequences.

    Attributes
    ----------
    slope : float or None
        Slope of a linear violation, in outcome units a period; None for other shapes.
    power : float
        Probability that some coefficient before treatment is significant under the violation.
    bayes_factor : float
        Probability of passing under the violation over that under parallel trends.
    likelihood_ratio : float
        Likelihood of the coefficients before treatment under the violation over that under parallel
        trends.
    table : pandas.DataFrame
        ``event_time, estimate, violation, mean_after_passing``: the last is the expected coefficient,
        when there is no effect, among data sets that pass.
    """

    slope: float | None
    power: float
    bayes_factor: float
    likelihood_ratio: float
    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return `table`: one row for each event time."""
        return self.table

    def glance(self) -> pd.DataFrame:
        """Return one row: slope, power, bayes_factor, likelihood_ratio."""
        names = ("slope", "power", "bayes_factor", "likelihood_ratio")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimates, the violation, and what it would leave among data sets that pass.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure when omitted.

        Returns
        -------
        matplotlib.axes.Axes
        """
        ax = new_axes(ax, xlabel="event time", ylabel="estimate")
        event = self.table["event_time"]
        ax.plot(event, self.table["estimate"], "o", label="estimate")
        ax.plot(event, self.table["violation"], label="violation")
        ax.plot(event, self.table["mean_after_passing"], "--", label="mean after passing")
        ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        ax.legend(frameon=False, fontsize="small")
        return ax


@same_bits
def pretest_power(
    estimates: Estimates,
    *,
    slope: float | None = None,
    violation: Callable[[np.ndarray], np.ndarray] | None = None,
    power: float = 0.5,
    reference: int | None = None,
    level: float = 0.95,
) -> PretestPower:
    """Return what the usual test of single leads could have seen.

    Parameters
    ----------
    estimates : Estimates
        An event study keyed by ``event_time``, event times consecutive with the reference added.
    slope : float, optional
        Slope of a linear violation. When neither it nor `violation` is given, the positive slope
        that the test detects with probability `power`.
    violation : callable, optional
        Function of event time minus `reference`, zero at zero, in outcome units.
    power : float
        See `slope`.
    reference : int, optional
        Event time normalised to zero; when omitted that of the event study, the last period before
        (anticipated) treatment.
    level : float
        One less the size of each lead's two-sided test.

    Returns
    -------
    PretestPower

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.
    EstimationError
        An option is none of those named, or options contradict each other.

    References
    ----------
    Roth (2022), doi:10.1257/aeri.20210236. Moments of the truncated normal: Manjunath and Wilhelm
    (2021), doi:10.35566/jbds/v1n1/p2.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import Estimates, Sample, pretest_power
    >>> path = Estimates(
    ...     method="event_study",
    ...     keys=pd.DataFrame({"event_time": [-3, -2, 0, 1]}),
    ...     estimate=np.array([0.05, -0.02, 0.30, 0.40]),
    ...     covariance=np.diag([0.01, 0.01, 0.01, 0.02]),
    ...     sample=Sample(400, 400, clusters=50),
    ...     design={"correction": "none", "df": np.inf, "reference": -1},
    ... )
    >>> round(pretest_power(path, slope=0.1).power, 3)
    0.598
    """
    require_level(level)
    if slope is not None and violation is not None:
        raise EstimationError("give slope or violation, not both")
    path = event_path(estimates, reference)
    if violation is None:
        slope = _detectable_slope(path, power, level) if slope is None else float(slope)
        shape = slope * path.distance
    else:
        shape = np.asarray(violation(path.distance), float)
    passing, null = (_pass_probability(path, mean[: path.k], level) for mean in (shape, 0.0 * shape))
    before = path.covariance[: path.k, : path.k]
    weighed = np.linalg.solve(before, np.column_stack([path.before, shape[: path.k]]))
    ratio = shape[: path.k] @ (weighed[:, 0] - weighed[:, 1] / 2)
    table = pd.DataFrame(
        {
            "event_time": path.events,
            "estimate": np.concatenate([path.before, path.after]),
            "violation": shape,
            "mean_after_passing": _mean_after_passing(path, shape, passing, level),
        }
    )
    return PretestPower(slope, 1 - passing, passing / null, float(np.exp(ratio)), table)


def _limits(path: EventPath, level: float) -> Floats:
    found: Floats = normal_quantile(0.5 + level / 2) * np.sqrt(np.diag(path.covariance)[: path.k])
    return found


def _box(covariance: np.ndarray, mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Return the probability that a normal vector lies in a box."""
    if not len(mean):
        return 1.0
    if len(mean) == 1:
        scale = np.sqrt(covariance[0, 0])
        return float(normal_below((high - mean) / scale)[0] - normal_below((low - mean) / scale)[0])
    from scipy.stats import multivariate_normal

    normal = multivariate_normal(mean, covariance, maxpts=20_000 * len(mean), abseps=1e-7, seed=0)
    return float(normal.cdf(high, lower_limit=low, rng=0))


def _pass_probability(path: EventPath, mean: np.ndarray, level: float) -> float:
    limit = _limits(path, level)
    return _box(path.covariance[: path.k, : path.k], mean, -limit, limit)


def _detectable_slope(path: EventPath, power: float, level: float) -> float:
    if not 1 - level < power < 1:
        raise EstimationError(f"power must lie between the test's size and 1, not {power}")
    if power <= 1 - _pass_probability(path, np.zeros(path.k), level):
        raise EstimationError(f"the test rejects more often than {power} even under parallel trends")
    ahead = path.distance[: path.k]

    def excess(slope: float) -> float:
        return 1 - _pass_probability(path, slope * ahead, level) - power

    top = float(_limits(path, level)[0] / abs(ahead[0]))
    while excess(top) < 0:
        top *= 2
    return float(optimize.brentq(excess, 0.0, top, xtol=1e-9, rtol=1e-7))


def _mean_after_passing(path: EventPath, shape: Floats, passing: float, level: float) -> Floats:
    """Return the mean of all coefficients given that those before treatment lie within their limits."""
    k, limit = path.k, _limits(path, level)
    covariance, mean = path.covariance[:k, :k], shape[:k]
    density = np.array([_edge_density(covariance, mean, limit, j) for j in range(k)])
    found: Floats = shape + path.covariance[:, :k] @ density / passing
    return found


def _edge_density(covariance: Floats, mean: Floats, limit: Floats, j: int) -> float:
    """Return the density at the lower less the upper edge of coordinate j, the others inside the box."""
    others = np.arange(len(mean)) != j
    variance = covariance[j, j]
    slope = covariance[others, j] / variance
    rest = covariance[np.ix_(others, others)] - np.outer(slope, covariance[j, others])
    total = 0.0
    for sign in (-1.0, 1.0):
        edge = sign * limit[j]
        inner = mean[others] + slope * (edge - mean[j])
        here = normal_density(edge, mean[j], np.sqrt(variance))
        total -= sign * here * _box(rest, inner, -limit[others], limit[others])
    return total
