"""Panels on disk: rates computed on loading to the bit, nothing written when a key stands twice."""

import pandas as pd
import pytest

from analysis.errors import AlteredFileError, DuplicateKeyError, MissingFileError
from analysis.panels import rates, store

RATES = {"homicide_per_100k": ("homicide", "population", 1e5)}


def small():
    counts = {"homicide": [7, None, 3, 1], "population": [300_007, 9, 0, None]}
    frame = pd.DataFrame({name: pd.array(values, dtype="Int64") for name, values in counts.items()})
    frame.insert(0, "year", [2003, 2002, 2001, 2000])
    return store.add_rates(frame, RATES)


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("ANALYSIS_PROCESSED_DIR", str(tmp_path))
    monkeypatch.setattr(rates, "_RATES", {"small": RATES})
    return tmp_path


def write(directory, frame):
    return store.write_panel(
        "small", frame, keys=["year"], inputs=[], dropped={"why": 2}, directory=directory
    )


def test_rates_are_missing_without_people():
    assert small()["homicide_per_100k"].isna().tolist() == [False, True, True, True]
    assert small()["homicide_per_100k"].iloc[0] == 7 / 300_007 * 1e5


def test_loading_gives_what_was_written(directory):
    path = write(directory, small())
    assert "homicide_per_100k" not in pd.read_parquet(path)
    expected = small().sort_values("year").reset_index(drop=True)
    pd.testing.assert_frame_equal(store.load("small"), expected, check_exact=True)
    assert store.manifest_of("small")["dropped"] == {"why": 2}


def test_same_rows_in_another_order_give_the_same_bytes(directory):
    first = write(directory, small()).read_bytes()
    assert write(directory, small().iloc[::-1].reset_index(drop=True)).read_bytes() == first


def test_a_double_key_leaves_the_earlier_panel(directory):
    first = write(directory, small()).read_bytes()
    with pytest.raises(DuplicateKeyError, match="small"):
        write(directory, small().assign(year=2000))
    assert (directory / "small.parquet").read_bytes() == first
    assert not list(directory.glob("*.part"))


def test_a_changed_or_missing_panel_is_refused(directory):
    path = write(directory, small())
    path.write_bytes(path.read_bytes() + b"0")
    with pytest.raises(AlteredFileError, match="small"):
        store.load("small")
    path.unlink()
    with pytest.raises(MissingFileError, match="small"):
        store.load("small")
