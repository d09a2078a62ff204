"""The specification of the specification curve, frozen, each choice with its reason.

Only choices that a careful reader could defend are in the grid (Simonsohn, Simmons and Nelson 2020,
doi:10.1038/s41562-020-0912-z; Del Giudice and Gangestad 2021, doi:10.1177/2515245920954925). Two-way
regressions are kept for contrast, because most published work uses them, and carry their own mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..designs.study_spec import Frozen, StudySpec
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_cities.spec import StaggeredCitiesSpec


@dataclass(frozen=True)
class Dimension(StudySpec):
    """One choice that every specification of the curve makes.

    Attributes
    ----------
    name, title : str
    reason : str
        Why more than one level is defensible.
    levels : mapping of str to str
        Level to what the reader sees; the first is the headline's.
    of_sample : bool
        Whether it changes which rows are used, so that samples can be shared between fits.
    """

    name: str
    title: str
    reason: str
    levels: Mapping[str, str]
    of_sample: bool


_DIMENSIONS: tuple[Dimension, ...] = (
    Dimension(
        "treatment",
        "Treatment",
        "No published list could be obtained; each coding is one thing that sanctuary can mean.",
        {
            "status_inquiry": "Status inquiry",
            "detainers": "Detainers",
            "any_limit": "Any limit",
            "first_limit_since_2002": "First limit since 2002",
        },
        True,
    ),
    Dimension(
        "confidence",
        "Dates",
        "Some dates rest on secondary sources; leaving them out trades places for certainty.",
        {"dated": "High or medium confidence", "high": "High confidence alone"},
        True,
    ),
    Dimension(
        "outcome",
        "Outcome",
        "Homicide and motor vehicle theft hang least on reporting; the totals are what the papers looked at.",
        {
            "homicide": "Homicide",
            "robbery": "Robbery",
            "motor_vehicle_theft": "Motor vehicle theft",
            "violent_without_rape": "Violent without rape",
            "property": "Property",
            "burglary": "Burglary",
            "larceny": "Larceny",
        },
        True,
    ),
    Dimension(
        "smallest",
        "Size",
        "Adopting cities are large; small controls are many but may follow other trends.",
        {"25000": "25,000 and more", "50000": "50,000 and more", "100000": "100,000 and more"},
        True,
    ),
    Dimension(
        "ended",
        "Ended policies",
        "Years after a repeal are neither treated nor a clean control.",
        {"left_out": "Years after left out", "kept": "Years after kept as treated"},
        True,
    ),
    Dimension(
        "laws",
        "Statewide laws",
        "A statewide law limits every city of its state, yet no city chose it.",
        {"controls_leave": "End a control", "treat": "Treat every city"},
        True,
    ),
    Dimension(
        "years",
        "Years observed",
        "A balanced panel keeps composition fixed, and loses cities with a gap.",
        {"15": "15 and more", "21": "All 21"},
        True,
    ),
    Dimension(
        "window",
        "Adopted",
        "The rebuilt paper's window, or every adoption inside the panel.",
        {"all": "2000 to 2019", "paper": "2002 to 2014"},
        True,
    ),
    Dimension(
        "breaks",
        "Series breaks",
        "The footnotes say where a series cannot be compared; most users overlook them.",
        {"honoured": "Honoured", "overlooked": "Overlooked"},
        True,
    ),
    Dimension(
        "counties",
        "County limits",
        "County jails answer detainers, so a city in a limiting county may be exposed.",
        {"controls_leave": "End a control", "overlooked": "Overlooked"},
        True,
    ),
    Dimension(
        "before",
        "Other limits before",
        "A city with an earlier limit of another kind is treated twice.",
        {"kept": "Kept", "left_out": "Left out"},
        True,
    ),
    Dimension(
        "comparison",
        "Comparison cities",
        "Cities that never adopt may differ in size and region, or in all else.",
        {"all": "All", "alike": "Cells of size and region with adopters", "ever": "Later adopters alone"},
        True,
    ),
    Dimension(
        "scale",
        "Scale",
        "Trends may be parallel in shares, in logs or in crimes per resident, and in only one of these.",
        {"count": "Counts, proportional", "log": "Log of the rate", "rate": "Rate"},
        False,
    ),
    Dimension(
        "estimator",
        "Estimator",
        "Each averages the same effects under slightly different comparisons.",
        {
            "observed_expected": "Observed to expected",
            "extended_twfe": "Extended two-way",
            "group_time": "Group-time",
            "given_covariates": "Group-time given covariates",
            "imputation": "Imputation",
            "interaction_weighted": "Interaction-weighted",
            "stacked": "Stacked",
            "two_way": "Two-way, one dummy",
            "region_years": "Two-way, region by year",
        },
        False,
    ),
    Dimension(
        "weights",
        "Weights",
        "The effect on the average resident, or on the average city.",
        {"residents": "Residents", "cities": "Cities alike"},
        False,
    ),
    Dimension(
        "control",
        "Control group",
        "Cities that never adopt are more; those not yet treated are more alike.",
        {"never": "Never treated", "not_yet": "Not yet treated too"},
        False,
    ),
    Dimension(
        "errors",
        "Errors",
        "States pass laws and share shocks; agencies report. With few adopters, chance is read off placebos.",
        {"placebo": "Placebo places", "state": "By state", "agency": "By agency"},
        False,
    ),
)


@dataclass(frozen=True)
class CurveSpec(StudySpec):
    """What makes the numbers of the curve: other values ask for another run."""

    #: The city study whose sample, horizon and outcomes are varied.
    cities: StaggeredCitiesSpec = CITIES
    #: The choices of the grid.
    dimensions: tuple[Dimension, ...] = _DIMENSIONS
    #: First and last year of adoption by level of the dimension ``window``.
    windows: Mapping[str, tuple[int, int]] = Frozen({"all": (2000, 2019), "paper": (2002, 2014)})
    #: Specifications drawn beside those one step from the headline, and the seed that draws them.
    drawn: int = 6_000
    seed: int = 20_170_126
    #: Fits drawn for each sample: making a sample costs as much as several fits.
    fits_each: int = 3
    #: Fewest adopting cities an estimate must rest on.
    fewest_cities: int = 5
    #: Draws of the placebo test of observed against expected crimes.
    placebo_draws: int = 499
    #: Of intervals and of the tests beside them.
    level: float = 0.95
    #: The errors of every estimator but the headline's when only one thing changes.
    usual_errors: str = "state"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the dimensions."""
        return tuple(one.name for one in self.dimensions)

    @property
    def of_sample(self) -> tuple[Dimension, ...]:
        """Dimensions that change which rows are used."""
        return tuple(one for one in self.dimensions if one.of_sample)

    @property
    def of_fit(self) -> tuple[Dimension, ...]:
        """Dimensions that change how rows are fitted."""
        return tuple(one for one in self.dimensions if not one.of_sample)

    @property
    def sample_names(self) -> tuple[str, ...]:
        """Names of the dimensions of the sample."""
        return tuple(one.name for one in self.of_sample)

    @property
    def fit_names(self) -> tuple[str, ...]:
        """Names of the dimensions of the fit."""
        return tuple(one.name for one in self.of_fit)

    @property
    def headline(self) -> dict[str, str]:
        """The headline's level of every dimension."""
        return {one.name: next(iter(one.levels)) for one in self.dimensions}

    def dimension(self, name: str) -> Dimension:
        """Return a dimension by name."""
        return next(one for one in self.dimensions if one.name == name)


@dataclass(frozen=True)
class MultiverseSpec(StudySpec):
    """What makes the curve, and how it is read."""

    curve: CurveSpec = CurveSpec()
    #: p-values below this are called significant.
    significant: float = 0.05
    #: Estimators that average effects with weights that can be negative when adoption is staggered.
    contrast: tuple[str, ...] = ("two_way", "region_years")
    #: Shares of variance are of values moved in to these percentiles, lest a few small samples rule.
    trim: tuple[float, float] = (0.01, 0.99)
    #: Estimators of the joint permutation test: those that take hundredths of a second.
    joint_fits: tuple[str, ...] = (
        "two_way",
        "region_years",
        "imputation",
        "interaction_weighted",
        "extended_twfe",
    )
    #: Draws of the joint permutation test.
    permutations: int = 199
    #: Specifications of the quick run that is compared with the committed one.
    quick: int = 40


SPEC = MultiverseSpec()
