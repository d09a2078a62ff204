"""Two-group, two-period effects on the treated and their influence functions.

Every estimator here is a signed sum of weighted means, ``sum_j s_j E[w_j h_j] / E[w_j]``, whose weights
may hold the odds ``exp(x'g)`` of a logit and whose ``h_j`` may hold fitted regressions ``x'b``. One
linearisation serves them all: the mean's own influence, plus that of the logit, plus that of the
regressions. Sant'Anna and Zhao (2020), doi:10.1016/j.jeconom.2020.06.003; Callaway and Sant'Anna
(2021), doi:10.1016/j.jeconom.2020.12.001.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from ..arrays import Floats
from ..errors import NotIdentifiedError

METHODS = ("dr", "ipw", "reg")
_NEWTON_STEPS = 60


@dataclass(frozen=True)
class Linear:
    """A fitted linear regression for m outcomes: coefficients (k, m), influence in factored form."""

    coefficient: np.ndarray
    score: np.ndarray
    residual: np.ndarray
    inverse: np.ndarray

    def effect_of(self, gradient: Floats) -> Floats:
        """Return the influence of ``gradient' b``, shape (n, m), for gradients of shape (k,) or (k, m)."""
        direction = self.inverse @ gradient
        moved = self.score @ direction
        found: Floats = (moved[:, None] if moved.ndim == 1 else moved) * self.residual
        return found


@dataclass(frozen=True)
class Logit:
    """A fitted propensity: odds (n,), kept (n,) after trimming, influence of coefficients (n, k)."""

    odds: np.ndarray
    kept: np.ndarray
    influence: np.ndarray


def fit_linear(y: np.ndarray, x: np.ndarray, weights: np.ndarray) -> Linear:
    """Return weighted least squares of each column of `y` (n, m) on `x` (n, k)."""
    weighted = x * weights[:, None]
    information = weighted.T @ x / len(x)
    inverse = _invert(information)
    coefficient = inverse @ (weighted.T @ y / len(x))
    return Linear(coefficient, weighted, y - x @ coefficient, inverse)


def fit_logit(treated: np.ndarray, x: np.ndarray, weights: np.ndarray, trim: float) -> Logit:
    """Return the weighted logit of `treated` on `x` by Newton's method, leaving out controls at `trim`.

    Raises
    ------
    NotIdentifiedError
        If treated and controls are separated by the covariates, so that no maximum exists.
    """
    scaled, scale = _scale(x)
    coefficient = np.zeros(x.shape[1])
    for _ in range(_NEWTON_STEPS):
        step, probability, inverse = _newton(treated, scaled, weights, coefficient)
        coefficient = coefficient + step
        if np.abs(step).max() < 1e-11 * (1 + np.abs(coefficient).max()):
            break
    else:
        raise NotIdentifiedError("covariates separate treated from controls: the propensity has no maximum")
    _, probability, inverse = _newton(treated, scaled, weights, coefficient)
    capped = np.minimum(probability, 1 - 1e-6)
    score = (weights * (treated - capped))[:, None] * scaled
    influence = score @ inverse / scale
    return Logit(capped / (1 - capped), (treated == 1) | (capped < trim), influence)


def _newton(
    treated: Floats, x: Floats, weights: Floats, coefficient: Floats
) -> tuple[Floats, Floats, Floats]:
    probability = expit(x @ coefficient)
    information = (x * (weights * probability * (1 - probability))[:, None]).T @ x / len(x)
    inverse = _invert(information)
    gradient = x.T @ (weights * (treated - probability)) / len(x)
    return inverse @ gradient, probability, inverse


def _scale(x: Floats) -> tuple[Floats, Floats]:
    scale = np.abs(x).max(axis=0)
    scale[scale == 0] = 1.0
    return x / scale, scale


def _invert(information: np.ndarray) -> np.ndarray:
    if np.linalg.cond(information) > 1e13:
        raise NotIdentifiedError("covariates are collinear, or constant among the controls, in this cell")
    return np.linalg.inv(information)


