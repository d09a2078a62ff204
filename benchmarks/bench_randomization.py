"""Time randomization inference of a county regression; check draws against full re-estimation.

``python benchmarks/bench_randomization.py`` (``--cpu``: processor time, for a machine shared with others).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from bench_bootstrap import COVARIATES, placebo, timed

from analysis.estimators import ols, randomization_test
from analysis.estimators._assignment import plan_assignments, read_paths

DRAWS = 10_000
CALL = {"outcome": "y", "treatment": "d", "covariates": COVARIATES, "effects": ["unit", "period"]}


def by_unit(data: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with every fifth unit treated, adopted over four periods."""
    middle = data["period"].max() // 2
    start = middle + data["unit"] % 4
    return data.assign(d=((data["unit"] % 5 == 0) & (data["period"] >= start)).astype(float))


def run(data: pd.DataFrame, label: str, repeats: int = 3, **options) -> None:
    """Print one design."""
    call = CALL | {"unit": "unit", "time": "period", "draws": DRAWS, "seed": 1} | options
    seconds, result = timed(lambda: randomization_test(data, **call), repeats)
    worst = (
        check(data, result, options) if options.get("statistic", "coefficient") == "coefficient" else np.nan
    )
    print(
        f"{label}: {seconds:.3f} s for {result.design['draws']:,} draws, n {result.sample.used:,}, "
        f"p {result.row(term='d').p_value:.5f}, largest error of three draws re-estimated {worst:.1e}"
    )


def check(data: pd.DataFrame, result, options) -> float:
    """Return the largest difference between three draws and least squares on the re-assigned treatment."""
    data = data[result.sample.rows]
    place = pd.factorize(data[result.design["place"]], sort=True)[0]
    period = pd.factorize(data["period"], sort=True)[0]
    paths = read_paths(data["d"].to_numpy(), place, period, ("d", "place"))
    pools = np.zeros(len(paths.label), dtype=int)
    if options.get("strata"):
        pools[place] = data["state"]
    if options.get("design") == "date":
        pools[paths.label == paths.never] = -1
    plan = plan_assignments(paths, pools, DRAWS, 1)
    labels = plan.labels(*plan.chunk(0))[:3]
    found = [ols(data.assign(d=paths.treatment(label)), **CALL).row(term="d").estimate for label in labels]
    return float(np.abs(result.extra["statistics"][:3] - found).max())


def main() -> None:
    """Run every design."""
    state, unit = placebo("county"), by_unit(placebo("county"))
    run(unit, "by unit")
    run(state, "by state", design="cluster", cluster="state")
    run(unit, "dates among treated units", design="date")
    run(unit, "by unit within state", strata="state")
    run(unit, "by unit, t, 500 draws", repeats=1, statistic="t", draws=500)


if __name__ == "__main__":
    main()
