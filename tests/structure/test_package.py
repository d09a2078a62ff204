"""The package from outside: what importing it loads, its second name, relative imports, typed marker."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib

import pytest

import analysis.estimators as estimators
from analysis.paths import project_root

ROOT = project_root()
SRC = ROOT / "src"
HEAVY = ("scipy.stats", "statsmodels", "linearmodels", "matplotlib", "polars", "joblib", "formulaic")


def run(code: str, cwd=None, path=str(SRC)) -> str:
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_nothing_heavy_until_a_name_is_used():
    listed = run(
        f"import sys, analysis.estimators as e; print([m for m in {('pandas', 'numpy', *HEAVY)} if m in sys.modules]);"
        "e.ols; print('pandas' in sys.modules)"
    )
    assert listed.splitlines() == ["[]", "True"]


FRAME = """
import sys, numpy as np, pandas as pd
import analysis.estimators as es
rows = [(u, t) for u in range(12) for t in range(6)]
frame = pd.DataFrame(rows, columns=["unit", "year"])
frame["first"] = np.array([0, 3, 4])[frame["unit"] % 3]
frame["on"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
frame["y"] = frame["on"] + np.sin(np.arange(72.0) ** 2) + 2
keys = dict(outcome="y", unit="unit", time="year", cohort="first")
found = {call}
print(found.tidy().shape[0] > 0, [m for m in {heavy} if m in sys.modules])
"""
FIRST_CALLS = {
    "ols": "es.ols(frame, outcome='y', treatment='on', effects=['unit', 'year'], cluster='unit')",
    "poisson": "es.poisson(frame, outcome='y', treatment='on', effects=['unit', 'year'], cluster='unit')",
    "group_time": "es.group_time(frame, **keys).aggregate('event')",
    "interaction_weighted": "es.interaction_weighted(frame, **keys).aggregate('event')",
    "imputation": "es.imputation(frame, **keys)",
    "event_study": "es.event_study(frame, **keys)",
    "match": "es.match(frame, outcome='y', treatment='on', covariates='year')",
    "wald": "es.joint_test(es.event_study(frame, **keys), np.arange(6) < 2)",
}


@pytest.mark.parametrize("name", FIRST_CALLS)
def test_an_estimator_loads_no_package_it_does_not_use(name):
    code = FRAME.replace("{call}", FIRST_CALLS[name]).replace("{heavy}", repr(HEAVY))
    assert run("import warnings; warnings.simplefilter('ignore')" + code) == "True []"


@pytest.mark.parametrize("name", estimators.__all__)
def test_every_public_name_is_where_the_table_says(name):
    assert getattr(estimators, name) is not None
    assert name in dir(estimators)


def test_table_and_names_are_the_same():
    assert sorted(estimators._MODULES) == sorted(estimators.__all__)
    with pytest.raises(AttributeError, match="no attribute 'att_gt'"):
        _ = estimators.att_gt


def test_type_checkers_see_what_the_table_imports():
    tree = ast.parse((SRC / "analysis/estimators/__init__.py").read_text("utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If))
    seen = {alias.name: f".{node.module}" for node in block.body for alias in node.names}
    assert seen == estimators._MODULES


def test_second_name_works_where_a_folder_hides_the_first(tmp_path):
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "__init__.py").write_text("mine = True\n")
    code = """
import analysis, numpy as np, pandas as pd
assert analysis.mine
from sanctuary_crime.estimators import Estimates, ols
from sanctuary_crime import panels
found = ols(pd.DataFrame(dict(y=np.arange(9.0) % 4, x=np.arange(9.0))), outcome="y", treatment="x")
assert isinstance(found, Estimates)
print(round(float(found.row(term="x").estimate), 6), panels.load("city_year").shape)
"""
    assert run(code, cwd=tmp_path) == run(
        code.replace("import analysis,", "import").replace("assert analysis.mine", "")
    )


def test_imports_inside_the_package_are_relative():
    absolute = []
    for path in sorted((SRC / "analysis").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            absolute += [
                f"{path.name}: {n}" for n in names if n.split(".")[0] in ("analysis", "sanctuary_crime")
            ]
    assert absolute == []


def test_both_names_are_packed_and_typed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert packed == ["src/analysis", "src/sanctuary_crime"]
    assert all((ROOT / place / "py.typed").is_file() for place in packed)
