"""Coarsened exact matching and subclassification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats, Ints
from ..core.checks import require_level
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from .distance import propensity
from .matched_sample import MatchFrame, read_frame
from .strata import clustered_result, require_estimand, stratum_weights, weighted_result

Cuts = int | str | Sequence[float]


@takes_frame
def coarsened_exact(
    data: pd.DataFrame,
    *,
    outcome: str | Sequence[str],
    treatment: str,
    covariates: str | Sequence[str],
    cuts: Cuts | Mapping[str, Cuts] = "sturges",
    exact: str | Sequence[str] | None = None,
    estimand: str = "ATT",
    adjust: bool = False,
    level: float = 0.95,
) -> Estimates:
    """Match exactly on covariates cut into bins, and weight controls to the treated [1]_.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit; rows with a missing value are dropped and counted.
    outcome : str or sequence of str
        Outcomes; each gives one row of the result.
    treatment : str
        Column of 0 and 1.
    covariates : str or sequence of str
        Numeric columns that are coarsened; may be empty when `exact` is given.
    cuts : int, str, sequence of float, or mapping of str to these
        For all covariates or by name: a number of bins of equal width over the range of the rows
        used; inner cut points, each closing its bin on the right; ``"sturges"`` (``ceil(log2 n) + 1``
        bins); or ``"exact"`` (every value its own bin).
    exact : str or sequence of str, optional
        Columns, of any type, on which matches must agree; missing values drop the row.
    estimand : {"ATT", "ATC", "ATE"}
        Average effect on the treated, the untreated, or all units.
    adjust : bool
        Also regress linearly on the covariates as they were before coarsening.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keys ``term``. ``extra``: ``weights`` and ``stratum`` by row, ``cuts`` (inner cut points by
        covariate). The estimand is the effect on units in strata with both arms: units outside are
        counted in ``sample.dropped``, so that with many covariates it concerns few units.

    Raises
    ------
    NotIdentifiedError
        When fewer than two strata hold treated and controls.
    ColumnError, EstimationError
        For bad columns and options.

    References
    ----------
    .. [1] Iacus, S. M., G. King, and G. Porro (2012). Causal inference without balance checking:
       coarsened exact matching. Political Analysis 20(1). doi:10.1093/pan/mpr013

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import coarsened_exact
    >>> frame = pd.DataFrame({"treated": [1, 0, 0, 1, 0, 0, 1, 0], "age": [30, 31, 45, 50, 48, 29, 41, 40]})
    >>> frame["sex"] = ["f", "f", "m", "m", "m", "f", "f", "f"]
    >>> frame["income"] = 10.0 + frame["age"] + 2 * frame["treated"] + [0, 1, 0, 1, 1, 0, 0, 1]
    >>> coarsened_exact(
    ...     frame, outcome="income", treatment="treated", covariates="age", cuts=3
    ... ).coef().round(3).to_dict()
    {'income': 3.167}
    """
    require_level(level)
    require_estimand(estimand)
    frame = read_frame(data, outcome, treatment, covariates, exact, exact_suffices=True)
    points = _cut_points(frame, cuts)
    stratum = _coarse_codes(frame, points)
    design = {"cuts": cuts if isinstance(cuts, int | str) else "given", "adjusted": adjust}
    return clustered_result(
        frame, "coarsened_exact", stratum, estimand, design, level, adjust, extra={"cuts": points}
    )


def _cut_points(frame: MatchFrame, cuts: Any) -> dict[str, np.ndarray]:
    by_name = cuts if isinstance(cuts, Mapping) else dict.fromkeys(frame.names, cuts)
    if unknown := [name for name in by_name if name not in frame.names]:
        raise EstimationError(f"cuts name {unknown}, which is no covariate: {list(frame.names)}")
    values = dict(zip(frame.names, frame.covariates.T, strict=True))
    return {name: _inner_cuts(name, values[name], by_name.get(name, "sturges")) for name in frame.names}


def _inner_cuts(name: str, values: Floats, cuts: int | str | list[float]) -> Floats:
    if isinstance(cuts, str) and cuts == "exact":
        return np.unique(values)[:-1]
    if isinstance(cuts, str) and cuts == "sturges":
        cuts = int(np.ceil(np.log2(len(values)))) + 1
    if isinstance(cuts, int | np.integer) and cuts >= 1:
        return np.linspace(values.min(), values.max(), int(cuts) + 1)[1:-1]
    points = np.asarray(cuts, float) if not isinstance(cuts, str) else np.empty((0, 0))
    if points.ndim != 1 or not np.isfinite(points).all() or (np.diff(points) <= 0).any():
        raise EstimationError(
            f"cuts of {name!r}: {cuts!r} is no positive number of bins, rule, or rising points"
        )
    return points


def _coarse_codes(frame: MatchFrame, points: dict[str, Floats]) -> Ints:
    """Return stratum codes, dense, in the order of exact stratum and then each covariate's bin."""
    code, size = frame.stratum, int(frame.stratum.max()) + 1
    for values, inner in zip(frame.covariates.T, points.values(), strict=True):
        bins = len(inner) + 1
        if size * bins > 2**62:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
            size = int(code.max()) + 1
        code, size = code * bins + np.searchsorted(inner, values, side="left"), size * bins
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


