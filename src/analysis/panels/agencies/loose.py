"""Loose candidates for a city's agency, and the second fact that decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from .names import base_name, county_of, is_member, map_names, normal_name, without_county

#: Least likeness of two normal names, 0 to 100 (rapidfuzz `ratio`).
LIKENESS = 84.0
#: Two populations agree if they differ by at most this share of the larger ...
AGREEMENT = 0.10
#: ... and lie at most this many years apart.
NEAR_YEARS = 5


def base_candidates(
    labels: pd.DataFrame, agencies: pd.DataFrame, *, same_county: bool = False
) -> pd.DataFrame:
    """Return pairs of a city and an agency of its state whose names differ in county or legal status only.

    Parameters
    ----------
    labels : pandas.DataFrame
        ``state`` and ``city`` as printed.
    agencies : pandas.DataFrame
        As `analysis.panels.agencies.index.agency_index` returns it.
    same_county : bool
        Keep the pairs alone whose names without county are the same and whose printed county, the city's or
        the agency's, is in the other's name too or is the county of the agency's place.

    Returns
    -------
    pandas.DataFrame
        ``state``, ``city``, ``ori``; a city may have several agencies.
    """
    plain = map_names(labels["city"], without_county)
    keyed = labels[["state", "city"]].assign(
        base_key=map_names(plain, base_name).str.replace(" ", ""),
        plain=map_names(plain, normal_name),
        county=map_names(labels["city"], county_of),
    )
    agencies = agencies.assign(
        agency_plain=map_names(map_names(agencies["name"], without_county), normal_name)
    )
    pairs = keyed.merge(agencies, on=["state", "base_key"], how="inner", validate="many_to_many")
    if same_county:
        named = pairs["county"].ne("") & pairs["plain"].eq(pairs["agency_plain"])
        pairs = pairs[named & pairs["county"].eq(pairs["county_name"])]
    return pairs[["state", "city", "ori"]].sort_values(["state", "city", "ori"], ignore_index=True)


def fuzzy_candidates(labels: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of a city and an agency of its state whose normal names are alike by `LIKENESS`."""
    pairs = []
    for state, group in labels.groupby("state", sort=True):
        pool = agencies[agencies["state"] == state].sort_values("ori")
        if pool.empty:
            continue
        ours, theirs = ([normal_name(name) for name in names] for names in (group["city"], pool["name"]))
        scores = process.cdist(ours, theirs, scorer=fuzz.ratio, score_cutoff=LIKENESS, workers=1)
        i, j = np.nonzero(scores)
        pairs.append(
            pd.DataFrame(
                {"state": state, "city": group["city"].to_numpy()[i], "ori": pool["ori"].to_numpy()[j]}
            )
        )
    if not pairs:
        return pd.DataFrame(columns=["state", "city", "ori"])
    return pd.concat(pairs, ignore_index=True).sort_values(["state", "city", "ori"], ignore_index=True)


def populations_agree(
    pairs: pd.DataFrame, rows: pd.DataFrame, agencies: pd.DataFrame, populations: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the pairs of which a second fact, the population, agrees, one agency a city.

    An agency's population is the one printed for it in the nearest year already matched, at most `NEAR_YEARS`
    away, or else the Census population of its place. It agrees when it differs from the city's, in the city's
    year nearest to it, by at most `AGREEMENT` of the larger. A city two of whose agencies agree has none, and
    neither has one printed with a county unlike the agency's.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``state, city, ori``.
    rows : pandas.DataFrame
        Table 8 with ``ori`` where matched.
    agencies, populations : pandas.DataFrame
        Agencies with their ``place_fips``; ``place_fips, year, population``.
    """
    printed = rows.loc[rows["ori"].notna(), ["ori", "year", "population"]]
    pairs = _no_other_county(pairs, agencies)
    agreeing = _nearest_ratio(pairs, rows, printed)
    if populations is not None:
        place = agencies[["ori", "place_fips"]].dropna()
        census = place.merge(populations, on="place_fips", how="inner", validate="many_to_many")
        other = pairs[~is_member(pairs["ori"], printed["ori"])]
        agreeing = pd.concat([agreeing, _nearest_ratio(other, rows, census[["ori", "year", "population"]])])
    return agreeing.drop_duplicates(["state", "city"], keep=False)


def _no_other_county(pairs: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    printed = map_names(pairs["city"], county_of)
    theirs = pairs["ori"].map(agencies.set_index("ori")["county_name"])
    alike = [not a or b != b or fuzz.ratio(a, b) >= LIKENESS for a, b in zip(printed, theirs, strict=True)]
    return pairs[np.array(alike, dtype=bool)]


def _nearest_ratio(pairs: pd.DataFrame, rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    ours = rows.loc[rows["ori"].isna(), ["state", "city", "year", "population"]]
    both = pairs.merge(ours, on=["state", "city"], how="inner", validate="many_to_many").merge(
        known.rename(columns={"year": "known_year", "population": "known"}), on="ori", validate="many_to_many"
    )
    both = both.dropna(subset=["population", "known"])
    both["gap"] = (both["year"] - both["known_year"]).abs()
    both = both[both["gap"] <= NEAR_YEARS].sort_values(
        ["state", "city", "ori", "gap", "year", "known_year"], kind="stable"
    )
    nearest = both.drop_duplicates(["state", "city", "ori"])
    a, b = nearest["population"].astype(float), nearest["known"].astype(float)
    agree = (a - b).abs() <= AGREEMENT * np.maximum(a, b)
    return nearest.loc[agree, ["state", "city", "ori"]]
