"""The `county_year` panel (2000-2017) and `county_2013_2014`, the two years that are only known together."""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

import pandas as pd
import pandera.pandas as pa

from ...errors import UnknownPlaceError
from ...sources.census import population as census_population
from ...sources.census.places import INTERCENSAL, read_intercensal_places
from ...sources.county import (
    acs as acs_county,
)
from ...sources.county import (
    bea,
    county_mean,
    county_rates,
    laus,
    saipe,
)
from ...sources.county import (
    icpsr as icpsr_county,
)
from ...sources.county.icpsr import BOROUGHS, ILLINOIS_COMPLETE, OFFENSES
from ...sources.registry.files import family_files
from ...sources.states import usps_by
from ..columns import panel_model, validate
from ..geography.county_population import county_population
from ..geography.fips_changes import harmonize_fips, spread_areas
from ..panel import Built
from ..rates import rates_of
from ..store import add_rates

YEARS = range(2000, 2018)
KEYS = ["fips", "year"]
_VIOLENT = ["homicide", "rape_legacy", "robbery", "aggravated_assault"]
_PROPERTY = ["burglary", "larceny", "motor_vehicle_theft"]
OUTCOMES = [f"{name}_imputed" for name in [*OFFENSES, "violent", "violent_without_rape", "property"]]
RATES = rates_of("county_year")
_COVERAGE = ["population_covered", "agencies", "coverage"]
_FLAGS = ["is_partly_imputed", "is_borough_share", "is_illinois_before_2008"]
_KAPLAN = [
    "violent_kaplan_per_100k",
    "property_with_arson_kaplan_per_100k",
    "kaplan_quality",
    "is_low_coverage",
]
_ECONOMY = [
    *["labor_force", "employed", "unemployed", "unemployment_rate"],
    *["median_household_income_nominal", "poverty_rate"],
    *["personal_income_per_capita_nominal", "is_area_average", "non_citizens"],
]


def _no_level_spans_the_splice(cls: Any, frame: pd.DataFrame) -> bool:
    late = frame["year"] > 2012
    return bool(
        frame.loc[late, OUTCOMES].isna().all(axis=None) and frame.loc[~late, _KAPLAN].isna().all(axis=None)
    )


CountyYear = panel_model(
    "CountyYear",
    [
        *[*KEYS, "state", "crime_series", "population_census", "population_source", *_COVERAGE],
        *[*OUTCOMES, *RATES, *_FLAGS, *_KAPLAN, *_ECONOMY],
    ],
    keys=KEYS,
    checks={"no_level_spans_the_splice": pa.dataframe_check(_no_level_spans_the_splice)},
    doc="One row for each of 3,141 counties and year 2000-2017; crime 2000-2012, 2015 and 2017.",
)
_SUMS = ["rape_either" if name == "rape_legacy" else name for name in OFFENSES]
_SUMS = [f"{name}_imputed_2013_2014" for name in [*_SUMS, "violent_without_rape", "property"]]
TWO_YEAR_RATES = rates_of("county_2013_2014")
County20132014 = panel_model(
    "County20132014",
    ["fips", "state", "person_years_2013_2014", *_SUMS, *TWO_YEAR_RATES, "uncovered_2002_2012"],
    keys=["fips"],
    doc="One row a county: offenses of 2013 and 2014 together, which no source tells apart.",
)


def build_county_year() -> Built:
    """Return the validated county-year panel."""
    counties, income = census_population.read_counties(), bea.read(YEARS)
    panel = frame_of_counties(counties, YEARS)
    population, lost = county_population(counties, income, read_intercensal_places(), YEARS)
    panel, ledger = attach(panel, population, "population"), dict(lost)
    parts = {
        "nacjd": nacjd_part(icpsr_county.read()),
        "kaplan": kaplan_part(county_rates.read()),
        "laus": labor_part(laus.read()),
        "saipe": same_counties(saipe.read().drop(columns="median_household_income_margin")),
        "bea": income_part(income),
        "acs": same_counties(acs_county.read_non_citizens(), ["non_citizens"]),
    }
    for source, (part, lost) in parts.items():
        part, late = within(part, YEARS)
        panel = attach(panel, part, source)
        ledger |= {f"{source}: {reason}": n for reason, n in (lost | late).items()}
    return Built(validate(finish(panel), CountyYear), _inputs(), ledger)


def build_county_2013_2014() -> Built:
    """Return the validated two-year sums."""
    published = icpsr_county.read_published()
    sums = county_mean.sum_2013_2014(county_mean.read(), published)
    population = census_population.long_population(census_population.read_counties())
    late = population[population["year"].isin([2013, 2014])]
    both = late.groupby("fips")["population"].sum().reset_index()
    panel = two_year_panel(sums, both)
    inputs = [*_files("icpsr_county"), county_mean.PATH, census_population.PATH]
    return Built(validate(panel, County20132014), inputs, {})


def frame_of_counties(counties: pd.DataFrame, years: range) -> pd.DataFrame:
    """Return one row a county and year, with its state: every county in every year."""
    same = harmonize_fips(counties[["fips", "state"]]).frame
    return same.merge(pd.DataFrame({"year": list(years)}), how="cross")[["fips", "year", "state"]]


