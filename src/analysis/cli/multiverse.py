"""Estimate thousands of admissible specifications and store them as the panel `multiverse`.

The run can be stopped at any time and started again: finished specifications are kept, and reused by the
same panels, code and versions only. With --cluster, the work goes to a Dask scheduler instead of this
machine's cores; the results are the same to the bit. A scheduler runs whatever it is sent: name only one that
none but you can reach, or one with TLS (tls://host:8786).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .checks import count
from .cluster import connected
from .saying import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("--jobs", type=count, default=2, metavar="N", help="processes (2)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler, e.g. tcp://host:8786")
    parser.add_argument("--fresh", action="store_true", help="forget what an interrupted run has finished")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> int:
    """Run, store, and say how many specifications there are."""
    from ..panels.store import replacing
    from ..paths import processed_dir
    from ..studies.multiverse import joint_test as multiverse_joint
    from ..studies.multiverse import study as multiverse

    if options.fresh:
        multiverse.partial_path().unlink(missing_ok=True)
    with _workers(options) as jobs:
        frame = multiverse.run(n_jobs=jobs, progress=None if options.quiet else _show)
        joint = multiverse_joint.run(multiverse_joint.representatives(frame), n_jobs=jobs)
    with replacing(tell=say) as aside:
        name = multiverse.commit(frame, aside).name
        multiverse_joint.commit(joint, aside)
    path = processed_dir() / name
    multiverse.partial_path().unlink(missing_ok=True)
    print(f"{len(frame):,} specifications, {len(multiverse.admitted(frame)):,} with an estimate: {path}")
    return 0


@contextmanager
def _workers(options: argparse.Namespace) -> Iterator[int]:
    with connected(options.cluster) as client:
        if client is None:
            yield options.jobs
            return
        from joblib import parallel_config

        with parallel_config(backend="dask"):
            yield -1


def _show(done: int, chunks: int) -> None:
    if done % 20 == 0 or done == chunks:
        print(f"\r{done:,} of {chunks:,} samples", end="\n" if done == chunks else "", file=sys.stderr)
