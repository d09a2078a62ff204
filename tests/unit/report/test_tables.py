"""Tables in four markups."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.core.result import Estimates, Sample
from analysis.report import Table, frame_table, models_table
from analysis.report.exhibits.writers import hanging
from analysis.report.prose import MIME


def estimates(values, errors, terms, n=100, df=np.inf, correction="CRV1", dropped=3):
    return Estimates(
        "ols",
        pd.DataFrame({"term": terms}),
        np.array(values, float),
        np.diag(np.square(errors)).astype(float),
        Sample(n + dropped, n, {"missing": dropped}, units=20, clusters=10),
        {"correction": correction, "df": df},
    )


@pytest.fixture
def table():
    return Table(
        ["City & place", "Rate", "Note"],
        [["A_b", "−1,203.4***", "x"], ["C", "(12.0)", "+ y"]],
        caption="A caption.",
        label="t",
        notes=["Source: here."],
        align="lrl",
        spanners=[("Both", 1, 3)],
        groups={1: "Group <two>"},
        rules=[1],
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("−1.2***", ("−1.2", "", "***")),
        ("(0.3)", ("(0.3", ")", "")),
        ("[1, 2]**", ("[1, 2", "]", "**")),
        ("12", ("12", "", "")),
        ("text)", ("text)", "", "")),
        ("", ("", "", "")),
    ],
)
def test_what_hangs(text, parts):
    assert hanging(text) == parts


def test_typst_passes_cells_as_strings(table):
    source = table.to_typst()
    assert '("+ y", "", "")' in source
    assert '("−1,203.4", "", "***")' in source
    assert '("(12.0", ")", "")' in source
    assert 'group: "Group <two>"' in source
    assert '("Both", 1, 3)' in source


def test_html_is_escaped_and_scoped(table):
    source = table.to_html()
    assert "City &amp; place" in source
    assert "Group &lt;two&gt;" in source
    assert source.count("<tr") == 5
    assert source.count('scope="col"') == 3
    assert '<span class="hang"><sup>***</sup></span>' in source


def test_markdown_keeps_every_cell(table):
    source = table._repr_markdown_()
    for text in ("A\\_b", "−1,203.4\\*\\*\\*", "(12.0)", "+ y", "A caption.", "Source: here."):
        assert text in source


def test_round_trip_through_a_notebook(table):
    stored = table._repr_mimebundle_()[MIME]["table"]
    assert Table.from_json(__import__("json").loads(__import__("json").dumps(stored))) == table


@pytest.mark.parametrize(
    "change", [{"caption": " "}, {"label": ""}, {"align": "lr"}, {"rows": [["too", "few"]]}]
)
def test_bad_tables_are_refused(change):
    good = {"columns": ["a", "b", "c"], "rows": [], "caption": "c", "label": "l"}
    with pytest.raises(ValueError):
        Table(**{**good, **change})


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_frame_table_formats_and_groups(dtype):
    frame = pd.DataFrame(
        {"region": ["N", "N", "S"], "city": ["a", "b", "c"], "n": [1000, 2, 3], "rate": [0.5, np.nan, -0.04]}
    )
    frame["region"] = frame["region"].astype(dtype)
    table = frame_table(
        frame, {"n": "count", "rate": ".1f"}, caption="c", label="l", group="region", names={"n": "Cities"}
    )
    assert table.columns == ["city", "Cities", "rate"]
    assert table.rows == [["a", "1,000", "0.5"], ["b", "2", "—"], ["c", "3", "0.0"]]
    assert table.groups == {0: "N", 2: "S"}
    assert table.align == "lrr"


def test_models_table_shows_design_and_errors():
    one = estimates([-12.34, 2.0], [6.0, 0.5], ["post", "size"], df=49)
    two = estimates([0.0123], [0.0021], ["post"], n=50, correction="HC2", dropped=0)
    table = models_table(
        [one, two], caption="c", label="l", terms={"post": "Policy", "size": "Size"}, with_stars=True
    )
    rows = {row[0]: row[1:] for row in table.rows if row[0]}
    assert rows["Policy"] == ["−12.3**", "0.0123***"]
    assert table.rows[1] == ["", "(6.0)", "(0.0021)"]
    assert rows["Size"] == ["2.0***", ""]
    assert rows["N"] == ["100", "50"]
    assert rows["Clusters"] == ["10", "10"]
    assert rows["Rows dropped"] == ["3", "0"]
    assert rows["Degrees of freedom"] == ["49", "∞"]
    assert rows["Correction"] == ["CRV1", "HC2"]
    assert table.rules == [4]
    assert "Standard errors in parentheses" in table.notes[-1] and "0.05" in table.notes[-1]


def test_models_table_with_intervals():
    table = models_table(
        [estimates([1.0], [0.5], ["post"])], caption="c", label="l", statistic="interval", decimals=2
    )
    assert table.rows[1] == ["", "[0.02, 1.98]"]
    assert "95%" in table.notes[-1]


def test_models_table_joins_several_keys():
    result = Estimates(
        "group_time",
        pd.DataFrame({"cohort": [2004, 2006], "time": [2005, 2007]}),
        np.array([1.0, 2.0]),
        np.eye(2),
        Sample(4, 4),
        {"correction": "none", "df": np.inf},
    )
    table = models_table([result], caption="c", label="l")
    assert [row[0] for row in table.rows if re.match(r"\d", row[0])] == ["2004, 2005", "2006, 2007"]


def test_columns_of_long_texts_share_the_line_and_short_tables_keep_their_width(table):
    assert set(widths(table)) == {"auto"}
    long = replace(table, rows=[["A claim " * 24, *row[1:]] for row in table.rows])
    first, *others = widths(long)
    assert first.endswith("fr") and set(others) == {"auto"}


def widths(table):
    (found,) = re.findall(r"widths: \(([^)]*)\)", table.to_typst())
    return [width.strip() for width in found.split(",") if width.strip()]
