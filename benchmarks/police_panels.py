"""Police-shaped panels of the benchmarks: late entry, early exit, random gaps; generated, not downloaded."""

from __future__ import annotations

import numpy as np
import pandas as pd

SHAPES = {"county": (3_000, 20), "agency": (20_000, 30), "month": (20_000, 360)}


def police_panel(shape: str, covariates: int, seed: int = 20260801) -> pd.DataFrame:
    """Return an unbalanced panel: unit, period, state, outcome y, count, and covariates x1, x2, ..."""
    units, periods = SHAPES[shape]
    rng = np.random.default_rng(seed)
    start = np.where(rng.random(units) < 0.3, rng.integers(0, periods // 2, units), 0)
    stop = np.where(rng.random(units) < 0.2, rng.integers(periods // 2, periods, units), periods)
    unit, period = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    keep = (period >= start[unit]) & (period < stop[unit]) & (rng.random(len(unit)) > 0.15)
    unit, period = unit[keep], period[keep]
    state = rng.integers(0, 50, units)
    own, common = rng.normal(size=units), rng.normal(size=periods) * 0.3
    frame = {"unit": unit, "period": period, "state": state[unit]}
    signal = own[unit] + common[period]
    for j in range(1, covariates + 1):
        x = rng.normal(size=len(unit)) + 0.5 * own[unit] + 0.2 * common[period]
        frame[f"x{j}"] = x
        signal = signal + 0.1 * x
    frame["y"] = signal + rng.normal(size=len(unit))
    frame["count"] = rng.poisson(np.exp(0.3 * signal)).astype(float)
    return pd.DataFrame(frame)
