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

The specification stands in `spec`; `run` returns every table, `findings` what they say to each published
claim.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ...panels.store import load
from ...results import stored
from ..designs.city_series import CitySeries, city_series
from ..published.claims import Finding
from .before_after import against_matches, by_chance, changes, dropped, summarize
from .differences import Matched, differences, ledger, matched_sample, stacked, treated_table
from .findings import findings_of
from .power import detectable_by_size, judge, spreads
from .results import Results
from .sample import treated_cities, with_census_2000
from .spec import SPEC, UarSpec

PANELS = ("city_year", "series_breaks", "places", "places_2000", "policies", "undated_places")


@stored
def run(spec: UarSpec = SPEC) -> Results:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in PANELS}, spec)


_BY = ["coding", "period", "outcome", "window"]


def study(panels: Mapping[str, pd.DataFrame], spec: UarSpec = SPEC) -> Results:
    """Run the study on given panels; the order of their rows does not matter.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        `PANELS` by name.
    spec : UarSpec, optional
        What to do; the results carry it.
    """
    panels = {**panels, "places": with_census_2000(panels["places"], panels["places_2000"])}
    treated = {coding: treated_cities(panels["policies"], coding, spec=spec) for coding in spec.codings}
    series = series_of(panels, treated, spec=spec)
    across = stacked({coding: _changes(cities, series, spec=spec) for coding, cities in treated.items()})
    matched = {
        coding: matched_sample(panels, series, coding, cities, spec.last, spec=spec)
        for coding, cities in treated.items()
    }
    early = matched_sample(panels, series, spec.main, treated[spec.main], spec.cross_section, spec=spec)
    main = across[across["coding"].eq(spec.main) & across["period"].eq(next(iter(spec.periods)))]
    design = matched[spec.main].design
    excess = _excess(treated[spec.main], design.pairs, series, spec=spec)
    spread = spreads(design.units, design.pairs, main, excess, series, spec=spec)
    return Results(
        spec=spec,
        treated=treated_table(treated, matched),
        units=_designed(matched, "units"),
        ledger=ledger(matched, panels["places"]),
        changes=across,
        before_after=_judged(across, _BY, "change", spec=spec),
        before_after_dropped=dropped(across, _BY),
        excess=excess,
        excess_summary=_judged(excess, ["outcome", "window"], "excess", spec=spec),
        by_chance=by_chance(main, series, spec.by_city, level=spec.level),
        pairs=_designed(matched, "pairs"),
        balance=_designed(matched, "balance"),
        differences=judge(differences(matched, early, series, spec=spec), "mean_control", spec=spec),
        spreads=spread,
        detectable=detectable_by_size(spread, spec=spec),
    )


def _designed(matched: Mapping[str, Matched], part: str) -> pd.DataFrame:
    return stacked({coding: getattr(one.design, part) for coding, one in matched.items()})


def _judged(table: pd.DataFrame, by: list[str], column: str, *, spec: UarSpec) -> pd.DataFrame:
    return judge(summarize(table, by, column=column, spec=spec), "mean_before", spec=spec)


def _excess(treated: pd.DataFrame, pairs: pd.DataFrame, series: CitySeries, *, spec: UarSpec) -> pd.DataFrame:
    period = (spec.first, spec.last)
    return against_matches(
        treated, pairs, series, outcomes=list(spec.outcomes), windows=spec.windows, period=period
    )


def findings(spec: UarSpec = SPEC) -> dict[str, Finding]:
    """Return what the study says to each published claim, in the claim's unit."""
    return findings_of(run(spec))


def series_of(
    panels: Mapping[str, pd.DataFrame], treated: Mapping[str, pd.DataFrame], *, spec: UarSpec
) -> CitySeries:
    """Return the series of every treated city and of every agency printed as large at baseline."""
    rows = panels["city_year"]
    large = rows.loc[rows["year"].isin(spec.baseline) & rows["population"].ge(spec.floor), "ori"]
    own = set(large) & set(panels["places"]["primary_ori"])
    oris = sorted(own.union(*[cities["ori"] for cities in treated.values()]))
    return city_series(
        rows,
        panels["series_breaks"],
        oris,
        list(spec.outcomes),
        range(spec.extended[0], spec.extended[1] + 1),
    )


def _changes(cities: pd.DataFrame, series: CitySeries, *, spec: UarSpec) -> pd.DataFrame:
    tables = {
        name: changes(cities, series, outcomes=list(spec.outcomes), windows=spec.windows, period=years)
        for name, years in spec.periods.items()
    }
    return pd.concat(tables, names=["period"]).reset_index("period").reset_index(drop=True)
