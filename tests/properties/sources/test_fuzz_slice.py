"""A slice of `make fuzz`: no damaged file ends in a raw error, an abort, a hang, or in silence."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
import fuzz_readers

from analysis.sources.registry import totals

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
BAD = {"silent", "raw", "abort", "hang"}
#: Small files of every family, and which mutants of each: every mutation once, of R files (a child process each)
#: those that differ most.
SLICE = {
    "nchs/NCHSURCodes2013.csv": range(36),
    "policy/secure_communities_county_dates.csv": range(13),
    "icpsr_county/35019-0004-Data.txt": range(15),
    "bls_laus/2010.txt": range(15),
    "county_health_rankings/countyhealth14.RData": (4, 7),
    "geography/us_atlas_counties_10m.json": range(14),
}


@pytest.mark.raw
@pytest.mark.parametrize("path", SLICE)
def test_no_damaged_file_passes_unseen(path):
    (target,) = [each for each in fuzz_readers.targets() if each.path == path]
    rows = list(fuzz_readers.run_target(target, SLICE[path]))
    assert len(rows) > len(SLICE[path]) // 2
    assert [row for row in rows if row["outcome"] in BAD] == []
    assert max(row["megabytes"] for row in rows) < 2000


@pytest.mark.raw
def test_the_slice_leaves_out_no_mutation():
    whole = {
        each.family
        for each in fuzz_readers.targets()
        if len(SLICE.get(each.path, ())) >= len(fuzz_readers.mutations(each))
    }
    in_children = {"rdata", "table8"}  # a second each: all of `make fuzz` reads them
    assert whole | in_children == {each.family for each in fuzz_readers.targets()}


def test_no_damaged_master_file_passes_unseen():
    rows = list(fuzz_readers.run_ingest(range(15)))
    assert [row for row in rows if row["outcome"] in BAD] == []


@pytest.mark.raw
def test_the_slice_sees_a_reader_that_checks_nothing(monkeypatch):
    """Without totals, columns shifted by a row are silent: the slice can fail."""
    (target,) = [each for each in fuzz_readers.targets() if each.path == "nchs/NCHSURCodes2013.csv"]
    monkeypatch.setattr(totals, "registered", dict)
    ways = {f"shift {number}": fuzz_readers.TABLE["shift column"] for number in range(4)}
    monkeypatch.setattr(fuzz_readers, "mutations", lambda target: ways)
    assert "silent" in {row["outcome"] for row in fuzz_readers.run_target(target, range(len(ways)))}


def test_changes_are_told_apart():
    base = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": ["x", "y", "z"]})
    assert fuzz_readers.changes(base, base.copy()) == "same"
    assert fuzz_readers.changes(base, base.assign(a=pd.array([1, 2, None], dtype="Int64"))) == "same"
    assert fuzz_readers.changes(base, base.assign(a=[1.0, 5.0, np.nan])) == "single"
    assert fuzz_readers.changes(base, base.assign(a=[1.0, np.nan, np.nan])) == "single"
    assert fuzz_readers.changes(base, base.assign(b=["y", "x", "z"])) == "silent"
    assert fuzz_readers.changes(base, base.head(2)) == "silent"


def test_errors_aborts_and_hangs_are_told_apart():
    def error():
        raise ZeroDivisionError

    assert fuzz_readers.forked(error)[0] == "raw"
    assert fuzz_readers.forked(os.abort)[0] == "abort"
    assert fuzz_readers.forked(lambda: time.sleep(9), seconds=0.3)[0] == "hang"
    assert fuzz_readers.forked(lambda: bytearray(4_000_000_000) and "same")[0] == "raw"