def attach(panel: pd.DataFrame, part: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return the panel with a part's columns, one to one; raise UnknownPlaceError for a strange county."""
    strange = sorted(set(part["fips"]) - set(panel["fips"]))
    if strange:
        raise UnknownPlaceError(
            f"{source} has counties no table knows: {strange[:5]}.",
            where=source,
            remedy="Add them to panels/geography/fips_changes.csv with a reason.",
        )
    return panel.merge(part, on=KEYS, how="left", validate="1:1")


def within(part: pd.DataFrame, years: range) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the part's rows in `years` and how many others there are."""
    inside = part["year"].isin(list(years))
    outside = int((~inside).sum())
    return part[inside], {"other years": outside} if outside else {}


def same_counties(
    frame: pd.DataFrame, counts: list[str] | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return a county-year table in the panel's counties and the rows dropped, by reason."""
    same = harmonize_fips(frame, counts=counts or [], by=["year"])
    joined = {"joined to another county's row": same.joined} if same.joined else {}
    return same.frame, same.dropped | joined


def nacjd_part(offenses: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return NACJD's counts by county, statewide agencies left out and counted."""
    statewide = offenses["is_statewide_agency"]
    kept = offenses.loc[
        ~statewide, [*KEYS, *_COVERAGE, *[f"{n}_imputed" for n in OFFENSES], "is_partly_imputed"]
    ]
    counts = [*[f"{n}_imputed" for n in OFFENSES], "population_covered", "agencies"]
    part, lost = same_counties(kept, counts)
    return part, lost | {"agency of a whole state": int(statewide.sum())}


def kaplan_part(rates: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the 2015 and 2017 rates, all qualities."""
    return same_counties(rates)


def labor_part(labor: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return labor-force figures, Puerto Rico left out and counted."""
    island = labor["fips"].str.startswith("72")
    part, lost = same_counties(labor[~island], ["labor_force", "employed", "unemployed"])
    return part, lost | {"Puerto Rico": int(island.sum())}


def income_part(income: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return personal income per head, the value of an area standing for each of its counties."""
    spread = spread_areas(income, intensive=["personal_income_per_capita"], by=["year"])
    part, lost = same_counties(spread.drop(columns="population"))
    name = {"personal_income_per_capita": "personal_income_per_capita_nominal"}
    return part.rename(columns=name).astype({"is_area_average": "boolean"}), lost


def finish(panel: pd.DataFrame) -> pd.DataFrame:
    """Add totals, rates, flags and the name of each year's crime series; order the columns."""
    panel = add_rates(add_totals(panel), RATES)
    panel["is_borough_share"] = panel["fips"].isin(BOROUGHS)
    panel["is_illinois_before_2008"] = (panel["state"] == "IL") & (panel["year"] < ILLINOIS_COMPLETE)
    panel["is_partly_imputed"] = panel["is_partly_imputed"].astype("boolean")
    series = dict.fromkeys(range(2000, 2013), "nacjd") | {2015: "kaplan", 2017: "kaplan"}
    panel["crime_series"] = panel["year"].map(series).fillna("none")
    return panel[list(CountyYear.to_schema().columns)].sort_values(KEYS).reset_index(drop=True)


def add_totals(panel: pd.DataFrame) -> pd.DataFrame:
    """Add violent, violent without rape, and property totals; missing where a part is."""
    without = [name for name in _VIOLENT if name != "rape_legacy"]
    totals = {"violent": _VIOLENT, "violent_without_rape": without, "property": _PROPERTY}
    sums = {f"{t}_imputed": add_up(panel, [f"{n}_imputed" for n in parts]) for t, parts in totals.items()}
    return panel.assign(**sums)


def add_up(frame: pd.DataFrame, names: list[str]) -> pd.Series:
    """Return the sum of columns, missing where one of them is."""
    return reduce(operator.add, (frame[name] for name in names))


def two_year_panel(sums: pd.DataFrame, person_years: pd.DataFrame) -> pd.DataFrame:
    """Return the two-year sums with totals, person-years and rates a year."""
    panel = sums.rename(columns={n: f"{n}_imputed_2013_2014" for n in sums.columns[1:-1]})
    column = "{}_imputed_2013_2014".format
    violent = [column(n) for n in _VIOLENT if n != "rape_legacy"]
    panel[column("violent_without_rape")] = add_up(panel, violent)
    panel[column("property")] = add_up(panel, [column(n) for n in _PROPERTY])
    panel = panel.merge(
        person_years.rename(columns={"population": "person_years_2013_2014"}), on="fips", validate="1:1"
    )
    panel = add_rates(panel, TWO_YEAR_RATES)
    panel["state"] = panel["fips"].str[:2].map(usps_by("state_fips"))
    panel["uncovered_2002_2012"] = panel["uncovered_2002_2012"].astype("int64")
    return panel[list(County20132014.to_schema().columns)].sort_values("fips").reset_index(drop=True)


def _files(family: str) -> list[str]:
    return [file.path for file in family_files(family)]


def _inputs() -> list[str]:
    families = ("icpsr_county", "bls_laus", "bea_cainc1")
    paths = [path for family in families for path in _files(family)]
    single = [county_rates.PATH, saipe.PATH, census_population.PATH, INTERCENSAL, acs_county.NON_CITIZEN]
    return [*paths, *single]
