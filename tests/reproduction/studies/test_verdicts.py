"""No verdict on a published claim moves unseen: every study's findings against the committed verdicts."""

from __future__ import annotations

import importlib

import pytest

from analysis.studies.published.claims import PAPERS, claims, compare
from analysis.studies.published.verdicts import check_verdicts, committed


@pytest.mark.parametrize("study", PAPERS)
def test_the_verdicts_are_the_committed_ones(study):
    kept = committed()
    kept = kept[kept["study"] == study]
    if kept["note"].eq("The study that tests it has not run yet.").any():
        pytest.skip(f"verdicts of {study} are not accepted yet: run it, then verdicts.accept")
    module = importlib.import_module(f"analysis.studies.{study}.study")
    check_verdicts(compare(claims(study), module.findings()), kept)
