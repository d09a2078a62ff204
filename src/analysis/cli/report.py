"""Run the notebooks and write the reports: one PDF each, one bound PDF, one HTML page.

The files go to reports/build. They are tagged PDFs (PDF/A-2a, PDF/UA-1) and one HTML page that needs no
network. The same panels give the same bytes. With --only, just the named notebooks are run, and the bound
report and the page stay as they are.

With --policies LIST, the report on another list of treated places: as little as place, state and date of
adoption. Names are resolved against the places of the panels; what is in doubt or unknown is shown, and
nothing is guessed. Every headline stands under that list, under ours, under the places both have, and under
those either has. --template prints an example.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .checks import count, folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="NAME", help="starts of notebook names, e.g. 02"
    )
    parser.add_argument("--out", type=folder, help="directory for the files (reports/build)")
    parser.add_argument("--jobs", type=count, default=2, metavar="N", help="processes at a time (2)")
    parser.add_argument("--fresh", action="store_true", help="compute everything anew, stored or not")
    parser.add_argument(
        "--policies", type=Path, metavar="LIST", help="another list of treated places, as CSV or Excel"
    )
    parser.add_argument("--name", default="", help="what that list is called, e.g. 'NILC 2008'")
    parser.add_argument(
        "--limits",
        default="status_inquiry",
        metavar="WHAT",
        help="what its policies limit where it does not say (status_inquiry)",
    )
    parser.add_argument("--template", action="store_true", help="print an example of such a list")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> int:
    """Build the reports and name the files."""
    if options.template:
        from ..panels.policies.given import TEMPLATE

        print(TEMPLATE, end="")
        return 0
    if options.policies:
        return _given(options)
    _require_current_list()
    from ..report.build.build import build

    made = build(
        options.only, out=options.out, jobs=options.jobs, progress=not options.quiet, fresh=options.fresh
    )
    for path in made:
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    return 0


def _given(options: argparse.Namespace) -> int:
    from ..paths import build_dir
    from ..report.given import build_given

    made = build_given(
        options.policies,
        name=options.name,
        policy=options.limits,
        out=options.out or build_dir() / "given_list",
        jobs=options.jobs,
        progress=not options.quiet,
    )
    for path in made:
        print(path)
    return 0


def _require_current_list() -> None:
    from ..errors import AlteredFileError
    from ..panels.policies.write import changed_files

    if files := changed_files():
        raise AlteredFileError(
            f"The panels of policies were made of another {files[0]} than the one that is there.",
            where="data/policies",
            remedy="Run `sanctuary policies check`, then `sanctuary policies build`.",
        )
