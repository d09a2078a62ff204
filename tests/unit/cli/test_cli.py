"""The command: help worth reading, one message and exit code 2, earlier outputs left alone."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from analysis import cli
from analysis.errors import LayoutError, MissingFileError
from analysis.panels import build as panels_build
from analysis.panels.columns import panel_model
from analysis.panels.store import write_panel

COMMANDS = ("data", "ingest", "multiverse", "verify", "report", "notebooks", "doctor")


def told(capsys):
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--help"])
    out, _ = told(capsys)
    assert stopped.value.code == 0
    assert all(f"  {name}" in out for name in COMMANDS)
    assert "Exit codes" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_says_what_and_how(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([command, "--help"])
    out, _ = told(capsys)
    assert stopped.value.code == 0
    assert len(out.splitlines()) > 6 and f"sanctuary {command}" in out
    assert "==SUPPRESS==" not in out


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["report", "--nonsense"]])
def test_wrong_use_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert "usage: sanctuary" in told(capsys)[1]


def test_python_m_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "analysis", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("usage: sanctuary")


def test_unknown_notebook_is_one_message(capsys):
    assert cli.main(["report", "--only", "99"]) == 2
    out, err = told(capsys)
    assert out == "" and err.count("\n") == 1
    assert err.startswith("sanctuary: No notebook is named 99.") and "There are: 00_" in err


def test_unknown_panel_is_one_message(capsys):
    assert cli.main(["data", "--no-fetch", "--quiet", "--only", "nothing"]) == 2
    assert "No panel is named nothing" in told(capsys)[1]


@pytest.fixture
def two_panels(tmp_path, monkeypatch):
    """A processed directory with panel `a`, and builders of `a` and `b` that tests may replace."""
    place = tmp_path / "processed"
    monkeypatch.setenv("ANALYSIS_PROCESSED_DIR", str(place))
    frame = pd.DataFrame({"ori": ["AA0000001", "AA0000002"], "year": [2000, 2001]})
    write_panel("a", frame, keys=["ori"], inputs=[], dropped={}, directory=place)
    model = panel_model("Small", ["ori", "year"], keys=["ori"])

    def built(rows):
        return lambda materials: panels_build.Built(frame.head(rows), [])

    builders = {"a": built(1), "b": built(2)}
    panels = {n: panels_build.Panel(n, model, lambda m, n=n: builders[n](m)) for n in builders}
    monkeypatch.setattr(panels_build, "PANELS", panels)
    return place, builders


def bytes_of(directory):
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_data_replaces_all_panels_together(two_panels, capsys):
    directory, _ = two_panels
    before = bytes_of(directory)
    assert cli.main(["data", "--no-fetch", "--quiet"]) == 0
    after = bytes_of(directory)
    assert set(after) == {*before, "b.parquet", "b.manifest.json", "rows_by_year.csv"}
    assert [path.name for path in directory.parent.iterdir()] == ["processed"]
    assert after["a.parquet"] != before["a.parquet"]
    assert after["rows_by_year.csv"].decode().splitlines() == [
        "panel,year,rows",
        "a,2000,1",
        "b,2000,1",
        "b,2001,1",
    ]


@pytest.mark.parametrize(
    "error",
    [
        MissingFileError("A published file is missing.", where="x.xls", remedy="Get it."),
        LayoutError("Sheet has 3 columns, not 14.", where="x.xls, row 7", remedy="It is another table."),
    ],
)
def test_data_that_fails_changes_nothing(two_panels, capsys, error):
    directory, builders = two_panels
    before = bytes_of(directory)

    def fails(materials):
        raise error

    builders["b"] = fails
    assert cli.main(["data", "--no-fetch", "--quiet"]) == 2
    _, err = told(capsys)
    assert err == f"sanctuary: {error}\n" and error.where in err and error.remedy in err
    assert bytes_of(directory) == before


def test_only_named_panels_are_written(two_panels):
    directory, _ = two_panels
    before = bytes_of(directory)
    assert cli.main(["data", "--no-fetch", "--quiet", "--only", "b"]) == 0
    after = bytes_of(directory)
    assert after["a.parquet"] == before["a.parquet"] and "b.parquet" in after


def test_an_unforeseen_error_is_not_swallowed(two_panels):
    def breaks(materials):
        raise ZeroDivisionError

    two_panels[1]["a"] = breaks
    with pytest.raises(ZeroDivisionError):
        cli.main(["data", "--no-fetch", "--quiet"])


def test_stopping_says_so(two_panels, capsys):
    def stops(materials):
        raise KeyboardInterrupt

    two_panels[1]["a"] = stops
    assert cli.main(["data", "--no-fetch", "--quiet"]) == 130
    assert "earlier outputs are as they were" in told(capsys)[1]


def test_doctor_names_families_and_where_to_read(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ANALYSIS_RAW_DIR", str(tmp_path))
    code = cli.main(["doctor"])
    out, _ = told(capsys)
    assert "published files, fbi_table8: 26 of 26 absent" in out
    assert "data/raw/README.md" in out and str(tmp_path) in out
    assert "panel city_year" in out and "pandoc" in out and "fonts" in out
    assert code == (0 if "`sanctuary report` can run" in out else 1)


def test_doctor_sees_a_changed_panel(two_panels, capsys):
    directory, _ = two_panels
    (directory / "a.parquet").write_bytes(b"changed")
    assert cli.main(["doctor"]) == 1
    out, _ = told(capsys)
    assert "MISSING  panel a: a.parquet is not the file of SHA256SUMS" in out
    assert "`sanctuary report` cannot run yet" in out


def test_doctor_sees_a_truncated_published_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ANALYSIS_RAW_DIR", str(tmp_path))
    (tmp_path / "nchs").mkdir()
    (tmp_path / "nchs/NCHSURCodes2013.csv").write_bytes(b"short")
    cli.main(["doctor"])
    assert "published files, nchs: 1 altered (first: nchs/NCHSURCodes2013.csv)" in told(capsys)[0]


@pytest.fixture
def one_claim(monkeypatch):
    """`sanctuary verify` with findings a test may set, against the claims of the package."""
    from analysis.cli import verify
    from analysis.studies.published import verdicts

    found: list[dict] = []
    monkeypatch.setattr(verify, "_findings", lambda: found)
    accepted = pd.DataFrame(columns=["claim", "study", "verdict", "note"])
    monkeypatch.setattr(verdicts, "committed", lambda: accepted)
    return found, accepted


def test_verify_prints_the_tally_and_sees_what_moved(one_claim, capsys):
    from analysis.studies.published.claims import TABLES, VERDICTS, claims

    assert cli.main(["verify"]) == 1
    out, err = told(capsys)
    assert all(verdict in out for verdict in VERDICTS)
    assert err.count("moved: ") == len(claims(*TABLES))


def test_verify_is_quiet_when_nothing_moved(one_claim, monkeypatch, capsys):
    from analysis.studies.published import verdicts
    from analysis.studies.published.claims import TABLES, claims, compare

    today = compare(claims(*TABLES), {})
    monkeypatch.setattr(verdicts, "committed", lambda: today)
    assert cli.main(["verify", "--all"]) == 0
    out, err = told(capsys)
    assert err == "" and all(name in out for name in claims(*TABLES))
