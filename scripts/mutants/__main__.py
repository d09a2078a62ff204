"""Mutation testing of `estimators` and `panels`: ``make mutants``, or in steps.

    python -m scripts.mutants record                     which tests reach which lines, once
    python -m scripts.mutants record TESTS...            the same for some tests, added to what is known
    python -m scripts.mutants run --sample 150 --seed 1  try mutants; each result is kept as it comes
    python -m scripts.mutants run --only PATH --again    try again those of a module that survived
    python -m scripts.mutants report                     what was killed, survived, is excused

A run that is stopped goes on where it was. Results of lines that changed since are forgotten.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import random
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from .child import Change, forked, live_functions, run_tests
from .excused import read_excused, reason
from .operators import Mutant, mutants, mutated_code
from .reach import Reach, module_name

SOURCES = ("src/analysis/estimators", "src/analysis/panels")
TESTS = ("tests/unit", "tests/properties", "tests/reference")


def main(arguments: list[str] | None = None) -> int:
    """Carry out a command line."""
    options = _options(arguments)
    options.root = options.root.resolve()
    options.store = options.root / "build" / "mutants"
    return {"record": record, "run": run, "report": report}[options.command](options)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mutants", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=("record", "run", "report"))
    parser.add_argument("tests", nargs="*", help="tests to record; those given are added to what is known")
    parser.add_argument("--root", type=Path, default=Path.cwd())
    parser.add_argument("--source", action="append", help="folder or module to mutate")
    parser.add_argument("--only", action="append", default=[], help="keep mutants whose path contains this")
    parser.add_argument("--sample", type=int, help="try that many, chosen at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--budget", type=float, default=60.0, help="seconds of tests for one mutant, quickest first"
    )
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--again", action="store_true", help="try survivors again")
    parser.add_argument("--at-least", type=float, help="exit with 1 where a smaller share was killed")
    return parser.parse_args(arguments)


def _all(options: argparse.Namespace) -> list[Mutant]:
    places = [options.root / source for source in options.source or SOURCES]
    files = sorted({f for place in places for f in ([place] if place.is_file() else place.rglob("*.py"))})
    found = [mutant for file in files for mutant in mutants(file, options.root)]
    return [m for m in found if not options.only or any(part in m.path for part in options.only)]


def record(options: argparse.Namespace) -> int:
    """Run tests once and write which lines each reaches."""
    import pytest

    from .recording import Recorder

    known = options.store / "reach.json"
    before = Reach.read(known) if known.exists() and options.tests else None
    sources = [options.root / source for source in options.source or SOURCES]
    tests = options.tests or [t for t in TESTS if (options.root / t).exists()] or ["tests"]
    recorder = Recorder([s if s.is_dir() else s.parent for s in sources], options.root, known)
    os.chdir(options.root)
    code = int(pytest.main(["-q", "-W", "ignore", "-m", "not slow", *tests], plugins=[recorder]))
    if before is not None:
        before.merged(Reach.read(known)).write(known)
    return 0 if code in (0, 1) else code


def run(options: argparse.Namespace) -> int:
    """Try mutants and keep what happened to each."""
    reach = Reach.read(options.store / "reach.json")
    chosen = _all(options)
    if options.sample is not None and options.sample < len(chosen):
        chosen = random.Random(options.seed).sample(chosen, options.sample)
    os.chdir(options.root)
    known = _results(options)
    excused = read_excused(options.root / "docs" / "mutants.md")
    again = {key for key, row in known.items() if row["status"] != "killed"} if options.again else set()
    wanted = [m for m in chosen if m.key not in known or (m.key in again and not reason(m, excused))]
    print(f"{len(chosen)} mutants, {len(wanted)} to try", flush=True)
    _load([*reach.modules, *(module_name(path) for path in reach.lines)])
    functions = live_functions(options.root)
    gc.freeze()
    _must_pass(reach, options)
    end = time.time() + 60 * options.minutes
    with (options.store / "results.jsonl").open("a") as file:
        for number, mutant in enumerate(wanted, start=1):
            if time.time() > end:
                break
            result = _try(mutant, reach, functions, options)
            file.write(json.dumps(result) + "\n")
            file.flush()
            print(f"{number:>5} {result['status']:<9} {result['seconds']:6.1f} s  {mutant.key}", flush=True)
    return report(options)


def _load(names: list[str]) -> None:
    """Import what the tests import, so that a forked process finds it loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            try:
                importlib.import_module(name)
            except Exception:
                continue
    gc.collect()


