"""Write the FBI's Return A master files, of any year, as a Parquet dataset.

The files may be plain or zipped. DIR gets agency_month and agency_year, each in folders by year, which
pandas, Polars, DuckDB and pyarrow read lazily; ledger.csv (records read and set aside, by file),
damaged.csv (each record set aside: its number, offset and reason) and dictionary.csv (every column).
Records read and set aside are all records of a file. A file of which most is unreadable is refused, and
nothing is written then.
"""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="master files, plain or zipped")
    parser.add_argument(
        "--out", type=Path, default=Path("return_a"), metavar="DIR", help="the dataset (return_a)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a dataset made earlier")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="threads (2)")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="run on a Dask cluster, e.g. tcp://host:8786 (a task a file)"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> int:
    """Ingest, and say what became of every record."""
    from ..sources.return_a import ingest

    with _client(options.cluster) as client:
        done = ingest(
            options.files,
            options.out,
            jobs=options.jobs,
            progress=not options.quiet,
            overwrite=options.overwrite,
            client=client,
        )
    for row in done.ledger.itertuples():
        print(f"{row.source}: {row.records:,} records, {row.read:,} read, {row.set_aside:,} set aside")
    for row in done.damaged.itertuples():
        print(f"set aside: {row.source}, record {row.record:,}, offset {row.offset:,}: {row.reason}")
    print(done.directory)
    return 0


@contextmanager
def _client(address: str | None):
    if address is None:
        yield None
        return
    from ..errors import AnalysisError

    try:
        from distributed import Client
    except ImportError as error:
        raise AnalysisError(
            "Dask is not installed.", remedy="pip install 'sanctuary-crime[cluster]'."
        ) from error
    try:
        client = Client(address, timeout=10)
    except OSError as error:
        raise AnalysisError(
            "No cluster answers.", where=address, remedy="Start a scheduler there, or leave out --cluster."
        ) from error
    with client:
        yield client
