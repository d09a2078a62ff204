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
from ...paths import build_dir, processed_dir
from ..designs.city_sample import PANELS
from . import fits, resume
from .grid import forbidden, grid_size, plan, spec_hash
from .spec import SPEC, MultiverseSpec

NAME = "multiverse"
#: How near recomputed numbers must be, relative to their size: other processors round otherwise.
CLOSE = 1e-6

Chunk = Sequence[dict[str, str]]


def partial_path() -> Path:
    """Return the file that holds finished chunks of a run that was not finished."""
    return build_dir() / "multiverse.partial.jsonl"


def panel_hashes() -> dict[str, str]:
    """Return the SHA-256 of every panel the samples are made from, as their manifests state them."""
    return {name: manifest_of(name)["sha256"] for name in sorted(PANELS)}


def input_hash(spec: MultiverseSpec = SPEC) -> str:
    """Return one name for the panels and what makes the curve; results of others are never reused."""
    told = json.dumps(panel_hashes(), sort_keys=True) + spec.curve.key()
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def compute(chunk: Chunk, spec: MultiverseSpec = SPEC) -> list[dict[str, Any]]:
    """Return the results of specifications that share a sample."""
    with threadpool_limits(limits=1, user_api="blas"):
        frame = fits.sample(chunk[0], spec=spec)
        return [{"spec": spec_hash(c), **c, **fits.estimate(frame, c, spec=spec)} for c in chunk]


def run(
    *,
    n_jobs: int | None = None,
    partial: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    spec: MultiverseSpec = SPEC,
) -> pd.DataFrame:
    """Return the results of all planned specifications, computing those that an earlier run did not finish.

    The same bits come from every number of jobs and every joblib backend: for a Dask cluster, call it inside
    ``joblib.parallel_config(backend="dask")`` with a client connected.

    Parameters
    ----------
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
        `columns`, sorted by ``spec``: the choices, the effect in percent with its error and interval, the
        estimate on its own scale (``raw``), what it rests on, and why there is no number (``problem``).
    """
    path = partial or partial_path()
    chunks = plan(spec)
    done = read_partial(path, spec)
    pending = [left for chunk in chunks if (left := [c for c in chunk if spec_hash(c) not in done])]
    path.parent.mkdir(parents=True, exist_ok=True)
    results = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(compute)(c, spec) for c in pending
    )
    for number, rows in enumerate(results, len(chunks) - len(pending) + 1):
        resume.append(path, resume.key_of(input_hash(spec)), rows)
        done |= {row["spec"]: row for row in rows}
        if progress:
            progress(number, len(chunks))
    return as_frame((done[spec_hash(c)] for chunk in chunks for c in chunk), spec)


def columns(spec: MultiverseSpec = SPEC) -> list[str]:
    """Return the columns of the results."""
    return ["spec", *spec.curve.names, *fits.NUMBERS, *fits.COUNTS, "problem"]


def as_frame(rows: Iterable[dict[str, Any]], spec: MultiverseSpec = SPEC) -> pd.DataFrame:
    """Return results as a table, sorted by the specification's name."""
    frame = pd.DataFrame(list(rows), columns=columns(spec)).sort_values("spec").reset_index(drop=True)
    kinds = dict.fromkeys(fits.NUMBERS, "float64") | dict.fromkeys(fits.COUNTS, "int64")
    return frame.astype(kinds)


def read_partial(path: Path, spec: MultiverseSpec = SPEC) -> dict[str, dict[str, Any]]:
    """Return finished specifications by name: those of today's panels, code and versions, whole lines only.

    Raises
    ------
    AlteredFileError
        If a line was changed since it was written.
    """
    return resume.read(path, resume.key_of(input_hash(spec)))


def commit(frame: pd.DataFrame, directory: Path | None = None, *, spec: MultiverseSpec = SPEC) -> Path:
    """Write the results as the panel ``multiverse``, with the hashes of the panels they were made from."""
    directory = directory or processed_dir()
    problems = frame.loc[frame["problem"].ne(""), "problem"].astype(str).tolist()
    counts = {"admissible": grid_size(spec)[0], "without a number": len(problems), "seed": spec.curve.seed}
    counts |= {reason: problems.count(reason) for reason in sorted(set(problems))}
    return write_panel(
        NAME, frame, keys=["spec"], inputs=PANELS, dropped={}, counts=counts, directory=directory
    )


def results(spec: MultiverseSpec = SPEC, *, current: bool = True) -> pd.DataFrame:
    """Return the committed results.

    Parameters
    ----------
    spec : MultiverseSpec, optional
        Read the results by it; what makes the curve must be what made the committed one.
    current : bool, default True
        Whether results made from other panels than today's are refused.

    Raises
    ------
    AlteredFileError
        If the panels have changed since the results were made, or `spec` asks for another curve.
    """
    if spec.curve != SPEC.curve:
        fields = spec.curve.__dict__
        others = [name for name in fields if fields[name] != SPEC.curve.__dict__[name]]
        raise AlteredFileError(
            f"The committed curve was made with other values of: {', '.join(others)}.",
            where=NAME,
            remedy="Compute it with `analysis.studies.multiverse.study.run(spec=...)`.",
        )
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
    committed: pd.DataFrame, *, n_jobs: int | None = None, spec: MultiverseSpec = SPEC
) -> pd.DataFrame:
    """Recompute some committed specifications, drawn by seed, and put both side by side.

    Returns
    -------
    pandas.DataFrame
        ``spec``, each number as committed and as recomputed (``_now``), and ``same``: whether all numbers
        agree to `CLOSE` and counts and problems exactly.
    """
    chosen = committed.sample(spec.quick, random_state=spec.curve.seed).sort_values("spec")
    chunks = [
        [dict(zip(spec.curve.names, row, strict=True))]
        for row in chosen[list(spec.curve.names)].itertuples(index=False)
    ]
    found = Parallel(n_jobs=n_jobs)(delayed(compute)(chunk, spec) for chunk in chunks)
    now = as_frame((row for rows in found for row in rows), spec)
    both = chosen.merge(
        now.drop(columns=list(spec.curve.names)), on="spec", suffixes=("", "_now"), validate="one_to_one"
    )
    near = [np.isclose(both[n], both[f"{n}_now"], rtol=CLOSE, equal_nan=True) for n in fits.NUMBERS]
    equal = [both[n].eq(both[f"{n}_now"]).to_numpy() for n in (*fits.COUNTS, "problem")]
    return both.assign(same=np.logical_and.reduce([*near, *equal]))


def admitted(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the results that have a number; the manifest counts the others by reason."""
    return frame[frame["problem"].eq("")].reset_index(drop=True)


def inadmissible(frame: pd.DataFrame, *, spec: MultiverseSpec = SPEC) -> pd.DataFrame:
    """Return the rows that today's rules would not admit, with the reason; none in sound results."""
    why = [
        forbidden(dict(zip(spec.curve.names, row, strict=True)))
        for row in frame[list(spec.curve.names)].itertuples(index=False)
    ]
    return frame.assign(why=why).query("why != ''")
