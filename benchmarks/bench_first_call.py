"""Time the first call of each public function in a fresh process beside its second.

``python benchmarks/bench_first_call.py [--write]``. Each process imports pandas and numpy, makes a panel of
40 units and 12 periods, and calls one function twice; what the first call takes longer is the import of the
function's modules and of what they need, and compilation where numba's cache does not hold it.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

TABLE = Path(__file__).parents[1] / "docs" / "benchmarks" / "first_call.md"
KEYS = "outcome='y', unit='unit', time='year', cohort='first'"
EVENTS = "es.group_time(frame, outcome='y', unit='unit', time='year', cohort='first').aggregate('event')"
CROSS = "outcome='y', treatment='treated', covariates=['x', 'z']"
PANEL = "outcome='y', unit='unit', time='year', treatment='treated'"

CALLS = {
    "adjust_p_values": "es.adjust_p_values([0.01, 0.02, 0.2])",
    "adoption_cohort": "es.adoption_cohort(frame, unit='unit', time='year', treatment='treated')",
    "bacon_decomposition": f"es.bacon_decomposition(frame, {PANEL})",
    "balance_table": "es.balance_table(cross, treatment='treated', covariates=['x', 'z'])",
    "balance_tests": f"es.balance_tests(cross, es.match(cross, {CROSS}), ['x', 'z'])",
    "between": "es.between(frame, outcome='y', unit='unit', time='year', treatment='x')",
    "breakdown_value": f"es.breakdown_value({EVENTS})",
    "cluster_diagnostics": "es.cluster_diagnostics(frame, outcome='y', treatment='x', cluster='unit')",
    "coarsened_exact": f"es.coarsened_exact(cross, {CROSS})",
    "compare_estimators": f"es.compare_estimators(frame, {KEYS})",
    "conformal_intervals": f"es.conformal_intervals(one, {PANEL})",
    "driscoll_kraay": f"es.driscoll_kraay(frame, {PANEL})",
    "e_value": "es.e_value(2.0, conf_low=1.5)",
    "effective_sample_sizes": f"es.effective_sample_sizes(cross, treatment='treated', weights=es.entropy_balance(cross, {CROSS}))",
    "efficient_timing": f"es.efficient_timing(frame, {KEYS})",
    "ended_cohort": "es.ended_cohort(frame.assign(on=1 - frame.treated), unit='unit', time='year', treatment='on')",
    "entropy_balance": f"es.entropy_balance(cross, {CROSS})",
    "equivalence_test": "es.equivalence_test(es.ols(frame, outcome='y', treatment='x'), bound=2.0)",
    "event_study": f"es.event_study(frame, {KEYS})",
    "exposure_rings": "es.exposure_rings(frame, unit='unit', time='year', cohort='first', latitude='lat', longitude='lon')",
    "extended_twfe": f"es.extended_twfe(frame, {KEYS})",
    "first_differences": f"es.first_differences(frame, {PANEL})",
    "full_match": f"es.full_match(cross, {CROSS})",
    "genetic_match": f"es.genetic_match(cross, {CROSS}, population=8, generations=2, workers=1)",
    "group_time": f"es.group_time(frame, {KEYS})",
    "hausman": "es.hausman(frame, outcome='y', unit='unit', time='year', treatment='x')",
    "honest_bounds": f"es.honest_bounds({EVENTS})",
    "imputation": f"es.imputation(frame, {KEYS})",
    "interaction_weighted": f"es.interaction_weighted(frame, {KEYS})",
    "joint_test": f"es.joint_test({EVENTS})",
    "leave_one_out": f"es.leave_one_out(es.imputation, frame, by='state', {KEYS})",
    "local_projection": f"es.local_projection(frame, {KEYS}, window=(-2, 2))",
    "match": f"es.match(cross, {CROSS})",
    "minimum_detectable_effect": "es.minimum_detectable_effect(1.0)",
    "mundlak": f"es.mundlak(frame, {PANEL})",
    "negative_binomial": "es.negative_binomial(frame, outcome='count', treatment='x')",
    "ols": "es.ols(frame, outcome='y', treatment='treated', effects=['unit', 'year'], cluster='unit')",
    "omitted_variable_bounds": f"es.omitted_variable_bounds(cross, {CROSS})",
    "placebo_dates": f"es.placebo_dates(es.imputation, frame, {KEYS})",
    "poisson": "es.poisson(frame, outcome='count', treatment='treated', effects=['unit', 'year'], cluster='unit')",
    "pretest_power": f"es.pretest_power({EVENTS})",
    "random_effects": f"es.random_effects(frame, {PANEL})",
    "randomization_test": f"es.randomization_test(frame, {PANEL}, draws=99, seed=1)",
    "romano_wolf": "es.romano_wolf(frame, outcomes=['y', 'z'], treatment='treated', cluster='unit', draws=99, seed=1)",
    "rosenbaum_bounds": f"es.rosenbaum_bounds(cross, es.match(cross, {CROSS}, replace=False), outcome='y')",
    "score_bootstrap": "es.score_bootstrap(frame, outcome='count', treatment='treated', cluster='unit', draws=99, seed=1)",
    "sign_and_magnitude_errors": "es.sign_and_magnitude_errors(0.5, 1.0)",
    "stacked": f"es.stacked(frame, {KEYS}, window=(-2, 2))",
    "subclassify": f"es.subclassify(cross, {CROSS}, subclasses=3)",
    "switchers": f"es.switchers(frame, {PANEL})",
    "synthetic_control": f"es.synthetic_control(one, {PANEL}, placebos=False)",
    "synthetic_did": f"es.synthetic_did(one, {PANEL}, draws=9)",
    "twfe_weights": "es.twfe_weights(frame, treatment='treated', effects=['unit', 'year'])",
    "two_by_two": "es.two_by_two(frame[frame.year < 2010], outcome='y', treated='group', post='post')",
    "two_stage": f"es.two_stage(frame, {KEYS})",
    "wild_bootstrap": "es.wild_bootstrap(frame, outcome='y', treatment='treated', cluster='unit', draws=99, seed=1)",
}

PREPARE = """
import json, sys, time, warnings
import numpy as np, pandas as pd
warnings.simplefilter("ignore")
draw = np.random.default_rng(5)
frame = pd.DataFrame([(u, t) for u in range(40) for t in range(2000, 2012)], columns=["unit", "year"])
frame["state"] = frame["unit"] % 10
frame["lat"], frame["lon"] = 40 + frame["unit"] / 20, -100 + frame["unit"] % 7
frame["first"] = np.array([0, 2005, 2007, 0])[frame["unit"] % 4]
frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
frame["group"], frame["post"] = (frame["first"] > 0).astype(int), (frame["year"] > 2004).astype(int)
frame["x"], frame["z"] = draw.normal(size=(2, len(frame)))
frame["y"] = frame["treated"] + frame["x"] + frame["unit"] % 5 + draw.normal(size=len(frame))
frame["count"] = draw.poisson(np.exp(1 + 0.2 * frame["treated"]))
one = frame[(frame["first"] == 0) | (frame["unit"] == 1)]
cross = frame[frame["year"].eq(2011)].assign(treated=lambda f: (f["unit"] % 3 == 0).astype(int))
import analysis.estimators as es
"""
TIMED = """
def call():
    start = time.process_time()
    {call}
    return time.process_time() - start
