"""The pages' parts: the answer's words, the cut into chapters, links and requests, references in a notebook."""

from __future__ import annotations

import os
import runpy
import threading
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from analysis.report.build import pages
from analysis.report.build.exhibit_files import table_csv
from analysis.report.exhibits.drawn import drawn_data
from analysis.report.exhibits.tables import Table
from analysis.report.prose import resolved
from analysis.report.site import build, checks, front_page, reference, tools


def _row(low: float, high: float, percent: float = 3.0) -> dict:
    return {
        "key": "status", "outcome": "violent_without_rape", "used": 38, "percent": percent,
        "percent_low": low, "percent_high": high, "detectable_share": 0.16, "margin_share": 0.13,
    }  # fmt: skip


def test_the_answer_s_words_follow_the_interval():
    both = front_page.answer(_row(-4.5, 20.9))
    assert "3.0% above" in both and "−4.5% to +20.9%" in both
    assert "neither a rise nor a fall" in both and "does not establish that nothing changed" in both
    doubted = front_page.answer(_row(-4.5, 20.9) | {"tests": "fail"})
    assert "tests on the years before adoption do not pass" in doubted
    assert "do not pass" not in front_page.answer(_row(-4.5, 20.9) | {"tests": "pass"})
    clear = front_page.answer(_row(1.0, 5.0))
    assert "neither" not in clear and "higher than expected" in clear
    assert "lower than expected" in front_page.answer(_row(-5.0, -1.0, percent=-3.0))


def test_what_cannot_be_said_counts_the_intervals():
    rows = pd.DataFrame([_row(-4.5, 20.9), _row(1.0, 5.0) | {"key": "detain"}])
    said = front_page.cannot_be_said(front_page.answer_row(rows), rows)
    assert any("1 of 2 intervals" in text for text in said) and any("16%" in text for text in said)


BODY = (
    '<p>Start <a href="#sec:02">B</a> <a href="#tbl:1">t</a></p><h1 id="intro">One</h1><p id="tbl:1">x</p>'
    '<h1 id="refs" class="unnumbered">References</h1><div id="ref-a">R</div>'
    '<h1 id="sec:02" class="appendix">B Cities</h1><p><a href="#ref-a">R</a></p><h2 id="in-b">Inside</h2>'
)


def test_a_text_is_cut_at_its_appendices_and_links_are_led_there():
    first, second = pages.cut(BODY, ["02_cities"], "Title")
    assert (first.file, second.file) == ("index.html", "02_cities.html")
    assert 'href="02_cities.html#sec:02"' in first.body and 'href="#tbl:1"' in first.body
    assert 'href="index.html#ref-a"' in second.body and second.title == "B Cities"
    assert "References" in first.body and "References" not in second.body
    listed = pages.contents([first, second], second)
    assert 'href="index.html"' in listed and 'href="#in-b"' in listed and 'aria-current="page"' in listed


def test_the_search_index_holds_every_section():
    index = pages.search_index(pages.cut(BODY, ["02_cities"], "Title"))
    for words in ("intro", "refs", "sec:02", "in-b"):
        assert words in index


