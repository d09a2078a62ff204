"""Bounds on effects when parallel trends may fail by a limited amount (Rambachan and Roth 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import require_level, require_option
from ..core.distributions import normal_quantile
from ..core.result import Estimates
from ..errors import EstimationError
from ..linalg.threads import same_bits
from .event_path import EventPath, event_path, target_weights
from .relative_magnitudes import relative_set
from .smoothness import smoothness_interval

RESTRICTIONS = ("relative_magnitudes", "smoothness")
METHODS = ("hybrid", "conditional")


@same_bits
def honest_bounds(
    estimates: Estimates,
    *,
    restriction: str = "relative_magnitudes",
    values: Sequence[float] = (0.5, 1.0, 1.5, 2.0),
    target: int | str | Mapping[int, float] = 0,
    reference: int | None = None,
    method: str = "hybrid",
    points: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return confidence sets for an effect that allow violations of parallel trends.

    Parameters
    ----------
    estimates : Estimates
        An event study keyed by ``event_time`` with its full covariance, event times consecutive
        once the reference period is added: `event_study`, or ``aggregate("event")`` of `group_time`.
    restriction : {"relative_magnitudes", "smoothness"}
        Changes of the violation after the reference are at most Mbar times the largest change before;
        or its slope changes by at most M from one period to the next.
    values : sequence of float
        Values of Mbar or M, not negative; M is in units of the outcome.
    target : int, "average" or mapping of int to float
        Event time, the mean of all event times after the reference, or weights by event time.
    reference : int, optional
        Event time normalised to zero; when omitted that of the event study, the last period before
        (anticipated) treatment.
    method : {"hybrid", "conditional"}
        Test under relative magnitudes: hybrid with a least-favourable first stage of a tenth of the
        size, or conditional. Smoothness uses fixed-length intervals.
    points : int
        Grid on which the set is first searched, over 20 standard errors on each side (widened when
        needed); its ends are then located by bisection.
    level : float
        Confidence level.
    seed : int
        Seed of the first stage's critical value (20,000 draws).

    Returns
    -------
    pandas.DataFrame
        One row a value, the first being the interval under exact parallel trends (value missing):
        ``restriction, value, conf_low, conf_high, excludes_zero``.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.
    EstimationError
        On an unknown option, or effects of ``group_time(base="varying")``, which have no common reference.

    References
    ----------
    Rambachan and Roth (2023), doi:10.1093/restud/rdad018; Andrews, Roth and Pakes (2023),
    doi:10.1093/restud/rdad016.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import Estimates, Sample, honest_bounds
    >>> path = Estimates(
    ...     method="event_study",
    ...     keys=pd.DataFrame({"event_time": [-3, -2, 0, 1]}),
    ...     estimate=np.array([0.05, -0.02, 0.30, 0.40]),
    ...     covariance=np.diag([0.01, 0.01, 0.01, 0.02]),
    ...     sample=Sample(400, 400, clusters=50),
    ...     design={"correction": "none", "df": np.inf, "reference": -1},
    ... )
    >>> honest_bounds(path, values=[0.5, 1.0])[["conf_low", "conf_high"]].round(1).to_numpy().tolist()
    [[0.1, 0.5], [0.0, 0.6], [-0.1, 0.7]]
    """
    _require(restriction, values, method, points, level)
    path = event_path(estimates, reference)
    weights = target_weights(path, target)
    rows = [("parallel trends", np.nan, *_exact(path, weights, level))]
    for value in values:
        rows.append(
            (restriction, value, *_interval(path, weights, restriction, value, method, points, level, seed))
        )
    table = pd.DataFrame(rows, columns=["restriction", "value", "conf_low", "conf_high"])
    return table.assign(excludes_zero=(table["conf_low"] > 0) | (table["conf_high"] < 0))


@same_bits
def breakdown_value(
    estimates: Estimates,
    *,
    restriction: str = "relative_magnitudes",
    target: int | str | Mapping[int, float] = 0,
    reference: int | None = None,
    method: str = "hybrid",
    highest: float = 10.0,
    level: float = 0.95,
    seed: int = 0,
) -> float:
    """Return the smallest violation at which the set of `honest_bounds` no longer excludes zero.

    Parameters
    ----------
    estimates : Estimates
        An event study: keyed by ``event_time``, with its covariance.
    restriction : {"relative_magnitudes", "smoothness"}
        What violations of parallel trends are bounded by: those before treatment, or their change of slope.
    target : int, str, or mapping of int to float
        Event time whose effect is bounded; ``"average"`` of those after treatment; or weights by event
        time.
    reference : int, optional
        Event time at which the path is zero; found in the estimates when omitted.
    method : {"hybrid", "conditional"}
        Test that is inverted for relative magnitudes.
    highest : float
        Largest value tried.
    level : float
        Confidence level of intervals, between 0 and 1.
    seed : int
        Seed of the simulated critical values.

    Returns
    -------
    float
        0 when zero is not excluded even without a violation, infinity when it still is at `highest`;
        otherwise the value, to 1e-4 of `highest`.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.
    EstimationError
        An option is none of those named, or options contradict each other.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import Estimates, Sample, breakdown_value
    >>> path = Estimates(
    ...     method="event_study",
    ...     keys=pd.DataFrame({"event_time": [-3, -2, 0, 1]}),
    ...     estimate=np.array([0.05, -0.02, 0.30, 0.40]),
    ...     covariance=np.diag([0.01, 0.01, 0.01, 0.02]),
    ...     sample=Sample(400, 400, clusters=50),
    ...     design={"correction": "none", "df": np.inf, "reference": -1},
    ... )
    >>> round(breakdown_value(path), 2)
    0.75
    """
    _require(restriction, [highest], method, 100, level)
    path = event_path(estimates, reference)
    weights = target_weights(path, target)

    def excludes(value: float) -> bool:
        low, high = _interval(path, weights, restriction, value, method, 400, level, seed)
        return low > 0 or high < 0

    if not excludes(0.0):
        return 0.0
    if excludes(highest):
        return np.inf
    low, high = 0.0, highest
    while high - low > 1e-4 * highest:
        middle = (low + high) / 2
        low, high = (middle, high) if excludes(middle) else (low, middle)
    return high


def _require(restriction: str, values: Sequence[float], method: str, points: int, level: float) -> None:
    require_level(level)
    require_option("restriction", restriction, RESTRICTIONS)
    require_option("method", method, METHODS)
    if not len(values) or min(values) < 0 or not np.isfinite(values).all():
        raise EstimationError(f"values must be finite and not negative: {list(values)}")
    if points < 20:
        raise EstimationError(f"points must be at least 20, not {points}")


def _exact(path: EventPath, weights: np.ndarray, level: float) -> tuple[float, float]:
    centre = float(weights @ path.after)
    inner = path.covariance[path.k :, path.k :]
    half = float(normal_quantile(0.5 + level / 2) * np.sqrt(weights @ inner @ weights))
    return centre - half, centre + half


def _interval(
    path: EventPath,
    weights: Floats,
    restriction: str,
    value: float,
    method: str,
    points: int,
    level: float,
    seed: int,
) -> tuple[float, float]:
    if restriction == "smoothness":
        centre, half, _ = smoothness_interval(path, weights, value, level)
        return centre - half, centre + half
    return relative_set(path, weights, value, level, hybrid=method == "hybrid", points=points, seed=seed)
