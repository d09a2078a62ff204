"""Rates by panel: which columns are not stored but computed on loading, of what, per how many persons.

A rate's definition is code and nothing else: no file on disk can change it. A name ``count_per_100k`` is
``count / population * 100,000``, with the population column of its panel.
"""

from __future__ import annotations

from collections.abc import Iterable

#: A rate: count column, population column, persons it is given for.
Rate = tuple[str, str, float]

_VIOLENT = ["homicide", "rape_legacy", "robbery", "aggravated_assault"]
_PROPERTY = ["burglary", "larceny", "motor_vehicle_theft"]
_CITY = [
    *["violent", "violent_without_rape", "homicide", "rape_legacy", "rape_revised", "robbery"],
    *["aggravated_assault", "property", *_PROPERTY, "arson"],
]
_COUNTY = [*_VIOLENT, *_PROPERTY, "arson", "violent", "violent_without_rape", "property"]
_STATE = [
    *["violent", "homicide", "rape_legacy", "rape_revised", "robbery", "aggravated_assault"],
    *["property", *_PROPERTY, "violent_without_rape"],
]
_TWO_YEARS = [f"{name}_imputed_2013_2014" for name in ("violent_without_rape", "property")]
_RTCI = [
    *["homicide", "rape_revised", "robbery", "aggravated_assault", *_PROPERTY],
    *["violent_without_rape", "property"],
]


def per_100k(counts: Iterable[str], population: str) -> dict[str, Rate]:
    """Return rates per 100,000 persons by name."""
    return {f"{name}_per_100k": (name, population, 1e5) for name in counts}


_RATES = {
    "city_year": per_100k(_CITY, "population"),
    "county_year": per_100k([f"{name}_imputed" for name in _COUNTY], "population_covered"),
    "county_2013_2014": per_100k(_TWO_YEARS, "person_years_2013_2014"),
    "state_year": per_100k([f"{name}_estimated" for name in _STATE], "population"),
    "state_year_2023": per_100k([f"{name}_estimated" for name in _STATE], "population"),
    "city_year_rtci": per_100k(_RTCI, "population"),
}


def rates_of(panel: str) -> dict[str, Rate]:
    """Return a panel's rates by name, in the order of its columns; empty for a panel without.

    Examples
    --------
    >>> rates_of("city_year")["homicide_per_100k"]
    ('homicide', 'population', 100000.0)
    """
    return dict(_RATES.get(panel, {}))
