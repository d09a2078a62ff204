"""A stored result is found again only while all that it rests on is as it was, and never when it is not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from analysis import panels
from analysis.panels.sums import write_sums
from analysis.paths import processed_dir, project_root
from analysis.results import dependencies, files
from analysis.results.as_written import altered
from analysis.results.codec import encode
from analysis.sources.registry.files import locate, raw_files

HELPER = "FACTOR = 2\n\ndef scaled(n):\n    return FACTOR * n\n"
UNUSED = "def other():\n    return 1\n"
PROBE = """
import os
from ..panels.store import load
from ..results import stored
from .probe_helper import scaled

@stored
def run(power=1):
    with open(os.environ["PROBE_LOG"], "a") as log:
        log.write("computed run\\n")
    return {"rows": scaled(len(load("state_shapes"))) ** power}

@stored
def twice():
    with open(os.environ["PROBE_LOG"], "a") as log:
        log.write("computed twice\\n")
    return run()["rows"] * 2
"""


@pytest.fixture
def project(tmp_path):
    """A copy of the package with a study that logs when it computes, panels of its own, and an empty store."""
    shutil.copytree(project_root() / "src" / "analysis", tmp_path / "src" / "analysis")
    for name, text in {"probe": PROBE, "probe_helper": HELPER, "probe_unused": UNUSED}.items():
        (tmp_path / "src" / "analysis" / "studies" / f"{name}.py").write_text(text)
    (tmp_path / "panels").mkdir()
    for name in ("state_shapes", "state_year"):
        for end in ("parquet", "manifest.json"):
            shutil.copy(processed_dir() / f"{name}.{end}", tmp_path / "panels")
    write_sums(tmp_path / "panels")
    return Project(tmp_path)


class Project:
    def __init__(self, folder: Path):
        self.folder = folder
        self.log = folder / "log"
        self.studies = folder / "src" / "analysis" / "studies"

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": str(self.folder / "src"),
            "PROBE_LOG": str(self.log),
            "ANALYSIS_PROCESSED_DIR": str(self.folder / "panels"),
            "ANALYSIS_STORE_DIR": str(self.folder / "store"),
        }

    def run(self, call="run()", **environment) -> tuple[str, list[str]]:
        """Return what a call printed in a fresh process, and what was computed for it."""
        self.log.write_text("")
        code = f"from analysis.studies.probe import run, twice; print({call})"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=self.environment() | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.returncode, done.stderr
        return done.stdout.strip(), [line.split()[1] for line in self.log.read_text().splitlines()]

    def entries(self) -> list[Path]:
        return sorted((self.folder / "store").rglob("*.zip"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_each_dependency_is_seen_and_nothing_else(project):
    rows = len(panels.load("state_shapes"))
    assert project.run() == (str({"rows": 2 * rows}), ["run"])
    assert project.run() == (str({"rows": 2 * rows}), [])
    assert project.run("twice()") == (str(4 * rows), ["twice"])
    assert project.run("run(power=2)") == (str({"rows": (2 * rows) ** 2}), ["run"])

    edit(project.studies / "probe_unused.py", "return 1", "return 2")
    (project.folder / "panels" / "state_year.parquet").write_bytes(b"not read")
    assert project.run("twice()") == (str(4 * rows), [])

    edit(project.studies / "probe_helper.py", "FACTOR = 2", "FACTOR = 3")
    assert project.run("twice()") == (str(6 * rows), ["twice", "run"])
    edit(project.studies / "probe_helper.py", "FACTOR * n", "FACTOR * n + 1")
    assert project.run("twice()") == (str(6 * rows + 2), ["twice", "run"])
    edit(project.studies / "probe_helper.py", "FACTOR * n + 1", "FACTOR * n")
    assert project.run("twice()") == (str(6 * rows), [])


def test_a_panel_that_changed_is_read_again(project):
    project.run("twice()")
    manifest = project.folder / "panels" / "state_shapes.manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    write_sums(project.folder / "panels")
    assert project.run("twice()")[1] == ["twice", "run"]


def test_another_version_of_a_package_is_another_result(project):
    project.run()
    site = project.folder / "site" / "pandera-0.0.1.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.0.1\n")
    site.rename(site.with_name("numpy-0.0.1.dist-info"))
    path = os.pathsep.join([str(project.folder / "src"), str(project.folder / "site")])
    assert project.run(PYTHONPATH=path)[1] == ["run"]


@pytest.mark.parametrize("damage", ["cut", "byte", "member", "empty"])
def test_a_damaged_entry_is_made_again(project, damage):
    expected = project.run()[0]
    (path,) = project.entries()
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "byte":
        path.write_bytes(whole.replace(b'"rows"', b'"cows"'))
    elif damage == "member":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("more.json", "{}")
    else:
        path.write_bytes(b"")
    assert project.run() == (expected, ["run"])
    assert path.read_bytes() == whole


def test_what_is_stored_is_told_without_reading_it(project):
    assert project.run("run.is_stored(), run.is_stored(power=2)") == ("False False", [])
    project.run()
    assert project.run("run.is_stored(), run.is_stored(power=2)") == ("True False", [])
    edit(project.studies / "probe_helper.py", "FACTOR = 2", "FACTOR = 3")
    assert project.run("run.is_stored()") == ("False", [])
    edit(project.studies / "probe_helper.py", "FACTOR = 3", "FACTOR = 2")
    manifest = project.folder / "panels" / "state_shapes.manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    write_sums(project.folder / "panels")
    assert project.run("run.is_stored()") == ("False", [])
    assert project.run("run.is_stored()", ANALYSIS_STORE_DIR="off") == ("False", [])


def test_an_entry_of_other_code_is_no_answer(project):
    project.run()
    (path,) = project.entries()
    meta, members = files.read(path)
    files.write(path, meta | {"code": "0" * 64}, encode({"rows": -1}))
    assert project.run()[1] == ["run"]
    assert members["value.json"] != encode({"rows": -1})["value.json"]


def test_fresh_ignores_what_is_stored_and_off_keeps_nothing(project):
    project.run("twice()")
    assert project.run("twice()", ANALYSIS_STORE_FRESH="a")[1] == ["twice", "run"]
    assert project.run("twice()", ANALYSIS_STORE_FRESH="a")[1] == []
    assert project.run("twice()", ANALYSIS_STORE_FRESH="b")[1] == ["twice", "run"]
    before = [path.read_bytes() for path in project.entries()]
    assert project.run("twice()", ANALYSIS_STORE_DIR="off")[1] == ["twice", "run"]
    assert [path.read_bytes() for path in project.entries()] == before


def test_two_builds_at_once_compute_once(project):
    edit(
        project.studies / "probe.py",
        "def run(power=1):",
        "def run(power=1):\n    import time; time.sleep(1.5)",
    )
    code = "from analysis.studies.probe import run; print(run())"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=project.environment(), stdout=subprocess.PIPE, text=True
        )
        for _ in "12"
    ]
    said = {process.communicate()[0] for process in both}
    assert len(said) == 1
    assert project.log.read_text().count("computed run") == 1


def test_a_file_newer_than_the_process_is_not_trusted(project):
    code = """
