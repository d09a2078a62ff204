"""Why facts of files that may not be passed on stand in committed panels: one written basis per family."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ...errors import LayoutError
from .files import families, raw_files

FILE = "redistribution.csv"
#: The list of dated policies: written here from pages that are not passed on.
LIST = "dated_policies"
#: Facts alone may be passed on; the others wait for a person's judgement before a deposit.
BASES = ("facts alone", "permission", "facts to be judged")


@dataclass(frozen=True)
class Basis:
    """On what ground facts of a family stand in panels.

    Attributes
    ----------
    family : str
    basis : str
        One of `BASES`.
    taken : str
        What was taken.
    why : str
        Why that may be, or what is still to be decided.
    """

    family: str
    basis: str
    taken: str
    why: str

    @property
    def sentence(self) -> str:
        """The basis as a manifest says it."""
        return f"{self.basis}: {self.taken}. {self.why}."


@cache
def bases() -> dict[str, Basis]:
    """Return the basis of every family that has one.

    Raises
    ------
    LayoutError
        If a line names no registered family, no known basis, or leaves a reason out.
    """
    text = files(__package__).joinpath(FILE).read_text("utf-8")
    found = {line["family"]: Basis(**line) for line in csv.DictReader(text.splitlines())}
    for basis in found.values():
        known = basis.family in {LIST, *families()} and basis.basis in BASES
        if not (known and basis.taken and basis.why):
            raise LayoutError(
                f"The line of {basis.family} is incomplete or wrong.",
                where=FILE,
                remedy=f"Name a registered family, one of {', '.join(BASES)}, what was taken, and why.",
            )
    return found


def restricted(inputs: list[str]) -> list[str]:
    """Return the families among registered inputs whose files may not be passed on, in order."""
    own = {raw_files()[each].family for each in inputs if each in raw_files()}
    return sorted(family for family in own if not families()[family]["may_redistribute"])
