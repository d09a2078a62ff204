"""Write panels for other programs: CSV, Excel, Parquet, DuckDB or SQLite, with codebook and metadata.

Every format carries the rates per 100,000 residents. CSV files come with datapackage.json (Frictionless) and
croissant.json; Parquet and DuckDB carry each column's unit and meaning. All files are made before the first
earlier one is replaced.
"""

from __future__ import annotations

import argparse

from .checks import folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "--format", default="csv", metavar="LIST", help="csv,xlsx,parquet,duckdb,sqlite (csv)"
    )
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="PANEL", help="panels, e.g. city_year policies"
    )
    parser.add_argument("--out", type=folder, required=True, metavar="DIR", help="folder for the files")


def run(options: argparse.Namespace) -> int:
    """Export, and name the files."""
    from ..panels.export.write import export

    formats = [each for each in options.format.split(",") if each]
    for path in export(options.out, formats=formats, only=options.only):
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    return 0
