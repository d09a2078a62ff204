"""Time the Return A decoder against other readers and against the machine, on the master file of 2013.

``python benchmarks/bench_return_a.py [FILE] [--write]``; without a file the registered one is unpacked.
Every reader gets the file in the page cache and gives all 12 x 112 counts of every record as numbers; the
slowest are timed on part of the records and scaled, as printed. Peers do not read overpunched negatives: for
them those
digits are replaced by zeros first. Two figures stand for the physical limit: reading the bytes and adding
them up, as bytes (what numpy does by default) and as words of eight.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.paths import project_root
from analysis.sources.registry.files import locate
from analysis.sources.return_a import framing, ingest, layout, read_agency_years
from analysis.sources.return_a.decoding import engine

FILE = "fbi_return_a/RETURNA2013.txt.zip"
STARTS = [
    layout.HEADER + month * layout.MONTH + layout.MONTH_HEAD + 5 * k
    for month in range(12)
    for k in range(112)
]


def best(function, repeats=5):
    """Return the fewest seconds of several calls, and the last result."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def plain_file(folder):
    """Return the path of the unpacked master file."""
    if given := [Path(argument) for argument in sys.argv[1:] if argument != "--write"]:
        return given[0]
    with zipfile.ZipFile(locate(FILE)) as archive:
        return Path(archive.extract(archive.namelist()[0], folder))


def block_of(path):
    """Return a file with line ends as uint8 (records, 7387)."""
    return np.fromfile(path, np.uint8).reshape(-1, layout.LENGTH + 2)


def for_peers(path, folder):
    """Write the file with overpunched digits replaced by zeros; return its path."""
    block = block_of(path)
    for at in range(layout.HEADER, layout.LENGTH, layout.MONTH):
        counts = block[:, at + layout.MONTH_HEAD : at + layout.MONTH_HEAD + layout.COUNTS]
        counts[counts > ord("9")] = ord("0")
    place = Path(folder) / "peers.txt"
    block.tofile(place)
    return place


def with_pyarrow(path):
    """Slice with offsets, one string a count, and cast."""
    block = block_of(path)
    at = np.array(STARTS).reshape(12, 112)[:, 0]
    counts = np.stack([block[:, k : k + layout.COUNTS] for k in at], axis=1)
    number = counts.size // 5
    offsets = pa.py_buffer(np.arange(number + 1, dtype=np.int32) * 5)
    text = pa.Array.from_buffers(pa.string(), number, [None, offsets, pa.py_buffer(counts)])
    return int(text.cast(pa.int32()).to_numpy().sum())


def with_polars(path, records):
    """Slice each field of each line and cast."""
    import polars as pl

    lines = pl.read_csv(
        path, has_header=False, separator="\x01", quote_char=None, new_columns=["line"], n_rows=records
    )
    fields = [pl.col("line").str.slice(at, 5).cast(pl.Int32).alias(str(at)) for at in STARTS]
    return int(lines.select(fields).sum().to_numpy().sum())


def with_duckdb(path, records):
    """Cut each field of each line with substr and cast."""
    import duckdb

    query = ", ".join(f"substr(line, {at + 1}, 5)::int as c{at}" for at in STARTS)
    options = "header=false, delim='\x01', quote='', escape='', columns={'line': 'varchar'}"
    source = f"read_csv('{path}', {options})"
    table = duckdb.connect().execute(f"select {query} from (select * from {source} limit {records})")
    return int(sum(column.sum() for column in table.fetchnumpy().values()))


def with_read_fwf(path, records):
    """pandas' own reader of fixed-width files."""
    spans = [(at, at + 5) for at in STARTS]
    return int(pd.read_fwf(path, colspecs=spans, header=None, nrows=records).to_numpy().sum())


def start_up():
    """Return seconds to the first answer of a decoder compiled on an earlier run, once pandas is loaded."""
    code = (
        "import time, numpy as np, pandas, pyarrow; t = time.perf_counter();"
        "from analysis.sources.return_a.decoding import engine; e = engine('compiled');"
        "b = np.full((1, 7387), 48, np.uint8); e.check(b); e.totals(b); e.months(b);"
        "print(time.perf_counter() - t)"
    )
    seconds = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in "123"
    ]
    return min(seconds)


def ours(path):
    """Return rows (reader, what, seconds) of this package."""
    block, fast, slow = block_of(path), engine("compiled"), engine("numpy")
    fast.check(block[:1]), fast.totals(block[:1]), fast.months(block[:1])
    rows = [("compiled", "check every byte", best(lambda: fast.check(block))[0])]
    rows.append(("compiled", "annual totals", best(lambda: fast.totals(block))[0]))
    rows.append(("compiled", "all counts", best(lambda: fast.months(block))[0]))
    rows.append(("numpy", "all counts", best(lambda: slow.months(block), 3)[0]))
    for what, name in (("totals", "annual totals"), ("months", "all counts")):
        seconds = best(lambda what=what: whole(path, fast, what))[0]
        rows.append(("compiled", f"file to {name}, checked", seconds))
    rows.append(("read_agency_years", "file to frame, 2 threads", best(lambda: read_agency_years(path))[0]))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        rows.append(
            ("ingest", "file to Parquet, 2 threads", best(lambda: ingest(path, out, overwrite=True))[0])
        )
    return rows


