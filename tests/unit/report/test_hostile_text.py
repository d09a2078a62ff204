"""Text from data that tries to leave its table: no live link, no heading, no block of its own."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from analysis.paths import reports_dir
from analysis.report.build import convert
from analysis.report.build.notebooks import Chapter
from analysis.report.exhibits import writers
from analysis.report.exhibits.tables import Table, frame_table
from analysis.report.prose import Prose

PAYLOADS = (
    "x\n```\n\n[click](javascript:alert(1))\n\n# Forged\n\n```{=html}\n<b>",
    "x\r```\r\r[click](javascript:alert(1))",
    "``````\n[click](javascript:alert(1))",
    "x\u2028```\u2028[click](javascript:alert(1))",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\n:::\n\n# Forged\n\n::: x",
)


def html_of(table, tmp_path):
    chapter = Chapter("01_a", [Prose("# Title"), table])
    text = convert.markdown_of(chapter, tmp_path)
    return convert.to_html(text, directory=tmp_path, bibliography=reports_dir() / "references.bib")


def tables(payload):
    plain = pd.DataFrame({"name": ["a"], "n": [1]})
    yield frame_table(plain.assign(name=[payload]), {"name": "name", "n": "n"}, caption="c", label="t")
    yield frame_table(plain, {"name": payload, "n": "n"}, caption="c", label="t")
    yield Table(["a", "b"], [["1", "2"]], caption="c", label="t", align="lr", groups={0: payload})
    yield Table(["a", "b"], [["1", "2"]], caption="c", label="t", align="lr", spanners=[(payload, 0, 2)])


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("place", range(4))
def test_nothing_in_a_table_becomes_markup(payload, place, tmp_path):
    pytest.importorskip("pypandoc")
    made = html_of(list(tables(payload))[place], tmp_path)
    assert "<a " not in made and "javascript:" not in re.sub(r">[^<]*<", "><", made)
    assert "<script" not in made and "<img" not in made and made.count("<h1") == 1
    assert made.count("<table") == 1


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java&#10;script:alert(1)", "data:text/html,x", "vbscript:x",
     "file:///etc/passwd"],
)  # fmt: skip
def test_a_link_that_runs_is_refused(link, tmp_path):
    pytest.importorskip("pypandoc")
    named = {"directory": tmp_path, "bibliography": reports_dir() / "references.bib"}
    for write in (convert.to_html, convert.to_typst):
        with pytest.raises(convert.ConversionError, match="A link leads to"):
            write(f"# T\n\n[click]({link})", **named)


@pytest.mark.parametrize(
    "link", ["https://example.org/a?b=c:d", "mailto:a@b.org", "#part", "page.html", "a/b:c"]
)
def test_other_links_stay(link, tmp_path):
    pytest.importorskip("pypandoc")
    made = convert.to_html(
        f"# T {{#part}}\n\n[x]({link})", directory=tmp_path, bibliography=reports_dir() / "references.bib"
    )
    assert "<a " in made


def test_code_cannot_end_its_block(tmp_path):
    source = "x = 1\n~~~~\n:::\n[click](javascript:alert(1))\n~~~~~~~"
    made = convert._code_markdown(convert.Code(source))
    assert made.splitlines()[1].startswith("~" * 8)


def test_the_notebook_table_escapes_markup():
    text = writers.markdown(next(tables("[click](javascript:alert(1)) `x` <b>\nnext")))
    assert "\\[click\\](javascript" in text and "\nnext" not in text and "\\<b>" in text
