"""Sanctuary cities and crime after Gonzalez O'Brien et al. (2017), rebuilt on the FBI's own tables.

The paper asks whether crime rises in cities that forbid asking for immigration status. It compares each such
city with itself before and after, and with a matched city that has no such policy, on the FBI's city figures
of 2000 to 2014. This study does the same, in this order:

1. *Who is treated.* The paper's list could not be obtained. Ours is a substitute: cities with a cited, dated
   instrument adopted from 2002 to 2014, in four codings (`CODINGS`), of which the first follows the paper's
   words. Cities whose date cannot serve are neither treated nor controls.
2. *What is compared.* Rates per 100,000 residents (`OUTCOMES`). A figure is used only in years that the FBI
   calls comparable; rape, and totals with it, only by the legacy definition. What falls out is counted.
3. *Before and after.* One, two and three years either side of the year of adoption, which is left out; all
   years of a window must be comparable. Mean paired difference with its t interval, an exact sign test and
   a test by random signs. Beside it, the same change less that of the matched city.
4. *Matched cities.* Controls are cities of at least `FLOOR` people that nothing names by 2014: no
   policy, symbolic act, statewide law, list, or author of the paper. One to one at the least total
   Mahalanobis distance on `COVARIATES` within census regions, and full matching on the same distances;
   nearest neighbours with replacement for the cross-section. Differences by year, averaged over the years
   a policy was in force, and in 2012. Errors by matched pair, by matched set, and Abadie-Imbens.
5. *What could have been seen.* Every difference carries the effect it would have found with 80% power, and
   whether differences of 5% of the mean, or of 17.9 violent crimes, are excluded.

Specifications stand in `uar2017_spec`; `run` returns every table, `findings` what they say to each published
claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pandas as pd

from ...panels.store import load
from ..designs.city_series import CitySeries, city_series
from ..published.claims import Finding
from .before_after import against_matches, by_chance, changes, dropped, summarize
from .differences import differences, ledger, matched_sample, stacked, treated_table
from .findings import findings_of
from .power import detectable_by_size, judge, spreads
from .sample import treated_cities
from .spec import (
    BASELINE,
    CODINGS,
    CROSS_SECTION,
    EXTENDED,
    FIRST,
    FLOOR,
    LAST,
    LEVEL,
    MAIN,
    OUTCOMES,
    PERIODS,
    WINDOWS,
)

PANELS = ("city_year", "series_breaks", "places", "policies", "undated_places")
#: The total by which each city's own change is judged: no definition of rape disturbs it.
BY_CITY = "violent_without_rape"


@dataclass(frozen=True)
class Results:
    """Every table of the study. Rates and differences are crimes per 100,000 residents.

    Attributes
    ----------
    treated : pandas.DataFrame
        Treated cities by ``coding``: dates, sources, the matched city, or ``unmatched_because``.
    units : pandas.DataFrame
        Cities entering the matching by ``coding``, with covariates.
    ledger : pandas.DataFrame
        Places by ``coding``, arm and what became of them in the matching; they add up to the panel.
    changes : pandas.DataFrame
        Before and after: one row a coding, period, city, outcome and window.
    before_after, before_after_dropped : pandas.DataFrame
        Their means with errors and judgement; cities left out by reason.
    excess, excess_summary : pandas.DataFrame
        The same less the matched city's change, main coding and the paper's years.
    by_chance : pandas.DataFrame
        Main coding: whether each city's change in violent crime without rape goes beyond chance.
    pairs, balance : pandas.DataFrame
        One-to-one matches and balance by ``coding``.
    differences : pandas.DataFrame
        Matched and unmatched differences by ``coding, estimator, group, year, outcome``; ``year`` is missing
        for those pooled over years (groups ``before``, ``after``, ``change``).
    spreads, detectable : pandas.DataFrame
        Standard deviations of each design, and the effect each could see by number of cities.
    """

    treated: pd.DataFrame
    units: pd.DataFrame
    ledger: pd.DataFrame
    changes: pd.DataFrame
    before_after: pd.DataFrame
    before_after_dropped: pd.DataFrame
    excess: pd.DataFrame
    excess_summary: pd.DataFrame
    by_chance: pd.DataFrame
    pairs: pd.DataFrame
    balance: pd.DataFrame
    differences: pd.DataFrame
    spreads: pd.DataFrame
    detectable: pd.DataFrame


@cache
def run() -> Results:
    """Run the study on the committed panels."""
    return study({name: load(name) for name in PANELS})


def study(panels: Mapping[str, pd.DataFrame]) -> Results:
    """Run the study on given panels; the order of their rows does not matter.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        `PANELS` by name.
    """
    treated = {coding: treated_cities(panels["policies"], coding) for coding in CODINGS}
    series = _series(panels, treated)
    across = stacked({coding: _changes(cities, series) for coding, cities in treated.items()})
    by = ["coding", "period", "outcome", "window"]

    matched = {coding: matched_sample(panels, series, coding, treated[coding], LAST) for coding in CODINGS}
    early = matched_sample(panels, series, MAIN, treated[MAIN], CROSS_SECTION)
    main = across[across["coding"].eq(MAIN) & across["period"].eq(next(iter(PERIODS)))]
    pairs = matched[MAIN].design.pairs
    excess = against_matches(
        treated[MAIN], pairs, series, outcomes=list(OUTCOMES), windows=WINDOWS, period=(FIRST, LAST)
    )
    spread = spreads(matched[MAIN].design.units, pairs, main, excess, series)
    return Results(
        treated=treated_table(treated, matched),
        units=stacked({coding: one.design.units for coding, one in matched.items()}),
        ledger=ledger(matched, panels["places"]),
        changes=across,
        before_after=judge(summarize(across, by), "mean_before"),
        before_after_dropped=dropped(across, by),
        excess=excess,
        excess_summary=judge(summarize(excess, ["outcome", "window"], column="excess"), "mean_before"),
        by_chance=by_chance(main, series, BY_CITY, level=LEVEL),
        pairs=stacked({coding: one.design.pairs for coding, one in matched.items()}),
        balance=stacked({coding: one.design.balance for coding, one in matched.items()}),
        differences=judge(differences(matched, early, series), "mean_control"),
        spreads=spread,
        detectable=detectable_by_size(spread),
    )


def findings() -> dict[str, Finding]:
    """Return what the study says to each published claim, in the claim's unit."""
    return findings_of(run())


def _series(panels: Mapping[str, pd.DataFrame], treated: Mapping[str, pd.DataFrame]) -> CitySeries:
    """Return the series of every treated city and of every agency printed as large at baseline."""
    rows = panels["city_year"]
    large = rows.loc[rows["year"].isin(BASELINE) & rows["population"].ge(FLOOR), "ori"]
    own = set(large) & set(panels["places"]["primary_ori"])
    oris = sorted(own.union(*[cities["ori"] for cities in treated.values()]))
    return city_series(rows, panels["series_breaks"], oris, list(OUTCOMES), _all_years())


def _changes(cities: pd.DataFrame, series: CitySeries) -> pd.DataFrame:
    tables = {
        name: changes(cities, series, outcomes=list(OUTCOMES), windows=WINDOWS, period=years)
        for name, years in PERIODS.items()
    }
    return pd.concat(tables, names=["period"]).reset_index("period").reset_index(drop=True)


def _all_years() -> range:
    return range(EXTENDED[0], EXTENDED[1] + 1)
