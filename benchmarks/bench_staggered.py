"""Time and weigh the staggered estimators against their peers, side by side, and compare the answers.

``python benchmarks/bench_staggered.py`` writes docs/benchmarks/staggered.md. Each contender is a process
of its own that holds the data; runs alternate between contenders, so that other work on the machine
falls on all of them. Peers that are not installed are named and skipped; ``differences`` (GPL) is never a
dependency of the project: install it for the occasion. moderndid needs Python 3.12 and is run by the
interpreter in the environment variable ``MODERNDID_PYTHON``.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks" / "staggered.md"
KEYS = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}
DRAWS = 999
SCALES = (500, 2_000, 8_000, 32_000, 100_000, 200_000)
# An event study with six leads and lags for the bounds; its covariance is that of a random walk plus noise.
EVENTS = [-6, -5, -4, -3, -2, 0, 1, 2, 3, 4, 5]


def panel(units: int, periods: int = 20, cohorts: int = 10, seed: int = 1) -> pd.DataFrame:
    """Return a balanced panel with ten cohorts, effects that grow, and one covariate that moves trends."""
    random = np.random.default_rng(seed)
    g = np.where(random.random(units) < 0.3, 0, 5 + random.integers(0, cohorts, units))
    x, level = random.normal(size=units), random.normal(size=units)
    unit, t = np.repeat(np.arange(units), periods), np.tile(np.arange(1, periods + 1), units)
    since = np.where((g[unit] > 0) & (t >= g[unit]), 0.2 + 0.1 * (t - g[unit]), 0.0)
    y = level[unit] + 0.1 * t + 0.05 * x[unit] * t + since + random.normal(size=len(t))
    return pd.DataFrame({"unit": unit, "t": t, "g": g[unit], "x": x[unit], "y": y})


def path() -> tuple[np.ndarray, np.ndarray]:
    """Return event-study coefficients and their covariance."""
    away = np.array([abs(e + 1) for e in EVENTS], float)
    side = np.array([e > -1 for e in EVENTS])
    shared = np.minimum.outer(away, away) * (side[:, None] == side[None, :])
    beta = np.where(side, 0.05, 0.0) + 0.004 * np.sin(np.arange(len(EVENTS)))
    return beta, 1e-5 * shared + 4e-5 * (np.eye(len(EVENTS)) + 1.0)


def own_group_time(data):
    from analysis.estimators import group_time

    fit = group_time(data, **KEYS, covariates="x", base="varying", draws=DRAWS, seed=1)
    overall = fit.aggregate("simple", draws=DRAWS, seed=1)
    later = fit.aggregate("event", draws=DRAWS, seed=1).row(event_time=3)
    return overall.estimate[0], overall.std_error[0], later["estimate"], later["std_error"]


def diff_diff_group_time(data):
    from diff_diff import CallawaySantAnna

    fit = CallawaySantAnna(estimation_method="dr", n_bootstrap=DRAWS, seed=1).fit(
        data,
        outcome="y",
        unit="unit",
        time="t",
        first_treat="g",
        covariates=["x"],
        aggregate="event_study",
    )
    later = fit.event_study_effects[3]
    return fit.overall_att, fit.overall_se, later["effect"], later["se"]


def csdid_group_time(data):
    from csdid.att_gt import ATTgt

    fit = ATTgt(yname="y", tname="t", idname="unit", gname="g", data=data, xformla="y~x", biters=DRAWS)
    fit = fit.fit(est_method="dr", bstrap=True)
    overall = fit.aggte("simple", bstrap=True, biters=DRAWS).atte
    answer = [overall["overall_att"], np.ravel(overall["overall_se"])[0]]
    path = fit.aggte("dynamic", bstrap=True, biters=DRAWS).atte
    place = list(path["egt"]).index(3)
    return [*answer, path["att_egt"][place], np.ravel(path["se_egt"])[place]]


def differences_group_time(data):
    from differences import ATTgt

    indexed = data.assign(g=data["g"].replace(0, np.nan)).set_index(["unit", "t"])
    fit = ATTgt(data=indexed, cohort_column="g")
    fit.fit("y ~ x", est_method="dr", boot_iterations=DRAWS, random_state=1, progress_bar=False)
    answer = []
    for by, place in (("simple", 0), ("event", 3)):
        table = fit.aggregate(by, boot_iterations=DRAWS, random_state=1)
        table = getattr(table, "df", table)
        row = table.iloc[0] if by == "simple" else table.loc[place]
        answer += list(np.ravel(row)[:2].astype(float))
    return answer


def own_interaction_weighted(data):
    from analysis.estimators import interaction_weighted

    row = interaction_weighted(data, **KEYS).aggregate("event").row(event_time=3)
    return row["estimate"], row["std_error"]


def diff_diff_interaction_weighted(data):
    from diff_diff import SunAbraham

    fit = SunAbraham().fit(data, outcome="y", unit="unit", time="t", first_treat="g")
    return fit.event_study_effects[3]["effect"], fit.event_study_effects[3]["se"]


def pyfixest_interaction_weighted(data):
    import pyfixest

    names = {"yname": "y", "idname": "unit", "tname": "t", "gname": "g"}
    fit = pyfixest.event_study(data, **names, estimator="saturated", cluster="unit")
    row = fit.aggregate().loc[3.0]
    return row["Estimate"], row["Std. Error"]


def own_imputation(data):
    from analysis.estimators import imputation

    row = imputation(data, **KEYS).row(event_time=3)
    return row["estimate"], row["std_error"]


def diff_diff_imputation(data):
    from diff_diff import ImputationDiD

    fit = ImputationDiD().fit(
        data, outcome="y", unit="unit", time="t", first_treat="g", aggregate="event_study"
    )
    return fit.event_study_effects[3]["effect"], fit.event_study_effects[3]["se"]


def own_bounds(_):
    from analysis.estimators import Estimates, Sample, honest_bounds

    beta, covariance = path()
    keys = pd.DataFrame({"event_time": EVENTS})
    study = Estimates("event_study", keys, beta, covariance, Sample(1, 1), {"df": np.inf})
    table = honest_bounds(study, values=(0.5, 1.0, 1.5, 2.0))
    return table["conf_low"].iloc[-1], table["conf_high"].iloc[-1]


def moderndid_bounds(_):
    from moderndid.didhonest import create_sensitivity_results_rm

    beta, covariance = path()
    results = create_sensitivity_results_rm(
        beta, covariance, 5, 6, method="C-LF", m_bar_vec=np.array([0.5, 1.0, 1.5, 2.0])
    )
    return float(np.asarray(results["lb"])[-1]), float(np.asarray(results["ub"])[-1])


CONTENDERS = {
    "Group-time, doubly robust, one covariate: cells, overall and event-time effects, 999 draws each": {
        "this package": own_group_time,
        "diff-diff": diff_diff_group_time,
        "csdid": csdid_group_time,
        "differences": differences_group_time,
    },
    "Interaction weights": {
        "this package": own_interaction_weighted,
        "diff-diff": diff_diff_interaction_weighted,
        "pyfixest": pyfixest_interaction_weighted,
    },
    "Imputation, by event time": {"this package": own_imputation, "diff-diff": diff_diff_imputation},
    "Bounds, relative magnitudes, four values": {
        "this package": own_bounds,
        "moderndid": moderndid_bounds,
    },
}


def _memory(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return float("nan")


def serve(job: str, name: str, units: int) -> None:
    """Answer each line on standard input with seconds, megabytes above the resident data, and the answer."""
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    function, data = CONTENDERS[job][name], panel(units) if units else None
    function(panel(300) if units else None)
    for _ in sys.stdin:
        resident = _memory("VmRSS")
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        start = time.perf_counter()
        answer = [float(v) for v in function(data)]
        seconds = time.perf_counter() - start
        print(json.dumps([seconds, _memory("VmHWM") - resident, answer]), file=answers, flush=True)


def _start(job: str, name: str, units: int):
    python = os.environ.get("MODERNDID_PYTHON", "") if name == "moderndid" else sys.executable
    command = [python, __file__, "--serve", job, name, str(units)]
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (read when the child fails)
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
    return child, errors


def _ask(child: subprocess.Popen, errors):
    child.stdin.write("\n")
    child.stdin.flush()
    if not (line := child.stdout.readline()):
        errors.seek(0)
        raise RuntimeError((errors.read().strip().splitlines() or ["no answer"])[-1])
    return json.loads(line)


def duel(job: str, units: int, rounds: int) -> pd.DataFrame:
    """Return median seconds and megabytes of each contender, runs alternating."""
    answers: dict[str, list] = {}
    failed: dict[str, str] = {}
    children = {}
    for name in CONTENDERS[job]:
        if name == "moderndid" and not os.environ.get("MODERNDID_PYTHON"):
            failed[name] = "MODERNDID_PYTHON is not set"
        else:
            children[name] = _start(job, name, units)
    for turn in range(rounds + 1):
        for name, child in children.items():
            if name in failed:
                continue
            try:
                answer = _ask(*child)
            except (RuntimeError, BrokenPipeError) as error:
                failed[name] = str(error)
                continue
            if turn:
                answers.setdefault(name, []).append(answer)
    for child, _ in children.values():
        child.stdin.close()
        child.wait()
    rows = [_row(name, answers.get(name, []), failed.get(name, "")) for name in CONTENDERS[job]]
    return pd.DataFrame(rows)


def _row(name, answers, reason):
    if not answers:
        return {"package": name, "note": reason or "not run"}
    return {
        "package": name,
        "seconds": float(np.median([a[0] for a in answers])),
        "megabytes": float(max(a[1] for a in answers)),
        "answer": ", ".join(f"{v:.7g}" for v in answers[0][2]),
        "note": "",
    }


def scaling() -> pd.DataFrame:
    """Return seconds by number of units, in this process, best of three."""
    rows = []
    for units in SCALES:
        data, row = panel(units), {"units": units}
        jobs = {"group_time": own_group_time, "interaction_weighted": own_interaction_weighted,
                "imputation": own_imputation}  # fmt: skip
        for name, function in jobs.items():
            seconds = []
            for _ in range(3):
                start = time.perf_counter()
                function(data)
                seconds.append(time.perf_counter() - start)
            row[name] = min(seconds)
        rows.append(row)
    return pd.DataFrame(rows)


def _duel_text(job: str, table: pd.DataFrame, units: int) -> list[str]:
    first = table.iloc[0]
    size = f", {units:,} units by 20 periods" if units else ""
    lines = [f"## {job}{size}", "", "| package | seconds | ratio | MB above data | answer |",
             "|---|---:|---:|---:|---|"]  # fmt: skip
    for row in table.itertuples():
        if row.note:
            lines.append(f"| {row.package} | not run: {row.note} | | | |")
        else:
            ratio = row.seconds / first["seconds"]
            lines.append(
                f"| {row.package} | {row.seconds:.3g} | {ratio:.1f} | {row.megabytes:.0f} | {row.answer} |"
            )
    return [*lines, ""]


def _scaling_text(table: pd.DataFrame) -> list[str]:
    names = [name for name in table.columns if name != "units"]
    lines = ["## Cost by number of units", "", "| units | " + " | ".join(f"{n}, s" for n in names) + " |",
             "|---:|" + "---:|" * len(names)]  # fmt: skip
    for row in table.itertuples(index=False):
        lines.append(f"| {row.units:,} | " + " | ".join(f"{getattr(row, n):.3g}" for n in names) + " |")
    large = table[table["units"] >= 8_000]
    slopes = [np.polyfit(np.log(large["units"]), np.log(large[n]), 1)[0] for n in names]
    found = ", ".join(f"{n} {slope:.2f}" for n, slope in zip(names, slopes, strict=True))
    return [*lines, "", f"Elasticity of time to units from 8,000 on (one is linear): {found}.", ""]


def main() -> None:
    """Run everything and write the page."""
    text = [
        "# Staggered estimators: time and memory",
        "",
        "Written by `benchmarks/bench_staggered.py`. Contenders run in turn, each in its own process, on two",
        "processors; medians after one call. The ratio is a peer's time over ours; the answer the overall",
        "effect and its error and those of event time 3 (group-time), event time 3 and its error, or the last interval.",
        "",
    ]
    versions = f"numpy {np.__version__}, pandas {pd.__version__}"
    text += [f"{platform.machine()}, Python {platform.python_version()}, {versions}.", ""]
    units = int(os.environ.get("BENCH_UNITS", "20000"))
    for job in CONTENDERS:
        size = 0 if job.startswith("Bounds") else units
        table = duel(job, size, int(os.environ.get("BENCH_ROUNDS", "3")))
        print(job, table.to_string(), sep="\n", flush=True)
        text += _duel_text(job, table, size)
    text += _scaling_text(scaling())
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(text).rstrip() + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
