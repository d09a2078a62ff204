"""Chapters bound together: the first is the paper, the others follow it as appendices under letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..prose import Prose
from .convert import cites_anything, markdown_of
from .notebooks import Chapter

CONTENTS = "```{=typst}\n#show: contents\n```"
APPENDICES = "```{=typst}\n#show: appendices\n```"
REFERENCES = {
    "typst": '```{=typst}\n#references("references.bib")\n```',
    "html": "# References {.unnumbered}\n\n::: {#refs}\n:::",
}
_TITLE = re.compile(r"^# +(.+?)[ \t]*$", re.MULTILINE)
_DEEPER = re.compile(r"^#(#+ )", re.MULTILINE)
_NUMBERED = re.compile(r"^# (?!.*\.unnumbered)", re.MULTILINE)
_SECTION = re.compile(r"(?<![\w\\])@sec:(\w+)")


def bound_text(chapters: Sequence[Chapter], figures: Path, *, to: str) -> str:
    """Return all chapters as one Markdown text, references between the paper and the appendices.

    Parameters
    ----------
    chapters : sequence of Chapter
        The paper, then what becomes its appendices.
    figures : pathlib.Path
        Directory that receives the figures.
    to : {"typst", "html"}
        What it will be made into; for HTML the code is kept, folded away.
    """
    paper, *others = chapters
    bound = [as_paper(paper), *map(as_appendix, others)]
    texts = [markdown_of(chapter, figures, code=to == "html") for chapter in bound]
    middle = [REFERENCES[to]] if any(map(cites_anything, texts)) else []
    if others:
        middle.append(APPENDICES)
    return "\n\n".join([texts[0], *middle, *texts[1:]])


def as_paper(chapter: Chapter) -> Chapter:
    """Return the paper without its title, its headings one level up, the contents after its first page.

    The first page is all that stands before the first numbered heading.
    """
    chapter = _once(chapter, _TITLE, lambda text: _TITLE.sub("", text, count=1).lstrip("\n"))
    blocks = [
        replace(block, markdown=_DEEPER.sub(r"\1", block.markdown)) if isinstance(block, Prose) else block
        for block in chapter.blocks
    ]
    raised = replace(chapter, blocks=tuple(blocks))
    return _once(raised, _NUMBERED, lambda text: _NUMBERED.sub(f"{CONTENTS}\n\n\\g<0>", text, count=1))


def as_appendix(chapter: Chapter) -> Chapter:
    """Return a chapter whose title is marked as an appendix and can be referred to as ``@sec:05``."""
    mark = chapter.name.split("_")[0]
    return _once(chapter, _TITLE, lambda text: _TITLE.sub(rf"# \1 {{#sec:{mark} .appendix}}", text, count=1))


def alone(text: str) -> str:
    """Return a chapter's text with references to other chapters as the names of their notebooks."""
    return _SECTION.sub(r"notebook \1", text)


def _once(chapter: Chapter, pattern: re.Pattern[str], change: Callable[[str], str]) -> Chapter:
    """Return a chapter with the first paragraph that has the pattern changed."""
    blocks = list(chapter.blocks)
    for place, block in enumerate(blocks):
        if isinstance(block, Prose) and pattern.search(block.markdown):
            blocks[place] = replace(block, markdown=change(block.markdown))
            break
    return replace(chapter, blocks=tuple(blocks))
