"""Make the site: front page, paper, explorer, documentation and data in one folder of static files.

The folder is build/site. It opens from disk and from any host, and asks nothing of another one. The built
reports are part of it: `sanctuary report` comes first. Node.js with npm and the extra `site` are needed.
"""

from __future__ import annotations

import argparse

from .checks import folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("--out", type=folder, help="the folder (build/site); it is replaced whole")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> int:
    """Make the site and say where it is."""
    from ..report.site.build import build_site

    made = build_site(options.out, progress=not options.quiet)
    size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    print(f"{made}  {size / 1e6:.1f} MB")
    return 0
