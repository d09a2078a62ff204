"""From notebooks to files: tagged, the same bytes every time, and no file at all when something is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from analysis import report
from analysis.report.build import build, convert, notebooks, pdf, typeset
from analysis.report.build.notebooks import Chapter, Code, NotebookError
from analysis.report.prose import Prose

pypdf = pytest.importorskip("pypdf")

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="200pt" height="100pt" viewBox="0 0 200 100">'
    '<defs><clipPath id="p1"><rect width="200" height="100"/></clipPath></defs>'
    '<g clip-path="url(#p1)"><text x="10" y="50" style="font: 9px \'Source Sans Pro\'">in the drawing</text></g></svg>'
)
TEXT = r"""# First chapter

Words before @fig:one and @tbl:two, and before @sec:02, after @gonzalezobrien2019 [see also @wong2017, p. 3], with $\beta_e$ inline:

$$y_{it} = \alpha_i + \gamma_t + \sum_e \beta_e D^e_{it} + \varepsilon_{it}$$

Words after the equation.
"""


def figure(label="one", **changes):
    return report.Figure(
        SVG,
        **{
            "caption": "Caption with $x_i$ and [@wong2017].",
            "alt": 'Alt "quoted".',
            "label": label,
            **changes,
        },
    )


def table(label="two"):
    rows = [[f"City {i}", "−1.5**", "(0.25)"] for i in range(70)]
    return report.Table(["City", "Estimate", "Error"], rows, "A long table.", label, ["Note of @wong2017."])


def chapters(*extra, text=TEXT):
    first = Chapter(
        "01_first", (Prose(text), Code("a = b < c"), figure(), Prose("## Section"), table(), *extra)
    )
    second = Chapter("02_second", (Prose("# Second chapter\n\nShort."), figure("three")))
    return [first, second]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("reports")
    made = build.typeset(chapters(), out=out, progress=False)
    return {path.name: path for path in made}


def words(path: Path) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(path).pages]


def test_every_file_is_made_and_nothing_else(built):
    names = {"01_first.pdf", "02_second.pdf", "sanctuary-crime.pdf", "sanctuary-crime.html"}
    place = built["01_first.pdf"].parent
    assert {path.name for path in place.iterdir()} == {*names, "paper", "figures"}
    pages = {path.name for path in (place / "paper").iterdir() if path.is_file()}
    assert pages == {"index.html", "02_second.html", "page.css", "page.js", "search-index.js"}
    exhibits = {path.name for path in (place / "figures").iterdir()}
    assert {"fig-01-one.svg", "fig-01-one.png"} <= exhibits
    assert set(built) == {path.name for path in place.rglob("*") if path.is_file()}


def test_same_bytes_twice(built, tmp_path):
    for path in build.typeset(chapters(), out=tmp_path, progress=False):
        assert path.read_bytes() == built[path.name].read_bytes(), path.name


@pytest.mark.parametrize("name", ["01_first.pdf", "sanctuary-crime.pdf"])
def test_pdf_is_tagged_and_archival(built, name):
    catalog = pypdf.PdfReader(built[name]).trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"].startswith("en")
    metadata = catalog["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfaid:part>2<", metadata) and re.search(r"pdfaid:conformance>A<", metadata)
    assert re.search(r"pdfuaid:part>1<", metadata)


def structure(node, found):
    node = node.get_object()
    if isinstance(node, list):
        for item in node:
            structure(item, found)
    elif isinstance(node, dict):
        if "/S" in node:
            found.append((node["/S"], node.get("/Alt")))
        if "/K" in node:
            structure(node["/K"], found)
    return found


def test_figures_and_equations_carry_their_words(built):
    tree = pypdf.PdfReader(built["01_first.pdf"]).trailer["/Root"]["/StructTreeRoot"]
    elements = structure(tree, [])
    alts = [alt for kind, alt in elements if kind in ("/Figure", "/Formula") and alt]
    assert 'Alt "quoted".' in alts
    assert r"\beta_e" in alts
    assert any(r"\sum_e" in alt for alt in alts)
    assert [kind for kind, _ in elements].count("/TH") >= 3


@pytest.mark.parametrize("name", ["01_first.pdf", "02_second.pdf", "sanctuary-crime.pdf"])
def test_every_page_says_the_list_is_a_substitute(built, name):
    first, *others = words(built[name])
    assert "list of treated places in this report is a cited substitute" in first
    assert "could not be obtained" in first
    assert all("cited substitute" in page for page in others)


def test_words_around_equations_survive(built):
    page = words(built["01_first.pdf"])[0]
    for text in (
        "Words before Figure 1 and Table 1, and before notebook 02",
        "inline:",
        "Words after the equation.",
    ):
        assert text in page
    assert "in the drawing" in page


def test_header_rows_repeat(built):
    pages = [page for page in words(built["01_first.pdf"]) if re.search(r"City \d+ −1\.5", page)]
    assert len(pages) >= 2
    assert all("City Estimate Error" in page for page in pages)


def test_bound_report_is_a_paper_with_appendices(built):
    pages = words(built["sanctuary-crime.pdf"])
    assert "First chapter" in pages[0] and build.SUBTITLE in pages[0]
    assert "Words before Figure 1 and Table 1, and before Appendix A" in pages[0]
    assert "Contents" not in pages[0]
    assert "Contents" in pages[1] and "1 Section" in pages[1] and "A Second chapter" in pages[1]
    references = next(n for n, text in enumerate(pages) if "References" in text and "Urban Affairs" in text)
    appendix = next(n for n, text in enumerate(pages) if "Appendix A. Second chapter" in text)
    assert 1 < references < appendix == len(pages) - 1
    assert "Figure A1" in pages[appendix] and not any("Figure 2" in text for text in pages)


def test_paper_alone_has_no_contents(tmp_path):
    made = build.typeset([Chapter("00_a", (Prose("# Paper\n\nWords.\n\n## Part\n\nMore."),))], out=tmp_path)
    pages = words(next(path for path in made if path.name == "sanctuary-crime.pdf"))
    assert "1 Part" in pages[-1] and not any("Appendix" in text or "References" in text for text in pages)


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.targets, self.tags, self.alts = [], [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if attributes.get("href", "").startswith("#"):
            self.targets.append(attributes["href"][1:])
        if tag == "svg":
            self.alts.append(attributes.get("aria-label"))


@pytest.fixture(scope="module")
def page(built):
    return built["sanctuary-crime.html"].read_text("utf-8")


def test_page_needs_no_network(page):
    loaded = re.findall(
        r"""(?:src|href)\s*=\s*["']?(https?://[^"'\s>]+)|url\((https?:[^)]*)\)|@import""", page
    )
    assert all(address.startswith("https://doi.org/") for address, _ in loaded)
    assert not re.search(r"<(iframe|img)\b|<script[^>]*\bsrc=", page)
    assert all('href="data:' in link for link in re.findall(r"<link\b[^>]*>", page))
    assert "<math" in page and "\\beta" not in re.sub(r"<annotation.*?</annotation>", "", page, flags=re.S)


