"""Which combinations of choices are not admitted to the curve, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
