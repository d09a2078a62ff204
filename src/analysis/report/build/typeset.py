"""Executed chapters as files: an article each, the bound report, the pages, and every exhibit by itself.

Each part is kept (`analysis.results.recall`) by the chapters it is made of, template and bibliography, so
that a change of one sentence typesets what shows it and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from ...paths import reports_dir
from ...results import find, recall
from ...results.codec import encode
from . import bind, convert, html, pdf
from .exhibit_files import exhibit_files, exhibit_names
from .notebooks import Chapter

SUBTITLE = "Two published designs rebuilt on the FBI’s files and dated policies, and asked again"
NOTICE = (
    "The list of treated places in this report is a cited substitute. The lists used by Gonzalez O’Brien, "
    "Collingwood and El-Khatib and by Wong could not be obtained, so no figure here is a digit-level "
    "reproduction of theirs."
)
BOUND = "sanctuary-crime"

Files = Mapping[str, bytes]


def article(chapter: Chapter, notice: str = NOTICE) -> Files:
    """Return a chapter as a PDF of its own, with a notice about the list of treated places."""

    def make(directory: Path, one: Chapter) -> Files:
        return _article(directory, one, notice)

    return _kept("article", make, chapter, said=notice)


def bound(*chapters: Chapter) -> Files:
    """Return the paper and its appendices as one PDF."""
    return _kept("bound", _bound, *chapters)


def pages(*chapters: Chapter) -> Files:
    """Return the single page, and under ``paper/`` the pages by chapter with what they share."""
    return _kept("pages", _pages, *chapters)


def exhibits(chapter: Chapter) -> Files:
    """Return every figure and table of a chapter as files of their own, under ``figures/``."""
    return _kept("exhibits", _exhibits, chapter)


def kept_part(make: Callable[..., Files], *chapters: Chapter) -> Files | None:
    """Return what a function above would find kept of these chapters; None where it would typeset."""
    said = NOTICE if make is article else ""
    found: Files | None = find(*_entry(make.__name__, said, *chapters))
    return found


def meta_of(title: str) -> html.Meta:
    """Return what the pages say about the paper: version, date and licence are those of the package."""
    return html.Meta(
        title=title,
        subtitle=SUBTITLE,
        notice=NOTICE,
        author="The sanctuary-crime project",
        version=version("sanctuary-crime"),
        date=pdf.VERSION_DATE.date().isoformat(),
        license_name="MIT",
        site=os.environ.get("ANALYSIS_SITE_URL", ""),
    )


def _kept(name: str, make: Callable[..., Files], *chapters: Chapter, said: str = "") -> Files:
    return recall(*_entry(name, said, *chapters), lambda: _in_a_folder(make, *chapters))


def _entry(name: str, said: str, *chapters: Chapter) -> tuple[str, str, list[str]]:
    """Return the name of a part in the store, the text that tells it from others, and its modules."""
    digest = hashlib.sha256(said.encode() + os.environ.get("ANALYSIS_SITE_URL", "").encode())
    for chapter in chapters:
        digest.update(encode(chapter)["value.json"])
    for path in sorted([*(reports_dir() / "template").iterdir(), _bibliography()]):
        digest.update(path.name.encode() + path.read_bytes())
    start = f"typeset.{name}.{chapters[0].name}" if len(chapters) == 1 else f"typeset.{name}"
    return start, digest.hexdigest(), [__name__]


def _in_a_folder(make: Callable[..., Files], *chapters: Chapter) -> Files:
    with tempfile.TemporaryDirectory(prefix="typeset-") as place:
        directory = Path(place)
        pdf.prepare(directory)
        return dict(make(directory, *chapters))


def _article(directory: Path, chapter: Chapter, notice: str) -> Files:
    text = bind.alone(convert.markdown_of(chapter, directory))
    body = convert.to_typst(text, directory=directory, bibliography=_bibliography(), shift=-1)
    title, cites = convert.title_of(chapter), convert.cites_anything(text)
    source = pdf.article_source(body, title=title, notice=notice, cites=cites)
    return {f"{chapter.name}.pdf": pdf.compile_pdf(source, name=chapter.name, directory=directory)}


def _bound(directory: Path, *chapters: Chapter) -> Files:
    text = bind.bound_text(chapters, directory, to="typst")
    body = convert.to_typst(text, directory=directory, bibliography=_bibliography())
    title = convert.title_of(chapters[0])
    source = pdf.bound_source(body, title=title, subtitle=SUBTITLE, notice=NOTICE)
    return {f"{BOUND}.pdf": pdf.compile_pdf(source, name=BOUND, directory=directory)}


def _pages(directory: Path, *chapters: Chapter) -> Files:
    meta = meta_of(convert.title_of(chapters[0]))
    text = bind.bound_text(chapters, directory, to="html")
    body = html.body_of(text, directory=directory, bibliography=_bibliography())
    names = [chapter.name for chapter in chapters[1:]]
    split = html.split_pages(body, meta, names, exhibit_names(chapters))
    return {f"{BOUND}.html": html.single_page(body, meta, names).encode()} | {
        f"paper/{name}": data for name, data in split.items()
    }


def _exhibits(directory: Path, chapter: Chapter) -> Files:
    return {f"figures/{name}": data for name, data in exhibit_files([chapter], directory).items()}


def _bibliography() -> Path:
    return reports_dir() / "references.bib"
