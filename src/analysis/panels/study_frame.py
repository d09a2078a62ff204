"""From the panels to a frame that is ready for an estimator, with the traps of the short way taken out.

The short way (merge ``policies`` into ``city_year`` by place and take everybody else for a control) calls
never treated a city whose policy has no usable date, one under a statewide law, and one that a list names;
compares figures across a break that the FBI states; and takes figures that it calls incomplete. Here such
rows leave, and every one that does is counted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..errors import LayoutError, UnknownPlaceError
from .breaks.comparability import OFFENSES_OF, has_break, series_segment
from .policies.cohorts import assign_treatment
from .policies.rules import DEFINITIONS
from .store import load

PANELS = ("city_year", "series_breaks", "policies", "undated_places")
COLUMNS = [
    *["unit", "ori", "geoid", "city", "state", "year", "population", "count", "rate"],
    *["cohort", "treated"],
]
#: Footnotes that a state's coverage is limited say nothing about a city that is printed.
_ABOUT_COVERAGE = "limited_data"
_UNUSABLE = ("withheld", "incomplete", "exceptional")
_NEVER = 9999


def study_frame(
    definition: str = "status_inquiry",
    outcome: str = "violent_without_rape",
    *,
    first_year: int = 1999,
    last_year: int = 2019,
    smallest: int = 0,
    include_state_laws: bool = False,
    honor_breaks: bool = True,
    panels: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Return agency-years with the year each adopted, ready for `analysis.estimators.group_time` and its
    like.

    Parameters
    ----------
    definition : str
        What counts as the policy: one of ``status_inquiry``, ``detainers``, ``any_limit``,
        ``first_instrument_since_2002``, ``first_limit_since_2002``, ``symbolic``.
    outcome : str
        Count of panel ``city_year``, without ``_per_100k``.
    first_year, last_year : int
        Years kept, both included. Agencies that adopted by `first_year` have no year before and leave; those
        that adopted after `last_year` leave too.
    smallest : int
        Fewest residents in an agency's first year.
    include_state_laws : bool
        Whether a statewide law treats every city of its state. Otherwise cities of such a state are
        comparison until the law comes.
    honor_breaks : bool
        Whether figures that the FBI calls incomplete or exceptional leave, and every comparable stretch of an
        agency's series is a unit of its own.
    panels : mapping of str to pandas.DataFrame, optional
        ``city_year, series_breaks, policies, undated_places``; those committed when omitted. Give another
        list's ``policies`` and ``undated_places`` here (`analysis.studies.with_policies`).

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, sorted by unit and year: ``unit`` (agency and stretch), ``cohort`` (year of adoption; 0:
        never treated in these years and never named by a row or list before ``year``), ``treated`` (0 or 1),
        ``rate`` (crimes per 100,000 residents). ``attrs["ledger"]`` counts the rows each step took out, and
        adds up to the rows of ``city_year``. A comparison city leaves in the year in which anything names it:
        another limit, a doubtful date, a statewide law, a symbolic act.

    Raises
    ------
    UnknownPlaceError
        If there is no such definition.
    LayoutError
        If ``city_year`` has no such count.

    Examples
    --------
    >>> from analysis.panels import study_frame
    >>> frame = study_frame("detainers", "homicide", first_year=2005, smallest=50_000)
    >>> bool(frame.groupby("unit")["cohort"].nunique().eq(1).all())
    True
    """
    if definition not in DEFINITIONS:
        raise UnknownPlaceError(f"No definition {definition!r}.", remedy=f"One of {', '.join(DEFINITIONS)}.")
    if outcome not in OFFENSES_OF:
        raise LayoutError(f"No count {outcome!r}.", remedy=f"One of {', '.join(OFFENSES_OF)}.")
    given = {name: load(name) for name in PANELS} if panels is None else panels
    rows = _Rows(_with_treatment(given, definition, include_state_laws))
    _comparable(rows, outcome, first_year, last_year, smallest)
    _breaks(rows, given["series_breaks"], outcome, honor_breaks)
    _treatment(rows, first_year, last_year)
    return _finished(rows, outcome)


