"""Difference-in-differences, synthetic control and synthetic difference-in-differences as one function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import require_level, require_option
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError
from . import weights as kernels
from .did_fit import CohortFit, fit_cohorts, project_covariates
from .panel import SyntheticPanel, read_synthetic
from .simplex import frank_wolfe_for
from .standard_errors import ERRORS, draws_covariance


@takes_frame
def synthetic_did(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str | None = None,
    cohort: str | None = None,
    covariates: str | Sequence[str] | None = None,
    method: str = "synthetic_did",
    solver: str = "frank_wolfe",
    variance: str | None = "placebo",
    draws: int = 500,
    missing: str = "error",
    level: float = 0.95,
    seed: int = 0,
) -> Estimates:
    """Estimate the average effect on the treated with weighted donors and weighted periods [1]_.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    outcome : str
        Numeric column.
    unit : str
        Column of labels of units.
    time : str
        Column of periods.
    treatment : str, optional
        Column of 0 and 1 by row; once 1 it stays 1.
    cohort : str, optional
        Instead: first treated period of the unit; missing, 0 or infinite when never treated. A
        cohort between two observed periods starts at the later one.
    covariates : str or sequence of str, optional
        Their linear effect, estimated on the donors with unit and period effects, is taken out of
        the outcome first (projection); estimated once, it is held fixed in resampling.
    method : {"synthetic_did", "synthetic_control", "difference_in_differences"}
        Unit and time weights both fitted; unit weights alone, no level shift allowed; both equal.
    solver : {"frank_wolfe", "exact"}
        The published algorithm, two-stage Frank-Wolfe with sparsification and an early stop; or the
        true minimum of the same objective. ``extra["solver_gap"]`` says how far apart they are.
    variance : {"placebo", "jackknife", "bootstrap"} or None
        Donors drawn as if treated; units left out one by one with weights held; units redrawn. None
        leaves errors NaN. The jackknife needs two treated units in every cohort, the bootstrap
        needs several treated units to mean anything, the placebo more donors than treated.
    draws : int
        Placebo or bootstrap draws. With one cohort and no more possible placebo assignments than
        draws, each assignment is taken once and nothing is random.
    missing : {"error", "drop"}
        What to do with units that lack a cell: name the first one, or leave the units out, counted.
    level : float
        Confidence level of intervals, between 0 and 1.
    seed : int
        Seed of the draws.

    Returns
    -------
    Estimates
        Keys ``term`` and ``cohort``: first ``ATT`` over all treated cells (cohort NaN), then with
        staggered adoption each cohort's; every cohort is compared with the never treated and weighs by its
        treated cells. ``extra``: ``unit_weights`` (``cohort, unit, weight``), ``time_weights``
        (``cohort, time, weight``), ``path`` (``cohort, time, treated, synthetic, gap, is_post``;
        the gap is net of its weighted mean before treatment), ``ridge`` (zeta by cohort),
        ``solver_gap``, ``effects_drawn`` (draws by estimates), ``fit_before`` (root mean square of the
        gap before treatment, by cohort), ``covariate_effects``, and with placebo errors
        ``placebo_p_values``: ``(1 + exceeding) / (1 + draws)``. Units treated in the first period are dropped
        and counted.

    Raises
    ------
    ColumnError
        For bad columns, missing cells, or treatment that ends.
    NotIdentifiedError
        Without donors, without treated units that have a period before treatment, or when the
        variance chosen cannot be had.

    Notes
    -----
    Regularization follows the paper: with ``sigma`` the standard deviation of first differences of
    donors before treatment, ``zeta = (treated * post periods)^(1/4) sigma`` for the unit weights of
    the synthetic difference-in-differences; else ``1e-6 sigma``. It is held fixed in resampling.

    References
    ----------
    .. [1] Arkhangelsky, D., S. Athey, D. A. Hirshberg, G. W. Imbens, and S. Wager (2021). Synthetic
       difference-in-differences. American Economic Review 111(12). doi:10.1257/aer.20190159

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import synthetic_did
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> frame["treated"] = ((frame["place"] == 0) & (frame["year"] == 2)).astype(int)
    >>> synthetic_did(frame, outcome="rate", unit="place", time="year", treatment="treated").coef().round(
    ...     2
    ... ).to_dict()
    {('ATT', 2): -0.3}
    """
    require_level(level)
    _require_options(method, solver, variance, draws)
    panel = read_synthetic(data, outcome, unit, time, treatment, cohort, covariates, missing)
    adjusted, slopes = project_covariates(panel)
    solve = frank_wolfe_for(draws if variance in ("placebo", "bootstrap") else 2)
    fits = fit_cohorts(panel, adjusted, method, solver == "exact", solve)
    estimate = combined(fits)
    covariance, drawn, label = draws_covariance(panel, adjusted, fits, variance, draws, seed)
    extra = {
        **_tables(panel, adjusted, fits),
        "effects_drawn": drawn,
        "covariate_effects": slopes,
        "solver_gap": _solver_gap(panel, adjusted, fits, estimate[0]),
    }
    if variance == "placebo":
        exceeding = np.sum(np.abs(drawn) >= np.abs(estimate), axis=0)
        extra["placebo_p_values"] = (1 + exceeding) / (1 + len(drawn))
    return Estimates(
        method="synthetic_did",
        keys=_keys(panel, fits),
        estimate=estimate,
        covariance=covariance,
        sample=panel.sample,
        design={"method": method, "solver": solver, "variance": variance} | _sizes(panel, fits, drawn, label),
        level=level,
        seed=seed if variance in ("placebo", "bootstrap") else None,
        extra=extra,
    )


def _sizes(
    panel: SyntheticPanel, fits: list[CohortFit], drawn: np.ndarray | None, label: str
) -> dict[str, Any]:
    return {
        "draws": None if drawn is None else len(drawn),
        "correction": label,
        "df": np.inf,
        "donors": len(panel.donors),
        "treated": sum(len(one.units) for one in fits),
    }


def _require_options(method: str, solver: str, variance: str | None, draws: int) -> None:
    require_option("method", method, kernels.METHODS)
    require_option("solver", solver, ("frank_wolfe", "exact"))
    require_option("variance", variance, (*ERRORS, None))
    if draws < 2:
        raise EstimationError(f"draws must be at least 2, not {draws}")


def combined(fits: list[CohortFit]) -> np.ndarray:
    """Return the effect over all treated cells, then, with several cohorts, each one's."""
    effects = np.array([one.effect for one in fits])
    cells = np.array([one.cells for one in fits], float)
    overall = cells @ effects / cells.sum()
    return np.array([overall]) if len(fits) == 1 else np.concatenate([[overall], effects])


