"""Panels as files: the same values in every format, metadata that validate, and refusals before work."""

from __future__ import annotations

import json
import sqlite3
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis import panels
from analysis.cli import main
from analysis.errors import AnalysisError, LayoutError, MissingFileError
from analysis.panels import catalog
from analysis.panels.export import formats
from analysis.panels.export.write import export
from analysis.panels.rates import rates_of
from analysis.panels.store import load, manifest_of

ONLY = ("policies", "state_year", "state_bans")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("export")
    for module in ("duckdb", "xlsxwriter", "openpyxl"):
        pytest.importorskip(module)
    return out, export(out, formats=list(formats.FORMATS), only=ONLY)


def same(other: pd.DataFrame, name: str, digits: float = 0.0) -> None:
    """Whether a file holds the panel, floats to the bit or (Excel keeps 16 digits) to a relative difference."""
    ours = load(name)
    assert list(other.columns) == list(ours.columns) and len(other) == len(ours)
    for column in ours:
        mine, theirs = ours[column], other[column]
        assert mine.isna().tolist() == theirs.isna().tolist(), column
        if pd.api.types.is_numeric_dtype(mine) and not pd.api.types.is_bool_dtype(mine):
            left, right = mine.dropna().astype(float), theirs.dropna().astype(float)
            assert ((left - right).abs() <= digits * left.abs()).all() and len(left) == len(right), column
        else:
            assert mine.dropna().astype(str).tolist() == theirs.dropna().astype(str).tolist(), column


def codes(name):
    return {column: str for column, dtype in manifest_of(name)["columns"].items() if "str" in dtype}


@pytest.mark.parametrize("name", ONLY)
def test_csv_parquet_and_excel_hold_the_panel_with_its_rates(made, name):
    out, _ = made
    assert set(rates_of(name)) <= set(load(name).columns)
    same(pd.read_csv(out / "csv" / f"{name}.csv", dtype=codes(name)), name)
    same(pd.read_parquet(out / "parquet" / f"{name}.parquet"), name)
    same(pd.read_excel(out / "xlsx" / f"{name}.xlsx", dtype=codes(name), engine="openpyxl"), name, 1e-15)


def test_the_databases_hold_the_panels_and_the_codebook(made):
    import duckdb

    out, _ = made
    with duckdb.connect(str(out / "panels.duckdb"), read_only=True) as base:
        same(base.execute("SELECT * FROM state_year").df(), "state_year")
        told = "SELECT comment FROM duckdb_columns() WHERE table_name = 'state_year' AND comment IS NULL"
        assert not base.execute(told).fetchall()
    base = sqlite3.connect(out / "panels.sqlite")
    tables = {name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {*ONLY, "codebook"}
    (total,) = base.execute("SELECT sum(homicide_estimated) FROM state_year").fetchone()
    assert total == load("state_year")["homicide_estimated"].sum()
    base.close()


def test_parquet_says_what_each_column_is(made):
    out, _ = made
    for field in pq.read_schema(out / "parquet" / "state_year.parquet"):
        assert field.metadata[b"description"] and field.metadata[b"unit"]


def test_both_kinds_of_metadata_validate_and_notice_a_spoilt_file(made, tmp_path):
    frictionless, croissant = pytest.importorskip("frictionless"), pytest.importorskip("mlcroissant")
    out, _ = made
    report = frictionless.validate(str(out / "datapackage.json"))
    assert report.valid, report.flatten(["type", "message"])[:3]
    dataset = croissant.Dataset(str(out / "croissant.json"))
    assert not dataset.metadata.issues.errors
    assert len(list(dataset.records(record_set="state_bans"))) == len(load("state_bans"))
    package = json.loads((out / "datapackage.json").read_text("utf-8"))
    place = out / package["resources"][0]["path"]
    good = place.read_bytes()
    place.write_bytes(good + good.splitlines()[-1] + b"\n")
    assert not frictionless.validate(str(out / "datapackage.json")).valid
    place.write_bytes(good)


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingFileError, match=r"XlsxWriter.*\[export\]"):
        export(tmp_path, formats=["xlsx"], only=["state_bans"])
    assert not [p for p in tmp_path.iterdir() if not p.name.startswith(".")]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--format", "cvs"], "csv, xlsx"),
        (["--only", "citys"], "city_year"),
        (["--only", "polices"], "Did you mean policies"),
    ],
)
def test_wrong_words_are_refused_before_work(tmp_path, capsys, options, told):
    assert main(["export", *options, "--out", str(tmp_path / "new")]) == 2
    assert told in capsys.readouterr().err and not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AnalysisError, match="cannot be written"):
        export(tmp_path / "file" / "out", only=["state_bans"])


def test_every_column_of_every_panel_is_described():
    for name in panels.list()["panel"]:
        told = panels.describe(name)
        assert told["column"].tolist() == list(manifest_of(name)["columns"])
        assert told[["unit", "meaning"]].ne("").all().all(), name
        assert told.loc[told["is_key"], "column"].tolist() == manifest_of(name)["keys"] or set(
            told.loc[told["is_key"], "column"]
        ) == set(manifest_of(name)["keys"])


def test_a_column_may_mean_something_else_in_one_panel():
    assert catalog.definition("agencies").meaning != catalog.definition("agencies", "multiverse").meaning


def test_frames_carry_units():
    frame = panels.load("state_year")
    assert frame.attrs["units"]["homicide_estimated_per_100k"] == "per 100,000 residents"
    assert frame.attrs["keys"] == manifest_of("state_year")["keys"]
    with pytest.raises(LayoutError, match=r"Did you mean .*There are: city_year"):
        panels.load("cities")
