"""One rule for inference from few clusters: one is refused, few warn, t has their number less one."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..errors import FewClustersWarning, TooFewClustersError

FEW_CLUSTERS = 30
"""Clusters below which tests by cluster-robust errors may over-reject: "five to thirty" is the range named
by Cameron, Gelbach and Miller (2008), doi:10.1162/rest.90.3.414."""


def cluster_df(clusters: int, name: str) -> float:
    """Return the degrees of freedom of t statistics from `clusters` clusters, their number less one.

    Warns
    -----
    FewClustersWarning
        With fewer than `FEW_CLUSTERS`.

    Raises
    ------
    TooFewClustersError
        With fewer than two.
    """
    require_two(clusters, name)
    warn_few(clusters, name)
    return float(clusters - 1)


def require_two(clusters: int, name: str) -> None:
    """Raise `TooFewClustersError` with fewer than two clusters."""
    if clusters < 2:
        raise TooFewClustersError(
            f"column {name!r} holds {clusters} cluster in the rows used: two are needed, many to test well"
        )


def warn_few(clusters: int, name: str) -> None:
    """Warn with fewer than `FEW_CLUSTERS` clusters, naming what to do instead."""
    if clusters < FEW_CLUSTERS:
        warnings.warn(
            f"{clusters} clusters in {name!r}, fewer than {FEW_CLUSTERS}: intervals may be too short even "
            f"with t({clusters - 1}); consider wild_bootstrap or randomization_test",
            FewClustersWarning,
            stacklevel=_depth_of_caller(),
        )


@contextmanager
def clusters_named(inside: str, name: str) -> Iterator[None]:
    """Let warnings raised inside name the caller's cluster column, not that of a frame built from it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for each in {str(w.message): w for w in caught}.values():
        text = str(each.message).replace(repr(inside), repr(name))
        warnings.warn(text, each.category, stacklevel=_depth_of_caller())


def _depth_of_caller() -> int:
    """Return how many frames above `warn_few` the first one outside this package stands."""
    frame: FrameType | None = sys._getframe(1)
    package, depth = __name__.rsplit(".", 2)[0], 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith(package):
        depth, frame = depth + 1, frame.f_back
    return depth + 1
