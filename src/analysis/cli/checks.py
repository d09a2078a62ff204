"""Checks of options before any work starts; argparse ends with exit code 2 and the message."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def count(text: str) -> int:
    """Return a whole number of at least one.

    Examples
    --------
    >>> count("2")
    2
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def folder(text: str) -> Path:
    """Return a folder that exists and can be written to, or that can be made."""
    place = Path(text)
    first = next((parent for parent in (place, *place.absolute().parents) if parent.exists()), Path("/"))
    if not first.is_dir():
        raise argparse.ArgumentTypeError(f"{first} is a file, not a folder")
    if not os.access(first, os.W_OK) or str(first) == "/proc":
        raise argparse.ArgumentTypeError(f"{first} cannot be written to")
    return place
