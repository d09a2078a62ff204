"""Interaction-weighted event study (Sun and Abraham 2021), solved from cell cross-products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats, Ints
from ..core.checks import as_list, require_level
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.threads import same_bits
from .cell_result import cell_result
from .group_time import GroupTime
from .multiplier_bootstrap import cluster_sums
from .saturated import fit_saturated
from .saturated_covariates import WithCovariates, fit_with_covariates
from .wide_panel import WidePanel, wide_panel


@takes_frame
@same_bits
def interaction_weighted(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    covariates: str | Sequence[str] | None = None,
    anticipation: int = 0,
    weights: str | None = None,
    cluster: str | None = None,
    correction: str = "fixest",
    level: float = 0.95,
) -> GroupTime:
    """Estimate cohort-by-period effects in one regression with unit and period effects.

    The estimand of each cell is the mean effect on the cohort at that period relative to the last
    period before ``cohort - anticipation``, under parallel trends in all periods. Controls are the
    never treated; when there are none, the last cohort, with the periods from its treatment on left
    out and counted. ``aggregate("event")`` gives the interaction-weighted estimates, with cohort
    shares taken as fixed.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period; missing unit-periods are allowed.
    outcome, unit, time, cohort : str
        Columns; `cohort` as in `group_time`. Incomplete rows and units treated from the first
        period on are dropped and counted. A unit with one row identifies nothing and adds nothing.
    covariates : str or sequence of str, optional
        Numeric columns that enter the regression linearly, one slope each for all rows; what unit
        effects, period effects and cells explain is refused. Their slopes are ``extra["covariates"]``.
    anticipation : int
        Periods before adoption in which units may respond.
    weights : str, optional
        Positive regression weights of rows.
    cluster : str, optional
        Clusters of units; the unit when omitted.
    correction : {"fixest", "none"}
        ``G/(G-1) (N-1)/(N-K)``, unit effects not counted in K; or no factor. Inference is by t(G-1).
    level : float
        Confidence level.

    Returns
    -------
    GroupTime
        Keyed by ``cohort`` and ``time``. With covariates, ``extra["covariates"]`` is an `Estimates` of
        their slopes, keyed by ``term``, in units of the outcome per unit of the covariate.

    Raises
    ------
    ColumnError
        A column is absent or holds text, or cohort or cluster change within a unit.
    KeyNotUniqueError
        A unit has two rows in one period.
    NotIdentifiedError
        Nothing untreated to compare with, no row of a cohort before treatment, or a covariate that the
        effects explain.
    TooFewClustersError
        One cluster.

    References
    ----------
    Sun and Abraham (2021), doi:10.1016/j.jeconom.2020.09.006.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import interaction_weighted
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> interaction_weighted(frame, **keys).aggregate("simple").coef().round(3).to_dict()
    {'att': 1.167}
    """
    require_level(level)
    if anticipation < 0:
        raise EstimationError(f"anticipation must be zero or more periods, not {anticipation}")
    names = as_list(covariates)
    wide = wide_panel(
        data,
        outcome=outcome,
        unit=unit,
        time=time,
        cohort=cohort,
        covariates=names,
        weights=weights,
        cluster=cluster,
    )
    wide = wide.keep(wide.cohort - anticipation > wide.periods[0], "treated from the first period on")
    reference = "never" if np.isinf(wide.cohort).any() else f"last cohort ({wide.first_treated.max():g})"
    wide = wide.comparable(anticipation)
    cohorts, code = np.unique(wide.cohort, return_inverse=True)
    row_weights = np.where(wide.observed, wide.weights, 0.0)
    cells = _free_cells(wide, cohorts, code, anticipation, row_weights)
    if names:
        adjusted = fit_with_covariates(
            wide.outcome, wide.covariates[:, :, 1:], names, row_weights, code, cells
        )
        fit = adjusted.fit
    else:
        fit = fit_saturated(wide.outcome, row_weights, code, np.ones((len(code), 1)), cells)
    design = {
        "outcome": outcome,
        "covariates": ", ".join(names) or "none",
        "control": reference,
        "anticipation": anticipation,
        "weights": weights,
        "cluster": cluster or unit,
    }
    result = cell_result(
        "interaction_weighted",
        wide,
        fit.cells,
        cohorts,
        fit.effects[:, 0],
        fit.influence,
        parameters=len(fit.cells) + len(wide.periods) + len(names),
        correction=correction,
        design=design,
        level=level,
    )
    return replace(result, extra={"covariates": _slopes(result, wide, names, adjusted)}) if names else result


def _slopes(result: GroupTime, wide: WidePanel, names: list[str], fit: WithCovariates) -> Estimates:
    sums = cluster_sums(fit.influence, wide.cluster)
    return Estimates(
        method="interaction_weighted",
        keys=pd.DataFrame({"term": names}),
        estimate=fit.slopes,
        covariance=sums.T @ sums * result.panel.factor,
        sample=result.sample,
        design=result.design,
        level=result.level,
        influence=fit.influence * len(wide.cohort),
    )


def _free_cells(
    wide: WidePanel, cohorts: Floats, code: Ints, anticipation: int, row_weights: Floats
) -> Bools:
    cells = np.zeros((len(cohorts), len(wide.periods)), bool)
    label = wide.calendar.label
    for g, first in enumerate(cohorts):
        if np.isfinite(first):
            cells[g] = row_weights[code == g].sum(axis=0) > 0
            before = np.flatnonzero(cells[g] & (wide.periods < first - anticipation))
            if not len(before):
                raise NotIdentifiedError(
                    f"the cohort treated from {label(first):g} has no row before treatment"
                )
            cells[g, before[-1]] = False
    if not cells.any():
        raise NotIdentifiedError("no cohort starts treatment inside the panel's periods")
    return cells
