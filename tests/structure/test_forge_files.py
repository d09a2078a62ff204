"""Workflows, issue forms and pre-commit: they parse, and what they name is there."""

from __future__ import annotations

import argparse
import re
import tomllib

import pytest
import yaml

from analysis import cli
from analysis.paths import project_root
from analysis.sources.registry import files

ROOT = project_root()
GITHUB = ROOT / ".github"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
WORKFLOWS = {p.stem: yaml.safe_load(p.read_text("utf-8")) for p in GITHUB.glob("workflows/*.yml")}
FORMS = {p.stem: yaml.safe_load(p.read_text("utf-8")) for p in GITHUB.glob("ISSUE_TEMPLATE/*.yml")}
(COMMANDS,) = [each for each in cli.parser()._actions if isinstance(each, argparse._SubParsersAction)]


def steps(name: str) -> list[dict]:
    return [step for job in WORKFLOWS[name]["jobs"].values() for step in job["steps"]]


def test_tests_run_what_must_hold_on_both_ends_of_python_and_two_kernels():
    matrix = WORKFLOWS["tests"]["jobs"]["tests"]["strategy"]["matrix"]
    versions = [c.rpartition(" :: ")[2] for c in PROJECT["project"]["classifiers"] if "Python :: 3." in c]
    assert matrix["python"] == [versions[0], versions[-1]] == ["3.11", "3.14"]
    assert len(set(matrix["kernel"])) == 2
    assert WORKFLOWS["tests"]["jobs"]["tests"]["env"]["OPENBLAS_CORETYPE"] == "${{ matrix.kernel }}"
    assert ".ci/run" in [step.get("run") for step in steps("tests")]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_make_targets_that_are_called_exist():
    texts = [
        (ROOT / ".ci" / "run").read_text("utf-8"),
        *(s.get("run", "") for n in WORKFLOWS for s in steps(n)),
    ]
    called = {m for text in texts for m in re.findall(r"^\s*(?:if )?make ([a-z]+)", text, re.M)}
    (chosen,) = [s["env"]["TEST"] for s in steps("tests") if "TEST" in s.get("env", {})]
    assert called | {chosen, "test"} <= TARGETS
    assert {"dev", "lint"} <= called


def test_the_coverage_is_shown_and_of_the_whole_package():
    assert any("coverage report --format=markdown" in step.get("run", "") for step in steps("tests"))
    packed = [
        place.removeprefix("src/")
        for place in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    ]
    assert PROJECT["tool"]["coverage"]["run"]["source_pkgs"] == packed


def test_the_audit_reads_both_locks_and_the_site():
    audit = WORKFLOWS["tests"]["jobs"]["audit"]["steps"]
    text = "\n".join(step.get("run", "") for step in audit)
    audited = re.findall(r"-r (\S+)", text)
    assert audited == ["requirements.lock", "requirements-dev.lock"]
    assert all((ROOT / lock).is_file() for lock in audited)
    (site,) = [step["working-directory"] for step in audit if step.get("run") == "npm audit"]
    assert (ROOT / site / "package-lock.json").is_file()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_may_only_read_unless_they_say_so(name):
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", s["uses"]) for s in steps(name) if "uses" in s)


@pytest.mark.parametrize("name", ["wrong_number", "dated_policy", "data_year"])
def test_issue_forms_ask_for_something_and_name_what_exists(name):
    form = FORMS[name]
    fields = [each for each in form["body"] if each["type"] != "markdown"]
    assert form["name"] and form["description"] and len({each["id"] for each in fields}) == len(fields)
    assert any(each.get("validations", {}).get("required") for each in fields)
    text = (GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml").read_text("utf-8")
    for path in re.findall(r"(?:docs|data)/[\w/]+\.md|SECURITY\.md", text):
        assert (ROOT / path).is_file(), path
    for command in re.findall(r"`sanctuary (\w+)", text):
        assert command in COMMANDS.choices


def test_the_policy_form_offers_the_types_of_the_list_and_the_year_form_a_family():
    (kinds,) = [f["attributes"]["options"] for f in FORMS["dated_policy"]["body"] if f.get("id") == "policy"]
    from analysis.sources.policy.dated import read_text

    assert set(kinds) == set(read_text()["policy_type"])
    (family,) = [
        f["attributes"]["placeholder"] for f in FORMS["data_year"]["body"] if f.get("id") == "family"
    ]
    assert family in files.families()


def test_pre_commit_runs_the_ruff_of_the_lock_and_words_and_notebooks():
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    hooks = {hook["id"]: repo["rev"] for repo in repos for hook in repo["hooks"]}
    assert set(hooks) == {"ruff-check", "ruff-format", "nbstripout", "codespell"}
    locked = re.search(r"^ruff==(\S+)", (ROOT / "requirements-dev.lock").read_text("utf-8"), re.M)[1]
    assert hooks["ruff-check"] == f"v{locked}"
    assert PROJECT["tool"]["codespell"]["ignore-words-list"]
