"""The one guarded reader: whatever is wrong with a file is one error that names it; parsers of others' files are bounded."""

from __future__ import annotations

import copy
import gzip
import zipfile

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError, LayoutError
from analysis.sources.registry import tables, totals

TOPOLOGY = {
    "type": "Topology",
    "transform": {"scale": [0.1, 0.1], "translate": [-100, 30]},
    "arcs": [[[0, 0], [10, 0], [0, 10], [-10, -10]]],
    "objects": {"states": {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "arcs": [[0]]}]}},
}


def workbook(path, values=((1, "a"), (2, "b"))):
    pd.DataFrame(values).to_excel(path, header=False, index=False, engine="openpyxl")
    return path


def edited(path, old, new):
    """Rewrite the first sheet of a workbook with one text in place of another."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in members[sheet]
    members[sheet] = members[sheet].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_workbook_of_ones_own_is_read_in_a_child_as_it_would_be_here(tmp_path):
    path = workbook(tmp_path / "mine.xlsx")
    assert tables.read_cells(path).tolist() == tables.cells_of(path).tolist() == [[1, "a"], [2, "b"]]


def test_a_cell_at_the_far_corner_cannot_take_the_memory_of_this_process(tmp_path, monkeypatch):
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    path = edited(workbook(tmp_path / "far.xlsx"), b"</sheetData>", far)
    monkeypatch.setattr(tables, "cells_of", lambda _: pytest.fail("parsed in this process"))
    with pytest.raises(LayoutError, match=r"far\.xlsx"):
        tables.read_cells(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 no archive", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)]
)
def test_what_is_no_workbook_is_refused(content, tmp_path):
    path = tmp_path / "wrong.xls"
    path.write_bytes(content)
    with pytest.raises(LayoutError) as caught:
        tables.read_cells(path)
    assert caught.value.where and caught.value.remedy


def test_a_child_that_does_not_end_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "CHILD_PATIENCE", 0.01)
    with pytest.raises(LayoutError, match=r"not read in 0\.01 seconds"):
        tables.read_cells(workbook(tmp_path / "slow.xlsx"))


def test_a_panic_of_a_parser_is_an_error_and_a_stop_is_a_stop():
    panic = type("PanicException", (BaseException,), {})
    with pytest.raises(LayoutError, match="PanicException"), tables.reading("file"):
        raise panic("index out of range")
    with pytest.raises(KeyboardInterrupt), tables.reading("file"):
        raise KeyboardInterrupt
    with pytest.raises(AnalysisError, match="as it is"), tables.reading("file"):
        raise AnalysisError("as it is")


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,\0\n",
        "a,b\n1,\u00e9\n".encode("latin-1"),
        b"",
        b"a,b\n1,2,3,4\n1\n",
        b'a,b\n"1,2\n',
        b"\x1f\x8b\x08 cut",
    ],
)
def test_a_table_that_is_none_is_refused_by_name(content, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(LayoutError) as caught:
        tables.read_table("family/table.csv", path=path)
    assert "family/table.csv" in str(caught.value) and caught.value.remedy


def test_a_packed_table_is_read(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,NA\n"))
    read = tables.read_table("table", path=path, blanks=True)
    assert read.to_dict("list") == {"a": ["1"], "b": ["NA"]}
    assert tables.read_table("table", path=path)["b"].isna().all()


def spoil(change):
    content = copy.deepcopy(TOPOLOGY)
    change(content)
    return content


TOPOLOGIES = {
    "no transform": lambda t: t.pop("transform"),
    "a scale that is no number": lambda t: t["transform"].update(scale=[float("nan"), 1]),
    "a scale below zero": lambda t: t["transform"].update(scale=[-0.1, 0.1]),
    "three scales": lambda t: t["transform"].update(scale=[1, 1, 1]),
    "an empty arc": lambda t: t["arcs"].__setitem__(0, []),
    "a word in an arc": lambda t: t["arcs"][0].__setitem__(0, ["x", 1]),
    "a point of three": lambda t: t["arcs"][0].__setitem__(0, [1, 1, 1]),
    "an arc that is not there": lambda t: t["objects"]["states"]["geometries"][0].update(arcs=[[7]]),
    "no objects": lambda t: t.pop("objects"),
}


def test_a_whole_topology_passes():
    tables.require_topology(TOPOLOGY, "file")


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_a_damaged_topology_never_reaches_the_library_that_hangs_on_it(name):
    with pytest.raises(LayoutError):
        tables.require_topology(spoil(TOPOLOGIES[name]), "file")


FRAME = pd.DataFrame(
    {"rape": [3, 1, 4, 1], "assault": [5, 9, 2, 6], "name": list("abcd"), "rate": [0.5, np.nan, 0.25, 0.125]}
)
CHANGES = {
    "columns exchanged": lambda f: f.assign(rape=f["assault"], assault=f["rape"]),
    "a column shifted by a row": lambda f: f.assign(assault=np.roll(f["assault"], 1)),
    "a column times ten": lambda f: f.assign(assault=10 * f["assault"]),
    "rows exchanged": lambda f: f.iloc[[1, 0, 2, 3]].reset_index(drop=True),
    "a row lost": lambda f: f.iloc[:-1],
    "a row doubled": lambda f: pd.concat([f, f.iloc[-1:]], ignore_index=True),
    "a value taken for missing": lambda f: f.assign(rate=f["rate"].where(f["rate"].ne(0.25))),
    "a word exchanged": lambda f: f.assign(name=list("abdc")),
    "a column lost": lambda f: f.drop(columns="rate"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_control_totals_see_what_no_bound_on_single_values_can(name, monkeypatch):
    registered = {"read": (len(FRAME), {column: totals.totals_of(FRAME[column]) for column in FRAME})}
    monkeypatch.setattr(totals, "registered", lambda: registered)
    totals.require_totals(FRAME.copy(), "read", "file")
    with pytest.raises(LayoutError) as caught:
        totals.require_totals(CHANGES[name](FRAME), "read", "file")
    assert caught.value.where == "file" and caught.value.remedy
