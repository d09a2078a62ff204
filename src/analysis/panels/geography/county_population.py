"""Population of counties 2000-2017 on 1 July, from the Census Bureau and, before 2010, from BEA.

BEA gives one figure for each of 23 Virginia areas of a county and its independent cities. The cities are
places too, and the Census Bureau's intercensal table has them; the county is the area less its cities.
"""

from __future__ import annotations

import pandas as pd

from ...errors import UnknownPlaceError
from ...sources.census import population as census_population
from .fips_changes import changes, harmonize_fips

FIRST_CENSUS_YEAR = 2010
_COLUMNS = ["fips", "year", "population_census", "population_source"]


def county_population(
    counties: pd.DataFrame, income: pd.DataFrame, places: pd.DataFrame, years: range
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return population by county and year, and rows left out by reason.

    Parameters
    ----------
    counties : pandas.DataFrame
        From `sources.census_population.read_counties`.
    income : pandas.DataFrame
        From `sources.bea.read`.
    places : pandas.DataFrame
        From `sources.places.read_intercensal_places`.
    years : range
        Years wanted.

    Returns
    -------
    tuple
        Columns ``fips, year, population_census`` (persons), ``population_source``; and the ledger.
    """
    census = census_population.long_population(counties).assign(population_source="census_2019")
    early = income[income["year"] < FIRST_CENSUS_YEAR]
    areas = early["fips"].isin(list(area_members()))
    singles = early[~areas].assign(population_source="bea")
    virginia = split_areas(early[areas], independent_cities(counties, places))
    parts = [
        part[["fips", "year", "population", "population_source"]] for part in (census, singles, virginia)
    ]
    both = pd.concat(parts, ignore_index=True)
    same = harmonize_fips(both[both["year"].isin(list(years))], counts=["population"], by=["year"])
    ledger = {f"population: {reason}": n for reason, n in same.dropped.items()}
    return same.frame.rename(columns={"population": "population_census"})[_COLUMNS], ledger


def area_members() -> dict[str, list[str]]:
    """Return the member counties of each BEA area; the first is the county, the others its cities."""
    members: dict[str, list[str]] = {}
    for change in changes():
        if change["kind"] == "area":
            members.setdefault(change["code"], []).append(change["becomes"])
    return members


def independent_cities(counties: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Return ``fips, year, population`` 2000-2009 of Virginia's independent cities in BEA areas.

    Raises
    ------
    UnknownPlaceError
        If a city has no, or more than one, row in the table of places.
    """
    codes = [code for group in area_members().values() for code in group[1:]]
    cities = counties.loc[counties["fips"].isin(codes), ["fips", "name"]]
    cities = cities.assign(name=cities["name"].str.replace(" city", "", regex=False))
    found = cities.merge(places[places["state"] == "VA"], on="name", how="left", validate="1:m")
    if found["population_2000"].isna().any() or found["fips"].duplicated().any():
        raise UnknownPlaceError(
            "An independent city of Virginia is not once in the table of places.",
            where="census_population/sub_est00int_places_2000_2010.csv",
            remedy="Check the spelling of its name in both tables.",
        )
    names = [f"population_{year}" for year in range(2000, FIRST_CENSUS_YEAR)]
    long = found.melt(["fips"], names, "year", "population")
    return long.assign(year=long["year"].str[-4:].astype("int64"))


def split_areas(areas: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    """Return the members of each area: cities as given, the county as what is left."""
    county_of = {city: group[0] for group in area_members().values() for city in group[1:]}
    area_of = {group[0]: area for area, group in area_members().items()}
    cities = cities[cities["year"].isin(areas["year"])]
    inside = (
        cities.assign(county=cities["fips"].map(county_of)).groupby(["county", "year"])["population"].sum()
    )
    wholes = areas.set_index(["fips", "year"])["population"]
    rest = inside.reset_index().rename(columns={"county": "fips"})
    area_rows = pd.MultiIndex.from_arrays([rest["fips"].map(area_of), rest["year"]])
    rest["population"] = wholes.reindex(area_rows).to_numpy() - rest["population"].to_numpy()
    labelled = [
        cities.assign(population_source="census_intercensal"),
        rest.assign(population_source="bea_less_cities"),
    ]
    return pd.concat(labelled, ignore_index=True).astype({"population": "Int64"})