from pathlib import Path
from analysis.studies import probe, probe_helper
path = Path(probe_helper.__file__)
path.write_text(path.read_text().replace("FACTOR = 2", "FACTOR = 5"))
print(probe.run())
"""
    subprocess.run([sys.executable, "-c", code], env=project.environment(), check=True, capture_output=True)
    assert not project.entries()
    rows = len(panels.load("state_shapes"))
    assert project.run() == (str({"rows": 5 * rows}), ["run"])


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ("probe_helper.FACTOR = 7", 0),
        ("probe_helper.scaled = lambda n: n", 0),
        ("probe_helper.SEEN.add(1)", 1),
    ],
)
def test_what_changed_code_gives_is_not_kept_and_a_filled_memory_changes_no_code(project, statement, kept):
    edit(project.studies / "probe_helper.py", "FACTOR = 2", "FACTOR = 2\nSEEN = set()")
    project.run("0")
    code = f"from analysis.studies import probe, probe_helper\n{statement}\nprobe.run()"
    subprocess.run([sys.executable, "-c", code], env=project.environment(), check=True, capture_output=True)
    assert len(project.entries()) == kept


@pytest.mark.raw
def test_reading_published_files_leaves_the_code_as_written():
    locate(next(iter(raw_files())))
    assert not altered(name for name in list(sys.modules) if name.startswith("analysis."))


def test_reach_follows_names_not_whole_packages():
    used = dependencies.used_by("from ..estimators import ols", "analysis.studies")
    assert used == dependencies.used_by("from analysis.estimators import ols")
    assert {name.rpartition(".")[2] for name in used} == {"ols"}
    whole = dependencies.used_by("import analysis.estimators.linalg")
    assert {"analysis.estimators.linalg", "analysis.estimators.linalg.groups"} <= whole
    named = dependencies.used_by("x = 'analysis.studies.measurement'")
    assert "analysis.studies.measurement.study" in named


def test_entries_hold_json_and_arrays_only(project):
    project.run()
    (path,) = project.entries()
    with zipfile.ZipFile(path) as archive:
        assert {Path(name).suffix for name in archive.namelist()} <= {".json", ".npy", ""}
        assert json.loads(archive.read("meta.json"))["panels"].keys() == {"state_shapes"}
