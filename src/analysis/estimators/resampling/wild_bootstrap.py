"""`wild_bootstrap`: restricted and unrestricted wild cluster bootstrap with absorbed effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..core.checks import as_list, require_level
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..linalg.threads import same_bits
from .bootstrap_model import (
    build_model,
    covariance,
    labelled,
    require_choices,
    treatment_sums,
    warn_few_treated,
)
from .bootstrap_statistics import Moments, Tail, bootstrap_moments, observed_statistic, tail
from .cluster_sums import WildSums
from .test_inversion import invert
from .weights import plan_draws


@takes_frame
@same_bits
def wild_bootstrap(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str | Sequence[str],
    cluster: str,
    covariates: str | Sequence[str] = (),
    effects: Sequence[str | tuple[str, ...]] = (),
    trends: Mapping[str, str | Sequence[str]] | None = None,
    weights: str | None = None,
    bootstrap_cluster: str | None = None,
    null: float = 0.0,
    restricted: bool = True,
    kind: str = "11",
    distribution: str = "rademacher",
    alternative: str = "two-sided",
    draws: int = 9999,
    seed: int | None = None,
    intervals: bool = True,
    correction: str = "fixest",
    level: float = 0.95,
    n_jobs: int | None = None,
) -> Estimates:
    """Test regression coefficients by the wild cluster bootstrap, with effects absorbed exactly.

    The estimand is the least-squares coefficient of each treatment. The test is numerically that of
    re-estimating the regression with all its dummies on every bootstrap sample: effects nested in
    clusters are partialled out, effects that cross clusters keep their part in the bootstrap scores.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    treatment : str or sequence of str
        Coefficients to test, each on its own, all with the same auxiliary weights.
    cluster : str
        Clusters of the standard error.
    covariates : sequence of str, optional
        Numeric columns that enter linearly; those that are absorbed or collinear are dropped and named.
    effects : sequence of str or tuple of str, optional
        Absorbed effects; a tuple is an interaction. None: an intercept.
    trends : mapping, optional
        Slopes that differ by level of an effect, e.g. ``{"state": "year"}``.
    weights : str, optional
        Regression weights, positive; rows of weight zero are dropped and counted.
    bootstrap_cluster : str, optional
        Groups that share an auxiliary weight; `cluster` when omitted. Finer groups give the subcluster
        bootstrap (MacKinnon and Webb 2018).
    null : float
        Value under test.
    restricted : bool
        Impose the null on the bootstrap errors (WCR), or not (WCU).
    kind : {"11", "31"}
        Errors from residuals or from cluster-jackknife residuals ([3]_); the t statistic uses CRV1 in
        both. Where the model is not identified without a cluster, the jackknife takes the
        minimum-norm solution.
    distribution : {"rademacher", "webb", "mammen", "normal"}
        Distribution of the auxiliary weights.
    alternative : {"two-sided", "equal-tailed", "greater", "less"}
        Alternative under test; intervals invert the same test.
    draws : int
        When the distribution is Rademacher and there are at most this many sign vectors, each is taken
        once instead (``design["enumerated"]``).
    seed : int, optional
        Needed unless enumerated.
    intervals : bool
        Invert the test. A bound is infinite where no null far from the estimate is rejected.
    correction : {"fixest", "stata", "linearmodels", "statsmodels", "none"}
        Small-sample convention of the standard error, as in `ols`. p-values and intervals of the
        bootstrap do not depend on it.
    level : float
        Confidence level of intervals, between 0 and 1.
    n_jobs : int, optional
        Processes, as in joblib; a surrounding ``joblib.parallel_config`` (Dask included) is honored.
        Results do not depend on it.

    Returns
    -------
    Estimates
        ``p_value`` is the share of draws *strictly* beyond the observed statistic; ties within 1e-9
        do not count. ``extra`` has ``p_value_with_ties``, ``beyond``, ``tied``, ``undefined`` (draws
        with zero variance, left out), one entry a coefficient, and ``bootstrap_statistics``, shape
        (draws, coefficients). Standard errors are CRV1.

    Raises
    ------
    ColumnError, EstimationError
        Bad columns or options.
    NotIdentifiedError
        A regressor is absorbed or collinear, or the outcome does not vary.
    TooFewClustersError
        One cluster.

    Warns
    -----
    FewClustersWarning
        Fewer than ten clusters, or a binary treatment on (or off) in fewer than four.

    Notes
    -----
    Cameron, Gelbach and Miller (2008) [1]_; Roodman, MacKinnon, Nielsen and Webb (2019) [2]_.

    References
    ----------
    .. [1] Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Review of Economics and Statistics 90,
       414-427. doi:10.1162/rest.90.3.414
    .. [2] Roodman, D., Nielsen, M. O., MacKinnon, J. G. and Webb, M. D. (2019). Stata Journal 19, 4-60.
       doi:10.1177/1536867X19830877
    .. [3] MacKinnon, J. G., Nielsen, M. O. and Webb, M. D. (2023). Journal of Applied Econometrics 38,
       671-694. doi:10.1002/jae.2969

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import wild_bootstrap
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> found = wild_bootstrap(
    ...     frame,
    ...     outcome="rate",
    ...     treatment="on",
    ...     cluster="place",
    ...     effects=["place", "year"],
    ...     draws=99,
    ...     seed=1,
    ... )
    >>> found.coef().round(3).to_dict()
    {'on': 0.952}
    """
    require_level(level)
    require_choices(kind, alternative)
    model = build_model(
        data,
        outcome=outcome,
        treatment=treatment,
        covariates=covariates,
        effects=effects,
        trends=trends,
        weights=weights,
        cluster=cluster,
        bootstrap_cluster=bootstrap_cluster,
        correction=correction,
    )
    warn_few_treated(model)
    sums = treatment_sums(model, restricted=restricted, kind=kind)
    plan = plan_draws(distribution, model.design.n_bootstrap, draws, seed)
    moments = bootstrap_moments(sums, plan, null=None if intervals else null, n_jobs=n_jobs)
    tails = [
        tail(m.statistics(null), observed_statistic(s, null), alternative)
        for m, s in zip(moments, sums, strict=True)
    ]
    bounds = [
        _interval(m, s, 1 - level, alternative) if intervals else (np.nan, np.nan)
        for m, s in zip(moments, sums, strict=True)
    ]
    variance = covariance(model, sums)
    root = np.sqrt(np.diag(variance))
    estimate = np.array([s.estimate for s in sums])
    return Estimates(
        method="wild_bootstrap",
        keys=pd.DataFrame({"term": as_list(treatment)}),
        estimate=estimate,
        covariance=variance,
        sample=labelled(model),
        design={
            "correction": model.correction.name,
            "df": model.correction.df,
            "bootstrap": f"WC{'R' if restricted else 'U'}{kind}",
            "distribution": distribution,
            "draws": plan.draws,
            "enumerated": plan.enumerated,
            "alternative": alternative,
            "null": null,
            "cluster": cluster,
            "bootstrap_cluster": bootstrap_cluster or cluster,
            "bootstrap_clusters": model.design.n_bootstrap,
        },
        level=level,
        overrides={
            "statistic": (estimate - null) / root,
            "p_value": np.array([t.p_value for t in tails]),
            "conf_low": np.array([low for low, _ in bounds]),
            "conf_high": np.array([high for _, high in bounds]),
        },
        seed=plan.seed,
        extra=_extra(tails, moments, null, plan.draws, model.correction.factor),
    )


def _extra(
    tails: Sequence[Tail], moments: Sequence[Moments], null: float, draws: int, factor: float
) -> dict[str, Any]:
    return {
        "p_value_with_ties": np.array([t.p_with_ties for t in tails]),
        "beyond": np.array([t.beyond for t in tails]),
        "tied": np.array([t.tied for t in tails]),
        "undefined": np.array([draws - t.defined for t in tails]),
        "bootstrap_statistics": np.column_stack([m.statistics(null) for m in moments]) / np.sqrt(factor),
    }


def _interval(moments: Moments, sums: WildSums, alpha: float, alternative: str) -> tuple[float, float]:
    fixed = None if sums.restricted else moments.statistics(0.0)

    def p_value(null: float) -> float:
        draws = moments.statistics(null) if fixed is None else fixed
        return tail(draws, observed_statistic(sums, null), alternative).p_value

    return invert(p_value, sums.estimate, sums.std_error, alpha, alternative)
