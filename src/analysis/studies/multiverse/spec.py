"""The forks of the specification curve, frozen, each with its reason, and the rules that forbid combinations.

Only choices that a careful reader could defend are forks (Simonsohn, Simmons and Nelson 2020,
doi:10.1038/s41562-020-0912-z; Del Giudice and Gangestad 2021, doi:10.1177/2515245920954925). Two-way
regressions are kept for contrast, because most published work uses them, and carry their own mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: Specifications of the committed run beside those one step from the headline, and the seed that draws them.
DRAWN, SEED = 6_000, 20_170_126
#: Fits drawn for each sample: making a sample costs as much as several fits.
FITS_EACH = 3
#: Fewest adopting cities an estimate must rest on.
FEWEST_CITIES = 5
#: Draws of the placebo test of observed against expected crimes, and of the joint permutation test.
PLACEBO_DRAWS, PERMUTATIONS = 499, 199
#: Specifications of the quick run that is compared with the committed one.
QUICK = 40
#: Estimators of the joint permutation test: those that take hundredths of a second.
JOINT_FITS = ("two_way", "region_years", "imputation", "interaction_weighted", "extended_twfe")
SIGNIFICANT = 0.05
#: Estimators that average effects with weights that can be negative when adoption is staggered.
CONTRAST = ("two_way", "region_years")


@dataclass(frozen=True)
class Fork:
    """One choice.

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


FORKS: tuple[Fork, ...] = (
    Fork(
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
    Fork(
        "confidence",
        "Dates",
        "Some dates rest on secondary sources; leaving them out trades places for certainty.",
        {"dated": "High or medium confidence", "high": "High confidence alone"},
        True,
    ),
    Fork(
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
    Fork(
        "smallest",
        "Size",
        "Adopting cities are large; small controls are many but may follow other trends.",
        {"25000": "25,000 and more", "50000": "50,000 and more", "100000": "100,000 and more"},
        True,
    ),
    Fork(
        "ended",
        "Ended policies",
        "Years after a repeal are neither treated nor a clean control.",
        {"left_out": "Years after left out", "kept": "Years after kept as treated"},
        True,
    ),
    Fork(
        "laws",
        "Statewide laws",
        "A statewide law limits every city of its state, yet no city chose it.",
        {"controls_leave": "End a control", "treat": "Treat every city"},
        True,
    ),
    Fork(
        "years",
        "Years observed",
        "A balanced panel keeps composition fixed, and loses cities with a gap.",
        {"15": "15 and more", "21": "All 21"},
        True,
    ),
    Fork(
        "window",
        "Adopted",
        "The rebuilt paper's window, or every adoption inside the panel.",
        {"all": "2000 to 2019", "paper": "2002 to 2014"},
        True,
    ),
    Fork(
        "breaks",
        "Series breaks",
        "The footnotes say where a series cannot be compared; most users overlook them.",
        {"honoured": "Honoured", "overlooked": "Overlooked"},
        True,
    ),
    Fork(
        "counties",
        "County limits",
        "County jails answer detainers, so a city in a limiting county may be exposed.",
        {"controls_leave": "End a control", "overlooked": "Overlooked"},
        True,
    ),
    Fork(
        "before",
        "Other limits before",
        "A city with an earlier limit of another kind is treated twice.",
        {"kept": "Kept", "left_out": "Left out"},
        True,
    ),
    Fork(
        "comparison",
        "Comparison cities",
        "Cities that never adopt may differ in size and region, or in all else.",
        {"all": "All", "alike": "Cells of size and region with adopters", "ever": "Later adopters alone"},
        True,
    ),
    Fork(
        "scale",
        "Scale",
        "Trends may be parallel in shares, in logs or in crimes per resident, and in only one of these.",
        {"count": "Counts, proportional", "log": "Log of the rate", "rate": "Rate"},
        False,
    ),
    Fork(
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
    Fork(
        "weights",
        "Weights",
        "The effect on the average resident, or on the average city.",
        {"residents": "Residents", "cities": "Cities alike"},
        False,
    ),
    Fork(
        "control",
        "Control group",
        "Cities that never adopt are more; those not yet treated are more alike.",
        {"never": "Never treated", "not_yet": "Not yet treated too"},
        False,
    ),
    Fork(
        "errors",
        "Errors",
        "States pass laws and share shocks; agencies report. With few adopters, chance is read off placebos.",
        {"placebo": "Placebo places", "state": "By state", "agency": "By agency"},
        False,
    ),
)
NAMES = tuple(fork.name for fork in FORKS)
SAMPLE_FORKS = tuple(fork for fork in FORKS if fork.of_sample)
FIT_FORKS = tuple(fork for fork in FORKS if not fork.of_sample)
HEADLINE = {fork.name: next(iter(fork.levels)) for fork in FORKS}
#: The errors of every estimator but the headline's when only one thing changes.
USUAL_ERRORS = "state"

Choice = Mapping[str, str]


@dataclass(frozen=True)
class Rule:
    """A combination that is not admitted: its reason, and which choices it forbids."""

    reason: str
    forbids: Callable[[Choice], bool]


_SCALES = {
    "observed_expected": ("count",),
    "extended_twfe": ("count", "log", "rate"),
    "two_way": ("count", "log", "rate"),
    "region_years": ("count", "log", "rate"),
}
#: Estimators whose comparison is built in, with the control group it amounts to.
_CONTROL = {
    "observed_expected": "never",
    "interaction_weighted": "never",
    "imputation": "not_yet",
    "two_way": "not_yet",
    "region_years": "not_yet",
}
_WEIGHTS = {"observed_expected": "residents", "stacked": "cities"}

#: Choices about the sample that rules look at.
RULED = ("outcome", "comparison", "before", "treatment")
RULES: tuple[Rule, ...] = (
    Rule(
        "the estimator does not exist on this scale",
        lambda c: c["scale"] not in _SCALES.get(c["estimator"], ("log", "rate")),
    ),
    Rule(
        "years without a homicide have no logarithm, and leaving them out selects on the outcome",
        lambda c: c["scale"] == "log" and c["outcome"] == "homicide",
    ),
    Rule(
        "cohort-years without a homicide have no finite proportional effect, and leave the mean of cells",
        lambda c: (c["scale"], c["estimator"], c["outcome"]) == ("count", "extended_twfe", "homicide"),
    ),
    Rule(
        "the estimator's control group is built in",
        lambda c: _CONTROL.get(c["estimator"], c["control"]) != c["control"],
    ),
    Rule(
        "the estimator's weights are built in",
        lambda c: _WEIGHTS.get(c["estimator"], c["weights"]) != c["weights"],
    ),
    Rule(
        "placebo places belong to observed against expected crimes, and it has no other errors",
        lambda c: (c["errors"] == "placebo") != (c["estimator"] == "observed_expected"),
    ),
    Rule(
        "later adopters alone leave no city that never adopts",
        lambda c: c["comparison"] == "ever" and c["control"] == "never",
    ),
    Rule(
        "no other limit can come before the first of any kind",
        lambda c: c["before"] == "left_out" and c["treatment"] in ("any_limit", "first_limit_since_2002"),
    ),
)
