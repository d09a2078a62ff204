"""The specifications of the rebuilt county study, frozen, each with its reason.

Wong (2017), The Effects of Sanctuary Policies on Crime and the Economy, Center for American Progress. The
report's list of counties, its covariates and its matching could not be read: every choice here is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Year of the outcomes, as the report says of its crime data; policies count that are in force at its end.
YEAR = 2015
#: Last year whose county file says which agencies reported every month, and the last before most policies.
BEFORE = 2012
#: Years shown of the same difference before the policies.
YEARS_BEFORE = (2000, 2003, 2006, 2009, 2012)
#: What a county does: it holds nobody beyond release on request of the immigration authorities.
DEFINITION = "detainers"
#: Covariates matched on and adjusted for, with their names: who lives in a county, measured in the census of
#: 2010 and the survey of 2006-10, before 2014, when most counties stopped honouring detainers. Nothing of
#: the economy is among them, the economy being an outcome.
COVARIATES = {
    "log_population": "Population (log)",
    "log_density": "People per square mile (log)",
    "hispanic_share_2010": "Hispanic share",
    "foreign_born_share_2010": "Foreign-born share",
    "black_share_2010": "Black share",
    "under_18_share_2010": "Share under 18",
    "over_65_share_2010": "Share 65 and over",
    "bachelors_share_2010": "Share with a bachelor's degree",
}
#: Added in one variant for crime.
ECONOMY_BEFORE = {
    "median_household_income_2010_nominal": "Median household income",
    "poverty_rate_2010": "Poverty rate",
}
#: Distance of the nearest neighbour; of three tried, it balances best, which was judged before any outcome.
DISTANCE = "inverse_variance"
CRIME = "crime_per_10k"
#: Outcomes of the economy with their names and units.
ECONOMY = {
    "median_household_income_nominal": ("Median household income", "US dollars a year"),
    "poverty_rate": ("Poverty rate", "percentage points"),
    "child_poverty_rate_2015": ("Child poverty rate, 2011–2015", "percentage points"),
    "unemployment_rate": ("Unemployment rate", "percentage points"),
    "labor_force_share": ("Labor force per 100 adults", "percentage points"),
    "employed_share": ("Employed per 100 adults", "percentage points"),
}
#: The National Center for Health Statistics' urban-rural classes of 2013.
CLASSES = {
    1: "Large central metro",
    2: "Large fringe metro",
    3: "Medium metro",
    4: "Small metro",
    5: "Micropolitan",
    6: "Noncore (rural)",
}
CENTRAL, RURAL = 1, 6
#: Coverage of the 2012 file that means every agency reported every month.
COMPLETE = 100.0
#: A 2015 rate this many times above or below the county's own of 2012 is doubted.
DOUBTED_RATIO = 3.0
#: People from which a county counts as not small in one variant.
NOT_SMALL = 10_000
#: What would count as small: this share of the comparison counties' mean; and the printed difference.
MARGIN_SHARE = 0.05
MARGIN_CLAIM = "cap_crime"
LEVEL, POWER = 0.95, 0.8
#: Draws of the wild bootstrap and of re-assigned treatments; their seed.
DRAWS, SEED = 4_999, 20_170_126


@dataclass(frozen=True)
class Variant:
    """One departure from the main comparison, estimated by matching and by regression.

    Attributes
    ----------
    group, name : str
    treatment : str
        Column: 1 for counties that decline, 0 for the comparison, missing for the others.
    sample : tuple of str
        Columns that must be true of a county.
    covariates : tuple of str
        Covariates beyond `COVARIATES`.
    exact : str or None
        Column in which matches agree and whose levels the regression absorbs.
    weights : str or None
        Weights of the regression; the variant is then not matched.
    matched : bool
        Whether the variant is matched too.
    """

    group: str
    name: str
    treatment: str = "declines"
    sample: tuple[str, ...] = ("is_graded",)
    covariates: tuple[str, ...] = ()
    exact: str | None = None
    weights: str | None = None
    matched: bool = True


_DATA, _TREATED, _ADJUSTED = "Crime data", "Which counties decline", "What is held constant"
GRADED = "is_graded"
MAIN = Variant("Main", "Main comparison")
VARIANTS = (
    MAIN,
    Variant(_DATA, "Coverage below 80% kept", sample=("has_rate",)),
    Variant(_DATA, "Complete reports in 2012 only", sample=(GRADED, "is_complete_before")),
    Variant(_DATA, "Doubted rates left out", sample=(GRADED, "is_plausible")),
    Variant(_DATA, "10,000 people or more", sample=(GRADED, "is_not_small")),
    Variant(_DATA, "Counties weighted by people", weights="population_census", matched=False),
    Variant(_TREATED, "Own policies only", treatment="declines_by_own_policy"),
    Variant(_TREATED, "Usable dates only", treatment="declines_dated"),
    Variant(_TREATED, "All others as comparison", treatment="declines_or_not"),
    Variant(_TREATED, "Whole-state adopters left out", sample=(GRADED, "is_in_mixed_state")),
    Variant(_TREATED, "California left out", sample=(GRADED, "is_outside_california")),
    Variant(_ADJUSTED, "Census region", exact="region"),
    Variant(_ADJUSTED, "Urban-rural class", exact="nchs_class_2013"),
    Variant(_ADJUSTED, "State", exact="state"),
    Variant(_ADJUSTED, "Income and poverty too", covariates=tuple(ECONOMY_BEFORE)),
    Variant(_ADJUSTED, "Crime of 2012 too", covariates=("crime_before",)),
    Variant(_ADJUSTED, "Census region, crime of 2012", covariates=("crime_before",), exact="region"),
)
