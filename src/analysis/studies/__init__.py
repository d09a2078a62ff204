"""The studies, one folder each; and `with_policies`, for a list of your own."""

from __future__ import annotations

from typing import Any


def with_policies(frame: Any, **options: Any) -> Any:
    """Return the studies' panels with another list; see `given_list.study.with_policies`."""
    from .given_list.study import with_policies as given

    return given(frame, **options)
