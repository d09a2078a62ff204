"""The tools the site is made with, npm's packages and Sphinx, with a remedy when one is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ...errors import AnalysisError, MissingFileError
from ...paths import project_root


class SiteError(AnalysisError):
    """A step of making the site failed."""


def site_dir() -> Path:
    """Return the directory of the site's own sources."""
    place = project_root() / "site"
    if not (place / "package.json").is_file():
        raise MissingFileError(
            "The sources of the site are missing.", where=str(place), remedy="Make the site from a checkout."
        )
    return place


def modules() -> Path:
    """Return the directory of npm packages, installed from the lock file when they are not there yet."""
    place = site_dir()
    if not (place / "node_modules" / "esbuild").is_dir():
        run(["npm", "ci", "--no-audit", "--no-fund"], place, needs="Node.js with npm")
    return place / "node_modules"


def bundle(source: Path, target: Path) -> None:
    """Write one script of a module and all that it imports."""
    command = [
        modules() / ".bin" / "esbuild",
        source,
        "--bundle",
        "--minify",
        "--format=iife",
        "--target=es2020",
    ]
    run(
        [*map(str, command), "--legal-comments=none", "--log-level=warning", f"--outfile={target}"],
        site_dir(),
    )


def topology(work: Path, target: Path) -> None:
    """Write the outlines of `work` as one topology."""
    modules()
    script = site_dir() / "explorer" / "shapes.mjs"
    outlines = [work / f"{name}.geojson" for name in ("counties", "states")]
    run(["node", *map(str, (script, *outlines, target))], site_dir(), needs="Node.js")


def sphinx(source: Path, target: Path, work: Path) -> None:
    """Build the documentation from a folder of pages and their configuration; every warning is an error."""
    if find_spec("sphinx") is None:
        raise MissingFileError("Sphinx is not installed.", remedy="Install the extra `site`: make site does.")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", str(work)]
    run([*command, str(source), str(target)], source)


def run(command: Sequence[str], where: Path, *, needs: str = "") -> None:
    """Run a command in a directory.

    Raises
    ------
    MissingFileError
        If the program is not there.
    SiteError
        If it fails; the message holds the end of what it printed.
    """
    if shutil.which(command[0]) is None:
        raise MissingFileError(f"{command[0]} is not installed.", remedy=f"Install {needs or command[0]}.")
    done = subprocess.run(
        command, cwd=where, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": "0"}
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-3000:]
        raise SiteError(f"{Path(command[0]).name} failed: {said}", where=str(where))
