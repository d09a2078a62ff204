"""Rebuild the panels from the published files, downloading first what is open and missing.

Every file is checked against its registered SHA-256 at every read, and never repaired or replaced. Files
that may not be redistributed, or that ask for an account, are listed with how to get them in
data/raw/README.md. The panels are replaced all together, in one step, when every one has been made; with
--only, just the named panels and what they need are built, and just the named are replaced.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .saying import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "--only", nargs="+", metavar="PANEL", help="panels to rebuild, e.g. city_year policies"
    )
    parser.add_argument("--no-fetch", action="store_true", help="download nothing")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> int:
    """Fetch, then rebuild."""
    from ..panels.build import require_known

    require_known(options.only or ())
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
        If a published file is missing, altered or not laid out as described, or another run is at work; no
        panel has changed then.
    """
    from tqdm import tqdm

    from ..panels.build import build_all
    from ..panels.store import replacing
    from ..paths import processed_dir

    directory = processed_dir()
    bar = tqdm(desc="panels", unit="", disable=not progress)
    with bar, replacing(directory, say) as aside:
        built = build_all(lambda name: _advance(bar, name), directory=aside, only=only)
    return {name: directory / path.name for name, path in built.items()}


def _advance(bar: Any, name: str) -> None:
    bar.set_postfix_str(name)
    bar.update()


def _fetch(quiet: bool) -> None:
    from ..sources.registry.fetch import fetch
    from ..sources.registry.files import raw_files

    outcome = fetch(
        list(raw_files().values()), progress=None if quiet else lambda path: print(f"fetching {path}")
    )
    if outcome.by_hand:
        print(f"{len(outcome.by_hand)} files are missing and have no open address: see `sanctuary doctor`.")