def test_links_requests_and_anchors_are_checked(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#here">x</a><p id="p"></p><a href="#p">y</a>', "utf-8")
    (tmp_path / "b.html").write_text('<p id="there"></p><img src="https://example.org/x.png">', "utf-8")
    (tmp_path / "c.html").write_text('<a href="https://example.org">fine</a><a href="d.html">no</a>', "utf-8")
    (tmp_path / "s.css").write_text("p { background: url(//example.org/y.png) }", "utf-8")
    assert checks.broken_links(tmp_path) == ["a.html: b.html#here", "c.html: d.html"]
    asked = list(checks.outside_requests(tmp_path))
    assert len(asked) == 2 and asked[0] == "b.html: https://example.org/x.png"


def test_a_notebook_shows_references_in_words():
    text = resolved("See [@wong2017, p. 4], @tbl:left, @fig:map and @sec:05; nobody@example.org stays.")
    assert "(Wong 2017, p. 4)" in text
    assert "table *left*" in text and "figure *map*" in text and "notebook 05" in text
    assert "nobody@example.org" in text and "@tbl" not in text


def test_a_table_shows_its_references_and_keeps_them_for_the_report():
    table = Table(["a"], [["1"]], caption="As in @tbl:left [@wong2017].", label="right")
    assert "@tbl:left" not in table._repr_markdown_() and "Wong 2017" in table._repr_markdown_()
    assert table.to_json()["caption"] == "As in @tbl:left [@wong2017]."


def test_a_table_s_csv_keeps_its_groups():
    table = Table(["a", "b"], [["x", "1"], ["y", "2,5"]], caption="c", label="l", groups={0: "G", 1: "H"})
    assert table_csv(table) == 'group,a,b\nG,x,1\nH,y,"2,5"\n'


def test_a_figure_s_data_are_what_was_drawn():
    drawing, axes = plt.subplots()
    axes.plot([1, 2], [3, 4], label="line")
    axes.axhline(0)
    axes.hlines([0.5], [1], [2])
    axes.barh([1.0], [3.0], label="bar")
    axes.set_yticks([1.0], ["Name"])
    table = drawn_data(drawing)
    plt.close(drawing)
    line = table[table["series"].eq("line")]
    assert line[["x", "y"]].to_numpy().tolist() == [[1, 3], [2, 4]]
    assert table.loc[table["kind"].eq("interval"), ["x", "x_end"]].to_numpy().tolist() == [[1, 2]]
    assert table.loc[table["kind"].eq("bar"), "x_end"].tolist() == [3.0]
    assert table.loc[table["kind"].eq("bar"), "label"].tolist() == ["Name"]
    assert len(table) == 4


def test_every_public_estimator_has_a_place_in_the_reference():
    from analysis import estimators

    placed = [name for names in reference.families().values() for name in names]
    assert sorted(placed) == sorted(estimators.__all__)


def test_every_column_of_every_panel_has_a_meaning():
    text = dict(reference.panels_pages())
    row = next(
        line for line in text["panel_city_year.md"].splitlines() if line.startswith("| `robbery_per_100k`")
    )
    assert "`robbery` per 100,000 `population`. Computed on loading." in row
    silent = [
        f"{page}: {line}"
        for page, page_text in text.items()
        for line in page_text.splitlines()
        if "| | | |" in line
    ]
    assert not silent


def test_what_the_documentation_s_configuration_names_lies_beside_it(tmp_path, monkeypatch):
    library = tmp_path / "modules" / "mathjax" / "es5"
    library.mkdir(parents=True)
    (library / "tex-svg.js").write_text("MathJax", "utf-8")
    monkeypatch.setattr(build.tools, "modules", lambda: tmp_path / "modules")
    given = []
    monkeypatch.setattr(build.tools, "run", lambda command, where: given.extend(command))
    work, folder = tmp_path / "work", tmp_path / "site"
    work.mkdir()
    build._docs(folder, work, build.About("1", "2026-01-01", ""))()
    source = Path(given[given.index("-c") + 1] if "-c" in given else given[-2])
    named = runpy.run_path(str(source / "conf.py"))
    static = [source / place for place in named["html_static_path"]]
    files = [named["mathjax_path"], *named["html_css_files"], *[name for name, _ in named["html_js_files"]]]
    assert len(files) == 3
    for name in files:
        assert any((place / name).is_file() for place in static), name


def test_a_step_s_remainder_runs_beside_and_its_failure_is_raised(tmp_path, monkeypatch):
    later = threading.Event()

    def first(*_):
        return lambda: later.wait(30) or pytest.fail("ran before the step that follows")

    monkeypatch.setattr(build, "_STEPS", {"first": first, "second": lambda *_: later.set()})
    about = build.About("1", "2026-01-01", "")
    build._make(tmp_path, tmp_path, about, progress=False)

    def broken():
        raise tools.SiteError("it failed")

    monkeypatch.setattr(build, "_STEPS", {"first": lambda *_: broken})
    with pytest.raises(tools.SiteError, match="it failed"):
        build._make(tmp_path, tmp_path, about, progress=False)


def test_a_page_that_changed_is_read_again(tmp_path):
    page = tmp_path / "a.html"
    page.write_text('<a href="#p">y</a>', "utf-8")
    assert checks.broken_links(tmp_path) == ["a.html: #p"]
    page.write_text('<a href="#p">y</a><p id="p"></p>', "utf-8")
    os.utime(page, ns=(1, 1))
    assert checks.broken_links(tmp_path) == []


@pytest.mark.parametrize("value", ["a.html", "x/b.html"])
def test_weight_counts_bytes(tmp_path, value):
    path = tmp_path / value
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"a" * 1000)
    assert checks.weight(iter([path])) == 1000 and checks.weight(iter([path]), compressed=True) < 100
