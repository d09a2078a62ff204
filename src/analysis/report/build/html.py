"""The paper in HTML: pages by chapter with their files, and everything in one page to keep.

Both work offline and without a request to anywhere: formulas are MathML, drawings SVG, type and script are
their own. The pages share style, script, fonts and a search index; the single page holds them all.
"""

from __future__ import annotations

import base64
import html as html_module
import io
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...paths import reports_dir
from ..exhibits.style import font_files
from . import pages
from .convert import to_html

_FACES = (
    ("Source Sans Pro", "font_source_sans_pro", "-Regular", 400, "normal"),
    ("Source Sans Pro", "font_source_sans_pro", "-Semibold", 600, "normal"),
    ("Source Serif Pro", "font_source_serif_pro", "-Regular", 400, "normal"),
    ("Source Serif Pro", "font_source_serif_pro", "-It", 400, "italic"),
    ("Source Serif Pro", "font_source_serif_pro", "-Semibold", 600, "normal"),
)
_CHARACTERS = [
    *range(0x20, 0x17F),
    0x2212,
    *range(0x2010, 0x2027),
    0x2032,
    0x2264,
    0x2265,
    0xD7,
    0x221E,
    0x2020,
]
#: A drawing of ours as an icon: a line that falls, and the interval around it.
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' "
    "height='32' rx='6' fill='%231f5c99'/%3E%3Cpath d='M6 9v8m7-6v9m7-5v8m6-4v7' stroke='%23fff' "
    "stroke-width='2.4' stroke-linecap='round' opacity='.55'/%3E%3Cpath d='m6 13 7 3 7 3 6 4' fill='none' "
    "stroke='%23fff' stroke-width='2.6' stroke-linecap='round'/%3E%3C/svg%3E"
)
_FIGURE = re.compile(r'<figure id="fig:([\w-]+)">(.*?)<figcaption>(.*?)</figcaption>\s*</figure>', re.DOTALL)
_TABLE = re.compile(r'<div class="table-float" id="tbl:([\w-]+)" tabindex="0">(.*?)</table></div>', re.DOTALL)
_NUMBER = re.compile(r'<span class="float-number">([^<]*?)\.</span>')


@dataclass(frozen=True)
class Meta:
    """What every page says about the paper.

    Attributes
    ----------
    title, subtitle, notice : str
    author, version, date, license_name : str
        The date is that of the version, as YYYY-MM-DD.
    site : str
        Address the pages will stand at, with a slash at its end; empty when it is not known.
    """

    title: str
    subtitle: str
    notice: str
    author: str
    version: str
    date: str
    license_name: str
    site: str = ""


def body_of(text: str, *, directory: Path, bibliography: Path) -> str:
    """Return the HTML of a Markdown text of all chapters, without page around it."""
    options = ["--syntax-highlighting=none", "-V", "lang=en"]
    return to_html(text, directory=directory, bibliography=bibliography, options=options)


def single_page(body: str, meta: Meta, names: Sequence[str]) -> str:
    """Return everything as one page that needs no other file.

    Parameters
    ----------
    body : str
        As `body_of` returns it.
    meta : Meta
    names : sequence of str
        File stems of the appendices.
    """
    parts = pages.cut(body, names, meta.title)
    whole = [pages.Page(page.file, page.title, _unled(page.body)) for page in parts]
    return _page(
        meta,
        title=meta.title,
        contents=pages.contents(whole, None),
        body=_with_tools("".join(page.body for page in whole), meta),
        style=f"<style>\n{_fonts_css(embedded=True)}{_template('page.css')}</style>",
        script=f"<script>\n{_template('page.js')}</script>",
        image="",
    )


