"""Random effects, between and first differences, by linearmodels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from ..core.checks import as_list, require_level
from ..core.entry import takes_labels
from ..core.result import Estimates
from ..core.translate import translated
from ..linalg.threads import same_bits
from .linear_panel import KINDS, PanelCovariance, covariance_options, read_panel, wrapped


@takes_labels
@same_bits
def random_effects(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    covariance: PanelCovariance = "CRV1",
    level: float = 0.95,
) -> Estimates:
    """Feasible generalised least squares with unit effects uncorrelated with the regressors.

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
    weights : str, optional
        Positive weights, as inverse variances.
    covariance : {"iid", "HC1", "CRV1"}
        CRV1 clusters by unit.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        With ``extra["fit"]``, the linearmodels result. The convention is linearmodels': n over n less the
        parameters, no factor for clusters, t with n less the parameters.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        A regressor does not vary or is a sum of others, or too few units and periods are left.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import random_effects
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> random_effects(frame, outcome="rate", unit="place", time="year", treatment="on").coef().round(
    ...     3
    ... ).to_dict()
    {'Intercept': 0.951, 'on': 0.893}
    """
    from linearmodels.panel import RandomEffects

    require_level(level)
    panel = read_panel(data, outcome, [*as_list(treatment), *as_list(covariates)], unit, time, weights)
    with translated("linearmodels"):
        model = RandomEffects(panel.outcome, panel.regressors, weights=panel.weights)
        fit = model.fit(**covariance_options(covariance))
    shares = {"variance_components": fit.variance_decomposition.to_dict()}
    return wrapped("random_effects", fit, panel, level, {"covariance": covariance}, **shares)


@takes_labels
@same_bits
def between(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    covariance: Literal["iid", "HC1"] = "HC1",
    level: float = 0.95,
) -> Estimates:
    """Regress unit means on unit means: how units differ, not how they change.

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
    weights : str, optional
        Positive weights, as inverse variances.
    covariance : {"iid", "HC1"}
        Classical or robust.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keyed by ``term``, with the constant.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import between
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> between(frame, outcome="rate", unit="place", time="year", treatment="on").coef().round(
    ...     3
    ... ).to_dict()
    {'Intercept': 1.047, 'on': 0.605}
    """
    from linearmodels.panel import BetweenOLS

    require_level(level)
    panel = read_panel(data, outcome, [*as_list(treatment), *as_list(covariates)], unit, time, weights)
    with translated("linearmodels"):
        model = BetweenOLS(panel.outcome, panel.regressors, weights=panel.weights)
        fit = model.fit(reweight=True, cov_type=KINDS[covariance])
    return wrapped("between", fit, panel, level, {"covariance": covariance})


@takes_labels
@same_bits
def first_differences(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    covariance: PanelCovariance = "CRV1",
    level: float = 0.95,
) -> Estimates:
    """Regress changes on changes between adjacent periods, without a constant.

    Only adjacent periods are differenced: a unit's row after a gap is used as a start and not as a change.
    Periods are ranks of the periods that occur.

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
    weights : str, optional
        Positive weights, as inverse variances.
    covariance : {"iid", "HC1", "CRV1"}
        Classical, robust, or clustered by unit.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Keyed by ``term``.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import first_differences
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> first_differences(frame, outcome="rate", unit="place", time="year", treatment="on").coef().round(
    ...     3
    ... ).to_dict()
    {'on': 0.981}
    """
    from linearmodels.panel import FirstDifferenceOLS

    require_level(level)
    names = [*as_list(treatment), *as_list(covariates)]
    panel = read_panel(data, outcome, names, unit, time, weights, constant=False)
    with translated("linearmodels"):
        fit = FirstDifferenceOLS(panel.outcome, panel.regressors, weights=panel.weights).fit(
            **covariance_options(covariance)
        )
    return wrapped(
        "first_differences", fit, panel, level, {"covariance": covariance}, differences=int(fit.nobs)
    )
