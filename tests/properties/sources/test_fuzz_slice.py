"""A slice of `make fuzz`: no damaged file ends in a raw error, an abort, a hang, or in silence."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
import fuzz_readers

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
BAD = {"silent", "raw", "abort", "hang"}
#: Small files of every family, and how many mutants of each.
SLICE = {
    "nchs/NCHSURCodes2013.csv": 32,
    "policy/secure_communities_county_dates.csv": 13,
    "icpsr_county/35019-0004-Data.txt": 15,
    "bls_laus/2010.txt": 15,
    "county_health_rankings/countyhealth14.RData": 8,
    "geography/us_atlas_counties_10m.json": 14,
}


@pytest.mark.raw
@pytest.mark.parametrize("path", SLICE)
def test_no_damaged_file_passes_unseen(path):
    (target,) = [each for each in fuzz_readers.targets() if each.path == path]
    rows = list(fuzz_readers.run_target(target, SLICE[path]))
    assert len(rows) > SLICE[path] // 2
    assert [row for row in rows if row["outcome"] in BAD] == []
    assert max(row["megabytes"] for row in rows) < 2000


def test_no_damaged_master_file_passes_unseen():
    rows = list(fuzz_readers.run_ingest(16))
    assert [row for row in rows if row["outcome"] in BAD] == []


@pytest.mark.raw
def test_the_slice_sees_a_reader_that_checks_nothing(monkeypatch):
    """Without totals and without its own checks, a reader is caught: the slice can fail."""
    (target,) = [each for each in fuzz_readers.targets() if each.path == "nchs/NCHSURCodes2013.csv"]
    monkeypatch.setattr(fuzz_readers.totals, "registered", dict)
    rows = list(fuzz_readers.run_target(target, 32))
    assert any(row["outcome"] == "silent" for row in rows)
