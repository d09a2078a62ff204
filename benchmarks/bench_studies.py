"""Seconds of processor time of every stored result of the report, each computed in a process of its own.

``python benchmarks/bench_studies.py`` writes docs/benchmarks/studies.md. Results are computed in an order in which
what a result rests on is stored already, so that each row is the result's own work; imports, and reading what the
package's source reaches, are told apart. ``--before FILE`` reads a table written earlier and prints it beside.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

OUT = Path(__file__).parents[1] / "docs" / "benchmarks" / "studies.md"
ONE = """
import json, sys, time
from analysis.studies import graph
from analysis.results import dependencies
dependencies.fingerprint([graph.RESULTS[sys.argv[1]].module])
start = time.process_time()
graph.compute(sys.argv[1])
print(json.dumps([start, time.process_time() - start]))
"""


def ordered() -> list[str]:
    """Return the names of results, each after those it rests on."""
    from analysis.studies import graph

    found: list[str] = []
    while left := [name for name in graph.RESULTS if name not in found]:
        others = {name: set(graph.needs(name, [x for x in graph.RESULTS if x != name])) for name in left}
        found += [name for name in left if others[name] <= set(found)]
    return found


def measured(name: str, store: str) -> tuple[float, float]:
    """Return seconds of processor time before and while a result is computed."""
    env = os.environ | {"ANALYSIS_STORE_DIR": store, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", ONE, name], env=env, capture_output=True, text=True, check=True
    )
    start, own = json.loads(done.stdout.splitlines()[-1])
    return start, own


def table(seconds: dict[str, float], before: dict[str, float]) -> list[str]:
    """Return the rows of the page, the dearest first, and their sum."""
    rows = [*sorted(seconds.items(), key=lambda item: -item[1]), ("all", sum(seconds.values()))]
    if not before:
        return ["| result | seconds |", "|---|---:|", *[f"| {name} | {own:.1f} |" for name, own in rows]]
    was = before | {"all": sum(before.values())}
    lines = [
        f"| {name} | {was[name]:.1f} | {own:.1f} |" if name in was else f"| {name} | | {own:.1f} |"
        for name, own in rows
    ]
    return ["| result | before | now |", "|---|---:|---:|", *lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="JSON of seconds by result, as --json writes it")
    parser.add_argument("--json", type=Path, help="also write the seconds here")
    options = parser.parse_args()
    seconds, starts = {}, []
    with tempfile.TemporaryDirectory() as store:
        for name in ordered():
            start, seconds[name] = measured(name, store)
            starts.append(start)
            print(f"{seconds[name]:8.1f}  {name}", flush=True)
    before = json.loads(options.before.read_text()) if options.before else {}
    start = sorted(starts)[len(starts) // 2]
    text = [
        "# The report's results",
        "",
        "Written by `benchmarks/bench_studies.py`: seconds of processor time on one core, every result in a process of",
        "its own, what it rests on stored already. Start, imports and reading the source add "
        f"{start:.1f} s to each process;",
        "`sanctuary report` pays them once, in the server its workers fork from.",
        "",
        f"{platform.machine()}, Python {platform.python_version()}; a machine shared with other work.",
        "",
        *table(seconds, before),
        "",
    ]
    OUT.write_text("\n".join(text), "utf-8")
    if options.json:
        options.json.write_text(json.dumps(seconds, indent=1))


if __name__ == "__main__":
    main()