print(json.dumps({{"first": call(), "second": call(),
    "loads": [m for m in ("scipy.stats", "statsmodels", "linearmodels", "numba") if m in sys.modules]}}))
"""


def timed(call: str) -> dict:
    """Return seconds of the first and the second call in a fresh process, and the large modules loaded."""
    code = PREPARE + TIMED.format(call=call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{call}\n{done.stderr}")
    return json.loads(done.stdout)


def table(found: dict[str, dict]) -> str:
    """Return the page."""
    lines = [
        "# First calls",
        "",
        "Written by `benchmarks/bench_first_call.py`: processor seconds of each function's first call in a process that",
        "has imported numpy and pandas, and of its second, on 40 units and 12 periods. The difference is what is",
        f"imported or compiled on the way. Python {platform.python_version()}, {platform.machine()}; kernels in numba's cache.",
        "",
        "| function | first | second | difference | large packages loaded |",
        "|---|---:|---:|---:|---|",
    ]
    order = sorted(found, key=lambda name: found[name]["second"] - found[name]["first"])
    for name in order:
        row = found[name]
        loads = ", ".join(row["loads"])
        lines.append(
            f"| `{name}` | {row['first']:.3f} | {row['second']:.3f} | {row['first'] - row['second']:.3f} | {loads} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Print the table; write it with ``--write``."""
    wanted = [a for a in sys.argv[1:] if not a.startswith("--")] or list(CALLS)
    text = table({name: timed(CALLS[name]) for name in wanted})
    print(text)
    if "--write" in sys.argv:
        TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
