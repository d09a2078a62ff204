"""The `city_year_rtci` panel: annual counts summed from the Real-Time Crime Index, for years Table 8 lacks.

The FBI's table of 2021 lacks most agencies that had not yet moved to incident-based reports. The index holds
their own monthly figures. They are another series: `agreement` measures by how much the two differ where both
exist, and no figure enters `city_year`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import UnknownPlaceError
from ...sources import rtci
from ..agencies.names import base_name, compact_name
from ..columns import panel_model, validate
from ..rates import rates_of
from ..store import add_rates

KEYS = ["ori", "year"]
INPUTS = [rtci.PATH, "city_year"]
#: Years of which the index has twelve months; 2024 ends in July.
YEARS = range(2018, 2024)
MONTHS = 12
OFFENSES = list(rtci.OFFENSES.values())
#: Two counts agree when they differ by less than this share of the FBI's.
AGREES_WITHIN = 0.05
#: City of the index by state, and the agency whose counts it shows: names that no rule makes equal.
NAMED_OTHERWISE = {
    ("KY", "Louisville"): "KY0568000",
    ("NC", "Charlotte"): "NC0600100",
    ("NV", "Las Vegas"): "NV0020100",
    ("TN", "Nashville"): "TN0190100",
}
_TOTALS = {
    "violent_without_rape": ["homicide", "robbery", "aggravated_assault"],
    "property": ["burglary", "larceny", "motor_vehicle_theft"],
}
_COUNTS = [*OFFENSES, *_TOTALS]
RATES = rates_of("city_year_rtci")

CityYearRtci = panel_model(
    "CityYearRtci",
    [*KEYS, "state", "rtci_city", "population", "population_year", "is_in_city_year", *_COUNTS, *RATES],
    keys=KEYS,
    doc="One row an agency of the index and year 2018-2023; an offense with a month missing is missing.",
)


def build_city_year_rtci(cities: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Build the panel.

    Parameters
    ----------
    cities : pandas.DataFrame
        The `city_year` panel.

    Returns
    -------
    frame : pandas.DataFrame
        Valid under `CityYearRtci`. ``population`` is that of `city_year` in the same year, else in the
        nearest year that has one (``population_year``; the earlier on a tie).
    dropped : dict of str to int
        Agency-months that did not enter, by reason.
    """
    months = rtci.read()
    oris = match_agencies(months[["state", "city"]].drop_duplicates(), cities)
    months = months.merge(oris, on=["state", "city"], how="left", validate="many_to_one")
    late, unmatched = ~months["year"].isin(YEARS), months["ori"].isna()
    dropped = {
        "agency-month of a year with seven months": int(late.sum()),
        "agency-month of an agency that Table 8 does not name": int((unmatched & ~late).sum()),
    }
    table = _annual(months[~late & ~unmatched]).rename(columns={"city": "rtci_city"})
    table = add_rates(_with_population(table, cities), RATES)
    table = table[list(CityYearRtci.to_schema().columns)].sort_values(KEYS, ignore_index=True)
    return validate(table, CityYearRtci), dropped


def match_agencies(names: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    """Return ``state, city, ori``: the agency that Table 8 names alike, exactly or without its legal status.

    Raises
    ------
    UnknownPlaceError
        If two cities of the index are one agency.
    """
    recent = cities[cities["year"].between(2016, 2024)]
    found = pd.Series(np.nan, index=names.index, dtype=object)
    for rule in (compact_name, lambda name: base_name(name).replace(" ", "")):
        keys = recent.assign(key=[rule(name) for name in recent["city"]])
        once = keys.groupby(["state", "key"])["ori"].agg(["nunique", "first"])
        sure = once.loc[once["nunique"] == 1, "first"]
        wanted = pd.MultiIndex.from_arrays([names["state"], [rule(name) for name in names["city"]]])
        found = found.fillna(pd.Series(sure.reindex(wanted).to_numpy(), index=names.index, dtype=object))
    by_hand = pd.Series(
        [NAMED_OTHERWISE.get(key) for key in zip(names["state"], names["city"], strict=True)],
        index=names.index,
    )
    table = names.assign(ori=by_hand.fillna(found))
    if table["ori"].dropna().duplicated().any():
        twice = table.loc[table["ori"].duplicated() & table["ori"].notna(), "ori"].iloc[0]
        raise UnknownPlaceError(f"Two cities of the index are agency {twice}.", where="city_year_rtci")
    return table


def agreement(monthly: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    """Return how far the two series agree in each year and offense both print.

    Parameters
    ----------
    monthly, cities : pandas.DataFrame
        Panels `city_year_rtci` and `city_year`.

    Returns
    -------
    pandas.DataFrame
        ``year, offense, agencies, within_5_percent`` (share of agencies) and ``ratio`` (sum over sum).
    """
    both = monthly[[*KEYS, *_COUNTS]].merge(cities[[*KEYS, *_COUNTS]], on=KEYS, suffixes=("", "_fbi"))
    rows = []
    for year, part in both.groupby("year"):
        for offense in _COUNTS:
            pair = part[[offense, f"{offense}_fbi"]].dropna().astype("float64")
            ours, fbi = pair[offense], pair[f"{offense}_fbi"]
            close = (ours - fbi).abs() <= AGREES_WITHIN * fbi
            rows.append((year, offense, len(pair), close.mean(), ours.sum() / fbi.sum()))
    return pd.DataFrame(rows, columns=["year", "offense", "agencies", "within_5_percent", "ratio"])


def _annual(months: pd.DataFrame) -> pd.DataFrame:
    grouped = months.groupby(["ori", "year", "state", "city"], as_index=False)
    table = grouped[OFFENSES].sum(min_count=MONTHS)
    for total, parts in _TOTALS.items():
        table[total] = table[parts].sum(axis=1, min_count=len(parts))
    return table.astype(dict.fromkeys(_COUNTS, "Int64"))


def _with_population(table: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    known = cities.dropna(subset=["population"])
    known = known[known["population"] > 0][["ori", "year", "population"]]
    known = known.rename(columns={"year": "population_year"})
    pairs = table[KEYS].merge(known, on="ori", how="left", validate="many_to_many")
    pairs["distance"] = (pairs["population_year"] - pairs["year"]).abs()
    nearest = pairs.sort_values([*KEYS, "distance", "population_year"]).drop_duplicates(KEYS)
    present = pd.MultiIndex.from_frame(table[KEYS]).isin(pd.MultiIndex.from_frame(cities[KEYS]))
    table = table.assign(is_in_city_year=present)
    table = table.merge(nearest.drop(columns="distance"), on=KEYS, how="left", validate="one_to_one")
    return table.astype({"population_year": "Int64", "population": "Int64", "ori": "str", "state": "str"})
