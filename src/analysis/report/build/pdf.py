"""Typst source to tagged, archival PDF with the same bytes on every run."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...paths import reports_dir
from ..exhibits.style import font_files
from .convert import ConversionError

STANDARDS: list[Any] = ["a-2a", "ua-1"]
VERSION_DATE = datetime(2026, 11, 24, tzinfo=UTC)
"""Date of this version. Not of the run: a clock would change the bytes."""
_ARTICLE = """#import "paper.typ": *
#show: article.with(title: {title}, notice: {notice}, bibliography-file: {bibliography})

{body}
"""
_BOUND = """#import "paper.typ": *
#show: bound.with(title: {title}, subtitle: {subtitle}, notice: {notice})

{body}
"""


def article_source(body: str, *, title: str, notice: str, cites: bool) -> str:
    """Return the Typst document of one chapter."""
    return _ARTICLE.format(
        body=body, title=_string(title), notice=_string(notice), bibliography=_bibliography(cites)
    )


def bound_source(body: str, *, title: str, subtitle: str, notice: str) -> str:
    """Return the Typst document of all chapters; contents and references stand in the body."""
    return _BOUND.format(body=body, title=_string(title), subtitle=_string(subtitle), notice=_string(notice))


def prepare(directory: Path) -> None:
    """Copy template, bibliography and fonts to where the sources are compiled."""
    shutil.copy(reports_dir() / "template" / "paper.typ", directory)
    shutil.copy(reports_dir() / "references.bib", directory)
    (directory / "fonts").mkdir(exist_ok=True)
    for path in font_files("font_source_sans_pro"):
        shutil.copy(path, directory / "fonts")


def compile_pdf(source: str, *, name: str, directory: Path) -> bytes:
    """Return the PDF (PDF/A-2a and PDF/UA-1) of a Typst source.

    Parameters
    ----------
    source : str
        The document.
    name : str
        File stem, for messages.
    directory : pathlib.Path
        Where template, figures and fonts are.

    Raises
    ------
    ConversionError
        If Typst refuses the source or warns, e.g. for a missing label, font or alternative text.
    """
    import typst

    path = directory / f"{name}.typ"
    path.write_text(source, "utf-8")
    compiler = typst.Compiler(
        path, root=directory, font_paths=[directory / "fonts"], ignore_system_fonts=True
    )
    try:
        pdf, warnings = compiler.compile_with_warnings(
            format="pdf", pdf_standards=STANDARDS, timestamp=VERSION_DATE
        )
    except typst.TypstError as error:
        raise ConversionError(f"Typst refuses {name}: {error.message} {error.diagnostic}") from None
    if warnings:
        raise ConversionError(f"Typst warns about {name}: {'; '.join(w.message for w in warnings)}")
    assert isinstance(pdf, bytes)
    return pdf


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _bibliography(cites: bool) -> str:
    return '"references.bib"' if cites else "none"