def test_page_is_consistent(page):
    reader = Reader()
    reader.feed(page)
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.targets) <= set(reader.ids)
    assert reader.alts == ['Alt "quoted".'] * 2
    assert page.count("cited substitute") == 1 and 'class="notice"' in page
    assert "Figure 1." in page and "Figure A1." in page and "Table 1." in page
    assert '<span class="header-section-number">Appendix A</span> Second chapter' in page
    assert '<a href="#sec:02">Appendix A</a>' in page
    assert page.index(">References<") < page.index("</span> Second chapter</h1>")
    assert '<details class="code">' in page and "a = b &lt; c" in page


BAD = {
    "unknown citation": ("See @nobody2020.", "citation @nobody2020"),
    "unknown citation in brackets": ("See [@nobody2020, p. 2].", "citation @nobody2020"),
    "unknown figure": ("See @fig:nowhere.", "refers to fig:01-nowhere"),
    "figure of another notebook": ("See @fig:three.", "refers to fig:01-three"),
    "unknown appendix": ("See @sec:09.", "refers to sec:09"),
    "unknown table": ("See @tbl:nowhere.", "refers to tbl:01-nowhere"),
    "unsupported LaTeX": (r"Then $\nosuchmacro{x}$.", "nosuchmacro"),
    "image without alternative text": ("![](fig-one.svg)", "alternative text"),
    "image in the text": ("![alt](fig-one.svg)", "alternative text"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_text_fails_and_leaves_earlier_files(what, tmp_path):
    (tmp_path / "01_first.pdf").write_bytes(b"earlier")
    text, message = BAD[what]
    with pytest.raises(convert.ConversionError, match=message):
        build.typeset(chapters(Prose(text)), out=tmp_path, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["01_first.pdf"]
    assert (tmp_path / "01_first.pdf").read_bytes() == b"earlier"


def test_unsupported_latex_fails_for_the_page_alone(tmp_path):
    with pytest.raises(convert.ConversionError, match="nosuchmacro"):
        convert.to_html(r"$\nosuchmacro{x}$", directory=tmp_path, bibliography=typeset._bibliography())


def test_same_label_twice_fails(tmp_path):
    with pytest.raises(convert.ConversionError, match="given twice"):
        build.typeset(chapters(figure("one")), out=tmp_path, progress=False)


def test_figure_without_alternative_text_fails_in_typst_too(tmp_path):
    directory = tmp_path / "work"
    directory.mkdir()
    pdf.prepare(directory)
    (directory / "a.svg").write_text(SVG)
    source = pdf.article_source('#figure(image("a.svg"), caption: [c])', title="T", notice="n", cites=False)
    with pytest.raises(convert.ConversionError, match="alt"):
        pdf.compile_pdf(source, name="bad", directory=directory)


def test_chapter_needs_a_title(tmp_path):
    with pytest.raises(convert.ConversionError, match="has no title"):
        build.typeset([Chapter("x", (Prose("no heading"),))], out=tmp_path, bound=False, progress=False)


def notebook(*sources, title="# A title"):
    cells = [nbformat.v4.new_markdown_cell(title)]
    return nbformat.v4.new_notebook(cells=cells + [nbformat.v4.new_code_cell(source) for source in sources])


def output(kind, **fields):
    made = notebook("x")
    made["cells"][1]["outputs"] = [nbformat.v4.new_output(kind, **fields)]
    return made


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            output("execute_result", data={"text/plain": "1", "text/html": "<table>"}),
            "bare text/html / text/plain",
        ),
        (output("display_data", data={"image/png": "", "text/plain": "f"}), "bare image/png"),
        (output("stream", name="stderr", text="RuntimeWarning: divide"), "printed to stderr: RuntimeWarning"),
        (output("stream", name="stdout", text="hello"), "printed to stdout: hello"),
    ],
)
def test_what_a_report_cannot_print_is_refused(made, message):
    with pytest.raises(NotebookError, match=message):
        notebooks.collect("nb", made)


