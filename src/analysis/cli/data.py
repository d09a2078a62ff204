"""Rebuild the panels from the published files, downloading first what is open and missing.

Every file is checked against its registered SHA-256 at every read, and never repaired or replaced. Files
that may not be redistributed, or that ask for an account, are listed with how to get them in
data/raw/README.md. All panels are built before the first one is replaced.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from tqdm import tqdm


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "--only", nargs="+", metavar="PANEL", help="panels to rebuild, e.g. city_year policies"
    )
    parser.add_argument("--no-fetch", action="store_true", help="download nothing")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> int:
    """Fetch, then rebuild."""
    if not options.no_fetch:
        _fetch(options.quiet)
    for name, path in rebuild(options.only, progress=not options.quiet).items():
        print(f"{name}: {path}")
    return 0


def rebuild(only: list[str] | None, *, progress: bool = True) -> dict[str, Path]:
    """Build panels aside and put them in place together; return where each is.

    Raises
    ------
    AnalysisError
        If a published file is missing, altered or not laid out as described; no panel has changed then.
    """
    from ..panels.build import BUILDERS, build_all, write_rows_by_year
    from ..paths import processed_dir

    _check_names(only, list(BUILDERS))
    directory = processed_dir()
    directory.mkdir(parents=True, exist_ok=True)
    bar = tqdm(desc="panels", unit="", disable=not progress)
    with bar, tempfile.TemporaryDirectory(dir=directory, prefix=".making-") as aside:
        built = build_all(lambda name: _advance(bar, name), directory=Path(aside), only=only)
        made = sorted(path for path in Path(aside).iterdir() if path.suffix != ".csv")
        for path in made:
            os.replace(path, directory / path.name)
    write_rows_by_year(directory)
    return {name: directory / path.name for name, path in built.items()}


def _advance(bar, name: str) -> None:
    bar.set_postfix_str(name)
    bar.update()


def _check_names(only, known) -> None:
    from ..errors import AnalysisError

    if unknown := [name for name in only or () if name not in known]:
        raise AnalysisError(
            f"No panel is named {', '.join(unknown)}.", remedy=f"There are: {', '.join(known)}."
        )


def _fetch(quiet: bool) -> None:
    from ..sources.registry.fetch import fetch
    from ..sources.registry.files import raw_files

    outcome = fetch(
        list(raw_files().values()), progress=None if quiet else lambda path: print(f"fetching {path}")
    )
    if outcome.by_hand:
        print(f"{len(outcome.by_hand)} files are missing and have no open address: see `sanctuary doctor`.")
