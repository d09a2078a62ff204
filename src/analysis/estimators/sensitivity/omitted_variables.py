"""Omitted variable bias of a regression: robustness values, benchmark bounds, contours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import as_list, numeric, require_columns, require_level
from ..core.distributions import t_quantile
from ..core.entry import takes_frame
from ..core.result import Estimates, Sample
from ..errors import EstimationError, NotIdentifiedError


@takes_frame
def omitted_variable_bounds(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    covariates: str | Sequence[str],
    benchmarks: str | Sequence[str] | None = None,
    multiples: Sequence[float] = (1.0, 2.0, 3.0),
    q: float = 1.0,
    contour: int = 41,
    contour_limit: float = 0.4,
    level: float = 0.95,
) -> Estimates:
    """Say how strong an omitted variable must be to change a regression's conclusion [1]_.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    outcome, treatment : str
        Numeric columns.
    covariates : str or sequence of str
        Numeric columns of the regression, besides a constant.
    benchmarks : str or sequence of str, optional
        Covariates against which the omitted variable is measured.
    multiples : sequence of float
        How many times as strong as the benchmark, with treatment and outcome alike.
    q : float
        Share of the estimate to be explained away.
    contour, contour_limit : int, float
        Points and upper end of each axis of the contours.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Key ``term``: the treatment's OLS coefficient with conventional errors, on which the method
        rests. ``extra["robustness"]``: ``partial_r2`` of treatment with outcome, ``robustness_value``
        (share of residual variance of both that brings the estimate down by `q`) and
        ``robustness_value_level`` (that brings it into its error at `level`).
        ``extra["bounds"]``: ``benchmark, multiple, r2_treatment, r2_outcome`` of the omitted variable,
        and ``estimate, std_error, statistic, conf_low, conf_high`` adjusted for it (NaN where so
        strong a variable cannot be). ``extra["contour"]``: ``r2_treatment, r2_outcome, estimate,
        statistic`` on a grid, adjusted toward zero.

    Raises
    ------
    ColumnError
        For bad columns.
    NotIdentifiedError
        When covariates are collinear or determine the treatment.

    References
    ----------
    .. [1] Cinelli, C., and C. Hazlett (2020). Making sense of sensitivity: extending omitted variable
       bias. JRSS B 82(1). doi:10.1111/rssb.12348

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import omitted_variable_bounds
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> found = omitted_variable_bounds(frame, outcome="rate", treatment="on", covariates="year")
    >>> found.coef().round(3).to_dict()
    {'on': 0.751}
    """
    require_level(level)
    names, against = as_list(covariates), as_list(benchmarks)
    if unknown := [name for name in against if name not in names]:
        raise EstimationError(f"benchmarks {unknown} must be among the covariates {names}")
    y, design, sample = _arrays(data, outcome, treatment, names)
    fit = _ols(y, design, [treatment, *names])
    estimate, error, df = fit["beta"][1], fit["error"][1], fit["df"]
    bounds = [
        _benchmark(fit, design, names.index(name), name, k, level) for name in against for k in multiples
    ]
    return Estimates(
        method="omitted_variable_bounds",
        keys=pd.DataFrame({"term": [treatment]}),
        estimate=np.array([estimate]),
        covariance=np.array([[error**2]]),
        sample=sample,
        design={"correction": "conventional OLS", "df": df, "q": q},
        level=level,
        extra={
            "robustness": _robustness(estimate / error, df, q, 1 - level),
            "bounds": pd.DataFrame(bounds),
            "contour": _contour(estimate, error, df, contour, contour_limit),
        },
    )


def _arrays(
    data: pd.DataFrame, outcome: str, treatment: str, names: list[str]
) -> tuple[Floats, Floats, Sample]:
    wanted = [outcome, treatment, *names]
    require_columns(data, wanted)
    columns = {name: numeric(data, name) for name in wanted}
    complete, dropped = np.ones(len(data), bool), {}
    for name, values in columns.items():
        if count := int((complete & np.isnan(values)).sum()):
            dropped[f"{name} missing"] = count
        complete &= ~np.isnan(values)
    design = np.column_stack([np.ones(complete.sum()), *(columns[name][complete] for name in wanted[1:])])
    used = int(complete.sum())
    sample = Sample(given=len(data), used=used, dropped=dropped, units=used, rows=complete)
    return columns[outcome][complete], design, sample


def _ols(y: Floats, design: Floats, names: list[str]) -> dict[str, Any]:
    n, k = design.shape
    if n <= k:
        raise NotIdentifiedError(f"{n} complete rows cannot support {k} coefficients")
    scaled = design / np.sqrt((design**2).sum(axis=0)).clip(1e-300)
    values = np.linalg.svd(scaled, compute_uv=False)
    if values[-1] < 1e-10 * values[0]:
        raise NotIdentifiedError(f"{names} and the constant are collinear: leave one out")
    root = np.linalg.qr(design)
    beta = np.linalg.solve(root[1], root[0].T @ y)
    residual = y - design @ beta
    inverse = np.linalg.inv(root[1])
    error = np.sqrt((inverse**2).sum(axis=1) * (residual @ residual) / (n - k))
    return {"beta": beta, "error": error, "df": n - k, "y": y}


def partial_r2(statistic: float, df: int) -> float:
    """Return the share of residual variance explained, from a t statistic."""
    return statistic**2 / (statistic**2 + df)


def _robustness(statistic: float, df: int, q: float, alpha: float) -> pd.DataFrame:
    share = q * abs(statistic) / np.sqrt(df)
    critical = t_quantile(1 - alpha / 2, df - 1) / np.sqrt(df - 1)
    row = {
        "partial_r2": partial_r2(statistic, df),
        "robustness_value": _robustness_value(share, 0.0),
        "robustness_value_level": _robustness_value(share, critical),
    }
    return pd.DataFrame([row])


def _robustness_value(share: float, critical: float) -> float:
    excess = share - critical
    if excess <= 0:
        return 0.0
    if critical > 0 and share > 1 / critical:
        return float((share**2 - critical**2) / (1 + share**2))
    return float((np.sqrt(excess**4 + 4 * excess**2) - excess**2) / 2)


def adjusted(
    estimate: float, error: float, df: float, r2_treatment: Floats | float, r2_outcome: Floats | float
) -> tuple[Floats | float, Floats | float]:
    """Return estimate (moved toward zero and past it) and error adjusted for an omitted variable."""
    strength = np.sqrt(r2_outcome * r2_treatment / (1 - r2_treatment))
    moved = estimate - np.sign(estimate) * strength * error * np.sqrt(df)
    wider = error * np.sqrt((1 - r2_outcome) / (1 - r2_treatment) * df / (df - 1))
    return moved, wider


def _benchmark(
    fit: Mapping[str, Any], design: Floats, place: int, name: str, multiple: float, level: float
) -> dict[str, Any]:
    df = fit["df"]
    column = place + 2
    with_outcome = partial_r2(fit["beta"][column] / fit["error"][column], df)
    others = _ols(design[:, 1], np.delete(design, 1, axis=1), [name])
    with_treatment = partial_r2(others["beta"][column - 1] / others["error"][column - 1], df + 1)
    r2_treatment, r2_outcome = _bounds(with_treatment, with_outcome, multiple)
    row = {"benchmark": name, "multiple": multiple, "r2_treatment": r2_treatment, "r2_outcome": r2_outcome}
    moved, error = adjusted(fit["beta"][1], fit["error"][1], df, r2_treatment, r2_outcome)
    half = t_quantile(0.5 + level / 2, df - 1) * error
    return row | {
        "estimate": moved,
        "std_error": error,
        "statistic": moved / error if error > 0 else np.nan,
        "conf_low": moved - half,
        "conf_high": moved + half,
    }


def _bounds(with_treatment: float, with_outcome: float, multiple: float) -> tuple[float, float]:
    """Return the partial R2 of a variable `multiple` times as strong as the benchmark, NaN if impossible."""
    r2_treatment = multiple * with_treatment / (1 - with_treatment)
    if r2_treatment >= 1 or multiple * with_treatment >= 1:
        return np.nan, np.nan
    shared = multiple * with_treatment**2 / ((1 - multiple * with_treatment) * (1 - with_treatment))
    if shared >= 1:
        return np.nan, np.nan
    factor = (np.sqrt(multiple) + np.sqrt(shared)) / np.sqrt(1 - shared)
    return r2_treatment, min(1.0, factor**2 * with_outcome / (1 - with_outcome))


def _contour(estimate: float, error: float, df: int, points: int, limit: float) -> pd.DataFrame:
    axis = np.linspace(0, limit, points)
    r2_treatment, r2_outcome = (grid.ravel() for grid in np.meshgrid(axis, axis, indexing="ij"))
    moved, wider = adjusted(estimate, error, df, r2_treatment, r2_outcome)
    return pd.DataFrame(
        {
            "r2_treatment": r2_treatment,
            "r2_outcome": r2_outcome,
            "estimate": moved,
            "statistic": moved / wider,
        }
    )
