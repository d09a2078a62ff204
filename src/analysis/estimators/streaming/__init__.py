"""Estimators on Parquet files larger than memory: DuckDB reads, and sums are kept where rows are not.

``ols``, ``poisson`` and ``group_time`` take the files where those of `analysis.estimators` take a frame, and
return the same numbers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .adoption import StreamedGroupTime, group_time
    from .regression import ols, poisson

__all__ = ["StreamedGroupTime", "group_time", "ols", "poisson"]

_MODULES = {
    "StreamedGroupTime": ".adoption",
    "group_time": ".adoption",
    "ols": ".regression",
    "poisson": ".regression",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)
