"""Joins, rates and treatment dates: the committed panels and how they are built."""

from .store import load, manifest_of

__all__ = ["load", "manifest_of"]
