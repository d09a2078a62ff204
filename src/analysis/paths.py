"""Where the project's files are: raw downloads, committed panels, built reports."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE.parents[1]


def project_root() -> Path:
    """Return the checkout's root, or the working directory when the package is installed alone."""
    return _ROOT if (_ROOT / "pyproject.toml").is_file() else Path.cwd()


def raw_dir() -> Path:
    """Return the directory of raw files: ``ANALYSIS_RAW_DIR`` if set, else ``data/raw``."""
    return Path(os.environ.get("ANALYSIS_RAW_DIR") or project_root() / "data" / "raw")


def processed_dir() -> Path:
    """Return the directory of panels: ``ANALYSIS_PROCESSED_DIR``, the checkout's, or the installed copy."""
    if chosen := os.environ.get("ANALYSIS_PROCESSED_DIR"):
        return Path(chosen)
    in_checkout = project_root() / "data" / "processed"
    return in_checkout if in_checkout.is_dir() else _PACKAGE / "_processed"


def policies_dir() -> Path:
    """Return the directory of the list of dated policies: the checkout's, or the installed copy."""
    in_checkout = project_root() / "data" / "policies"
    return in_checkout if in_checkout.is_dir() else _PACKAGE / "_policies"


def reports_dir() -> Path:
    """Return the directory of the template and the bibliography: the checkout's, or the installed copy."""
    in_checkout = project_root() / "reports"
    return in_checkout if (in_checkout / "template").is_dir() else _PACKAGE / "_reports"


def build_dir() -> Path:
    """Return the directory of built reports, in the checkout or the working directory."""
    return project_root() / "reports" / "build"


def notebooks_dir() -> Path:
    """Return the directory of notebooks: the checkout's, or the installed copy."""
    in_checkout = project_root() / "notebooks"
    return in_checkout if (in_checkout / "00_paper.ipynb").is_file() else _PACKAGE / "_notebooks"
