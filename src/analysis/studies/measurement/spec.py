"""The choices of measurement, frozen, each a way to count the same crimes that somebody could defend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: Treatments and outcomes of the city study that every choice is tried on.
DEFINITIONS = {"status_inquiry": "Status inquiry", "detainers": "Detainers"}
CITY_OUTCOMES = {
    "homicide": "Homicide",
    "robbery": "Robbery",
    "motor_vehicle_theft": "Motor vehicle theft",
    "violent_without_rape": "Violent without rape",
    "property": "Property",
}
#: Headline of the city study, and of the county study.
CITY, COUNTY = "cities", "counties"
#: Changes of the share of crimes that reach the record for which bounds are given.
REPORTING = tuple(step / 100 for step in range(-15, 31))
#: Published change of Hispanic victims' reporting under the opposite policy; of offending with reporting.
YARDSTICK, ELASTICITY, PER = "goncalves2024_reporting", "goncalves2024_offending", 10
_ALL = tuple(CITY_OUTCOMES)


@dataclass(frozen=True)
class Choice:
    """One choice of measurement for the city sample.

    Attributes
    ----------
    group, name : str
    outcomes : tuple of str
        Outcomes it concerns.
    count : str or None
        Column counted in place of the outcome.
    rules : dict
        Fields of `SampleRules` that differ.
    prepare : str
        A key of `measurement_cities.PREPARED`: what is done to the city-years first.
    ignore : tuple of str
        Effects of `series_breaks` that are not honoured.
    against : str
        Name of the choice that the shift is measured from; the headline when empty.
    """

    group: str
    name: str
    outcomes: tuple[str, ...] = _ALL
    count: str | None = None
    rules: dict[str, Any] = field(default_factory=dict)
    prepare: str = "as printed"
    ignore: tuple[str, ...] = ()
    against: str = ""


_BREAKS, _RAPE, _PEOPLE = "Breaks of series", "Rape in the violent total", "Residents"
_SHOWN, _YEARS = "Who is printed", "Years"
_VIOLENT = ("violent_without_rape",)
_ESTIMATED = "Places with estimates, from 2000"

#: The first is the headline.
CHOICES: tuple[Choice, ...] = (
    Choice("Headline", "Headline"),
    Choice(_BREAKS, "All breaks overlooked", rules={"honour_breaks": False}),
    Choice(_BREAKS, "Exceptional figures kept", ignore=("exceptional",)),
    Choice(_BREAKS, "Withheld and incomplete figures kept", ignore=("withheld", "incomplete")),
    Choice(_BREAKS, "Level shifts not honoured", ignore=("level_shift",)),
    Choice(
        _BREAKS, "Deaths of 11 September counted", ("homicide",), "homicide_printed", ignore=("exceptional",)
    ),
    Choice(_RAPE, "Rape in, definitions apart", _VIOLENT, "violent"),
    Choice(_RAPE, "Rape in, definitions mixed", _VIOLENT, "violent", {"honour_breaks": False}),
    Choice(_RAPE, "Rape in, legacy years only", _VIOLENT, "violent", prepare="legacy rape only"),
    Choice(_PEOPLE, _ESTIMATED, rules={"first_year": 2000}, prepare="places with estimates"),
    Choice(
        _PEOPLE,
        "The same, Census Bureau's residents",
        rules={"first_year": 2000},
        prepare="Census residents",
        against=_ESTIMATED,
    ),
    Choice(_SHOWN, "Observed in every year", rules={"fewest_years": 21}),
    Choice(_SHOWN, "Observed in five years or more", rules={"fewest_years": 5}),
    Choice(_SHOWN, "Agencies of 10,000 residents and more", rules={"smallest": 10_000}),
    Choice(_SHOWN, "Twelve months in the 2013 master file", prepare="complete in 2013"),
    Choice(_SHOWN, "2013 from the master file, gaps filled", prepare="master file of 2013"),
    Choice(_YEARS, "2020 in", rules={"last_year": 2020}),
    Choice(_YEARS, "To 2024 without 2021", rules={"last_year": 2024}, prepare="without 2021"),
    Choice(_YEARS, "To 2024 with 2021", rules={"last_year": 2024}),
)

#: Choices for the county headline: fields of `CountyRules` that differ.
COUNTY_CHOICES: dict[str, dict[str, Any]] = {
    "Headline": {},
    "Any coverage": {"coverage": 0.0},
    "Coverage of 90% or more": {"coverage": 90.0},
    "Coverage of 100%": {"coverage": 100.0},
    "Complete reports in every year": {"complete": True},
    "Doubted counts kept": {"doubted_ratio": float("inf")},
    "Residents of reporting agencies": {"covered_people": True},
}
