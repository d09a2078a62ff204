"""The kind of an instrument from its title, and a title without the words of others."""

from __future__ import annotations

import re

_BASES = (
    ("listing", r"\(list\)|shift database|\(practice\)|practice$|^all county|designation|statement$"),
    ("court", r"court|settlement|^case "),
    ("ordinance", r"ordinance|bylaw|code|local law|article|act 19|\bact of\b|compliance a"),
    ("executive order", r"executive|mayor|governor|mayoral|memo$"),
    ("resolution", r"resolution|proclamation|declaration|policy order|measure|commissioners|town meeting"),
    ("police policy", r"police|general order|order 4"),
    ("jail policy", r"sheriff|jail|detention|correction|prison|probation|county decision"),
    ("state law", r"\bact\b|state law|directive"),
)


def basis_of(instrument: str, policy_type: str = "") -> str:
    """Return the kind of instrument: a code of ours (``ordinance``, ...), not the source's words."""
    if policy_type == "statewide_law":
        return "state law"
    text = instrument.lower()
    return next((code for code, pattern in _BASES if re.search(pattern, text)), "other")


def without_quotations(text: str) -> str:
    """Return an instrument's title without quoted or bracketed words."""
    bare = re.sub(r"\([^()]*\)?|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)", "", text)
    return re.sub(r"\s+", " ", bare).strip(" ,;")
