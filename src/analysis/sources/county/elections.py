"""Presidential votes by county 2000, 2004, 2008, 2012 and 2020.

Defects found in the files and handled here: Alaska counts by house district, under codes that are no county
(and in 2004 and 2008 partly collide with real ones); 2000 has no Alaska, Hawaii or Broomfield; Kalawao 2004
and 2008 is -9999; 2008 prints two counties twice; its printed totals are wrong in seven rows and unused;
2000 holds a word in place of Carson City's votes for no candidate, so that its total is missing; 2012 gives
many counties the code of another, while the printed name is that of the votes (`code_by_name`). In 2004 and
2008 some votes stand with the wrong county and no name tells: see `panels.county_votes`.
"""

from __future__ import annotations

import pandas as pd

from ...errors import LayoutError
from ..census import population as census_population
from ..registry.tables import read_table
from ..registry.totals import reader
from .checks import fips5, numbers, require_between, require_columns, require_rows, require_unique

#: Rows of each year's file.
ROWS = {2000: 3108, 2004: 3154, 2008: 3156, 2012: 3153, 2020: 3152}
NO_DATA = -9999
_MINOR_2000 = [
    "NADER", "BUCHANAN", "BROWNE", "PHILLIPS", "WRITEINS", "HAGELIN", "MCREYNOLDS", "HARRIS",
    "DODGE", "NOTA", "MOOREHEAD", "BROWN", "VENSON", "YOUNGKEIT", "LANE",
]  # fmt: skip


def path_of(year: int) -> str:
    """Return the registered path of a year's file; raise LayoutError for a year without one."""
    if year not in ROWS:
        raise LayoutError(f"No returns of {year}.", where="elections", remedy=f"Years are {sorted(ROWS)}.")
    last = "2020_US_County_Level_Presidential_Results.csv"
    return f"elections/{last if year == 2020 else f'{year}_pres_election_by_county.csv'}"


@reader("county.elections.read", "elections")
def read() -> pd.DataFrame:
    """Return all years, one row a county and year: see `parse`."""
    counties = census_population.read_counties()[["fips", "name"]]
    tables = []
    for year in ROWS:
        frame = read_table(path_of(year), encoding="latin-1")
        tables.append(parse(frame, year, path_of(year), counties))
    return pd.concat(tables, ignore_index=True)


def parse(frame: pd.DataFrame, year: int, where: str, counties: pd.DataFrame) -> pd.DataFrame:
    """Return ``fips, year, democratic_votes, republican_votes, total_votes``, Alaska left out.

    Parameters
    ----------
    frame : pandas.DataFrame
        The file as text.
    year : int
        Its year.
    where : str
        Its path, for messages.
    counties : pandas.DataFrame
        ``fips, name`` of counties: the names that 2012 is keyed by.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        A missing column, another number of rows, a county twice (but for the known two), a negative vote.
    """
    require_rows(frame, ROWS[year], where)
    if year == 2012:
        frame = code_by_name(frame, counties)
    votes = _votes_2020(frame, where) if year == 2020 else _votes(frame, year, where)
    votes = drop_repeated(blank_no_data(votes), year)
    require_unique(votes, ["fips"], where)
    require_between(
        votes, dict.fromkeys(["democratic_votes", "republican_votes", "total_votes"], (0, 1e7)), where
    )
    votes.insert(1, "year", year)
    return votes.astype(dict.fromkeys(["democratic_votes", "republican_votes", "total_votes"], "Int64"))


def code_by_name(frame: pd.DataFrame, counties: pd.DataFrame) -> pd.DataFrame:
    """Return rows of 2012 with the code of the county they name, where the printed code is another's.

    A code stays as printed when its own county has that name, or no single county of the state has.
    """
    known = counties.assign(state=counties["fips"].str[:2], key=county_key(counties["name"]))
    own = dict(zip(known["fips"], known["key"], strict=True))
    single = known[~known.duplicated(["state", "key"], keep=False)]
    by_name = dict(zip(zip(single["state"], single["key"], strict=True), single["fips"], strict=True))
    keys = county_key(frame["COUNTY_NAME"])
    codes = [
        code if own.get(code) == key else by_name.get((code[:2], key), code)
        for code, key in zip(frame["FIPS"], keys, strict=True)
    ]
    return frame.assign(FIPS=codes)


def county_key(names: pd.Series) -> pd.Series:
    """Return names as lower-case letters without their kind, for comparing two spellings of a county."""
    bare = names.str.lower().str.replace(r"\s+(county|parish)$", "", regex=True)
    return bare.str.replace(r"\bsaint\b", "st", regex=True).str.replace(r"[^a-z]", "", regex=True)


def drop_alaska(frame: pd.DataFrame, state: str, alaska: str) -> pd.DataFrame:
    """Leave out Alaska, counted by house district: no district is a county."""
    return frame[frame[state] != alaska].reset_index(drop=True)


def blank_no_data(votes: pd.DataFrame) -> pd.DataFrame:
    """Leave out counties whose votes are -9999, the files' code for no data (Kalawao 2004 and 2008)."""
    return votes[votes["democratic_votes"] != NO_DATA].reset_index(drop=True)


def blank_word(values: pd.Series) -> pd.Series:
    """Make the word missing that stands for Carson City's votes for none of the candidates in 2000."""
    return values.mask(values == "Candidates")


def drop_repeated(votes: pd.DataFrame, year: int) -> pd.DataFrame:
    """Keep the first of the rows 2008 prints twice: Delta, Michigan (alike) and Ottawa, Ohio.

    Ottawa's second row has 15 Democratic votes more; the parts of the first add up to the total both print.
    """
    if year != 2008:
        return votes
    known = votes["fips"].isin(["26041", "39123"])
    return votes[~(known & votes.duplicated("fips", keep="first"))].reset_index(drop=True)


def _votes(frame: pd.DataFrame, year: int, where: str) -> pd.DataFrame:
    other = _MINOR_2000 if year == 2000 else ["VOTES_OTHER"]
    require_columns(frame, ["YEAR", "FIPS", "STATE_ABBR", "VOTES_DEM", "VOTES_REP", *other], where)
    if set(frame["YEAR"]) != {str(year)}:
        raise LayoutError(f"The returns are of {frame['YEAR'].iloc[0]}, not {year}.", where=where)
    rows = drop_alaska(frame, "STATE_ABBR", "AK")
    parts = {
        "democratic_votes": numbers(rows["VOTES_DEM"], where),
        "republican_votes": numbers(rows["VOTES_REP"], where),
    }
    rest = sum(numbers(blank_word(rows[name]), where) for name in other)
    return pd.DataFrame(
        {"fips": fips5(rows["FIPS"], where), **parts, "total_votes": sum(parts.values()) + rest}
    )


def _votes_2020(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    require_columns(frame, ["state_name", "county_fips", "votes_dem", "votes_gop", "total_votes"], where)
    rows = drop_alaska(frame, "state_name", "Alaska")
    printed = {"democratic_votes": "votes_dem", "republican_votes": "votes_gop", "total_votes": "total_votes"}
    votes = {name: numbers(rows[column], where) for name, column in printed.items()}
    return pd.DataFrame({"fips": fips5(rows["county_fips"], where), **votes})
