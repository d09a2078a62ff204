"""The specification curve: thousands of admissible specifications, resumable, on cores or a cluster.

The committed results are the panel ``multiverse``; `run` makes them, `quick_check` recomputes some of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from ...errors import AlteredFileError
from ...panels.store import load, manifest_of, write_panel
from ...paths import processed_dir, reports_dir
from ..designs.city_sample import PANELS
from . import fits, resume
from .grid import forbidden, grid_size, plan, spec_hash
from .spec import DRAWN, NAMES, PLACEBO_DRAWS, QUICK, SEED

NAME = "multiverse"
COLUMNS = ("spec", *NAMES, *fits.NUMBERS, *fits.COUNTS, "problem")
#: How near recomputed numbers must be, relative to their size: other processors round otherwise.
CLOSE = 1e-6

Chunk = Sequence[dict[str, str]]


def partial_path() -> Path:
    """Return the file that holds finished chunks of a run that was not finished."""
    return reports_dir() / "build" / "multiverse.partial.jsonl"


def panel_hashes() -> dict[str, str]:
    """Return the SHA-256 of every panel the samples are made from, as their manifests state them."""
    return {name: manifest_of(name)["sha256"] for name in sorted(PANELS)}


def input_hash() -> str:
    """Return one name for the panels together; results of other panels are never reused."""
    return hashlib.sha256(json.dumps(panel_hashes(), sort_keys=True).encode()).hexdigest()[:16]


def compute(chunk: Chunk, draws: int = PLACEBO_DRAWS) -> list[dict[str, Any]]:
    """Return the results of specifications that share a sample."""
    with threadpool_limits(limits=1, user_api="blas"):
        frame = fits.sample(chunk[0])
        return [{"spec": spec_hash(c), **c, **fits.estimate(frame, c, draws=draws)} for c in chunk]


def run(
    *,
    count: int = DRAWN,
    seed: int = SEED,
    n_jobs: int | None = None,
    partial: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return the results of all planned specifications, computing those that an earlier run did not finish.

    The same bits come from every number of jobs and every joblib backend: for a Dask cluster, call it inside
    ``joblib.parallel_config(backend="dask")`` with a client connected.

    Parameters
    ----------
    count, seed : int
        See `multiverse_grid.drawn`.
    n_jobs : int or None
        As in joblib.
    partial : pathlib.Path, optional
        Where finished chunks are kept, one a line; `partial_path` when omitted. Every chunk is on disk before
        the next is counted; a line cut off by an interruption is computed again.
    progress : callable, optional
        Called with chunks done and chunks in all.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, sorted by ``spec``: the choices, the effect in percent with its error and interval, the
        estimate on its own scale (``raw``), what it rests on, and why there is no number (``problem``).
    """
    path = partial or partial_path()
    chunks = plan(count, seed)
    done = read_partial(path)
    pending = [left for chunk in chunks if (left := [c for c in chunk if spec_hash(c) not in done])]
    path.parent.mkdir(parents=True, exist_ok=True)
    results = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(delayed(compute)(c) for c in pending)
    for number, rows in enumerate(results, len(chunks) - len(pending) + 1):
        resume.append(path, resume.key_of(input_hash()), rows)
        done |= {row["spec"]: row for row in rows}
        if progress:
            progress(number, len(chunks))
    return as_frame(done[spec_hash(c)] for chunk in chunks for c in chunk)


def as_frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return results as a table, sorted by the specification's name."""
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS)).sort_values("spec").reset_index(drop=True)
    kinds = dict.fromkeys(fits.NUMBERS, "float64") | dict.fromkeys(fits.COUNTS, "int64")
    return frame.astype(kinds)


def read_partial(path: Path) -> dict[str, dict[str, Any]]:
    """Return finished specifications by name: those of today's panels, code and versions, whole lines only.

    Raises
    ------
    AlteredFileError
        If a line was changed since it was written.
    """
    return resume.read(path, resume.key_of(input_hash()))


def commit(frame: pd.DataFrame, directory: Path | None = None) -> Path:
    """Write the results as the panel ``multiverse``, with the hashes of the panels they were made from."""
    directory = directory or processed_dir()
    problems = frame.loc[frame["problem"].ne(""), "problem"].astype(str).tolist()
    counts = {"admissible": grid_size()[0], "without a number": len(problems), "seed": SEED}
    counts |= {reason: problems.count(reason) for reason in sorted(set(problems))}
    return write_panel(
        NAME, frame, keys=["spec"], inputs=PANELS, dropped={}, counts=counts, directory=directory
    )


def results(*, current: bool = True) -> pd.DataFrame:
    """Return the committed results.

    Parameters
    ----------
    current : bool, default True
        Whether results made from other panels than today's are refused.

    Raises
    ------
    AlteredFileError
        If the panels have changed since the results were made.
    """
    made_from = manifest_of(NAME)["inputs"]
    changed = [name for name, value in panel_hashes().items() if made_from.get(name) != value]
    if current and changed:
        raise AlteredFileError(
            f"The specification curve was made from other panels: {', '.join(changed)} changed.",
            where=NAME,
            remedy="Run `make multiverse`.",
        )
    return load(NAME, of_today=current)


def quick_check(
    committed: pd.DataFrame, *, count: int = QUICK, seed: int = SEED, n_jobs: int | None = None
) -> pd.DataFrame:
    """Recompute some committed specifications, drawn by seed, and put both side by side.

    Returns
    -------
    pandas.DataFrame
        ``spec``, each number as committed and as recomputed (``_now``), and ``same``: whether all numbers
        agree to `CLOSE` and counts and problems exactly.
    """
    chosen = committed.sample(count, random_state=seed).sort_values("spec")
    chunks = [[dict(zip(NAMES, row, strict=True))] for row in chosen[list(NAMES)].itertuples(index=False)]
    found = Parallel(n_jobs=n_jobs)(delayed(compute)(chunk) for chunk in chunks)
    now = as_frame(row for rows in found for row in rows)
    both = chosen.merge(
        now.drop(columns=list(NAMES)), on="spec", suffixes=("", "_now"), validate="one_to_one"
    )
    near = [np.isclose(both[n], both[f"{n}_now"], rtol=CLOSE, equal_nan=True) for n in fits.NUMBERS]
    equal = [both[n].eq(both[f"{n}_now"]).to_numpy() for n in (*fits.COUNTS, "problem")]
    return both.assign(same=np.logical_and.reduce([*near, *equal]))


def admitted(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the results that have a number; the manifest counts the others by reason."""
    return frame[frame["problem"].eq("")].reset_index(drop=True)


def inadmissible(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that today's rules would not admit, with the reason; none in sound results."""
    why = [
        forbidden(dict(zip(NAMES, row, strict=True))) for row in frame[list(NAMES)].itertuples(index=False)
    ]
    return frame.assign(why=why).query("why != ''")
