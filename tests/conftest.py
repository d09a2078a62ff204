"""Fixtures and loud skips shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis.paths import project_root, raw_dir


def _verification_dir() -> Path:
    default = project_root().parent / "shared" / "verification"
    return Path(os.environ.get("ANALYSIS_VERIFICATION_DIR", default))


@pytest.fixture(scope="session")
def verification() -> Path:
    """Directory of public example data sets; the test is skipped, loudly, when it is absent."""
    place = _verification_dir()
    if not place.is_dir():
        pytest.skip(f"no verification data in {place}")
    return place


def pytest_collection_modifyitems(items):
    """Skip tests marked `raw` when no raw file is there, saying how to run them."""
    if any(raw_dir().glob("*/*")):
        return
    skip = pytest.mark.skip(reason=f"no raw files in {raw_dir()}: set ANALYSIS_RAW_DIR")
    for item in items:
        if "raw" in item.keywords:
            item.add_marker(skip)