def panel_effect(
    change: np.ndarray,
    treated: np.ndarray,
    x: np.ndarray,
    weights: np.ndarray,
    method: str,
    trim: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return effects on the treated (m,) and influence functions (n, m) from outcome changes.

    Parameters
    ----------
    change : numpy.ndarray, shape (n, m)
        Outcome change of n units for m comparisons that share units and covariates.
    treated : numpy.ndarray of float, shape (n,)
        1 for treated, 0 for control.
    x : numpy.ndarray, shape (n, k)
        Covariates with a leading constant.
    weights : numpy.ndarray, shape (n,)
        Sampling weights; scaled to mean one here.
    method : {"dr", "ipw", "reg"}
    trim : float
        Controls whose propensity reaches this are left out of ``dr`` and ``ipw``.
    """
    weights = weights / weights.mean()
    if x.shape[1] == 1:
        return _unconditional(change, treated, weights)
    linear = None if method == "ipw" else fit_linear(change, x, weights * (1 - treated))
    fitted = 0.0 if linear is None else x @ linear.coefficient
    on_treated = weights * treated
    if method == "reg":
        first = _mean(change, on_treated)
        second = _mean(fitted, on_treated, x=x, linear=linear, slope=1.0)
    else:
        logit = fit_logit(treated, x, weights, trim)
        on_control = weights * (1 - treated) * logit.odds * logit.kept
        slope = -1.0 if method == "dr" else 0.0
        first = _mean(change - fitted, on_treated, x=x, linear=linear, slope=slope)
        second = _mean(change - fitted, on_control, x=x, linear=linear, slope=slope, logit=logit)
    return first[0] - second[0], first[1] - second[1]


def _unconditional(change: Floats, treated: Floats, weights: Floats) -> tuple[Floats, Floats]:
    first = _mean(change, weights * treated)
    second = _mean(change, weights * (1 - treated))
    return first[0] - second[0], first[1] - second[1]


def cross_section_effect(
    y: np.ndarray,
    post: np.ndarray,
    treated: np.ndarray,
    x: np.ndarray,
    weights: np.ndarray,
    method: str,
    trim: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the effect on the treated (1,) and its influence (n, 1) from rows of two periods.

    Rows are treated as repeated cross-sections: nothing links the two rows of one unit except
    that the caller may sum influence by unit. ``dr`` is the locally efficient estimator.
    """
    weights = weights / weights.mean()
    y, before = y[:, None], 1 - post
    on = {"post": weights * treated * post, "pre": weights * treated * before, "all": weights * treated}
    fits = _four_fits(y, post, treated, x, weights, method)
    parts: list[tuple[Any, ...]] = [(1.0, y, {}, on["post"], None), (-1.0, y, {}, on["pre"], None)]
    if method == "reg":
        parts.append((-1.0, *_fitted(x, fits, {"c1": 1.0, "c0": -1.0}), on["all"], None))
        return _signed(parts, x, fits)
    logit = fit_logit(treated, x, weights, trim)
    odds = weights * (1 - treated) * logit.odds * logit.kept
    if method == "dr":
        return _signed(_augmented(y, on, odds, post, x, fits, logit), x, fits)
    parts += [(-1.0, y, {}, odds * post, logit), (1.0, y, {}, odds * before, logit)]
    return _signed(parts, x, fits)


def _four_fits(
    y: Floats, post: Floats, treated: Floats, x: Floats, weights: Floats, method: str
) -> dict[str, Linear]:
    if method == "ipw":
        return {}
    groups = {"c1": (1 - treated) * post, "c0": (1 - treated) * (1 - post)}
    if method == "dr":
        groups |= {"t1": treated * post, "t0": treated * (1 - post)}
    return {name: fit_linear(y, x, weights * group) for name, group in groups.items()}


def _fitted(x: Floats, fits: dict[str, Linear], signs: dict[str, float]) -> tuple[Floats, dict[str, float]]:
    return sum(sign * (x @ fits[name].coefficient) for name, sign in signs.items()), signs


def _augmented(
    y: Floats,
    on: dict[str, Floats],
    odds: Floats,
    post: Floats,
    x: Floats,
    fits: dict[str, Linear],
    logit: Logit,
) -> list[tuple[float, Floats, dict[str, float], Floats, Logit | None]]:
    after, before = (x @ fits[name].coefficient for name in ("c1", "c0"))
    gap1 = _fitted(x, fits, {"t1": 1.0, "c1": -1.0})
    gap0 = _fitted(x, fits, {"t0": 1.0, "c0": -1.0})
    return [
        (1.0, y - after, {"c1": -1.0}, on["post"], None),
        (-1.0, y - before, {"c0": -1.0}, on["pre"], None),
        (-1.0, y - after, {"c1": -1.0}, odds * post, logit),
        (1.0, y - before, {"c0": -1.0}, odds * (1 - post), logit),
        (1.0, *gap1, on["all"], None),
        (-1.0, *gap1, on["post"], None),
        (-1.0, *gap0, on["all"], None),
        (1.0, *gap0, on["pre"], None),
    ]


def _signed(
    parts: list[tuple[float, Floats, dict[str, float], Floats, Logit | None]],
    x: Floats,
    fits: dict[str, Linear],
) -> tuple[Floats, Floats]:
    effect, influence = np.zeros(1), np.zeros((len(x), 1))
    for sign, h, gradient, weight, logit in parts:
        mean, own = _mean(h, weight, x=x, logit=logit)
        average = x.T @ weight / len(x) / weight.mean()
        for name, slope in gradient.items():
            own = own + slope * fits[name].effect_of(average)
        effect, influence = effect + sign * mean, influence + sign * own
    return effect, influence


def _mean(
    h: Floats | float,
    weight: Floats,
    *,
    x: Any = None,
    linear: Linear | None = None,
    slope: float = 0.0,
    logit: Logit | None = None,
) -> tuple[Floats, Floats]:
    """Return the weighted mean of h (m,) and its influence (n, m), with that of fitted parts."""
    n, total = len(weight), weight.mean()
    mean = weight @ h / n / total
    own = weight[:, None] * (h - mean)
    influence = own / total
    if logit is not None:
        influence = influence + logit.influence @ (x.T @ own / n / total)
    if linear is not None and slope:
        influence = influence + slope * linear.effect_of(x.T @ weight / n / total)
    return mean, influence
