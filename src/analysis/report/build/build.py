"""`build`: notebooks to one PDF each, one bound PDF and one HTML page, all together or nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...paths import build_dir, notebooks_dir, reports_dir
from ...placing import staging
from ...results import stamp
from ...results.dependencies import reach, used_by
from ...studies import graph
from . import typeset as parts
from .execute import cells_of, chapter_of, kept_chapter
from .notebooks import Chapter, find_notebooks
from .pool import PRELOADED, WITH_STUDIES, Of, Task, run_tasks
from .typeset import BOUND, NOTICE, SUBTITLE, meta_of

__all__ = ["BOUND", "SUBTITLE", "build", "meta_of", "typeset"]

#: Where results are computed.
STUDIES = graph.__name__.rpartition(".")[0]
#: About how long a notebook takes once its studies are there, and the parts, in seconds on two slow cores.
_NOTEBOOK, _ARTICLE, _BOUND, _PAGES, _EXHIBITS = 4.0, 1.0, 8.0, 6.0, 3.0


def build(
    only: Sequence[str] = (),
    *,
    out: Path | None = None,
    notebooks: Path | None = None,
    jobs: int = 2,
    progress: bool = True,
    fresh: bool = False,
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
        Processes at a time; no byte depends on it.
    progress : bool, optional
        Whether to show a line of progress.
    fresh : bool, optional
        Whether to compute everything anew although it is stored.

    Returns
    -------
    list of pathlib.Path
        The files written. They replace earlier ones only after every one of them was made.

    Notes
    -----
    In the bound report the first notebook is the paper and the others are its appendices. Where nothing that
    the files rest on has changed since they were made, they are left as they are.
    """
    out = out or build_dir()
    paths = find_notebooks(only, notebooks)
    inputs = [notebooks or notebooks_dir(), reports_dir() / "template", reports_dir() / "references.bib"]
    mark = stamp.of(inputs)
    if not only and not fresh and (there := stamp.unchanged(out, mark)):
        return there
    with stamp.run_named_fresh(fresh):
        tasks = _tasks(paths, bound=not only)
        known = {} if fresh else _kept(tasks)
        left = [task for task in tasks if task.name not in known]
        preload = WITH_STUDIES if any(task.call is chapter_of and task.needs for task in left) else PRELOADED
        made = run_tasks(tasks, known=known, jobs=jobs, progress=progress, preload=preload)
    parts_made = [made[task.name] for task in tasks if task.name.startswith("> ")]
    files = {name: data for part in parts_made for name, data in part.items()}
    written = _write(files, out)
    if not only:
        stamp.write(out, mark, written)
    return written


def typeset(
    chapters: Sequence[Chapter],
    *,
    out: Path | None = None,
    bound: bool = True,
    progress: bool = True,
    notice: str = NOTICE,
) -> list[Path]:
    """Write the reports of executed notebooks, `notice` on every page; see `build`."""
    made: dict[str, bytes] = {}
    for chapter in chapters:
        made |= parts.article(chapter, notice)
    if bound:
        made |= {**parts.bound(*chapters), **parts.pages(*chapters)}
        for chapter in chapters:
            made |= parts.exhibits(chapter)
    return _write(made, out or build_dir())


def _tasks(paths: Sequence[Path], *, bound: bool) -> list[Task]:
    studies = {path: _studies_of(path) for path in paths}
    wanted = sorted({name for names in studies.values() for name in names})
    tasks = [
        Task(name, graph.compute, (name,), graph.needs(name, wanted), graph.RESULTS[name].seconds)
        for name in wanted
    ]
    tasks += [Task(path.stem, chapter_of, (path,), studies[path], _NOTEBOOK) for path in paths]
    names = [path.stem for path in paths]
    for name in names:
        tasks.append(Task(f"> {name}", parts.article, (Of(name),), (name,), _ARTICLE))
    if bound:
        chapters = tuple(Of(name) for name in names)
        tasks.append(Task("> bound report", parts.bound, chapters, tuple(names), _BOUND))
        tasks.append(Task("> pages", parts.pages, chapters, tuple(names), _PAGES))
        tasks += [Task(f"> exhibits of {n}", parts.exhibits, (Of(n),), (n,), _EXHIBITS) for n in names]
    return tasks


def _kept(tasks: Sequence[Task]) -> dict[str, Any]:
    """Return what is kept of the tasks, by name; of studies that nothing left to do needs, nothing."""
    found: dict[str, Any] = {}
    for task in tasks:
        if task.call is chapter_of and (chapter := kept_chapter(*task.arguments)):
            found[task.name] = chapter
    for task in tasks:
        given = [found[one.task] for one in task.arguments if isinstance(one, Of) and one.task in found]
        whole = bool(given) and len(given) == len(task.arguments)
        # A part may have no files: the exhibits of a chapter without any.
        if whole and (part := parts.kept_part(task.call, *given)) is not None:
            found[task.name] = part
    left = [task for task in tasks if task.call is chapter_of and task.name not in found]
    used = {name for task in left for name in task.needs}
    for task in tasks:
        if task.call is graph.compute and (task.name not in used or graph.is_stored(task.name)):
            found[task.name] = None
    return found


def _studies_of(path: Path) -> tuple[str, ...]:
    """Return the stored results that the studies named by a notebook's code can reach.

    What it reaches through the package of exhibits is left out: a result that is missing here is computed
    when the notebook asks for it.
    """
    code = "\n".join(cell.source for cell in cells_of(path) if cell.kind == "code")
    modules = reach(name for name in used_by(code) if name.startswith(STUDIES))
    return tuple(name for name, result in graph.RESULTS.items() if result.module in modules)


def _write(made: dict[str, bytes], out: Path) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    with staging(out / BOUND, "making") as directory:
        for name, data in made.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(data)
        for name in made:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(directory / name, out / name)
    return [out / name for name in made]
