"""Extended two-way fixed effects (Wooldridge 2021, 2023), linear and Poisson, from cell cross-products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats, Ints
from ..core.checks import as_list, require_level, require_option
from ..core.entry import takes_frame
from ..errors import ColumnError, EstimationError, NotIdentifiedError
from ..linalg.threads import same_bits
from .cell_regression import CellFit, Layout, fit_cells_linear, fit_cells_poisson, layout
from .cell_result import cell_result
from .group_time import GroupTime
from .saturated import fit_saturated, fit_saturated_poisson
from .wide_panel import WidePanel, wide_panel


@takes_frame
@same_bits
def extended_twfe(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    covariates: str | Sequence[str] | None = None,
    control: str = "not_yet",
    family: str = "linear",
    scale: str = "link",
    absorb: str = "cohort",
    offset: str | None = None,
    anticipation: int = 0,
    weights: str | None = None,
    cluster: str | None = None,
    correction: str = "fixest",
    level: float = 0.95,
) -> GroupTime:
    """Estimate cohort-by-period effects by one regression on cohort, period and treated-cell effects.

    The estimand of each cell is the mean effect on the treated, under parallel trends of the linear
    index (linear: of the outcome; Poisson: of its logarithm's mean), given covariates that act
    through slopes of their own in every cohort, period and cell, centred at the cohort's mean.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period; missing unit-periods are allowed, units with one row are used.
    outcome : str
        Numeric column; not negative when ``family="poisson"``.
    unit : str
        Column of labels of units.
    time : str
        Column of numeric periods, or dates with a `frequency`.
    cohort : str
        First treated period of each unit, constant within it; missing, 0 or infinity for never treated.
    covariates : str or sequence of str, optional
        Constant within unit.
    control : {"not_yet", "never"}
        With ``"never"``, cells before treatment (but the last) get effects of their own.
    family : {"linear", "poisson"}
        Least squares, effects in units of the outcome; or Poisson regression, with effects on the log mean.
    scale : {"link", "response"}
        With Poisson, effects on the log mean, or average marginal effects on the mean.
    absorb : {"cohort", "unit"}
        Cohort effects, as published; or unit effects, which give the same estimates on a balanced panel
        and, unlike cohort effects, stay right when units enter and leave. With unit effects, units whose
        outcome is zero throughout (Poisson) say nothing and are dropped and counted; ``scale`` must be
        ``"link"`` and there are no covariates.
    offset : str, optional
        With Poisson, the known part of the log mean, such as the log of residents.
    anticipation : int
        Periods before adoption in which units may respond.
    weights : str, optional
        Positive weights of rows.
    cluster : str, optional
        Column of clusters of units; the unit when omitted.
    correction : {"fixest", "none"}
        ``G/(G-1) (N-1)/(N-K)``, K the number of coefficients without unit effects; or no factor. Inference is
        by t(G-1).
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    GroupTime
        Keyed by ``cohort`` and ``time``; averages weight cells by their rows (or weights), as fixed.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    KeyNotUniqueError
        A unit has two rows in one period.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.
    NotConvergedError
        The iteration does not settle.
    TooFewClustersError
        One cluster only.

    References
    ----------
    Wooldridge (2021), doi:10.2139/ssrn.3906345; Wooldridge (2023), doi:10.1093/ectj/utad016.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import extended_twfe
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> extended_twfe(frame, **keys).aggregate("simple").coef().round(3).to_dict()
    {'att': 1.833}
    """
    _require_options(control, family, scale, absorb, anticipation, level)
    _require_fitting(family, scale, absorb, offset, covariates)
    wide = wide_panel(
        data,
        outcome=outcome,
        unit=unit,
        time=time,
        cohort=cohort,
        covariates=covariates,
        weights=weights,
        cluster=cluster,
        offset=offset,
    )
    wide = wide.keep(wide.cohort - anticipation > wide.periods[0], "treated from the first period on")
    if wide.covariates.shape[1] > 1:
        raise ColumnError(f"covariates {covariates} change within units: this method needs them constant")
    wide = wide.comparable(anticipation) if control == "not_yet" else wide
    wide = _without_separated(wide, control, anticipation, absorb) if family == "poisson" else wide
    cohorts, code = np.unique(wide.cohort, return_inverse=True)
    cells = _free_cells(wide.periods, cohorts, code, _row_weights(wide), control, anticipation)
    solve = _pooled if absorb == "cohort" else _within
    effects, influence, parameters = solve(wide, code, cells, family, scale)
    design = {
        "outcome": outcome,
        "family": family,
        "scale": scale,
        "control": control,
        "absorb": absorb,
        "anticipation": anticipation,
        "weights": weights,
        "cluster": cluster or unit,
    }
    return cell_result(
        "extended_twfe",
        wide,
        np.argwhere(cells),
        cohorts,
        effects,
        influence,
        parameters=parameters,
        correction=correction,
        design=design,
        level=level,
    )


def _require_options(
    control: str, family: str, scale: str, absorb: str, anticipation: int, level: float
) -> None:
    choices = {
        "control": (control, ("not_yet", "never")),
        "family": (family, ("linear", "poisson")),
        "scale": (scale, ("link", "response")),
        "absorb": (absorb, ("cohort", "unit")),
    }
    for name, (chosen, allowed) in choices.items():
        require_option(name, chosen, allowed)
    if anticipation < 0:
        raise EstimationError(f"anticipation must be zero or more periods, not {anticipation}")
    require_level(level)


def _require_fitting(
    family: str, scale: str, absorb: str, offset: Any, covariates: str | Sequence[str] | None
) -> None:
    if offset is not None and family != "poisson":
        raise EstimationError("offset belongs to family='poisson'")
    if absorb == "unit" and (scale != "link" or as_list(covariates)):
        raise EstimationError("absorb='unit' takes no covariates and gives effects on the link scale only")


def _free_cells(
    periods: Floats, cohorts: Floats, code: Ints, row_weights: Floats, control: str, anticipation: int
) -> Bools:
    finite = np.isfinite(cohorts)[:, None]
    starts = cohorts[:, None] - anticipation
    cells = finite & (periods >= starts)
    if control == "never":
        if finite.all():
            raise NotIdentifiedError("no never-treated unit: use control='not_yet'")
        last = periods[np.searchsorted(periods, np.where(finite, starts, periods[0] + 1)) - 1]
        cells = finite & (periods != last)
    seen = np.array([row_weights[code == g].sum(axis=0) > 0 for g in range(len(cohorts))])
    if not (cells & seen).any():
        raise NotIdentifiedError("no cohort starts treatment inside the panel's periods")
    found: Bools = cells & seen
    return found


def _row_weights(wide: WidePanel) -> np.ndarray:
    return np.where(wide.observed, wide.weights, 0.0)


def _without_separated(wide: WidePanel, control: str, anticipation: int, absorb: str) -> WidePanel:
    """Drop, and count, what a Poisson fit would send to minus infinity: all-zero cells, and units."""
    if (wide.outcome < 0).any():
        raise ColumnError(f"{int((wide.outcome < 0).sum())} outcomes are negative: Poisson needs counts")
    while True:
        before = wide.sample.used
        cohorts, code = np.unique(wide.cohort, return_inverse=True)
        cells = _free_cells(wide.periods, cohorts, code, _row_weights(wide), control, anticipation)
        totals = np.array([np.nansum(wide.outcome[code == g], axis=0) for g in range(len(cohorts))])
        wide = wide.without_rows((cells & (totals == 0))[code], "cell with a zero outcome throughout")
        if absorb == "unit":
            wide = wide.keep(np.nansum(wide.outcome, axis=1) > 0, "unit with a zero outcome throughout")
        if wide.sample.used == before:
            return wide


def _offset(wide: WidePanel) -> np.ndarray:
    return np.zeros_like(wide.outcome) if wide.offset is None else np.nan_to_num(wide.offset)


def _within(wide: WidePanel, code: Ints, cells: Bools, family: str, scale: str) -> tuple[Floats, Floats, int]:
    weights, one = _row_weights(wide), np.ones((len(code), 1))
    if family == "linear":
        fit = fit_saturated(wide.outcome, weights, code, one, cells)
    else:
        fit = fit_saturated_poisson(wide.outcome, weights, _offset(wide), code, one, cells)
    return fit.effects[:, 0], fit.influence, len(fit.effects) + len(wide.periods)


def _pooled(wide: WidePanel, code: Ints, cells: Bools, family: str, scale: str) -> tuple[Floats, Floats, int]:
    weights, shape = _row_weights(wide), layout(code, wide.covariates[:, 0], cells)
    if family == "linear":
        fit = fit_cells_linear(wide.outcome, weights, shape)
    else:
        fit = fit_cells_poisson(wide.outcome, weights, _offset(wide), shape)
    effects, influence = _effects(fit, shape, code, weights, np.argwhere(cells), scale)
    return effects, influence, fit.parameters


def _effects(
    fit: CellFit, shape: Layout, code: Ints, row_weights: Floats, cells: Ints, scale: str
) -> tuple[Floats, Floats]:
    pairs = [_effect(fit, shape, np.flatnonzero(code == g), g, t, row, row_weights, scale)
             for row, (g, t) in zip(fit.cell_rows, cells, strict=True)]  # fmt: skip
    gradients = np.stack([gradient for _, gradient in pairs], axis=1)
    return np.array([effect for effect, _ in pairs]), fit.influence @ gradients


def _effect(
    fit: CellFit, shape: Layout, units: Ints, g: int, t: int, row: int, row_weights: Floats, scale: str
) -> tuple[float, Floats]:
    """Return one cell's effect and its gradient in the coefficients, shape (rows * q,)."""
    mass, z = row_weights[units, t], shape.z[units]
    gradient = np.zeros((shape.rows, z.shape[1]))
    own = z @ fit.coefficient[row]
    if scale == "link":
        gradient[row] = np.average(z, axis=0, weights=mass)
        return np.average(own, weights=mass), gradient.ravel()
    mean = fit.mean[units, t]
    without = mean * np.exp(-own)
    switched = np.flatnonzero(shape.pairs[g, t])
    gradient[switched] = np.average((mean - without)[:, None] * z, axis=0, weights=mass)
    gradient[row] = np.average(mean[:, None] * z, axis=0, weights=mass)
    return np.average(mean - without, weights=mass), gradient.ravel()
