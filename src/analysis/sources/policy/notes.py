"""What the notes of ``policy_adoptions.csv`` say, as flags and codes of ours; their words stay behind."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pandas as pd

from ..periods import Period, parse_period

#: Marks rows of a sheet that prints ``Jul-14`` for June as well as for July 2014.
CIS_SHEET = "JUNE OR JULY 2014"

_UPPER_BOUND = (
    r"(?i)(?<!replaces the \d{4} )upper bound|^before \d{4}-\d\d|not necessarily the first|"
    r"adoption date unknown"
)
_WINDOWS = (
    re.compile(r"between (\d{4})-\d\d-\d\d and (\d{4})-\d\d-\d\d"),
    re.compile(r"(\d{4})-\d\d to (\d{4})-\d\d"),
    re.compile(r"earlier in summer (\d{4})"),
)
_FLAGS = {
    "is_upper_bound": _UPPER_BOUND,
    "is_not_policy": r"(?i)drop from treatment",
    "is_disputed": (
        r"(?i)conflict|disput|ignored it|denied|calls the listing|says the listing is wrong|"
        r"ever has been a sanctuary|not effective at|advisory and reported"
    ),
    "is_unconfirmed": (
        r"(?i)adoption not seen|scheduled vote; outcome not seen|second reading not seen|"
        r"only the announcement"
    ),
}
_OLDER = r"(?i)reaffirm|re-affirm|re-issue|\bolder\b|existing police policy|formalised existing|restores"

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


def adoption_period(adopted: str, note: str, *, where: str = "") -> Period:
    """Return the days a date of adoption leaves open; ``Jul-14`` of the CIS sheet means June or July 2014.

    Parameters
    ----------
    adopted : str
        Partial date.
    note : str
        The row's note.
    where : str, optional
        File and row, for the error.
    """
    period = parse_period(adopted, where=where)
    if CIS_SHEET not in note:
        return period
    return Period(date(2014, 6, 1), period.latest, period.precision)


def note_flags(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each row's note and instrument say, as flags and one code.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``note``, ``instrument``, ``adopted`` of the file.

    Returns
    -------
    pandas.DataFrame
        ``is_upper_bound`` (in force by that date, start unknown or earlier), ``is_year_certain`` (no upper
        bound, or the note gives a window inside the printed year), ``is_not_policy`` (kept in the file only
        for an end date or because lists name the place), ``is_disputed``, ``is_unconfirmed`` (the vote itself
        was not seen), ``reaffirms_older`` (an older rule without a date is mentioned), ``basis`` (kind of
        instrument).
    """
    flags = pd.DataFrame({n: rows["note"].str.contains(p, regex=True) for n, p in _FLAGS.items()})
    windowed = [
        _year_is_certain(note, day[:4]) for note, day in zip(rows["note"], rows["adopted"], strict=True)
    ]
    flags["is_year_certain"] = ~flags["is_upper_bound"] | np.array(windowed, dtype=bool)
    older = rows["note"].str.contains(_OLDER, regex=True) | rows["instrument"].str.contains(
        _OLDER, regex=True
    )
    flags["reaffirms_older"] = older
    flags["basis"] = [
        basis_of(text, kind) for text, kind in zip(rows["instrument"], rows["policy_type"], strict=True)
    ]
    return flags


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


def _year_is_certain(note: str, year: str) -> bool:
    found = next((match for pattern in _WINDOWS if (match := pattern.search(note))), None)
    return found is not None and set(found.groups()) == {year}
