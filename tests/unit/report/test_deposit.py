"""The replication archive: the same bytes twice, and nothing in it that may not be passed on."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile

import pytest

from analysis.errors import AlteredFileError, AnalysisError
from analysis.paths import processed_dir
from analysis.report.deposit import contents
from analysis.report.deposit.write import write_archive
from analysis.sources.registry.files import RawFile, families, sha256_of

OPEN, CLOSED = "fbi_table8", "icpsr_county"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository of a few files with every manifest, and raw files: one open, one that is closed."""
    root, raw = tmp_path / "checkout", tmp_path / "raw"
    panels = root / "data" / "processed"
    panels.mkdir(parents=True)
    for place in processed_dir().glob("*.manifest.json"):
        shutil.copy(place, panels)
        (panels / f"{place.name.removesuffix('.manifest.json')}.parquet").write_text("stands for a panel")
    (root / "code.py").write_text("print()\n")
    (root / "notes.txt").write_text("never committed")
    for arguments in (
        ["init", "-q"],
        ["add", "code.py", "data"],
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", "-C", str(root), *arguments], check=True)
    files = {}
    for family in (OPEN, CLOSED):
        place = raw / family / "file.csv"
        place.parent.mkdir(parents=True)
        place.write_text(f"{family}\n")
        files[f"{family}/file.csv"] = RawFile(f"{family}/file.csv", 1, sha256_of(place))
    files[f"{OPEN}/absent.csv"] = RawFile(f"{OPEN}/absent.csv", 1, "0" * 64, "https://example.org/absent.csv")
    monkeypatch.setattr(contents, "raw_files", lambda: files)
    return {"root": root, "raw": raw}


def names(path) -> set[str]:
    with zipfile.ZipFile(path) as made:
        return set(made.namelist())


def table(path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as made:
        return list(csv.DictReader(io.StringIO(made.read(name).decode("utf-8"))))


def test_the_same_files_give_the_same_bytes(checkout, tmp_path):
    first, _ = write_archive(tmp_path / "one", **checkout)
    (checkout["root"] / "code.py").touch()
    second, _ = write_archive(tmp_path / "two", **checkout)
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in (tmp_path / "one").iterdir()] == [first.name]


def test_nothing_that_may_not_be_passed_on_is_in(checkout, tmp_path):
    path, _ = write_archive(tmp_path / "out", **checkout)
    inside = names(path)
    assert f"sanctuary-crime/data/raw/{OPEN}/file.csv" in inside and "sanctuary-crime/code.py" in inside
    assert not [name for name in inside if CLOSED in name or "notes.txt" in name]
    left = {line["path"]: line for line in table(path, "LEFT_OUT.csv")}
    assert left[f"sanctuary-crime/data/raw/{CLOSED}/file.csv"]["why"].startswith(
        "may not be passed on: ICPSR"
    )
    assert left[f"sanctuary-crime/data/raw/{OPEN}/absent.csv"]["how"] == "https://example.org/absent.csv"
    assert all(line["why"] and line["how"] for line in left.values())


def test_panels_to_be_judged_are_in_only_when_somebody_has_judged(checkout, tmp_path):
    panel = "sanctuary-crime/data/processed/county_year.parquet"
    path, _ = write_archive(tmp_path / "out", **checkout)
    left = {line["path"]: line for line in table(path, "LEFT_OUT.csv")}
    assert panel not in names(path) and "sanctuary data --only county_year" in left[panel]["how"]
    assert "sanctuary-crime/data/processed/policies.parquet" in names(path)
    path, _ = write_archive(tmp_path / "judged", judged=True, **checkout)
    assert panel in names(path) and panel not in {line["path"] for line in table(path, "LEFT_OUT.csv")}


def test_contents_and_readme_say_what_is_there(checkout, tmp_path):
    path, _ = write_archive(tmp_path / "out", **checkout)
    listed = {line["path"] for line in table(path, "CONTENTS.csv")}
    assert listed == names(path) - {"README.md", "CONTENTS.csv", "LEFT_OUT.csv"}
    with zipfile.ZipFile(path) as made:
        text = made.read("README.md").decode("utf-8")
    sections = [
        "Data availability",
        "Dataset list",
        "Computational requirements",
        "Instructions to",
        "References",
    ]
    assert sorted(sections, key=text.index) == sections
    assert all(about["title"] in text for about in families().values()) and "{" not in text


def test_an_altered_published_file_stops_the_archive(checkout, tmp_path):
    (checkout["raw"] / OPEN / "file.csv").write_text("another\n")
    with pytest.raises(AlteredFileError, match="not the registered one"):
        write_archive(tmp_path / "out", **checkout)
    assert not (tmp_path / "out").exists()


def test_a_changed_checkout_is_no_version(checkout, tmp_path):
    (checkout["root"] / "code.py").write_text("print(1)\n")
    with pytest.raises(AnalysisError, match=r"1 files differ from the commit, code\.py first"):
        write_archive(tmp_path / "out", **checkout)


def test_a_folder_without_git_is_no_checkout(tmp_path):
    with pytest.raises(AnalysisError, match="no checkout"):
        contents.contents(root=tmp_path)


def test_a_restricted_path_is_refused_last():
    contents.require_nothing_restricted(
        [f"sanctuary-crime/data/raw/{OPEN}/a.csv", "sanctuary-crime/data/raw/README.md"]
    )
    with pytest.raises(AnalysisError, match="may not be passed on"):
        contents.require_nothing_restricted([f"sanctuary-crime/data/raw/{CLOSED}/a.csv"])
