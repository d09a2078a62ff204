"""Interval, p-value, power and excluded changes of one estimate, all from one placebo distribution.

An estimate is its effect plus noise, and the noise is distributed as the estimates of units that were not
treated. The test of an effect :math:`\\theta` at level :math:`1 - \\alpha` rejects when
:math:`\\hat\\theta - \\theta` lies outside the :math:`\\alpha / 2` and :math:`1 - \\alpha / 2` quantiles of
the draws, so that the interval is :math:`[\\hat\\theta - q_{1-\\alpha/2}, \\hat\\theta - q_{\\alpha/2}]`
(Conley and Taber 2011, doi:10.1162/REST_a_00049). A distribution whose mean is not zero moves the interval
with it; nothing is assumed to be symmetric or normal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Ties between an estimate and a draw count as reached, as they would in exact arithmetic.
_TIE = 1e-9
#: A power curve is read off at steps of this share of the spread of the draws.
_STEP = 0.005


@dataclass(frozen=True)
class PlaceboInference:
    """One estimate with the placebo distribution it is judged by.

    Attributes
    ----------
    estimate : float
    draws : numpy.ndarray, shape (draws,)
        Estimates of untreated units put through the same computation, in the unit of the estimate.
    level : float
        Confidence level of the interval; the tests have size ``1 - level``.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.arange(-100, 101) / 100
    >>> found = PlaceboInference(0.5, draws, level=0.9)
    >>> tuple(round(end, 2) for end in found.interval())
    (-0.4, 1.4)
    """

    estimate: float
    draws: np.ndarray
    level: float = 0.95

    @property
    def mean(self) -> float:
        """Mean of the draws: what the computation finds where there is no policy."""
        return float(self.draws.mean())

    @property
    def centered(self) -> float:
        """The estimate less the placebo mean."""
        return self.estimate - self.mean

    @property
    def spread(self) -> float:
        """Standard deviation of the draws."""
        return float(self.draws.std(ddof=1))

    def interval(self, level: float | None = None) -> tuple[float, float]:
        """Return the effects the test does not reject, equal-tailed, at `level` or the object's own."""
        low, high = self._critical(self.level if level is None else level)
        return self.estimate - high, self.estimate - low

    def p_value(self) -> float:
        """Return the two-sided p-value of no effect: twice the smaller tail, the estimate itself counted.

        It is below ``1 - level`` where the interval excludes zero, but for one draw at the edge.
        """
        tie = _TIE * max(abs(self.estimate), 1.0)
        above = 1 + np.count_nonzero(self.draws >= self.estimate - tie)
        below = 1 + np.count_nonzero(self.draws <= self.estimate + tie)
        return float(min(1.0, 2 * min(above, below) / (1 + len(self.draws))))

    def absolute_p_value(self) -> float:
        """Return the share of draws at least as far from zero as the estimate, the estimate counted."""
        reached = np.abs(self.draws) >= abs(self.estimate) * (1 - _TIE)
        return float((1 + np.count_nonzero(reached)) / (1 + len(self.draws)))

    def excluded(self) -> float:
        """Return the smallest size excluded in both directions by two one-sided tests of size ``1 - level``.

        The larger end, in size, of the interval at confidence ``2 * level - 1``.
        """
        low, high = self.interval(2 * self.level - 1)
        return max(abs(low), abs(high))

    def power(self, effect: float | np.ndarray) -> np.ndarray:
        """Return the chance that the interval excludes zero when the true effect is `effect`."""
        low, high = self._critical(self.level)
        shifted = np.sort(self.draws)
        effects = np.atleast_1d(np.asarray(effect, float))
        below = np.searchsorted(shifted, low - effects, side="left")
        above = len(shifted) - np.searchsorted(shifted, high - effects, side="right")
        return (below + above) / len(shifted)

    def detectable(self, power: float = 0.8) -> float:
        """Return the smallest size that is found with at least `power` whichever its sign."""
        step = _STEP * self.spread
        reach = float(np.ptp(self.draws)) + step
        sizes = np.arange(0.0, reach + step, step)
        worse = np.minimum(self.power(sizes), self.power(-sizes))
        enough = np.minimum.accumulate(worse[::-1])[::-1] >= power
        return float(sizes[enough][0]) if enough.any() else float("inf")

    def _critical(self, level: float) -> tuple[float, float]:
        tail = (1 - level) / 2
        low, high = np.quantile(self.draws, [tail, 1 - tail])
        return float(low), float(high)
