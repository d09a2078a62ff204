"""Every constant of a study is a field that something reads, and a changed field changes what is found."""

from __future__ import annotations

import ast
import dataclasses
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import studies
from analysis.panels.store import load
from analysis.paths import notebooks_dir
from analysis.studies.designs.expected_counts import expected_crimes, treated_rows
from analysis.studies.measurement import study as measurement
from analysis.studies.measurement.spec import SPEC as MEASUREMENT
from analysis.studies.staggered_cities import study as cities
from analysis.studies.staggered_cities.fits import estimate
from analysis.studies.staggered_cities.spec import SPEC as CITIES
from analysis.studies.staggered_counties import study as counties
from analysis.studies.staggered_counties.early_adopters import early
from analysis.studies.staggered_counties.sample import county_sample
from analysis.studies.staggered_counties.spec import SPEC as COUNTIES
from analysis.studies.synthetic import state_laws
from analysis.studies.synthetic.spec import STATE_LAWS

ROOT = Path(studies.__file__).parent
ROOMS = [
    path
    for path in sorted(ROOT.rglob("*.py"))
    if path.relative_to(ROOT).parts[0] not in ("paper", "literature")
]
#: Numbers that are no choice of a study: codes, layouts, tolerances and limits of the algebra.
NO_CHOICES = {
    "city_power/counts.py": {"_CHUNK"},
    "city_power/hierarchical.py": {"_STEPS"},
    "city_power/precision.py": {"_FEWEST", "_LEAST", "_CHUNK"},
    "city_power/windows.py": {"_TINY"},
    "cities_in_counties/sample.py": {"_NEVER"},
    "given_list/headlines.py": {"FEWEST"},
    "designs/city_sample.py": {"EVERY_YEAR", "_NEVER"},
    "designs/expected_counts.py": {"_CLOSE"},
    "designs/synthetic_cases.py": {"MOST_DONORS"},
    "multiverse/study.py": {"CLOSE"},
    "synthetic/exhibits.py": {"_ENDS", "_LONGEST"},
}
#: Choices that were committed before an outcome was looked at and that no notebook may edit.
FROZEN = {
    "city_power/estimates.py": {"PLACEBO_DRAWS", "FAKE_SHIFT"},
    "city_power/events.py": {"DRIFT"},
    "city_power/union.py": {"MOST"},
    "credibility/smoothness.py": {"SMOOTHNESS"},
    "synthetic/leads.py": {"DRAWS", "LAST", "DRIFT"},
    "credibility/counties.py": {"ADMIT", "FAKE_FROM", "MAGNITUDES", "DRIFT"},
    "first_stage/afterwards.py": {"POOLED_YEARS", "MARKS"},
}
RESULTS = {
    "uar2017.results": "Results",
    "cap2017.results": "CountyStudy",
    "staggered_cities.results": "CityStudy",
    "staggered_counties.results": "StaggeredCounties",
    "measurement.results": "MeasurementStudy",
    "synthetic.history": "CityHistory",
    "matching_methods": "Matchings",
}


def trees() -> dict[str, ast.Module]:
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in ROOMS}


