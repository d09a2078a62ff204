"""What the panel models fitted by linearmodels share: the checked panel, and the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..core.checks import require_unique
from ..core.frame import Arrays, prepare
from ..core.result import Estimates
from ..core.translate import translated
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.absorb import Absorber
from .few_clusters import require_two, warn_few
from .ols import INTERCEPT

PanelCovariance = Literal["iid", "HC1", "CRV1"]
KINDS = {"iid": "unadjusted", "HC1": "robust", "CRV1": "clustered"}


@dataclass(frozen=True)
class Panel:
    """Arrays of the used rows, and linearmodels' frames of the same."""

    arrays: Arrays
    outcome: pd.Series
    regressors: pd.DataFrame
    weights: pd.Series | None


def read_panel(
    data: pd.DataFrame,
    outcome: str,
    names: list[str],
    unit: str,
    time: str,
    weights: Any = None,
    constant: bool = True,
) -> Panel:
    """Check the frame and return its complete rows; raise without regressors or a varying outcome."""
    require_unique(data, unit, time)
    if not names:
        raise NotIdentifiedError("no regressor: name a treatment or covariates")
    arrays = prepare(
        data, outcome=outcome, columns=names, effects=[unit, time], weights=weights, singletons="keep"
    )
    if np.ptp(arrays.outcome) == 0:
        raise NotIdentifiedError(f"outcome {outcome!r} does not vary: nothing is to be explained")
    index = pd.MultiIndex.from_arrays(arrays.codes, names=["unit", "time"])
    columns = {INTERCEPT: np.ones(len(index))} if constant else {}
    columns |= {name: arrays.columns[:, j] for j, name in enumerate(names)}
    weight = None if arrays.weights is None else pd.Series(arrays.weights, index)
    return Panel(arrays, pd.Series(arrays.outcome, index, name=outcome), pd.DataFrame(columns, index), weight)


def wrapped(
    method: str, fit: Any, panel: Panel, level: float, design: dict[str, Any], **extra: Any
) -> Estimates:
    """Return the fit of linearmodels as a result."""
    units = int(panel.arrays.codes[0].max()) + 1
    if design["covariance"] == "CRV1":
        require_two(units, "unit")
        warn_few(units, "unit")
    with translated("linearmodels"):
        matrix = fit.cov.to_numpy(float)
    sample = replace(panel.arrays.sample(units), clusters=units if design["covariance"] == "CRV1" else None)
    return Estimates(
        method=method,
        keys=pd.DataFrame({"term": list(fit.params.index)}),
        estimate=fit.params.to_numpy(float),
        covariance=matrix,
        sample=sample,
        design={"outcome": panel.outcome.name} | design | {"correction": "linearmodels", "df": fit.df_resid},
        level=level,
        extra={"r2_within": float(fit.rsquared_within), "fit": fit} | extra,
    )


def require_variation(panel: Panel, names: Sequence[str], effects: slice) -> None:
    """Raise naming the regressors that the effects absorb, whose coefficients would be noise over noise."""
    arrays = panel.arrays
    before = np.sqrt(np.sum(arrays.columns**2, axis=0))
    inside = Absorber(arrays.codes[effects], weights=arrays.weights).residualize(
        arrays.columns.copy(order="F")
    )
    gone = np.sqrt(np.sum(inside**2, axis=0)) <= 1e-9 * np.maximum(before, np.finfo(float).tiny)
    if gone.any():
        raise NotIdentifiedError(
            f"{np.array(names)[gone].tolist()} does not vary once the effects are absorbed"
        )


def covariance_options(covariance: str) -> dict[str, Any]:
    """Return linearmodels' words for a covariance; raise on an unknown one."""
    if covariance not in KINDS:
        raise EstimationError(f"unknown covariance {covariance!r}: use one of {', '.join(KINDS)}")
    clusters = {"cluster_entity": True} if covariance == "CRV1" else {}
    return {"cov_type": KINDS[covariance], **clusters}
