"""The two-page brief for readers who will not read the paper, in A4 and Letter."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...paths import reports_dir
from ..exhibits.figures import Figure
from . import pdf

PAPERS = {"a4": "a4", "letter": "us-letter"}
_SOURCE = """#import "brief.typ": *
#show: brief.with(title: {title}, notice: {notice}, paper: {paper}, author: {author})

= {heading}

#text(size: 11.5pt, fill: soft, {lead})

#answer({answer})

#figure(image("brief-figure.svg", alt: {alt}, width: 100%), caption: {caption})

#pagebreak()

== What cannot be said

{cannot}

== Please do not write

{avoid}

== How this was done

{method}

== Where to look further

{further}
"""


@dataclass(frozen=True)
class Brief:
    """What the brief says.

    Attributes
    ----------
    title, lead, answer, notice, author : str
    cannot, avoid, method, further : sequence of str
        Points, each a sentence or two.
    figure : Figure
    """

    title: str
    lead: str
    answer: str
    notice: str
    author: str
    cannot: Sequence[str]
    avoid: Sequence[str]
    method: Sequence[str]
    further: Sequence[str]
    figure: Figure


METHOD = (
    "Recorded crime comes from the tables that the FBI prints for every city, year by year. A year that "
    "is not printed is missing, never zero, and a year that the FBI says cannot be compared with earlier "
    "ones begins a new series.",
    "Policies come from public sources, each cited: what the instrument limits, from when, and how surely "
    "that is known. Symbolic acts and doubtful dates are kept apart.",
    "For each city that adopted a rule, crimes recorded afterwards are compared with the number expected "
    "had its own rate moved as the rate of cities that never adopted one. How far other cities depart from "
    "such an expectation without any policy gives the interval.",
)
FURTHER = (
    "The paper says how each design was built, what it could have found, and what every defensible choice "
    "does to it.",
    "The explorer shows any city or county: its policies, its record with every break, and its part in "
    "each study.",
)


def brief_pdfs(brief: Brief, directory: Path) -> dict[str, bytes]:
    """Return the brief for each size of paper, by file name (``brief-a4.pdf``, ``brief-letter.pdf``).

    Parameters
    ----------
    brief : Brief
    directory : pathlib.Path
        Where sources, figure and fonts are put.
    """
    pdf.prepare(directory)
    shutil.copy(reports_dir() / "template" / "brief.typ", directory)
    (directory / "brief-figure.svg").write_text(brief.figure.svg, "utf-8")
    return {
        f"brief-{name}.pdf": pdf.compile_pdf(_source(brief, paper), name=f"brief-{name}", directory=directory)
        for name, paper in PAPERS.items()
    }


def _source(brief: Brief, paper: str) -> str:
    texts = {name: _string(getattr(brief, name)) for name in ("title", "lead", "answer", "notice", "author")}
    lists = {name: _points(getattr(brief, name)) for name in ("cannot", "avoid", "method", "further")}
    return _SOURCE.format(
        **texts,
        **lists,
        paper=_string(paper),
        heading=f"#{_string(brief.title)}",
        alt=_string(brief.figure.alt),
        caption=_string(brief.figure.caption),
    )


def _points(sentences: Sequence[str]) -> str:
    return "\n".join(f"- #{_string(text)}" for text in sentences)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
