"""The specification of the rebuilt Urban Affairs Review study, frozen, each constant with its reason.

Gonzalez O'Brien, Collingwood & El-Khatib (2019, online 2017), Urban Affairs Review 55(1), 3-40,
doi:10.1177/1078087417704974. Where the paper could not be read the choice is ours, and said to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..designs.named_places import NAMED_BY_AUTHORS
from ..designs.study_spec import Frozen, StudySpec


@dataclass(frozen=True)
class UarSpec(StudySpec):
    """What the study does, and from which numbers."""

    #: Years of crime the paper used.
    first: int = 2000
    last: int = 2014
    #: Adoptions counted, as the paper does: of this year and later ones up to `last`.
    first_adoption: int = 2002
    #: Years the panel adds for before and after, while the offenses concerned keep their definition.
    extended: tuple[int, int] = (1999, 2019)
    #: Years of past crime and population matched on: before any city of any coding adopted.
    baseline: tuple[int, ...] = (2000, 2001, 2002)
    #: The cross-section a later reading of the paper names.
    cross_section: int = 2012
    #: The last year in which the tables print rape by the legacy definition everywhere.
    last_legacy: int = 2012
    #: People at baseline: until 2004 the FBI's table prints no smaller city.
    floor: int = 10_000
    #: Agencies an author of the paper names as treated, without a date that could be read: never controls.
    named_by_authors: tuple[str, ...] = NAMED_BY_AUTHORS
    #: Codings of treatment by name, as definitions of the panel `policies`; the first is the paper's words.
    codings: Mapping[str, str] = Frozen(
        {
            "status inquiry": "status_inquiry",
            "any limit": "any_limit",
            "first instrument since 2002": "first_instrument_since_2002",
            "first limit since 2002": "first_limit_since_2002",
        }
    )
    #: The coding of which everything is shown.
    main: str = "status inquiry"
    #: Outcomes, crimes per 100,000 residents. The paper's three, one total that its definition of rape
    #: cannot disturb, and three offenses that do not hang on victims' willingness to report as much.
    outcomes: Mapping[str, str] = Frozen(
        {
            "violent": "Violent, legacy rape",
            "violent_without_rape": "Violent without rape",
            "rape_legacy": "Rape, legacy",
            "property": "Property",
            "homicide": "Homicide",
            "robbery": "Robbery",
            "motor_vehicle_theft": "Motor vehicle theft",
        }
    )
    #: The total by which each city's own change is judged: no definition of rape disturbs it.
    by_city: str = "violent_without_rape"
    #: Years either side of the year of adoption, which itself is left out.
    windows: tuple[int, ...] = (1, 2, 3)
    #: Past crime matched on: totals that Illinois and Minnesota print in the baseline years too.
    past_crime: tuple[str, ...] = ("violent_without_rape_before", "property_before")
    #: Covariates matched on, with their names. Shares of 2010 and income of 2015 are the only ones of the
    #: committed panels; they are measured after most adoptions.
    covariates: Mapping[str, str] = Frozen(
        {
            "log_population": "Population (log), 2000–2002",
            "hispanic_share_2010": "Hispanic share, 2010",
            "foreign_born_share": "Foreign-born share, 2010 or 2015",
            "log_income": "Median household income (log), 2015",
            "poverty_share": "Poverty rate, 2015",
            "violent_without_rape_before": "Violent crime without rape, 2000–2002",
            "property_before": "Property crime, 2000–2002",
        }
    )
    #: Matches agree in these: they lie in the same census region.
    exact: tuple[str, ...] = ("region",)
    distance: str = "mahalanobis"
    #: Fewer treated cities than this in a year make no group.
    fewest: int = 5
    #: What would count as small: this share of the mean rate; and a published effect on violent crime, by the
    #: name of its claim.
    margin_share: float = 0.05
    margin_claim: str = "manning2022_violent"
    power: float = 0.8
    level: float = 0.95
    #: Random sign changes of the paired test, and their seed.
    draws: int = 9_999
    seed: int = 20_170_110
    #: Size of the paper's treated group, a row of `published/uar2017.csv`.
    paper_cities: str = "uar_cities"
    #: Fewest and most treated cities for which the detectable effect is drawn.
    sizes: tuple[int, int] = (10, 1_000)

    @property
    def paper_period(self) -> str:
        """Name of the period of the paper."""
        return "paper's years"

    @property
    def periods(self) -> Mapping[str, tuple[int, int]]:
        """Periods of the first design by name; the first is the paper's."""
        return {self.paper_period: (self.first, self.last), "all years": self.extended}


SPEC = UarSpec()
#: Another choice of covariates: all measured before the first adoption, from the 2000 Census and the baseline
#: years. It knows neither birth abroad nor income. `SPEC.replace(covariates=COVARIATES_2000)` matches on it.
COVARIATES_2000: Mapping[str, str] = Frozen(
    {
        "log_population": "Population (log), 2000–2002",
        "hispanic_share_2000": "Hispanic share, 2000",
        "black_share_2000": "Black share, 2000",
        "age_18_29_share_2000": "Share aged 18 to 29, 2000",
        "renter_share_2000": "Share of renters, 2000",
        "female_headed_share_2000": "Share of female-headed households with children, 2000",
        "violent_without_rape_before": "Violent crime without rape, 2000–2002",
        "property_before": "Property crime, 2000–2002",
    }
)
