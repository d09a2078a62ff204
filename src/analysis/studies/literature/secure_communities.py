"""Recorded crime when Secure Communities reached a county, 2004 to 2012: a yearly analogue of published work.

1. *Treatment*: the day the program was activated in the county, 2008 to 2013, from the committed panel. Every
   county was activated in the end, so that those activated in 2013 are the last comparison there is, and the
   years stop with 2012.
2. *Outcome*: index crime (violent without rape, and property) and violent crime without rape, as counts of
   the county file; New York City is one county.
3. *Two-way*: Poisson with county and year effects and residents as exposure, on the share of the year after
   activation, as the published regressions compare counties. Counties activated earlier serve as comparison.
4. *Staggered*: extended two-way Poisson effects by year of activation, which never compare with counties
   activated earlier, averaged over all county-years from the year of activation on.
5. *Forks*: the two-way regression within states, year by year; in logarithms, each county alike, over all and
   within states; and with the share activated in the year to come beside it, which should find nothing.
6. *Errors*: by state, in which activations came together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...panels.store import load
from ..staggered_counties.fits import Row, broom, counts_fit, two_way
from ..staggered_counties.sample import PANELS, period_counts, with_rates
from ..staggered_counties.spec import SPEC as COUNTIES

FIRST_YEAR = 2004
OUTCOMES = {"index": "total", "violent": "violent_without_rape"}
TWO_WAY, STAGGERED, WITHIN = "two-way", "staggered", "two-way within states"
LOG, LOG_WITHIN, LEAD = "logarithm", "logarithm within states", "year to come"
_RULES = COUNTIES.rules.replace(first_year=FIRST_YEAR)
_YEARS, _STATE_YEARS = ["fips", "year"], ["fips", ("state", "year")]


@dataclass(frozen=True)
class ActivationStudy:
    """What activation did to recorded crime, in log points.

    Attributes
    ----------
    counties : pandas.DataFrame
        Counties of the sample by ``year`` of activation.
    estimates : pandas.DataFrame
        ``outcome, design`` and the estimate; designs are `TWO_WAY`, `STAGGERED`, `WITHIN`, `LOG`,
        `LOG_WITHIN` and `LEAD` (of the year to come, given this one).
    """

    counties: pd.DataFrame
    estimates: pd.DataFrame


@cache
def run() -> ActivationStudy:
    """Run the study on the committed panels, once a process."""
    return study({name: load(name) for name in PANELS})


def study(panels: Mapping[str, pd.DataFrame]) -> ActivationStudy:
    """Run the study on given panels; the order of their rows does not matter."""
    frame = sample(panels)
    rows = []
    for name, outcome in OUTCOMES.items():
        fits = _fits(with_rates(frame, outcome))
        rows += [{"outcome": name, "design": design} | row for design, row in fits.items()]
    counties = frame.drop_duplicates("fips").groupby("activated_year").size()
    return ActivationStudy(counties.rename("counties").rename_axis("year").reset_index(), pd.DataFrame(rows))


def _fits(table: pd.DataFrame) -> dict[str, Row]:
    leads = two_way(table, ["activated", "to_come"], _YEARS)
    return {
        TWO_WAY: broom(two_way(table, "activated", _YEARS), COUNTIES.level, term="activated"),
        STAGGERED: broom(counts_fit(table), COUNTIES.level),
        WITHIN: broom(two_way(table, "activated", _STATE_YEARS), COUNTIES.level, term="activated"),
        LOG: _logarithm(table, _YEARS),
        LOG_WITHIN: _logarithm(table, _STATE_YEARS),
        LEAD: broom(leads, COUNTIES.level, term="to_come"),
    }


def _logarithm(table: pd.DataFrame, effects: list[Any]) -> Row:
    fit = est.ols(
        table,
        outcome="log_rate",
        treatment="activated",
        effects=effects,
        cluster="state",
        level=COUNTIES.level,
    )
    return broom(fit, COUNTIES.level, term="activated")


def sample(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row a county and year with ``activated`` (share of the year) and ``cohort`` (0: after 2012).

    Counties without a date or whose land changed hands are left out, and years without enough coverage.
    """
    dates, counties = (panels[name].set_index("fips") for name in ("secure_communities", "counties"))
    rows = period_counts(panels, _RULES, spec=COUNTIES)
    rows = rows[rows["year"].le(COUNTIES.last_yearly)]
    rows = rows.assign(activated_year=rows["fips"].map(dates["activated_year"]))
    kept = rows["activated_year"].notna() & ~rows["fips"].map(counties["has_boundary_break"]).astype(bool)
    rows = rows[kept].sort_values(["fips", "year"], ignore_index=True)
    year = rows["activated_year"].astype(int)
    return rows.assign(
        state=rows["fips"].map(counties["state"]),
        log_people=np.log(rows["people"]),
        activated_year=year,
        cohort=year.where(year.le(COUNTIES.last_yearly), 0),
        activated=_share(rows, dates, 0),
        to_come=_share(rows, dates, 1),
    )


def _share(rows: pd.DataFrame, dates: pd.DataFrame, ahead: int) -> pd.Series:
    """Return the share of each row's year, or of one so many years ahead, after the county's activation."""
    day = pd.to_datetime(rows["fips"].map(dates["activated"]))
    start = day.dt.year + (day.dt.day_of_year - 1) / 365.25
    return (rows["year"] + ahead + 1 - start).clip(0, 1).astype(float)
