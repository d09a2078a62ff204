"""Time and memory of the estimators on Parquet files, at growing numbers of rows, beside those in memory.

``python benchmarks/bench_streaming.py [ROWS ...]`` (1e6 1e7 when omitted) writes the table of
docs/benchmarks/streaming.md. Files are made by DuckDB in a temporary folder and deleted. Every measurement is a
process of its own: seconds of the wall without start and import, peak resident memory of the whole process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PERIODS = 20
OUT = Path(__file__).parents[1] / "docs" / "benchmarks" / "streaming.md"

CASES = {
    "Group-time effects": "group_time(path, outcome='y', unit='unit', time='year', cohort='cohort').aggregate('simple')",
    "Group-time effects, clusters": "group_time(path, outcome='y', unit='unit', time='year', cohort='cohort', cluster='state').aggregate('simple')",
    "Two-way effects, 2 regressors, unit clusters": "ols(path, outcome='y', treatment='d', covariates=['x'], effects=['unit', 'year'], cluster='unit')",
    "The same with 5% of rows missing, state clusters": "ols(path, outcome='gappy', treatment='d', covariates=['x'], effects=['unit', 'year'], cluster='state')",
    "Poisson, two-way effects, unit clusters": "poisson(path, outcome='count', treatment='d', covariates=['x'], effects=['unit', 'year'], cluster='unit')",
}
#: Most rows at which a case is run, and at which it is also run in memory.
MOST = {"Poisson, two-way effects, unit clusters": 10_000_000}
IN_MEMORY = 1_000_000

RUN = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
path, where, call = sys.argv[1:]
import pandas as pd, pyarrow.parquet, duckdb, scipy.sparse, scipy.optimize
from analysis import estimators
from analysis.estimators import streaming
space = {name: getattr(streaming if where == "stream" else estimators, name) for name in ("ols", "poisson", "group_time")}
begun = time.perf_counter()
if where == "memory":
    path = pd.read_parquet(path)
fit = eval(call, space | {"path": path})
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
row = fit.tidy().iloc[0]
print(json.dumps([seconds, peak, float(row.estimate), float(row.std_error), fit.sample.used]))
"""


def made(rows: int, path: Path) -> float:
    """Write a panel of `rows` rows sorted by unit; return megabytes."""
    import duckdb

    uniform = "(hash({0}) % 1000003 / 1000003.0)"
    noise = " + ".join(uniform.format(f"i * 7 + {k}") for k in range(4))
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit='1GB'")
        connection.execute(
            f"""COPY (
              SELECT unit, year, cohort, state, d, x, y, CASE WHEN hash(i * 31) % 20 = 0 THEN NULL ELSE y END AS gappy,
                     floor(exp(0.5 * d + 0.2 * x + unit % 7 / 7.0) + {uniform.format("i * 3")})::INTEGER AS count
              FROM (SELECT *, 0.5 * d + 0.3 * x + unit % 13 + year % 5 + ({noise} - 2) AS y FROM (
                SELECT i, (i // {PERIODS})::INTEGER AS unit, (2000 + i % {PERIODS})::SMALLINT AS year,
                       [0, 2006, 2010, 2014][1 + (hash(i // {PERIODS}) % 4)::INTEGER]::SMALLINT AS cohort,
                       (hash(i // {PERIODS} + 5) % 50)::SMALLINT AS state,
                       (cohort > 0 AND year >= cohort)::INTEGER::DOUBLE AS d, {uniform.format("i * 11")} AS x
                FROM range({rows}) AS given(i)))
            ) TO '{path}' (FORMAT parquet)"""
        )
    return path.stat().st_size / 1e6


def measured(path: Path, where: str, call: str) -> list[float]:
    """Return seconds, peak megabytes, estimate, its error and rows used."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(path), where, call], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout)


def lines(sizes: list[int]):
    """Give the rows of the table."""
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "panel.parquet"
            size = made(rows, path)
            print(f"{rows:,} rows, {size:,.0f} MB", file=sys.stderr, flush=True)
            for name, call in CASES.items():
                if rows > MOST.get(name, 10**12):
                    continue
                found = {"stream": measured(path, "stream", call)}
                if rows <= IN_MEMORY:
                    found["memory"] = measured(path, "memory", call)
                line = _line(name, rows, size, found)
                print(line, file=sys.stderr, flush=True)
                yield line


def _line(name: str, rows: int, size: float, found: dict[str, list[float]]) -> str:
    seconds, peak, estimate, error, _ = found["stream"]
    beside = ""
    if "memory" in found:
        own = found["memory"]
        gap = max(abs(estimate / own[2] - 1), abs(error / own[3] - 1))
        beside = f"{own[0]:.1f} s, {own[1]:,.0f} MB, apart by {gap:.0e}"
    per = seconds / rows * 1e6
    return f"| {name} | {rows:,} | {size:,.0f} | {seconds:.1f} | {per:.2f} | {peak:,.0f} | {beside} |"


HEAD = """# Larger than memory: time and memory

Written by `benchmarks/bench_streaming.py`: panels of {periods} periods made by DuckDB, sorted by unit, {cores} processors shared
with other work; seconds include reading the file, memory is the peak of the whole process (import about 200 MB,
DuckDB limited to 800 MB). "In memory" is the same call on a pandas frame.

| estimator | rows | file, MB | seconds | seconds a million rows | peak, MB | in memory |
|---|---:|---:|---:|---:|---:|---|
"""


def main() -> None:
    """Write the page."""
    import os

    sizes = [int(float(text)) for text in sys.argv[1:]] or [1_000_000, 10_000_000]
    table = "\n".join(lines(sizes))
    OUT.write_text(HEAD.format(periods=PERIODS, cores=os.cpu_count()) + table + "\n", "utf-8")


if __name__ == "__main__":
    main()
