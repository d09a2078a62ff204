"""Notebooks are thin, name no figure that is not computed, and fit the report."""

from __future__ import annotations

import ast
import re

import nbformat
import pytest

from analysis.paths import notebooks_dir, reports_dir

NOTEBOOKS = sorted(notebooks_dir().glob("*.ipynb"))
LONGEST_CELL = 24
#: What may hold digits in prose: years, units, names, and what says how to read a number.
ALLOWED = [
    r"`[^`]*`",
    r"\$\$?[^$]*\$\$?",
    r"\[?-?@[\w:.-]+(, pp?\. \d+(–\d+)?)?",
    r"\{[^{}]*\}",
    r"https?://\S+",
    r"\bper 10{1,2},000\b",
    r"\b(19|20)\d\d(s|[–-](19|20)?\d\d)?\b",
    r"\b(Tables?|Part|Section|Chapter|Title|SB|Senate Bill|HB|AB|HR|Operations Order) \d[\d.]*\b",
    r"\b287\(g\)",
    r"\b80% power\b",
    r"\b\d{1,2} (January|February|March|April|May|June|July|August|September|October|November|December)\b",
]
WORDS = {"caption", "alt", "notes", "xlabel", "ylabel", "unit"}


def typed_figures(text: str) -> list[str]:
    for pattern in ALLOWED:
        text = re.sub(pattern, " ", text)
    return re.findall(r"\S*\d\S*", text)


def cells(path, kind):
    notebook = nbformat.read(path, as_version=4)
    return [(number, cell) for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == kind]


def literals(node: ast.AST) -> list[str]:
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def prose_in_code(source: str) -> list[str]:
    """Texts a reader will see: what say() and fill() are given first, captions, notes, alternative texts, axis labels."""
    texts = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        if getattr(call.func, "attr", getattr(call.func, "id", "")) in ("say", "fill") and call.args:
            texts += literals(call.args[0])
        for keyword in call.keywords:
            if keyword.arg in WORDS and not any(isinstance(n, ast.Call) for n in ast.walk(keyword.value)):
                texts += literals(keyword.value)
    return texts


def numbers_given(source: str) -> list[str]:
    """Numbers typed as values of say() that are no years: a figure typed by a back door."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    says = [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) == "say"]
    values = [keyword.value for call in says for keyword in call.keywords]
    numbers = [v.value for v in values if isinstance(v, ast.Constant) and not isinstance(v.value, str | bool)]
    return [str(number) for number in numbers if number not in range(1900, 2100)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("In 2014 and 1999–2024, Table 8, per 100,000 people, 287(g), SB 54, [@wong2017, p. 3].", []),
        ("$x_1$, `table8_2014.xls`, {n:,.1f}, 11 September", []),
        ("We find -35.5 fewer crimes", ["-35.5"]),
        ("in 40 cities", ["40"]),
        ("p < 0.05", ["0.05"]),
        ("about 3,472 murders in 2001", ["3,472"]),
    ],
)
def test_the_check_itself(text, found):
    assert typed_figures(text) == found


def test_prose_in_code_is_found():
    source = "report.say('a 12', n=3)\nf(caption='b 13', alt=str(report.say('c 14', m=1)), notes=['d 15'])"
    assert sorted(prose_in_code(source)) == ["a 12", "b 13", "c 14", "d 15"]
    assert prose_in_code("front.fill('e 16', found)") == ["e 16"]


def test_numbers_given_are_found():
    assert numbers_given("report.say('{a} {b} {c}', a=2014, b=35.5, c=len(x))") == ["35.5"]


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_committed_without_outputs(path):
    for number, cell in cells(path, "code"):
        assert not cell.outputs and cell.execution_count is None, f"cell {number} has outputs"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_starts_with_its_title_and_asks(path):
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown" and re.match(r"# \S", first.source)
    assert "?" in first.source, "the first cell asks the question"
    titles = [c.source for _, c in cells(path, "markdown")[1:] if re.search(r"^# ", c.source, re.M)]
    assert not titles, "one title a notebook"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_figure_is_typed(path):
    found = {}
    for number, cell in cells(path, "markdown"):
        if wrong := typed_figures(cell.source):
            found[number] = wrong
    for number, cell in cells(path, "code"):
        wrong = [w for text in prose_in_code(cell.source) for w in typed_figures(text)]
        if wrong := wrong + numbers_given(cell.source):
            found[number] = wrong
    assert not found, f"take these from results with report.say(): {found}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_are_short_and_define_nothing(path):
    for number, cell in cells(path, "code"):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= LONGEST_CELL, f"cell {number}: move it into the package"
        tree = ast.parse(cell.source)
        defined = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        assert not defined, f"cell {number} defines {defined[0].name}: move it into the package"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_absolute_path_and_no_raw_file(path):
    for number, cell in cells(path, "code"):
        for text in literals(ast.parse(cell.source)):
            assert not re.match(r"(/|~|[A-Za-z]:\\)", text), f"cell {number}: {text}"
        assert not re.search(r"raw_dir|locate\(|read_csv|read_excel", cell.source), (
            f"cell {number} reads files"
        )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_not_significant_is_not_no_effect(path):
    texts = [cell.source for _, cell in cells(path, "markdown")]
    texts += [text for _, cell in cells(path, "code") for text in prose_in_code(cell.source)]
    for text in texts:
        assert not re.search(r"\bno effect\b|\bhas no impact\b|\bdo(es)? not affect crime\b", text, re.I), (
            text
        )


def test_only_what_is_cited_is_in_the_bibliography():
    text = (reports_dir() / "references.bib").read_text("utf-8")
    keys = re.findall(r"^@\w+\{([^,\s]+),", text, re.M)
    assert len(keys) == len(set(keys))
    cited = " ".join(path.read_text("utf-8") for path in NOTEBOOKS)
    unused = [key for key in keys if f"@{key}" not in cited]
    assert not unused, f"cite these or take them out: {unused}"
