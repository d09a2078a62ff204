"""Ingesting master files: the dataset read back by four libraries, bounded memory, a cluster, the command."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset
import pytest

from analysis import cli
from analysis.errors import AnalysisError, LayoutError
from analysis.sources.return_a import (
    dictionary,
    framing,
    ingest,
    layout,
    read_agency_months,
    read_agency_years,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from return_a_records import make_block, to_bytes, write


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Three files of three years, one zipped, one of which holds two years and a damaged record."""
    monkeypatch.setattr(framing, "CHUNK", 8)
    mixed = np.concatenate([make_block(9, 3, year=85), make_block(9, 4, year=12)])
    mixed[5, 400] = 7
    return [
        write(tmp_path / "RETA1960.zip", make_block(20, 1, year=60)),
        write(tmp_path / "RETA1999.txt", make_block(20, 2, year=99)),
        write(tmp_path / "MIXED.txt", mixed, end=b"\n"),
    ]


def digests(directory):
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*.*"))
        if path.is_file()
    }


def test_the_dataset_holds_what_reading_gives(files, tmp_path):
    done = ingest(files, tmp_path / "out")
    assert done.ledger["read"].tolist() == [20, 20, 17] and done.ledger["set_aside"].tolist() == [0, 0, 1]
    for folder, read in (("agency_year", read_agency_years), ("agency_month", read_agency_months)):
        back = pyarrow.dataset.dataset(tmp_path / "out" / folder, partitioning="hive")
        explained = set(dictionary().query("table == @folder")["column"])
        assert set(back.schema.names) == explained
        keys = ["source", "record", "month"][: 2 + (folder == "agency_month")]
        frames = (read(files).frame, pd.read_parquet(tmp_path / "out" / folder))
        wanted, got = (frame.astype({"source": "str"}).sort_values(keys) for frame in frames)
        assert len(got) == len(wanted)
        for name in ("actual_murder", "cleared_all_offenses", "unfounded_burglary"):
            np.testing.assert_array_equal(
                got[name].to_numpy(float, na_value=np.nan), wanted[name].to_numpy(float, na_value=np.nan)
            )
        assert got["year"].astype(int).tolist() == wanted["year"].tolist()
    assert sorted(p.name for p in (tmp_path / "out" / "agency_year").iterdir()) == [
        f"year={year}" for year in (1960, 1985, 1999, 2012)
    ]
    assert pd.read_csv(tmp_path / "out" / "damaged.csv")["record"].tolist() == [6]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_four_libraries_read_it_lazily(files, tmp_path):
    ingest(files, tmp_path / "out")
    months = tmp_path / "out" / "agency_month"
    wanted = read_agency_months(files[1]).frame["actual_robbery"].sum()
    table = pyarrow.dataset.dataset(months, partitioning="hive")
    year = pyarrow.dataset.field("year") == 1999
    assert (
        table.to_table(columns=["actual_robbery"], filter=year)["actual_robbery"].to_pandas().sum() == wanted
    )
    frame = pd.read_parquet(months, columns=["actual_robbery"], filters=[("year", "==", 1999)])
    assert frame["actual_robbery"].sum() == wanted
    polars = pytest.importorskip("polars")
    lazy = polars.scan_parquet(months / "**" / "*.parquet", hive_partitioning=True)
    assert lazy.filter(polars.col("year") == 1999).select("actual_robbery").sum().collect().item() == wanted
    duckdb = pytest.importorskip("duckdb")
    query = f"select sum(actual_robbery) from read_parquet('{months}/**/*.parquet') where year = 1999"
    assert duckdb.connect().execute(query).fetchall()[0][0] == wanted


def test_the_bytes_depend_on_nothing_but_the_files(files, tmp_path):
    for k, jobs in enumerate((1, 2, 4)):
        ingest(files, tmp_path / f"out{k}", jobs=jobs)
    ingest(files, tmp_path / "out3", decoder="numpy")
    first = digests(tmp_path / "out0")
    assert len(first) > 10
    assert all(digests(tmp_path / f"out{k}") == first for k in (1, 2, 3))


def test_what_is_there_is_not_overwritten_unasked(files, tmp_path):
    out = tmp_path / "out"
    ingest(files[:1], out)
    before = digests(out)
    with pytest.raises(AnalysisError, match="already there"):
        ingest(files[1:], out)
    assert digests(out) == before
    (tmp_path / "wrong.txt").write_bytes(b"x" * 9000)
    with pytest.raises(LayoutError):
        ingest([files[1], tmp_path / "wrong.txt"], out, overwrite=True)
    assert digests(out) == before
    ingest(files[1:], out, overwrite=True)
    assert not (out / "agency_year" / "year=1960").exists()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.docx").write_text("dear")
    with pytest.raises(AnalysisError, match="already there"):
        ingest(files, foreign, overwrite=True)
    assert (foreign / "thesis.docx").read_text() == "dear"


def test_the_command(files, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["ingest", *map(str, files), "--out", str(out), "--quiet"]) == 1  # made-up populations
    told = capsys.readouterr().out
    assert "MIXED.txt: 18 records, 17 read, 1 set aside" in told and "record 6, offset" in told
    assert cli.main(["ingest", str(files[0]), "--out", str(out), "--quiet"]) == 2
    assert "already there" in capsys.readouterr().err


LIMITED = """
import pathlib, resource, sys
import pyarrow
from analysis.sources.return_a import ingest, reading, framing
from analysis.sources.return_a.decoding import engine
pyarrow.set_memory_pool(pyarrow.system_memory_pool())
pyarrow.set_cpu_count(1); pyarrow.set_io_thread_count(1)
small, large, out, allowed = sys.argv[1:]
ingest(small, out + "-small", jobs=1)
used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
limit = used + int(allowed)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    pathlib.Path(large).read_bytes()
except MemoryError:
    print("whole file does not fit")
done = ingest(large, out, jobs=1)
print(int(done.ledger["read"].sum()), int(done.ledger["set_aside"].sum()))
"""


def test_a_file_several_times_the_memory_allowed(tmp_path):
    """Four times as many bytes as the process may still allocate, under a hard limit of the kernel."""
    pytest.importorskip("resource")
    allowed, records = 90_000_000, 50_000
    small = write(tmp_path / "small.txt", make_block(4200, 1, blanks=False))
    part = small.read_bytes()
    with open(tmp_path / "large.txt", "wb") as handle:
        for _ in range(records // 4200 + 1):
            handle.write(part)
    large = tmp_path / "large.txt"
    assert large.stat().st_size > 4 * allowed
    arguments = [str(small), str(large), str(tmp_path / "out"), str(allowed)]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LIMITED), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1", "PATH": ""},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    count = large.stat().st_size // (layout.LENGTH + 2)
    assert done.stdout.splitlines() == ["whole file does not fit", f"{count} 0"]


@pytest.mark.slow
def test_a_cluster_writes_the_same_bytes(tmp_path):
    distributed = pytest.importorskip("distributed")
    files = [write(tmp_path / f"RETA{year}.txt", make_block(30, year, year=year)) for year in range(60, 66)]
    here = ingest(files, tmp_path / "here")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        there = ingest(files, tmp_path / "there", client=client)
        (tmp_path / "wrong.txt").write_bytes(to_bytes(make_block(2))[:50])
        with pytest.raises(LayoutError, match=r"wrong\.txt"):
            ingest([files[0], tmp_path / "wrong.txt"], tmp_path / "no", client=client)
    assert not (tmp_path / "no").exists()
    pd.testing.assert_frame_equal(here.ledger, there.ledger)
    assert digests(tmp_path / "here") == digests(tmp_path / "there")
