"""Genetic matching: covariate weights searched for balance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import OptimizeResult, differential_evolution

from ..arrays import Floats, Ints
from ..core.checks import as_list, require_level
from ..core.distributions import kolmogorov_upper
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from .balance import paired_t_p_values
from .distance import standardize
from .matched_sample import MatchFrame, read_frame
from .nearest import match
from .neighbors import make_pairs, with_ties

_DEPTH, _STEP = 5, 1000.0
_LOG_BOUND = 3.0
_MANY_ROWS = 5000


@takes_frame
def genetic_match(
    data: pd.DataFrame,
    *,
    outcome: str | Sequence[str],
    treatment: str,
    covariates: str | Sequence[str],
    balance: str | Sequence[str] | None = None,
    exact: str | Sequence[str] | None = None,
    estimand: str = "ATT",
    neighbours: int = 1,
    bias_adjustment: bool | Sequence[str] = False,
    variance: str = "population",
    population: int = 100,
    generations: int = 30,
    wait: int = 8,
    workers: int | None = None,
    seed: int = 0,
    level: float = 0.95,
) -> Estimates:
    """Match with the covariate weights that balance best, found by evolutionary search [1]_.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit; rows with a missing value are dropped and counted.
    outcome : str or sequence of str
        Outcomes; each gives one row of the result.
    treatment : str
        Column of 0 and 1.
    covariates : str or sequence of str
        Numeric columns that are balanced.
    balance : str or sequence of str, optional
        Columns whose balance is sought; `covariates` when omitted.
    exact : str or sequence of str, optional
        Columns, of any type, on which matches must agree; missing values drop the row.
    estimand : {"ATT", "ATC", "ATE"}
        Average effect on the treated, the untreated, or all units.
    neighbours : int
        Matches of each unit; matching is with replacement and keeps ties.
    bias_adjustment : bool or sequence of str
        Add the linear correction of Abadie and Imbens (2011), on `covariates` or the columns named.
    variance : {"population", "sample"}
        Errors for the effect in the population, or for the units at hand.
    population : int
        Weight vectors in each generation; the first generation holds equal weights.
    generations : int
        Most generations.
    wait : int
        Stop after so many generations without improvement.
    workers : int, optional
        Processes that score a generation (-1: all cores). When omitted, all cores from 5,000 rows,
        below which starting them costs more than it saves. The result has the same bits for any number.
    seed : int
        Seed of the search.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        As `match` with the weights found. ``extra`` also has ``metric_weights`` (by covariate, on
        standardized covariates, largest 1), ``p_values`` and ``p_values_equal_weights`` (sorted, as
        the loss sees them), ``generations``, and ``evaluations``.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    EstimationError
        An option is none of those named, or options contradict each other.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.

    Notes
    -----
    The loss: p-values of weighted paired t-tests of every balance column and of Kolmogorov-Smirnov
    tests of those with more than two values, sorted from the smallest, are to be large in
    lexical order. The search minimizes ``-sum p_(k) / 1000**(k-1)`` over the five smallest, which
    orders as they do unless an earlier difference is under a thousandth of a later one. The search
    is `scipy.optimize.differential_evolution` over log weights between 1/1000 and 1000. Packages
    for genetic matching search other losses by other means and reach other weights. Errors take
    the weights as given.

    References
    ----------
    .. [1] Diamond, A., and J. S. Sekhon (2013). Genetic matching for estimating causal effects.
       Review of Economics and Statistics 95(3). doi:10.1162/REST_a_00318

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import genetic_match
    >>> frame = pd.DataFrame({"treated": [1, 0, 0, 1, 0, 0, 1, 0], "age": [30, 31, 45, 50, 48, 29, 41, 40]})
    >>> frame["sex"] = ["f", "f", "m", "m", "m", "f", "f", "f"]
    >>> frame["income"] = 10.0 + frame["age"] + 2 * frame["treated"] + [0, 1, 0, 1, 1, 0, 0, 1]
    >>> found = genetic_match(
    ...     frame,
    ...     outcome="income",
    ...     treatment="treated",
    ...     covariates=["age"],
    ...     population=5,
    ...     generations=1,
    ...     workers=1,
    ... )
    >>> found.coef().round(3).to_dict()
    {'income': 2.5}
    """
    require_level(level)
    if population < 5 or generations < 1 or wait < 1:
        raise EstimationError("genetic matching needs population >= 5, generations >= 1 and wait >= 1")
    names = as_list(covariates)
    wanted = as_list(balance) or names
    frame = read_frame(data, outcome, treatment, covariates, exact, (wanted, []))
    loss = _loss_of(frame, estimand, neighbours)
    workers = workers or (1 if len(frame.treated) < _MANY_ROWS else -1)
    found, passed = _search(loss, len(names), population, generations, wait, workers, seed)
    weights = 10.0 ** (found.x - found.x.max())
    result = match(
        data,
        outcome=outcome,
        treatment=treatment,
        covariates=covariates,
        exact=exact,
        estimand=estimand,
        neighbours=neighbours,
        distance=weights,
        bias_adjustment=bias_adjustment,
        variance=variance,
        level=level,
    )
    extra = _searched(loss, found, passed, names, weights)
    design = {**result.design, "distance": "weights by genetic search", "population": population}
    return replaced(result, method="genetic_match", design=design, seed=seed, extra={**result.extra, **extra})


@dataclass(frozen=True)
class _Loss:
    """Balance reached with log10 weights, as arrays that travel to worker processes."""

    covariates: np.ndarray
    balance: np.ndarray
    ranks: tuple[np.ndarray, ...]
    sides: tuple[tuple[np.ndarray, np.ndarray], ...]
    neighbours: int

    def __call__(self, logs: np.ndarray) -> float:
        p_values = self.p_values(logs)[:_DEPTH]
        return -float(p_values @ _STEP ** -np.arange(len(p_values)))

    def p_values(self, logs: np.ndarray) -> np.ndarray:
        """Return p-values from the smallest."""
        coordinates = self.covariates * 10.0 ** ((logs - logs.max()) / 2)
        parts = [_matches(coordinates, *side, self.neighbours) for side in self.sides]
        pairs = make_pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        difference = self.balance[pairs.target] - self.balance[pairs.donor]
        t_tests = paired_t_p_values(difference, pairs.weight)
        ks_tests = [_ks(rank, pairs.target, pairs.donor) for rank in self.ranks]
        return np.sort(np.concatenate([t_tests, ks_tests]))


def _matches(coordinates: Floats, targets: Ints, donors: Ints, neighbours: int) -> tuple[Ints, Ints, Floats]:
    target, donor, squared = with_ties(
        coordinates[targets], coordinates[donors], min(neighbours, len(donors))
    )
    return targets[target], donors[donor], squared


def _ks(rank: Ints, target: Ints, donor: Ints) -> float:
    """Return the asymptotic p-value, from values coded by rank."""
    size = int(rank.max()) + 1
    steps = np.bincount(rank[target], minlength=size) - np.bincount(rank[donor], minlength=size)
    largest = np.abs(np.cumsum(steps)).max() / len(target)
    found: float = kolmogorov_upper(np.sqrt(len(target) / 2) * largest)
    return found


def _loss_of(frame: MatchFrame, estimand: str, neighbours: int) -> _Loss:
    ranks = [np.unique(column, return_inverse=True)[1] for column in frame.adjust.T]
    sides = []
    for side in {"ATT": [True], "ATC": [False], "ATE": [True, False]}[estimand]:
        for rows in frame.strata():
            targets, donors = rows[frame.treated[rows] == side], rows[frame.treated[rows] != side]
            if len(targets) and len(donors):
                sides.append((targets, donors))
    if not sides:
        raise NotIdentifiedError("no exact stratum holds treated and controls")
    many = tuple(rank for rank in ranks if rank.max() > 1)
    return _Loss(standardize(frame.covariates, frame.names), frame.adjust, many, tuple(sides), neighbours)


def _searched(
    loss: _Loss, found: OptimizeResult, passed: int, names: list[str], weights: Floats
) -> dict[str, Any]:
    return {
        "metric_weights": pd.Series(weights, index=names),
        "p_values": loss.p_values(found.x),
        "p_values_equal_weights": loss.p_values(np.zeros(len(names))),
        "generations": passed,
        "evaluations": int(found.nfev),
    }


def _search(
    loss: _Loss, size: int, population: int, generations: int, wait: int, workers: int, seed: int
) -> tuple[OptimizeResult, int]:
    from joblib import Parallel, delayed, effective_n_jobs

    rng = np.random.default_rng(seed)
    first = rng.uniform(-_LOG_BOUND, _LOG_BOUND, (population, size))
    first[0] = 0.0
    patience = _Patience(wait)
    with Parallel(n_jobs=workers) as parallel:

        def score(function: Callable[[Floats], float], points: Floats) -> list[float]:
            chunks = np.array_split(np.asarray(list(points)), effective_n_jobs(workers))
            scored = parallel(delayed(_score_all)(function, chunk) for chunk in chunks)
            return [value for chunk in scored for value in chunk]

        found = differential_evolution(
            loss,
            [(-_LOG_BOUND, _LOG_BOUND)] * size,
            init=first,
            maxiter=generations,
            mutation=(0.4, 0.9),
            recombination=0.8,
            tol=0.0,
            atol=-1.0,
            polish=False,
            updating="deferred",
            workers=score,
            callback=patience,
            seed=rng,
        )
    return found, patience.passed


def _score_all(function: Callable[[Floats], float], points: Floats) -> list[float]:
    return [function(point) for point in points]


class _Patience:
    """Stops the search when the best loss has stood still for `wait` generations."""

    def __init__(self, wait: int) -> None:
        self.wait, self.passed, self.still, self.best = wait, 0, 0, np.inf

    def __call__(self, intermediate_result: OptimizeResult) -> bool:
        """Count a generation; return True to stop."""
        self.passed += 1
        better = intermediate_result.fun < self.best - 1e-12
        self.best = min(self.best, intermediate_result.fun)
        self.still = 0 if better else self.still + 1
        return self.still >= self.wait
