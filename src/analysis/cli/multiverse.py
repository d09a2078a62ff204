"""Estimate thousands of admissible specifications and store them as the panel `multiverse`.

The run can be stopped at any time and started again: finished specifications are kept. With --cluster, the
work goes to a Dask scheduler instead of this machine's cores; the results are the same to the bit.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (2)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler, e.g. tcp://host:8786")
    parser.add_argument("--fresh", action="store_true", help="forget what an interrupted run has finished")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> int:
    """Run, store, and say how many specifications there are."""
    from ..studies.multiverse import joint_test as multiverse_joint
    from ..studies.multiverse import study as multiverse

    if options.fresh:
        multiverse.partial_path().unlink(missing_ok=True)
    with _workers(options) as jobs:
        frame = multiverse.run(n_jobs=jobs, progress=None if options.quiet else _show)
        joint = multiverse_joint.run(multiverse_joint.representatives(frame), n_jobs=jobs)
    path = multiverse.commit(frame)
    multiverse_joint.commit(joint)
    multiverse.partial_path().unlink()
    print(f"{len(frame):,} specifications, {len(multiverse.admitted(frame)):,} with an estimate: {path}")
    return 0


@contextmanager
def _workers(options: argparse.Namespace):
    if not options.cluster:
        yield options.jobs
        return
    from distributed import Client
    from joblib import parallel_config

    with Client(options.cluster), parallel_config(backend="dask"):
        yield -1


def _show(done: int, chunks: int) -> None:
    if done % 20 == 0 or done == chunks:
        print(f"\r{done:,} of {chunks:,} samples", end="\n" if done == chunks else "", file=sys.stderr)
