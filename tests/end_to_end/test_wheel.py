"""The command from a wheel, outside a checkout: what it needs ships in it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from analysis.paths import project_root

pytestmark = pytest.mark.slow
pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds the package as its wheel installs it, without what it depends on."""
    place = tmp_path_factory.mktemp("wheel")
    told = {"cwd": project_root(), "check": True, "capture_output": True}
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)], **told)
    (wheel,) = place.glob("*.whl")
    install = ["install", "-q", "--no-deps", "--no-index", "--target", str(place / "site"), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], **told)
    return place / "site"


@pytest.fixture
def sanctuary(installed, tmp_path):
    """Run the command in an empty folder, with the installed package alone."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANALYSIS_")}
    environment |= {"PYTHONPATH": str(installed), "ANALYSIS_STORE_DIR": str(project_root() / ".results")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "ignore", "-m", "analysis", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


def test_notebooks_template_bibliography_panels_and_list_ship(installed):
    package, root = installed / "analysis", project_root()
    for inside, folder in (("_notebooks", "notebooks"), ("_reports/template", "reports/template")):
        committed = {each.relative_to(root / folder) for each in (root / folder).rglob("*") if each.is_file()}
        shipped = {
            each.relative_to(package / inside) for each in (package / inside).rglob("*") if each.is_file()
        }
        assert {each for each in committed if ".ipynb_checkpoints" not in each.parts} == shipped
    assert (package / "_reports" / "references.bib").is_file()
    assert (package / "_processed" / "SHA256SUMS").is_file() and (package / "_policies" / "rows").is_dir()


def test_the_doctor_finds_what_a_report_needs(sanctuary):
    done = sanctuary("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "`sanctuary report` can run; `sanctuary data` cannot." in done.stdout
    assert "Traceback" not in done.stderr


def test_panels_are_exported(sanctuary, tmp_path):
    done = sanctuary("export", "--only", "state_bans", "--out", "exported")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "exported" / "datapackage.json").is_file()
    assert (tmp_path / "exported" / "csv" / "state_bans.csv").is_file()


def test_what_needs_a_checkout_says_so(sanctuary):
    done = sanctuary("archive")
    assert done.returncode == 2 and "no checkout" in done.stderr and "Traceback" not in done.stderr
