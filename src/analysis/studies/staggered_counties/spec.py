"""The specification of the staggered county study, frozen, each constant with its reason.

Nearly every county that stopped honouring detainers did so in 2013 or 2014, and for these two years only
their sum is known. The main design therefore compares counties before with one period of two years in which
adopters were bound for part of the time; nothing in it crosses the change of crime files after 2014. The
proportional scale is chosen for the reason given in `staggered_cities.spec`, before any result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..designs.expected_counts import Horizon
from ..designs.specification import LOG, RATE, Specification
from ..designs.study_spec import Frozen, StudySpec


@dataclass(frozen=True)
class CountyRules(StudySpec):
    """The choices that make a county sample.

    Attributes
    ----------
    first_year : int
        First year of the comparison: five years before, as in the city study.
    coverage : float
        Fewest percent of agency-months behind a yearly count; `complete` asks for 100 in every year.
    complete : bool
    doubted_ratio : float
        A county whose property crime of 2013-14 is this many times above or below its own of 2010-12 has
        lost or gained agencies, whatever its crime did, and leaves; infinite keeps all.
    include_state_laws : bool
        Whether a statewide law treats every county of its state; otherwise such states leave the sample.
    keep_bans : bool
        Whether counties in states whose law forbids such policies serve as comparison.
    clean_cities : bool
        Whether a comparison county leaves when any policy, list or author names a city in it.
    covered_people : bool
        Whether the residents of yearly rates are those of the reporting agencies, as the file counts them.
    """

    first_year: int = 2008
    coverage: float = 80.0
    complete: bool = False
    doubted_ratio: float = 3.0
    include_state_laws: bool = True
    keep_bans: bool = True
    clean_cities: bool = False
    covered_people: bool = False


_LINEAR = {
    "group_time": "Group-time, not-yet treated",
    "imputation": "Imputation",
    "interaction_weighted": "Interaction-weighted",
    "extended_twfe": "Extended two-way",
    "stacked": "Stacked, whole windows",
}
_COUNTS, _EFFECTS = "counts", "effects_counts"
_PROPORTIONAL, _COMPARISON, _LAWS, _DATA = "Proportional", "Comparison counties", "Other laws", "Data"
_HORIZON = Horizon(before=5, after=5, fewest_before=3)
#: First year of the yearly counts.
_FIRST = 2000


def _by_residents(group: str, scale: str) -> Specification:
    return Specification(
        group, "Group-time, by residents", "group_time", scale, options={"weights": "residents"}
    )


def _within(name: str, by: str) -> Specification:
    return Specification(_COMPARISON, name, _EFFECTS, options={"by": by})


def _data(name: str, **sample: object) -> Specification:
    return Specification(_DATA, name, _COUNTS, sample=sample)


@dataclass(frozen=True)
class StaggeredCountiesSpec(StudySpec):
    """What the study does, and from which numbers."""

    #: The sample of the headline.
    rules: CountyRules = CountyRules()
    #: What a county does: it holds nobody beyond release on request of the immigration authorities.
    definition: str = "detainers"
    #: Years known one by one, and the two that are only known together, coded by the first of them.
    first: int = _FIRST
    last_yearly: int = 2012
    period: int = 2013
    period_years: tuple[int, int] = (2013, 2014)
    #: Years whose mean is the level just before.
    base: tuple[int, int] = (2010, 2012)
    #: Years of the other crime file, whose levels are never compared with those before.
    spliced: tuple[int, ...] = (2015, 2017)
    #: The first offenses hang least on willingness to report; the totals follow.
    primary: Mapping[str, str] = Frozen(
        {"homicide": "Homicide", "robbery": "Robbery", "motor_vehicle_theft": "Motor vehicle theft"}
    )
    totals: Mapping[str, str] = Frozen(
        {
            "violent_without_rape": "Violent without rape",
            "property": "Property",
            "total": "Violent without rape and property",
        }
    )
    others: Mapping[str, str] = Frozen(
        {"aggravated_assault": "Aggravated assault", "burglary": "Burglary", "larceny": "Larceny"}
    )
    #: Outcomes followed through every specification beside the primary ones.
    followed: tuple[str, ...] = ("violent_without_rape", "property")
    #: Outcomes of the file from 2015, in which rape and arson cannot be left out.
    spliced_outcomes: Mapping[str, str] = Frozen(
        {"violent": "Violent", "property_with_arson": "Property with arson"}
    )
    #: Years before and after adoption of the few adopters until 2012.
    horizon: Horizon = _HORIZON
    #: Lower ends of the size classes, residents of 2008.
    sizes: tuple[int, ...] = (0, 25_000, 100_000, 500_000)
    #: Residents from which a county is large in one specification.
    large: int = 100_000
    #: Distances of the exposure rings, kilometers between centers; neighbors lie about fifty apart.
    rings: tuple[float, ...] = (0.0, 50.0, 100.0, 150.0)
    #: Outlines nearer than this, in degrees, touch: the committed ones are rounded to a thousandth.
    touching: float = 0.005
    draws: int = 1_999
    seed: int = 20_140_416
    level: float = 0.95
    power: float = 0.8
    #: What would count as small: published differences by name of claim, as the table they stand in, their
    #: factor to crimes per 100,000, and the outcome they are held against; and this share of the adopters'
    #: mean before.
    margins: Mapping[str, tuple[str, float, str]] = Frozen(
        {
            "manning2022_violent": ("other_studies", 1.0, "violent_without_rape"),
            "cap_crime": ("cap2017", 10.0, "total"),
        }
    )
    margin_share: float = 0.05
    #: Every way to estimate the effect on crime in 2013 and 2014; the first is the headline.
    specifications: tuple[Specification, ...] = (
        Specification(_PROPORTIONAL, "Extended two-way Poisson (headline)", _COUNTS),
        Specification(_PROPORTIONAL, "The same, each county alike", _COUNTS, options={"weights": "equal"}),
        Specification(_PROPORTIONAL, "Two-way Poisson, one dummy", "two_way_counts"),
        *(Specification("Logarithm of the rate", label, name, LOG) for name, label in _LINEAR.items()),
        *(Specification("Rate", label, name, RATE) for name, label in _LINEAR.items()),
        _by_residents("Logarithm of the rate", LOG),
        _by_residents("Rate", RATE),
        Specification(_COMPARISON, "Never treated by 2019", _COUNTS, options={"subset": "never_or_now"}),
        _within("Same region, year by year", "region"),
        _within("Same urban-rural class", "nchs_class_2013"),
        _within("Same size class", "size"),
        _within("Same state, year by year", "state"),
        Specification(_COMPARISON, "Across state borders, pair by pair", "border_pairs"),
        Specification(_COMPARISON, "Beyond the last ring", "rings"),
        Specification(
            _LAWS, "Own policies, states with laws out", _COUNTS, sample={"include_state_laws": False}
        ),
        Specification(_LAWS, "States that forbid policies out", _COUNTS, sample={"keep_bans": False}),
        Specification(_LAWS, "Whole-state adopters out", _COUNTS, options={"subset": "mixed_states"}),
        Specification(_LAWS, "No listed city in comparison counties", _COUNTS, sample={"clean_cities": True}),
        Specification(_LAWS, "Secure Communities in the model", "secure_communities"),
        _data("All yearly counts from 2000", first_year=_FIRST),
        _data("Any coverage", coverage=0.0),
        _data("Coverage of 90% or more", coverage=90.0),
        _data("Complete reports in every year", complete=True),
        _data("Doubted counts kept", doubted_ratio=float("inf")),
        _data("Residents of reporting agencies", covered_people=True),
        Specification(_DATA, "Counties of 100,000 and more", _COUNTS, options={"subset": "large"}),
    )

    @property
    def outcomes(self) -> Mapping[str, str]:
        """All outcomes with their names."""
        return {**self.primary, **self.totals, **self.others}

    @property
    def main(self) -> tuple[str, ...]:
        """Outcomes followed through every specification, and those of the randomization tests."""
        return (*self.primary, *self.followed)

    @property
    def headline(self) -> Specification:
        """The headline."""
        return self.specifications[0]

    @property
    def long_rules(self) -> CountyRules:
        """Rules of the sample that begins with the first yearly count."""
        return self.rules.replace(first_year=self.first)


SPEC = StaggeredCountiesSpec()
