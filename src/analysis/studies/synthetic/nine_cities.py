"""The nine cities named in 2020 by synthetic control and synthetic difference-in-differences.

1. *Dates.* Every limit on status inquiries or detainers that the panel of policies dates for one of the nine
   cities, each once. A date is usable when the city's own figures hold at least `BEFORE` comparable years
   before it and `AFTER` from the year of adoption on, without a new series between them. All others are
   listed with the reason.
2. *Outcomes.* Crimes per 100,000 residents from the FBI's tables, and their logarithms, of years that may be
   compared (`city_series`).
3. *Window.* `FIRST` to `LAST`, cut to the comparable stretch of the city's series in which the policy came;
   years that the city lacks inside it are left out for all.
4. *Donors.* Cities of at least 100,000 people that no policy, symbolic act, law or list names in any year,
   with every year of the window printed, comparable and of one series.
5. *Inference.* The policy is handed to each donor in turn; see `synthetic_cases`.

A city's date is not always its first limit: Chicago and San Francisco had older ones. The estimand is then
the change that the later instrument, and what followed it, made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from ...panels.store import load
from ..data_coverage import city_names
from ..designs.city_series import CitySeries, city_series
from ..designs.synthetic_cases import LOG, METHODS, RATE, Case, Fitted, build_case, fit
from .history import CITIES, FLOOR, OUTCOMES, PANELS, never_named

FIRST, LAST = 1999, 2019
#: Fewest comparable years before a date, and from the year of adoption on.
BEFORE, AFTER = 5, 2
SCALES = (RATE, LOG)
#: The outcome by which a date's years are counted in the table of dates.
COUNTED = "property"
USABLE = ""
__all__ = ["CITIES", "FLOOR", "OUTCOMES", "CitiesStudy", "run", "study"]
_KEY = ["case", "outcome", "scale", "method"]


@dataclass(frozen=True)
class CitiesStudy:
    """Every table of the study. Rates are per 100,000 residents, logarithms in log points.

    Attributes
    ----------
    dates : pandas.DataFrame
        Every dated limit: ``case, city, ori, adopted, start, limits, has_older, state_law`` (year of a
        statewide law that came to cover it, if any), ``cannot_serve``, ``before, after`` (comparable years,
        by property crime), ``reason`` (empty: usable).
    cities : pandas.DataFrame
        One row a city: ``city, dates, usable, reason`` (why none of its dates is usable).
    estimates : pandas.DataFrame
        One row a ``case, outcome, scale, method``: see `synthetic_cases.fit`.
    fits : dict
        `Fitted` by (case, outcome, scale, method).
    names : dict of str to str
        Names of donors by agency.
    pool : int
        Cities that no policy names, before gaps.
    """

    dates: pd.DataFrame
    cities: pd.DataFrame
    estimates: pd.DataFrame
    fits: dict[tuple[str, str, str, str], Fitted]
    names: dict[str, str]
    pool: int


@cache
def run() -> CitiesStudy:
    """Run the study on the committed panels, once a process."""
    return study({name: load(name) for name in PANELS})


def study(panels: Mapping[str, pd.DataFrame]) -> CitiesStudy:
    """Run the study on given panels; the order of their rows does not matter."""
    pool = never_named(panels)
    series = city_series(
        panels["city_year"],
        panels["series_breaks"],
        [*CITIES.values(), *pool],
        list(OUTCOMES),
        range(FIRST, LAST + 1),
    )
    dates = dated_limits(panels["policies"], series)
    usable: Any = dates[dates["reason"].eq(USABLE)].to_dict("records")
    fits = {
        (date["case"], outcome, scale, method): fit(city_case(date, series, pool, outcome, scale), method)
        for date in usable
        for outcome in OUTCOMES
        if _window(date, series, outcome)[1] == USABLE
        for scale in SCALES
        for method in METHODS
    }
    rows = [dict(zip(_KEY, key, strict=True)) | one.row for key, one in fits.items()]
    own = panels["city_year"][panels["city_year"]["ori"].isin([*pool, *CITIES.values()])]
    return CitiesStudy(
        dates=dates,
        cities=_by_city(dates),
        estimates=pd.DataFrame(rows),
        fits=fits,
        names=city_names(own),
        pool=len(pool),
    )


def dated_limits(policies: pd.DataFrame, series: CitySeries) -> pd.DataFrame:
    """Return every dated limit of the nine cities with the reason why it is not usable, if any."""
    own = policies[policies["ori"].isin(CITIES.values()) & policies["kind"].eq("city")]
    own = own[own["definition"].ne("symbolic")]
    city = {ori: name for name, ori in CITIES.items()}
    rows = []
    key: Any
    for key, same in own.groupby(["ori", "adopted"], sort=True):
        ori, adopted = key
        start = int(same["adopted_year"].iloc[0])
        older = own.loc[own["ori"].eq(ori), "adopted_year"].min()
        covered = (
            pd.concat([same["superseded_by"], same["absorbed_by"]])
            .dropna()
            .str.extract(r"@(\d{4})")[0]
            .astype(float)
        )
        date = {
            "case": f"{city[str(ori)]} {start}",
            "city": city[str(ori)],
            "ori": str(ori),
            "adopted": str(adopted),
            "start": start,
            "limits": str(same["content"].iloc[0]),
            "has_older": bool(older < start),
            "state_law": covered.min(),
            "cannot_serve": _excluded(same),
        }
        years, reason = _window(date, series, COUNTED)
        counts = {
            "before": sum(year < start for year in years),
            "after": sum(year >= start for year in years),
        }
        rows.append(date | counts | {"reason": reason})
    table = pd.DataFrame(rows)
    order = table["city"].map({name: at for at, name in enumerate(CITIES)})
    return (
        table.assign(order=order).sort_values(["order", "start"]).drop(columns="order").reset_index(drop=True)
    )


def _excluded(same: pd.DataFrame) -> str:
    """Return why the panel keeps a date out of event time under every definition, empty when it does not."""
    return "" if same["in_event_time"].any() else str(same["excluded_because"].dropna().min())


def city_case(
    date: Mapping[str, Any], series: CitySeries, pool: list[str], outcome: str, scale: str = RATE
) -> Case:
    """Return the case of one usable date: the city and donors of one comparable series in all its years."""
    years, _ = _window(date, series, outcome)
    table = series.values[outcome].loc[[date["ori"], *pool]]
    segments = series.segments[outcome].loc[table.index, years]
    broken = segments.max(axis=1).ne(segments.min(axis=1)) & segments.notna().all(axis=1)
    case = build_case(date["case"], date["ori"], date["start"], table[~broken], years, scale)
    dropped = {"new series within the window": int(broken.sum())} | case.donors_dropped
    skipped = tuple(year for year in range(years[0], years[-1] + 1) if year not in case.values.columns)
    return Case(case.name, case.unit, case.start, case.values, dropped, skipped)


def _window(date: Mapping[str, Any], series: CitySeries, outcome: str) -> tuple[list[int], str]:
    """Return the comparable years around a date, and why they do not serve, if so."""
    start, segments = date["start"], series.segments[outcome].T[date["ori"]].dropna()
    if date["cannot_serve"]:
        return [], f"date not usable: {date['cannot_serve']}"
    if start <= FIRST:
        return [], f"adopted before the figures begin in {FIRST}"
    if start > LAST:
        return [], f"adopted after {LAST}"
    earlier = segments[segments.index < start]
    if earlier.empty:
        return [], "no comparable year before"
    same = [int(year) for year in segments.index[segments.eq(earlier.iloc[-1])]]
    before, after = sum(year < start for year in same), sum(year >= start for year in same)
    if before < BEFORE:
        return same, f"fewer than {BEFORE} comparable years before"
    if after < AFTER:
        return same, f"fewer than {AFTER} comparable years from adoption on"
    return same, USABLE


def _by_city(dates: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for city in CITIES:
        own = dates[dates["city"].eq(city)]
        usable = own[own["reason"].eq(USABLE)]
        why = "" if len(usable) else "; ".join(f"{row.start}: {row.reason}" for row in own.itertuples())
        rows.append({"city": city, "dates": len(own), "usable": len(usable), "reason": why})
    return pd.DataFrame(rows)
