"""Time the wild cluster bootstrap against wildboottest on the same data, and compare the answers.

``python benchmarks/bench_bootstrap.py`` (``--cpu``: processor time, for a machine shared with others;
``--slow``: also wildboottest by unit, over a minute a call). Both sides first get the same residuals, so the
kernels run the same test on the same signs; then the whole call from the data frame, effects included,
which wildboottest cannot do at this size.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
from police_panels import police_panel

from analysis.estimators import wild_bootstrap
from analysis.estimators._absorb import Absorber
from analysis.estimators._crossing import Effects
from analysis.estimators._draws import plan_draws
from analysis.estimators._wild import bootstrap_moments, observed_statistic, tail
from analysis.estimators._wild_sums import Design, fit, wild_sums

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


def kernels(data: pd.DataFrame, name: str, slow: bool) -> None:
    """Print both kernels on the same residuals."""
    joint, cluster = residuals(data), pd.factorize(data[name], sort=True)[0]
    seconds, (statistic, p_value) = timed(lambda: ours(joint, cluster))
    line = f"{name:>8} kernel: ours {seconds:.4f} s, t {statistic:.9f}, p {p_value:.6f}"
    if not slow:
        return print(f"{line}; wildboottest not run (--slow)")
    repeats, warm = (3, True) if cluster.max() < 100 else (1, False)
    peer, (their_t, their_p, signs) = timed(lambda: theirs(joint, cluster), repeats, warm)
    same_t, same_p = ours(joint, cluster, Given(np.ascontiguousarray(signs.T, dtype=np.float64)))
    agree = abs(same_t - their_t) < 1e-8 and abs(same_p - their_p) < 1e-12
    print(f"{line}; wildboottest {peer:.3f} s ({peer / seconds:.0f}x), same signs agree: {agree}")


def whole(data: pd.DataFrame, shape: str, cluster: str, intervals: bool) -> None:
    """Print the whole call from the data frame."""
    seconds, result = timed(
        lambda: wild_bootstrap(
            data,
            outcome="y",
            treatment="d",
            covariates=COVARIATES,
            effects=["unit", "period"],
            cluster=cluster,
            draws=DRAWS,
            seed=1,
            intervals=intervals,
        )
    )
    row, kind = result.row(term="d"), "p and interval" if intervals else "p only"
    print(f"{shape:>8} by {cluster}, frame to {kind}: {seconds:.3f} s, n {len(data):,}, p {row.p_value:.6f}")


def main() -> None:
    """Run everything."""
    county, agency = placebo("county"), placebo("agency")
    print(f"{'processor' if '--cpu' in sys.argv else 'wall'} time, medians, {DRAWS:,} draws")
    kernels(county, "state", slow=True)
    kernels(county, "unit", slow="--slow" in sys.argv)
    for shape, data, cluster in (
        ("county", county, "state"),
        ("county", county, "unit"),
        ("agency", agency, "state"),
    ):
        for intervals in (False, True):
            whole(data, shape, cluster, intervals)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
