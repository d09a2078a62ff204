"""Standard errors for dependence across units and over time, by linearmodels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from ..core.checks import as_list, require_level
from ..core.entry import takes_labels
from ..core.result import Estimates
from ..core.translate import translated
from ..linalg.threads import same_bits
from .linear_panel import read_panel, require_variation, wrapped


@takes_labels
@same_bits
def driscoll_kraay(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    time_effects: bool = True,
    weights: str | None = None,
    lags: int | None = None,
    kernel: Literal["bartlett", "parzen", "qs"] = "bartlett",
    level: float = 0.95,
) -> Estimates:
    """Fixed effects with errors correlated across units and over time.

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
    time_effects : bool
        Absorb period effects as well.
    weights : str, optional
        Positive weights, as inverse variances.
    lags : int, optional
        Bandwidth of the kernel; linearmodels' rule, floor(4 (T / 100)^(2/9)), when omitted.
    kernel : {"bartlett", "parzen", "qs"}
        Kernel that weighs autocovariances: Newey-West's, Parzen's or the quadratic spectral one.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        In linearmodels' convention.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.

    Notes
    -----
    Driscoll and Kraay (1998, doi:10.1162/003465398557825): asymptotic in periods; with few, errors are
    too small.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import driscoll_kraay
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> driscoll_kraay(frame, outcome="rate", unit="place", time="year", treatment="on").coef().round(
    ...     3
    ... ).to_dict()
    {'on': 0.952}
    """
    from linearmodels.panel import PanelOLS

    require_level(level)
    names = [*as_list(treatment), *as_list(covariates)]
    panel = read_panel(data, outcome, names, unit, time, weights, constant=False)
    require_variation(panel, names, slice(0, 2 if time_effects else 1))
    bandwidth: dict[str, Any] = {} if lags is None else {"bandwidth": lags}
    with translated("linearmodels"):
        within = {"entity_effects": True, "time_effects": time_effects}
        model = PanelOLS(panel.outcome, panel.regressors, weights=panel.weights, **within)
        fit = model.fit(cov_type="kernel", kernel=kernel, **bandwidth)
    design = {"covariance": "Driscoll-Kraay", "kernel": kernel, "lags": "rule" if lags is None else lags}
    return wrapped("driscoll_kraay", fit, panel, level, design)
