"""Time the wild cluster bootstrap against wildboottest on the same data, and compare the answers.

``python benchmarks/bench_bootstrap.py`` (``--cpu``: processor time, for a machine shared with others;
``--slow``: also wildboottest by unit, over a minute a call; ``--write``: docs/benchmarks/bootstrap.md). Both sides first get the same residuals, so the
kernels run the same test on the same signs; then the whole call from the data frame, effects included,
which wildboottest cannot do at this size.
"""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from police_panels import police_panel

from analysis.estimators import wild_bootstrap
from analysis.estimators.linalg.absorb import Absorber
from analysis.estimators.resampling.bootstrap_statistics import (
    bootstrap_moments,
    observed_statistic,
    tail,
)
from analysis.estimators.resampling.cluster_sums import Design, fit, wild_sums
from analysis.estimators.resampling.crossed_effects import Effects
from analysis.estimators.resampling.weights import plan_draws

PAGES = Path(__file__).resolve().parents[1] / "docs" / "benchmarks"
DRAWS = 9_999
COVARIATES = [f"x{j}" for j in range(1, 5)]
clock = time.process_time if "--cpu" in sys.argv else time.perf_counter


def placebo(shape: str) -> pd.DataFrame:
    """Return a police-shaped panel with a placebo policy in every fifth state, adopted over four periods."""
    data = police_panel(shape, 4)
    middle = data["period"].max() // 2
    adopted = data["state"] % 5 == 0
    return data.assign(d=((data["period"] >= middle + data["state"] % 4) & adopted).astype(float))


def timed(function, repeats: int = 5, warm: bool = True):
    """Return the median seconds, after one call, and the result."""
    if warm:
        function()
    seconds = []
    for _ in range(repeats):
        start = clock()
        result = function()
        seconds.append(clock() - start)
    return float(np.median(seconds)), result


def residuals(data: pd.DataFrame) -> np.ndarray:
    """Return outcome, policy and covariates off unit and period effects."""
    codes = [pd.factorize(data[name], sort=True)[0] for name in ("unit", "period")]
    columns = data[["y", "d", *COVARIATES]].to_numpy(float, copy=True)
    return Absorber(codes).residualize(np.asfortranarray(columns))


def bare_design(joint: np.ndarray, cluster: np.ndarray) -> Design:
    """Return the design of partialled-out data taken as they are."""
    none, groups = Effects([], [], None), int(cluster.max()) + 1
    return Design(joint[:, 0], joint[:, 1:], None, cluster, cluster, groups, groups, none, none, none, joint)


@dataclass(frozen=True)
class Given:
    """Signs made elsewhere, for a comparison draw by draw."""

    signs: np.ndarray
    chunks: int = 1

    def chunk(self, number: int) -> np.ndarray:
        return self.signs


def ours(joint: np.ndarray, cluster: np.ndarray, plan=None):
    """Return statistic and p-value of the kernel, drawing included."""
    design = bare_design(joint, cluster)
    sums = wild_sums(design, fit(design), 0)
    plan = plan_draws("rademacher", design.n_clusters, DRAWS, 1) if plan is None else plan
    drawn = bootstrap_moments([sums], plan, null=0.0, n_jobs=1)[0].statistics(0.0)
    observed = observed_statistic(sums, 0.0)
    return observed, tail(drawn, observed, "two-sided").p_value


def theirs(joint: np.ndarray, cluster: np.ndarray):
    """Return wildboottest's statistic, p-value and signs."""
    from wildboottest.wildboottest import WildboottestCL

    pick = np.zeros(joint.shape[1] - 1)
    pick[0] = 1
    boot = WildboottestCL(X=joint[:, 1:], Y=joint[:, 0], cluster=cluster, R=pick, B=DRAWS, seed=1)
    boot.get_scores(bootstrap_type="11", impose_null=True, adj=False, cluster_adj=False)
    boot.get_weights(weights_type="rademacher")
    for step in (boot.get_numer, boot.get_denom, boot.get_tboot, boot.get_vcov, boot.get_tstat):
        step()
    boot.get_pvalue()
    return float(boot.t_stat), float(boot.pvalue), boot.v


def kernels(data: pd.DataFrame, name: str, slow: bool) -> dict:
    """Return a line of the table: both kernels on the same residuals."""
    joint, cluster = residuals(data), pd.factorize(data[name], sort=True)[0]
    seconds, (statistic, p_value) = timed(lambda: ours(joint, cluster))
    line = {"rows": len(joint), "clusters": int(cluster.max()) + 1, "by": name, "ours, s": seconds}
    line |= {"t": statistic, "p": p_value}
    if not slow:
        return line
    repeats, warm = (3, True) if cluster.max() < 100 else (1, False)
    peer, (their_t, their_p, signs) = timed(lambda: theirs(joint, cluster), repeats, warm)
    same_t, same_p = ours(joint, cluster, Given(np.ascontiguousarray(signs.T, dtype=np.float64)))
    agree = abs(same_t - their_t) < 1e-8 and abs(same_p - their_p) < 1e-12
    return line | {"wildboottest, s": peer, "times ours": peer / seconds, "same on the same signs": agree}


def whole(data: pd.DataFrame, by: str, intervals: bool) -> dict:
    """Return a line of the table: the whole call from the data frame."""
    seconds, result = timed(
        lambda: wild_bootstrap(
            data,
            outcome="y",
            treatment="d",
            covariates=COVARIATES,
            effects=["unit", "period"],
            cluster=by,
            draws=DRAWS,
            seed=1,
            intervals=intervals,
        )
    )
    return {
        "rows": len(data),
        "unit effects": data["unit"].nunique(),
        "by": by,
        "interval": intervals,
        "seconds": seconds,
        "p": result.row(term="d").p_value,
    }


def table(lines: list[dict]) -> str:
    """Return lines as a Markdown table."""
    names = list(dict.fromkeys(name for line in lines for name in line))
    rows = [[_cell(line.get(name, "")) for name in names] for line in lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in [names, ["---"] * len(names), *rows])


def _cell(value) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value


def page(*parts: str) -> str:
    """Return the head of a page, what it was run on, and its parts."""
    clocks = "Processor" if "--cpu" in sys.argv else "Wall"
    where = f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}"
    return "\n\n".join([parts[0], f"{where}, {os.cpu_count()} processors. {clocks} time.", *parts[1:]]) + "\n"


def main() -> None:
    """Run everything."""
    county, agency = placebo("county"), placebo("agency")
    both = [kernels(county, "state", slow=True), kernels(county, "unit", slow="--slow" in sys.argv)]
    shapes = ((county, "state"), (county, "unit"), (agency, "state"))
    calls = [whole(data, by, intervals) for data, by in shapes for intervals in (False, True)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    text = page(
        f"# Wild cluster bootstrap\n\nWritten by `benchmarks/bench_bootstrap.py`. {DRAWS:,} Rademacher draws, four "
        "covariates; medians after a first call.",
        "## Kernels on the same partialled-out data\n\nDrawing included; null imposed, no small-sample factor. "
        "wildboottest is run once by unit.",
        table(both),
        "## From the data frame, effects absorbed, checks included",
        table(calls),
        f"Peak memory of all calls of ours and wildboottest's together: {peak:,.0f} MB.",
    )
    print(text)
    if "--write" in sys.argv:
        (PAGES / "bootstrap.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
