"""Nearest-neighbour and optimal pair matching, with Abadie-Imbens or cluster-robust errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import as_list, require_level, require_option
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from . import abadie_imbens as kernels
from .distance import SCORES
from .matched_sample import MatchFrame, matched_result, read_frame, set_codes
from .neighbors import TIE_TOLERANCE, Pairs
from .pairing import caliper_rule, choosing_order, find_pairs, locate
from .strata import require_estimand


@takes_frame
def match(
    data: pd.DataFrame,
    *,
    outcome: str | Sequence[str],
    treatment: str,
    covariates: str | Sequence[str],
    exact: str | Sequence[str] | None = None,
    method: str = "nearest",
    estimand: str = "ATT",
    neighbours: int = 1,
    replace: bool = True,
    ties: str = "all",
    caliper: float | Mapping[str, float] | None = None,
    distance: Floats | str | list[int] = "inverse_variance",
    bias_adjustment: bool | Sequence[str] = False,
    weights: str | None = None,
    variance: str | None = None,
    variance_neighbours: int = 0,
    cluster: str | None = None,
    order: str | None = None,
    level: float = 0.95,
    tolerance: float = TIE_TOLERANCE,
) -> Estimates:
    """Estimate an average effect by matching treated and untreated units on covariates.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit.
    outcome : str or sequence of str
        Outcomes; each gives one row of the result, with their joint covariance.
    treatment : str
        Column of 0 and 1.
    covariates : str or sequence of str
        Numeric columns matched on, or from which the propensity score is fitted.
    exact : str or sequence of str, optional
        Columns (of any type) on which matches must agree; missing values drop the row.
    method : {"nearest", "optimal"}
        Each unit's nearest neighbours, or the pairs without replacement of least total distance
        (`scipy.optimize.linear_sum_assignment`). Full matching is `full_match`.
    estimand : {"ATT", "ATC", "ATE"}
        Average effect on the treated, the untreated, or all units, among those with a match.
    neighbours : int
        Matches of each unit; a stratum or caliper that holds fewer gives those it has.
    replace : bool
        Whether one unit may serve several. Without replacement the estimand is ATT or ATC, units
        choose greedily in `order`, and errors are clustered by matched set.
    ties : {"all", "first"}
        Keep all units as near as the last neighbour (squared distance within `tolerance`), sharing
        its weight, so that row order does not matter; or the first rows only.
    caliper : float or mapping of str to float, optional
        Largest difference allowed on each covariate (or on the named ones, or on the score) in
        standard deviations of the rows used.
    distance : str or array_like
        ``"inverse_variance"`` or ``"mahalanobis"`` (covariance of all rows used); ``"propensity"``
        or ``"linear_propensity"`` (logit probability or index, by statsmodels); or weights, shape
        (k,) or (k, k), on covariates divided by their standard deviations.
    bias_adjustment : bool or sequence of str
        Add the linear correction of [2]_, on `covariates` or the columns named. With clustered
        errors these columns join the regression after matching.
    weights : str, optional
        Column of positive sampling weights. Effects are averaged by them, covariates scaled by weighted
        moments, the nearest donors taken until their weights sum to `neighbours`, and donors share a target
        in proportion to them. Only with replacement and all ties: what a weight would mean where each
        donor serves once, or by the order of rows, no theory says.
    variance : {"population", "sample", "cluster"}, optional
        Errors for the effect in the population, or for the units at hand [1]_; or clustered by
        matched set [3]_, valid without replacement only. Default: population with replacement,
        cluster without.
    variance_neighbours : int
        0 takes one conditional outcome variance for all units; J estimates each unit's from its
        J nearest neighbours in its own arm.
    cluster : str, optional
        Column to cluster by instead of matched sets, with ``variance="cluster"``; must be coarser
        than the matched sets for the errors to be valid.
    order : {"data", "largest", "smallest"}, optional
        Who chooses first without replacement: rows as they stand, or by propensity score. Default:
        largest score first when matching on a score, else data.
    level : float
        Confidence level.
    tolerance : float
        Squared distance within which donors tie.

    Returns
    -------
    Estimates
        Keys ``term`` (the outcome). ``extra["pairs"]``: one row a pair with positions
        ``target_row, donor_row``, their index labels ``target, donor``, ``distance`` and ``weight``
        (shares of each target sum to one). ``extra["weights"]``: by row of `data`, 0 when unused;
        weighted means of treated minus controls give the estimate without adjustment.
        ``extra["score"]``: the propensity score by row (NaN when dropped), when one was fitted.
        ``extra["coordinates"]``: coordinates matched on. Rows with a missing value, without an
        admissible match, or never chosen as a match are counted in ``sample.dropped`` by that reason.

    Raises
    ------
    ColumnError
        For columns absent, not numeric, constant, or a treatment other than 0 and 1.
    NotIdentifiedError
        Without treated or control units, with a singular covariance, or with no admissible match.
    EstimationError
        For options that contradict each other.

    Notes
    -----
    Singletons do not arise: a unit without a match is dropped and counted. Errors after matching on
    an estimated propensity score take the score as known.

    References
    ----------
    .. [1] Abadie, A., and G. W. Imbens (2006). Large sample properties of matching estimators for
       average treatment effects. Econometrica 74(1). doi:10.1111/j.1468-0262.2006.00655.x
    .. [2] Abadie, A., and G. W. Imbens (2011). Bias-corrected matching estimators for average
       treatment effects. JBES 29(1). doi:10.1198/jbes.2009.07333
    .. [3] Abadie, A., and J. Spiess (2022). Robust post-matching inference. JASA 117(538).
       doi:10.1080/01621459.2020.1840383

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import match
    >>> frame = pd.DataFrame({"treated": [1, 0, 0, 1, 0, 0, 1, 0], "age": [30, 31, 45, 50, 48, 29, 41, 40]})
    >>> frame["sex"] = ["f", "f", "m", "m", "m", "f", "f", "f"]
    >>> frame["income"] = 10.0 + frame["age"] + 2 * frame["treated"] + [0, 1, 0, 1, 1, 0, 0, 1]
    >>> match(frame, outcome="income", treatment="treated", covariates="age", exact="sex").coef().round(
    ...     3
    ... ).to_dict()
    {'income': 2.5}
    """
    require_level(level)
    _require_options(method, estimand, neighbours, replace, ties, variance)
    variance = variance or ("population" if replace and method == "nearest" else "cluster")
    if cluster is not None and variance != "cluster":
        raise EstimationError(
            f"cluster={cluster!r} would be ignored with variance={variance!r}: ask for variance='cluster' "
            "(and replace=False), or leave cluster out"
        )
    if weights is not None:
        _require_weighable(method, replace, ties, distance)
    more = _extra_columns(bias_adjustment, cluster)
    frame = read_frame(data, outcome, treatment, covariates, exact, more, weights=weights)
    frame, score = locate(frame, distance)
    admit = caliper_rule(frame, caliper)
    pairs = find_pairs(
        frame, method, estimand, neighbours, replace, ties, admit, choosing_order(order, distance), tolerance
    )
    design = _design(method, estimand, neighbours, replace, ties, distance, variance, variance_neighbours)
    design |= {"weights": weights} if weights else {}
    adjust = _adjustment(frame, bias_adjustment)
    estimate, covariance, used = _estimate(
        frame, pairs, estimand, variance, variance_neighbours, adjust, cluster
    )
    extra = {"coordinates": frame.spread(frame.coordinates)}
    if score is not None:
        extra["score"] = frame.spread(score)
    return matched_result(frame, "match", pairs, estimand, estimate, covariance, design, level, extra, used)


def _require_options(
    method: str, estimand: str, neighbours: int, replace: bool, ties: str, variance: str | None
) -> None:
    require_option("method", method, ("nearest", "optimal"))
    require_estimand(estimand)
    if neighbours < 1:
        raise EstimationError(f"neighbours must be at least 1, not {neighbours}")
    require_option("ties", ties, ("all", "first"))
    require_option("variance", variance, (None, "population", "sample", "cluster"))
    _require_consistent(estimand, replace and method == "nearest", variance)


def _require_weighable(method: str, replace: bool, ties: str, distance: Any) -> None:
    if method != "nearest" or not replace or ties != "all":
        raise EstimationError(
            "weights need method='nearest', replace=True and ties='all': where a donor serves one unit only, "
            "or ties follow the order of rows, no theory says what its weight does"
        )
    if isinstance(distance, str) and distance in SCORES:
        raise EstimationError(
            f"weights with distance={distance!r} need a weighted propensity score: fit it, name its column "
            "as the covariate, and take distance='inverse_variance'"
        )


def _require_consistent(estimand: str, replace: bool, variance: str | None) -> None:
    if not replace and estimand == "ATE":
        raise EstimationError("matching without replacement estimates ATT or ATC, not ATE")
    if replace and variance == "cluster":
        raise EstimationError(
            "clustering by matched set needs replace=False: with replacement one control stands in many sets"
        )


def _extra_columns(bias_adjustment: bool | Sequence[str], cluster: str | None) -> tuple[list[str], list[str]]:
    adjust = [] if isinstance(bias_adjustment, bool) else as_list(bias_adjustment)
    return adjust, as_list(cluster)


def _adjustment(frame: MatchFrame, bias_adjustment: bool | Sequence[str]) -> Floats | None:
    if isinstance(bias_adjustment, bool):
        return frame.covariates if bias_adjustment else None
    return frame.adjust


def _design(
    method: str,
    estimand: str,
    neighbours: int,
    replace: bool,
    ties: str,
    distance: Any,
    variance: str,
    variance_neighbours: int,
) -> dict[str, Any]:
    labels = {
        "population": "Abadie-Imbens (2006), population",
        "sample": "Abadie-Imbens (2006), sample",
        "cluster": "CR1, G/(G-1) (n-1)/(n-k)",
    }
    return {
        "method": method,
        "estimand": estimand,
        "neighbours": neighbours,
        "replace": bool(replace and method == "nearest"),
        "ties": ties,
        "distance": distance if isinstance(distance, str) else "given weights",
        "variance": variance,
        "variance_neighbours": variance_neighbours,
        "correction": labels[variance],
        "df": np.inf,
    }


def _estimate(
    frame: MatchFrame,
    pairs: Pairs,
    estimand: str,
    variance: str,
    variance_neighbours: int,
    adjust: Floats | None,
    cluster: str | None,
) -> tuple[Floats, Floats, int | None]:
    if variance == "cluster":
        return _clustered(frame, pairs, estimand, adjust, cluster)
    focal = np.unique(pairs.target)
    own = frame.row_weights
    differences = kernels.pair_differences(frame.outcomes, frame.treated, pairs, adjust, own)
    covariance = kernels.covariance(
        differences,
        frame.outcomes,
        frame.treated,
        focal,
        pairs,
        frame.coordinates,
        variance,
        variance_neighbours,
        own,
    )
    effects = kernels.unit_effects(differences, focal, pairs)
    estimate = effects.mean(axis=0) if own is None else own[focal] @ effects / own[focal].sum()
    return estimate, covariance, None


def _clustered(
    frame: MatchFrame, pairs: Pairs, estimand: str, adjust: Floats | None, cluster: str | None
) -> tuple[Floats, Floats, int]:
    sets = set_codes(pairs, len(frame.treated))
    weights = frame.weights(pairs, estimand)
    rows = np.flatnonzero(weights > 0)
    groups = frame.cluster if cluster is not None else sets
    if len(np.unique(groups[rows])) < 2:
        raise NotIdentifiedError("errors clustered by matched set need at least two sets")
    estimate, covariance = kernels.clustered_difference(
        frame.outcomes[rows],
        frame.treated[rows],
        weights[rows],
        np.unique(groups[rows], return_inverse=True)[1],
        None if adjust is None else adjust[rows],
    )
    return estimate, covariance, len(np.unique(groups[rows]))
