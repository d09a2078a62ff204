"""Fixtures and loud skips shared by all tests."""

from __future__ import annotations

from pathlib import Path

import example_data
import pytest

from analysis.paths import raw_dir


@pytest.fixture(scope="session")
def verification(tmp_path_factory) -> Path:
    """Folder of public example data sets with published results, written from the packages that ship them."""
    return example_data.write(tmp_path_factory.mktemp("verification"))


def pytest_collection_modifyitems(items):
    """Skip tests marked `raw` when no raw file is there, saying how to run them."""
    if any(raw_dir().glob("*/*")):
        return
    skip = pytest.mark.skip(reason=f"no raw files in {raw_dir()}: set ANALYSIS_RAW_DIR")
    for item in items:
        if "raw" in item.keywords:
            item.add_marker(skip)
