"""Readers of the four detainer files released by Immigration and Customs Enforcement (ICE) under FOIA.

A detainer asks a jail to hold a person for ICE. ``declined_vs_everythingelse`` counts, by facility and
calendar year, the detainers a local agency declined; ``ice_detainers_fy15ytd_foia_15-87693`` lists every
detainer prepared from 1 October 2014 to 19 July 2015; ``pa_detainers`` every Pennsylvania detainer from
October 2007; ``public_detentations_percentages`` pools fiscal years 2008 to 2015 by facility and outcome.
Agencies seldom tell ICE of a refusal, so declined detainers are a lower bound.
"""

from __future__ import annotations

import pandas as pd

from ...errors import ImpossibleValueError, LayoutError
from ..county.checks import require_columns, require_rows, require_unique
from ..registry.files import locate
from ..registry.totals import reader
from ..states import usps_by

DECLINED = "ice_detainers/declined_vs_everythingelse.csv"
FISCAL_2015 = "ice_detainers/ice_detainers_fy15ytd_foia_15-87693.xlsx"
PENNSYLVANIA = "ice_detainers/pa_detainers.csv"
POOLED = "ice_detainers/public_detentations_percentages.csv"
#: Outcome ("lift reason") of a detainer that the local agency declined.
DECLINED_OUTCOME = "Detainer Declined by LEA"
#: Territories that the table of states does not hold.
TERRITORIES = {"GUAM": "GU", "NORTHERN MARIANA ISLANDS": "MP", "VIRGIN ISLANDS": "VI"}
#: Rows of each file as published; of the first, of its two blocks.
ROWS = {FISCAL_2015: 79_053, PENNSYLVANIA: 32_757, POOLED: 16_113}
BLOCK_ROWS = (1_370, 1_291)

_FACILITY = ["facility", "city", "state"]
_HEADER = ["Prepare Date", "Detainer Type", "Detainer Detention Facility", "State", "City"]
_HEADER = [*_HEADER, "Detainer Lift Reason"]


@reader("ice.detainers.read_declined", DECLINED)
def read_declined() -> pd.DataFrame:
    """Return the declined detainers by facility and calendar year.

    Returns
    -------
    pandas.DataFrame
        ``facility, city, state`` (USPS; empty strings where the file names no place), ``year``, ``declined``
        (detainers whose outcome ICE recorded as declined by the local agency). One row a facility and year;
        a facility-year without a decline has no row. 2007 begins in October, 2015 ends on 19 July.

    Raises
    ------
    LayoutError, DuplicateKeyError, ImpossibleValueError
        Other columns, another number of rows, a facility-year twice, a count that is no positive integer.
    """
    block = _blocks()[0].set_axis(["year", *_FACILITY, "declined"], axis=1)
    require_rows(block, BLOCK_ROWS[0], DECLINED)
    table = block.assign(year=block["year"].astype("int64"), declined=_positive(block["declined"], DECLINED))
    table = table[[*_FACILITY, "year", "declined"]].assign(state=_usps(table["state"], DECLINED))
    require_unique(table, [*_FACILITY, "year"], DECLINED)
    return table.sort_values([*_FACILITY, "year"], ignore_index=True)


@reader("ice.detainers.read_other_outcomes", DECLINED)
def read_other_outcomes() -> pd.DataFrame:
    """Return the second block of the declined file: other recorded outcomes of facilities that declined one.

    Returns
    -------
    pandas.DataFrame
        ``facility, year, other_outcomes``: detainers of that year at facilities of that name with a recorded
        outcome other than a decline. The block names no city, so facilities that share a name are summed
        together (see `defect_other_outcomes_by_name`), and detainers without a recorded outcome are not in it
        (see `defect_blank_outcomes_left_out`): it is no count of all detainers.
    """
    block = _blocks()[1].set_axis(["facility", "year", "other_outcomes"], axis=1)
    require_rows(block, BLOCK_ROWS[1], DECLINED)
    table = block.assign(
        year=block["year"].astype("int64"), other_outcomes=_positive(block["other_outcomes"], DECLINED)
    )
    table = defect_other_outcomes_by_name(table)
    return table.sort_values(["facility", "year"], ignore_index=True)


def defect_other_outcomes_by_name(block: pd.DataFrame) -> pd.DataFrame:
    """Keep one of the identical rows the second block prints for each facility of a shared name.

    Where two jails of one name declined in a year, the published block repeats the sum over both, once for
    each. Rows that share name and year but not the count would be another defect, and raise.

    Raises
    ------
    DuplicateKeyError
        If a name and year has two different counts.
    """
    once = block.drop_duplicates()
    require_unique(once, ["facility", "year"], DECLINED)
    return once


def defect_blank_outcomes_left_out(other: pd.DataFrame, detainers: pd.DataFrame) -> pd.DataFrame:
    """Hold the second block against every detainer of the same names and years.

    Parameters
    ----------
    other : pandas.DataFrame
        `read_other_outcomes`.
    detainers : pandas.DataFrame
        `read_fiscal_2015` or `read_pennsylvania`, of whole calendar years as far as `other` covers them.

    Returns
    -------
    pandas.DataFrame
        ``facility, year, other_outcomes``, ``recorded`` (recorded outcomes other than a decline) and
        ``blank`` (no outcome recorded), for the facility-years in both: ``other_outcomes`` equals
        ``recorded`` and omits ``blank``.
    """
    rows = detainers.assign(
        year=detainers["prepared"].dt.year,
        blank=detainers["outcome"].eq(""),
        recorded=~detainers["outcome"].isin(["", DECLINED_OUTCOME]),
    )
    sums = rows.groupby(["facility", "year"], as_index=False)[["recorded", "blank"]].sum()
    return other.merge(sums, on=["facility", "year"], validate="one_to_one")


