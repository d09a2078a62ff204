"""Panels that were changed, mixed or half written on disk: refused in words, by loading and by the doctor."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import cli
from analysis.errors import AlteredFileError, AnalysisError, MissingFileError
from analysis.panels import build, declared, rates, store, sums
from analysis.panels.columns import panel_model
from analysis.panels.panel import Built, Panel, in_order

RATE = {"homicide_per_100k": ("homicide", "population", 1e5)}
MODEL = panel_model("Small", ["ori", "year"], keys=["ori", "year"])


def frame(rows=3):
    numbers = {"homicide": range(rows), "population": [200_000] * rows}
    columns = {name: pd.array(list(values), dtype="Int64") for name, values in numbers.items()}
    keys = {"ori": [f"AA{k:07d}" for k in range(rows)], "year": range(2000, 2000 + rows)}
    return store.add_rates(pd.DataFrame(keys | columns), RATE)


def write(directory, name="base", rows=3, inputs=()):
    keys = ["ori", "year"]
    return store.write_panel(name, frame(rows), keys=keys, inputs=inputs, dropped={}, directory=directory)


@pytest.fixture
def panels(tmp_path, monkeypatch):
    """A directory with panel `base` and panel `upper` made of it."""
    place = tmp_path / "processed"
    monkeypatch.setenv("ANALYSIS_PROCESSED_DIR", str(place))
    monkeypatch.setattr(rates, "_RATES", {"base": RATE, "upper": RATE})
    write(place)
    write(place, "upper", inputs=["base"])
    return place


def change(place, **fields):
    path = place / "base.manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return path


def test_what_was_written_is_loaded(panels):
    for name in ("base", "upper"):
        pd.testing.assert_frame_equal(store.load(name), frame(), check_exact=True)
    assert store.manifest_of("upper")["inputs"] == {"base": store.sha256_of(panels / "base.parquet")}
    assert sorted(sums.read_sums(panels)) == sorted(path.name for path in sums.listed(panels))


EDITS = {
    "base of a rate": {"rates": {"homicide_per_100k": ["homicide", "population", 1e6]}},
    "numerator of a rate": {"rates": {"homicide_per_100k": ["population", "population", 1e5]}},
    "rows": {"rows": 7},
    "columns": {"columns": {"ori": "str"}},
    "types": {"columns": {"ori": "str", "year": "float64"}},
    "inputs": {"inputs": {}},
}


@pytest.mark.parametrize("fields", EDITS.values(), ids=EDITS)
def test_an_edited_manifest_is_refused(panels, fields):
    change(panels, **fields)
    with pytest.raises(AlteredFileError, match=r"base.manifest.json is not the file of SHA256SUMS"):
        store.load("base")


@pytest.mark.parametrize("fields", list(EDITS.values())[2:5], ids=list(EDITS)[2:5])
def test_a_wrong_manifest_is_refused_even_where_listed(panels, fields):
    change(panels, **fields)
    sums.write_sums(panels)
    with pytest.raises(AlteredFileError, match=r"Panel base has (3 rows|other columns|column year)"):
        store.load("base")


def test_no_file_can_change_a_rate(panels):
    change(panels, rates={"homicide_per_100k": ["homicide", "population", 1e6]})
    sums.write_sums(panels)
    assert store.load("base")["homicide_per_100k"].tolist() == [0.0, 0.5, 1.0]


DAMAGES = {
    "empty": b"",
    "cut": b'{"panel": "base", "keys": ["ori", ',
    "no utf-8": b"\xff\xfe{}",
    "a list": b"[1, 2]",
    "a number": b"7",
    "no digest": b'{"panel": "base"}',
    "deep": b"[" * 100_000,
    "of another": None,
    "null": b"null",
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_manifest_is_a_clear_error(panels, content, capsys, monkeypatch):
    content = (panels / "upper.manifest.json").read_bytes() if content is None else content
    (panels / "base.manifest.json").write_bytes(content)
    monkeypatch.setattr(build, "PANELS", {"base": None, "upper": None})
    for act in (lambda: store.manifest_of("base"), lambda: store.load("base")):
        with pytest.raises(AlteredFileError, match="base") as raised:
            act()
        assert raised.value.remedy
    assert cli.main(["doctor"]) == 1
    assert "panel base" in capsys.readouterr().out
    with pytest.raises(AnalysisError):
        build.write_rows_by_year(panels)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"0" * 64 + b"  ../x.parquet\n", b"\xff\n"])
def test_a_damaged_list_is_a_clear_error(panels, content):
    (panels / "SHA256SUMS").write_bytes(content)
    with pytest.raises(AlteredFileError, match=r"SHA256SUMS|damaged"):
        store.load("base")
    (panels / "SHA256SUMS").unlink()
    with pytest.raises(MissingFileError, match="digests is missing"):
        store.load("base")


@pytest.mark.parametrize("step", range(0, 4000, 211))
def test_a_flipped_bit_is_refused(panels, step):
    path = panels / "base.parquet"
    data = bytearray(path.read_bytes())
    data[step % len(data)] ^= 1 << (step % 8)
    path.write_bytes(data)
    with pytest.raises(AlteredFileError, match=r"base\.parquet is not the file"):
        store.load("base")


def test_panels_of_two_builds_are_refused(panels):
    write(panels, rows=2)
    assert len(store.load("base")) == 2
    with pytest.raises(AlteredFileError, match="upper was made of another base"):
        store.load("upper")
    assert len(store.load("upper", of_today=False)) == 3


def test_the_doctor_walks_the_chain(panels, capsys, monkeypatch):
    monkeypatch.setattr(build, "PANELS", {"base": None, "upper": None})
    cli.main(["doctor"])
    assert "ok       panel upper: 3 rows, listed, and made of today's sources" in capsys.readouterr().out
    write(panels, rows=2)
    assert cli.main(["doctor"]) == 1
    assert "MISSING  panel upper: Panel upper was made of another base" in capsys.readouterr().out
    (panels / "stray.parquet").write_bytes(b"x")
    cli.main(["doctor"])
    assert "MISSING  SHA256SUMS: stray.parquet not as listed" in capsys.readouterr().out


def test_the_doctor_holds_inputs_against_the_registry(panels, capsys, monkeypatch):
    monkeypatch.setattr(build, "PANELS", {"base": None})
    path = change(panels, inputs={"nchs/NCHSURCodes2013.csv": "0" * 64})
    sums.write_sums(panels, [path.name])
    assert cli.main(["doctor"]) == 1
    assert "made of another nchs/NCHSURCodes2013.csv than the registered one" in capsys.readouterr().out


def test_an_unknown_input_is_refused(panels):
    with pytest.raises(MissingFileError, match="neither a registered file nor a panel"):
        write(panels, "third", inputs=["nothing"])


def test_each_panel_comes_after_what_it_needs_and_nothing_else_does():
    order = in_order(declared.PANELS, declared.PANELS)
    assert sorted(order) == sorted(declared.PANELS)
    for name in declared.PANELS:
        assert all(order.index(need) < order.index(name) for need in declared.PANELS[name].needs)
    assert in_order(declared.PANELS, ["secure_communities"]) == ["secure_communities"]
    assert in_order(declared.PANELS, ["place_year"]) == ["series_breaks", "city_year", "places", "place_year"]


def test_every_rate_is_a_column_of_its_model():
    for name, found in rates._RATES.items():
        columns = list(declared.PANELS[name].model.to_schema().columns)
        for rate, (count, population, base) in found.items():
            assert rate in columns and count in columns and population in columns
            assert rate == f"{count}_per_100k" and base == 1e5


@pytest.fixture
def three(tmp_path, monkeypatch):
    """Three declared panels, `top` made of `base`, and a list of those that were built."""
    monkeypatch.setenv("ANALYSIS_PROCESSED_DIR", str(tmp_path / "processed"))
    monkeypatch.setattr(rates, "_RATES", {})
    built, rows = [], {"base": 3, "top": 3, "apart": 3}

    def builder(name, inputs=()):
        def make(materials):
            built.append(name)
            return Built(frame(rows[name])[["ori", "year"]], inputs)

        return make

    made = {
        "base": Panel("base", MODEL, builder("base")),
        "top": Panel("top", MODEL, builder("top", ["base"]), needs=("base",)),
        "apart": Panel("apart", MODEL, builder("apart")),
    }
    monkeypatch.setattr(build, "PANELS", made)
    return tmp_path / "processed", built, rows


def data(*only):
    return cli.main(["data", "--no-fetch", "--quiet", *(["--only", *only] if only else [])])


def test_only_builds_what_is_needed(three):
    _, built, _ = three
    assert data("apart") == 0 and built == ["apart"]
    built.clear()
    assert data("top") == 0 and built == ["base", "top"]
    assert len(store.load("top")) == 3


def test_only_refuses_to_mix_builds(three, capsys):
    place, _, rows = three
    assert data() == 0
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    rows["base"] = 2
    assert data("top") == 2
    assert "Panel base is needed, and is not what the published files give now" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert data("base", "top") == 0 and len(store.load("top")) == 3


def test_an_unknown_name_is_refused_before_anything_is_fetched(three, capsys, monkeypatch):
    monkeypatch.setattr("analysis.cli.data._fetch", lambda quiet: pytest.fail("fetched"))
    assert cli.main(["data", "--quiet", "--only", "nothing"]) == 2
    assert "No panel is named nothing" in capsys.readouterr().err


def test_arrow_types_are_compared(panels):
    path = panels / "base.parquet"
    table = pq.read_table(path)
    pq.write_table(table.set_column(1, "year", table["year"].cast(pa.float64())), path)
    sums.write_sums(panels, [path.name])
    with pytest.raises(AlteredFileError, match="column year of type float64, not the int64"):
        store.load("base")
