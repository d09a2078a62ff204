"""`build_site`: everything a visitor sees, in one folder that replaces the last one whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from ...errors import MissingFileError
from ...paths import build_dir, project_root
from ...placing import put_in_place, staging
from ...studies.paper import headline
from .. import paper as paper_exhibits
from ..build import pdf
from ..build.brief import FURTHER, METHOD, Brief, brief_pdfs
from ..build.html import head_tags
from ..build.typeset import BOUND, NOTICE, SUBTITLE
from ..exhibits.figures import Figure
from ..explorer import write_data, write_downloads
from . import checks, reference, tools
from .card import card_png
from .front_page import LEAD, PLEASE_DO_NOT_WRITE, answer, answer_row, cannot_be_said, front_html
from .tables import write_tables

TITLE = "Do sanctuary policies change crime?"
AUTHOR = "The sanctuary-crime project"
CARD = "card.png"


@dataclass(frozen=True)
class About:
    """What every page says of itself."""

    version: str
    date: str
    site: str

    @property
    def cite(self) -> str:
        """How to cite the whole, in a sentence."""
        return f"{AUTHOR} ({self.date[:4]}). {TITLE} Version {self.version}."

    def head(self, title: str, description: str, page: str, up: str = "") -> str:
        """Return the tags by which shared links know a page at `page`, `up` levels below the front page."""
        image = f"{self.site}{CARD}" if self.site else f"{up}{CARD}"
        address = f"{self.site}{page}" if self.site else ""
        return head_tags(title, description, address=address, image=image, date=self.date, author=AUTHOR)


def build_site(out: Path | None = None, *, progress: bool = True) -> Path:
    """Make the site from built reports and committed panels.

    Parameters
    ----------
    out : pathlib.Path, optional
        The folder, replaced whole when everything is made; ``build/site`` when omitted.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    MissingFileError
        If the reports are not built, or a tool is missing.
    SiteError
        If a step fails, a link leads nowhere, or a page asks something of another host.
    """
    out = out or project_root() / "build" / "site"
    out.parent.mkdir(parents=True, exist_ok=True)
    about = About(
        version("sanctuary-crime"),
        pdf.VERSION_DATE.date().isoformat(),
        os.environ.get("ANALYSIS_SITE_URL", ""),
    )
    with staging(out, "making", tqdm.write) as place:
        folder, work = place / "site", place / "work"
        folder.mkdir()
        work.mkdir()
        _make(folder, work, about, progress=progress)
        verify(folder)
        put_in_place(folder, out)
    return out


def _make(folder: Path, work: Path, about: About, *, progress: bool) -> None:
    """Take every step; what a step leaves to a process of its own runs beside those that follow."""
    with ThreadPoolExecutor(1) as pool:
        beside = []
        for name, step in tqdm(_STEPS.items(), desc="site", unit="", disable=not progress):
            if rest := step(folder, work, about):
                beside.append(pool.submit(rest))
            tqdm.write(f"  {name}") if progress else None
        for one in beside:
            one.result()


def verify(folder: Path) -> None:
    """Raise when a link leads nowhere or a page asks something of another host."""
    asked = list(checks.outside_requests(folder))
    broken = checks.broken_links(folder)
    if asked or broken:
        shown = "; ".join([*asked[:10], *broken[:10]])
        raise tools.SiteError(
            f"{len(asked)} requests to other hosts, {len(broken)} links that lead nowhere: {shown}",
            where=str(folder),
        )


def _paper(folder: Path, work: Path, about: About) -> None:
    built = build_dir()
    for name in ("paper", "figures"):
        if not (built / name).is_dir():
            raise MissingFileError(
                "The paper is not built.", where=str(built / name), remedy="Run `make report`."
            )
        shutil.copytree(built / name, folder / name)
    for name in (f"{BOUND}.pdf", f"{BOUND}.html"):
        shutil.copy(built / name, folder / "paper" / name)


def _front(folder: Path, work: Path, about: About) -> None:
    table = headline.table()
    row = answer_row(table)
    figure = paper_exhibits.answers_figure(table)
    for name, data in brief_pdfs(_brief(table, figure), work).items():
        (folder / "paper" / name).write_bytes(data)
    (folder / CARD).write_bytes(card_png(row))
    text = front_html(
        (tools.site_dir() / "front.html").read_text("utf-8"),
        row,
        table,
        figure=_named(figure.svg, figure.alt),
        caption=figure.caption,
        head=about.head(TITLE, answer(row), ""),
        about={
            "title": TITLE,
            "lead": LEAD,
            "subtitle": SUBTITLE,
            "version": about.version,
            "date": about.date,
            "cite": about.cite,
        },
    )
    (folder / "index.html").write_text(text, "utf-8")
    shutil.copy(tools.site_dir() / "front.css", folder / "front.css")


def _brief(table: pd.DataFrame, figure: Figure) -> Brief:
    """Return the text of the two-page brief."""
    row = answer_row(table)
    return Brief(
        title=TITLE,
        lead=LEAD,
        answer=answer(row),
        notice=NOTICE.split(". ")[0] + ".",
        author=AUTHOR,
        cannot=cannot_be_said(row, table),
        avoid=PLEASE_DO_NOT_WRITE,
        method=METHOD,
        further=FURTHER,
        figure=figure,
    )


def _named(svg: str, alt: str) -> str:
    from html import escape

    inner = svg[svg.index("<svg") :]
    return inner.replace("<svg", f'<svg role="img" aria-label="{escape(alt, quote=True)}"', 1)


def _explorer(folder: Path, work: Path, about: About) -> None:
    place = folder / "explorer"
    place.mkdir()
    write_data(place / "data", work)
    tools.topology(work, place / "data" / "shapes.js")
    source = tools.site_dir() / "explorer"
    tools.bundle(source / "src" / "main.js", place / "explorer.js")
    shutil.copy(source / "explorer.css", place)
    description = (
        "Look up a city or county: its policies, its recorded crime with every break, and the studies."
    )
    page = (source / "index.html").read_text("utf-8")
    for name, text in (
        ("name", AUTHOR),
        ("version", about.version),
        ("released", about.date),
        ("head", about.head("Explorer", description, "explorer/", "../")),
    ):
        page = page.replace(f"${name}", text)
    (place / "index.html").write_text(page, "utf-8")


def _data(folder: Path, work: Path, about: About) -> None:
    place = folder / "data"
    write_downloads(place)
    write_tables(place)
    names = sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
    page = (tools.site_dir() / "data.html").read_text("utf-8")
    rows = "\n".join(_file_row(place / name, name) for name in names if "/" not in name)
    states = "\n".join(_file_row(place / name, name) for name in names if name.startswith("state/"))
    head = about.head("Data", "Panels, policies and estimates as CSV and JSON.", "data/", "../")
    for key, text in (("$head", head), ("$files", rows), ("$states", states)):
        page = page.replace(key, text)
    (place / "index.html").write_text(page, "utf-8")


def _file_row(path: Path, name: str) -> str:
    size = path.stat().st_size / 1000
    return f'<li><a href="{name}">{name}</a> ({size:,.0f} kB)</li>'


def _docs(folder: Path, work: Path, about: About) -> Callable[[], None]:
    """Gather what Sphinx reads: pages, those made from code, its configuration, static files."""
    source = work / "docs"
    shutil.copytree(project_root() / "docs", source)
    shutil.copy(project_root() / "CHANGELOG.md", source / "changelog.md")
    # The configuration stands beside the pages: Sphinx takes static files from where its configuration is.
    shutil.copytree(tools.site_dir() / "docs", source, dirs_exist_ok=True)
    shutil.copy(tools.modules() / "mathjax" / "es5" / "tex-svg.js", source / "_static" / "mathjax.js")
    reference.write_reference(source)
    return partial(_sphinx, source, folder, work)


def _sphinx(source: Path, folder: Path, work: Path) -> None:
    """Build the documentation and remove what is left beside its pages."""
    tools.sphinx(source, folder / "docs", work / "doctrees")
    for name in (".buildinfo", "_static/webpack-macros.html"):
        (folder / "docs" / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "docs" / "_sources", ignore_errors=True)
    # myst-nb keeps executed pages beside the folder it is given.
    shutil.rmtree(folder / "jupyter_execute", ignore_errors=True)


#: A step may return what can be done beside later ones.
Step = Callable[[Path, Path, About], Callable[[], None] | None]
_STEPS: dict[str, Step] = {
    "paper": _paper,
    "documentation": _docs,
    "explorer": _explorer,
    "data": _data,
    "front page": _front,
}