@takes_frame
def subclassify(
    data: pd.DataFrame,
    *,
    outcome: str | Sequence[str],
    treatment: str,
    covariates: str | Sequence[str],
    subclasses: int = 6,
    estimand: str = "ATT",
    level: float = 0.95,
) -> Estimates:
    """Compare arms within subclasses of the propensity score, and average over them [1]_.

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
    subclasses : int
        Number of quantile groups of the target's scores (treated for the ATT).
    estimand : {"ATT", "ATC", "ATE"}
        Average effect on the treated, the untreated, or all units.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keys ``term``. ``extra``: ``weights, stratum, score`` by row, ``subclasses`` (a table with
        each subclass's counts and effects). Errors: Neyman's within subclasses, score as known.

    Raises
    ------
    NotIdentifiedError
        When a subclass has fewer than two units of an arm: use fewer subclasses.

    References
    ----------
    .. [1] Rosenbaum, P. R., and D. B. Rubin (1984). Reducing bias in observational studies using
       subclassification on the propensity score. JASA 79(387). doi:10.1080/01621459.1984.10478078

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import subclassify
    >>> frame = pd.DataFrame({"treated": [1, 0, 0, 1, 0, 0, 1, 0], "age": [30, 31, 45, 50, 48, 29, 41, 40]})
    >>> frame["sex"] = ["f", "f", "m", "m", "m", "f", "f", "f"]
    >>> frame["income"] = 10.0 + frame["age"] + 2 * frame["treated"] + [0, 1, 0, 1, 1, 0, 0, 1]
    >>> frame = pd.concat([frame, frame.assign(age=frame["age"] + 1)], ignore_index=True)
    >>> subclassify(
    ...     frame, outcome="income", treatment="treated", covariates="age", subclasses=2
    ... ).coef().round(2).to_dict()
    {'income': 2.17}
    """
    require_level(level)
    require_estimand(estimand)
    frame = read_frame(data, outcome, treatment, covariates)
    score = propensity(frame.treated, frame.covariates, frame.names)
    target = {"ATT": frame.treated, "ATC": ~frame.treated, "ATE": np.ones(len(score), bool)}[estimand]
    inner = np.quantile(score[target], np.arange(1, subclasses) / subclasses)
    stratum = np.searchsorted(inner, score, side="left")
    effects, variances, table = _within(frame, stratum, subclasses)
    share = np.bincount(stratum[target], minlength=subclasses) / target.sum()
    estimate = share @ effects
    covariance = np.einsum("s,sij->ij", share**2, variances)
    weights = stratum_weights(stratum, frame.treated, estimand)
    design = {
        "estimand": estimand,
        "subclasses": subclasses,
        "correction": "Neyman by subclass",
        "df": np.inf,
    }
    extra = {
        "stratum": frame.spread(stratum.astype(float)),
        "score": frame.spread(score),
        "subclasses": table.assign(share=share),
    }
    return weighted_result(frame, "subclassify", weights, {}, estimate, covariance, design, level, extra)


def _within(frame: MatchFrame, stratum: Ints, subclasses: int) -> tuple[Floats, Floats, pd.DataFrame]:
    effects, variances, rows = [], [], []
    for number in range(subclasses):
        arms = [frame.outcomes[(stratum == number) & (frame.treated == arm)] for arm in (True, False)]
        sizes = [len(arm) for arm in arms]
        if min(sizes) < 2:
            raise NotIdentifiedError(
                f"subclass {number} holds {sizes[0]} treated and {sizes[1]} controls: use fewer subclasses"
            )
        effects.append(arms[0].mean(axis=0) - arms[1].mean(axis=0))
        variances.append(sum(np.atleast_2d(np.cov(arm.T, ddof=1)) / len(arm) for arm in arms))
        named = dict(zip(frame.outcome_names, effects[-1], strict=True))
        rows.append({"subclass": number, "treated": sizes[0], "control": sizes[1], **named})
    return np.array(effects), np.array(variances), pd.DataFrame(rows)