def whole(path, fast, what="totals"):
    """Read, check and decode on one thread, few enough records at a time that they stay in the cache."""
    parts = []
    for chunk in framing.chunks(framing.sources_of(path)[0], 512):
        assert (fast.check(chunk.block) < 0).all()
        parts.append(getattr(fast, what)(chunk.block))
    return parts


def peers(path, records):
    """Return rows of the peers; the answers are compared with ours."""
    rows, wanted = [], {}
    for share in (records, 5000, 2000):
        counts = engine("compiled").months(block_of(path)[:share])
        wanted[share] = int(counts.sum(dtype=np.int64))
    runs = [
        ("pyarrow", records, lambda n: with_pyarrow(path), 3),
        ("polars", records, lambda n: with_polars(path, n), 1),
        ("duckdb", 5000, lambda n: with_duckdb(path, n), 1),
        ("pandas.read_fwf", 2000, lambda n: with_read_fwf(path, n), 1),
    ]
    for name, share, run, repeats in runs:
        try:
            seconds, answer = best(lambda run=run, share=share: run(share), repeats)
        except ImportError:
            print(f"{name} is not installed: left out")
            continue
        assert answer == wanted[share], (name, answer, wanted[share])
        note = "" if share == records else f" (from {share:,} records)"
        rows.append((name, "all counts" + note, seconds * records / share))
    return rows


def machine(path, size):
    """Return rows of reading the bytes, and of reading and adding them up."""
    words = size // 8 * 8
    runs = {
        "read": lambda: np.fromfile(path, np.uint8),
        "read and sum bytes": lambda: np.fromfile(path, np.uint8).sum(),
        "read and sum words": lambda: np.fromfile(path, np.uint8)[:words].view(np.uint64).sum(),
    }
    return [("machine", what, best(run)[0]) for what, run in runs.items()]


def conclusions(table, size):
    """Return what the times come to, beside what was aimed at, a line each."""
    rows = table.iloc[:, :3].itertuples(index=False)
    told = {(reader, what.split(" (")[0]): took for reader, what, took in rows}
    totals = told["compiled", "file to annual totals, checked"]
    counts = told["compiled", "file to all counts, checked"]
    limit = told["machine", "read and sum words"]
    yield f"file to annual totals: {totals / limit:.2f} times read and sum (target: at most 4)"
    for name, target in (("pandas.read_fwf", 100), ("pyarrow", 5), ("polars", "none"), ("duckdb", "none")):
        if took := told.get((name, "all counts")):
            yield (
                f"{name}: {took / totals:.1f} times ours to annual totals (target: {target}), "
                f"{took / counts:.1f} times ours to all counts"
            )
    speed = size / 1e6 / told["ingest", "file to Parquet, 2 threads"]
    yield f"ingest: {speed:.0f} MB/s (target: 150)"
    yield f"start-up after the first run: {start_up():.2f} s (target: under 1)"


def main():
    """Print the table and the targets, and write them to docs/benchmarks when asked by --write."""
    with tempfile.TemporaryDirectory() as folder:
        path = plain_file(folder)
        size, records = path.stat().st_size, path.stat().st_size // (layout.LENGTH + 2)
        rows = [*machine(path, size), *ours(path), *peers(for_peers(path, folder), records)]
    table = pd.DataFrame(rows, columns=["reader", "what", "seconds"])
    table["MB/s"] = (size / 1e6 / table["seconds"]).map("{:,.0f}".format)
    table["times read and sum"] = (table["seconds"] / table["seconds"][2]).map("{:,.1f}".format)
    lines = list(conclusions(table, size))
    table["seconds"] = table["seconds"].map("{:.3f}".format)
    print(table.to_string(index=False), *lines, sep="\n")
    if "--write" in sys.argv:
        write(table, lines, records, size)


def write(table, lines, records, size):
    """Write docs/benchmarks/return_a.md."""
    versions = f"numpy {np.__version__}, pandas {pd.__version__}, pyarrow {pa.__version__}"
    head = [
        "# Reading a Return A master file: time",
        "",
        f"Written by `benchmarks/bench_return_a.py`: {records:,} records, {size / 1e6:.0f} MB, in the page",
        "cache; two processors, one thread unless said; fewest seconds of several runs. Every reader gives",
        "all 12 x 112 counts of a record as numbers. Two slow ones read part of the records and are scaled",
        "(and with them DuckDB's planning of so many columns).",
        "",
        f"{platform.machine()}, Python {platform.python_version()}, {versions}.",
        "",
    ]
    body = ["| " + " | ".join(table.columns) + " |", "|---|---|---:|---:|---:|"]
    body += ["| " + " | ".join(row) + " |" for row in table.itertuples(index=False)]
    text = "\n".join([*head, *body, "", *[f"* {line}" for line in lines]]) + "\n"
    (project_root() / "docs" / "benchmarks" / "return_a.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
