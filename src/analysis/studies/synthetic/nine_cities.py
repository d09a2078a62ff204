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
from itertools import product
from typing import Any

import pandas as pd

from ...panels.store import load
from ..data_coverage import city_names
from ..designs.city_series import CitySeries, city_series
from ..designs.specification import RATE
from ..designs.study_spec import cached_by_spec
from ..designs.synthetic_cases import METHODS, Case, Fitted, build_case, fit
from .history import PANELS, never_named
from .spec import NINE_CITIES, NineCitiesSpec

USABLE = ""
Key = tuple[str, str, str, str]
_KEY = ["case", "outcome", "scale", "method"]


@dataclass(frozen=True)
class CitiesStudy:
    """Every table of the study. Rates are per 100,000 residents, logarithms in log points.

    Attributes
    ----------
    spec : NineCitiesSpec
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

    spec: NineCitiesSpec
    dates: pd.DataFrame
    cities: pd.DataFrame
    estimates: pd.DataFrame
    fits: dict[tuple[str, str, str, str], Fitted]
    names: dict[str, str]
    pool: int


@cached_by_spec
def run(spec: NineCitiesSpec = NINE_CITIES) -> CitiesStudy:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in PANELS}, spec)


def study(panels: Mapping[str, pd.DataFrame], spec: NineCitiesSpec = NINE_CITIES) -> CitiesStudy:
    """Run the study on given panels; the order of their rows does not matter."""
    pool = never_named(panels, spec=spec.history)
    series = city_series(
        panels["city_year"],
        panels["series_breaks"],
        [*spec.cities.values(), *pool],
        list(spec.outcomes),
        range(spec.first, spec.last + 1),
    )
    dates = dated_limits(panels["policies"], series, spec=spec)
    usable: Any = dates[dates["reason"].eq(USABLE)].to_dict("records")
    fits = {
        key: _fit(date, series, pool, key, spec=spec)
        for date in usable
        for key in _keys(date, series, spec=spec)
    }
    rows = [dict(zip(_KEY, key, strict=True)) | one.row for key, one in fits.items()]
    own = panels["city_year"][panels["city_year"]["ori"].isin([*pool, *spec.cities.values()])]
    return CitiesStudy(
        spec=spec,
        dates=dates,
        cities=_by_city(dates, spec=spec),
        estimates=pd.DataFrame(rows),
        fits=fits,
        names=city_names(own),
        pool=len(pool),
    )


def _keys(date: Mapping[str, Any], series: CitySeries, *, spec: NineCitiesSpec) -> list[Key]:
    """Return every outcome that the date can be studied on, in every scale and by every method."""
    able = [name for name in spec.outcomes if _window(date, series, name, spec=spec)[1] == USABLE]
    return list(product([date["case"]], able, spec.scales, METHODS))


def _fit(
    date: Mapping[str, Any],
    series: CitySeries,
    pool: list[str],
    key: Key,
    *,
    spec: NineCitiesSpec,
) -> Fitted:
    _, outcome, scale, method = key
    return fit(city_case(date, series, pool, outcome, scale, spec=spec), method, level=spec.level)


def dated_limits(policies: pd.DataFrame, series: CitySeries, *, spec: NineCitiesSpec) -> pd.DataFrame:
    """Return every dated limit of the nine cities with the reason why it is not usable, if any."""
    own = policies[policies["ori"].isin(spec.cities.values()) & policies["kind"].eq("city")]
    own = own[own["definition"].ne("symbolic")]
    rows = []
    key: Any
    for key, same in own.groupby(["ori", "adopted"], sort=True):
        ori, adopted = key
        older = own.loc[own["ori"].eq(ori), "adopted_year"].min()
        date = _date(ori, adopted, same, older, spec=spec)
        years, reason = _window(date, series, spec.counted, spec=spec)
        before = sum(year < date["start"] for year in years)
        rows.append(date | {"before": before, "after": len(years) - before, "reason": reason})
    table = pd.DataFrame(rows)
    order = table["city"].map({name: at for at, name in enumerate(spec.cities)})
    table = table.assign(order=order).sort_values(["order", "start"])
    return table.drop(columns="order").reset_index(drop=True)


def _date(ori: str, adopted: str, same: pd.DataFrame, older: int, *, spec: NineCitiesSpec) -> dict[str, Any]:
    """Return what is known of one date, given its rows and the city's first year."""
    city = next(name for name, agency in spec.cities.items() if agency == ori)
    start = int(same["adopted_year"].iloc[0])
    covered = pd.concat([same["superseded_by"], same["absorbed_by"]]).dropna()
    return {
        "case": f"{city} {start}",
        "city": city,
        "ori": str(ori),
        "adopted": str(adopted),
        "start": start,
        "limits": str(same["content"].iloc[0]),
        "has_older": bool(older < start),
        "state_law": covered.str.extract(r"@(\d{4})")[0].astype(float).min(),
        "cannot_serve": _excluded(same),
    }


def _excluded(same: pd.DataFrame) -> str:
    """Return why the panel keeps a date out of event time under every definition, empty when it does not."""
    return "" if same["in_event_time"].any() else str(same["excluded_because"].dropna().min())


def city_case(
    date: Mapping[str, Any],
    series: CitySeries,
    pool: list[str],
    outcome: str,
    scale: str = RATE,
    *,
    spec: NineCitiesSpec,
) -> Case:
    """Return the case of one usable date: the city and donors of one comparable series in all its years."""
    years, _ = _window(date, series, outcome, spec=spec)
    table = series.values[outcome].loc[[date["ori"], *pool]]
    segments = series.segments[outcome].loc[table.index, years]
    broken = segments.max(axis=1).ne(segments.min(axis=1)) & segments.notna().all(axis=1)
    case = build_case(date["case"], date["ori"], date["start"], table[~broken], years, scale)
    dropped = {"new series within the window": int(broken.sum())} | case.donors_dropped
    skipped = tuple(year for year in range(years[0], years[-1] + 1) if year not in case.values.columns)
    return Case(case.name, case.unit, case.start, case.values, dropped, skipped)


def _window(
    date: Mapping[str, Any], series: CitySeries, outcome: str, *, spec: NineCitiesSpec
) -> tuple[list[int], str]:
    """Return the comparable years around a date, and why they do not serve, if so."""
    start, segments = date["start"], series.segments[outcome].T[date["ori"]].dropna()
    if date["cannot_serve"]:
        return [], f"date not usable: {date['cannot_serve']}"
    if start <= spec.first:
        return [], f"adopted before the figures begin in {spec.first}"
    if start > spec.last:
        return [], f"adopted after {spec.last}"
    earlier = segments[segments.index < start]
    if earlier.empty:
        return [], "no comparable year before"
    same = [int(year) for year in segments.index[segments.eq(earlier.iloc[-1])]]
    before, after = sum(year < start for year in same), sum(year >= start for year in same)
    if before < spec.before:
        return same, f"fewer than {spec.before} comparable years before"
    if after < spec.after:
        return same, f"fewer than {spec.after} comparable years from adoption on"
    return same, USABLE


def _by_city(dates: pd.DataFrame, *, spec: NineCitiesSpec) -> pd.DataFrame:
    rows = []
    for city in spec.cities:
        own = dates[dates["city"].eq(city)]
        usable = own[own["reason"].eq(USABLE)]
        why = "" if len(usable) else "; ".join(f"{row.start}: {row.reason}" for row in own.itertuples())
        rows.append({"city": city, "dates": len(own), "usable": len(usable), "reason": why})
    return pd.DataFrame(rows)
