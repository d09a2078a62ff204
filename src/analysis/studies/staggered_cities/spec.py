"""The specification of the staggered city study, frozen, each constant with its reason.

The scale was chosen for a reason that does not depend on results: adopting cities are larger and had more
crime before, and crime fell nearly everywhere in these years. A design in crimes per 100,000 supposes that a
city with thrice the crime would have lost as many crimes a head as the others; a design in proportions
supposes that it would have lost the same share, as is usual for counts. Nobody registered this choice
elsewhere, so every scale is shown beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..designs.city_sample import EVERY_YEAR, SampleRules
from ..designs.expected_counts import Horizon
from ..designs.specification import LOG, RATE, Specification
from ..designs.study_spec import Frozen, StudySpec

_LINEAR = {
    "group_time": "Group-time, not-yet treated",
    "imputation": "Imputation",
    "interaction_weighted": "Interaction-weighted",
    "extended_twfe": "Extended two-way",
    "stacked": "Stacked, whole windows",
}
_HEADLINE, _COUNTS = "observed_expected", "counts"
_BY_RESIDENTS, _NEVER = {"weights": "residents"}, {"control": "never"}
_PROPORTIONAL, _LOG, _RATE = "Proportional", "Logarithm of the rate", "Rate"
_RULES = SampleRules(first_year=1999, last_year=2019)
_HORIZON = Horizon(before=5, after=5, fewest_before=3)
_CITIES, _SAMPLE = "Comparison cities", "Sample"


def _linear(group: str, scale: str) -> tuple[Specification, ...]:
    return (
        *(Specification(group, label, name, scale) for name, label in _LINEAR.items()),
        Specification(group, "Group-time, never treated", "group_time", scale, options=_NEVER),
        Specification(group, "Group-time, by residents", "group_time", scale, options=_BY_RESIDENTS),
        Specification(group, "Group-time given covariates", "given_covariates", scale),
    )


@dataclass(frozen=True)
class StaggeredCitiesSpec(StudySpec):
    """What the study does, and from which numbers."""

    #: The sample; treatment and outcome are set for each estimate. The printed series start in 1999, and the
    #: counts of 2020 and 2021 are another matter.
    rules: SampleRules = _RULES
    #: Treatments studied apart, and the union of both, by definition of the panel `policies`.
    treatments: Mapping[str, str] = Frozen(
        {"status_inquiry": "Status inquiry", "detainers": "Detainers", "any_limit": "Any limit"}
    )
    main_treatments: tuple[str, ...] = ("status_inquiry", "detainers")
    #: Offenses that hang least on victims' willingness to report, then totals and the others.
    primary: Mapping[str, str] = Frozen(
        {"homicide": "Homicide", "robbery": "Robbery", "motor_vehicle_theft": "Motor vehicle theft"}
    )
    secondary: Mapping[str, str] = Frozen(
        {
            "violent_without_rape": "Violent without rape",
            "property": "Property",
            "burglary": "Burglary",
            "larceny": "Larceny",
        }
    )
    #: Years before adoption that say what was usual, and years from adoption on that are judged.
    horizon: Horizon = _HORIZON
    #: Draws and seed of every random test.
    draws: int = 1_999
    seed: int = 20_190_117
    level: float = 0.95
    power: float = 0.8
    #: What would count as small, as in the other studies: this share of the mean; and the published effect on
    #: violent crime, by the name of its claim, for the total `published_for`.
    margin_share: float = 0.05
    margin_claim: str = "manning2022_violent"
    published_for: str = "violent_without_rape"
    #: Violations of parallel trends allowed for, as multiples of the largest seen before adoption.
    violations: tuple[float, ...] = (0.5, 1.0)
    #: Every way to estimate the effect on the co-primary outcomes; the first is the headline.
    specifications: tuple[Specification, ...] = (
        Specification(_PROPORTIONAL, "Observed to expected (headline)", _HEADLINE),
        Specification(_PROPORTIONAL, "The same, each city alike", _HEADLINE, options={"weights": "equal"}),
        Specification(_PROPORTIONAL, "Extended two-way Poisson", _COUNTS),
        Specification(_PROPORTIONAL, "Extended, each city alike", _COUNTS, options={"weights": "equal"}),
        Specification(_PROPORTIONAL, "Stacked Poisson", "stacked_counts"),
        Specification(_PROPORTIONAL, "Two-way Poisson, one dummy", "two_way_counts"),
        *_linear(_LOG, LOG),
        *_linear(_RATE, RATE),
        Specification(_CITIES, "Ever treated only", _COUNTS, options={"subset": "ever"}),
        Specification(_CITIES, "Never treated only", _COUNTS, options=_NEVER),
        Specification(_CITIES, "Same size and region", _COUNTS, options={"weights": "balancing"}),
        Specification(_CITIES, "Same region, year by year", "region_years"),
        Specification(_CITIES, "Cities of 100,000 and more", _HEADLINE, sample={"smallest": 100_000}),
        Specification(_CITIES, "County's limits overlooked", _HEADLINE, sample={"clean_counties": False}),
        Specification(
            _SAMPLE, "Adopted 2002 to 2014", _HEADLINE, sample={"first_cohort": 2002, "last_cohort": 2014}
        ),
        Specification(_SAMPLE, "No other limit before", _HEADLINE, sample={"keep_limited_before": False}),
        Specification(_SAMPLE, "Ended policies kept", _HEADLINE, sample={"keep_ended": True}),
        Specification(
            _SAMPLE, "Statewide laws treat cities, Poisson", _COUNTS, sample={"include_state_laws": True}
        ),
        Specification(_SAMPLE, "Breaks overlooked", _HEADLINE, sample={"honour_breaks": False}),
        Specification(_SAMPLE, "Observed in every year", _HEADLINE, sample={"fewest_years": EVERY_YEAR}),
    )

    @property
    def first(self) -> int:
        """First year of the panel."""
        return self.rules.first_year

    @property
    def last(self) -> int:
        """Last year of the panel."""
        return self.rules.last_year

    @property
    def outcomes(self) -> Mapping[str, str]:
        """All outcomes with their names, the co-primary ones first."""
        return {**self.primary, **self.secondary}

    @property
    def headline(self) -> Specification:
        """The headline."""
        return self.specifications[0]

    @property
    def primary_cells(self) -> list[tuple[str, str]]:
        """Treatments and co-primary outcomes of which everything is shown."""
        return [(treatment, outcome) for treatment in self.main_treatments for outcome in self.primary]


SPEC = StaggeredCitiesSpec()
