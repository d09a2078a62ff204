"""Names of agencies and places made comparable, without saying that two of them are the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

import pandas as pd

_WORDS = {
    "st": "saint",
    "ste": "sainte",
    "mt": "mount",
    "ft": "fort",
    "twp": "township",
    "boro": "borough",
    "co": "county",
}
_LEGAL = (
    r"city and borough|city and county|unified government|consolidated government|metropolitan government|"
    r"metro government|urban county|metro township|charter township|city|town|village|borough|cdp|"
    r"municipality|corporation|township|county"
)
_SUFFIX = re.compile(rf"^(?P<base>.+?) (?:{_LEGAL})$")
_MARKS, _GAPS = re.compile(r"[.'`]"), re.compile(r"[^a-z0-9]+")
_COUNTY = re.compile(r"^(?P<base>.+?)\s*(?:\((?P<bracket>[^)]+) County\)|,\s*(?P<comma>[^,]+) County)$")


@lru_cache(maxsize=2**17)
def normal_name(name: str) -> str:
    """Return a name in lower case, without marks, accents and abbreviations.

    ``St.``, ``Mt.``, ``Ft.``, ``Twp.`` and ``&`` are spelt out; hyphens, slashes and brackets become spaces.
    Idempotent: a normal name is its own normal name.

    Parameters
    ----------
    name : str
        Name as printed.

    Returns
    -------
    str
        Words of a-z and 0-9 with one space between them; empty if `name` holds none.
    """
    plain = name if name.isascii() else unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = _GAPS.sub(" ", _MARKS.sub("", plain.lower().replace("&", " and "))).split()
    return " ".join(_WORDS.get(word, word) for word in words)


def compact_name(name: str) -> str:
    """Return the normal name without spaces: ``DeSoto`` and ``De Soto`` are one."""
    return normal_name(name).replace(" ", "")


def base_name(name: str) -> str:
    """Return the normal name without the word for its legal status (``city``, ``township``, ``CDP``...).

    Only one such word goes, the last: ``Carson City city`` is ``carson city``. The mark ``(balance)`` of
    consolidated cities goes too.
    """
    normal = normal_name(re.sub(r"\(balance\)", "", name, flags=re.I))
    found = _SUFFIX.match(normal)
    return found["base"] if found else normal


def without_county(name: str) -> str:
    """Return a printed name without the county after it, be it in brackets or behind a comma."""
    found = _COUNTY.match(name.strip())
    return found["base"] if found else name.strip()


def county_of(name: str) -> str:
    """Return the normal name of the county printed after a name; empty when none is."""
    found = _COUNTY.match(name.strip())
    return normal_name(found["bracket"] or found["comma"]) if found else ""


def map_names(names: pd.Series, rule: Callable[[str], str]) -> pd.Series:
    """Return `rule` applied to each different name of a column once."""
    return names.map({name: rule(name) for name in dict.fromkeys(names.dropna().tolist())})


def is_member(column: pd.Series, values: Iterable[str]) -> pd.Series:
    """Return whether each value of a column is among `values` (pandas' own is slow on Arrow strings)."""
    known = set(values.tolist() if isinstance(values, pd.Series) else values)
    return pd.Series([value in known for value in column.tolist()], index=column.index, dtype=bool)
