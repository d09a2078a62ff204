"""The file of finished chunks: cut lines are computed again, changed ones refused, other code never reused."""

from __future__ import annotations

import json

import pytest

from analysis.errors import AlteredFileError
from analysis.studies.multiverse import resume

ROWS = [{"spec": "a", "percent": 1.5, "cities": 7}, {"spec": "b", "percent": None, "cities": 8}]
KEY = resume.key_of("panels of today")


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "partial.jsonl"
    resume.append(place, KEY, ROWS[:1])
    resume.append(place, KEY, ROWS[1:])
    return place


def test_what_was_finished_is_read(path):
    assert resume.read(path, KEY) == {row["spec"]: row for row in ROWS}
    assert resume.read(path.with_name("none"), KEY) == {}


def test_other_panels_code_or_versions_are_not_reused(path, monkeypatch):
    assert resume.read(path, resume.key_of("other panels")) == {}
    monkeypatch.setattr(resume, "code_key", lambda: "other code")
    assert resume.read(path, resume.key_of("panels of today")) == {}


def test_the_key_follows_the_code_and_the_versions(monkeypatch):
    before = resume.code_key.__wrapped__()
    assert resume.code_key.__wrapped__() == before
    with monkeypatch.context() as changed:
        changed.setattr(resume, "_version", lambda package: "9.9")
        assert resume.code_key.__wrapped__() != before
    real = resume._sources
    monkeypatch.setattr(resume, "_sources", lambda *a: [(n, t.replace(b"/", b"*", 1)) for n, t in real(*a)])
    assert resume.code_key.__wrapped__() != before


@pytest.mark.parametrize("cut", [2, 20, 100])
def test_a_cut_line_is_computed_again(path, cut):
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(resume.read(path, KEY)) == ["a"]
    resume.append(path, KEY, ROWS[1:])
    assert list(resume.read(path, KEY)) == ["a", "b"]


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r["rows"][0].update(percent=-99.9),
        lambda r: r.update(key="0" * 16),
        lambda r: r.pop("digest"),
        lambda r: r.pop("rows"),
        lambda r: r.clear(),
    ],
)
def test_a_changed_line_is_refused(path, change):
    lines = path.read_text().splitlines()
    record = json.loads(lines[0])
    change(record)
    path.write_text(json.dumps(record) + "\n" + lines[1] + "\n")
    with pytest.raises(AlteredFileError, match=r"Line 1 .* --fresh"):
        resume.read(path, KEY)


@pytest.mark.parametrize("line", [b"7", b"[]", b'"text"', b"null"])
def test_a_line_of_something_else_is_refused(path, line):
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(AlteredFileError, match="Line 3"):
        resume.read(path, KEY)


def test_bytes_that_are_no_text_are_computed_again(path):
    path.write_bytes(path.read_bytes() + b"\xff\xfe\n")
    assert len(resume.read(path, KEY)) == 2
