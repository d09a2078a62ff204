"""Nine cities named in 2020: what their policies were, and crime beside cities that never had one.

For each city: its dated instruments with their sources; and recorded crime from 1999 to 2024 beside the
nearest cities that no policy, symbolic act, law or list ever named. Near means alike in size and past crime,
by squared differences of log population, violent crime without rape and property crime of the baseline
years, each divided by its standard deviation among all large cities never named. It is a picture, not an
estimate: most of these policies are older than the series.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...panels.policies.cohorts import assign_treatment
from ...panels.store import load
from ...results import stored
from ..data_coverage import city_names
from ..designs.city_series import CitySeries, city_series
from ..designs.named_places import is_named, policy_codes
from .spec import HISTORY, HistorySpec

_CONTENT = {
    "status_inquiry": "status inquiries",
    "detainers": "detainers",
    "both": "both",
    "symbolic": "symbolic act",
}
PANELS = ("city_year", "series_breaks", "places", "policies", "policy_rows", "undated_places")


@dataclass(frozen=True)
class CityHistory:
    """One city beside cities without a policy. Rates are crimes per 100,000 residents.

    Attributes
    ----------
    spec : HistorySpec
    city : str
    policies : pandas.DataFrame
        Instruments by date: ``adopted, limits, instrument, ended, confidence, role, source_url``.
    neighbours : pandas.DataFrame
        Comparison cities, the nearest first: ``ori, name, population, distance`` and their baseline rates.
    rates : pandas.DataFrame
        Index: years; one column an outcome; missing where not printed or not comparable.
    middle, low, high : pandas.DataFrame
        Median, lowest and highest comparison city of each year with at least half of them printed.
    breaks : dict of str to dict of int to str
        By outcome, years from which the city's own series is a new one.
    events : dict of int to str
        Years of adoption of instruments that date a policy, with what they limit.
    gaps : pandas.DataFrame
        ``outcome, year, reason`` of every year left out.
    pool : int
        Cities among which the comparison cities are the nearest.
    """

    spec: HistorySpec
    city: str
    policies: pd.DataFrame
    neighbours: pd.DataFrame
    rates: pd.DataFrame
    middle: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    breaks: dict[str, dict[int, str]]
    events: dict[int, str]
    gaps: pd.DataFrame
    pool: int


@stored
def run(spec: HistorySpec = HISTORY) -> dict[str, CityHistory]:
    """Return the nine histories from the committed panels, by city, once a process for each specification."""
    return histories({name: load(name) for name in PANELS}, spec)


def histories(panels: Mapping[str, pd.DataFrame], spec: HistorySpec = HISTORY) -> dict[str, CityHistory]:
    """Return the nine histories from given panels; the order of their rows does not matter."""
    clean = never_named(panels, spec=spec)
    years = range(spec.first, spec.last + 1)
    series = city_series(
        panels["city_year"],
        panels["series_breaks"],
        [*spec.cities.values(), *clean],
        list(spec.outcomes),
        years,
    )
    traits = _traits(series, spec=spec)
    names = city_names(panels["city_year"][panels["city_year"]["ori"].isin(traits.index)])
    pool = traits[traits.index.isin(clean) & traits["population"].ge(spec.floor)].dropna()
    found = {}
    for city, ori in spec.cities.items():
        near = nearest(traits.T[ori], pool, spec=spec)
        near["name"] = near["ori"].map(names)
        found[city] = _history(city, ori, near, series, panels, len(pool), spec=spec)
    return found


def never_named(panels: Mapping[str, pd.DataFrame], *, spec: HistorySpec = HISTORY) -> list[str]:
    """Return the agencies of large places that no policy, symbolic act, law or list names in any year."""
    rows = panels["city_year"]
    large = rows.loc[rows["year"].isin(spec.baseline) & rows["population"].ge(spec.floor), "ori"].unique()
    places = panels["places"].rename(columns={"primary_ori": "ori"})
    places = places[places["ori"].isin(large)].reset_index(drop=True)
    codes = policy_codes(panels["policies"], panels["undated_places"], places["ori"])
    places["geoid"] = codes.fillna(places["place_fips"])
    table = assign_treatment(places, panels["policies"], panels["undated_places"], "any_limit")
    named = is_named(table, spec.last) | table["ori"].isin(spec.cities.values())
    return sorted(table.loc[~named, "ori"])


def nearest(city: pd.Series, pool: pd.DataFrame, *, spec: HistorySpec) -> pd.DataFrame:
    """Return the cities of the pool nearest to one city, with their distances.

    Parameters
    ----------
    city : pandas.Series
        ``log_population`` and the baseline rates.
    pool : pandas.DataFrame
        The same by ``ori``.
    """
    traits = ["log_population", *spec.near]
    steps = (pool[traits] - city[traits].astype(float)) / pool[traits].std()
    table = pool.assign(distance=np.sqrt((steps**2).sum(axis=1))).reset_index()
    return table.sort_values(["distance", "ori"]).head(spec.neighbors).reset_index(drop=True)


def policy_table(rows: pd.DataFrame, ori: str) -> pd.DataFrame:
    """Return a city's instruments by date; see `CityHistory`."""
    own = rows[rows["ori"].eq(ori) & rows["kind"].eq("city")].sort_values(["adopted", "row"])
    table = own[["adopted", "instrument", "ended", "confidence", "source_url"]].reset_index(drop=True)
    table.insert(1, "limits", own["content"].map(_CONTENT).to_numpy())
    table.insert(5, "role", own["disposition"].to_numpy())
    return table


