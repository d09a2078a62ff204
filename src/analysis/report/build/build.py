"""`build`: notebooks to one PDF each, one bound PDF and one HTML page, all together or nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from ...paths import reports_dir
from ...placing import staging
from . import bind, convert, html, pdf
from .notebooks import Chapter, find_notebooks, run

SUBTITLE = "Two published designs rebuilt on the FBI’s files and dated policies, and asked again"
NOTICE = (
    "The list of treated places in this report is a cited substitute. The lists used by Gonzalez O’Brien, "
    "Collingwood and El-Khatib and by Wong could not be obtained, so no figure here is a digit-level "
    "reproduction of theirs."
)
BOUND = "sanctuary-crime"


def build(
    only: Sequence[str] = (),
    *,
    out: Path | None = None,
    notebooks: Path | None = None,
    jobs: int = 2,
    progress: bool = True,
) -> list[Path]:
    """Execute the notebooks and write the reports.

    Parameters
    ----------
    only : sequence of str, optional
        Starts of notebook names; with it only those are run, and no bound report is written.
    out : pathlib.Path, optional
        Where the files go; ``reports/build`` when omitted.
    notebooks : pathlib.Path, optional
        Directory of notebooks; the project's when omitted.
    jobs : int, optional
        Notebooks run at a time.
    progress : bool, optional
        Whether to show progress bars.

    Returns
    -------
    list of pathlib.Path
        The files written. They replace earlier ones only after every one of them was made.

    Notes
    -----
    In the bound report the first notebook is the paper and the others are its appendices.
    """
    chapters = run(find_notebooks(only, notebooks), jobs=jobs, progress=progress)
    return typeset(chapters, out=out, bound=not only, progress=progress)


def typeset(
    chapters: Sequence[Chapter],
    *,
    out: Path | None = None,
    bound: bool = True,
    progress: bool = True,
    notice: str = NOTICE,
) -> list[Path]:
    """Write the reports of executed notebooks, `notice` on every page; see `build`."""
    out = out or reports_dir() / "build"
    out.mkdir(parents=True, exist_ok=True)
    with staging(out / BOUND, "making") as directory:
        pdf.prepare(directory)
        made: dict[str, bytes] = {}
        for chapter in tqdm(chapters, desc="typesetting", unit="", disable=not progress):
            made[f"{chapter.name}.pdf"] = _article(chapter, directory, notice)
        if bound:
            made[f"{BOUND}.pdf"] = _bound(chapters, directory)
            made[f"{BOUND}.html"] = _page(chapters, directory).encode()
        return _replace(made, out, directory)


def _article(chapter: Chapter, directory: Path, notice: str) -> bytes:
    text = bind.alone(convert.markdown_of(chapter, directory))
    body = convert.to_typst(text, directory=directory, bibliography=_bibliography(), shift=-1)
    title, cites = convert.title_of(chapter), convert.cites_anything(text)
    source = pdf.article_source(body, title=title, notice=notice, cites=cites)
    return pdf.compile_pdf(source, name=chapter.name, directory=directory)


def _bound(chapters: Sequence[Chapter], directory: Path) -> bytes:
    text = bind.bound_text(chapters, directory, to="typst")
    body = convert.to_typst(text, directory=directory, bibliography=_bibliography())
    title = convert.title_of(chapters[0])
    source = pdf.bound_source(body, title=title, subtitle=SUBTITLE, notice=NOTICE)
    return pdf.compile_pdf(source, name=BOUND, directory=directory)


def _page(chapters: Sequence[Chapter], directory: Path) -> str:
    return html.page(
        bind.bound_text(chapters, directory, to="html"),
        title=convert.title_of(chapters[0]),
        subtitle=SUBTITLE,
        notice=NOTICE,
        directory=directory,
        bibliography=_bibliography(),
    )


def _bibliography() -> Path:
    return reports_dir() / "references.bib"


def _replace(made: dict[str, bytes], out: Path, directory: Path) -> list[Path]:
    for name, data in made.items():
        (directory / name).write_bytes(data)
    for name in made:
        os.replace(directory / name, out / name)
    return [out / name for name in made]
