"""What must hold of the finished folder: links lead somewhere, no request leaves it, and its weight."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Elements and attributes that a browser fetches by itself, unlike links that a reader follows.
FETCHED = {
    "img": ("src", "srcset"),
    "script": ("src",),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "input": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}
_STYLED = re.compile(r"""(?:url\(|@import)\s*["']?(https?:)?//""")
_LINK_KINDS = (
    "stylesheet",
    "icon",
    "preload",
    "modulepreload",
    "prefetch",
    "dns-prefetch",
    "preconnect",
    "manifest",
)


class _Seen(HTMLParser):
    """Collects the ids, links and fetched addresses of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Book one element."""
        given = {name: value or "" for name, value in attrs}
        self.ids.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and any(kind in given.get("rel", "").split() for kind in _LINK_KINDS):
            self.fetched.append(given.get("href", ""))
        for name in FETCHED.get(tag, ()):
            if given.get(name):
                parts = given[name].split(", ") if name == "srcset" else [given[name]]
                self.fetched.extend(part.split()[0] for part in parts if part.strip())

    handle_startendtag = handle_starttag


def read(page: Path) -> _Seen:
    """Return what a page holds and asks for; a page that did not change is read once."""
    return _read(page, page.stat().st_mtime_ns)


@lru_cache(maxsize=4096)
def _read(page: Path, changed: int) -> _Seen:
    seen = _Seen()
    seen.feed(page.read_text("utf-8", errors="replace"))
    return seen


def broken_links(folder: Path) -> list[str]:
    """Return every link to a file or anchor of the folder that is not there, as ``page: link``."""
    pages = {page: read(page) for page in sorted(folder.rglob("*.html"))}
    return [
        f"{page.relative_to(folder)}: {link}"
        for page, seen in pages.items()
        for link in [*seen.links, *seen.fetched]
        if not _leads(page, link, folder, pages)
    ]


def _leads(page: Path, link: str, folder: Path, pages: Mapping[Path, _Seen]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not link:
        return True
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    if target.is_dir():
        target = target / "index.html"
    if not target.is_file() or not target.is_relative_to(folder.resolve()):
        return False
    known = pages.get(target) or pages.get(folder / target.relative_to(folder.resolve()))
    anchor = unquote(parts.fragment)
    return not anchor or anchor.startswith("/") or known is None or anchor in known.ids


def outside_requests(folder: Path) -> Iterator[str]:
    """Yield every address of another host that a browser would fetch by itself, as ``file: address``."""
    for page in sorted(folder.rglob("*.html")):
        for address in read(page).fetched:
            if urlsplit(address).netloc:
                yield f"{page.relative_to(folder)}: {address}"
    for style in sorted(folder.rglob("*.css")):
        if found := _STYLED.search(style.read_text("utf-8", errors="replace")):
            yield f"{style.relative_to(folder)}: {found[0]}"


def weight(paths: Iterator[Path], *, compressed: bool = False) -> int:
    """Return the bytes of some files, or what they come to when sent compressed."""
    return sum(
        len(gzip.compress(path.read_bytes(), mtime=0)) if compressed else path.stat().st_size
        for path in paths
    )
