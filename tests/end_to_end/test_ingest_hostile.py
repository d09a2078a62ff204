"""Hostile files and places given to `sanctuary ingest`: nothing lost without a word, no traceback, no hang."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset
import pytest

from analysis import cli
from analysis.errors import AnalysisError, LayoutError
from analysis.sources.return_a import checks, fields, framing, ingest, layout
from analysis.sources.return_a import ingest as ingest_function

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from return_a_records import block_like_the_files, make_block, to_bytes, write

NAMES = (
    "_2013.txt",
    ".2013.txt",
    "..x",
    "=cmd|calc.txt",
    "x" * 240 + ".txt",
    "Jahr 2013 \u00e4.txt",
    "-.txt",
)
MEMBERS = (".txt", "..", "..\\..\\X.txt", "../../up.txt", "_a/_b.txt", "/abs.txt", "y" * 300, "a\tb.txt")


def rows_of(out):
    folders = ("agency_year", "agency_month")
    return [len(pd.read_parquet(out / each)) for each in folders] + [
        pyarrow.dataset.dataset(out / each, partitioning="hive").count_rows() for each in folders
    ]


def test_every_name_gives_a_data_set_that_readers_see(tmp_path):
    files = [write(tmp_path / name, make_block(5, k)) for k, name in enumerate(NAMES)]
    done = ingest(files, tmp_path / "out")
    assert done.ledger["read"].sum() == 5 * len(NAMES)
    assert rows_of(tmp_path / "out") == [35, 420, 35, 420]


def test_every_name_in_an_archive_stays_inside(tmp_path):
    archive = tmp_path / "year.zip"
    with zipfile.ZipFile(archive, "w") as handle:
        for k, name in enumerate(MEMBERS):
            handle.writestr(name, to_bytes(make_block(5, k)))
    ingest(archive, tmp_path / "sub" / "out")
    assert rows_of(tmp_path / "sub" / "out") == [40, 480, 40, 480]
    assert {p.name for p in tmp_path.iterdir()} == {"year.zip", "sub"}
    assert [p.name for p in (tmp_path / "sub").iterdir()] == ["out"]


def test_a_lost_part_is_noticed_before_anything_is_put_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr(framing.Source, "part", property(lambda self: "_" + self.stem))
    with pytest.raises(AnalysisError, match=r"holds 0 rows in agency_year, not the 5"):
        ingest(write(tmp_path / "a.txt", make_block(5)), tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    "content",
    [b"fips,year,count\r\n01001,2013,7\r\n" * 700_000, b"\n" * 20_000_000, b"x\n" * 10_000_000,
     np.random.default_rng(1).bytes(20_000_000), b"0" * 20_000_000, b"10\r" * 7_000_000],
    ids=["table", "blank lines", "short lines", "noise", "one letter", "old line ends"],
)  # fmt: skip
def test_twenty_megabytes_of_something_else_are_refused_soon(content, tmp_path):
    (tmp_path / "a.txt").write_bytes(content)
    begun = time.process_time()
    with pytest.raises(LayoutError, match=r"a\.txt"):
        ingest(tmp_path / "a.txt", tmp_path / "out")
    assert time.process_time() - begun < 10
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_wrong_lines_among_good_ones_take_time_in_proportion(tmp_path):
    good, seconds = to_bytes(make_block(1), end=b"\n"), []
    for times in (1, 2):
        (tmp_path / "a.txt").write_bytes((good + b"wrongs\n" * 20_000) * times + good * 45_000 * times)
        source = framing.sources_of(tmp_path / "a.txt")[0]
        begun = time.process_time()
        found = [(len(c.records), len(c.damages)) for c in framing.chunks(source)]
        seconds.append(time.process_time() - begun)
        assert np.sum(found, axis=0).tolist() == [45_001 * times, 20_000 * times]
    assert seconds[1] < 3.2 * seconds[0] + 0.5


def test_records_behind_old_line_ends_are_read(tmp_path):
    (tmp_path / "a.txt").write_bytes(to_bytes(make_block(300), end=b"\r"))
    begun = time.process_time()
    assert ingest(tmp_path / "a.txt", tmp_path / "out").ledger["read"].tolist() == [300]
    assert time.process_time() - begun < 20


DOUBTFUL = {
    "population_impossible": lambda m: m["population_1"].__setitem__(slice(0, 30), -1234569),
    "ori_of_another_state": lambda m: m["ori7"].__setitem__(slice(0, 30), b"ZZ00000"),
    "month_impossible": lambda m: m["last_month_reported"].__setitem__(slice(0, 30), b"99"),
    "cleared_above_actual": lambda m: m.update(actual=m["cleared"], cleared=m["actual"]),
    "oris_repeated": lambda m: m["ori7"].__setitem__(slice(0, 60), m["ori7"][0]),
    "cards_not_adding_up": lambda m: m["actual"][:, :, layout.offenses().index("all_offenses")].__iadd__(1),
    "year_not_named": lambda m: m["year_of_century"].__setitem__(slice(0, 30), b"86"),
}


def run(tmp_path, block, *options, name="RETA1985.txt", out="out"):
    write(tmp_path / name, block)
    return cli.main(["ingest", str(tmp_path / name), "--out", str(tmp_path / out), "--quiet", *options])


def test_a_file_like_the_published_ones_ends_with_0(tmp_path, capsys):
    assert run(tmp_path, block_like_the_files()) == 0
    assert "holds" not in capsys.readouterr().out
    ledger = pd.read_csv(tmp_path / "out" / "ledger.csv").iloc[0]
    assert not ledger[list(checks.DOUBTS)].any() and ledger["states"] > 50 and str(ledger["years"]) == "1985"


@pytest.mark.parametrize("doubt", DOUBTFUL)
def test_what_cannot_be_is_said_and_ends_with_1(doubt, tmp_path, capsys):
    made = fields.split(block_like_the_files())
    DOUBTFUL[doubt](made)
    assert run(tmp_path, fields.join(made)) == 1
    out = capsys.readouterr().out
    assert checks.DOUBTS[doubt] in out
    assert pd.read_csv(tmp_path / "out" / "ledger.csv")[doubt].iloc[0] > 0


def test_one_record_of_another_year_is_said(tmp_path, capsys):
    made = fields.split(block_like_the_files(300))
    made["year_of_century"][7] = b"99"
    run(tmp_path, fields.join(made), name="a.txt")
    assert f"1 {checks.DOUBTS['year_of_few']}" in capsys.readouterr().out


def test_half_a_file_is_said_unless_it_is_known_to_be_a_part(tmp_path, capsys):
    block = block_like_the_files(20)
    assert run(tmp_path, block) == 1
    assert "it holds 20 states; whole files hold 40 or more" in capsys.readouterr().out
    assert run(tmp_path, block, "--part", out="out2") == 0


def test_a_file_cut_before_its_last_state_is_said_unless_it_is_known_to_be_a_part(tmp_path, capsys):
    block = block_like_the_files(60)
    order = np.argsort([row[1:3].tobytes() for row in block], kind="stable")
    names = [layout.states()[row[1:3].tobytes().decode()] for row in block[order]]
    before = min(names.index(name) for name in checks.LAST_STATES)
    assert run(tmp_path, block[order]) == 0
    assert run(tmp_path, block[order[:before]], out="out2") == 1
    assert "no record of the last state (GU or VI)" in capsys.readouterr().out
    assert run(tmp_path, block[order[:before]], "--part", out="out3") == 0


@pytest.mark.parametrize(
    ("year", "states", "early"),
    [(1985, "GU", False), (1985, "WY", True), (1962, "TX", False), (2013, "GU", True), (2013, "VI", False)],
)
def test_where_a_file_of_a_year_must_end(year, states, early):
    doubts = checks.Doubts("a")
    doubts.years.update([year])
    doubts.states.update(["AL", states])
    assert doubts.row()["ends_early"] is early


def test_offenses_exchanged_are_said(tmp_path, capsys, monkeypatch):
    made = fields.split(block_like_the_files(60))
    monkeypatch.setattr(checks, "ORDERED_FROM_RECORDS", 50)
    places = [layout.offenses().index(name) for name in checks.RARE_TO_FREQUENT]
    made["actual"][:, :, places] = [1, 3, 9, 20, 60]
    made["actual"][:, :, layout.offenses().index("all_offenses")] = 0
    made["cleared"][:] = 0
    run(tmp_path, fields.join(made))
    assert "do not rise" not in capsys.readouterr().out
    made["actual"][:, :, places] = [3, 1, 9, 20, 60]
    assert run(tmp_path, fields.join(made), out="out2") == 1
    assert "its offenses do not rise from murder to rape" in capsys.readouterr().out


def test_no_formula_reaches_the_exported_tables(tmp_path):
    write(tmp_path / "=cmd|calc.txt", make_block(5))
    ingest(tmp_path / "=cmd|calc.txt", tmp_path / "out")
    assert (tmp_path / "out" / "ledger.csv").read_text().splitlines()[1].startswith("'=cmd")


def test_two_runs_to_one_place_end_in_one_data_set(tmp_path, monkeypatch):
    file = write(tmp_path / "a.txt", make_block(5))
    inside, leave = threading.Event(), threading.Event()
    real = ingest_function.__globals__["_require_as_counted"]

    def waits(*arguments):
        inside.set()
        leave.wait(20)
        real(*arguments)

    monkeypatch.setitem(ingest_function.__globals__, "_require_as_counted", waits)
    first = threading.Thread(target=lambda: ingest(file, tmp_path / "out"))
    first.start()
    assert inside.wait(20)
    with pytest.raises(AnalysisError, match="Another run is writing"):
        ingest(file, tmp_path / "out")
    leave.set()
    first.join()
    assert rows_of(tmp_path / "out") == [5, 60, 5, 60]


def limited(arguments, *, file_size=None, cwd=None):
    """Run the command in a child that may write files of a few kilobytes only, as on a full disk."""

    def limit():
        if file_size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    return subprocess.run(
        [sys.executable, "-m", "analysis", *arguments],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        cwd=cwd,
    )


def test_a_full_disk_is_one_sentence(tmp_path):
    file = write(tmp_path / "a.txt", make_block(300))
    ended = limited(["ingest", str(file), "--out", str(tmp_path / "out"), "--quiet"], file_size=20_000)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("sanctuary: ") and "earlier outputs are as they were" in ended.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    "number", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG]
)
def test_a_place_that_cannot_be_written_is_one_sentence(number, tmp_path, monkeypatch, capsys):
    def refuses(*arguments, **named):
        raise OSError(number, os.strerror(number), str(tmp_path / "out"))

    monkeypatch.setattr("analysis.placing.tempfile.mkdtemp", refuses)
    assert run(tmp_path, make_block(5)) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and os.strerror(number) in err and str(tmp_path / "out") in err


@pytest.mark.parametrize("out", ["a.txt", "a.txt/below", "n" * 300, "/proc/nowhere/x", "with\0zero"])
def test_a_bad_out_is_one_sentence(out, tmp_path, capsys):
    file = write(tmp_path / "a.txt", make_block(5))
    place = out if out.startswith("/") else str(tmp_path / out)
    assert cli.main(["ingest", str(file), "--out", place, "--quiet"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    "address", ["nonsense", "tcp://127.0.0.1:1", "foo://x:1", "tcp://", "http://x:99999999"]
)
def test_a_bad_cluster_is_one_sentence(address, tmp_path, capsys, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("analysis.cli.cluster.PATIENCE", 1)
    file = write(tmp_path / "a.txt", make_block(5))
    arguments = ["ingest", str(file), "--out", str(tmp_path / "out"), "--quiet", "--cluster", address]
    assert cli.main(arguments) == 2
    err = capsys.readouterr().err
    assert "No cluster answers" in err or "no address of a scheduler" in err
