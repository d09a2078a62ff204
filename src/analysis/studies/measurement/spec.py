"""The choices of measurement, frozen, each a way to count the same crimes that somebody could defend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..designs.city_sample import EVERY_YEAR
from ..designs.specification import Specification
from ..designs.study_spec import Frozen, StudySpec
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_cities.spec import StaggeredCitiesSpec
from ..staggered_counties.spec import SPEC as COUNTIES
from ..staggered_counties.spec import StaggeredCountiesSpec

#: The headline of the city study, and of the county study.
CITY, COUNTY = "cities", "counties"
_BREAKS, _RAPE, _PEOPLE = "Breaks of series", "Rape in the violent total", "Residents"
_SHOWN, _YEARS = "Who is printed", "Years"
_VIOLENT = ("violent_without_rape",)
_ESTIMATED = "Places with estimates, from 2000"


def _choice(
    group: str,
    name: str,
    outcomes: tuple[str, ...] = (),
    count: str = "",
    *,
    prepare: str = "as printed",
    ignore: tuple[str, ...] = (),
    against: str = "Headline",
    **sample: Any,
) -> Specification:
    """Return one choice of measurement for the city sample.

    Parameters
    ----------
    group, name : str
    outcomes : tuple of str
        Outcomes it concerns, all when empty.
    count : str
        Column counted in place of the outcome, when not empty.
    prepare : str
        A key of `cities.PREPARED`: what is done to the city-years first.
    ignore : tuple of str
        Effects of `series_breaks` that are overlooked.
    against : str
        Name of the choice that the shift is measured from.
    **sample
        Fields of `SampleRules` that differ.
    """
    options = {
        "outcomes": outcomes,
        "count": count,
        "prepare": prepare,
        "ignore": ignore,
        "against": against,
    }
    return Specification(group, name, sample=sample, options=options)


@dataclass(frozen=True)
class MeasurementSpec(StudySpec):
    """What the study varies, and from which headlines."""

    #: The city study and the county study whose headlines are counted in other ways.
    cities: StaggeredCitiesSpec = CITIES
    counties: StaggeredCountiesSpec = COUNTIES
    #: Treatments and outcomes of the city study that every choice is tried on.
    definitions: Mapping[str, str] = Frozen({"status_inquiry": "Status inquiry", "detainers": "Detainers"})
    outcomes: Mapping[str, str] = Frozen(
        {
            "homicide": "Homicide",
            "robbery": "Robbery",
            "motor_vehicle_theft": "Motor vehicle theft",
            "violent_without_rape": "Violent without rape",
            "property": "Property",
        }
    )
    #: Changes of the share of crimes that reach the record for which bounds are given.
    reporting: tuple[float, ...] = tuple(step / 100 for step in range(-15, 31))
    #: Published change of Hispanic victims' reporting under the opposite policy, and of offending with
    #: reporting, by the names of their claims; the second is per so many percent of reporting.
    yardstick: str = "goncalves2024_reporting"
    elasticity: str = "goncalves2024_offending"
    per: int = 10
    #: Year of the master file; months from which its counts are scaled to twelve.
    master_year: int = 2013
    enough: int = 3
    #: Every choice for the city sample; the first is the headline.
    choices: tuple[Specification, ...] = (
        _choice("Headline", "Headline"),
        _choice(_BREAKS, "All breaks overlooked", honour_breaks=False),
        _choice(_BREAKS, "Exceptional figures kept", ignore=("exceptional",)),
        _choice(_BREAKS, "Withheld and incomplete figures kept", ignore=("withheld", "incomplete")),
        _choice(_BREAKS, "Level shifts not honoured", ignore=("level_shift",)),
        _choice(
            _BREAKS,
            "Deaths of 11 September counted",
            ("homicide",),
            "homicide_printed",
            ignore=("exceptional",),
        ),
        _choice(_RAPE, "Rape in, definitions apart", _VIOLENT, "violent"),
        _choice(_RAPE, "Rape in, definitions mixed", _VIOLENT, "violent", honour_breaks=False),
        _choice(_RAPE, "Rape in, legacy years only", _VIOLENT, "violent", prepare="legacy rape only"),
        _choice(_PEOPLE, _ESTIMATED, prepare="places with estimates", first_year=2000),
        _choice(
            _PEOPLE,
            "The same, Census Bureau's residents",
            prepare="Census residents",
            against=_ESTIMATED,
            first_year=2000,
        ),
        _choice(_SHOWN, "Observed in every year", fewest_years=EVERY_YEAR),
        _choice(_SHOWN, "Observed in five years or more", fewest_years=5),
        _choice(_SHOWN, "Agencies of 10,000 residents and more", smallest=10_000),
        _choice(_SHOWN, "Twelve months in the 2013 master file", prepare="complete in 2013"),
        _choice(_SHOWN, "2013 from the master file, gaps filled", prepare="master file of 2013"),
        _choice(_YEARS, "2020 in", last_year=2020),
        _choice(_YEARS, "To 2024 without 2021", prepare="without 2021", last_year=2024),
        _choice(_YEARS, "To 2024 with 2021", last_year=2024),
    )
    #: Choices for the county headline: fields of `CountyRules` that differ.
    county_choices: Mapping[str, Mapping[str, Any]] = Frozen(
        {
            "Headline": {},
            "Any coverage": {"coverage": 0.0},
            "Coverage of 90% or more": {"coverage": 90.0},
            "Coverage of 100%": {"coverage": 100.0},
            "Complete reports in every year": {"complete": True},
            "Doubted counts kept": {"doubted_ratio": float("inf")},
            "Residents of reporting agencies": {"covered_people": True},
        }
    )


SPEC = MeasurementSpec()
