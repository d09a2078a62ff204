"""Whole scripts as a user starts them: start, import, read 45,000 rows of Parquet, five regressions, one group-time.

``python benchmarks/bench_cold.py`` writes docs/benchmarks/cold.md. Each script is a process of its own; contenders run
in turn, round by round, so that what else the machine does falls on all of them alike; medians and ratios of seconds
of processor time and of the wall. Peers that cannot be imported are named.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).parents[1] / "docs" / "benchmarks" / "cold.md"
ROUNDS = 3

FORMULAS = [
    "y ~ d | unit + year",
    "y ~ d + x | unit + year",
    "z ~ d | unit + year",
    "z ~ d + x | unit + year",
    "z ~ x | unit + year",
]
_PYFIXEST = f"""
import sys, pandas as pd, pyfixest as pf
data = pd.read_parquet(sys.argv[1])
fits = [pf.feols(f, data, vcov={{"CRV1": "unit"}}) for f in {FORMULAS!r}]
first = float(fits[0].coef().iloc[0]), float(fits[0].se().iloc[0])
"""
SCRIPTS = {
    "this package": (
        "",
        f"""
import sys, json, pandas as pd
from analysis.estimators import group_time, ols
data = pd.read_parquet(sys.argv[1])
fits = [ols(f, data, cluster="unit") for f in {FORMULAS!r}]
first = float(fits[0].estimate[0]), float(fits[0].std_error[0])
cells = group_time(data, outcome="y", unit="unit", time="year", cohort="first").aggregate("simple")
print(json.dumps([*first, float(cells.estimate[0]), float(cells.std_error[0])]))
""",
    ),
    "pyfixest and diff-diff": (
        "diff-diff",
        _PYFIXEST
        + """
import json, diff_diff
found = diff_diff.CallawaySantAnna().fit(data, outcome="y", unit="unit", time="year", first_treat="first")
print(json.dumps([*first, float(found.overall_att), float(found.overall_se)]))
""",
    ),
    "pyfixest and csdid": (
        "csdid",
        _PYFIXEST
        + """
import json, io, contextlib
from csdid.att_gt import ATTgt
with contextlib.redirect_stdout(io.StringIO()):
    cells = ATTgt(yname="y", tname="year", idname="unit", gname="first", data=data, xformla="y~1").fit(est_method="dr", bstrap=False)
    found = cells.aggte(typec="simple", bstrap=False, cband=False)
print(json.dumps([*first, float(found.atte["overall_att"]), float(found.atte["overall_se"])]))
""",
    ),
    "pyfixest alone, without group-time": (
        "pyfixest",
        _PYFIXEST + "import json; print(json.dumps([*first, None, None]))\n",
    ),
}


def panel() -> pd.DataFrame:
    """Return 45,000 rows: 3,000 units by 15 years."""
    draw = np.random.default_rng(12)
    units = pd.DataFrame(
        {
            "unit": range(3_000),
            "first": draw.choice([0, 2006, 2010, 2012], 3_000),
            "level": draw.normal(size=3_000),
        }
    )
    data = units.merge(pd.DataFrame({"year": range(2002, 2017)}), how="cross")
    data["d"] = ((data["first"] > 0) & (data["year"] >= data["first"])).astype(float)
    data["x"] = draw.normal(size=len(data))
    data["y"] = data["level"] + 0.5 * data["d"] + 0.2 * data["x"] + draw.normal(size=len(data))
    return data.assign(z=data["y"] ** 2).drop(columns="level")


def run(script: str, path: Path) -> tuple[float, float, list]:
    """Return seconds of the wall, of the processor, and the answer; an empty answer when it failed."""
    before, begun = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    after, wall = os.times(), time.perf_counter() - begun
    used = after.children_user + after.children_system - before.children_user - before.children_system
    if done.returncode:
        print(done.stderr[-1500:], file=sys.stderr)
        return wall, used, []
    return wall, used, json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Write the page."""
    results: dict[str, list] = {name: [] for name in SCRIPTS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.parquet"
        panel().to_parquet(path)
        for number in range(ROUNDS + 1):
            for name, (_, script) in SCRIPTS.items():
                found = run(script, path)
                if number:
                    results[name].append(found)
    OUT.write_text(_page(results), "utf-8")


def _page(results: dict[str, list]) -> str:
    own = [statistics.median(row[k] for row in results["this package"]) for k in (0, 1)]
    lines = []
    for name, rows in results.items():
        if not rows[0][2]:
            lines.append(f"| {name} | failed | | | | |")
            continue
        wall, used = (statistics.median(row[k] for row in rows) for k in (0, 1))
        answer = ", ".join("" if value is None else f"{value:.6g}" for value in rows[0][2])
        lines.append(
            f"| {name} | {wall:.2f} | {wall / own[0]:.1f} | {used:.2f} | {used / own[1]:.1f} | {answer} |"
        )
    head = f"""# A cold script: time of a whole process

Written by `benchmarks/bench_cold.py`: start Python, import, read a Parquet file of 45,000 rows, five regressions with two-way
effects and clusters, one group-time average. {ROUNDS} rounds after one that warms the disk, contenders in turn within each; medians. The
ratio is a contender's time over ours. The answer is the first coefficient and its error, the group-time average and its error.

Python {sys.version.split()[0]}, {", ".join(_version(name) for name in ("pandas", "pyfixest", "diff-diff", "csdid"))}.

| packages | wall, s | ratio | processor, s | ratio | answer |
|---|---:|---:|---:|---:|---|
"""
    return head + "\n".join(lines) + "\n"


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} not installed"


if __name__ == "__main__":
    main()
