"""Confidence bounds by inverting a test: where its p-value falls to 1 - level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

EXPANSIONS = 40
RELATIVE = 1e-11
ROUNDING = 1e-12


def invert(
    p_value: Callable[[float], float], estimate: float, step: float, alpha: float, alternative: str
) -> tuple[float, float]:
    """Return the bounds nearest the estimate beyond which nulls are rejected at `alpha`.

    Parameters
    ----------
    p_value : callable
        p-value of a null; a step function of it.
    estimate : float
        A null that is not rejected.
    step : float
        First distance tried, such as a standard error; doubled until a null is rejected.
    alpha : float
        A null is rejected when its p-value is at most this (within 1e-12: 1 - 0.8 is not 0.2).
    alternative : str
        ``"greater"`` and ``"less"`` give one bound only.

    Returns
    -------
    tuple of float
        Infinite where no null in 2**40 steps is rejected, as with too few clusters.
    """
    alpha *= 1 + ROUNDING
    low = float("-inf") if alternative == "less" else _bound(p_value, estimate, -step, alpha)
    high = float("inf") if alternative == "greater" else _bound(p_value, estimate, step, alpha)
    return low, high


def _bound(p_value: Callable[..., Any], estimate: float, step: float, alpha: float) -> float:
    inside, outside = estimate, _rejected(p_value, estimate, step, alpha)
    if abs(outside) == float("inf"):
        return outside
    inside = estimate + (outside - estimate) / 2 if outside != estimate + step else inside
    while abs(outside - inside) > RELATIVE * abs(step):
        middle = inside + (outside - inside) / 2
        if middle in (inside, outside):
            break
        inside, outside = (middle, outside) if p_value(middle) > alpha else (inside, middle)
    return inside + (outside - inside) / 2


def _rejected(p_value: Callable[..., Any], estimate: float, step: float, alpha: float) -> float:
    for power in range(EXPANSIONS):
        if p_value(estimate + step * 2**power) <= alpha:
            found: float = estimate + step * 2**power
            return found
    return float("inf") if step > 0 else float("-inf")
