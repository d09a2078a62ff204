"""The small writers, killed: README, notebooks, verdicts, policies, exports, the curve, the site, stored results."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest

from analysis import cli, paths
from analysis.cli import multiverse as multiverse_command
from analysis.cli import readme as readme_command
from analysis.cli import study as study_command
from analysis.panels import build
from analysis.panels.export.write import export
from analysis.panels.policies.edit import append_row
from analysis.placing import write_text
from analysis.report import front
from analysis.report.build import notebooks
from analysis.report.deposit import write as archive
from analysis.report.deposit.contents import Contents, Entry
from analysis.report.site import build as site
from analysis.results import files
from analysis.sources.policy import datapackage
from analysis.sources.policy import readme as policy_readme
from analysis.sources.policy.dated import COLUMNS, read_text
from analysis.studies.multiverse import joint_test, resume, study
from analysis.studies.paper import readme as readme_figures
from analysis.studies.published import verdicts

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from kills import check_every_kill, content, either, reset, run_and_kill

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
LONG = "a line of text\n" * 20_000


@pytest.fixture
def place(tmp_path):
    made = tmp_path / "here" / "place"
    made.parent.mkdir()
    return made


def fresh(place, make):
    def start():
        reset(place)()
        place.mkdir(parents=True)
        make()

    return start


def test_readme_and_its_figure(place, monkeypatch):
    now = {"text": "old"}
    monkeypatch.setattr(paths, "project_root", lambda: place)
    monkeypatch.setattr(readme_command, "readme", lambda old: f"{now['text']}\n{LONG}")
    monkeypatch.setattr(readme_figures, "forest_rows", lambda: None)
    monkeypatch.setattr(
        front, "headline_figure", lambda rows: SimpleNamespace(svg=f"<svg>{now['text']}</svg>")
    )

    def write(text):
        now["text"] = text
        (place / "README.md").touch()
        assert readme_command.run(argparse.Namespace(check=False)) == 0

    start = fresh(place, lambda: write("old"))
    assert check_every_kill(start, lambda: write("new"), place, allowed=either, least=3) > 20


def test_executed_notebooks(place):
    def write(text):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text + LONG)])
        for cell in book.cells:
            cell["id"] = "one"
        notebooks.write_executed({Path(f"{n}.ipynb"): book for n in range(3)}, place)

    start = fresh(place, lambda: write("old"))
    assert check_every_kill(start, lambda: write("new"), place, allowed=either) > 20
    assert nbformat.read(place / "0.ipynb", as_version=4).cells[0].source.startswith("new")


def test_accepted_verdicts(place):
    def write(verdict):
        claims = [f"claim{number}" for number in range(3000)]
        table = pd.DataFrame({"claim": claims, "study": "s", "verdict": verdict, "note": ""})
        verdicts.accept(table, place / "verdicts.csv")

    start = fresh(place, lambda: write("agrees"))
    assert check_every_kill(start, lambda: write("consistent"), place, least=1) > 20


def test_a_policy_added(place):
    row = read_text()[COLUMNS].iloc[0].astype(str).to_dict()
    state = paths.policies_dir() / "rows" / f"{row['state']}.csv"

    def old():
        (place / "rows").mkdir()
        shutil.copy(state, place / "rows")

    start = fresh(place, old)
    start()
    before = content(place)
    append_row(row, place)
    after = content(place)
    seen = set()
    for kill in [{"at": 1}, {"at": 2}, *({"after": 0.001 * k} for k in range(20))]:
        start()
        run_and_kill(lambda: append_row(row, place), **kill)
        assert content(place) in (before, after)
        seen.add(content(place) == after)
    assert seen == {False, True}


def test_the_descriptor_and_the_readme_of_the_list(place):
    real = paths.policies_dir()

    def old():
        shutil.copytree(real, place, dirs_exist_ok=True)
        for name in (datapackage.DESCRIPTOR, policy_readme.README):
            text = (place / name).read_text("utf-8")
            (place / name).write_text(text.replace("2", "7"), "utf-8")

    def write():
        datapackage.write_descriptor(place)
        policy_readme.write_readme(place)

    assert check_every_kill(fresh(place, old), write, place, allowed=either, least=3, moments=4) > 7


def test_the_export_of_panels(place):
    def write(version):
        export(place, formats=("csv", "parquet"), only=["state_bans"], version=version)

    start = fresh(place, lambda: write("0.0.1"))
    assert check_every_kill(start, lambda: write("0.0.2"), place, allowed=either, moments=5) > 15
    assert not list(place.glob(".making*"))


def test_the_curve_replaces_both_its_panels_or_none(place, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "processed_dir", lambda: place)
    monkeypatch.setattr(study, "partial_path", lambda: tmp_path / "partial.jsonl")
    monkeypatch.setattr("analysis.panels.store.processed_dir", lambda: place)
    monkeypatch.setattr(study, "run", lambda **_: pd.DataFrame({"spec": ["a"]}))
    monkeypatch.setattr(study, "admitted", lambda frame: frame)
    monkeypatch.setattr(joint_test, "representatives", lambda frame: frame)
    monkeypatch.setattr(joint_test, "run", lambda frame, n_jobs: frame)
    now = {"text": "old"}

    def commit(name):
        def write(frame, directory):
            # As `write_panel` does: a new file, since those kept from before may be linked and not copied.
            return write_text(directory / name, now["text"] + LONG)

        return write

    monkeypatch.setattr(study, "commit", commit("multiverse.parquet"))
    monkeypatch.setattr(joint_test, "commit", commit("multiverse_joint.parquet"))

    def write(text):
        now["text"] = text
        options = argparse.Namespace(fresh=False, quiet=True, jobs=1, cluster=None)
        assert multiverse_command.run(options) == 0

    start = fresh(place, lambda: write("old"))
    assert check_every_kill(start, lambda: write("new"), place) > 20


def test_the_file_of_finished_chunks_of_the_curve(place):
    place.mkdir()
    path, key = place / "partial.jsonl", resume.key_of("panels")
    chunks = [[{"spec": f"{number}", "percent": number / 7, "text": LONG}] for number in range(5)]

    def go_on():
        done = resume.read(path, key)
        for rows in chunks:
            if rows[0]["spec"] not in done:
                resume.append(path, key, rows)

    ended = set()
    for after in [k * 0.004 for k in range(20)]:
        path.unlink(missing_ok=True)
        ended.add(run_and_kill(go_on, after=after)[0])
        before = resume.read(path, key)
        assert list(before) == [str(number) for number in range(len(before))]
        go_on()
        assert resume.read(path, key) == {rows[0]["spec"]: rows[0] for rows in chunks}
    assert "killed" in ended


def test_the_site(place, monkeypatch):
    now = {"text": ""}
    monkeypatch.setattr(site, "verify", lambda folder: None)

    def page(name):
        def step(folder, work, about):
            (folder / f"{name}.html").write_text(now["text"] + LONG)

        return step

    monkeypatch.setattr(site, "_STEPS", {name: page(name) for name in ("paper", "explorer", "front")})

    def write(text):
        now["text"] = text
        site.build_site(place, progress=False)

    def start():
        reset(place)()
        write("old")

    assert check_every_kill(start, lambda: write("new"), place) > 20


def test_a_stored_result(place):
    def write(text):
        files.write(place / "result.zip", {"text": text}, {"numbers": LONG.encode()})

    start = fresh(place, lambda: write("old"))
    assert check_every_kill(start, lambda: write("new"), place, least=1) > 20
    assert files.read(place / "result.zip")[0] == {"text": "new"}


def test_the_rows_by_year_of_the_panels(place, monkeypatch):
    real = paths.processed_dir()

    def old():
        for path in real.glob("state_*.manifest.json"):
            shutil.copy(path, place)
        (place / build.ROWS_BY_YEAR).write_text("old\n")

    start = fresh(place, old)
    assert (
        check_every_kill(start, lambda: build.write_rows_by_year(place), place, allowed=either, least=3) > 20
    )


def test_the_files_of_a_study_of_ones_own(place):
    class Report:
        def __init__(self, text):
            self.text = text

        def put(self, path):
            path.write_text(self.text + LONG)

        to_pdf = to_html = save = put

        def summary(self):
            return self.text

        def tables(self):
            return {"Event study": pd.DataFrame({"estimate": [self.text]})}

    start = fresh(place, lambda: study_command.write(Report("old"), place))
    write = lambda: study_command.write(Report("new"), place)  # noqa: E731
    assert check_every_kill(start, write, place, allowed=either, moments=5) > 15
    assert not list(place.glob(".study*"))


def test_the_archive(place, tmp_path, monkeypatch):
    source = tmp_path / "code.py"
    held = Contents((Entry("code.py", source),), ())
    monkeypatch.setattr(archive, "contents", lambda **_: held)

    def put(text):
        source.write_text(text + LONG)
        archive.write_archive(place)

    start = fresh(place, lambda: put("old"))
    assert check_every_kill(start, lambda: put("new"), place, allowed=either, least=0) > 4


def test_every_command_that_writes_has_a_kill_test():
    """Commands with a test that kills them, here or in test_kills, so that a new one is asked for its own."""
    here = {"archive", "readme", "notebooks", "verify", "policies", "export", "multiverse", "site", "study"}
    before = {"data", "ingest", "report"}
    write_nothing = {"doctor"}
    (commands,) = [each for each in cli.parser()._actions if isinstance(each, argparse._SubParsersAction)]
    assert set(commands.choices) == here | before | write_nothing
