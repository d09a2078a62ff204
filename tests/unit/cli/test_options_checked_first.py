"""Options that cannot be are refused with exit code 2 before any work."""

from __future__ import annotations

import shutil

import pytest

from analysis.cli import main
from analysis.paths import policies_dir


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--jobs", "0"],
        ["report", "--jobs", "-1"],
        ["report", "--jobs", "two"],
        ["notebooks", "--jobs", "0"],
        ["report", "--only", "13", "--out", "/proc/x"],
        ["export", "--out", "/proc/x"],
        ["archive", "--out", "/proc/x"],
        ["notebooks", "--keep", "/proc/x"],
        ["site", "--out", "/proc/x"],
        ["ingest", "file", "--jobs", "0"],
        ["multiverse", "--jobs", "-1"],
    ],
)
def test_a_wrong_option_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2 and "error: argument" in capsys.readouterr().err


def test_a_file_is_no_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as caught:
        main(["report", "--out", str(tmp_path / "file")])
    assert caught.value.code == 2 and "not a folder" in capsys.readouterr().err


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0 and "sanctuary-crime" in capsys.readouterr().out


def test_a_list_that_is_not_there_is_refused_before_work(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["report", "--policies", str(tmp_path / "no.csv"), "--out", str(out)]) == 2
    assert "No such list" in capsys.readouterr().err and not out.exists()


def test_the_template_is_printed(capsys):
    assert main(["report", "--template"]) == 0
    assert capsys.readouterr().out.startswith("place,state,adopted")


def test_a_list_edited_since_the_panels_were_made_is_refused(tmp_path, monkeypatch, capsys):
    copy = shutil.copytree(policies_dir(), tmp_path / "policies")
    place = copy / "rows" / "AK.csv"
    place.write_text(place.read_text("utf-8").replace(",high,", ",medium,"), "utf-8")
    monkeypatch.setattr("analysis.panels.policies.write.policies_dir", lambda: copy)
    assert main(["report", "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "rows/AK.csv" in told and "sanctuary policies build" in told
