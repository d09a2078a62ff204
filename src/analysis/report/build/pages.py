"""The paper as pages: one for the paper and one for each appendix, with shared style, search and files.

The text is converted once, with all its numbers and references, and cut at the appendices' headings; links
between what became different pages are led there.
"""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import Template

_TOP = re.compile(r"(?=<h1\b)")
_HEADING = re.compile(r"<h([123])\b([^>]*)>(.*?)</h\1>", re.DOTALL)
_ID = re.compile(r'\bid="([^"]+)"')
_LINK = re.compile(r'href="#([^"]+)"')
_TAGS = re.compile(r"<(style|svg|math|script)\b.*?</\1>|<[^>]+>", re.DOTALL)
_APPENDIX = "appendix"
FIRST = "index.html"


@dataclass(frozen=True)
class Page:
    """One page: its file, its title as text, its HTML and its headings (level, id, HTML)."""

    file: str
    title: str
    body: str

    @property
    def headings(self) -> list[tuple[int, str, str]]:
        """Level, id and inner HTML of the page's headings."""
        found = []
        for level, attributes, inner in _HEADING.findall(self.body):
            if name := _ID.search(attributes):
                found.append((int(level), name[1], inner))
        return found


def cut(body: str, names: Sequence[str], title: str) -> list[Page]:
    """Return the pages of a converted text.

    Parameters
    ----------
    body : str
        HTML of the paper, its references and its appendices, each appendix under an ``h1`` of that class.
    names : sequence of str
        File stems of the appendices, in order.
    title : str
        The paper's title.
    """
    parts = _TOP.split(body)
    starts = [number for number, part in enumerate(parts) if _is_appendix(part)]
    edges = [*starts, len(parts)]
    chunks = ["".join(parts[: edges[0]])]
    chunks += ["".join(parts[here:there]) for here, there in itertools.pairwise(edges)]
    files = [FIRST, *[f"{name}.html" for name in names]]
    titles = [title, *[plain(_HEADING.search(chunk)[3]) for chunk in chunks[1:]]]  # type: ignore[index]
    pages = [Page(*parts_of) for parts_of in zip(files, titles, chunks, strict=True)]
    return _relinked(pages)


def _is_appendix(part: str) -> bool:
    opening = part[: part.find(">")]
    return opening.startswith("<h1") and _APPENDIX in opening


def _relinked(pages: Sequence[Page]) -> list[Page]:
    home = {name: page.file for page in pages for name in _ID.findall(page.body)}

    def led(page: Page) -> str:
        def one(found: re.Match[str]) -> str:
            target = home.get(found[1], page.file)
            return found[0] if target == page.file else f'href="{target}#{found[1]}"'

        return _LINK.sub(one, page.body)

    return [Page(page.file, page.title, led(page)) for page in pages]


def plain(fragment: str) -> str:
    """Return the text of an HTML fragment, without formulas and drawings."""
    return " ".join(html.unescape(_TAGS.sub(" ", fragment)).split())


def contents(pages: Sequence[Page], current: Page | None) -> str:
    """Return the list of contents: every page, and the sections of the current one (of all when None)."""
    lines = ["<ul>"]
    for page in pages:
        here = page is current
        target = "" if current is None or here else page.file
        inside = [row for row in page.headings if row[0] == (1 if page.file == FIRST else 2)]
        sections = "".join(
            f'<li><a href="{target}#{name}">{_bare(inner)}</a></li>' for _, name, inner in inside
        )
        own = page.headings[0] if page.headings else (1, "main", "")
        link = page.file if current is not None else f"#{'main' if page.file == FIRST else own[1]}"
        mark = ' aria-current="page"' if here else ""
        nested = f"<ul>{sections}</ul>" if sections and (here or current is None) else ""
        title = html.escape("The paper" if page.file == FIRST else page.title)
        lines.append(f'<li><a href="{link}"{mark}>{title}</a>{nested}</li>')
    return "\n".join([*lines, "</ul>"])


def _bare(inner: str) -> str:
    return re.sub(r"</?a\b[^>]*>", "", inner)


def search_index(pages: Sequence[Page]) -> str:
    """Return a script with the text of every section: page, anchor, heading and words."""
    rows = []
    for page in pages:
        places = list(_HEADING.finditer(page.body))
        ends = [place.start() for place in places[1:]] + [len(page.body)]
        for place, end in zip(places, ends, strict=False):
            if name := _ID.search(place[2]):
                words = plain(page.body[place.end() : end])
                rows.append([page.file, name[1], plain(place[3]), page.title, words])
    return f"window.PAPER_INDEX={json.dumps(rows, ensure_ascii=False, separators=(',', ':'))};\n"


def filled(template: str, **values: str) -> str:
    """Return a page template with its ``$names`` filled."""
    return Template(template).substitute(values)
