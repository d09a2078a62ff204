"""The first page and the README say what the studies say now."""

from __future__ import annotations

import pytest

from analysis.cli import readme
from analysis.paths import project_root
from analysis.report.front import headline_figure, sentences
from analysis.studies import cap2017, summary, uar2017


@pytest.fixture(scope="module")
def headline():
    return summary.headline()


def test_readme_is_current(headline):
    text = (project_root() / "README.md").read_text("utf-8")
    assert readme.readme(text) == text
    figure = (project_root() / "docs" / "figures" / "headline.svg").read_text("utf-8")
    assert figure == headline_figure(summary.forest_rows()).svg


def test_headline_is_the_studies(headline):
    rows = uar2017.run().differences
    change = rows[
        rows["coding"].eq("status inquiry")
        & rows["estimator"].eq("one-to-one")
        & rows["group"].eq("change")
        & rows["outcome"].eq("violent_without_rape")
    ]
    assert len(change) == 1
    assert headline["change"] == change["estimate"].iloc[0]
    main = cap2017.results().main.set_index("design")
    assert (headline["county"], headline["within"]) == (
        main.loc["matched", "estimate"],
        main.loc["within states", "estimate"],
    )
    counted = sum(headline[name] for name in ("agrees", "consistent", "differs", "untested"))
    assert headline["claims"] == counted == len(summary.verdicts())


def test_every_figure_of_a_sentence_is_filled(headline):
    text = " ".join(str(part) for part in sentences(headline))
    assert "{" not in text
    assert f"{headline['claims']} statements" in text
