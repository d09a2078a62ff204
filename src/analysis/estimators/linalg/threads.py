"""Threads: one for BLAS inside an estimator, so that bits do not depend on how many; columns in parallel."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

F = TypeVar("F", bound=Callable[..., Any])


class _SharedLimit:
    """A BLAS limit entered by several threads: set by the first to enter, lifted by the last to leave."""

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._limit: Any = None

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._limit = _controller().limit(limits=1, user_api="blas")
                self._limit.__enter__()
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limit.__exit__(None, None, None)


@functools.cache
def _controller() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  (its BLAS must be loaded to be found)

    return ThreadpoolController()


_LIMIT = _SharedLimit()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run BLAS on one thread inside the block: sums are then taken in one order, whatever the machine."""
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


def same_bits(function: F) -> F:
    """Decorate a public estimator so that its result does not depend on the number of BLAS threads."""

    @functools.wraps(function)
    def limited(*args: Any, **kwargs: Any) -> Any:
        with one_blas_thread():
            return function(*args, **kwargs)

    return limited  # type: ignore[return-value]


def worker_count() -> int:
    """Return how many threads this process may use: its processors, or ``OMP_NUM_THREADS`` if smaller."""
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(processors, int(wanted)) if wanted.isdigit() and int(wanted) > 0 else processors


def each(function: Callable[[Any], Any], items: Iterable[Any], parallel: bool) -> list[Any]:
    """Return ``[function(item) for item in items]``, on threads when `parallel`; the order is kept."""
    items = list(items)
    workers = min(worker_count(), len(items))
    if not parallel or workers < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))
