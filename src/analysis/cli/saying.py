"""Sentences to the screen that are no results: on standard error, so that output can be piped."""

from __future__ import annotations

import sys


def say(sentence: str) -> None:
    """Print a sentence on standard error."""
    print(f"sanctuary: {sentence}", file=sys.stderr)
