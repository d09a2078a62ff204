"""The specifications of the staggered city study, frozen, each with its reason.

The scale was chosen for a reason that does not depend on results: adopting cities are larger and had more
crime before, and crime fell nearly everywhere in these years. A design in crimes per 100,000 supposes that a
city with thrice the crime would have lost as many crimes a head as the others; a design in proportions
supposes that it would have lost the same share, as is usual for counts. Nobody registered this choice
elsewhere, so every scale is shown beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: Years of the panel: the printed series start in 1999, and the counts of 2020 and 2021 are another matter.
FIRST, LAST = 1999, 2019
#: Treatments studied apart, and the union of both, by definition of the panel `policies`.
TREATMENTS = {"status_inquiry": "Status inquiry", "detainers": "Detainers", "any_limit": "Any limit"}
MAIN_TREATMENTS = ("status_inquiry", "detainers")
#: Offenses that hang least on victims' willingness to report, then totals and the others.
PRIMARY = {"homicide": "Homicide", "robbery": "Robbery", "motor_vehicle_theft": "Motor vehicle theft"}
SECONDARY = {
    "violent_without_rape": "Violent without rape",
    "property": "Property",
    "burglary": "Burglary",
    "larceny": "Larceny",
}
OUTCOMES = PRIMARY | SECONDARY
#: Years before adoption that say what was usual, and years from adoption on that are judged. Longer horizons
#: rest on a handful of early adopters and lean the most on trends being alike.
BEFORE, AFTER = 5, 5
#: Fewest years before adoption in which a city must be observed.
FEWEST_BEFORE = 3
#: Draws and seed of every random test.
DRAWS, SEED = 1_999, 20_190_117
LEVEL, POWER = 0.95, 0.8
#: What would count as small, as in the other studies.
MARGIN_SHARE = 0.05
#: Violations of parallel trends allowed for, as multiples of the largest seen before adoption.
VIOLATIONS = (0.5, 1.0)
#: The scales. Log and proportional effects are in log points, those of rates in crimes per 100,000.
PROPORTIONAL, LOG, RATE = "proportional", "log", "rate"


@dataclass(frozen=True)
class Fork:
    """One defensible way to estimate the same thing.

    Attributes
    ----------
    group, name : str
        What is changed, and to what.
    estimator : str
        A key of `staggered_cities_fits.ESTIMATORS`.
    scale : str
    rules : dict
        Fields of `SampleRules` that differ.
    options : dict
        Passed to the estimator: ``control``, ``weights``, ``cluster``.
    subset : str
        A key of `staggered_cities_fits.SUBSETS`.
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
_HEADLINE = "observed_expected"

#: The first is the headline.
FORKS: tuple[Fork, ...] = (
    Fork("Proportional", "Observed to expected (headline)", _HEADLINE),
    Fork("Proportional", "The same, each city alike", _HEADLINE, options={"weights": "equal"}),
    Fork("Proportional", "Extended two-way Poisson"),
    Fork("Proportional", "Extended, each city alike", options={"weights": "equal"}),
    Fork("Proportional", "Stacked Poisson", "stacked_counts"),
    Fork("Proportional", "Two-way Poisson, one dummy", "two_way_counts"),
    *(Fork("Logarithm of the rate", label, name, LOG) for name, label in _LINEAR.items()),
    Fork(
        "Logarithm of the rate", "Group-time, never treated", "group_time", LOG, options={"control": "never"}
    ),
    Fork(
        "Logarithm of the rate",
        "Group-time, by residents",
        "group_time",
        LOG,
        options={"weights": "residents"},
    ),
    Fork("Logarithm of the rate", "Group-time given covariates", "given_covariates", LOG),
    *(Fork("Rate", label, name, RATE) for name, label in _LINEAR.items()),
    Fork("Rate", "Group-time, never treated", "group_time", RATE, options={"control": "never"}),
    Fork("Rate", "Group-time, by residents", "group_time", RATE, options={"weights": "residents"}),
    Fork("Rate", "Group-time given covariates", "given_covariates", RATE),
    Fork("Comparison cities", "Ever treated only", subset="ever"),
    Fork("Comparison cities", "Never treated only", options={"control": "never"}),
    Fork("Comparison cities", "Same size and region", options={"weights": "balancing"}),
    Fork("Comparison cities", "Same region, year by year", "region_years"),
    Fork("Comparison cities", "Cities of 100,000 and more", _HEADLINE, rules={"smallest": 100_000}),
    Fork("Comparison cities", "County's limits overlooked", _HEADLINE, rules={"clean_counties": False}),
    Fork("Sample", "Adopted 2002 to 2014", _HEADLINE, rules={"first_cohort": 2002, "last_cohort": 2014}),
    Fork("Sample", "No other limit before", _HEADLINE, rules={"keep_limited_before": False}),
    Fork("Sample", "Ended policies kept", _HEADLINE, rules={"keep_ended": True}),
    Fork("Sample", "Statewide laws treat cities, Poisson", rules={"include_state_laws": True}),
    Fork("Sample", "Breaks overlooked", _HEADLINE, rules={"honour_breaks": False}),
    Fork("Sample", "Observed in every year", _HEADLINE, rules={"fewest_years": LAST - FIRST + 1}),
)
HEADLINE = FORKS[0]
