"""The specifications of the nine cities' histories, of their synthetic controls, and of statewide laws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..designs.specification import LOG, RATE
from ..designs.study_spec import Frozen, StudySpec

_OUTCOMES = {
    "homicide": "Homicide",
    "robbery": "Robbery",
    "violent_without_rape": "Violent without rape",
    "property": "Property",
    "motor_vehicle_theft": "Motor vehicle theft",
}


@dataclass(frozen=True)
class HistorySpec(StudySpec):
    """Nine cities named in 2020, and the cities they are drawn beside."""

    #: The cities, by agency, in the order in which they were named.
    cities: Mapping[str, str] = Frozen(
        {
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
    )
    #: Years drawn.
    first: int = 1999
    last: int = 2024
    #: Past crime and size are those of the first years of the panel.
    baseline: tuple[int, ...] = (1999, 2000, 2001, 2002)
    #: A comparison city has at least this many people at baseline.
    floor: int = 100_000
    #: Comparison cities drawn beside each city.
    neighbors: int = 8
    #: Outcomes, crimes per 100,000 residents.
    outcomes: Mapping[str, str] = Frozen(_OUTCOMES)
    #: Past crime in which comparison cities are near, beside log population.
    near: tuple[str, ...] = ("violent_without_rape", "property")


@dataclass(frozen=True)
class NineCitiesSpec(StudySpec):
    """Synthetic controls of the nine cities."""

    #: The cities, their outcomes, and who may be a donor.
    history: HistorySpec = HistorySpec()
    #: The window, cut for each city to the comparable stretch in which its policy came.
    first: int = 1999
    last: int = 2019
    #: Fewest comparable years before a date, and from the year of adoption on.
    before: int = 5
    after: int = 2
    scales: tuple[str, ...] = (RATE, LOG)
    #: The outcome by which a date's years are counted in the table of dates.
    counted: str = "property"
    level: float = 0.95

    @property
    def cities(self) -> Mapping[str, str]:
        """The cities by agency."""
        return self.history.cities

    @property
    def outcomes(self) -> Mapping[str, str]:
        """Outcomes with their names."""
        return self.history.outcomes


@dataclass(frozen=True)
class StateLawsSpec(StudySpec):
    """Synthetic controls of states with a law."""

    #: Years of the panel that are used: the FBI's counts of 2020 and 2021 are another matter.
    first: int = 1979
    last: int = 2019
    #: Years under a law that are judged, the year of adoption included.
    horizon: int = 10
    #: Outcomes, crimes per 100,000 residents.
    outcomes: Mapping[str, str] = Frozen(
        {
            "homicide": "Homicide",
            "robbery": "Robbery",
            "motor_vehicle_theft": "Motor vehicle theft",
            "violent_without_rape": "Violent without rape",
            "property": "Property",
        }
    )
    scales: tuple[str, ...] = (RATE, LOG)
    #: Definitions of the panel `policies` under which a statewide law counts.
    definitions: tuple[str, ...] = ("any_limit", "status_inquiry", "detainers")
    #: Cities that the FBI's table of states holds as a state.
    city_states: tuple[str, ...] = ("DC",)
    #: The joint design: laws from this year on; draws of random placebo states, and their seed.
    joint_from: int = 2014
    draws: int = 499
    seed: int = 20_200_417
    #: Fewer draws where a state is left out in turn: what matters there is the estimate.
    fewer_draws: int = 99
    #: The joint design with every law moved back so many years, on years before any: nothing should be found.
    shift: int = 6
    #: First year of the variant on later years.
    later: int = 1999
    #: Outcomes of the variants of the joint design.
    joint_outcomes: tuple[str, ...] = ("violent_without_rape", "property")
    #: The law of the published design, and the two outcomes it reports.
    sb54: tuple[str, int] = ("CA", 2018)
    published_outcomes: tuple[str, ...] = ("violent", "property")
    level: float = 0.95

    @property
    def placebo(self) -> str:
        """Name of the variant whose laws are moved back."""
        word = {4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight"}.get(self.shift, str(self.shift))
        return f"{word} years earlier (placebo)"

    @property
    def later_variant(self) -> str:
        """Name of the variant on later years."""
        return f"From {self.later} on"


HISTORY, NINE_CITIES, STATE_LAWS = HistorySpec(), NineCitiesSpec(), StateLawsSpec()