def test_every_field_is_read_somewhere():
    """A field that nothing reads would be an edit without an effect."""
    read = {n.attr for tree in trees().values() for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    notebooks = "".join(path.read_text("utf-8") for path in notebooks_dir().glob("*.ipynb"))
    fields = {
        (node.name, part.target.id)
        for tree in trees().values()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and "StudySpec" in {getattr(base, "id", "") for base in node.bases}
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }
    assert len(fields) > 150
    assert not {(kind, name) for kind, name in fields if name not in read and f"spec.{name}" not in notebooks}


def test_no_study_keeps_a_number_outside_its_specification():
    found: dict[str, set[str]] = {}
    for name, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value = node.value
                parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
                if any(
                    isinstance(part, ast.Constant) and isinstance(part.value, int | float) for part in parts
                ):
                    found.setdefault(name, set()).add(node.targets[0].id)
    known = {name: numbers for name, numbers in found.items() if not name.startswith("published/")}
    assert {name: numbers for name, numbers in known.items() if not name.endswith("spec.py")} == {
        **NO_CHOICES,
        **FROZEN,
    }


SYNTHETIC = [("synthetic.results", "CitiesStudy"), ("synthetic.results", "StateStudy")]


@pytest.mark.parametrize(("module", "name"), [*RESULTS.items(), *SYNTHETIC])
def test_results_carry_their_specification(module, name):
    kind = getattr(import_module(f"analysis.studies.{module}"), name)
    assert "spec" in {field.name for field in dataclasses.fields(kind)}


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in {*measurement.PANELS, *counties.PANELS, *cities.PANELS}}


def test_a_changed_rule_or_horizon_moves_the_city_study(panels):
    base = cities.Samples(panels)
    frame = base.of("detainers", "robbery").frame
    larger = cities.Samples(panels, CITIES.replace(rules=CITIES.rules.replace(smallest=100_000)))
    assert len(larger.of("detainers", "robbery").frame) < len(frame)
    assert larger.of("detainers", "robbery").frame["residents"].min() >= 100_000
    short = CITIES.replace(horizon=CITIES.horizon.replace(after=2), draws=19)
    long = CITIES.replace(draws=19)
    found, other = (estimate(frame, spec.headline, spec=spec) for spec in (long, short))
    assert found["estimate"] != other["estimate"] and found["std_error"] != other["std_error"]
    wanted = expected_crimes(frame, short.horizon)
    rows = treated_rows(wanted)
    own = wanted.own[rows]
    ratio = np.log(wanted.observed[rows, own].sum() / wanted.expected[rows, own].sum())
    assert other["estimate"] == pytest.approx(ratio, rel=1e-12)


def test_a_changed_rule_or_horizon_moves_the_county_study(panels):
    base = county_sample(panels, spec=COUNTIES)
    strict = COUNTIES.replace(rules=COUNTIES.rules.replace(coverage=100.0))
    fewer = county_sample(panels, spec=strict)
    assert len(fewer.frame) < len(base.frame)
    pd.testing.assert_frame_equal(fewer.frame, county_sample(panels, strict.rules, spec=COUNTIES).frame)
    short = COUNTIES.replace(horizon=COUNTIES.horizon.replace(after=1), draws=19)
    rows = [early(panels, "property", spec=spec)[0] for spec in (COUNTIES.replace(draws=19), short)]
    assert rows[0]["estimate"] != rows[1]["estimate"]


def test_a_changed_horizon_moves_the_windows_of_laws():
    tables = {name: load(name) for name in state_laws.PANELS}
    breaks = state_laws.series_starts(tables["state_year"])
    laws, short = (
        state_laws.dated_laws(tables["policies"], breaks, spec=spec)
        for spec in (STATE_LAWS, STATE_LAWS.replace(horizon=3))
    )
    assert laws["after"].max() == STATE_LAWS.horizon and short["after"].max() == 3
    assert STATE_LAWS.replace(shift=4).placebo == "Four years earlier (placebo)"


def test_changed_choices_move_the_study_of_measurement(panels):
    few = MEASUREMENT.replace(
        outcomes={"robbery": "Robbery"}, county_choices={"Headline": {}, "Half": {"coverage": 50.0}}
    )
    table = measurement.county_choices(panels, spec=few)
    assert table["name"].tolist() == ["Headline", "Half"] and table["shift"].iloc[1] != 0
    stricter = few.replace(counties=COUNTIES.replace(rules=COUNTIES.rules.replace(coverage=90.0)))
    other = measurement.county_choices(panels, spec=stricter)
    assert other["estimate"].iloc[0] != table["estimate"].iloc[0]
    assert other["estimate"].iloc[1] == table["estimate"].iloc[1]
