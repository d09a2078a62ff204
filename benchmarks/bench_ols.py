"""Least squares and Poisson with two effects beside peers, each in a fresh process on the same data frame.

``python benchmarks/bench_ols.py [--model ols|poisson] [--shapes county agency month] [--covariates 5 20]
[--repeat 5] [--out docs/benchmarks]`` writes ``ols.md`` or ``poisson.md``. Run it with nothing else running.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from police_panels import police_panel

PEERS = ("ours", "fereg", "pyfixest", "linearmodels")
PACKAGES = {
    "ours": "sanctuary-crime",
    "fereg": "fereg",
    "pyfixest": "pyfixest",
    "linearmodels": "linearmodels",
}


def _formula(outcome: str, names: list[str]) -> str:
    return f"{outcome} ~ {' + '.join(names)} | unit + period"


def _fits(model: str, peer: str, data, names: list[str]) -> Callable[[], tuple[float, float]]:
    """Return a call that fits and gives the first coefficient and its standard error."""
    outcome = "y" if model == "ols" else "count"
    if peer == "ours":
        from analysis import estimators

        function = getattr(estimators, model)

        def ours():
            fit = function(
                data, outcome=outcome, covariates=names, effects=["unit", "period"], cluster="unit"
            )
            return fit.estimate[0], fit.std_error[0]

        return ours
    if peer == "linearmodels":
        return _panel_ols(data, names)
    package = __import__(peer)
    function = package.feols if model == "ols" else package.fepois

    def formula():
        fit = function(_formula(outcome, names), data, vcov={"CRV1": "unit"})
        row = fit.tidy().iloc[0]
        return row["Estimate"], row["Std. Error"]

    return formula


def _panel_ols(data, names):
    from linearmodels.panel import PanelOLS

    def fit():
        panel = data.set_index(["unit", "period"])
        model = PanelOLS(panel["y"], panel[names], entity_effects=True, time_effects=True)
        found = model.fit(cov_type="clustered", cluster_entity=True)
        return found.params.iloc[0], found.std_errors.iloc[0]

    return fit


def _resident(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return float("nan")


def measure(model: str, peer: str, shape: str, covariates: int, repeat: int) -> dict:
    """Time one cell in this process: first call, median of the next, and peak memory over the data's."""
    data = police_panel(shape, covariates)
    fit = _fits(model, peer, data, [f"x{j}" for j in range(1, covariates + 1)])
    base = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    seconds, processor = [], []
    for _ in range(repeat + 1):
        start, busy = time.perf_counter(), time.process_time()
        estimate, std_error = fit()
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    return {
        "peer": peer, "shape": shape, "rows": len(data), "covariates": covariates, "first": seconds[0],
        "median": statistics.median(seconds[1:]), "memory": _resident("VmHWM") - base,
        "processor": statistics.median(processor[1:]),
        "estimate": float(estimate), "std_error": float(std_error),
    }  # fmt: skip


def _in_fresh_process(*cell) -> dict | None:
    command = [sys.executable, __file__, "--cell", json.dumps(cell)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONHASHSEED": "0"})
    if done.returncode:
        print(cell, done.stderr.strip().splitlines()[-1:], file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def _installed(peer: str) -> bool:
    try:
        version(PACKAGES[peer])
    except PackageNotFoundError:
        return False
    return True


def _cells(model: str, shapes, covariates, repeat: int):
    for shape in shapes:
        for k in covariates:
            for peer in PEERS:
                slow = peer == "linearmodels" and shape == "month"
                if (model == "poisson" and peer == "linearmodels") or not _installed(peer):
                    continue
                found = _in_fresh_process(model, peer, shape, k, 1 if slow else repeat)
                if found is not None:
                    print(found, file=sys.stderr, flush=True)
                    yield found


HEAD = (
    "rows",
    "covariates",
    "package",
    "first call, s",
    "median, s",
    "times ours",
    "processor, s",
    "memory, MB",
)


def _preamble(model: str) -> str:
    versions = ", ".join(f"{PACKAGES[p]} {version(PACKAGES[p])}" for p in PEERS if _installed(p))
    blas = ", ".join(
        f"{name} {os.environ.get(name, 'unset')}" for name in ("OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE")
    )
    return (
        f"# {'Least squares' if model == 'ols' else 'Poisson'}: two absorbed effects, clustered by unit\n\n"
        f"{versions}; Python {platform.python_version()}, {os.cpu_count()} processors, {blas}. "
        "Median of the calls after the first, from the data frame, checks included; each cell in a fresh "
        "process; memory is the peak over what the data took. "
        "linearmodels counts nested effects as lost degrees of freedom.\n"
    )


def table(model: str, rows: list[dict]) -> str:
    """Return the Markdown page of the results: seconds, ratio to ours, memory, and the numbers agreed on."""
    head = (*HEAD, "estimate", "std. error")
    lines = [_preamble(model), f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    ours = {(r["shape"], r["covariates"]): r["median"] for r in rows if r["peer"] == "ours"}
    for r in rows:
        ratio = r["median"] / ours[r["shape"], r["covariates"]]
        cells = [f"{r['rows']:,}", r["covariates"], r["peer"], f"{r['first']:.3g}", f"{r['median']:.3g}"]
        cells += [f"{ratio:.2f}", f"{r['processor']:.3g}", f"{r['memory']:,.0f}"]
        cells += [f"{r['estimate']:.10f}", f"{r['std_error']:.10f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=["ols", "poisson"], default="ols")
    parser.add_argument("--shapes", nargs="+", default=["county", "agency", "month"])
    parser.add_argument("--covariates", nargs="+", type=int, default=[5, 20])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    parser.add_argument("--cell")
    options = parser.parse_args()
    if options.cell:
        print(json.dumps(measure(*json.loads(options.cell))))
        return
    rows = list(_cells(options.model, options.shapes, options.covariates, options.repeat))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{options.model}.md").write_text(table(options.model, rows))


if __name__ == "__main__":
    main()
