"""The `places_2000` panel: who lived in each place in 2000, before any adoption of 2002 or later."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...sources.census import places_2000
from ..agencies.place_index import place_index
from ..columns import panel_model, validate

KEYS = ["place_fips"]
#: Share by its count and the count it is a share of.
SHARES = {
    "hispanic_share_2000": ("hispanic", "population"),
    "black_share_2000": ("black", "population"),
    "white_not_hispanic_share_2000": ("white_not_hispanic", "population"),
    "asian_share_2000": ("asian", "population"),
    "under_18_share_2000": ("under_18", "population"),
    "age_18_29_share_2000": ("age_18_29", "population"),
    "over_65_share_2000": ("age_65_up", "population"),
    "renter_share_2000": ("renter", "occupied"),
    "female_headed_share_2000": ("female_headed", "households"),
    "vacant_share_2000": ("vacant", "housing_units"),
}
INPUTS = [places_2000.PATH, "crosswalk/place_county_2010_2019.csv"]

Places2000 = panel_model(
    "Places2000",
    [*KEYS, "state", "place_name_2000", "population_census_2000", "is_in_geocorr", *SHARES],
    keys=KEYS,
    doc="One row a place of the 2000 Census; a share of nobody is missing.",
)


def build_places_2000() -> pd.DataFrame:
    """Return the validated panel; every place of the file enters, its one empty row does not.

    ``is_in_geocorr`` says whether a place of 2018 bears the code: a join by code is right only for those, and
    places that have lost or changed their code since 2000 are counted by it.
    """
    counts = places_2000.read()
    counts = counts.assign(
        under_18=counts["age_under_5"] + counts["age_5_17"],
        age_18_29=counts["age_18_21"] + counts["age_22_29"],
    )
    frame = counts.rename(columns={"name": "place_name_2000", "population": "population_census_2000"})
    for share, (part, whole) in SHARES.items():
        of = counts[whole].astype("float64").replace(0.0, np.nan)
        frame[share] = counts[part].astype("float64") / of
    frame["is_in_geocorr"] = frame["place_fips"].isin(set(place_index()["place_fips"]))
    names = list(Places2000.to_schema().columns)
    frame = frame.astype(dict.fromkeys(("place_fips", "state", "place_name_2000"), "str"))
    return validate(frame[names].sort_values(KEYS, ignore_index=True), Places2000)