class _Rows:
    """Rows that shrink step by step, with the ledger of steps."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.ledger: list[tuple[str, int, int]] = []

    def keep(self, mask: pd.Series, step: str) -> None:
        """Keep the marked rows and count the others under `step`."""
        kept = mask.astype("boolean").fillna(False).to_numpy(dtype=bool)
        lost = self.frame[~kept]
        self.ledger.append((step, len(lost), lost["ori"].nunique()))
        self.frame = self.frame[kept]


def _with_treatment(
    panels: Mapping[str, pd.DataFrame], definition: str, include_state_laws: bool
) -> pd.DataFrame:
    policies, undated = panels["policies"], panels["undated_places"]
    cities = panels["city_year"].sort_values(["ori", "year"]).reset_index(drop=True)
    named = pd.concat([policies, undated])
    named = named[named["kind"].eq("city") & named["ori"].notna()].drop_duplicates("ori")
    codes = cities["ori"].map(named.set_index("ori")["geoid"]).fillna(cities["place_fips"])
    cities = cities.assign(geoid=codes)
    places = cities[["state", "geoid"]].dropna().drop_duplicates("geoid")
    treated = assign_treatment(places, policies, undated, definition, include_state_laws=include_state_laws)
    kept = ["cohort", "exposed_from", "symbolic_from", "excluded_because"]
    return cities.join(treated.set_index("geoid")[kept], on="geoid")


def _comparable(rows: _Rows, outcome: str, first_year: int, last_year: int, smallest: int) -> None:
    rows.keep(rows.frame["year"].between(first_year, last_year), f"outside {first_year}-{last_year}")
    rows.keep(rows.frame["geoid"].notna(), "agency without a place")
    rows.keep(rows.frame["population"].gt(0), "residents not printed")
    first = rows.frame.groupby("ori")["population"].transform("first")
    rows.keep(first >= smallest, f"fewer than {smallest:,} residents at first")
    rows.keep(rows.frame[outcome].notna(), "figure not printed, or withheld")


def _breaks(rows: _Rows, breaks: pd.DataFrame, outcome: str, honor_breaks: bool) -> None:
    rows.frame = rows.frame.assign(unit=rows.frame["ori"])
    if not honor_breaks:
        return
    about = breaks[breaks["break_kind"] != _ABOUT_COVERAGE]
    for effect in _UNUSABLE:
        marked = has_break(rows.frame, about, effect, outcome)
        rows.keep(~marked, f"figure {effect} by a footnote or break")
    segment = series_segment(rows.frame, breaks, outcome)
    rows.frame = rows.frame.assign(unit=rows.frame["ori"] + "/" + segment.astype(str))


def _treatment(rows: _Rows, first_year: int, last_year: int) -> None:
    control = rows.frame["cohort"].isna()
    rows.keep(~(control & rows.frame["exposed_from"].eq(0)), "named by a list, or without a usable date")
    early = rows.frame["cohort"].le(first_year).fillna(False)
    rows.keep(~early, "adopted before the years kept")
    rows.keep(~rows.frame["cohort"].gt(last_year).fillna(False), "adopted after the years kept")
    limited = rows.frame["exposed_from"].lt(rows.frame["cohort"]).fillna(False)
    rows.keep(~limited, "adopted after another limit")
    named = {"exposed_from": "another limit or a statewide law", "symbolic_from": "a symbolic act"}
    for column, what in named.items():
        reached = rows.frame["year"] >= rows.frame[column].astype("Int64").fillna(_NEVER)
        rows.keep(rows.frame["cohort"].notna() | ~reached, f"comparison city under {what}")


def _finished(rows: _Rows, outcome: str) -> pd.DataFrame:
    frame = rows.frame
    cohort = frame["cohort"].fillna(0).astype("int64")
    population = frame["population"].astype("float64")
    made = frame.assign(
        count=frame[outcome].astype("float64"),
        rate=frame[outcome].astype("float64") / population * 1e5,
        population=population,
        cohort=cohort,
        treated=np.where((cohort > 0) & (frame["year"] >= cohort), 1, 0),
    )
    made = made[COLUMNS].sort_values(["unit", "year"]).reset_index(drop=True)
    ledger = [*rows.ledger, ("in the frame", len(made), made["ori"].nunique())]
    made.attrs = {"ledger": pd.DataFrame(ledger, columns=["step", "rows", "agencies"]).to_dict("list")}
    return made
