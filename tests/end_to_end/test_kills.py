"""Commands that write, killed at every change of a name and at random moments: the old output or the new, whole.

Each run is a fork of this process that kills itself without warning (SIGKILL), before or after the n-th call
that changes a folder, or after a random share of the time a whole run takes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis import cli, placing
from analysis.panels import build, rates, store
from analysis.panels.columns import panel_model
from analysis.panels.panel import Built, Panel
from analysis.report.build import build as report_build
from analysis.sources.return_a import ingest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from kills import check_every_kill, content, reset
from return_a_records import make_block, write

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture
def fast(monkeypatch):
    """Ingest without threads of its own, so that forks are safe."""
    return {"jobs": 1, "decoder": "numpy"}


def test_ingest_to_a_new_place(tmp_path, fast):
    file = write(tmp_path / "in" / "a.txt", make_block(2)) if (tmp_path / "in").mkdir() is None else None
    place = tmp_path / "out" / "set"
    place.parent.mkdir()
    act = lambda: ingest(file, place, overwrite=True, **fast)  # noqa: E731
    assert check_every_kill(reset(place), act, place) > 40


@pytest.mark.parametrize("can_exchange", [True, False])
def test_ingest_over_an_earlier_data_set(tmp_path, fast, monkeypatch, can_exchange):
    (tmp_path / "in").mkdir()
    first, second = (write(tmp_path / "in" / f"{k}.txt", make_block(2, k, year=80 + k)) for k in (1, 2))
    place = tmp_path / "out" / "set"
    place.parent.mkdir()
    if not can_exchange:
        monkeypatch.setattr(placing, "_exchange_call", lambda: None)

    def start():
        reset(place)()
        ingest(first, place, **fast)

    def nothing_is_lost(found, old, new):
        aside = [p / placing.EARLIER for p in place.parent.glob(".ingesting*")]
        return (
            not can_exchange and not found and any(each.exists() and content(each) == old for each in aside)
        )

    act = lambda: ingest(second, place, overwrite=True, **fast)  # noqa: E731
    assert check_every_kill(start, act, place, allowed=nothing_is_lost) > 40


def test_data_replaces_all_panels_or_none(tmp_path, monkeypatch):
    place = tmp_path / "here" / "processed"
    monkeypatch.setenv("ANALYSIS_PROCESSED_DIR", str(place))
    monkeypatch.setattr(rates, "_RATES", {})
    model, rows = panel_model("Small", ["ori", "year"], keys=["ori"]), {"now": 2}

    def builder(inputs=()):
        def make(_):
            years = list(range(2000, 2000 + rows["now"]))
            return Built(pd.DataFrame({"ori": [f"AA{y:07d}" for y in years], "year": years}), inputs)

        return make

    made = {name: Panel(name, model, builder()) for name in ("a", "b", "c")}
    made["d"] = Panel("d", model, builder(["a"]), needs=("a",))
    monkeypatch.setattr(build, "PANELS", made)

    def start():
        reset(place)()
        rows["now"] = 2
        assert cli.main(["data", "--no-fetch", "--quiet"]) == 0
        rows["now"] = 3

    act = lambda: cli.main(["data", "--no-fetch", "--quiet"])  # noqa: E731
    assert check_every_kill(start, act, place) > 80
    assert len(store.load("d")) == 3


def test_a_report_holds_whole_files_of_either_build(tmp_path, monkeypatch):
    place, now = tmp_path / "here" / "build", {"text": ""}
    chapters = [SimpleNamespace(name=str(number)) for number in range(4)]
    monkeypatch.setattr(
        report_build.parts,
        "article",
        lambda chapter, notice: {f"{chapter.name}.pdf": f"{chapter.name} {now['text']}".encode() * 1000},
    )

    def put(text):
        now["text"] = text
        report_build.typeset(chapters, out=place, bound=False, progress=False)

    def either(found, old, new):
        pages = {name: digest for name, digest in found.items() if not name.startswith(".making")}
        return set(pages) == set(new) and all(pages[name] in (old[name], new[name]) for name in new)

    def start():
        reset(place)()
        put("old")

    assert check_every_kill(start, lambda: put("new"), place, allowed=either) > 25
