"""Write the FBI's Return A master files, of any year, as a Parquet dataset.

The files may be plain or zipped. DIR gets agency_month and agency_year, each in folders by year, which
pandas, Polars, DuckDB and pyarrow read lazily; ledger.csv (records read and set aside, by file),
damaged.csv (each record set aside: its number, offset and reason) and dictionary.csv (every column).
Records read and set aside are all records of a file. A file of which most is unreadable is refused, and
nothing is written then.

What hardly can be is counted by file in ledger.csv and said here: impossible populations, records of another
year or state, repeated agencies, more offenses cleared than known, totals that are not their parts, few
states. Exit code 1 when any of that concerns more than 1% of a file's records, or a file as a whole.

A Dask scheduler runs whatever it is sent: name with --cluster only one that none but you can reach, or one
with TLS (tls://host:8786, certificates in Dask's configuration under distributed.comm.tls).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .checks import count
from .cluster import connected
from .saying import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="master files, plain or zipped")
    parser.add_argument(
        "--out", type=Path, default=Path("return_a"), metavar="DIR", help="the dataset (return_a)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a dataset made earlier")
    parser.add_argument("--jobs", type=count, default=2, metavar="N", help="threads (2)")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="run on a Dask cluster, e.g. tcp://host:8786 (a task a file)"
    )
    parser.add_argument(
        "--part", action="store_true", help="the files hold a part of the country: few states are no fault"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> int:
    """Ingest, and say what became of every record."""
    from ..sources.return_a import ingest
    from ..sources.return_a.checks import sentences

    with connected(options.cluster) as client:
        done = ingest(
            options.files,
            options.out,
            jobs=options.jobs,
            progress=not options.quiet,
            overwrite=options.overwrite,
            client=client,
            tell=say,
        )
    wrong = False
    for row in done.ledger.to_dict("records"):
        print("{source}: {records:,} records, {read:,} read, {set_aside:,} set aside".format_map(row))
        said, is_wrong = sentences(row, is_part=options.part)
        wrong |= is_wrong
        for sentence in said:
            print(f"{row['source']}: {sentence}")
    for damage in done.damaged.to_dict("records"):
        print("set aside: {source}, record {record:,}, offset {offset:,}: {reason}".format_map(damage))
    print(done.directory)
    return int(wrong)