GOOD = """
from analysis import report
names = {"b", "a", "c", "dd", "eee"}
report.say("{n:count} of {names}", n=1234, names=sorted(names))
"""
DRAW = """
import pandas as pd
s = pd.Series(range(5), index=range(2000, 2005))
report.series_with_breaks({"x": s, "y": s * 2}, caption="c", alt="a", label="l", ylabel="r")
"""
SCRIPT = """
import hashlib, sys
from pathlib import Path
from analysis.report.build.build import build
if __name__ == "__main__":
    made = build(notebooks=Path(sys.argv[1]), out=Path(sys.argv[2]), jobs=int(sys.argv[3]), progress=False)
    for path in made:
        print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def two_notebooks(tmp_path_factory):
    place = tmp_path_factory.mktemp("notebooks")
    nbformat.write(notebook(GOOD, DRAW), place / "01_a.ipynb")
    nbformat.write(
        notebook("from analysis import report\nreport.say('x')", title="# B"), place / "02_b.ipynb"
    )
    return place


def run_script(script, place, out, jobs, seed):
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, str(script), str(place), str(out), jobs]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_bytes_do_not_depend_on_hash_seed_or_jobs(two_notebooks, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    first = run_script(script, two_notebooks, tmp_path / "a", "1", "1")
    second = run_script(script, two_notebooks, tmp_path / "b", "2", "98765")
    assert first == second
    names = [line.split()[0] for line in first.splitlines()]
    assert {"01_a.pdf", "02_b.pdf", "sanctuary-crime.pdf", "sanctuary-crime.html"} <= set(names)


def test_failing_cell_is_named_and_nothing_written(tmp_path):
    nbformat.write(notebook("x = 1\n1 / 0"), tmp_path / "01_bad.ipynb")
    before = (tmp_path / "01_bad.ipynb").read_bytes()
    with pytest.raises(NotebookError, match=r"01_bad failed: ZeroDivisionError.*cell 2: x = 1"):
        build.build(notebooks=tmp_path, out=tmp_path / "out", progress=False, jobs=1)
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "01_bad.ipynb").read_bytes() == before


def test_unknown_notebook_is_named(two_notebooks):
    with pytest.raises(notebooks.MissingFileError, match=r"No notebook is named 09.*01_a, 02_b"):
        notebooks.find_notebooks(["09"], two_notebooks)


WATCHED = """
import json, sys
from pathlib import Path
from analysis.report.build import build
run_tasks = build.run_tasks
def watched(tasks, *, known, **options):
    print(json.dumps([task.name for task in tasks if task.name not in known]))
    return run_tasks(tasks, known=known, **options)
build.run_tasks = watched
if __name__ == "__main__":
    build.build(notebooks=Path(sys.argv[1]), out=Path(sys.argv[2]), progress=False)
"""


@pytest.mark.slow
def test_what_is_kept_takes_no_process_and_an_edit_only_its_own_parts(two_notebooks, tmp_path, monkeypatch):
    monkeypatch.setenv("ANALYSIS_STORE_DIR", str(tmp_path / "store"))
    place, out = shutil.copytree(two_notebooks, tmp_path / "notebooks"), tmp_path / "out"
    script = tmp_path / "watched.py"
    script.write_text(WATCHED)

    def ran():
        (out / ".made.json").unlink(missing_ok=True)
        return json.loads(run_script(script, place, out, "2", "1"))

    assert {"01_a", "02_b", "> 01_a", "> 02_b", "> bound report", "> pages"} <= set(ran())
    first = {path.name: path.read_bytes() for path in out.rglob("*") if path.suffix in (".pdf", ".html")}
    assert ran() == []
    for path in out.rglob("*"):
        assert path.suffix not in (".pdf", ".html") or path.read_bytes() == first[path.name]
    changed = nbformat.read(place / "02_b.ipynb", as_version=4)
    changed.cells.append(nbformat.v4.new_markdown_cell("One more sentence."))
    nbformat.write(changed, place / "02_b.ipynb")
    left = ran()
    assert {"02_b", "> 02_b", "> bound report", "> pages"} <= set(left)
    assert not any("01_a" in name for name in left)
