"""The specifications of the staggered county study, frozen, each with its reason.

Nearly every county that stopped honouring detainers did so in 2013 or 2014, and for these two years only
their sum is known. The main design therefore compares counties before with one period of two years in which
adopters were bound for part of the time; nothing in it crosses the change of crime files after 2014. The
proportional scale is chosen for the reason given in `staggered_cities_spec`, before any result.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: What a county does: it holds nobody beyond release on request of the immigration authorities.
DEFINITION = "detainers"
#: Years known one by one, and the two that are only known together, coded by the first of them.
FIRST, LAST_YEARLY = 2000, 2012
PERIOD, PERIOD_YEARS = 2013, (2013, 2014)
#: Years of the other crime file, whose levels are never compared with those before.
SPLICED = (2015, 2017)
#: First year of the comparison: five years before, as in the city study.
FROM = 2008
#: Fewest percent of agency-months behind a county's yearly count.
COVERAGE = 80.0
#: A county whose property crime of 2013-14 is this many times above or below its own of 2010-12 has lost or
#: gained agencies, whatever its crime did.
DOUBTED_RATIO = 3.0
#: The first offenses hang least on willingness to report; the totals follow.
PRIMARY = {"homicide": "Homicide", "robbery": "Robbery", "motor_vehicle_theft": "Motor vehicle theft"}
TOTALS = {
    "violent_without_rape": "Violent without rape",
    "property": "Property",
    "total": "Violent without rape and property",
}
OTHERS = {"aggravated_assault": "Aggravated assault", "burglary": "Burglary", "larceny": "Larceny"}
OUTCOMES = PRIMARY | TOTALS | OTHERS
#: Outcomes of the file from 2015, in which rape and arson cannot be left out.
SPLICED_OUTCOMES = {"violent": "Violent", "property_with_arson": "Property with arson"}
#: Lower ends of the size classes, residents of 2008.
SIZES = (0, 25_000, 100_000, 500_000)
#: Distances of the exposure rings, kilometres between centres; neighbouring counties lie about fifty apart.
RINGS = (0.0, 50.0, 100.0, 150.0)
#: Outlines nearer than this, in degrees, touch: the committed ones are rounded to a thousandth.
TOUCHING = 0.005
DRAWS, SEED = 1_999, 20_140_416
LEVEL, POWER = 0.95, 0.8
#: What would count as small: published differences by name of claim, their factor to crimes per 100,000, and
#: the outcome they are held against; and this share of the adopters' mean before.
MARGINS = {
    "manning2022_violent": ("other_studies", 1.0, "violent_without_rape"),
    "cap_crime": ("cap2017", 10.0, "total"),
}
MARGIN_SHARE = 0.05
PROPORTIONAL, LOG, RATE = "proportional", "log", "rate"


@dataclass(frozen=True)
class CountyRules:
    """The choices that make a county sample.

    Attributes
    ----------
    first_year : int
        First year of the comparison.
    coverage : float
        Fewest percent of agency-months behind a yearly count; `complete` asks for 100 in every year.
    complete : bool
    doubted_ratio : float
        Counties whose property crime jumps by more than this leave; infinite keeps all.
    include_state_laws : bool
        Whether a statewide law treats every county of its state; otherwise such states leave the sample.
    keep_bans : bool
        Whether counties in states whose law forbids such policies serve as comparison.
    clean_cities : bool
        Whether a comparison county leaves when any policy, list or author names a city in it.
    covered_people : bool
        Whether the residents of yearly rates are those of the reporting agencies, as the file counts them.
    """

    first_year: int = FROM
    coverage: float = COVERAGE
    complete: bool = False
    doubted_ratio: float = DOUBTED_RATIO
    include_state_laws: bool = True
    keep_bans: bool = True
    clean_cities: bool = False
    covered_people: bool = False


@dataclass(frozen=True)
class CountyFork:
    """One defensible way to estimate the effect on crime in 2013 and 2014.

    Attributes
    ----------
    group, name : str
        What is changed, and to what.
    estimator : str
        A key of `staggered_counties_fits.ESTIMATORS`.
    scale : str
    rules : dict
        Fields of `CountyRules` that differ.
    options : dict
        Passed to the estimator.
    subset : str
        A key of `staggered_counties_fits.SUBSETS`.
    """

    group: str
    name: str
    estimator: str = "counts"
    scale: str = PROPORTIONAL
    rules: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    subset: str = "all"


_LINEAR = {
    "group_time": "Group-time, not-yet treated",
    "imputation": "Imputation",
    "interaction_weighted": "Interaction-weighted",
    "extended_twfe": "Extended two-way",
    "stacked": "Stacked, whole windows",
}
_SCALES = {LOG: "Logarithm of the rate", RATE: "Rate"}

#: The first is the headline.
FORKS: tuple[CountyFork, ...] = (
    CountyFork("Proportional", "Extended two-way Poisson (headline)"),
    CountyFork("Proportional", "The same, each county alike", options={"weights": "equal"}),
    CountyFork("Proportional", "Two-way Poisson, one dummy", "two_way_counts"),
    *(CountyFork(_SCALES[scale], label, name, scale) for scale in _SCALES for name, label in _LINEAR.items()),
    *(
        CountyFork(
            _SCALES[scale], "Group-time, by residents", "group_time", scale, options={"weights": "residents"}
        )
        for scale in _SCALES
    ),
    CountyFork("Comparison counties", "Never treated by 2019", subset="never_or_now"),
    CountyFork(
        "Comparison counties", "Same region, year by year", "effects_counts", options={"by": "region"}
    ),
    CountyFork(
        "Comparison counties", "Same urban-rural class", "effects_counts", options={"by": "nchs_class_2013"}
    ),
    CountyFork("Comparison counties", "Same size class", "effects_counts", options={"by": "size"}),
    CountyFork("Comparison counties", "Same state, year by year", "effects_counts", options={"by": "state"}),
    CountyFork("Comparison counties", "Across state borders, pair by pair", "border_pairs"),
    CountyFork("Comparison counties", "Beyond the last ring", "rings"),
    CountyFork("Other laws", "Own policies, states with laws out", rules={"include_state_laws": False}),
    CountyFork("Other laws", "States that forbid policies out", rules={"keep_bans": False}),
    CountyFork("Other laws", "Whole-state adopters out", subset="mixed_states"),
    CountyFork("Other laws", "No listed city in comparison counties", rules={"clean_cities": True}),
    CountyFork("Other laws", "Secure Communities in the model", "secure_communities"),
    CountyFork("Data", "All yearly counts from 2000", rules={"first_year": FIRST}),
    CountyFork("Data", "Any coverage", rules={"coverage": 0.0}),
    CountyFork("Data", "Coverage of 90% or more", rules={"coverage": 90.0}),
    CountyFork("Data", "Complete reports in every year", rules={"complete": True}),
    CountyFork("Data", "Doubted counts kept", rules={"doubted_ratio": float("inf")}),
    CountyFork("Data", "Residents of reporting agencies", rules={"covered_people": True}),
    CountyFork("Data", "Counties of 100,000 and more", subset="large"),
)
HEADLINE = FORKS[0]
