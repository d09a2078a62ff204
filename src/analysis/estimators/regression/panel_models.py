"""Random effects, between, first differences, Mundlak, Hausman and Driscoll-Kraay, by linearmodels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..core.checks import as_list, require_level, require_unique
from ..core.distributions import chi2_upper
from ..core.entry import takes_labels
from ..core.frame import Arrays, prepare
from ..core.result import Estimates
from ..core.translate import translated
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.absorb import Absorber
from ..linalg.threads import same_bits
from .few_clusters import require_two, warn_few
from .ols import INTERCEPT, ols
from .wald import WaldTest, joint_test

PanelCovariance = Literal["iid", "HC1", "CRV1"]
_KINDS = {"iid": "unadjusted", "HC1": "robust", "CRV1": "clustered"}


@dataclass(frozen=True)
class _Panel:
    arrays: Arrays
    outcome: pd.Series
    regressors: pd.DataFrame
    weights: pd.Series | None


def _panel(data, outcome, names, unit, time, weights=None, constant=True) -> _Panel:
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
    return _Panel(
        arrays, pd.Series(arrays.outcome, index, name=outcome), pd.DataFrame(columns, index), weight
    )


def _wrap(
    method: str, fit: Any, panel: _Panel, level: float, design: dict[str, Any], **extra: Any
) -> Estimates:
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


def _require_variation(panel: _Panel, names: Sequence[str], effects: slice) -> None:
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


def _options(covariance: str) -> dict[str, Any]:
    if covariance not in _KINDS:
        raise EstimationError(f"unknown covariance {covariance!r}: use one of {', '.join(_KINDS)}")
    clusters = {"cluster_entity": True} if covariance == "CRV1" else {}
    return {"cov_type": _KINDS[covariance], **clusters}


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
    data, outcome, unit, time, treatment, covariates, weights, level
        As in `ols`.
    covariance : {"iid", "HC1", "CRV1"}
        CRV1 clusters by unit.

    Returns
    -------
    Estimates
        With ``extra["fit"]``, the linearmodels result. The convention is linearmodels': n over n less the
        parameters, no factor for clusters, t with n less the parameters.
    """
    from linearmodels.panel import RandomEffects

    require_level(level)
    panel = _panel(data, outcome, [*as_list(treatment), *as_list(covariates)], unit, time, weights)
    with translated("linearmodels"):
        model = RandomEffects(panel.outcome, panel.regressors, weights=panel.weights)
        fit = model.fit(**_options(covariance))
    shares = {"variance_components": fit.variance_decomposition.to_dict()}
    return _wrap("random_effects", fit, panel, level, {"covariance": covariance}, **shares)


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
    """Regress unit means on unit means: how units differ, not how they change. Parameters as in `ols`."""
    from linearmodels.panel import BetweenOLS

    require_level(level)
    panel = _panel(data, outcome, [*as_list(treatment), *as_list(covariates)], unit, time, weights)
    with translated("linearmodels"):
        model = BetweenOLS(panel.outcome, panel.regressors, weights=panel.weights)
        fit = model.fit(reweight=True, cov_type=_KINDS[covariance])
    return _wrap("between", fit, panel, level, {"covariance": covariance})


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
    """Regress changes on changes between adjacent periods, without a constant. Parameters as in `ols`.

    Only adjacent periods are differenced: a unit's row after a gap is used as a start and not as a change.
    Periods are ranks of the periods that occur.
    """
    from linearmodels.panel import FirstDifferenceOLS

    require_level(level)
    names = [*as_list(treatment), *as_list(covariates)]
    panel = _panel(data, outcome, names, unit, time, weights, constant=False)
    with translated("linearmodels"):
        fit = FirstDifferenceOLS(panel.outcome, panel.regressors, weights=panel.weights).fit(
            **_options(covariance)
        )
    return _wrap(
        "first_differences", fit, panel, level, {"covariance": covariance}, differences=int(fit.nobs)
    )


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
    """Random effects with the unit means of the regressors added. Parameters as in `random_effects`.

    Coefficients of the regressors equal those within units when the panel is balanced.
    ``extra["means"]`` tests that all coefficients of the means are zero: random effects against fixed,
    robust to the covariance chosen. Means of variables that do not vary within units are left out.

    Notes
    -----
    Mundlak (1978, doi:10.2307/1913646).
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
    data, outcome, unit, time, treatment, covariates, weights, level
        As in `ols`; unit effects are absorbed.
    time_effects : bool
        Absorb period effects as well.
    lags : int, optional
        Bandwidth of the kernel; linearmodels' rule, floor(4 (T / 100)^(2/9)), when omitted.

    Returns
    -------
    Estimates
        In linearmodels' convention.

    Notes
    -----
    Driscoll and Kraay (1998, doi:10.1162/003465398557825): asymptotic in periods; with few, errors are
    too small.
    """
    from linearmodels.panel import PanelOLS

    require_level(level)
    names = [*as_list(treatment), *as_list(covariates)]
    panel = _panel(data, outcome, names, unit, time, weights, constant=False)
    _require_variation(panel, names, slice(0, 2 if time_effects else 1))
    bandwidth: dict[str, Any] = {} if lags is None else {"bandwidth": lags}
    with translated("linearmodels"):
        within = {"entity_effects": True, "time_effects": time_effects}
        model = PanelOLS(panel.outcome, panel.regressors, weights=panel.weights, **within)
        fit = model.fit(cov_type="kernel", kernel=kernel, **bandwidth)
    design = {"covariance": "Driscoll-Kraay", "kernel": kernel, "lags": "rule" if lags is None else lags}
    return _wrap("driscoll_kraay", fit, panel, level, design)