def split_pages(body: str, meta: Meta, names: Sequence[str], files: Collection[str]) -> dict[str, bytes]:
    """Return the pages and what they share, by file name; figures' files lie in ``../figures``.

    Parameters
    ----------
    body, meta, names
        See `single_page`.
    files : collection of str
        Names of the exhibits' files there are.
    """
    parts = pages.cut(body, names, meta.title)
    made: dict[str, bytes] = {}
    first = _FIGURE.search(body)
    image = f"../figures/fig-{first[1]}.png" if first else ""
    for number, page in enumerate(parts):
        own = meta.title if page.file == pages.FIRST else f"{page.title} · {meta.title}"
        text = _page(
            meta,
            title=own,
            contents=pages.contents(parts, page),
            body=_with_tools(page.body, meta, files=files) + _neighbors(parts, number),
            style='<link rel="stylesheet" href="page.css">',
            script='<script src="page.js"></script>',
            image=image,
        )
        made[page.file] = text.encode()
    made["page.css"] = (_fonts_css(embedded=False) + _template("page.css")).encode()
    made["page.js"] = _template("page.js").encode()
    made["search-index.js"] = pages.search_index(parts).encode()
    made.update({f"fonts/{name}": data for name, data in _font_bytes().items()})
    return made


def head_tags(
    title: str, description: str, *, address: str = "", image: str = "", date: str = "", author: str = ""
) -> str:
    """Return the tags by which search engines and shared links know a page."""
    tags = {"description": description, "author": author, "date": date}
    cards = {
        "og:type": "article",
        "og:title": title,
        "og:description": description,
        "og:url": address,
        "og:image": image,
    }
    lines = [f'<meta name="{name}" content="{_text(value)}">' for name, value in tags.items() if value]
    lines += [f'<meta property="{name}" content="{_text(value)}">' for name, value in cards.items() if value]
    card = "summary_large_image" if image else "summary"
    lines += [f'<meta name="twitter:card" content="{card}">', f'<link rel="icon" href="{ICON}">']
    return "\n".join(lines)


def _page(meta: Meta, *, title: str, contents: str, body: str, style: str, script: str, image: str) -> str:
    address = meta.site and f"{meta.site}paper/"
    picture = f"{meta.site}{image.removeprefix('../')}" if meta.site and image else image
    head = head_tags(title, meta.subtitle, address=address, image=picture, date=meta.date, author=meta.author)
    return pages.filled(
        _template("page.html"),
        title=_text(title),
        head=f"{head}\n{style}",
        notice=_text(meta.notice),
        heading=_text(meta.title),
        subtitle=_text(meta.subtitle),
        about=_text(f"{meta.author}, version {meta.version} of {meta.date}. Code: {meta.license_name}."),
        cite=_text(citation(meta)),
        contents=contents,
        body=body,
        script=script,
    )


def citation(meta: Meta) -> str:
    """Return how to cite the paper, in a sentence."""
    return f"{meta.author} ({meta.date[:4]}). {meta.title}. Version {meta.version}."


def _neighbors(parts: Sequence[pages.Page], number: int) -> str:
    """Return links to the page before and the page after."""
    links = []
    for place, word in ((number - 1, "Before"), (number + 1, "Next")):
        if 0 <= place < len(parts):
            title = "The paper" if place == 0 else parts[place].title
            links.append(f'<a href="{parts[place].file}">{word}: {_text(title)}</a>')
    return f'<nav class="neighbors" aria-label="Chapters">{" ".join(links)}</nav>'


def _unled(body: str) -> str:
    """Return a page's HTML with links to other pages led back to their anchors."""
    return re.sub(r'href="[\w.-]+\.html#', 'href="#', body)


