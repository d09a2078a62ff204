"""The `city_year` panel: one row an agency and year, 1999-2024, counts, rates, and flags for breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pandera.pandas as pa

from ...errors import ImpossibleValueError
from ...sources.fbi_table8.defects import homicide_without_september_11, rape_by_definition, total_from_parts
from ..agencies.matching import AgencyMatch
from ..breaks.comparability import has_break
from ..columns import panel_model, validate
from ..rates import rates_of
from ..store import add_rates

KEYS = ["ori", "year"]
_RAPES = ["rape_legacy", "rape_revised"]
OUTCOMES = [
    "violent",
    "violent_without_rape",
    "homicide",
    *_RAPES,
    "robbery",
    "aggravated_assault",
    "property",
    "burglary",
    "larceny",
    "motor_vehicle_theft",
    "arson",
]
RATES = rates_of("city_year")
_VIOLENT_PARTS = ["homicide", "rape", "robbery", "aggravated_assault"]
_PROPERTY_PARTS = ["burglary", "larceny", "motor_vehicle_theft"]
_FLAGS = [
    "rape_definition",
    "is_violent_computed",
    "is_property_computed",
    "is_series_break",
    "is_exceptional",
    "is_withheld",
    "has_notes",
]
_UNMATCHED = ["year", "state", "city", "population", "reason", "source_file", "sheet_row"]


def _violent_is_its_parts(cls: Any, frame: pd.DataFrame) -> bool:
    return bool((violent_parts(frame) == frame["violent"]).fillna(True).all())


CityYear = panel_model(
    "CityYear",
    [
        *["ori", "year", "state", "city", "place_fips", "county_fips", "match_method", "population"],
        *OUTCOMES,
        "homicide_printed",
        *RATES,
        *_FLAGS,
    ],
    keys=KEYS,
    checks={"violent_is_its_parts": pa.dataframe_check(_violent_is_its_parts)},
    doc="One row an agency and year. A row that is absent was not published: it is not zero.",
)
UnmatchedCities = panel_model(
    "UnmatchedCities",
    _UNMATCHED,
    keys=["year", "state", "city"],
    doc="Printed city-years without an agency identifier, with the reason: they are not in `city_year`.",
)


@dataclass(frozen=True)
class CityYears:
    """The panel and what did not enter it.

    Attributes
    ----------
    panel : pandas.DataFrame
        Valid under `CityYear`.
    unmatched : pandas.DataFrame
        Valid under `UnmatchedCities`; with `panel` it accounts for every printed row.
    """

    panel: pd.DataFrame
    unmatched: pd.DataFrame


def build_city_year(table8: pd.DataFrame, matches: pd.DataFrame, breaks: pd.DataFrame) -> CityYears:
    """Build the panel from every printed city-year.

    Parameters
    ----------
    table8 : pandas.DataFrame
        `analysis.sources.fbi_table8.table8.read_all`.
    matches : pandas.DataFrame
        One row for each row of `table8`, as `row_matches` returns it.
    breaks : pandas.DataFrame
        The `series_breaks` panel.

    Returns
    -------
    CityYears
        Panel and unmatched rows. Of New York 2001 `homicide`, and the totals and rates that contain it, leave
        out the 2,823 deaths of 11 September 2001; `homicide_printed` keeps them. Totals that a year does not
        print (1999-2002) are summed where every part is printed, and flagged. A population of zero or missing
        has no rate.

    Raises
    ------
    ImpossibleValueError
        If rows and matches do not account for each other.
    """
    joined = table8.merge(matches, on=["year", "state", "city"], how="left", validate="1:1", indicator=True)
    if (joined.pop("_merge") != "both").any() or len(matches) != len(table8):
        raise ImpossibleValueError(
            f"{len(table8):,} rows are printed, {len(matches):,} are given as matched or unmatched.",
            where="city_year",
            remedy="Match every row of Table 8, leaving the identifier missing where none is found.",
        )
    matched = joined[joined["ori"].notna()].copy()
    unmatched = joined.loc[joined["ori"].isna(), _UNMATCHED].sort_values(["year", "state", "city"])
    panel = _flags(add_rates(_counts(matched), RATES), breaks)
    panel = panel[list(CityYear.to_schema().columns)].sort_values(KEYS).reset_index(drop=True)
    return CityYears(
        validate(_typed(panel), CityYear), validate(_typed(unmatched.reset_index(drop=True)), UnmatchedCities)
    )


def row_matches(table8: pd.DataFrame, match: AgencyMatch) -> pd.DataFrame:
    """Return agency, place and county of every printed row, and the reason where there is none.

    Parameters
    ----------
    table8 : pandas.DataFrame
        The rows given to `analysis.panels.agencies.matching.match_agencies`.
    match : AgencyMatch
        What it returned.

    Returns
    -------
    pandas.DataFrame
        `year`, `state`, `city`, `ori`, `place_fips`, `county_fips`, `match_method`, all but the first three
        missing where no agency is found, and `reason`, missing where one is.
    """
    key = ["year", "state", "city"]
    found = match.matched[[*key, "ori", "place_fips", "county_fips", "match_method"]]
    rows = table8[key].merge(found, on=key, how="left", validate="1:1")
    left = match.unmatched[["state", "city", "reason"]]
    rows = rows.merge(left, on=["state", "city"], how="left", validate="m:1")
    return rows.assign(reason=rows["reason"].where(rows["ori"].isna()))


def violent_parts(frame: pd.DataFrame) -> pd.Series:
    """Return homicide, rape of the printed definition, robbery and aggravated assault together."""
    rape = frame["rape_legacy"].fillna(frame["rape_revised"])
    return frame["homicide"] + rape + frame["robbery"] + frame["aggravated_assault"]


def _counts(frame: pd.DataFrame) -> pd.DataFrame:
    frame["homicide_printed"] = frame["homicide"]
    frame = homicide_without_september_11(frame)
    frame["violent_without_rape"] = frame["homicide"] + frame["robbery"] + frame["aggravated_assault"]
    frame["rape"] = frame["rape_legacy"].fillna(frame["rape_revised"])
    for total, parts in (("violent", _VIOLENT_PARTS), ("property", _PROPERTY_PARTS)):
        frame[total], frame[f"is_{total}_computed"] = total_from_parts(frame, total, parts)
    return frame


def _flags(frame: pd.DataFrame, breaks: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        rape_definition=rape_by_definition(frame),
        is_series_break=has_break(frame, breaks, "level_shift"),
        is_exceptional=has_break(frame, breaks, "exceptional"),
        is_withheld=has_break(frame, breaks, "withheld"),
        has_notes=(frame["city_markers"] + frame["state_markers"]) != "",
    )


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    text = [name for name in frame if frame[name].dtype == object]
    return frame.astype(dict.fromkeys(text, "str"))
