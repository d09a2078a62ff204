"""Run the notebooks and write the reports: one PDF each, one bound PDF, one HTML page.

The files go to reports/build. They are tagged PDFs (PDF/A-2a, PDF/UA-1) and one HTML page that needs no
network. The same panels give the same bytes. With --only, just the named notebooks are run, and the bound
report and the page stay as they are.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="NAME", help="starts of notebook names, e.g. 02"
    )
    parser.add_argument("--out", type=Path, help="directory for the files (reports/build)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at a time (2)")
    parser.add_argument("--fresh", action="store_true", help="compute everything anew, stored or not")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> int:
    """Build the reports and name the files."""
    from ..report.build.build import build

    made = build(
        options.only, out=options.out, jobs=options.jobs, progress=not options.quiet, fresh=options.fresh
    )
    for path in made:
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    return 0
