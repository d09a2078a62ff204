"""Many hypotheses at once: Romano-Wolf step-down on the wild bootstrap, and adjusted p-values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import as_list, require_level
from ..core.entry import takes_frame
from ..core.result import Estimates, Sample
from ..errors import EstimationError
from ..linalg.threads import same_bits
from .bootstrap_model import Model, build_model, require_choices, treatment_sums
from .bootstrap_statistics import TIE, Moments, bootstrap_moments, observed_statistic
from .cluster_sums import WildSums
from .weights import WildDraws, plan_draws


@takes_frame
@same_bits
def romano_wolf(
    data: pd.DataFrame,
    *,
    outcomes: str | Sequence[str],
    treatment: str | Sequence[str],
    cluster: str,
    covariates: str | Sequence[str] = (),
    effects: Sequence[str | tuple[str, ...]] = (),
    trends: Mapping[str, str | Sequence[str]] | None = None,
    weights: str | None = None,
    bootstrap_cluster: str | None = None,
    restricted: bool = True,
    kind: str = "11",
    distribution: str = "rademacher",
    draws: int = 9999,
    seed: int | None = None,
    correction: str = "fixest",
    level: float = 0.95,
    n_jobs: int | None = None,
) -> Estimates:
    """Test several coefficients of several outcomes, controlling the chance of any false rejection.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    outcomes : str or sequence of str
        Each its own regression on its own complete rows; a cluster has the same auxiliary weight in all.
    treatment : str or sequence of str
        Hypotheses are all outcomes times all treatments.
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
    bootstrap_cluster : str, optional
        Groups that share an auxiliary weight; `cluster` when omitted.
    restricted : bool
        Impose the null on the bootstrap errors.
    kind : {"11", "31"}
        Errors from residuals or from cluster-jackknife residuals.
    distribution : {"rademacher", "webb", "mammen", "normal"}
        Distribution of the auxiliary weights.
    draws : int
        Number of draws; all sign vectors once where there are no more than this.
    seed : int, optional
        Seed of random draws; the same seed gives the same bits.
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
        Keys ``outcome, term``. ``p_value`` is that of `wild_bootstrap` for the hypothesis alone;
        `tidy` has a further column ``p_value_romano_wolf``. Covariances between outcomes are those of
        the shared clusters, without a small-sample factor other than each one's own. Intervals are of
        t. ``extra``: ``samples``, the ledger of each outcome; ``bootstrap_statistics``.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    EstimationError
        An option is none of those named, or options contradict each other.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.
    TooFewClustersError
        One cluster only.

    Notes
    -----
    Hypotheses are taken in order of absolute t. The adjusted p-value of one is the share of draws in which
    the largest absolute t of it and all smaller ones is strictly beyond its own, and never below the one
    before. With one hypothesis it is the p-value of `wild_bootstrap`.

    References
    ----------
    Romano, J. P. and Wolf, M. (2005). Econometrica 73, 1237-1282. doi:10.1111/j.1468-0262.2005.00615.x
    Clarke, D., Romano, J. P. and Wolf, M. (2020). Stata Journal 20, 812-843. doi:10.1177/1536867X20976314

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import romano_wolf
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> frame["count"] = [3, 5, 6, 2, 4, 7, 1, 1, 2, 4, 6, 5, 2, 3, 2, 5, 4, 6, 1, 0, 2, 3, 3, 4]
    >>> found = romano_wolf(
    ...     frame, outcomes=["rate", "count"], treatment="on", cluster="place", draws=99, seed=1
    ... )
    >>> len(found.tidy())
    2
    """
    require_level(level)
    require_choices(kind, "two-sided")
    names = as_list(outcomes)
    if not names:
        raise EstimationError("outcomes must name at least one column")
    models = [
        build_model(
            data,
            outcome=name,
            treatment=treatment,
            covariates=covariates,
            effects=effects,
            trends=trends,
            weights=weights,
            cluster=cluster,
            bootstrap_cluster=bootstrap_cluster,
            correction=correction,
            shared_codes=True,
        )
        for name in names
    ]
    per_model = [treatment_sums(model, restricted=restricted, kind=kind) for model in models]
    sums = [item for found in per_model for item in found]
    plan = plan_draws(distribution, models[0].design.n_bootstrap, draws, seed)
    moments = bootstrap_moments(sums, plan, null=0.0, n_jobs=n_jobs)
    label = f"WC{'R' if restricted else 'U'}{kind}"
    return _result(
        names, as_list(treatment), models, sums, moments, plan, (label, distribution, cluster), level
    )


def _result(
    names: list[str],
    terms: list[str],
    models: list[Model],
    sums: list[WildSums],
    moments: list[Moments],
    plan: WildDraws,
    said: tuple[str, str, str],
    level: float,
) -> Estimates:
    drawn = np.column_stack([moment.statistics(0.0) for moment in moments])
    observed = np.array([observed_statistic(item, 0.0) for item in sums])
    single, adjusted = step_down(observed, drawn)
    factors = np.repeat([model.correction.factor for model in models], len(terms))
    pulls = np.column_stack([item.scores / item.total for item in sums]) * np.sqrt(factors)
    return Estimates(
        method="romano_wolf",
        keys=pd.DataFrame({"outcome": np.repeat(names, len(terms)), "term": terms * len(names)}),
        estimate=np.array([item.estimate for item in sums]),
        covariance=pulls.T @ pulls,
        sample=_union([model.arrays.sample() for model in models], models),
        design=_design(models, plan, said, len(sums)),
        level=level,
        overrides={"p_value": single, "p_value_romano_wolf": adjusted},
        seed=plan.seed,
        extra={
            "samples": dict(zip(names, [model.arrays.sample() for model in models], strict=True)),
            "bootstrap_statistics": drawn / np.sqrt(factors),
        },
    )


def _design(models: list[Model], plan: WildDraws, said: tuple[str, str, str], size: int) -> dict[str, Any]:
    bootstrap, distribution, cluster = said
    return {
        "correction": models[0].correction.name,
        "df": min(model.correction.df for model in models),
        "bootstrap": bootstrap,
        "distribution": distribution,
        "draws": plan.draws,
        "enumerated": plan.enumerated,
        "cluster": cluster,
        "hypotheses": size,
    }


def step_down(observed: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return single and step-down adjusted p-values.

    Parameters
    ----------
    observed : numpy.ndarray, shape (hypotheses,)
        Statistics; their absolute values count.
    drawn : numpy.ndarray, shape (draws, hypotheses)
        Statistics under the null, jointly drawn; rows with NaN are left out.

    Returns
    -------
    tuple of numpy.ndarray, shape (hypotheses,)
    """
    drawn = np.abs(drawn[~np.isnan(drawn).any(axis=1)])
    size = np.abs(observed)
    bar = size * (1 + TIE)
    single = np.mean(drawn > bar, axis=0)
    order = np.argsort(-size, kind="stable")
    largest = np.maximum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1]
    stepped = np.maximum.accumulate(np.mean(largest > bar[order], axis=0))
    adjusted = np.empty_like(stepped)
    adjusted[order] = stepped
    return single, adjusted


