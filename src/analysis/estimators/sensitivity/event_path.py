"""An event-study path split at its reference period, as bounds and pre-test diagnostics need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..core.result import Estimates
from ..errors import ColumnError, EstimationError, NotIdentifiedError


@dataclass(frozen=True)
class EventPath:
    """Coefficients before and after the reference period, in order of time, and their covariance.

    Attributes
    ----------
    before, after : numpy.ndarray, shape (K,), (P,)
    covariance : numpy.ndarray, shape (K + P, K + P)
    events : numpy.ndarray of int, shape (K + P,)
        Event times, without the reference.
    reference : int
    """

    before: np.ndarray
    after: np.ndarray
    covariance: np.ndarray
    events: np.ndarray
    reference: int

    @property
    def k(self) -> int:
        """Number of coefficients before the reference period."""
        return len(self.before)

    @property
    def distance(self) -> np.ndarray:
        """Periods from the reference, shape (K + P,)."""
        return self.events - self.reference


def event_path(estimates: Estimates, reference: int | None = None) -> EventPath:
    """Return the path of estimates keyed by ``event_time``, around the period they are compared with.

    Raises
    ------
    ColumnError
        If the estimates are not keyed by whole ``event_time``.
    EstimationError
        If estimates before treatment have a base each of their own.
    NotIdentifiedError
        If event times have gaps, or none stands before or after the reference.
    """
    _require_path(estimates)
    reference = _reference(estimates) if reference is None else reference
    events = estimates.keys["event_time"].to_numpy(float).astype(int)
    keep = (events != reference) & (np.diag(estimates.covariance) > 0)
    order = np.flatnonzero(keep)[np.argsort(events[keep])]
    events = events[order]
    full = np.sort(np.append(events, reference))
    if len(full) < 3 or (np.diff(full) != 1).any():
        raise NotIdentifiedError(f"event times {full.tolist()} (reference {reference}) must be consecutive")
    before = events < reference
    if before.all() or not before.any():
        raise NotIdentifiedError(f"event times {events.tolist()} need periods on both sides of {reference}")
    estimate = estimates.estimate[order]
    covariance = estimates.covariance[np.ix_(order, order)]
    return EventPath(estimate[before], estimate[~before], covariance, events, reference)


def _require_path(estimates: Estimates) -> None:
    if not isinstance(estimates, Estimates):
        raise ColumnError(
            f"an event study is needed, not {type(estimates).__name__}: from group-time effects "
            'take .aggregate("event"), from a comparison one entry of .events'
        )
    if "event_time" not in estimates.keys:
        hint = ': take .aggregate("event") of it' if "cohort" in estimates.keys else ""
        raise ColumnError(f"estimates are keyed by {list(estimates.keys)}, not event_time{hint}")
    if (estimates.keys["event_time"].to_numpy(float) % 1 != 0).any():
        raise ColumnError("event times must be whole numbers: count periods, not units of time")
    if estimates.design.get("base") == "varying":
        raise EstimationError(
            'effects of group_time(base="varying") before treatment are changes from one period to the next, '
            'with no common reference: fit again with base="universal"'
        )


def _reference(estimates: Estimates) -> int:
    """Return the event time the estimates are compared with: the last before (anticipated) treatment."""
    named = np.atleast_1d(estimates.design.get("reference", ()))
    return int(named[0]) if len(named) == 1 else -1 - int(estimates.design.get("anticipation", 0))


def target_weights(path: EventPath, target: int | str | Mapping[int, float]) -> np.ndarray:
    """Return weights on the post-treatment coefficients, shape (P,).

    Parameters
    ----------
    target : int, "average" or mapping of int to float
        One event time, the mean of all after the reference, or weights by event time.
    """
    events = path.events[path.k :]
    if isinstance(target, str):
        if target != "average":
            raise EstimationError(f"target must be an event time, weights or 'average', not {target!r}")
        return np.full(len(events), 1 / len(events))
    wanted = {int(target): 1.0} if not isinstance(target, Mapping) else dict(target)
    if missing := sorted(event for event in wanted if event not in events):
        raise EstimationError(f"target event times {missing} are not among {events.tolist()}")
    return np.array([wanted.get(int(event), 0.0) for event in events])