def _traits(series: CitySeries, *, spec: HistorySpec) -> pd.DataFrame:
    population = series.populations[list(spec.baseline)].mean(axis=1)
    rates = {name: series.values[name][list(spec.baseline)].mean(axis=1) for name in spec.near}
    return pd.DataFrame({"population": population, "log_population": np.log(population), **rates})


def _history(
    city: str,
    ori: str,
    neighbours: pd.DataFrame,
    series: CitySeries,
    panels: Mapping[str, pd.DataFrame],
    pool: int,
    *,
    spec: HistorySpec,
) -> CityHistory:
    others = {name: series.values[name].loc[neighbours["ori"]] for name in spec.outcomes}
    enough = {name: table.notna().sum().ge(spec.neighbors / 2) for name, table in others.items()}
    policies = policy_table(panels["policy_rows"], ori)
    return CityHistory(
        spec=spec,
        city=city,
        policies=policies,
        neighbours=neighbours,
        rates=pd.DataFrame({name: series.values[name].loc[ori] for name in spec.outcomes}),
        middle=pd.DataFrame({name: others[name].median().where(enough[name]) for name in spec.outcomes}),
        low=pd.DataFrame({name: others[name].min().where(enough[name]) for name in spec.outcomes}),
        high=pd.DataFrame({name: others[name].max().where(enough[name]) for name in spec.outcomes}),
        breaks={name: _new_series(series.segments[name].T[ori]) for name in spec.outcomes},
        events=_events(policies, spec=spec),
        gaps=_gaps(series, ori, spec=spec),
        pool=pool,
    )


def _new_series(segments: pd.Series) -> dict[int, str]:
    known = segments.dropna()
    return {int(year): "new series" for year in known.index[known.diff().fillna(0).ne(0)]}


def _events(policies: pd.DataFrame, *, spec: HistorySpec) -> dict[int, str]:
    """Return the years within the series in which an instrument that dates a policy began or ended.

    What ends in the year in which another instrument begins goes on, and is not called ended.
    """
    dated = policies[policies["role"].eq("dates a policy") & policies["limits"].ne("symbolic act")]
    found: dict[int, str] = {}
    for row in dated[dated["ended"].notna()].to_dict("records"):
        found[int(row["ended"][:4])] = "ended"
    for row in dated.to_dict("records"):
        found[int(row["adopted"][:4])] = row["limits"]
    return {year: found[year] for year in sorted(found) if year >= spec.first}


def _gaps(series: CitySeries, ori: str, *, spec: HistorySpec) -> pd.DataFrame:
    rows = [
        {"outcome": name, "year": year, "reason": reason}
        for name in spec.outcomes
        for year, reason in zip(series.reasons[name], series.reasons[name].T[ori], strict=True)
        if reason
    ]
    return pd.DataFrame(rows, columns=["outcome", "year", "reason"])
