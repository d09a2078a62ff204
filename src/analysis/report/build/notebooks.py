"""Run notebooks in fresh kernels, several at a time, and collect what they show."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from tqdm import tqdm

from ...errors import AnalysisError, MissingFileError
from ...paths import notebooks_dir
from ...placing import write_text
from ..exhibits.figures import Figure
from ..exhibits.tables import Table
from ..prose import MIME, Prose

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
TIMEOUT = 900


class NotebookError(AnalysisError):
    """A notebook that fails, warns, or shows something a report cannot print."""


@dataclass(frozen=True)
class Code:
    """The source of one code cell."""

    source: str


Block = Prose | Figure | Table | Code


@dataclass(frozen=True)
class Chapter:
    """One executed notebook: its file's stem and what it shows, in order."""

    name: str
    blocks: tuple[Block, ...]


def find_notebooks(only: Sequence[str] = (), directory: Path | None = None) -> list[Path]:
    """Return the notebooks in order of name, or those whose names start with one of the given texts."""
    directory = directory or notebooks_dir()
    found = sorted(directory.glob("*.ipynb"))
    chosen = [path for path in found if not only or any(path.stem.startswith(text) for text in only)]
    unknown = [text for text in only if not any(path.stem.startswith(text) for path in found)]
    if unknown or not chosen:
        raise MissingFileError(
            f"No notebook is named {' or '.join(unknown) or '*.ipynb'}.",
            where=str(directory),
            remedy=f"There are: {', '.join(path.stem for path in found) or 'none'}.",
        )
    return chosen


def run(paths: Sequence[Path], *, jobs: int = 2, progress: bool = True) -> list[Chapter]:
    """Execute notebooks and return their chapters in the order given; see `execute_all`."""
    executed = execute_all(paths, jobs=jobs, progress=progress)
    return [collect(path.stem, executed[path]) for path in paths]


def execute_all(
    paths: Sequence[Path], *, jobs: int = 2, progress: bool = True
) -> dict[Path, nbformat.NotebookNode]:
    """Return every notebook executed in a fresh kernel.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Notebooks; the files are read and never written.
    jobs : int, optional
        Kernels at a time; the result does not depend on it.
    progress : bool, optional
        Whether to show a progress bar.

    Raises
    ------
    NotebookError
        If a cell fails.
    """
    return asyncio.run(_execute_all(paths, jobs, progress))


async def _execute_all(paths: Sequence[Path], jobs: int, progress: bool) -> dict[Path, nbformat.NotebookNode]:
    free = asyncio.Semaphore(max(1, jobs))
    bar = tqdm(total=len(paths), desc="notebooks", unit="", disable=not progress)

    async def one(path: Path) -> nbformat.NotebookNode:
        async with free:
            notebook = await _execute(path)
        bar.set_postfix_str(path.stem, refresh=False)
        bar.update()
        return notebook

    with bar:
        done = await asyncio.gather(*[one(path) for path in paths])
    return dict(zip(paths, done, strict=True))


def contents(chapter: Chapter) -> str:
    """Return how many figures and tables a chapter shows, in words."""
    figures = sum(isinstance(block, Figure) for block in chapter.blocks)
    tables = sum(isinstance(block, Table) for block in chapter.blocks)
    return f"figures: {figures}, tables: {tables}"


def write_executed(executed: dict[Path, nbformat.NotebookNode], directory: Path) -> None:
    """Write executed notebooks to a directory that is not the notebooks' own."""
    directory.mkdir(parents=True, exist_ok=True)
    for path, notebook in executed.items():
        if (directory / path.name).resolve() == path.resolve():
            raise NotebookError("Executed copies may not replace the notebooks.", where=str(directory))
        write_text(directory / path.name, nbformat.writes(notebook) + "\n")


async def _execute(path: Path) -> nbformat.NotebookNode:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="kernel") as sockets:
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT,
            startup_timeout=TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            config=_local_transport(sockets),
            resources={"metadata": {"path": str(path.parent)}},
        )
        try:
            await client.async_execute(env=_kernel_environment())
        except CellExecutionError as error:
            raise NotebookError(
                f"A cell of notebook {path.stem} failed: {error.ename}: {error.evalue}",
                where=_failed_cell(notebook),
                remedy=f"Open {path.name} and run it to that cell.",
            ) from None
    return notebook


def _local_transport(sockets: str) -> Any:
    """Return the configuration that keeps kernels off the network where the system allows it."""
    from traitlets.config import Config

    if os.name != "posix":
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": str(Path(sockets) / "k")}})


def collect(name: str, notebook: nbformat.NotebookNode) -> Chapter:
    """Return what an executed notebook shows.

    Raises
    ------
    NotebookError
        If a cell warns, prints, or shows something without a caption and alternative text.
    """
    return Chapter(name, tuple(_blocks(name, notebook)))


def _blocks(name: str, notebook: Any) -> Iterator[Block]:
    for number, cell in enumerate(notebook["cells"], 1):
        if cell["cell_type"] == "markdown":
            yield Prose(cell["source"])
        elif cell["cell_type"] == "code":
            if cell["source"].strip():
                yield Code(cell["source"])
            for output in cell["outputs"]:
                yield block_of(output, f"{name}, cell {number}")


def block_of(output: Any, where: str) -> Block:
    """Return one output of a cell as what a report prints; see `collect`."""
    if output["output_type"] == "stream":
        raise NotebookError(
            f"A cell printed to {output['name']}: {output['text'].strip()[:300]}",
            where=where,
            remedy="Show text with report.say(); mend what warns.",
        )
    data = output.get("data", {})
    if MIME in data:
        return _rich_block(data[MIME])
    raise NotebookError(
        f"A cell shows a bare {' / '.join(sorted(data)) or output['output_type']}.",
        where=where,
        remedy="End the cell with report.say(), a Table or a Figure (with caption and alternative text).",
    )


def _rich_block(stored: Mapping[str, Any]) -> Block:
    if stored["kind"] == "figure":
        return Figure(**stored["figure"])
    if stored["kind"] == "table":
        return Table.from_json(stored["table"])
    return Prose(stored["markdown"])


def _failed_cell(notebook: Any) -> str:
    for number, cell in enumerate(notebook["cells"], 1):
        if any(output["output_type"] == "error" for output in cell.get("outputs", [])):
            return f"cell {number}: {cell['source'].strip().splitlines()[0]}"
    return ""


def _kernel_environment() -> dict[str, str]:
    return {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "TQDM_DISABLE": "1", "MPLBACKEND": "agg"}
