"""From options of `match` to pairs: coordinates, calipers, strata, order of choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace as replaced
from typing import Any

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..core.checks import require_option
from ..errors import EstimationError, NotIdentifiedError
from .distance import SCORES, metric_root, propensity, standardize
from .matched_sample import MatchFrame
from .neighbors import (
    Pairs,
    greedy,
    keep_first,
    make_pairs,
    squared_distances,
    with_ties,
    with_ties_allowed,
    with_weighted_ties,
)


def locate(frame: MatchFrame, distance: Any) -> tuple[MatchFrame, Floats | None]:
    """Return the frame with the coordinates matched on, and the propensity score if one was fitted."""
    if isinstance(distance, str) and distance in SCORES:
        score = propensity(
            frame.treated, frame.covariates, frame.names, linear=distance == "linear_propensity"
        )
        coordinates = standardize(score[:, None], [distance])
        return replaced(
            frame, coordinates=coordinates, caliper_values=coordinates, caliper_names=(distance,)
        ), score
    standardized = standardize(frame.covariates, frame.names, frame.row_weights)
    coordinates = standardized @ metric_root(standardized, distance, frame.names, frame.row_weights)
    return (
        replaced(frame, coordinates=coordinates, caliper_values=standardized, caliper_names=frame.names),
        None,
    )


def caliper_rule(frame: MatchFrame, caliper: float | Mapping[str, float] | None) -> Callable[..., Any] | None:
    """Return a function of target and donor rows saying which may meet, or None."""
    if caliper is None:
        return None
    widths = caliper if isinstance(caliper, Mapping) else dict.fromkeys(frame.caliper_names, caliper)
    if unknown := [name for name in widths if name not in frame.caliper_names]:
        raise EstimationError(
            f"caliper names {unknown}, which is not matched on: {list(frame.caliper_names)}"
        )
    if bad := [name for name, width in widths.items() if not width >= 0]:
        raise EstimationError(f"caliper of {bad} must be a number of standard deviations of at least 0")
    columns = [frame.caliper_names.index(name) for name in widths]
    values, limits = frame.caliper_values[:, columns], np.array(list(widths.values()))

    def admit(targets: Ints, donors: Ints) -> Bools:
        inside = np.ones((len(targets), len(donors)), bool)
        for column, limit in zip(values.T, limits, strict=True):
            inside &= np.abs(column[targets][:, None] - column[donors][None, :]) <= limit * (1 + 1e-12)
        return inside

    return admit


def choosing_order(order: Any, distance: Any) -> str:
    """Return the order in which treated units choose: as asked, else by the score or the data."""
    require_option("order", order, (None, "data", "largest", "smallest"))
    by_score = isinstance(distance, str) and distance in SCORES
    return order or ("largest" if by_score else "data")


def find_pairs(
    frame: MatchFrame,
    method: str,
    estimand: str,
    neighbours: int,
    replace: bool,
    ties: str,
    admit: Callable[..., Any] | None,
    order: str,
    tolerance: float,
) -> Pairs:
    """Return pairs of used rows, matched within strata, for the estimand's targets."""
    largest = max((~frame.treated).sum() * (estimand != "ATC"), frame.treated.sum() * (estimand != "ATT"))
    if neighbours > largest:
        raise EstimationError(f"neighbours={neighbours}, but there are only {largest} units to match to")
    parts = []
    sides = {"ATT": [True], "ATC": [False], "ATE": [True, False]}[estimand]
    rank = _choosing_rank(frame, order) if not replace else None
    for side in sides:
        for rows in frame.strata():
            targets, donors = rows[frame.treated[rows] == side], rows[frame.treated[rows] != side]
            if len(targets) and len(donors):
                found = _find(
                    frame.coordinates,
                    targets,
                    donors,
                    method,
                    neighbours,
                    replace,
                    ties,
                    admit,
                    rank,
                    tolerance,
                    frame.row_weights,
                )
                parts.append((targets[found[0]], donors[found[1]], found[2]))
    if not sum(len(part[0]) for part in parts):
        raise NotIdentifiedError("no unit has an admissible match: widen the caliper or the exact strata")
    treated, matched, weight = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return make_pairs(treated, matched, weight, frame.row_weights)


def _choosing_rank(frame: MatchFrame, order: str) -> Ints:
    if order == "data":
        return np.arange(len(frame.treated))
    score = propensity(frame.treated, frame.covariates, frame.names, linear=True)
    sequence = np.argsort(-score if order == "largest" else score, kind="stable")
    rank = np.empty(len(score), np.int64)
    rank[sequence] = np.arange(len(score))
    return rank


def _find(
    coordinates: Floats,
    targets: Ints,
    donors: Ints,
    method: str,
    neighbours: int,
    replace: bool,
    ties: str,
    admit: Callable[..., Any] | None,
    rank: Any,
    tolerance: float,
    weights: Any,
) -> tuple[np.ndarray, ...]:
    queries, pool = coordinates[targets], coordinates[donors]
    allowed = None if admit is None else lambda block: admit(targets[block], donors)
    if weights is not None:
        return with_weighted_ties(queries, pool, weights[donors], neighbours, allowed, tolerance)
    if method == "optimal":
        return optimal_pairs(queries, pool, neighbours, allowed)
    if not replace:
        return greedy(queries, pool, neighbours, np.argsort(rank[targets], kind="stable"), allowed)
    wanted = min(neighbours, len(donors))
    if allowed is None:
        found = with_ties(queries, pool, wanted, tolerance)
    else:
        found = with_ties_allowed(queries, pool, wanted, allowed, tolerance)
    return keep_first(found[0], found[1], found[2], wanted) if ties == "first" else found


def optimal_pairs(
    queries: Floats, pool: Floats, neighbours: int, allowed: Any = None
) -> tuple[Ints, Ints, Floats]:
    """Return pairs without replacement of least total distance, as many as can be formed.

    Each target takes up to `neighbours` donors; pairs outside `allowed` are not formed.
    """
    from scipy.optimize import linear_sum_assignment

    cost = np.sqrt(squared_distances(queries, pool))
    forbidden = np.zeros(cost.shape, bool) if allowed is None else ~allowed(np.arange(len(queries)))
    penalty = (cost.max() + 1.0) * (min(cost.shape) * neighbours + 1)
    stacked = np.tile(np.where(forbidden, penalty, cost), (neighbours, 1))
    row, donor = linear_sum_assignment(stacked)
    target = row % len(queries)
    kept = ~forbidden[target, donor]
    target, donor = target[kept], donor[kept]
    return target, donor, cost[target, donor] ** 2
