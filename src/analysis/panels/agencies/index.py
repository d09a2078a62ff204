"""Agencies by ORI: published name, place and county, with each code's provenance."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pandas as pd

from ...errors import DuplicateKeyError, LayoutError, UnknownPlaceError
from ...sources.census.crosswalk import read_agency_crosswalk, read_agency_names, read_county_names
from .names import base_name, compact_name, is_member, map_names, normal_name, without_county
from .place_index import to_vintage

#: Columns of `agency_index`.
COLUMNS = [
    *["ori", "ori7", "state", "name", "agency_type", "place_fips", "place_method", "county_fips"],
    *["longitude", "latitude", "is_local_police", "county_name", "namesake_fips", "namesake_population"],
    *["name_key", "base_key"],
]
_PLACE_TABLE = "agency_places.csv"


def agency_index(index: pd.DataFrame) -> pd.DataFrame:
    """Return every agency the FBI names, one row an ORI, with its place and county.

    The names are joined many to one to the crosswalk of 2012 on the first seven characters of the ORI; an
    agency that the crosswalk lacks keeps its row. The place is, in this order: ``hand`` (the table
    ``agency_places.csv``, a reason a row: consolidated governments and merged departments), ``crosswalk``
    (its code, if Geocorr has it), ``subdivision`` (its code that Geocorr lacks: townships and towns of New
    England), ``name`` (no code: the only incorporated place, or else census-designated place, of the agency's
    name in its state and, where known, county), or missing. The county is the crosswalk's, or its place's, or
    that of every agency whose ORI begins with the same five characters.

    Parameters
    ----------
    index : pandas.DataFrame
        As `analysis.panels.agencies.place_index.place_index` returns it.

    Returns
    -------
    pandas.DataFrame
        ``ori`` (key), ``ori7``, ``state``, ``name``, ``agency_type``, ``place_fips``, ``place_method``,
        ``county_fips``, ``longitude``, ``latitude`` (of the county, degrees), ``is_local_police`` (the
        crosswalk calls it a local police department), ``county_name`` (normal), ``namesake_fips`` and
        ``namesake_population`` (the place that bears a subdivision's name, persons in 2010: the same or a
        part of it), and the keys ``name_key`` and ``base_key``.
    """
    names = read_agency_names().drop(columns=["full_name", "icpsr_name"])
    names = names[names["name"].notna() & names["state"].notna()]
    agencies = names.merge(_crosswalk_for(names), on="ori7", how="left", validate="many_to_one")
    agencies["county_fips"] = to_vintage(agencies["county_fips"])
    agencies["name_key"] = map_names(agencies["name"], compact_name)
    plain = map_names(agencies["name"], without_county)
    agencies["base_key"] = map_names(plain, base_name).str.replace(" ", "")
    namesake = _place_by_name(agencies, index)
    agencies["place_fips"], agencies["place_method"] = _places(agencies, index, namesake)
    agencies["county_fips"] = _counties(agencies, index)
    agencies["county_name"] = agencies["county_fips"].map(_county_names())
    agencies["namesake_fips"] = namesake.where(agencies["place_method"] == "subdivision")
    population = index.set_index("place_fips")["population_2010"]
    agencies["namesake_population"] = agencies["namesake_fips"].map(population)
    return agencies[COLUMNS].sort_values("ori", kind="stable", ignore_index=True)


def _crosswalk_for(names: pd.DataFrame) -> pd.DataFrame:
    table = read_agency_crosswalk()
    table = table[is_member(table["ori7"], names["ori7"])]
    table = table.assign(is_local_police=table["agency_type"].eq("local police department"))
    wanted = ["ori7", "county_fips", "place_fips", "longitude", "latitude", "is_local_police"]
    return table[wanted].rename(columns={"place_fips": "crosswalk_place"})


def _counties(agencies: pd.DataFrame, index: pd.DataFrame) -> pd.Series:
    county = agencies["county_fips"].fillna(
        agencies["place_fips"].map(index.set_index("place_fips")["county_fips"])
    )
    prefix = agencies["ori"].str[:5]
    known = county.groupby(prefix).agg(["nunique", "first"])
    return county.fillna(prefix.map(known.loc[known["nunique"] == 1, "first"]))


def _county_names() -> pd.Series:
    table = read_county_names().set_index("county_fips")["name"]
    return map_names(table, normal_name)


def _places(agencies: pd.DataFrame, index: pd.DataFrame, namesake: pd.Series) -> tuple[pd.Series, pd.Series]:
    code, hand = agencies["crosswalk_place"], _hand_places(agencies, index)
    known = is_member(code, index["place_fips"])
    steps = (("crosswalk", code.where(known)), ("subdivision", code.where(~known)), ("name", namesake))
    place = agencies["ori"].map(hand).astype(object)
    method = is_member(agencies["ori"], hand).map({True: "hand", False: ""}).astype("str")
    for how, found in steps:
        new = method.eq("") & found.notna()
        place, method = place.where(~new, found), method.where(~new, how)
    return place.mask(place.eq("")), method.mask(method.eq(""))


def _place_by_name(agencies: pd.DataFrame, index: pd.DataFrame) -> pd.Series:
    city = agencies[agencies["agency_type"].eq("City")]
    plain = map_names(city["name"], without_county)
    keyed = city.assign(place_key=map_names(plain, compact_name))
    found = pd.Series(np.nan, index=agencies.index, dtype=object)
    for is_cdp in (False, True):
        places = index[index["is_cdp"] == is_cdp].rename(columns={"base_key": "place_key"})
        for keys in (["state", "county_fips", "place_key"], ["state", "place_key"]):
            single = places.drop_duplicates(keys, keep=False).set_index(keys)["place_fips"]
            rows = keyed if "county_fips" in keys else keyed[keyed["county_fips"].isna()]
            codes = single.reindex(pd.MultiIndex.from_frame(rows[keys])).to_numpy()
            found = found.fillna(pd.Series(codes, index=rows.index, dtype=object))
    return found


def _hand_places(agencies: pd.DataFrame, index: pd.DataFrame) -> dict[str, str]:
    text = files(__package__).joinpath(_PLACE_TABLE).read_text("utf-8")
    table = pd.DataFrame(csv.DictReader(text.splitlines()))
    if table["reason"].eq("").any():
        raise LayoutError("A row has no reason.", where=f"panels/{_PLACE_TABLE}")
    if table["ori"].duplicated().any():
        raise DuplicateKeyError("An agency has two rows.", where=f"panels/{_PLACE_TABLE}")
    known_places = {"", *index["place_fips"]}
    unknown = [*table.loc[~is_member(table["ori"], agencies["ori"]), "ori"]]
    unknown += [*table.loc[~is_member(table["place_fips"], known_places), "place_fips"]]
    if unknown:
        raise UnknownPlaceError(
            f"No agency or place has the code {unknown[0]}.", where=f"panels/{_PLACE_TABLE}"
        )
    return dict(zip(table["ori"], table["place_fips"], strict=True))
