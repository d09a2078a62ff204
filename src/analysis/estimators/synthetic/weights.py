"""Unit and time weights of difference-in-differences and its synthetic kin: kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats
from .simplex import distance_form, exact_minimum, frank_wolfe, two_stage

METHODS = ("synthetic_did", "synthetic_control", "difference_in_differences")
_TINY = 1e-6
_STOP = 1e-5


@dataclass(frozen=True)
class Rule:
    """What is minimized and how; held fixed while units are resampled.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    noise : float
        Standard deviation of first differences of donors' outcomes before treatment.
    ridge : float
        Regularization of the unit weights (zeta), in units of the outcome.
    exact : bool
        Solve the quadratic programs exactly instead of by two-stage Frank-Wolfe.
    solve : callable
        Frank-Wolfe, compiled or not.
    """

    method: str
    noise: float
    ridge: float
    exact: bool
    solve: Callable[..., Any] = frank_wolfe


def rule_for(
    method: str,
    donors: Floats,
    pre: int,
    treated: int,
    posts: int,
    exact: bool,
    solve: Callable[..., Any] = frank_wolfe,
) -> Rule:
    """Return the published regularization: ``zeta = (treated * posts)^(1/4) sigma``, or near nothing.

    Parameters
    ----------
    donors : numpy.ndarray, shape (n, t)
    pre : int
        Number of periods before treatment.
    """
    steps = np.diff(donors[:, :pre], axis=1)
    noise = float(steps.std(ddof=1)) if steps.size > 1 else 0.0
    strength = (treated * posts) ** 0.25 if method == "synthetic_did" else _TINY
    return Rule(method, noise, strength * noise, exact, solve)


def unit_weights(rule: Rule, donors: Floats, target: Floats, start: Floats) -> np.ndarray:
    """Return donor weights from outcomes before treatment, shapes (n, pre) and (pre,)."""
    if rule.method == "difference_in_differences":
        return np.full(len(donors), 1 / len(donors))
    intercept = rule.method == "synthetic_did"
    return _minimize(rule, distance_form(donors.T, target, rule.ridge**2, intercept), start)


def time_weights(rule: Rule, before: Floats, after: Floats, start: Floats) -> np.ndarray:
    """Return weights of periods before treatment from donors' outcomes, shapes (n, pre) and (n,)."""
    pre = before.shape[1]
    if rule.method == "difference_in_differences":
        return np.full(pre, 1 / pre)
    if rule.method == "synthetic_control":
        return np.zeros(pre)
    return _minimize(rule, distance_form(before, after, (_TINY * rule.noise) ** 2, True), start)


def _minimize(rule: Rule, form: Floats, start: Floats) -> Floats:
    if rule.exact or rule.noise == 0:
        return exact_minimum(form)
    return two_stage(form, start, (_STOP * rule.noise) ** 2, solve=rule.solve)


def fit(
    rule: Rule, donors: Floats, target: Floats, pre: int, start: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats, float]:
    """Return unit weights, time weights, and the effect.

    Parameters
    ----------
    donors : numpy.ndarray, shape (n, t)
    target : numpy.ndarray, shape (t,)
        Mean outcome of the treated.
    pre : int
    start : pair of numpy.ndarray, optional
        Weights to start from; equal when omitted.
    """
    n = len(donors)
    units, times = start or (np.full(n, 1 / n), np.full(pre, 1 / pre))
    units = unit_weights(rule, donors[:, :pre], target[:pre], units)
    times = time_weights(rule, donors[:, :pre], donors[:, pre:].mean(axis=1), times)
    return units, times, effect(donors, target, pre, units, times)


def effect(donors: Floats, target: Floats, pre: int, units: Floats, times: Floats) -> float:
    """Return the weighted double difference."""
    gap = target - units @ donors
    return float(gap[pre:].mean() - times @ gap[:pre])
