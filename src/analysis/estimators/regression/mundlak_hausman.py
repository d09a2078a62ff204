"""Whether unit effects go with the regressors: Mundlak's regression and Hausman's test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..core.checks import as_list, require_unique
from ..core.distributions import chi2_upper
from ..core.entry import takes_labels
from ..core.frame import prepare
from ..core.result import Estimates
from ..errors import EstimationError
from ..linalg.threads import same_bits
from .linear_panel import PanelCovariance
from .ols import ols
from .panel_models import random_effects
from .wald import WaldTest, joint_test


@takes_labels
@same_bits
def mundlak(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    covariance: PanelCovariance = "CRV1",
    level: float = 0.95,
) -> Estimates:
    """Random effects with the unit means of the regressors added.

    Coefficients of the regressors equal those within units when the panel is balanced.
    ``extra["means"]`` tests that all coefficients of the means are zero: random effects against fixed,
    robust to the covariance chosen. Means of variables that do not vary within units are left out.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    unit : str
        Column of labels of units.
    time : str
        Column of periods, any labels that sort.
    treatment : str or sequence of str, optional
        Numeric columns of interest, first in the result.
    covariates : sequence of str
        Further numeric columns.
    covariance : {"iid", "HC1", "CRV1"}
        Classical, robust, or clustered by unit.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keyed by ``term``, the unit means named as such.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.

    Notes
    -----
    Mundlak (1978, doi:10.2307/1913646).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import mundlak
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> mundlak(frame, outcome="rate", unit="place", time="year", treatment="on").coef().round(
    ...     3
    ... ).to_dict()
    {'Intercept': 1.047, 'on': 0.949, 'mean of on': -0.343}
    """
    names = [*as_list(treatment), *as_list(covariates)]
    require_unique(data, unit, time)
    data = data.reset_index(drop=True)
    arrays = prepare(data, outcome=outcome, columns=names, effects=[unit, time], singletons="keep")
    used = data[arrays.rows]
    frame, added = used.copy(), []
    for name in names:
        mean = used.groupby(unit, observed=True)[name].transform("mean").astype(float)
        if not np.allclose(used[name].astype(float), mean, rtol=1e-12, atol=0):
            frame[f"mean of {name}"] = mean
            added.append(f"mean of {name}")
    fit = random_effects(
        frame,
        outcome=outcome,
        unit=unit,
        time=time,
        covariates=[*names, *added],
        covariance=covariance,
        level=level,
    )
    mask = fit.keys["term"].isin(added).to_numpy()
    sample = replace(fit.sample, given=len(data), dropped=dict(arrays.dropped), rows=arrays.rows)
    return replace(
        fit, method="mundlak", sample=sample, extra=dict(fit.extra) | {"means": joint_test(fit, mask)}
    )


@takes_labels
def hausman(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
) -> WaldTest:
    """Test unit fixed effects against random effects by the difference of their coefficients.

    Parameters as in `random_effects`. Valid only if random effects are efficient (errors independent and
    of one variance): otherwise see `mundlak`.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    unit : str
        Column of labels of units.
    time : str
        Column of periods, any labels that sort.
    treatment : str or sequence of str, optional
        Numeric columns of interest, first in the result.
    covariates : sequence of str
        Further numeric columns.

    Returns
    -------
    WaldTest
        Chi-squared.

    Raises
    ------
    EstimationError
        The difference of the covariances is not positive definite.

    Notes
    -----
    Hausman (1978, doi:10.2307/1913827).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import hausman
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> frame["x"] = np.cos(np.arange(24.0) ** 2)
    >>> hausman(frame, outcome="rate", unit="place", time="year", treatment="x").df
    1
    """
    options: dict[str, Any] = {"outcome": outcome, "treatment": treatment, "covariates": covariates}
    within: dict[str, Any] = {"effects": [unit], "correction": "linearmodels", "singletons": "keep"}
    fixed = ols(data, covariance="iid", **within, **options)
    random = random_effects(data, unit=unit, time=time, covariance="iid", **options)
    where = [random.keys["term"].tolist().index(term) for term in fixed.keys["term"]]
    gap = fixed.estimate - random.estimate[where]
    spread = fixed.covariance - random.covariance[np.ix_(where, where)]
    if np.linalg.eigvalsh(spread)[0] <= 0:
        raise EstimationError("the covariances' difference is not positive definite: use mundlak instead")
    statistic = float(gap @ np.linalg.solve(spread, gap))
    return WaldTest(statistic, len(gap), np.inf, float(chi2_upper(statistic, len(gap))))
