"""Estimates whose number of clusters a study prints itself, so that no warning has to tell it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from ...estimators import FewClustersWarning

P = ParamSpec("P")
R = TypeVar("R")


def shows_clusters(function: Callable[P, R]) -> Callable[P, R]:
    """Silence `FewClustersWarning`: clusters and degrees of freedom are printed beside the intervals."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FewClustersWarning)
            return function(*args, **kwargs)

    return call