def _union(samples: list[Sample], models: list[Model]) -> Sample:
    """Return the ledger of rows that any outcome used; rows used by none keep the first outcome's reason."""
    used = np.logical_or.reduce([np.asarray(sample.rows) for sample in samples])
    lost = int((~used).sum())
    dropped = {"not complete for any outcome": lost} if lost else {}
    counts = [model.clusters for model in models]
    return replace(samples[0], used=int(used.sum()), dropped=dropped, clusters=min(counts), rows=used)


def adjust_p_values(
    p_values: Sequence[float] | Estimates, *, method: str = "fdr_bh", level: float = 0.95
) -> pd.DataFrame:
    """Adjust p-values for the number of hypotheses, through statsmodels.

    Parameters
    ----------
    p_values : sequence of float, or Estimates
        Missing ones stay missing and do not count as hypotheses.
    method : str
        Name of the adjustment in statsmodels' ``multipletests``: ``"fdr_bh"``, ``"fdr_by"``, ``"holm"``,
        ``"bonferroni"`` and others.
    level : float
        One less the rate controlled.

    Returns
    -------
    pandas.DataFrame
        Keys of the result, if one was given, then ``p_value, p_value_adjusted, rejected, method``.

    Raises
    ------
    EstimationError
        p-values outside [0, 1], or an unknown method.

    See Also
    --------
    romano_wolf : uses the dependence between hypotheses.

    Examples
    --------
    >>> from analysis.estimators import adjust_p_values
    >>> adjust_p_values([0.01, 0.04], method="holm")["p_value_adjusted"].tolist()
    [0.02, 0.04]
    """
    require_level(level)
    table = p_values.tidy() if isinstance(p_values, Estimates) else None
    values = np.asarray(p_values if table is None else table["p_value"], dtype=np.float64)
    known = ~np.isnan(values)
    if ((values[known] < 0) | (values[known] > 1)).any():
        raise EstimationError("p-values must lie between 0 and 1")
    adjusted, rejected = np.full(len(values), np.nan), np.zeros(len(values), dtype=bool)
    if known.any():
        rejected[known], adjusted[known] = _adjusted(values[known], method, 1 - level)
    keys = p_values.keys if isinstance(p_values, Estimates) else pd.DataFrame(index=range(len(values)))
    return keys.assign(p_value=values, p_value_adjusted=adjusted, rejected=rejected, method=method)


def _adjusted(values: Floats, method: str, alpha: float) -> tuple[Any, Any]:
    from statsmodels.stats.multitest import multipletests

    try:
        found: tuple[Any, Any] = multipletests(values, alpha=alpha, method=method)[:2]
        return found
    except ValueError as error:
        raise EstimationError(f"method {method!r} is not one of statsmodels' multipletests") from error
