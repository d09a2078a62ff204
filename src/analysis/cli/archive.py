"""Write the replication archive: one zip with everything that may be passed on, for a deposit.

It holds the checkout as committed, the panels, the list of dated policies and the published files that may
be passed on and are there; README.md in the order that journals of economics ask for; CONTENTS.csv with
digests; and LEFT_OUT.csv, which says of every other file why it is not there and how to get it. The same
files give the same bytes. Panels with facts that a person has to judge first are left out without --judged.
"""

from __future__ import annotations

import argparse

from .checks import folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("--out", type=folder, metavar="DIR", help="folder for the zip (build/archive)")
    parser.add_argument(
        "--judged",
        action="store_true",
        help="with panels to be judged: somebody decided on them",
    )


def run(options: argparse.Namespace) -> int:
    """Write the archive and say what is in it and what is not."""
    from ..paths import project_root
    from ..report.deposit.write import write_archive

    path, made = write_archive(options.out or project_root() / "build" / "archive", judged=options.judged)
    print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
    print(f"{len(made.entries):,} files in; {len(made.left_out):,} left out, with reasons in LEFT_OUT.csv.")
    return 0
