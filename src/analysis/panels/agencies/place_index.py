"""Places by FIPS code, and the join of Census tables that print names without codes to them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.resources import files

import numpy as np
import pandas as pd

from ...errors import DuplicateKeyError, LayoutError
from ...sources.census.crosswalk import read_county_names, read_place_counties
from ...sources.census.places import read_intercensal_places, read_postcensal_places
from ..geography.fips_changes import changes
from .names import base_name, compact_name, county_of, is_member, map_names, without_county

#: Two populations of one place in 2010 differ by less than this share of the larger.
SAME_POPULATION = 0.05
#: Tables whose names end in the place's legal status.
SUFFIXED = ("postcensal_2019", "acs_places", "race_places")
_ALIASES = "place_aliases.csv"


def place_index() -> pd.DataFrame:
    """Return every place of Geocorr 2018, one row a place.

    Returns
    -------
    pandas.DataFrame
        ``place_fips`` (key), ``state``, ``name`` (with suffix), ``county_fips`` and ``county_share`` (the
        county with the largest share of the place's population; the smaller code on a tie; in one vintage),
        ``population_2010`` (persons, census), ``is_cdp``, and the keys ``full_key`` and ``base_key`` by which
        names are compared.
    """
    pieces = read_place_counties().sort_values(
        ["place_fips", "share_of_place", "county_fips"], ascending=[True, False, True], kind="stable"
    )
    places = pieces.groupby("place_fips", sort=True).agg(
        state=("state", "first"),
        name=("name", "first"),
        county_fips=("county_fips", "first"),
        county_share=("share_of_place", "first"),
        population_2010=("population_2010", "sum"),
    )
    places = places.reset_index()
    places["county_fips"] = to_vintage(places["county_fips"])
    places["is_cdp"] = places["name"].str.endswith(" CDP")
    return _with_keys(places)


def to_vintage(codes: pd.Series) -> pd.Series:
    """Return county codes in the vintage of `fips_changes`, renamed and merged ones recoded."""
    new = {c["code"]: c["becomes"] for c in changes() if c["kind"] in {"rename", "merge", "absorb"}}
    return codes.replace(new)


def attach_places(table: pd.DataFrame, index: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return `table` with ``place_fips`` and ``place_join``, how each name was found.

    In this order, each only for what the ones before left: ``alias`` (the table of aliases); for a table that
    prints suffixes (``Bay City city``) ``name`` (name with suffix unique in its state) and ``county`` (unique
    with the county printed after it), for one that prints none ``base`` (name unique among incorporated
    places without their suffix) and ``cdp`` (the same among census-designated places); at last ``population``
    (of the places that bear the name one alone has the row's 2010 population). What is left has a missing
    ``place_fips`` and ``place_join``.

    Parameters
    ----------
    table : pandas.DataFrame
        ``state``, ``name`` and, where the table has it, ``population_2010``. Rows keep their order; none is
        lost.
    index : pandas.DataFrame
        As `place_index` returns it.
    source : str
        The table, as the aliases name it: ``intercensal``, ``postcensal_2019``, ``acs_places``,
        ``race_places`` or ``acs_cities``.

    Raises
    ------
    DuplicateKeyError
        If two rows of the table would be the same place.
    """
    rows = _with_keys(table.reset_index(drop=True))
    rows["place_fips"] = pd.Series(np.nan, index=rows.index, dtype=object)
    rows["place_join"] = pd.Series(np.nan, index=rows.index, dtype=object)
    aliases = _alias_table()
    _fill(rows, aliases[aliases["table"] == source], ["state", "name"], "alias")
    if source in SUFFIXED:
        _fill(rows, index, ["state", "full_key"], "name")
        _fill(rows, _with_county_names(index), ["state", "full_key", "county_key"], "county")
    else:
        rows["base_key"] = rows["full_key"]
        _fill(rows, index[~index["is_cdp"]], ["state", "base_key"], "base")
        _fill(rows, index[index["is_cdp"]], ["state", "base_key"], "cdp")
    if "population_2010" in rows:
        _fill_by_population(rows, index)
    _require_one_row_a_place(rows)
    return rows.drop(columns=["full_key", "base_key", "county_key"])


def place_populations(index: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the population of incorporated places, 2000-2019, one row a place and year.

    Parameters
    ----------
    index : pandas.DataFrame
        As `place_index` returns it.

    Returns
    -------
    series : pandas.DataFrame
        ``place_fips`` and ``year`` (key), ``population`` (persons on 1 July), ``population_source``
        (``intercensal`` to 2009, ``postcensal_2019`` from 2010), sorted by key.
    dropped : dict of str to int
        Places of each table that have no FIPS code in the index and are not in the series.
    """
    parts, dropped = [], {}
    for table, years, source in _population_tables():
        joined = attach_places(table, index, source)
        dropped[f"{source}: place without a FIPS code"] = int(joined["place_fips"].isna().sum())
        known = joined.dropna(subset=["place_fips"])
        long = known.melt("place_fips", [f"population_{y}" for y in years], "year", "population")
        parts.append(long.assign(year=long["year"].str[-4:].astype("int64"), population_source=source))
    series = pd.concat(parts, ignore_index=True)
    return series.sort_values(["place_fips", "year"], kind="stable", ignore_index=True), dropped


def _population_tables() -> Iterator[tuple[pd.DataFrame, range, str]]:
    yield read_intercensal_places(), range(2000, 2010), "intercensal"
    yield read_postcensal_places(), range(2010, 2020), "postcensal_2019"


def _with_keys(table: pd.DataFrame) -> pd.DataFrame:
    plain = map_names(table["name"], without_county)
    return table.assign(
        full_key=map_names(plain, compact_name),
        base_key=map_names(plain, base_name).str.replace(" ", ""),
        county_key=map_names(table["name"], county_of),
    )


def _with_county_names(index: pd.DataFrame) -> pd.DataFrame:
    raw = read_place_counties()[["place_fips", "county_fips"]]
    named = _county_names()
    pieces = raw.merge(named, on="county_fips", how="left", validate="many_to_one")
    keyed = index.drop(columns=["county_key", "county_fips"])
    return keyed.merge(pieces, on="place_fips", how="left", validate="one_to_many")


def _county_names() -> pd.DataFrame:
    table = read_county_names()
    return table.assign(county_key=map_names(table["name"], base_name))[["county_fips", "county_key"]]


def _fill(rows: pd.DataFrame, candidates: pd.DataFrame, keys: list[str], how: str) -> None:
    single = candidates.drop_duplicates(keys, keep=False).set_index(keys)["place_fips"]
    open_rows = rows[rows["place_fips"].isna()]
    once = open_rows[~open_rows.duplicated(keys, keep=False)]
    found = single.reindex(pd.MultiIndex.from_frame(once[keys])).to_numpy()
    taken = set(rows["place_fips"].dropna())
    good = np.array([code == code and code not in taken for code in found], dtype=bool)
    rows.loc[once.index[good], "place_fips"] = found[good]
    rows.loc[once.index[good], "place_join"] = how


def _fill_by_population(rows: pd.DataFrame, index: pd.DataFrame) -> None:
    taken = set(rows["place_fips"].dropna())
    free = index[~is_member(index["place_fips"], taken)]
    left = rows[rows["place_fips"].isna()].reset_index()
    pairs = left[["index", "state", "base_key", "population_2010"]].merge(
        free[["state", "base_key", "place_fips", "population_2010"]],
        on=["state", "base_key"],
        suffixes=("", "_place"),
        validate="many_to_many",
    )
    a, b = (pairs[c].astype(float) for c in ("population_2010", "population_2010_place"))
    close = pairs[(a - b).abs() <= SAME_POPULATION * np.maximum(a, b)]
    close = close.drop_duplicates("index", keep=False).drop_duplicates("place_fips", keep=False)
    rows.loc[close["index"], "place_fips"] = close["place_fips"].to_numpy()
    rows.loc[close["index"], "place_join"] = "population"


def _alias_table() -> pd.DataFrame:
    text = files(__package__).joinpath(_ALIASES).read_text("utf-8")
    table = pd.DataFrame(csv.DictReader(text.splitlines()))
    if table["reason"].eq("").any() or not table["place_fips"].str.fullmatch(r"\d{7}").all():
        raise LayoutError("An alias lacks its reason or a seven-digit code.", where=f"panels/{_ALIASES}")
    return table


def _require_one_row_a_place(rows: pd.DataFrame) -> None:
    twice = rows["place_fips"].notna() & rows["place_fips"].duplicated()
    if twice.any():
        row = rows[twice].iloc[0]
        raise DuplicateKeyError(
            f"Two rows are place {row['place_fips']}, one of them {row['name']}, {row['state']}.",
            remedy=f"Correct panels/{_ALIASES}.",
        )
