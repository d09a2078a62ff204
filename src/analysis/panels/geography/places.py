"""The `places` panel: what the Census Bureau says of the places that the city panel's agencies police."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...sources.census.places import (
    ACS_PLACES,
    CITIES_1YR,
    INTERCENSAL,
    POSTCENSAL,
    RACE_PLACES,
    read_acs_cities,
    read_acs_places,
    read_intercensal_places,
    read_race_places,
)
from ...sources.county import acs as acs_county
from ...sources.registry.files import family_files
from ...sources.states import by_usps
from ..agencies.place_index import attach_places
from ..columns import panel_model, validate
from .fips_changes import harmonize_fips

KEYS = ["place_fips"]
YEAR_KEYS = ["place_fips", "year"]
INPUTS = [
    *[file.path for file in family_files("crosswalk")],
    INTERCENSAL,
    POSTCENSAL,
    *ACS_PLACES,
    RACE_PLACES,
    CITIES_1YR,
    acs_county.COMPLETE,
    "city_year",
]
#: Columns of the place files in percent, and the share each becomes.
_SHARES = {
    "hispanic_percent": "hispanic_share_2010",
    "white_percent": "white_share_2010",
    "black_percent": "black_share_2010",
    "high_school_percent": "high_school_share_2015",
}
_POPULATIONS = ["population_place_2000", "population_place_2010", "population_place_2014"]
_INCOME = ["median_household_income_2015_nominal", "income_coding", "poverty_rate_2015"]
_BORN = [
    "foreign_born_share",
    "foreign_born_source",
    "foreign_born_share_2015",
    "county_foreign_born_share_2010",
]

Places = panel_model(
    "Places",
    [
        *["place_fips", "place_name", "state", "region", "place_kind", "primary_ori", "oris"],
        *["county_fips", "county_share", "place_latitude", "place_longitude", "coordinate_source"],
        *_POPULATIONS,
        *[*_SHARES.values()][:3],
        *_INCOME,
        "high_school_share_2015",
        *_BORN,
    ],
    keys=KEYS,
    nullable=["hispanic_share_2010", *_INCOME],
    required=["county_fips"],
    doc="One row a place that an agency of the city panel polices. Absent is missing, never zero.",
)
PlaceYear = panel_model(
    "PlaceYear",
    ["place_fips", "year", "state", "population_place"],
    keys=YEAR_KEYS,
    doc="Census population of the places of the `places` panel that are incorporated, 2000-2019.",
)


def build_places(
    city_years: pd.DataFrame, agencies: pd.DataFrame, index: pd.DataFrame, populations: pd.DataFrame
) -> pd.DataFrame:
    """Build the panel of places.

    Parameters
    ----------
    city_years : pandas.DataFrame
        The `city_year` panel: ``ori, city, state, place_fips, county_fips, population``.
    agencies : pandas.DataFrame
        `analysis.panels.agencies.index.agency_index`.
    index : pandas.DataFrame
        `analysis.panels.agencies.place_index.place_index`.
    populations : pandas.DataFrame
        The series of `analysis.panels.agencies.place_index.place_populations`.

    Returns
    -------
    pandas.DataFrame
        Valid under `Places`: one row a place that an agency of `city_years` polices. Where several agencies
        police one place, ``primary_ori`` is the one with the largest median population printed, the first in
        order of ORI on a tie. Nothing is filled in but ``foreign_born_share``, whose source is a column.
    """
    places = _served(city_years, agencies).merge(
        index[["place_fips", "name", "is_cdp", "county_fips", "county_share", "population_2010"]],
        on="place_fips",
        how="left",
        suffixes=("_agency", ""),
        validate="one_to_one",
    )
    places = _identity(places)
    for part in (_characteristics(index), _coordinates(index), _populations(populations)):
        places = places.merge(part, on="place_fips", how="left", validate="one_to_one")
    places = _foreign_born(_with_county_point(places, agencies), index)
    names = list(Places.to_schema().columns)
    places = places.astype({name: "str" for name in names if places[name].dtype == object})
    return validate(places[names].sort_values("place_fips", ignore_index=True), Places)


def build_place_year(places: pd.DataFrame, populations: pd.DataFrame) -> pd.DataFrame:
    """Return the Census population 2000-2019 of the panel's places, valid under `PlaceYear`.

    Parameters
    ----------
    places : pandas.DataFrame
        The `places` panel.
    populations : pandas.DataFrame
        The series of `analysis.panels.agencies.place_index.place_populations`.
    """
    series = populations.rename(columns={"population": "population_place"}).merge(
        places[["place_fips", "state"]], on="place_fips", how="inner", validate="many_to_one"
    )
    names = list(PlaceYear.to_schema().columns)
    series = series.astype({"place_fips": "str", "population_place": "Int64"})[names]
    return validate(series.sort_values(YEAR_KEYS, ignore_index=True), PlaceYear)


def agencies_without_place(city_years: pd.DataFrame) -> int:
    """Return how many agencies of the city panel have no place: regional departments and districts."""
    return int(city_years.loc[city_years["place_fips"].isna(), "ori"].nunique())


def _served(city_years: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    known = city_years.dropna(subset=["place_fips"])
    by_agency = known.groupby(["place_fips", "ori"], as_index=False).agg(
        state=("state", "first"), county_agency=("county_fips", "first"), median=("population", "median")
    )
    by_agency["median"] = by_agency["median"].astype("float64").fillna(0.0)
    by_agency = by_agency.sort_values(
        ["place_fips", "median", "ori"], ascending=[True, False, True], kind="stable"
    )
    names = agencies.set_index("ori")["name"].str.strip()
    served = by_agency.groupby("place_fips", as_index=False).agg(
        state=("state", "first"),
        primary_ori=("ori", "first"),
        oris=("ori", lambda codes: "|".join(sorted(codes))),
        county_agency=("county_agency", "first"),
    )
    return served.assign(agency_name=served["primary_ori"].map(names))


def _identity(places: pd.DataFrame) -> pd.DataFrame:
    kind = np.select(
        [places["name"].isna(), places["is_cdp"].eq(True)], ["subdivision", "cdp"], "incorporated"
    )
    return places.assign(
        place_name=places["name"].fillna(places["agency_name"]),
        place_kind=kind,
        region=places["state"].map(by_usps("region")),
        county_fips=places["county_fips"].fillna(places["county_agency"]),
        population_place_2010=places["population_2010"].astype("Int64"),
    ).drop(columns=["name", "is_cdp", "population_2010", "county_agency", "agency_name"])


def _characteristics(index: pd.DataFrame) -> pd.DataFrame:
    acs = attach_places(read_acs_places(), index, "acs_places").dropna(subset=["place_fips"])
    race = attach_places(read_race_places(), index, "race_places").dropna(subset=["place_fips"])
    both = acs.drop(columns=["state", "name"]).merge(race, on="place_fips", how="outer", validate="1:1")
    shares = (both[list(_SHARES)] / 100).rename(columns=_SHARES)
    income = both[["income", "income_coding", "poverty_percent"]].set_axis(_INCOME, axis="columns")
    return pd.concat([both["place_fips"], shares, income], axis="columns")


def _coordinates(index: pd.DataFrame) -> pd.DataFrame:
    joined = attach_places(read_intercensal_places(), index, "intercensal").dropna(subset=["place_fips"])
    point = joined[["place_fips", "latitude", "longitude"]]
    return point.set_axis(["place_fips", "place_latitude", "place_longitude"], axis="columns")


def _populations(populations: pd.DataFrame) -> pd.DataFrame:
    some = populations[populations["year"].isin([2000, 2014])]
    wide = some.pivot(index="place_fips", columns="year", values="population").astype("Int64")
    return wide.add_prefix("population_place_").rename_axis(columns=None).reset_index()


def _with_county_point(places: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    point = agencies.set_index("ori")[["latitude", "longitude"]]
    source = pd.Series("place", index=places.index, dtype=object)
    source[places["place_latitude"].isna()] = "county"
    for axis in ("latitude", "longitude"):
        county = places["primary_ori"].map(point[axis])
        places[f"place_{axis}"] = places[f"place_{axis}"].fillna(county)
    return places.assign(coordinate_source=source.where(places["place_latitude"].notna(), np.nan))


def _foreign_born(places: pd.DataFrame, index: pd.DataFrame) -> pd.DataFrame:
    city = attach_places(read_acs_cities(), index, "acs_cities").dropna(subset=["place_fips", "foreign_born"])
    share = (city["foreign_born"] / city["population"]).astype("float64").set_axis(city["place_fips"])
    county = harmonize_fips(acs_county.read_2010()[["fips", "foreign_born_share_2010"]])
    by_county = county.frame.set_index("fips")["foreign_born_share_2010"]
    own = places["place_fips"].map(share)
    near = places["county_fips"].map(by_county)
    return places.assign(
        foreign_born_share_2015=own,
        county_foreign_born_share_2010=near,
        foreign_born_share=own.fillna(near),
        foreign_born_source=near.notna().map({True: "county_2010"}).mask(own.notna(), "place_2015"),
    )
