"""Rebuilding from the raw files gives the committed bytes."""

import pytest

from analysis.panels.build import PANELS, build_all
from analysis.panels.panel import in_order
from analysis.paths import processed_dir

pytestmark = pytest.mark.raw


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    seen = []
    directory = tmp_path_factory.mktemp("processed")
    written = build_all(seen.append, directory=directory)
    assert seen == in_order(PANELS, PANELS) == list(written)
    return directory


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_is_the_committed_one(rebuilt, name):
    for file in (f"{name}.parquet", f"{name}.manifest.json"):
        assert (rebuilt / file).read_bytes() == (processed_dir() / file).read_bytes(), file


def test_rows_by_year_is_the_committed_one(rebuilt):
    assert (rebuilt / "rows_by_year.csv").read_bytes() == (processed_dir() / "rows_by_year.csv").read_bytes()
