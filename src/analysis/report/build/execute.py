"""Notebooks run cell by cell in this process; their chapters are kept until what they rest on changes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...results import find, recall
from ...results.dependencies import used_by
from ..prose import Prose
from .notebooks import Chapter, Code, NotebookError, block_of

#: What every cell's output passes through, whether the cell names it or not.
BASE = ("analysis.report.build.execute",)


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook: its kind ("markdown" or "code") and its source."""

    kind: str
    source: str


def cells_of(path: Path) -> tuple[Cell, ...]:
    """Return the cells of a notebook file that are not empty.

    Raises
    ------
    NotebookError
        If the file is no notebook.
    """
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        found = tuple(Cell(cell["cell_type"], "".join(cell["source"])) for cell in cells)
    except (ValueError, KeyError, TypeError) as error:
        raise NotebookError(
            f"The file is no notebook: {error!r}", where=str(path), remedy="Restore it with git."
        ) from None
    return tuple(cell for cell in found if cell.source.strip() and cell.kind in ("markdown", "code"))


def chapter_of(path: Path) -> Chapter:
    """Return a notebook's chapter; its cells are run only when it was not kept.

    Raises
    ------
    NotebookError
        If a cell fails, warns, prints, or shows something without a caption and alternative text.
    """
    cells = cells_of(path)
    return recall(*_entry(path, cells), lambda: run_cells(path, cells))


def kept_chapter(path: Path) -> Chapter | None:
    """Return a notebook's chapter if it was kept and all it rests on is as it was."""
    found: Chapter | None = find(*_entry(path, cells_of(path)))
    return found


def _entry(path: Path, cells: Sequence[Cell]) -> tuple[str, str, set[str]]:
    """Return the name of a chapter in the store, its text, and the modules it rests on."""
    code = "\n".join(cell.source for cell in cells if cell.kind == "code")
    text = json.dumps([[cell.kind, cell.source] for cell in cells])
    return f"notebook.{path.stem}", text, {*BASE, *used_by(code)}


def run_cells(path: Path, cells: Sequence[Cell]) -> Chapter:
    """Run the cells in a fresh namespace and return what they show, in order."""
    shell = _shell()
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        return Chapter(path.stem, tuple(_blocks(shell, path, cells)))
    finally:
        os.chdir(before)


def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    InteractiveShell.clear_instance()
    quiet = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
    return InteractiveShell.instance(config=quiet, user_ns={})


def _blocks(shell: Any, path: Path, cells: Sequence[Cell]) -> Iterator[Any]:
    for number, cell in enumerate(cells, 1):
        if cell.kind == "markdown":
            yield Prose(cell.source)
            continue
        yield Code(cell.source)
        for output in _outputs(shell, path, cell, number):
            yield block_of(output, f"{path.stem}, cell {number}")


def _outputs(shell: Any, path: Path, cell: Cell, number: int) -> list[dict[str, Any]]:
    from IPython.utils.capture import capture_output

    with shell.display_trap, capture_output() as captured:
        done = shell.run_cell(cell.source, store_history=False)
    error = done.error_before_exec or done.error_in_exec
    if error is not None:
        raise NotebookError(
            f"A cell of notebook {path.stem} failed: {type(error).__name__}: {error}",
            where=f"cell {number}: {cell.source.strip().splitlines()[0]}",
            remedy=f"Open {path.name} and run it to that cell.",
        ) from error
    streams = {"stdout": captured.stdout, "stderr": captured.stderr}
    printed = [
        {"output_type": "stream", "name": name, "text": text}
        for name, text in streams.items()
        if text.strip()
    ]
    shown = [
        {"output_type": "display_data", "data": json.loads(json.dumps(output.data))}
        for output in captured.outputs
    ]
    return [*printed, *shown]
