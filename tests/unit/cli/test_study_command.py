"""`sanctuary study`: the same study from CSV, Parquet and Excel; a diagnosis is exit code 1."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.cli import main
from analysis.estimators import StaggeredReport, staggered_report

COLUMNS = ["--outcome", "y", "--unit", "unit", "--time", "year", "--adopted", "first", "--refits", "1"]


@pytest.fixture
def frame():
    draw = np.random.default_rng(3)
    frame = pd.DataFrame({"unit": range(40), "first": np.resize([0, 2003, 2005], 40)})
    frame = frame.merge(pd.DataFrame({"year": range(2000, 2008)}), how="cross")
    return frame.assign(
        y=draw.normal(size=len(frame)) + (frame["first"].gt(0) & frame["year"].ge(frame["first"]))
    )


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".xlsx"])
def test_a_file_is_studied(frame, tmp_path, capsys, ending):
    path = tmp_path / f"panel{ending}"
    {".csv": frame.to_csv, ".parquet": frame.to_parquet, ".xlsx": frame.to_excel}[ending](path, index=False)
    out = tmp_path / "out"
    assert main(["study", str(path), *COLUMNS, "--out", str(out)]) == 0
    expected = staggered_report(frame, outcome="y", unit="unit", time="year", adopted="first", refits=1)
    assert expected.paragraph in capsys.readouterr().out
    assert StaggeredReport.load(out / "result.npz").paragraph == expected.paragraph
    assert {"study.pdf", "study.html", "study.txt", "event_study.csv"} <= {p.name for p in out.iterdir()}
    table = pd.read_csv(out / "average_effect_by_estimator.csv")
    assert table["estimate"][0] == pytest.approx(float(expected.overall.estimate[0]), rel=1e-12)
    assert not [p.name for p in out.iterdir() if p.name.startswith(".")]


def test_a_bad_panel_is_a_diagnosis_and_exit_code_one(frame, tmp_path, capsys):
    frame.assign(first=0).to_csv(tmp_path / "panel.csv", index=False)
    assert main(["study", str(tmp_path / "panel.csv"), *COLUMNS, "--out", str(tmp_path / "out")]) == 1
    assert "No unit is ever treated" in capsys.readouterr().out
    assert "No unit is ever treated" in (tmp_path / "out" / "study.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", None, "no such file"),
        ("panel.dta", b"x", "none that is read"),
        ("p.parquet", b"x", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_message(tmp_path, capsys, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main(["study", str(tmp_path / name), *COLUMNS, "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_missing_column_is_one_message(frame, tmp_path, capsys):
    frame.drop(columns="first").to_csv(tmp_path / "panel.csv", index=False)
    assert main(["study", str(tmp_path / "panel.csv"), *COLUMNS, "--out", str(tmp_path / "out")]) == 2
    assert "no column ['first']" in capsys.readouterr().err
