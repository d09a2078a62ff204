"""Spread independent chunks of draws over cores or a Dask cluster without changing a bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .threads import one_blas_thread

GROUPS_PER_WORKER = 2


def run_chunks(work: Callable[[int], Any], chunks: int, n_jobs: int | None) -> list[Any]:
    """Return ``[work(0), ..., work(chunks - 1)]``, computed in that order or in parallel.

    Each chunk owns its random stream, so the result does not depend on `n_jobs`, on the backend, or on
    which worker took which chunk. Threads are preferred (the kernels release the interpreter's lock);
    a backend set by ``joblib.parallel_config`` or ``joblib.parallel_backend`` is honoured.

    Parameters
    ----------
    work : callable
        Takes the number of a chunk. Must be picklable for backends with processes.
    chunks : int
    n_jobs : int or None
        As in joblib: None is one job unless a surrounding ``parallel_config`` says otherwise.
    """
    from joblib import Parallel, delayed, effective_n_jobs

    workers = min(effective_n_jobs(n_jobs), chunks)
    if workers <= 1:
        return _run_group(work, range(chunks))
    groups = np.array_split(np.arange(chunks), min(chunks, GROUPS_PER_WORKER * workers))
    with one_blas_thread():
        done = Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(_run_group)(work, group.tolist()) for group in groups
        )
    return [result for group in done for result in group]


def _run_group(work: Callable[[int], Any], numbers: Sequence[int]) -> list[Any]:
    with one_blas_thread():
        return [work(number) for number in numbers]
