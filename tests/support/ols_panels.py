"""Panels the peer comparisons share."""

import numpy as np
import pandas as pd


def make_panel(balanced=True, units=60, periods=9, seed=0):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame([(u, t) for u in range(units) for t in range(periods)], columns=["unit", "year"])
    data["state"] = data["unit"] % 12
    data["region"] = data["state"] % 4
    own, slope, n = rng.normal(size=units), rng.normal(size=12), len(data)
    data["x1"] = rng.normal(size=n) + own[data["unit"]]
    data["x2"] = rng.normal(size=n) + 0.1 * data["year"]
    data["d"] = ((data["unit"] % 3 == 0) & (data["year"] >= 4)).astype(float)
    noise = rng.normal(size=n) + 0.1 * slope[data["state"]] * data["year"]
    data["y"] = own[data["unit"]] + 0.3 * data["x1"] + 0.2 * data["d"] + noise
    mean = np.exp(0.3 * data["x1"] + 0.2 * data["d"] + 0.1 * data["year"] - 0.5)
    data["count"] = rng.poisson(mean).astype(float)
    data["w"] = rng.uniform(0.3, 3, n)
    data["log_exposure"] = 0.2 * rng.normal(size=n)
    data["lat"], data["lon"] = 25 + 0.3 * (data["unit"] % 60), -100.0 + data["unit"] % 7
    return data if balanced else data[rng.random(n) < 0.75].reset_index(drop=True)


def make_chain(links=150, seed=1):
    """Return weakly connected data: unit i is seen in periods i and i + 1 only."""
    rng = np.random.default_rng(seed)
    rows = [(i, i + step) for i in range(links) for step in (0, 0, 1, 1)]
    data = pd.DataFrame(rows, columns=["unit", "year"])
    data["d"] = rng.normal(size=len(data))
    data["y"] = 0.5 * data["d"] + 0.01 * data["unit"] + rng.normal(size=len(data))
    data["state"] = data["unit"] // 10
    return data
