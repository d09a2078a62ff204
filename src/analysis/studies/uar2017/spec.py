"""The specifications of the rebuilt Urban Affairs Review study, frozen, each with its reason.

Gonzalez O'Brien, Collingwood & El-Khatib (2019, online 2017), Urban Affairs Review 55(1), 3-40,
doi:10.1177/1078087417704974. Where the paper could not be read the choice is ours, and said to be.
"""

from __future__ import annotations

#: Years of crime the paper used.
FIRST, LAST = 2000, 2014
#: Adoptions counted, as the paper does: of this year and later ones up to LAST.
FIRST_ADOPTION = 2002
#: Years the panel adds for before and after, while the offenses concerned keep their definition.
EXTENDED = (1999, 2019)
#: Periods of the first design; the first is the paper's.
PERIODS = {"paper's years": (FIRST, LAST), "all years": EXTENDED}
#: Years in which covariates of past crime and population are taken: before any city of any coding adopted.
BASELINE = (2000, 2001, 2002)
#: The cross-section a later reading of the paper names.
CROSS_SECTION = 2012
#: The last year in which the tables print rape by the legacy definition everywhere.
LAST_LEGACY = 2012
#: People at baseline: until 2004 the FBI's table prints no smaller city.
FLOOR = 10_000
#: Agencies an author of the paper names as treated, without a date that could be read: never controls.
#: St. Louis (insidehighered.com, node 57178; row `uar_prepost_st_louis` of `published/uar2017.csv`).
NAMED_BY_AUTHORS = ("MOSPD0000",)
#: Codings of treatment by name, as definitions of the panel `policies`; the first is the paper's words.
CODINGS = {
    "status inquiry": "status_inquiry",
    "any limit": "any_limit",
    "first instrument since 2002": "first_instrument_since_2002",
    "first limit since 2002": "first_limit_since_2002",
}
MAIN = "status inquiry"
#: Outcomes, crimes per 100,000 residents. The paper's three, one total that its definition of rape
#: cannot disturb, and three offenses that do not hang on victims' willingness to report as much.
OUTCOMES = {
    "violent": "Violent, legacy rape",
    "violent_without_rape": "Violent without rape",
    "rape_legacy": "Rape, legacy",
    "property": "Property",
    "homicide": "Homicide",
    "robbery": "Robbery",
    "motor_vehicle_theft": "Motor vehicle theft",
}
#: Years either side of the year of adoption, which itself is left out.
WINDOWS = (1, 2, 3)
#: Past crime matched on: totals that Illinois and Minnesota print in the baseline years too.
PAST_CRIME = ["violent_without_rape_before", "property_before"]
#: Covariates matched on, with their names. Shares of 2010 and income of 2015 are the only ones of the
#: committed panels; they are measured after most adoptions.
COVARIATES = {
    "log_population": "Population (log), 2000–2002",
    "hispanic_share_2010": "Hispanic share, 2010",
    "foreign_born_share": "Foreign-born share, 2010 or 2015",
    "log_income": "Median household income (log), 2015",
    "poverty_share": "Poverty rate, 2015",
    "violent_without_rape_before": "Violent crime without rape, 2000–2002",
    "property_before": "Property crime, 2000–2002",
}
#: Matches lie in the same census region.
EXACT = ["region"]
DISTANCE = "mahalanobis"
#: What would count as small: this share of the mean rate; and a published effect on violent crime.
MARGIN_SHARE = 0.05
MARGIN_CLAIM = "manning2022_violent"
POWER, LEVEL = 0.8, 0.95
#: Random sign changes of the paired test, and their seed.
DRAWS, SEED = 9_999, 20_170_110
#: Size of the paper's treated group, a row of `published/uar2017.csv`.
PAPER_CITIES = "uar_cities"
