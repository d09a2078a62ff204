"""Read thousands of damaged files and write what became of them: ``make fuzz``.

    python -m scripts.fuzz.readers                  every reader and `ingest`, to docs/fuzz.csv
    python -m scripts.fuzz.readers --mutants 300    fewer

Mutants are tried in pieces, and each piece is kept in build/fuzz as it is done: a run that is stopped goes on
where it was, unless code has changed. The run ends with its count and a table, or says why not and ends
with 1: told to stop, a process that dies, nothing finished for long, an outcome that is bad.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import fuzz_readers  # noqa: E402

BAD = ("silent", "raw", "abort", "hang")
#: Mutants of one piece; seconds by the clock without a finished piece after which a run is given up.
PIECE, STALLED = 12, 1800
#: Share of mutants that `ingest` is given; size of file from which a reader gets fewer of the rest.
INGEST, LARGE = 0.12, 250_000

Piece = tuple[int, int, int]


def plan(mutants: int) -> list[Piece]:
    """Return pieces (target, first, last + 1): every mutation of every file, the rest where files are small.

    Target -1 is `ingest`.
    """
    every = fuzz_readers.targets()
    least = [len(fuzz_readers.mutations(target)) + 4 for target in every]
    share = [min(1.0, LARGE / (fuzz_readers.raw_dir() / target.path).stat().st_size) for target in every]
    for_ingest = round(INGEST * mutants)
    rest = max(0, mutants - for_ingest - sum(least))
    counts = {k: n + round(rest * share[k] / sum(share)) for k, n in enumerate(least)}
    return [piece for number, count in {-1: for_ingest, **counts}.items() for piece in _cut(number, count)]


def _cut(number: int, count: int) -> list[Piece]:
    return [(number, first, min(first + PIECE, count)) for first in range(0, count, PIECE)]


def try_piece(piece: Piece) -> list[dict[str, Any]]:
    """Return what became of a piece's mutants."""
    number, first, end = piece
    if number < 0:
        return list(fuzz_readers.run_ingest(range(first, end)))
    return list(fuzz_readers.run_target(fuzz_readers.targets()[number], range(first, end)))


def run(pieces: list[Piece], kept: Path, jobs: int, work=try_piece, stalled: float = STALLED) -> list[dict]:
    """Try the pieces that are not kept yet; return all rows.

    Raises
    ------
    SystemExit
        If the run cannot be finished; it says how much was.
    """
    done = dict(read(kept))
    wanted = [piece for piece in pieces if piece not in done]
    total, told = sum(end - first for _, first, end in pieces), time.monotonic()
    with ExitStack() as stack:
        file = stack.enter_context(kept.open("a"))
        for piece, rows in stack.enter_context(closing(_tried(wanted, jobs, work, stalled))):
            done[piece] = rows
            file.write(json.dumps({"piece": piece, "rows": rows}) + "\n")
            file.flush()
            for row in rows:
                if row["outcome"] in BAD:
                    print(row, flush=True)
            if time.monotonic() > told + 30:
                told = time.monotonic()
                print(f"{_tried_of(done):,} of {total:,} mutants", flush=True)
    missing = [piece for piece in pieces if piece not in done]
    if missing:
        tried = f"{_tried_of(done):,} of {total:,} mutants tried"
        sys.exit(f"{tried}; the first piece not done: {missing[0]}. Run it again to go on.")
    return [row for piece in pieces for row in done[piece]]


def read(kept: Path) -> Iterator[tuple[Piece, list[dict]]]:
    """Yield finished pieces; a line that was cut off is none."""
    for line in kept.read_text().splitlines() if kept.exists() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        yield tuple(record["piece"]), record["rows"]


def _tried_of(done: dict[Piece, list[dict]]) -> int:
    return sum(end - first for _, first, end in done)


def _tried(pieces: list[Piece], jobs: int, work, stalled: float) -> Iterator[tuple[Piece, list[dict]]]:
    """Yield pieces as they are done. Stop, with a word, where a process dies or nothing comes for long."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("fork"))
    try:
        waiting = {pool.submit(work, piece): piece for piece in pieces}
        while waiting:
            finished, _ = wait(waiting, timeout=stalled, return_when=FIRST_COMPLETED)
            if not finished:
                print(f"Nothing was finished in {stalled:,.0f} seconds.", flush=True)
                return
            for each in finished:
                yield waiting.pop(each), each.result()
    except BrokenProcessPool:
        print("A process of the run died without a word: out of memory, or killed from outside.", flush=True)
    finally:
        _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def code_key() -> str:
    """Return one name for the readers and this fuzzer, as they are now."""
    digest = hashlib.sha256(repr((sys.version_info[:2], fuzz_readers.SEED, PIECE)).encode())
    source = ROOT / "src" / "analysis"
    files = [*source.glob("*.py"), *source.joinpath("sources").rglob("*")]
    for path in sorted([*files, Path(__file__), Path(fuzz_readers.__file__)]):
        if path.suffix in (".py", ".csv", ".toml"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _stopped(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: the end itself is not to be stopped
    sys.exit(f"Stopped by {signal.Signals(number).name} before the end; run it again to go on.")


def main(arguments: list[str] | None = None) -> int:
    """Run everything, write the table and print it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--mutants", type=int, default=3300)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--out", type=Path, default=ROOT / "docs" / "fuzz.csv")
    chosen = options.parse_args(arguments)
    parent = os.getpid()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda n, f: _stopped(n, f) if os.getpid() == parent else os._exit(1))
    kept = ROOT / "build" / "fuzz" / f"{code_key()}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    pieces = plan(chosen.mutants)
    rows = run(pieces, kept, chosen.jobs)
    table = fuzz_readers.summary(rows)
    table.loc["all"] = table.sum()
    table.loc["all", "megabytes"] = table["megabytes"].iloc[:-1].max()
    table.to_csv(chosen.out, lineterminator="\n")
    print(table.to_string())
    planned = sum(end - first for _, first, end in pieces)
    print(
        f"{planned:,} mutants made, {planned - len(rows):,} of them equal to their file, {len(rows):,} read"
    )
    return int(table.loc["all", list(BAD)].sum() > 0)


if __name__ == "__main__":
    sys.exit(main())