def _keys(panel: SyntheticPanel, fits: list[CohortFit]) -> pd.DataFrame:
    labels = [panel.times[one.pre] for one in fits]
    if len(fits) == 1:
        return pd.DataFrame({"term": ["ATT"], "cohort": labels})
    return pd.DataFrame({"term": ["ATT"] * (len(fits) + 1), "cohort": [np.nan, *labels]})


def _tables(panel: SyntheticPanel, adjusted: Floats, fits: list[CohortFit]) -> dict[str, Any]:
    donors = panel.donors
    names, times = panel.units[donors], panel.times
    units, periods, paths = [], [], []
    for one in fits:
        label = times[one.pre]
        units.append(pd.DataFrame({"cohort": label, "unit": names, "weight": one.unit_weights}))
        periods.append(pd.DataFrame({"cohort": label, "time": times[: one.pre], "weight": one.time_weights}))
        treated, synthetic = adjusted[one.units].mean(axis=0), one.unit_weights @ adjusted[donors]
        gap = treated - synthetic
        paths.append(
            pd.DataFrame(
                {
                    "cohort": label,
                    "time": times,
                    "treated": treated,
                    "synthetic": synthetic,
                    "gap": gap - one.time_weights @ gap[: one.pre],
                    "is_post": np.arange(len(times)) >= one.pre,
                }
            )
        )
    return {
        "unit_weights": pd.concat(units, ignore_index=True),
        "time_weights": pd.concat(periods, ignore_index=True),
        "path": pd.concat(paths, ignore_index=True),
        "ridge": {times[one.pre]: one.rule.ridge for one in fits},
        "fit_before": {times[one.pre]: one.fit_before for one in fits},
    }


def _solver_gap(panel: SyntheticPanel, adjusted: Floats, fits: list[CohortFit], estimate: float) -> float:
    """Return the estimate minus the one at the exact minimum of the objective."""
    method = fits[0].rule.method
    if method == "difference_in_differences" or fits[0].rule.exact:
        return 0.0
    return float(estimate - combined(fit_cohorts(panel, adjusted, method, True))[0])
