"""The `counties` panel: one row a county, its class, characteristics 2000, 2010 and 2015, votes, place."""

from __future__ import annotations

import pandas as pd

from ...sources.census import population as census_population
from ...sources.census.places import INTERCENSAL, read_intercensal_places
from ...sources.county import acs as acs_county
from ...sources.county import elections, medsl, nchs, opportunity_insights
from ...sources.registry.files import family_files
from ...sources.states import by_usps
from ..columns import panel_model, validate
from ..panel import Built
from .county_votes import YEARS, county_votes, vote_shares
from .fips_changes import boundary_breaks, harmonize_fips
from .shapes import centroids, county_outlines

KEYS = ["fips"]
_CLASSES = ["nchs_class_2013", "nchs_class_2006", "nchs_class_1990"]
_2010 = [
    *["population_2010", "land_area_square_miles", "density_2010", "hispanic_share_2010", "black_share_2010"],
    *[
        "white_not_hispanic_share_2010",
        "under_18_share_2010",
        "over_65_share_2010",
        "foreign_born_share_2010",
    ],
    *["non_citizen_share_2010", "high_school_share_2010", "bachelors_share_2010"],
    *[
        "median_household_income_2010_nominal",
        "poverty_rate_2010",
        "single_parent_share_2010",
        "rural_share_2010",
    ],
]
_2000 = [
    *["foreign_born_share_2000", "hispanic_share_2000", "black_share_2000", "poor_share_2000"],
    "bachelors_share_2000",
]
_2015 = [
    *["population_acs_2015", "hispanic_share_2015", "black_share_2015", "white_not_hispanic_share_2015"],
    *["non_citizen_share_2015", "median_household_income_2015_nominal", "poverty_rate_2015"],
    *[
        "child_poverty_rate_2015",
        "unemployment_rate_acs_2015",
        "employed_acs_2015",
        "foreign_born_share_2016",
    ],
    *["over_65_share_2016", "less_than_high_school_share_2016"],
]
_VOTES = [f"democratic_vote_share_{year}" for year in YEARS]
_PLACE = ["centroid_latitude", "centroid_longitude", "has_boundary_break"]
_FALLS_CHURCH = {"51610": ("Falls Church", "VA")}

Counties = panel_model(
    "Counties",
    ["fips", "county_name", "state", "region", *_CLASSES, *_2010, *_2000, *_2015, *_VOTES, *_PLACE],
    keys=KEYS,
    doc="One row for each of the 3,141 counties of 2017 (Kalawao within Maui).",
)


def build_counties() -> Built:
    """Return the validated panel of counties."""
    same = harmonize_fips(census_population.read_counties()[["fips", "name", "state"]])
    panel = same.frame.rename(columns={"name": "county_name"})
    ledger = {"counties: joined to another county's row": same.joined}
    for source, (part, counts) in _parts().items():
        result = harmonize_fips(part, counts=counts)
        panel = panel.merge(result.frame, on="fips", how="left", validate="1:1")
        outside = int((~result.frame["fips"].isin(panel["fips"])).sum())
        lost = result.dropped | {
            "joined to another county's row": result.joined,
            "no county of 2017": outside,
        }
        ledger |= {f"{source}: {reason}": n for reason, n in lost.items() if n}
    return Built(validate(finish(panel), Counties), _inputs(), ledger)


def finish(panel: pd.DataFrame) -> pd.DataFrame:
    """Add region, shares of non-citizens and the mark of a boundary break; order the columns."""
    panel = panel.assign(region=panel["state"].map(by_usps("region")))
    for year, population in ((2010, panel["population_2010"]), (2015, panel["population_acs_2015"])):
        share = panel[f"non_citizens_{year}"].astype("Float64") / population.astype("Float64")
        panel[f"non_citizen_share_{year}"] = share.astype("float64").round(6)
    people = ["population_2010", "population_acs_2015", "employed_acs_2015"]
    panel[people] = panel[people].astype("Int64")
    panel["has_boundary_break"] = panel["fips"].isin(boundary_breaks()["fips"])
    return panel[list(Counties.to_schema().columns)].sort_values("fips").reset_index(drop=True)


def points(outlines: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Return ``fips, centroid_latitude, centroid_longitude``; without an outline, the place's point."""
    rows = [centroids(outlines)]
    for fips, (name, state) in _FALLS_CHURCH.items():
        place = places[(places["name"] == name) & (places["state"] == state)]
        point = place[["latitude", "longitude"]].astype("float64").round(4).head(1)
        rows.append(point.set_axis(["centroid_latitude", "centroid_longitude"], axis=1).assign(fips=fips))
    return pd.concat(rows, ignore_index=True)


def _parts() -> dict[str, tuple[pd.DataFrame, list[str]]]:
    context, people = medsl.read(), acs_county.read_non_citizens()
    shares = [
        "foreign_born_share_2016",
        "over_65_share_2016",
        "less_than_high_school_share_2016",
        "rural_share_2010",
    ]
    characteristics = opportunity_insights.read_characteristics().drop(columns="foreign_born_share_2010_oi")
    names = census_population.read_counties().set_index("fips")["name"]
    votes = county_votes(elections.read(), context, names)
    return {
        "nchs": (nchs.read(), []),
        "acs 2010": (acs_county.read_2010(), ["population_2010"]),
        "acs 2015": (acs_county.read_2015(), ["population_acs_2015", "employed_acs_2015"]),
        "non-citizens 2010": _non_citizens(people, 2010),
        "non-citizens 2015": _non_citizens(people, 2015),
        "opportunity insights": (characteristics, []),
        "opportunity insights, table 12": (opportunity_insights.read_table_12(), []),
        "medsl": (context[["fips", *shares]], []),
        "votes": (vote_shares(votes), []),
        "points": (points(county_outlines(), read_intercensal_places()), []),
    }


def _non_citizens(people: pd.DataFrame, year: int) -> tuple[pd.DataFrame, list[str]]:
    name = f"non_citizens_{year}"
    of_year = people.loc[people["year"] == year, ["fips", "non_citizens"]]
    return of_year.rename(columns={"non_citizens": name}), [name]


def _inputs() -> list[str]:
    families = ("nchs", "medsl", "elections", "opportunity_insights", "geography")
    paths = [file.path for family in families for file in family_files(family)]
    single = [
        acs_county.COMPLETE,
        acs_county.ACS_2015,
        acs_county.NON_CITIZEN,
        census_population.PATH,
        INTERCENSAL,
    ]
    return [*paths, *single]