def _must_pass(reach: Reach, options: argparse.Namespace) -> None:
    """Stop where the quickest tests do not pass on the code as it is."""
    tests = reach.quickest(set(reach.names))[:40]
    found = forked(lambda: run_tests(tests, options.root, 300), 900)
    if found["exit"] != 0:
        sys.exit(f"tests fail without any mutant: {found}. Record anew: python -m scripts.mutants record")


def _try(mutant: Mutant, reach: Reach, functions: dict, options: argparse.Namespace) -> dict:
    tests = reach.of(mutant, options.root)
    kept, spent = [], 0.0
    for test in tests:
        spent += reach.tests[test]
        if kept and spent > options.budget:
            break
        kept.append(test)
    start = time.time()
    row = {"key": mutant.key, "tests": len(kept), "left": len(tests) - len(kept)}
    if not tests:
        return row | {"status": "unreached", "by": None, "seconds": 0.0}
    path = options.root / mutant.path
    code = mutated_code(path, mutant.index)
    change = Change(module_name(mutant.path), path, code, mutant.inside, mutant.compiled)
    limit = 10 + 3 * sum(reach.tests[t] for t in kept)

    def work() -> dict:
        change.put(functions)
        return run_tests(kept, options.root, limit)

    found = forked(work, 10 * limit)
    # 0 is all passed, 5 no test found: anything else is a failure, a crash or time run out.
    status = "survived" if found["exit"] == 0 and found["ran"] else "killed"
    if found["exit"] == 5:
        status = "unreached"
    return row | {
        "status": status,
        "by": found["failed"],
        "why": found["why"][-160:],
        "seconds": round(time.time() - start, 2),
    }


def _results(options: argparse.Namespace) -> dict[str, dict]:
    path = options.store / "results.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {row["key"]: row for row in rows}


def report(options: argparse.Namespace) -> int:
    """Print how many mutants were killed, and the survivors that nothing excuses."""
    known = _results(options)
    table = read_excused(options.root / "docs" / "mutants.md")
    every = _all(options)
    tried = [(m, known[m.key]) for m in every if m.key in known]
    counts: Counter[str] = Counter()
    alive = []
    for mutant, row in tried:
        why = None if row["status"] == "killed" else reason(mutant, table)
        counts["excused" if why else row["status"]] += 1
        if not why and row["status"] != "killed":
            alive.append((mutant, row))
    for mutant, row in alive:
        left = f", {row['left']} tests not run" if row["left"] else ""
        print(f"{row['status']}: {mutant.path}:{mutant.at} {mutant.function}: {mutant.change}: ", end="")
        print(f"{mutant.text}{left}")
    held = counts["killed"] + counts["survived"] + counts["unreached"]
    share = counts["killed"] / held if held else float("nan")
    each = sum(row["seconds"] for _, row in tried) / max(len(tried), 1)
    print(
        f"{len(every)} mutants, {len(tried)} tried: {counts['killed']} killed, "
        f"{counts['survived']} survived, {counts['unreached']} reached by no test, "
        f"{counts['excused']} excused; killed {share:.1%} of those not excused; "
        f"{each:.1f} s a mutant, about {each * len(every) / 3600:.1f} h for all"
    )
    return int(options.at_least is not None and not share >= options.at_least)


if __name__ == "__main__":
    sys.exit(main())
