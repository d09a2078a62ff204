"""The specification of the rebuilt county study, frozen, each constant with its reason.

Wong (2017), The Effects of Sanctuary Policies on Crime and the Economy, Center for American Progress. The
report's list of counties, its covariates and its matching could not be read: every choice here is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..designs.specification import Specification
from ..designs.study_spec import Frozen, StudySpec

#: Estimated by matching and by regression; by regression alone.
BOTH, REGRESSION = "matched and adjusted", "regression-adjusted"
_GRADED = "is_graded"
_DATA, _TREATED, _ADJUSTED = "Crime data", "Which counties decline", "What is held constant"


def variant(
    group: str,
    name: str,
    *marks: str,
    treatment: str = "declines",
    covariates: tuple[str, ...] = (),
    exact: str | None = None,
    weights: str | None = None,
) -> Specification:
    """Return one departure from the main comparison.

    Parameters
    ----------
    group, name : str
    *marks : str
        Columns that must be true of a county; that its rate is graded when none is given.
    treatment : str
        Column: 1 for counties that decline, 0 for the comparison, missing for the others.
    covariates : tuple of str
        Covariates beyond those of the main comparison.
    exact : str or None
        Column in which matches agree and whose levels the regression absorbs.
    weights : str or None
        Weights of the regression; the variant is then not matched.
    """
    return Specification(
        group,
        name,
        REGRESSION if weights else BOTH,
        scale="",
        sample={"treatment": treatment, "marks": marks or (_GRADED,)},
        options={"covariates": covariates, "exact": exact, "weights": weights},
    )


@dataclass(frozen=True)
class CapSpec(StudySpec):
    """What the study does, and from which numbers."""

    #: Year of the outcomes, as the report says of its crime data; policies in force at its end count.
    year: int = 2015
    #: Last year whose county file says which agencies reported every month, the last before most policies.
    before: int = 2012
    #: Years shown of the same difference before the policies; `before` is among them.
    years_before: tuple[int, ...] = (2000, 2003, 2006, 2009, 2012)
    #: What a county does: it holds nobody beyond release on request of the immigration authorities.
    definition: str = "detainers"
    #: Covariates matched on and adjusted for, with their names: who lives in a county, measured in the census
    #: of 2010 and the survey of 2006-10, before 2014, when most counties stopped honouring detainers. Nothing
    #: of the economy is among them, the economy being an outcome.
    covariates: Mapping[str, str] = Frozen(
        {
            "log_population": "Population (log)",
            "log_density": "People per square mile (log)",
            "hispanic_share_2010": "Hispanic share",
            "foreign_born_share_2010": "Foreign-born share",
            "black_share_2010": "Black share",
            "under_18_share_2010": "Share under 18",
            "over_65_share_2010": "Share 65 and over",
            "bachelors_share_2010": "Share with a bachelor's degree",
        }
    )
    #: Distance of the nearest neighbour; of three tried, it balances best, judged before any outcome.
    distance: str = "inverse_variance"
    #: Other ways to hold the covariates constant, as options of `match`.
    matchings: Mapping[str, Mapping[str, Any]] = Frozen(
        {
            "Nearest, scaled covariates": {},
            "Nearest, Mahalanobis": {"distance": "mahalanobis"},
            "Nearest, propensity score": {"distance": "linear_propensity"},
            "Three nearest": {"neighbours": 3},
            "Pairs, none used twice": {"method": "optimal", "replace": False},
        }
    )
    #: Outcomes of the economy with their names and units.
    economy: Mapping[str, tuple[str, str]] = Frozen(
        {
            "median_household_income_nominal": ("Median household income", "US dollars a year"),
            "poverty_rate": ("Poverty rate", "percentage points"),
            "child_poverty_rate_2015": ("Child poverty rate, 2011–2015", "percentage points"),
            "unemployment_rate": ("Unemployment rate", "percentage points"),
            "labor_force_share": ("Labor force per 100 adults", "percentage points"),
            "employed_share": ("Employed per 100 adults", "percentage points"),
        }
    )
    #: The National Center for Health Statistics' urban-rural classes of 2013.
    classes: Mapping[int, str] = Frozen(
        {
            1: "Large central metro",
            2: "Large fringe metro",
            3: "Medium metro",
            4: "Small metro",
            5: "Micropolitan",
            6: "Noncore (rural)",
        }
    )
    #: Classes that published claims name.
    central: int = 1
    rural: int = 6
    #: Coverage of the 2012 file, percent of agency-months, that means every agency reported every month.
    complete: float = 100.0
    #: A rate of `year` this many times above or below the county's own of `before` is doubted.
    doubted_ratio: float = 3.0
    #: People from which a county counts as not small in one variant.
    not_small: int = 10_000
    #: What would count as small: this share of the comparison counties' mean; and the printed difference, by
    #: the name of its claim.
    margin_share: float = 0.05
    margin_claim: str = "cap_crime"
    level: float = 0.95
    power: float = 0.8
    #: Draws of the wild bootstrap and of re-assigned treatments; their seed.
    draws: int = 4_999
    seed: int = 20_170_126
    #: The main comparison, then its variants.
    variants: tuple[Specification, ...] = (
        variant("Main", "Main comparison"),
        variant(_DATA, "Coverage below 80% kept", "has_rate"),
        variant(_DATA, "Complete reports in 2012 only", _GRADED, "is_complete_before"),
        variant(_DATA, "Doubted rates left out", _GRADED, "is_plausible"),
        variant(_DATA, "10,000 people or more", _GRADED, "is_not_small"),
        variant(_DATA, "Counties weighted by people", weights="population_census"),
        variant(_TREATED, "Own policies only", treatment="declines_by_own_policy"),
        variant(_TREATED, "Usable dates only", treatment="declines_dated"),
        variant(_TREATED, "All others as comparison", treatment="declines_or_not"),
        variant(_TREATED, "Whole-state adopters left out", _GRADED, "is_in_mixed_state"),
        variant(_TREATED, "California left out", _GRADED, "is_outside_california"),
        variant(_ADJUSTED, "Census region", exact="region"),
        variant(_ADJUSTED, "Urban-rural class", exact="nchs_class_2013"),
        variant(_ADJUSTED, "State", exact="state"),
        variant(
            _ADJUSTED,
            "Income and poverty too",
            covariates=("median_household_income_2010_nominal", "poverty_rate_2010"),
        ),
        variant(_ADJUSTED, "Crime of 2012 too", covariates=("crime_before",)),
        variant(_ADJUSTED, "Census region, crime of 2012", covariates=("crime_before",), exact="region"),
    )

    @property
    def main(self) -> Specification:
        """The main comparison."""
        return self.variants[0]

    @property
    def treatment(self) -> str:
        """Column of the main comparison's treatment."""
        return str(self.main.sample["treatment"])


SPEC = CapSpec()
