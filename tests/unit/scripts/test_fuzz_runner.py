"""The runner of `make fuzz` ends with its count or an error, whatever happens to it, and goes on where it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from analysis.paths import project_root

sys.path.insert(0, str(project_root()))
from scripts.fuzz import readers

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
PIECES = [(0, 0, 12), (0, 12, 20), (1, 0, 12)]


def well(piece):
    return [{"outcome": "clear", "number": number} for number in range(*piece[1:])]


def dies(piece):
    if piece[0] == 1:
        time.sleep(0.5)
        os._exit(1)
    return well(piece)


def stalls(piece):
    if piece[0] == 1:
        time.sleep(60)
    return well(piece)


def test_all_pieces_are_done_and_kept(tmp_path):
    rows = readers.run(PIECES, tmp_path / "kept", 2, well)
    assert len(rows) == 32
    assert dict(readers.read(tmp_path / "kept")) == {piece: well(piece) for piece in PIECES}


def test_what_is_kept_is_not_tried_again_and_a_cut_line_is(tmp_path):
    kept = tmp_path / "kept"
    lines = [json.dumps({"piece": piece, "rows": well(piece)[:1]}) for piece in PIECES[:2]]
    kept.write_text(lines[0] + "\n" + lines[1][:-3] + "\n")
    assert len(readers.run(PIECES, kept, 1, well)) == 1 + 8 + 12


@pytest.mark.parametrize(("work", "word"), [(dies, "died without a word"), (stalls, "Nothing was finished")])
def test_a_run_that_cannot_end_says_how_much_was_done(work, word, tmp_path, capsys):
    with pytest.raises(SystemExit, match="20 of 32 mutants tried; the first piece not done"):
        readers.run(PIECES, tmp_path / "kept", 1, work, stalled=2.0)
    assert word in capsys.readouterr().out
    assert len(readers.run(PIECES, tmp_path / "kept", 1, well)) == 32


def test_a_signal_ends_the_run_with_a_word(tmp_path):
    code = """
import pathlib, sys, time
from scripts.fuzz import readers

real = readers.run
readers.plan, readers.code_key = lambda n: [(0, 0, 12)], lambda: "test_of_signals"


def work(piece):
    time.sleep(60)


def run(pieces, kept, jobs):
    print("running", flush=True)
    return real(pieces, pathlib.Path(sys.argv[1]), jobs, work)


readers.run = run
readers.main([])
"""
    begun = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "kept")], cwd=project_root(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert begun.stdout.readline() == "running\n"
    time.sleep(1)
    begun.send_signal(signal.SIGTERM)
    _, said = begun.communicate(timeout=30)
    assert begun.returncode == 1
    assert "Stopped by SIGTERM before the end" in said


@pytest.mark.raw
def test_the_plan_holds_every_mutation_of_every_file_and_3000_mutants():
    pieces = readers.plan(3300)
    assert sum(end - first for _, first, end in pieces) >= 3000
    for number, target in enumerate(readers.fuzz_readers.targets()):
        counted = sum(end - first for n, first, end in pieces if n == number)
        assert counted >= len(readers.fuzz_readers.mutations(target))
