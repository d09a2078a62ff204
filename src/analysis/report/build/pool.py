"""Tasks in processes of their own, several at a time, with one line that says what runs and what is left."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any

from ...errors import AnalysisError

#: One thread a process, so that bits do not depend on the machine's load.
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
#: What the server that workers are forked from imports once; with studies among the tasks, all they need.
PRELOADED, WITH_STUDIES = ("analysis.report.build.execute",), ("analysis.report.build.preload",)


class StoppedTaskError(AnalysisError):
    """A worker that died: killed from outside, or out of memory."""


@dataclass(frozen=True)
class Of:
    """An argument that is what another task gave."""

    task: str


@dataclass(frozen=True)
class Task:
    """Something to do in a process of its own.

    Attributes
    ----------
    name : str
        Shown while it runs.
    call : callable
        A function of a module, with arguments that can be sent to another process.
    arguments : tuple
    needs : tuple of str
        Names of tasks that must be done before.
    seconds : float
        About how long it takes when nothing is stored, for the order and for the line of progress.
    """

    name: str
    call: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    needs: tuple[str, ...] = ()
    seconds: float = 1.0


@dataclass
class _Progress:
    total: Mapping[str, float]
    jobs: int
    shown: bool
    started: dict[str, float] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def show(self) -> None:
        if not self.shown:
            return
        now = time.monotonic()
        running = [name for name in self.started if name not in self.done]
        left = sum(
            max(seconds - (now - self.started.get(name, now)), 0)
            for name, seconds in self.total.items()
            if name not in self.done
        )
        text = f"{len(self.done)} of {len(self.total)} done, about {left / self.jobs:.0f} s left"
        text += f"; running: {', '.join(running)}" if running else ""
        sys.stderr.write(f"\r{text[:118]:<118}")
        sys.stderr.flush()

    def close(self) -> None:
        if self.shown:
            sys.stderr.write("\r" + " " * 118 + "\r")
            sys.stderr.flush()


def _died(running: Iterable[Task]) -> StoppedTaskError:
    return StoppedTaskError(
        "A process of the build died.",
        where=", ".join(task.name for task in running),
        remedy="Run it again with --jobs 1; what was finished is kept.",
    )


def run_tasks(
    tasks: Sequence[Task],
    *,
    known: Mapping[str, Any] | None = None,
    jobs: int = 2,
    progress: bool = True,
    preload: Sequence[str] = PRELOADED,
) -> dict[str, Any]:
    """Run tasks in fresh processes, longest chain first, and return what each gave, by name.

    Parameters
    ----------
    tasks : sequence of Task
    known : mapping of str to object, optional
        What tasks gave that are done already, by name; they are among what is returned.
    jobs : int, optional
        Processes at a time; results do not depend on it.
    progress : bool, optional
        Whether to show the line of progress on standard error.
    preload : sequence of str, optional
        Modules that the server imports before the first worker is forked.

    Raises
    ------
    StoppedTaskError
        If a process died.
    Exception
        The first that a task raised; the others are stopped.
    """
    results: dict[str, Any] = dict(known or {})
    tasks = [task for task in tasks if task.name not in results]
    if not tasks:
        return results
    line = _Progress({task.name: task.seconds for task in tasks}, max(1, jobs), progress)
    ranks, wanted = _ranks(tasks), {*results, *(task.name for task in tasks)}
    with _one_thread_each(), _executor(jobs, preload) as executor:
        running: dict[Future[Any], Task] = {}
        try:
            while len(results) < len(wanted):
                for task in _ready(tasks, ranks, results, running.values(), jobs - len(running)):
                    running[executor.submit(task.call, *_filled(task, results))] = task
                    line.started[task.name] = time.monotonic()
                line.show()
                finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in finished:
                    task = running.pop(future)
                    results[task.name] = future.result()
                    line.done.add(task.name)
        except BrokenProcessPool as error:
            raise _died(running.values()) from error
        except BaseException:
            _stop(executor)
            raise
        finally:
            line.close()
    return results


def _filled(task: Task, results: Mapping[str, Any]) -> list[Any]:
    return [results[given.task] if isinstance(given, Of) else given for given in task.arguments]


def _ranks(tasks: Sequence[Task]) -> dict[str, float]:
    """Return the seconds from each task's start to the end of the longest chain of tasks that need it."""
    after: dict[str, list[Task]] = {}
    for task in tasks:
        for name in task.needs:
            after.setdefault(name, []).append(task)
    seconds = {task.name: task.seconds for task in tasks}
    ranks: dict[str, float] = {}

    def rank(name: str) -> float:
        if name not in ranks:
            ranks[name] = seconds[name] + max((rank(task.name) for task in after.get(name, ())), default=0.0)
        return ranks[name]

    return {task.name: rank(task.name) for task in tasks}


def _ready(
    tasks: Sequence[Task],
    ranks: Mapping[str, float],
    results: Mapping[str, Any],
    running: Iterable[Task],
    free: int,
) -> list[Task]:
    taken = {*results, *(task.name for task in running)}
    ready = [t for t in tasks if t.name not in taken and all(name in results for name in t.needs)]
    return sorted(ready, key=lambda task: -ranks[task.name])[: max(free, 0)]


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    wanted = {**dict.fromkeys(ONE_THREAD, "1"), "TQDM_DISABLE": "1", "MPLBACKEND": "agg"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _executor(jobs: int, preload: Sequence[str]) -> ProcessPoolExecutor:
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if forks else "spawn")
    if forks:
        context.set_forkserver_preload(list(preload))
    return ProcessPoolExecutor(
        max(1, jobs), mp_context=context, initializer=_end_quietly, max_tasks_per_child=1
    )


def _end_quietly() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _stop(executor: ProcessPoolExecutor) -> None:
    for process in multiprocessing.active_children():
        process.terminate()
    executor.shutdown(wait=True, cancel_futures=True)
