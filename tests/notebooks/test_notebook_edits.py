"""An edit of a notebook's specification changes what it prints, or is refused; nothing else holds a constant."""

from __future__ import annotations

import ast
import re

import nbformat
import pytest

from analysis.errors import AnalysisError
from analysis.paths import notebooks_dir

PATHS = {path.stem[:2]: path for path in sorted(notebooks_dir().glob("*.ipynb"))}
#: Notebooks that print what several studies found, of which none is run by the notebook itself.
GATHERING = {"00", "09", "12", "14"}
STUDIES = sorted(set(PATHS) - GATHERING)
EDITED = re.compile(r"^spec = (\w+)\.replace\(\)", re.M)
#: One constant of each notebook whose studies run within a minute, and words of the cell that is run beside
#: the first one; of the others the studies' own tests edit one constant.
EDITS = {
    "01": ("large=400_000", "large_city_coverage"),
    "02": ("floor=200_000", "results.spec.floor"),
    "03": ('distance="mahalanobis"', "matched.estimate"),
    "04": ("neighbors=5", "used.neighbors"),
    "07": ("before=9", "found.spec.before"),
    "13": ("bins=4", "found.estimates"),
}


def code(name: str) -> list[str]:
    notebook = nbformat.read(PATHS[name], as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def edit(name: str, change: str) -> list[str]:
    first, *others = code(name)
    assert len(EDITED.findall(first)) == 1
    return [EDITED.sub(rf"spec = \1.replace({change})", first), *others]


def run(sources: list[str], words: str) -> str:
    """Execute the specification's cell, the first cell and the one with the words; return what they show."""
    chosen = [*sources[:2], next(source for source in sources[2:] + sources[1:2] if words in source)]
    names: dict = {}
    shown = []
    for source in dict.fromkeys(chosen):
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if last:
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    return "\n".join(str(getattr(one, "caption", "")) + str(one) for one in shown)


@pytest.mark.parametrize("name", STUDIES)
def test_the_specification_stands_in_one_cell_and_is_what_the_study_runs(name):
    first, *others = code(name)
    assert len(EDITED.findall(first)) == 1, "one line that a reader edits"
    assert not any(re.search(r"^spec\b.*=", source, re.M) for source in others)
    if name != "01":
        assert any(re.search(r"\b(run|results)\(spec\)", source) for source in others)


@pytest.mark.parametrize("name", STUDIES)
def test_no_constant_is_read_from_a_specifications_module(name):
    """What is printed comes from results: no other cell imports a specification, or reads a constant in capitals."""
    for source in code(name)[1:]:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("spec"):
                assert {alias.name for alias in node.names} <= {"CITY", "COUNTY"}, node.module
            if isinstance(node, ast.ImportFrom):
                assert "spec" not in {alias.name for alias in node.names}


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("change", ["no_such_constant=1", "dimension=None"])
def test_an_edit_of_what_is_not_there_is_refused(name, change):
    with pytest.raises(AnalysisError, match="has no field"):
        exec(edit(name, change)[0], {})


@pytest.mark.parametrize("name", STUDIES)
def test_a_constant_cannot_be_assigned_or_given_another_kind(name):
    names: dict = {}
    exec(code(name)[0], names)
    spec = names["spec"]
    field, value = next(iter(spec.__dict__.items()))
    with pytest.raises(AttributeError):
        setattr(spec, field, value)
    with pytest.raises(AnalysisError, match="stands where"):
        spec.replace(**{field: object()})


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EDITS))
def test_an_edited_constant_moves_what_is_printed(name):
    change, words = EDITS[name]
    assert run(edit(name, change), words) != run(code(name), words)


def test_a_curve_of_other_constants_is_refused():
    with pytest.raises(AnalysisError, match="fewest_cities"):
        run(edit("11", "curve=SPEC.curve.replace(fewest_cities=9)"), "kept")
