"""The city sample of the staggered designs: which agency-years may be compared, every exclusion counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..panels.honour_breaks import has_break, series_segment
from ..panels.policy_cohorts import assign_treatment

#: Footnotes that a state's coverage is limited say nothing about a city that is printed.
_ABOUT_COVERAGE = "limited_data"


@dataclass(frozen=True)
class SampleRules:
    """The choices that make a sample.

    Attributes
    ----------
    definition : str
        Treatment, one of the panel's definitions.
    outcome : str
        Count of ``city_year`` without suffix.
    first_year, last_year : int
    smallest : int
        Fewest residents an agency has in its first year in the sample.
    fewest_years : int
        Fewest years an agency is observed in.
    honour_breaks : bool
        Whether exceptional and faulty figures are left out and every comparable stretch of a series
        counts as a unit of its own.
    keep_ended : bool
        Whether years after a policy ended stay in (as treated).
    include_state_laws : bool
        Whether a statewide law treats every city of its state; otherwise cities of such states leave
        the sample when the law comes.
    """

    definition: str
    outcome: str
    first_year: int = 1999
    last_year: int = 2019
    smallest: int = 25_000
    fewest_years: int = 15
    honour_breaks: bool = True
    keep_ended: bool = False
    include_state_laws: bool = False


@dataclass(frozen=True)
class CitySample:
    """Rows for estimation and the ledger of those left out.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``unit`` (agency, or agency and stretch), ``ori, state, place_fips, year, population, count,
        rate`` (per 100,000), ``log_rate`` (missing at zero), ``cohort`` (0: never), ``treated``.
    ledger : pandas.DataFrame
        ``step, rows, agencies``: what each step took out; rows of the frame last.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame


def city_sample(
    city_year: pd.DataFrame,
    breaks: pd.DataFrame,
    policies: pd.DataFrame,
    undated: pd.DataFrame,
    rules: SampleRules,
) -> CitySample:
    """Return the sample under `rules`.

    A city named by any row or list without a usable date is never a control; one with a date for another
    kind of limit is a control until that date. Both are counted in the ledger.
    """
    ledger: list[tuple[str, int, int]] = []
    rows = _Rows(_with_treatment(city_year, policies, undated, rules), ledger)
    years = rows.frame["year"].between(rules.first_year, rules.last_year)
    rows.keep(years, f"outside {rules.first_year}-{rules.last_year}")
    rows.keep(rows.frame["place_fips"].notna(), "agency without a place")
    rows.keep(
        rows.frame[rules.outcome].notna() & rows.frame["population"].gt(0), "offense or residents not printed"
    )
    _honour(rows, breaks, rules)
    rows.keep(
        _first(rows.frame, "population") >= rules.smallest,
        f"fewer than {rules.smallest:,} residents at first",
    )
    rows.keep(~rows.frame["exposed_from"].eq(0).fillna(False), "listed without any date")
    _treatment_rows(rows, rules)
    seen = rows.frame.groupby("ori")["year"].transform("nunique")
    rows.keep(seen >= rules.fewest_years, f"observed in fewer than {rules.fewest_years} years")
    ledger.append(("in the sample", len(rows.frame), rows.frame["ori"].nunique()))
    return CitySample(_finish(rows.frame, rules), pd.DataFrame(ledger, columns=["step", "rows", "agencies"]))


class _Rows:
    """Rows that shrink step by step, with the ledger of steps."""

    def __init__(self, frame: pd.DataFrame, ledger: list):
        self.frame, self.ledger = frame, ledger

    def keep(self, mask, step: str) -> None:
        """Keep the marked rows; book the others under `step`."""
        mask = mask.astype("boolean").fillna(False).to_numpy(dtype=bool)
        lost = self.frame[~mask]
        self.ledger.append((step, len(lost), lost["ori"].nunique()))
        self.frame = self.frame[mask]


def _with_treatment(city_year, policies, undated, rules) -> pd.DataFrame:
    places = city_year[["state", "place_fips"]].dropna().drop_duplicates("place_fips")
    treated = assign_treatment(
        places.rename(columns={"place_fips": "geoid"}),
        policies,
        undated,
        rules.definition,
        include_state_laws=rules.include_state_laws,
    )
    columns = ["cohort", "ended_year", "in_event_time", "excluded_because", "exposed_from"]
    table = treated.set_index("geoid")[columns]
    return city_year.join(table, on="place_fips").reset_index(drop=True)


def _honour(rows: _Rows, breaks: pd.DataFrame, rules: SampleRules) -> None:
    rows.frame = rows.frame.assign(unit=rows.frame["ori"])
    if not rules.honour_breaks:
        return
    about = breaks[breaks["break_kind"] != _ABOUT_COVERAGE]
    for effect in ("withheld", "incomplete", "exceptional"):
        rows.keep(
            ~has_break(rows.frame, about, effect, rules.outcome), f"figure {effect} by a footnote or break"
        )
    segment = series_segment(rows.frame, breaks, rules.outcome)
    rows.frame = rows.frame.assign(unit=rows.frame["ori"] + "/" + segment.astype(str))


def _first(frame: pd.DataFrame, column: str) -> pd.Series:
    first = frame.sort_values("year").groupby("ori")[column].first()
    return frame["ori"].map(first)


def _treatment_rows(rows: _Rows, rules: SampleRules) -> None:
    frame = rows.frame
    treated = frame["cohort"].notna()
    exposed = frame["exposed_from"].notna() & (frame["year"] >= frame["exposed_from"].fillna(9999))
    rows.keep(treated | ~exposed, "control exposed to another limit, a doubtful date or a statewide law")
    frame = rows.frame
    if not rules.keep_ended:
        over = frame["ended_year"].notna() & (frame["year"] > frame["ended_year"].fillna(9999))
        rows.keep(~over, "after the policy ended")


def _finish(frame: pd.DataFrame, rules: SampleRules) -> pd.DataFrame:
    count = frame[rules.outcome].astype(float)
    population = frame["population"].astype(float)
    cohort = frame["cohort"].fillna(0).astype(int)
    rate = count / population * 1e5
    made = frame[["unit", "ori", "state", "place_fips", "city", "year"]].assign(
        population=population,
        count=count,
        rate=rate,
        log_rate=np.log(rate.where(rate > 0)),
        cohort=cohort,
        treated=((cohort > 0) & (frame["year"] >= cohort)).astype(float),
    )
    return made.sort_values(["ori", "year"]).reset_index(drop=True)
