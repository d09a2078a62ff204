"""Time synthetic controls against Python peers on the same data, and compare the answers.

``python benchmarks/bench_synthetic.py`` (``--cpu``: processor time, for a machine shared with others).
Peers that are not installed are named and skipped. pysyncon's placebos take minutes: one fit is timed and
multiplied by their number.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import time
import warnings

import numpy as np
import pandas as pd

from analysis.estimators import synthetic_control, synthetic_did

COLUMNS = {"outcome": "y", "unit": "unit", "time": "year", "treatment": "d"}
clock = time.process_time if "--cpu" in sys.argv else time.perf_counter


def panel(units: int, years: int, first: int, treated: int, seed: int = 11) -> pd.DataFrame:
    """Return a balanced panel with two factors and an effect of one."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(units, 2)) @ rng.normal(size=(2, years)) + rng.normal(size=(units, 1))
    y = y + rng.normal(size=years) + 0.5 * rng.normal(size=(units, years))
    d = np.zeros((units, years), int)
    d[:treated, first:] = 1
    grid = np.indices((units, years)).reshape(2, -1)
    names = np.array([f"u{number:04d}" for number in range(units)])
    return pd.DataFrame(
        {"unit": names[grid[0]], "year": 1990 + grid[1], "y": (y + d).ravel(), "d": d.ravel()}
    )


def timed(function, repeats=3, warm=True):
    """Return the median seconds, after one call, and the result."""
    if warm:
        function()
    seconds = []
    for _ in range(repeats):
        start = clock()
        result = function()
        seconds.append(clock() - start)
    return float(np.median(seconds)), result


def pysyncon_fit(data, first):
    """Return the peer's mean effect, matched on every earlier outcome."""
    from pysyncon import Dataprep, Synth

    years, units = sorted(data["year"].unique()), sorted(data["unit"].unique())
    prepared = Dataprep(
        foo=data,
        predictors=[],
        predictors_op="mean",
        special_predictors=[("y", [year], "mean") for year in years[first - 4 : first]],
        dependent="y",
        unit_variable="unit",
        time_variable="year",
        treatment_identifier=units[0],
        controls_identifier=units[1:],
        time_predictors_prior=years[:first],
        time_optimize_ssr=years[:first],
    )
    synth = Synth()
    synth.fit(prepared)
    return synth.att(years[first:])["att"]


def mlsynth_fit(data):
    """Return the peer's mean effect with in-space placebos."""
    from mlsynth import VanillaSC

    config = {"df": data, "outcome": "y", "treat": "d", "unitid": "unit", "time": "year"}
    quiet = {"display_graphs": False, "backend": "outcome-only", "inference": "placebo"}
    with contextlib.redirect_stdout(io.StringIO()):
        return VanillaSC({**config, **quiet}).fit().effects.att


def diff_diff_fit(data, first, draws):
    """Return the peer's effect and error."""
    from diff_diff import SyntheticDiD

    ever = data.assign(ever=data.groupby("unit")["d"].transform("max"))
    posts = sorted(data["year"].unique())[first:]
    model = SyntheticDiD(variance_method="placebo", n_bootstrap=draws, seed=1)
    found = model.fit(ever, outcome="y", treatment="ever", unit="unit", time="year", post_periods=posts)
    return float(found.att), float(found.se)


def row(case, own, name, peer):
    """Print a row."""
    seconds, answer = own
    if peer is None:
        print(f"| {case} | {seconds:.3f} | {name} absent | | {answer} | |", flush=True)
        return
    ratio = peer[0] / seconds
    print(
        f"| {case} | {seconds:.3f} | {name} {peer[0]:.3f} | {ratio:.1f}x | {answer} | {peer[1]} |", flush=True
    )


def attempt(function, **options):
    """Return the timing, or None when the peer is not installed."""
    try:
        return timed(function, **options)
    except ImportError:
        return None


def states():
    """Time a synthetic control with all placebos on 40 units."""
    data = panel(40, 30, 20, 1)
    own = timed(lambda: synthetic_control(data, **COLUMNS).estimate[0])
    row("control, 39 placebos", own, "mlsynth", attempt(lambda: mlsynth_fit(data)))
    one = attempt(lambda: pysyncon_fit(data, 20), repeats=1, warm=False)
    if one is not None:
        one = one[0] * 40, one[1]
    row("control, 39 placebos", own, "pysyncon, 4 predictors, one fit x 40:", one)


def cities():
    """Time synthetic difference-in-differences with 1,000 placebos on 200 units and 30 years."""
    data = panel(200, 30, 25, 5)
    draws = 1000

    def ours():
        found = synthetic_did(data, **COLUMNS, draws=draws)
        return float(found.estimate[0]), float(found.std_error[0])

    peer = attempt(lambda: diff_diff_fit(data, 25, draws), repeats=1, warm=False)
    row("did, 1,000 placebos, 200 x 30", timed(ours), "diff-diff", peer)


def main():
    """Print the table."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    print("| case | ours, s | peer, s | ratio | ours | peer |\n|---|---|---|---|---|---|")
    states()
    cities()


if __name__ == "__main__":
    main()
