"""Nine cities named in 2020: what their policies were, and crime beside cities that never had one.

For each city: its dated instruments with their sources; and recorded crime from 1999 to 2024 beside the
`NEIGHBOURS` nearest cities that no policy, symbolic act, law or list ever named. Near means alike in size and
past crime, by squared differences of log population, violent crime without rape and property crime of
`BASELINE`, each divided by its standard deviation among all large cities never named. It is a picture, not an
estimate: most of these policies are older than the series.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from ...panels.policies.cohorts import assign_treatment
from ...panels.store import load
from ..data_coverage import city_names
from ..designs.city_series import CitySeries, city_series
from ..uar2017.sample import is_named, policy_codes

#: The cities, by agency, in the order in which they were named.
CITIES = {
    "Chicago": "ILCPD0000",
    "New York": "NY0303000",
    "San Francisco": "CA0380100",
    "Los Angeles": "CA0194200",
    "Atlanta": "GAAPD0000",
    "Houston": "TXHPD0000",
    "Boston": "MA0130100",
    "New Orleans": "LANPD0000",
    "Newark": "NJNPD0000",
}
FIRST, LAST = 1999, 2024
#: Past crime and size are those of the first years of the panel.
BASELINE = (1999, 2000, 2001, 2002)
#: A comparison city has at least this many people at baseline.
FLOOR = 100_000
NEIGHBOURS = 8
OUTCOMES = {
    "homicide": "Homicide",
    "robbery": "Robbery",
    "violent_without_rape": "Violent without rape",
    "property": "Property",
    "motor_vehicle_theft": "Motor vehicle theft",
}
_NEAR = ("violent_without_rape", "property")
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


@cache
def run() -> dict[str, CityHistory]:
    """Return the nine histories from the committed panels, by city."""
    return histories({name: load(name) for name in PANELS})


def histories(panels: Mapping[str, pd.DataFrame]) -> dict[str, CityHistory]:
    """Return the nine histories from given panels; the order of their rows does not matter."""
    clean = never_named(panels)
    years = range(FIRST, LAST + 1)
    series = city_series(
        panels["city_year"], panels["series_breaks"], [*CITIES.values(), *clean], list(OUTCOMES), years
    )
    traits = _traits(series)
    names = city_names(panels["city_year"][panels["city_year"]["ori"].isin(traits.index)])
    pool = traits[traits.index.isin(clean) & traits["population"].ge(FLOOR)].dropna()
    found = {}
    for city, ori in CITIES.items():
        near = nearest(traits.T[ori], pool)
        near["name"] = near["ori"].map(names)
        found[city] = _history(city, ori, near, series, panels, len(pool))
    return found


def never_named(panels: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the agencies of large places that no policy, symbolic act, law or list names in any year."""
    rows = panels["city_year"]
    large = rows.loc[rows["year"].isin(BASELINE) & rows["population"].ge(FLOOR), "ori"].unique()
    places = panels["places"].rename(columns={"primary_ori": "ori"})
    places = places[places["ori"].isin(large)].reset_index(drop=True)
    codes = policy_codes(panels["policies"], panels["undated_places"], places["ori"])
    places["geoid"] = codes.fillna(places["place_fips"])
    table = assign_treatment(places, panels["policies"], panels["undated_places"], "any_limit")
    named = is_named(table, LAST) | table["ori"].isin(CITIES.values())
    return sorted(table.loc[~named, "ori"])


def nearest(city: pd.Series, pool: pd.DataFrame) -> pd.DataFrame:
    """Return the `NEIGHBOURS` cities of the pool nearest to one city, with their distances.

    Parameters
    ----------
    city : pandas.Series
        ``log_population`` and the baseline rates.
    pool : pandas.DataFrame
        The same by ``ori``.
    """
    traits = ["log_population", *_NEAR]
    steps = (pool[traits] - city[traits].astype(float)) / pool[traits].std()
    table = pool.assign(distance=np.sqrt((steps**2).sum(axis=1))).reset_index()
    return table.sort_values(["distance", "ori"]).head(NEIGHBOURS).reset_index(drop=True)


def policy_table(rows: pd.DataFrame, ori: str) -> pd.DataFrame:
    """Return a city's instruments by date; see `CityHistory`."""
    own = rows[rows["ori"].eq(ori) & rows["kind"].eq("city")].sort_values(["adopted", "row"])
    table = own[["adopted", "instrument", "ended", "confidence", "source_url"]].reset_index(drop=True)
    table.insert(1, "limits", own["content"].map(_CONTENT).to_numpy())
    table.insert(5, "role", own["disposition"].to_numpy())
    return table


def _traits(series: CitySeries) -> pd.DataFrame:
    population = series.populations[list(BASELINE)].mean(axis=1)
    rates = {name: series.values[name][list(BASELINE)].mean(axis=1) for name in _NEAR}
    return pd.DataFrame({"population": population, "log_population": np.log(population), **rates})


def _history(
    city: str,
    ori: str,
    neighbours: pd.DataFrame,
    series: CitySeries,
    panels: Mapping[str, pd.DataFrame],
    pool: int,
) -> CityHistory:
    others = {name: series.values[name].loc[neighbours["ori"]] for name in OUTCOMES}
    enough = {name: table.notna().sum().ge(NEIGHBOURS / 2) for name, table in others.items()}
    policies = policy_table(panels["policy_rows"], ori)
    return CityHistory(
        city=city,
        policies=policies,
        neighbours=neighbours,
        rates=pd.DataFrame({name: series.values[name].loc[ori] for name in OUTCOMES}),
        middle=pd.DataFrame({name: others[name].median().where(enough[name]) for name in OUTCOMES}),
        low=pd.DataFrame({name: others[name].min().where(enough[name]) for name in OUTCOMES}),
        high=pd.DataFrame({name: others[name].max().where(enough[name]) for name in OUTCOMES}),
        breaks={name: _new_series(series.segments[name].T[ori]) for name in OUTCOMES},
        events=_events(policies),
        gaps=_gaps(series, ori),
        pool=pool,
    )


def _new_series(segments: pd.Series) -> dict[int, str]:
    known = segments.dropna()
    return {int(year): "new series" for year in known.index[known.diff().fillna(0).ne(0)]}


def _events(policies: pd.DataFrame) -> dict[int, str]:
    """Return the years within the series in which an instrument that dates a policy began or ended.

    What ends in the year in which another instrument begins goes on, and is not called ended.
    """
    dated = policies[policies["role"].eq("dates a policy") & policies["limits"].ne("symbolic act")]
    found: dict[int, str] = {}
    for row in dated[dated["ended"].notna()].to_dict("records"):
        found[int(row["ended"][:4])] = "ended"
    for row in dated.to_dict("records"):
        found[int(row["adopted"][:4])] = row["limits"]
    return {year: found[year] for year in sorted(found) if year >= FIRST}


def _gaps(series: CitySeries, ori: str) -> pd.DataFrame:
    rows = [
        {"outcome": name, "year": year, "reason": reason}
        for name in OUTCOMES
        for year, reason in zip(series.reasons[name], series.reasons[name].T[ori], strict=True)
        if reason
    ]
    return pd.DataFrame(rows, columns=["outcome", "year", "reason"])