@reader("ice.detainers.read_fiscal_2015", FISCAL_2015)
def read_fiscal_2015() -> pd.DataFrame:
    """Return every detainer prepared from 1 October 2014 to 19 July 2015, one row each.

    Returns
    -------
    pandas.DataFrame
        ``prepared`` (date), ``form``, ``facility, city, state`` and ``outcome`` (the empty string where none
        is recorded, as for 66% of them: late detainers have had little time to end). Rows keep the order of
        the file. No person can be told from another.

    Raises
    ------
    LayoutError
        If the heading or the number of rows is not the published one.
    """
    sheet = pd.read_excel(
        locate(FISCAL_2015), engine="calamine", header=None, dtype=object, keep_default_na=False
    )
    if list(sheet.iloc[0]) != _HEADER:
        raise LayoutError(f"The heading is {list(sheet.iloc[0])}.", where=FISCAL_2015, remedy="Get it again.")
    table = sheet.iloc[1:].set_axis(["prepared", "form", "facility", "state", "city", "outcome"], axis=1)
    require_rows(table, ROWS[FISCAL_2015], FISCAL_2015)
    return _detainers(table, FISCAL_2015)


@reader("ice.detainers.read_pennsylvania", PENNSYLVANIA)
def read_pennsylvania() -> pd.DataFrame:
    """Return every detainer at a Pennsylvania facility from 2 October 2007 to 18 July 2015, one row each.

    Returns
    -------
    pandas.DataFrame
        As `read_fiscal_2015`; ``form`` is empty before October 2014.
    """
    table = pd.read_csv(locate(PENNSYLVANIA), dtype="str", keep_default_na=False)
    require_columns(
        table, ["date", "lift_reason", "det_facility", "city", "state", "detainer_type"], PENNSYLVANIA
    )
    require_rows(table, ROWS[PENNSYLVANIA], PENNSYLVANIA)
    names = {
        "date": "prepared",
        "detainer_type": "form",
        "det_facility": "facility",
        "lift_reason": "outcome",
    }
    return _detainers(table.rename(columns=names), PENNSYLVANIA)


@reader("ice.detainers.read_pooled", POOLED)
def read_pooled() -> pd.DataFrame:
    """Return detainers of fiscal years 2008 to 2015 by facility and outcome, all years pooled.

    Returns
    -------
    pandas.DataFrame
        ``facility`` (empty for 1,085 detainers without one), ``outcome`` (empty where none is recorded),
        ``detainers``, ``detainers_of_facility``. The file names no city or state.

    Raises
    ------
    ImpossibleValueError
        If the outcomes of a facility do not add up to the total printed beside them.
    """
    table = pd.read_csv(locate(POOLED), dtype="str", keep_default_na=False)
    require_columns(table, ["det_facility", "lift_reason", "count", "count_all"], POOLED)
    require_rows(table, ROWS[POOLED], POOLED)
    table = pd.DataFrame(
        {
            "facility": table["det_facility"],
            "outcome": table["lift_reason"],
            "detainers": _positive(table["count"], POOLED),
            "detainers_of_facility": _positive(table["count_all"], POOLED),
        }
    )
    require_unique(table, ["facility", "outcome"], POOLED)
    sums = table.groupby("facility")["detainers"].transform("sum")
    if (wrong := sums != table["detainers_of_facility"]).any():
        row = table[wrong].iloc[0]
        raise ImpossibleValueError(
            f"The outcomes of {row['facility']} do not add up to {row['detainers_of_facility']:,}.",
            where=POOLED,
            remedy="Get the file again as data/raw/README.md says.",
        )
    return table


def _blocks() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the two tables that stand side by side in the file, without the empty rows below each."""
    both = pd.read_csv(locate(DECLINED), dtype="str", keep_default_na=False, header=None)
    heading = ["year", "det_facility", "city", "state", "count", "det_facility", "year", "count"]
    if list(both.iloc[0]) != heading:
        raise LayoutError(f"The heading is {list(both.iloc[0])}.", where=DECLINED, remedy="Get it again.")
    left, right = both.iloc[1:, :5], both.iloc[1:, 5:]
    return left[left.iloc[:, 0] != ""], right[right.iloc[:, 1] != ""]


def _detainers(table: pd.DataFrame, where: str) -> pd.DataFrame:
    table = table.reset_index(drop=True)
    table["prepared"] = pd.to_datetime(table["prepared"])
    table["state"] = _usps(table["state"], where)
    columns = ["prepared", "form", *_FACILITY, "outcome"]
    return table[columns].astype(dict.fromkeys(columns[1:], "str"))


def _usps(names: pd.Series, where: str) -> pd.Series:
    known = {name.upper(): code for name, code in usps_by("name").items()} | TERRITORIES | {"": ""}
    codes = names.map(known)
    if codes.isna().any():
        raise LayoutError(
            f"{names[codes.isna()].iloc[0]!r} is no state.", where=where, remedy="Get the file again."
        )
    return codes


def _positive(counts: pd.Series, where: str) -> pd.Series:
    wrong = ~counts.str.fullmatch(r"[1-9]\d*")
    if wrong.any():
        raise ImpossibleValueError(
            f"{counts[wrong].iloc[0]!r} is no positive count.",
            where=f"{where}, data row {int(wrong.to_numpy().argmax()) + 1}",
            remedy="Get the file again as data/raw/README.md says.",
        )
    return counts.astype("int64")