def _with_tools(body: str, meta: Meta, *, files: Collection[str] = ()) -> str:
    """Return the HTML with what a reader can do below every figure and table."""

    def figure(found: re.Match[str]) -> str:
        name, drawing, caption = found[1], found[2].strip(), found[3]
        number = _numbered(caption)
        box = f'<div class="drawing" tabindex="0" role="group" aria-label="{number}">{drawing}</div>'
        if files:
            address = f"../figures/fig-{name}.svg"
            box = (
                f'<div class="drawing"><a href="{address}" title="Open the drawing alone">{drawing}</a></div>'
            )
        kinds = [kind for kind in ("csv", "png", "svg") if f"fig-{name}.{kind}" in files]
        tools = _tools(f"fig:{name}", f"fig-{name}", number, meta, kinds, picture=not files)
        return f'<figure id="fig:{name}">{box}<figcaption>{caption}</figcaption>{tools}</figure>'

    def table(found: re.Match[str]) -> str:
        name, inner = found[1], found[2]
        number = _numbered(inner)
        tools = _tools(
            f"tbl:{name}",
            f"tbl-{name}",
            number,
            meta,
            ("csv",) if f"tbl-{name}.csv" in files else (),
            table=not files,
        )
        return (
            f'<div class="table-float" id="tbl:{name}" tabindex="0" role="region" aria-label="{number}">'
            f'{inner}</table></div><p class="scroll-hint" hidden>The table scrolls sideways.</p>{tools}'
        )

    return _TABLE.sub(table, _FIGURE.sub(figure, body))


def _numbered(caption: str) -> str:
    found = _NUMBER.search(caption)
    return _text(found[1]) if found else "Exhibit"


def _tools(
    anchor: str,
    name: str,
    number: str,
    meta: Meta,
    kinds: Sequence[str],
    *,
    picture: bool = False,
    table: bool = False,
) -> str:
    said = f"{citation(meta).rstrip('.')}, {number}."
    links = [f'<a href="#{anchor}" aria-label="Link to {number}">Link</a>']
    links.append(f'<button type="button" data-cite="{_text(said)}" aria-label="Cite {number}">Cite</button>')
    for kind in kinds:
        address = f"../figures/{name}.{kind}"
        links.append(
            f'<a href="{address}" download aria-label="{kind.upper()} of {number}">{kind.upper()}</a>'
        )
    if picture:
        links.append(f'<button type="button" data-png="{name}" aria-label="PNG of {number}">PNG</button>')
    if table:
        links.append(f'<button type="button" data-csv="{name}" aria-label="CSV of {number}">CSV</button>')
    return f'<p class="exhibit-tools">{" ".join(links)}</p>'


def _text(value: str) -> str:
    return html_module.escape(value, quote=True)


def _template(name: str) -> str:
    return (reports_dir() / "template" / name).read_text("utf-8")


def _fonts_css(*, embedded: bool) -> str:
    rules = []
    data = _font_bytes()
    for family, _, face, weight, style in _FACES:
        for name in (n for n in data if n.removesuffix(".woff").endswith(face) and _of(family, n)):
            source = (
                f"data:font/woff;base64,{base64.b64encode(data[name]).decode()}"
                if embedded
                else f"fonts/{name}"
            )
            rules.append(
                f"@font-face{{font-family:'{family}';font-weight:{weight};font-style:{style};"
                f"font-display:swap;src:url({source}) format('woff')}}"
            )
    return "\n".join(rules) + "\n"


def _of(family: str, name: str) -> bool:
    return name.startswith(family.replace(" ", ""))


def _font_bytes() -> Mapping[str, bytes]:
    """Return the subset fonts by file name; empty where the font packages are not installed."""
    found: dict[str, bytes] = {}
    for _, package, face, _, _ in _FACES:
        for path in (p for p in font_files(package) if p.stem.endswith(face)):
            found[f"{path.stem}.woff"] = _subset(path)
    return found


def _subset(path: Path) -> bytes:
    from fontTools import subset, ttLib

    options = subset.Options(flavor="woff", layout_features=["kern", "liga", "tnum", "lnum"], hinting=False)
    font = ttLib.TTFont(path, recalcTimestamp=False)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=_CHARACTERS)
    worker.subset(font)
    font.flavor = "woff"
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()
