"""The command ``sanctuary policies``."""

from __future__ import annotations

import shutil

import pytest

from analysis.cli import main
from analysis.paths import policies_dir


def test_check_says_nothing_fatal_of_the_committed_list(capsys):
    assert main(["policies", "check", "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("0 errors")


def test_check_names_file_and_row_and_exits_with_1(tmp_path, capsys):
    copy = shutil.copytree(policies_dir(), tmp_path / "policies")
    place = copy / "rows" / "AK.csv"
    place.write_text(place.read_text("utf-8").replace("AK0010100", "AK0010200"), "utf-8")
    assert main(["policies", "check", "--list", str(copy), "--quiet"]) == 1
    told = capsys.readouterr().out
    assert "rows/AK.csv, row 2: ori AK0010200" in told


def test_show_prints_history_and_standing(capsys):
    assert main(["policies", "show", "Seattle, WA"]) == 0
    told = capsys.readouterr().out
    assert "city-5363000" in told and "status_inquiry" in told and "http" in told


def test_a_place_without_a_row_is_said_to_have_none(capsys):
    assert main(["policies", "show", "Eugene, OR"]) == 0
    assert "nothing" in capsys.readouterr().out


def test_diff_of_a_folder_with_itself_finds_nothing(tmp_path, capsys):
    copy = shutil.copytree(policies_dir(), tmp_path / "policies")
    assert main(["policies", "diff", str(copy)]) == 0
    assert capsys.readouterr().out.rstrip().endswith("nothing")


def test_diff_with_no_such_commit_is_refused(capsys):
    assert main(["policies", "diff", "no-such-commit"]) == 2
    assert "neither a folder nor a commit" in capsys.readouterr().err


ADDED = [
    *["--place", "Lincoln", "--state", "NE", "--policy-type", "both", "--instrument", "ordinance 1"],
    *["--adopted", "2011-05", "--confidence", "high", "--source-url", "https://www.aclu.org/x"],
]


def test_add_shows_the_row_it_would_write(capsys):
    before = (policies_dir() / "rows").iterdir()
    names = sorted(p.name for p in before)
    assert main(["policies", "add", *ADDED, "--dry-run"]) == 0
    assert "geoid: 3128000" in capsys.readouterr().out
    assert sorted(p.name for p in (policies_dir() / "rows").iterdir()) == names


def test_add_with_nobody_to_ask_is_refused(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["policies", "add", *ADDED[2:]]) == 2
    assert "Nobody to ask" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["chek", ""])
def test_an_unknown_word_is_refused(word):
    with pytest.raises(SystemExit) as caught:
        main(["policies", *([word] if word else [])])
    assert caught.value.code == 2
