"""Chapters to one pandoc Markdown text, and that to Typst or HTML. Every pandoc warning is an error."""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

from ...errors import AnalysisError
from ...paths import reports_dir
from ..exhibits.figures import Figure
from ..exhibits.tables import Table
from ..prose import Prose
from .notebooks import Block, Chapter, Code

READER = "markdown-implicit_figures"
#: Kinds of address that a report may link to; an address without one stays within it.
_SCHEMES = {"http", "https", "mailto", "doi"}
#: A picture inside a drawing, as matplotlib writes the cells of a grid; it is data, and no browser runs it.
_PICTURE = "data:image/png;base64,"
_HTML_LINK = re.compile(r"""(?i)\b(?:href|src|action)\s*=\s*["']?([^"'\s>]*)""")
_TYPST_LINK = re.compile(r"""#link\("((?:[^"\\]|\\.)*)"\)""")
_CITATION = re.compile(r"(?<![\w\\])@(?!fig:|tbl:|sec:)[A-Za-z]")
_REFERENCE = re.compile(r"(?<![\w\\])@(fig|tbl):")
_HEADING = re.compile(r"^(#+) +(.*?)\s*(\{.*\})?$", re.MULTILINE)


class ConversionError(AnalysisError):
    """Text that cannot be typeset: unknown citation or reference, unsupported LaTeX, missing alt text."""


def title_of(chapter: Chapter) -> str:
    """Return the chapter's title: the text of its first heading, without markup."""
    for block in chapter.blocks:
        if isinstance(block, Prose) and (match := _HEADING.search(block.markdown)):
            return re.sub(r"[*_`]", "", match[2])
    raise ConversionError(
        f"Notebook {chapter.name} has no title.", remedy="Start its first Markdown cell with '# Title'."
    )


def markdown_of(chapter: Chapter, figures: Path, *, code: bool = False) -> str:
    """Return a chapter as pandoc Markdown, its figures written beside.

    Parameters
    ----------
    chapter : Chapter
        An executed notebook.
    figures : pathlib.Path
        Directory that receives one SVG a figure.
    code : bool, optional
        Whether to keep the code, folded away (HTML only).

    Notes
    -----
    Labels hold within a chapter: each gets the chapter's number in front, so that two chapters may use
    the same.
    """
    mark = chapter.name.split("_")[0]
    blocks = _code_after(chapter.blocks) if code else chapter.blocks
    parts = [_marked(block, mark, figures, code) for block in blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _code_after(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with every cell's code behind the first thing the cell shows: results come first."""
    ordered = list(blocks)
    for place, (block, following) in enumerate(itertools.pairwise(blocks)):
        if isinstance(block, Code) and not isinstance(following, Code):
            ordered[place], ordered[place + 1] = following, block
    return ordered


def cites_anything(text: str) -> bool:
    """Return whether a Markdown text has a citation (references to figures and tables are none)."""
    return bool(_CITATION.search(text))


def to_typst(text: str, *, directory: Path, bibliography: Path, shift: int = 0) -> str:
    """Return Typst source of a Markdown text; `shift` moves headings up (negative) or down."""
    arguments = ["-t", "typst", f"--shift-heading-level-by={shift}"]
    return require_safe_links(_pandoc(text, arguments, directory, bibliography), _TYPST_LINK)


def to_html(text: str, *, directory: Path, bibliography: Path, options: Sequence[str] = ()) -> str:
    """Return HTML with MathML of a Markdown text."""
    arguments = ["-t", "html5", "--mathml", "--citeproc", "-M", "link-citations=true", *options]
    return require_safe_links(_pandoc(text, arguments, directory, bibliography), _HTML_LINK)


def _pandoc(text: str, arguments: Sequence[str], directory: Path, bibliography: Path) -> str:
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "-f", READER, "--fail-if-warnings", "--wrap=none"]
    command += ["-L", str(reports_dir() / "template" / "house.lua"), f"--bibliography={bibliography}"]
    done = subprocess.run(
        [*command, *arguments], input=text, capture_output=True, text=True, encoding="utf-8", cwd=directory
    )
    if done.returncode:
        message = done.stderr.strip().replace("Failing because there were warnings.", "").strip()
        raise ConversionError(f"The text cannot be typeset: {message}", remedy="Mend the notebook's text.")
    return done.stdout


def _marked(block: Any, mark: str, figures: Path, code: bool) -> str:
    if isinstance(block, Figure | Table):
        block = replace(block, label=f"{mark}-{block.label}")
    text = _block_markdown(block, figures, code)
    return text if isinstance(block, Code) else _REFERENCE.sub(rf"@\1:{mark}-", text)


def _block_markdown(block: Any, figures: Path, code: bool) -> str:
    if isinstance(block, Figure):
        return _figure_markdown(block, figures)
    if isinstance(block, Table):
        return _table_markdown(block)
    if isinstance(block, Code):
        return _code_markdown(block) if code else ""
    found: str = block.markdown
    return found


def _figure_markdown(figure: Figure, figures: Path) -> str:
    file = f"fig-{figure.label}.svg"
    (figures / file).write_text(figure.svg, "utf-8")
    alt = " ".join(figure.alt.split()).replace("\\", "\\\\").replace('"', '\\"')
    opening = f'::: {{.report-figure #fig:{figure.label} file="{file}" alt="{alt}"}}'
    return f"{opening}\n{figure.caption.strip()}\n:::"


def _table_markdown(table: Table) -> str:
    parts = [f"::: {{.report-table #tbl:{table.label}}}", table.caption.strip()]
    parts += [_fenced("=typst", table.to_typst()), _fenced("=html", table.to_html())]
    parts += [note.strip() for note in table.notes]
    return "\n\n".join([*parts, ":::"])


def _code_markdown(block: Code) -> str:
    fence = _fence("~", 4, block.source)
    return f"::: report-code\n{fence} python\n{block.source}\n{fence}\n:::"


def _fenced(kind: str, text: str) -> str:
    """Return a raw block that nothing in its text can close."""
    fence = _fence("`", 3, text)
    return f"{fence}{{{kind}}}\n{text}\n{fence}"


def _fence(letter: str, least: int, text: str) -> str:
    longest = max((len(run) for run in re.findall(f"{re.escape(letter)}+", text)), default=0)
    return letter * max(least, longest + 1)


def require_safe_links(text: str, pattern: re.Pattern[str]) -> str:
    """Return a converted text if all its links lead to the web, to a mail address or to itself.

    Raises
    ------
    ConversionError
        At a link of another kind, e.g. ``javascript:``, which a browser would run.
    """
    for match in pattern.finditer(text):
        target = re.sub(r"[\x00-\x20]", "", unescape(match[1]).replace("\\", ""))
        scheme = re.match(r"([^/?#:]*):", target)
        if scheme and scheme[1].lower() not in _SCHEMES and not target.startswith(_PICTURE):
            raise ConversionError(
                f"A link leads to {target[:60]!r}.", remedy="Link to https addresses and parts of the report."
            )
    return text
