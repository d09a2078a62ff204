"""`score_bootstrap`: the wild cluster bootstrap of Poisson regressions, on scores at the null."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import as_list, require_level, require_option
from ..core.entry import takes_frame
from ..core.frame import Arrays, prepare
from ..core.result import Estimates
from ..errors import NotConvergedError
from ..linalg.absorb import Absorber
from ..linalg.groups import group_sum
from ..linalg.parallel import run_chunks
from ..linalg.threads import same_bits
from ..regression.ols import as_effects, with_intercept
from ..regression.poisson import poisson
from ..regression.poisson_irls import fit_poisson
from .bootstrap_model import ALTERNATIVES, require_clusters
from .bootstrap_statistics import Tail, tail
from .test_inversion import invert
from .weights import WildDraws, plan_draws

ITERATIONS = 200


@takes_frame
@same_bits
def score_bootstrap(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    cluster: str,
    covariates: str | Sequence[str] = (),
    effects: Sequence[str | tuple[str, ...]] = (),
    trends: Mapping[str, str | Sequence[str]] | None = None,
    weights: str | None = None,
    offset: str | None = None,
    null: float = 0.0,
    distribution: str = "rademacher",
    alternative: str = "two-sided",
    draws: int = 9999,
    seed: int | None = None,
    intervals: bool = True,
    correction: str = "fixest",
    level: float = 0.95,
    n_jobs: int | None = None,
) -> Estimates:
    """Test a Poisson coefficient by perturbing cluster scores at the null.

    The estimand and the fit are those of `poisson`; the model is fitted once more with the coefficient
    held at `null`, never on a bootstrap sample.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    treatment : str
        The coefficient under test.
    cluster : str
        Clusters of the standard error.
    covariates : str or sequence of str, optional
        Numeric columns that enter linearly; those that are absorbed or collinear are dropped and named.
    effects : sequence of str or tuple of str
        Effects to absorb: ``["unit", ("state", "year")]`` absorbs units and state-by-year cells. Without
        any, an intercept is estimated.
    trends : mapping of str to str or sequence of str, optional
        Slopes that differ by level of an effect: ``{"unit": "year"}`` absorbs linear trends of units, and
        their effects.
    weights : str, optional
        Positive regression weights; rows of weight zero are dropped and counted.
    offset : str, optional
        Known part of the log mean, such as the log of residents; its coefficient is one.
    null : float
        Value under test, in units of the coefficient.
    distribution : {"rademacher", "webb", "mammen", "normal"}
        Distribution of the auxiliary weights.
    alternative : {"two-sided", "equal-tailed", "greater", "less"}
        Alternative under test; intervals invert the same test.
    draws : int
        Number of draws; all sign vectors once where there are no more than this.
    seed : int, optional
        Seed of random draws; the same seed gives the same bits.
    intervals : bool
        Invert the test: one constrained fit a step, some 80 fits.
    correction : {"fixest", "stata", "linearmodels", "statsmodels", "none"}
        Small-sample convention of the standard errors, with its degrees of freedom.
    level : float
        Confidence level of intervals, between 0 and 1.
    n_jobs : int, optional
        Processes, as in joblib; a surrounding ``joblib.parallel_config`` (Dask included) is honored.
        Results do not depend on it.

    Returns
    -------
    Estimates
        Estimate and CRV1 standard error of `poisson`, with ``p_value`` and interval of the score
        bootstrap. ``statistic`` is that of the score test. ``extra``: ``p_value_with_ties, beyond, tied,
        undefined, bootstrap_statistics``.

    Raises
    ------
    EstimationError
        An option is none of those named, or options contradict each other.
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.
    NotConvergedError
        The iteration does not settle.
    TooFewClustersError
        One cluster only.

    Notes
    -----
    With x the treatment off everything else, weighted by the fitted mean at the null, the score of cluster
    g is ``s_g = sum of w x (y - mean)``; the statistic is ``sum(s) / sqrt(sum((s - mean(s))**2))``, and a
    draw's is the same with ``v_g s_g`` for ``s_g``.

    References
    ----------
    Kline, P. and Santos, A. (2012). A score based approach to wild bootstrap inference. Journal of
    Econometric Methods 1, 23-41. doi:10.1515/2156-6674.1006

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import score_bootstrap
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> frame["count"] = [3, 5, 6, 2, 4, 7, 1, 1, 2, 4, 6, 5, 2, 3, 2, 5, 4, 6, 1, 0, 2, 3, 3, 4]
    >>> found = score_bootstrap(frame, outcome="count", treatment="on", cluster="place", draws=99, seed=1)
    >>> found.coef().round(3).to_dict()
    {'on': 0.47}
    """
    require_level(level)
    require_option("alternative", alternative, ALTERNATIVES)
    model: dict[str, Any] = {
        "outcome": outcome,
        "effects": as_effects(effects),
        "trends": trends,
        "weights": weights,
        "offset": offset,
        "cluster": cluster,
    }
    names = [treatment, *as_list(covariates)]
    whole = poisson(
        data,
        treatment=treatment,
        covariates=names[1:],
        correction=correction,
        level=level,
        **model,
    )
    arrays = _used_arrays(data, whole, names, model)
    plan = _plan(arrays, cluster, distribution, draws, seed)
    tested = _Test(arrays, arrays.names.index(treatment), plan, n_jobs)
    observed, drawn = tested(null)
    bounds = (np.nan, np.nan)
    if intervals:
        bounds = _inverted(tested, *_of(whole, treatment), 1 - level, alternative)
    said = {"distribution": distribution, "alternative": alternative, "null": null}
    found = tail(drawn, observed, alternative)
    return _result(whole, treatment, plan, said, found, observed, bounds, drawn)


def _plan(arrays: Arrays, cluster: str, distribution: str, draws: int, seed: int | None) -> WildDraws:
    clusters = int(arrays.clusters[0].max()) + 1
    require_clusters([clusters], [cluster])
    return plan_draws(distribution, clusters, draws, seed)


@dataclass(frozen=True)
class _Test:
    """The studentized score at a value of the coefficient: observed, and in every draw."""

    arrays: Arrays
    at: int
    plan: WildDraws
    n_jobs: Any

    def __call__(self, value: float) -> tuple[float, Floats]:
        scores = null_scores(self.arrays, self.at, value)
        drawn = np.concatenate(run_chunks(_Scores(scores, self.plan), self.plan.chunks, self.n_jobs))
        return _studentized(scores[None])[0], drawn


def _inverted(
    tested: Callable[[float], tuple[float, Floats]], estimate: float, error: float, alpha: float, side: str
) -> tuple[float, float]:
    """Return the values of the coefficient that the test does not reject."""

    def p_value(value: float) -> float:
        observed, drawn = tested(value)
        return tail(drawn, observed, side).p_value

    return invert(p_value, estimate, error, alpha, side)


def _used_arrays(data: pd.DataFrame, whole: Estimates, names: list[str], model: dict[str, Any]) -> Arrays:
    """Return the arrays of the rows and regressors that `poisson` used."""
    used = pd.DataFrame(data.loc[whole.sample.rows])
    kept = [name for name in names if whole.extra["columns"][name] == "used"]
    return with_intercept(prepare(used, columns=kept, singletons="keep", **model))


def _result(
    whole: Estimates,
    treatment: str,
    plan: WildDraws,
    said: dict[str, Any],
    found: Tail,
    observed: float,
    bounds: tuple[float, float],
    drawn: np.ndarray,
) -> Estimates:
    estimate, std_error = _of(whole, treatment)
    drew = {"bootstrap": "score", "draws": plan.draws, "enumerated": plan.enumerated}
    return Estimates(
        method="score_bootstrap",
        keys=pd.DataFrame({"term": [treatment]}),
        estimate=np.array([estimate]),
        covariance=np.array([[std_error**2]]),
        sample=whole.sample,
        design=dict(whole.design) | said | drew,
        level=whole.level,
        overrides={
            "statistic": np.array([observed]),
            "p_value": np.array([found.p_value]),
            "conf_low": np.array([bounds[0]]),
            "conf_high": np.array([bounds[1]]),
        },
        seed=plan.seed,
        extra={
            "p_value_with_ties": np.array([found.p_with_ties]),
            "beyond": np.array([found.beyond]),
            "tied": np.array([found.tied]),
            "undefined": np.array([plan.draws - found.defined]),
            "bootstrap_statistics": drawn,
        },
    )


def _of(result: Estimates, term: str) -> tuple[float, float]:
    row = result.row(term=term)
    return float(row.estimate), float(row.std_error)


@dataclass(frozen=True)
class _Scores:
    """Statistics of one chunk of draws."""

    scores: np.ndarray
    plan: WildDraws

    def __call__(self, number: int) -> np.ndarray:
        return _studentized(self.plan.chunk(number) * self.scores)


def _studentized(scores: np.ndarray) -> np.ndarray:
    """Return the score statistic of each row of cluster scores, NaN where they do not vary."""
    total = scores.sum(axis=1)
    squares = np.sum((scores - total[:, None] / scores.shape[1]) ** 2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(squares > 0, total / np.sqrt(squares), np.nan)


def null_scores(arrays: Arrays, at: int, value: float) -> np.ndarray:
    """Return cluster scores of column `at` with its coefficient held at `value`, shape (clusters,)."""
    treatment = arrays.columns[:, at].copy()
    others = np.delete(arrays.columns, at, axis=1)
    base = np.zeros(len(treatment)) if arrays.offset is None else arrays.offset
    joint = np.asfortranarray(np.column_stack([arrays.outcome, others]))
    held = replace(arrays, joint=joint, names=(), offset=base + value * treatment)
    mean, residual = (_without_columns if others.shape[1] == 0 else _with_columns)(held, treatment)
    weight = 1.0 if arrays.weights is None else arrays.weights
    score = weight * residual * (arrays.outcome - mean)
    return group_sum(arrays.clusters[0], score, int(arrays.clusters[0].max()) + 1)


def _with_columns(held: Arrays, treatment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    fitted = fit_poisson(held)
    columns, weighted = fitted.linear.columns, fitted.linear.columns * fitted.weights[:, None]
    residual = fitted.absorber.residualize(treatment)
    return fitted.mean, residual - columns @ np.linalg.solve(weighted.T @ columns, weighted.T @ residual)


def _without_columns(held: Arrays, treatment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit effects and offset alone, by iteratively reweighted projections."""
    outcome, offset = held.outcome, held.offset
    offset = np.zeros(len(outcome)) if offset is None else offset
    eta = np.log((outcome + outcome.mean()) / 2)
    for _ in range(ITERATIONS):
        mean = np.exp(eta)
        weights = mean if held.weights is None else mean * held.weights
        absorber = Absorber(held.codes, weights=weights, slopes=held.slopes)
        target = eta - offset + (outcome - mean) / mean
        new = offset + target - absorber.residualize(target)
        change, eta = float(np.abs(new - eta).max()), new
        if change < 1e-9:
            return np.exp(eta), absorber.residualize(treatment)
    raise NotConvergedError(f"the constrained Poisson fit did not converge in {ITERATIONS} steps")
