"""Errors of the data side. Each says what is wrong, where, and what to do; the command exits with 2."""

from __future__ import annotations


class AnalysisError(Exception):
    """Base of all errors a user can act on.

    Parameters
    ----------
    what : str
        What is wrong.
    where : str, optional
        File, sheet, row or column.
    remedy : str, optional
        What to do about it.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        parts = [what, f"Where: {where}." if where else "", f"Remedy: {remedy}" if remedy else ""]
        super().__init__(" ".join(part for part in parts if part))


class MissingFileError(AnalysisError):
    """A raw file or panel that is not there."""


class AlteredFileError(AnalysisError):
    """A file whose size or SHA-256 is not the registered one."""


class LayoutError(AnalysisError):
    """A file whose rows or columns are not what its layout says (truncated, wrong year, wrong file)."""


class ImpossibleValueError(AnalysisError):
    """A count, population or date that cannot be."""


class DuplicateKeyError(AnalysisError):
    """Two rows with the same key."""


class UnknownPlaceError(AnalysisError):
    """A place, agency or county that no table knows."""
