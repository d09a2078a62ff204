"""The joint design of statewide rules on statutes alone, each dated by its act.

A rule that binds a whole state may be a statute, an order, a directive, a decision of a court or a practice
of all sheriffs. Here only statutes treat, from the year of their act; states with another rule are neither
treated nor donors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from ...panels.store import load
from ...results import stored
from . import state_laws
from .spec import STATE_LAWS, StateLawsSpec

VARIANT = "Statutes only, by date of the act"
#: A basis that makes a statute, and words in the name of an instrument that say it is none.
STATUTE, NO_STATUTE = "state law", "directive|order|policy|memo"


@stored
def run() -> pd.DataFrame:
    """Return `estimates` on the committed panels."""
    names = (*state_laws.PANELS, "policy_rows")
    return estimates({name: load(name) for name in names}, STATE_LAWS)


def statutes(rows: pd.DataFrame, *, since: int) -> pd.Series:
    """Return the year of the first statewide statute of each state, of those since a year.

    Parameters
    ----------
    rows : pandas.DataFrame
        Panel ``policy_rows``.
    since : int
        States whose first statute is older have no year before it that counts, and are left out.
    """
    kept = rows["kind"].eq("state") & rows["reach"].eq("statewide") & rows["basis"].eq(STATUTE)
    kept &= ~rows["instrument"].fillna("").str.contains(NO_STATUTE, case=False)
    kept &= rows["content"].ne("symbolic") & rows["confidence"].ne("low") & rows["adopted"].notna()
    year = rows.loc[kept, "adopted"].astype(str).str[:4].astype(int)
    first = year.groupby(rows.loc[kept, "state"].astype(object)).min()
    return first[first.ge(since)]


def type_of(basis: str, instrument: str) -> str:
    """Return the type of a statewide rule from its row: a statute, or what else binds the state.

    Parameters
    ----------
    basis : str
        Code of ``data/policies``; a directive of an attorney general is listed there as ``state law``.
    instrument : str
        Name of the instrument.
    """
    if basis != STATUTE:
        return {"listing": "practice of all sheriffs", "court": "court ruling"}.get(basis, basis)
    return "directive" if re.search(NO_STATUTE, instrument, flags=re.IGNORECASE) else "statute"


def estimates(panels: Mapping[str, pd.DataFrame], spec: StateLawsSpec) -> pd.DataFrame:
    """Return the joint estimate of statutes, columns as `state_laws.joint`; ``named`` lists the states."""
    start = statutes(panels["policy_rows"], since=spec.joint_from)
    start = start[start.le(spec.last)]
    rates = state_laws.rate_tables(panels["state_year"], spec=spec)
    rows = state_laws.together(VARIANT, start, spec.joint_outcomes, rates, panels, spec=spec)
    return pd.DataFrame(rows).assign(named=", ".join(sorted(start.index)))
