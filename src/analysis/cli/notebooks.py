"""Run the notebooks and say whether each still runs; with --keep, store executed copies to read.

The notebooks themselves are never changed: they are committed without outputs.
"""

from __future__ import annotations

import argparse

from .checks import count, folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="NAME", help="starts of notebook names, e.g. 02"
    )
    parser.add_argument("--keep", type=folder, metavar="DIR", help="write executed copies there")
    parser.add_argument("--jobs", type=count, default=2, metavar="N", help="notebooks run at a time (2)")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> int:
    """Run the notebooks and count what each shows."""
    from ..report.build import notebooks

    paths = notebooks.find_notebooks(options.only)
    executed = notebooks.execute_all(paths, jobs=options.jobs, progress=not options.quiet)
    for path in paths:
        chapter = notebooks.collect(path.stem, executed[path])
        print(f"{path.stem}: runs; {notebooks.contents(chapter)}")
    if options.keep:
        notebooks.write_executed(executed, options.keep)
        print(f"executed copies in {options.keep}")
    return 0
