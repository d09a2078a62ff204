"""Table 8's cities matched to agencies: by name first, then only where a second fact agrees."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

from ...errors import DuplicateKeyError, LayoutError, UnknownPlaceError
from ..columns import panel_model
from .index import agency_index
from .loose import AGREEMENT, NEAR_YEARS, base_candidates, fuzzy_candidates, populations_agree
from .names import compact_name, is_member, map_names
from .place_index import place_index, place_populations

#: Ways to match, in the order they are tried.
METHODS = ("hand", "exact", "normalised", "homonym", "county", "base_population", "fuzzy_population")
#: Cities of this many persons or more are the ones whose coverage is promised.
LARGE = 10_000
_HAND = "agency_hand.csv"

UnmatchedAgencies = panel_model(
    "UnmatchedAgencies",
    [
        *["state", "city", "first_unmatched_year", "last_unmatched_year"],
        *["city_years", "city_years_10k", "population_max", "reason"],
    ],
    keys=["state", "city"],
    doc="Printed names without an agency identifier: their city-years are not in `city_year`.",
)


@dataclass(frozen=True)
class AgencyMatch:
    """What `match_agencies` found: every row given is in one of the two tables.

    Attributes
    ----------
    matched : pandas.DataFrame
        The rows of Table 8 that have an agency, with ``ori``, ``agency`` (its published name),
        ``match_method`` (one of `METHODS`), ``place_fips``, ``place_method``, ``county_fips``; sorted by
        ``ori, year``.
    unmatched : pandas.DataFrame
        One row a ``state`` and ``city`` left over, with ``first_unmatched_year``,
        ``last_unmatched_year``, ``city_years``,
        ``city_years_10k`` (those with `LARGE` persons or more), ``population_max`` and ``reason``; its
        ``city_years`` and the rows of `matched` sum to the rows given.
    counts : dict of str to int
        City-years by method, and ``unmatched``.
    """

    matched: pd.DataFrame
    unmatched: pd.DataFrame
    counts: dict[str, int]

    @property
    def coverage(self) -> float:
        """Share of city-years of `LARGE` persons or more that have an agency."""
        found = int((self.matched["population"] >= LARGE).sum())
        return found / (found + int(self.unmatched["city_years_10k"].sum()))


def match_agencies(
    table8: pd.DataFrame,
    agencies: pd.DataFrame | None = None,
    populations: pd.DataFrame | None = None,
    hand: pd.DataFrame | None = None,
) -> AgencyMatch:
    """Match every row of Table 8 to an agency (ORI), its place and its county.

    A name within a state is one agency in all years unless the hand table says otherwise. In this order, each
    only for what is left, and never so that an agency has two rows in a year:

    ``hand``
        The committed table ``agency_hand.csv``: a state, a name, years, an ORI, the reason.
    ``exact``, ``normalised``
        The name the FBI publishes for one city agency of the state, as printed or after
        `analysis.panels.agencies.names.compact_name`.
    ``homonym``
        Several agencies publish the name, and the crosswalk calls one of them alone a local police
        department.
    ``county``
        The name but for its county, where the county printed is the agency's.
    ``base_population``, ``fuzzy_population``
        The name but for its legal status, or a like spelling; accepted only where the population agrees with
        the agency's own in the nearest matched year, or with the Census population of its place.

    Parameters
    ----------
    table8 : pandas.DataFrame
        At least ``year``, ``state`` (USPS), ``city``, ``population`` (persons), one row a city and year.
    agencies : pandas.DataFrame, optional
        As `analysis.panels.agencies.index.agency_index` returns it; read from the crosswalks when omitted.
    populations : pandas.DataFrame, optional
        As `analysis.panels.agencies.place_index.place_populations` returns it; read when `agencies` is
        omitted, else Census populations decide nothing.
    hand : pandas.DataFrame, optional
        As `hand_matches` returns it; the committed table when omitted.

    Returns
    -------
    AgencyMatch
        The same for any order of the rows given.

    Raises
    ------
    LayoutError
        If a column is missing.
    DuplicateKeyError
        If a city occurs twice in a year, or two names of equal standing are one agency in a year.
    UnknownPlaceError
        If the hand table names an agency that does not exist.
    """
    if agencies is None:
        places = place_index()
        agencies, populations = agency_index(places), place_populations(places)[0]
    rows = _ordered(table8)
    rows["ori"], rows["match_method"] = _by_hand(rows, agencies, hand_matches() if hand is None else hand)
    for method in METHODS[1:]:
        labels = _open_labels(rows)
        proposals = _propose(method, labels, rows, agencies, populations)
        _accept(rows, proposals, method)
    return _result(rows, table8, agencies)


def _ordered(table8: pd.DataFrame) -> pd.DataFrame:
    missing = {"year", "state", "city", "population"} - set(table8.columns)
    if missing:
        raise LayoutError(
            f"Table 8 lacks the columns {sorted(missing)}.", remedy="Give what read_all returns."
        )
    rows = table8[["year", "state", "city", "population"]].assign(position=np.arange(len(table8)))
    rows = rows.sort_values(["state", "city", "year"], kind="stable", ignore_index=True)
    twice = rows.duplicated(["year", "state", "city"])
    if twice.any():
        first = rows.loc[twice, ["year", "state", "city"]].iloc[0].to_list()
        raise DuplicateKeyError(f"{first} occurs twice in Table 8.", remedy="Keep one row a city and year.")
    return rows


def hand_matches() -> pd.DataFrame:
    """Return the hand table: ``state, city, first_year, last_year, ori, other_territory, reason``.

    ``other_territory`` is true where the agency polices, or is printed with the population of, another
    territory in these years than in the others: its series breaks at ``first_year`` and after ``last_year``.
    """
    text = files(__package__).joinpath(_HAND).read_text("utf-8")
    table = pd.DataFrame(csv.DictReader(text.splitlines()))
    if table["reason"].eq("").any():
        raise LayoutError("A row has no reason.", where=f"panels/{_HAND}")
    table["other_territory"] = table["other_territory"].eq("yes")
    return table.astype({"first_year": "int64", "last_year": "int64"})


def _by_hand(rows: pd.DataFrame, agencies: pd.DataFrame, hand: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    unknown = hand.loc[~is_member(hand["ori"], agencies["ori"]), "ori"]
    if len(unknown):
        raise UnknownPlaceError(f"No agency has the ORI {unknown.iloc[0]}.", where=f"panels/{_HAND}")
    pairs = rows.reset_index()[["index", "state", "city", "year"]].merge(
        hand, on=["state", "city"], how="inner", validate="many_to_many"
    )
    pairs = pairs[pairs["year"].between(pairs["first_year"], pairs["last_year"])]
    if pairs["index"].duplicated().any():
        raise DuplicateKeyError("Two rows of the hand table cover a city and year.", where=f"panels/{_HAND}")
    ori = pd.Series(np.nan, index=rows.index, dtype=object)
    ori[pairs["index"]] = pairs["ori"].to_numpy()
    return ori, ori.notna().map({True: "hand", False: np.nan}).astype(object)


def _open_labels(rows: pd.DataFrame) -> pd.DataFrame:
    labels = rows.loc[rows["ori"].isna(), ["state", "city"]].drop_duplicates(ignore_index=True)
    return labels.assign(name_key=map_names(labels["city"], compact_name))


def _propose(
    method: str,
    labels: pd.DataFrame,
    rows: pd.DataFrame,
    agencies: pd.DataFrame,
    populations: pd.DataFrame | None,
) -> pd.DataFrame:
    city = agencies[agencies["agency_type"].eq("City")]
    if method == "exact":
        return _single(labels, city, left=["state", "city"], right=["state", "name"])
    if method == "normalised":
        return _single(labels, city, left=["state", "name_key"], right=["state", "name_key"])
    if method == "homonym":
        police = city[city["is_local_police"].eq(True)]
        return _single(labels, police, left=["state", "name_key"], right=["state", "name_key"])
    if method == "county":
        return base_candidates(labels, city, same_county=True).drop_duplicates(["state", "city"], keep=False)
    pool = base_candidates(labels, city) if method == "base_population" else fuzzy_candidates(labels, city)
    return populations_agree(pool, rows, city, populations)


def _single(
    labels: pd.DataFrame, agencies: pd.DataFrame, *, left: list[str], right: list[str]
) -> pd.DataFrame:
    single = agencies.drop_duplicates(right, keep=False)[[*right, "ori"]]
    found = labels.merge(single, left_on=left, right_on=right, how="inner", validate="many_to_one")
    return found[["state", "city", "ori"]]


def _accept(rows: pd.DataFrame, proposals: pd.DataFrame, method: str) -> None:
    taken = pd.MultiIndex.from_frame(rows.loc[rows["ori"].notna(), ["ori", "year"]])
    wanted = rows.loc[rows["ori"].isna()].reset_index()[["index", "state", "city", "year"]]
    wanted = wanted.merge(proposals, on=["state", "city"], how="inner", validate="many_to_one")
    keys = pd.MultiIndex.from_frame(wanted[["ori", "year"]])
    clash = wanted[keys.isin(taken) | keys.duplicated(keep=False)]
    bad = pd.MultiIndex.from_frame(clash[["state", "city"]])
    good = wanted[~pd.MultiIndex.from_frame(wanted[["state", "city"]]).isin(bad)]
    rows.loc[good["index"], "ori"] = good["ori"].to_numpy()
    rows.loc[good["index"], "match_method"] = method


def _result(rows: pd.DataFrame, table8: pd.DataFrame, agencies: pd.DataFrame) -> AgencyMatch:
    facts = agencies[["ori", "name", "place_fips", "place_method", "county_fips"]]
    found = rows[rows["ori"].notna()].merge(
        facts.rename(columns={"name": "agency"}), on="ori", how="left", validate="many_to_one"
    )
    found = _with_namesakes(found.sort_values(["ori", "year"], kind="stable", ignore_index=True), agencies)
    twice = found.duplicated(["ori", "year"])
    if twice.any():
        first = found.loc[twice, ["ori", "year", "city"]].iloc[0].to_list()
        raise DuplicateKeyError(f"{first} would be the agency's second row.", where=f"panels/{_HAND}")
    counted = found["match_method"].value_counts()
    counts = {method: int(counted.get(method, 0)) for method in METHODS}
    left = rows[rows["ori"].isna()]
    found = found.astype({name: "str" for name in found if found[name].dtype == object})
    printed = table8.iloc[found.pop("position")].reset_index(drop=True)
    found = printed.join(found.drop(columns=["year", "state", "city", "population"]))
    return AgencyMatch(found, _unmatched(left, agencies), counts | {"unmatched": len(left)})


def _with_namesakes(found: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """Give a township or town the code of the place that bears its name where both have one population.

    The population printed in the year nearest to 2010, at most `NEAR_YEARS` away, decides, within
    `AGREEMENT`.
    """
    gap = (found["year"] - 2010).abs()
    near = found.assign(gap=gap)[gap.le(NEAR_YEARS) & found["population"].notna()]
    near = near.sort_values(["ori", "gap", "year"], kind="stable").drop_duplicates("ori")
    near = near[["ori", "population"]].merge(agencies.dropna(subset=["namesake_fips"]), on="ori")
    a, b = near["population"].astype(float), near["namesake_population"].astype(float)
    same = near[(a - b).abs() <= AGREEMENT * np.maximum(a, b)].set_index("ori")["namesake_fips"]
    new = found["ori"].map(same)
    place = found["place_fips"].where(new.isna(), new)
    return found.assign(place_fips=place, place_method=found["place_method"].where(new.isna(), "namesake"))


def _unmatched(left: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    large = left["population"].ge(LARGE).fillna(False)
    table = (
        left.assign(city_years_10k=large.astype("int64"))
        .groupby(["state", "city"], as_index=False)
        .agg(
            first_unmatched_year=("year", "min"),
            last_unmatched_year=("year", "max"),
            city_years=("year", "size"),
            city_years_10k=("city_years_10k", "sum"),
            population_max=("population", "max"),
        )
    )
    keys = map_names(table["city"], compact_name)
    city = agencies[agencies["agency_type"].eq("City")]
    same = city.groupby(["state", "name_key"]).size()
    number = same.reindex(pd.MultiIndex.from_arrays([table["state"], keys])).fillna(0).to_numpy()
    reasons = [
        "no city agency of this name",
        "its agency has another row in a year",
        "several agencies of this name",
    ]
    return table.assign(reason=np.select([number == 0, number == 1], reasons[:2], reasons[2]))
