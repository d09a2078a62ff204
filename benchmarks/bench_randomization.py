"""Time randomization inference of a county regression; check draws against full re-estimation.

``python benchmarks/bench_randomization.py`` (``--cpu``: processor time, for a machine shared
with others; ``--write``: docs/benchmarks/randomization.md).
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from bench_bootstrap import COVARIATES, PAGES, page, placebo, table, timed

from analysis.estimators import ols, randomization_test
from analysis.estimators.resampling.assignments import plan_assignments, read_paths

DRAWS = 10_000
CALL = {"outcome": "y", "treatment": "d", "covariates": COVARIATES, "effects": ["unit", "period"]}


def by_unit(data: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with every fifth unit treated, adopted over four periods."""
    middle = data["period"].max() // 2
    start = middle + data["unit"] % 4
    return data.assign(d=((data["unit"] % 5 == 0) & (data["period"] >= start)).astype(float))


def run(data: pd.DataFrame, label: str, repeats: int = 3, **options) -> dict:
    """Return a line of the table: one design."""
    call = CALL | {"unit": "unit", "time": "period", "draws": DRAWS, "seed": 1} | options
    seconds, result = timed(lambda: randomization_test(data, **call), repeats)
    line = {
        "design": label,
        "rows": result.sample.used,
        "draws": result.design["draws"],
        "seconds": seconds,
        "p": result.row(term="d").p_value,
    }
    if options.get("statistic") == "t":
        return line
    return line | {"largest error of three draws re-estimated": check(data, result, options)}


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
    lines = [
        run(unit, "by unit"),
        run(state, "by state", design="cluster", cluster="state"),
        run(unit, "dates among treated units", design="date"),
        run(unit, "by unit within state", strata="state"),
        run(unit, "by unit, t", repeats=1, statistic="t", draws=500),
    ]
    text = page(
        "# Randomization inference of a county regression\n\nWritten by `benchmarks/bench_randomization.py`. Unit and "
        "period effects, four covariates; medians after a first call, from the data frame.",
        table(lines),
    )
    print(text)
    if "--write" in sys.argv:
        (PAGES / "randomization.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
