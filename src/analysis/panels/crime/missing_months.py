"""Months that agencies did not report: three treatments side by side, counties, and clearance rates.

Agency-years here are those of `analysis.sources.return_a` (`read_agency_years`, or an ingested dataset).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from ...errors import DuplicateKeyError, ImpossibleValueError

#: Treatments of missing months.
TREATMENTS = ("complete", "scaled", "county_file")
#: Months from which a year is scaled to twelve.
ENOUGH = 3
_KEYS = ["year", "state", "county"]
_CELL = ["year", "state", "population_group"]


def months_known(years: pd.DataFrame) -> pd.Series:
    """Return the months a year's counts cover: those reported, and those held by a later month's return."""
    return (years["months_reported"] + years["months_included"]).astype("int64")


def treat_missing_months(years: pd.DataFrame, counts: Sequence[str]) -> pd.DataFrame:
    """Return three treatments of missing months side by side.

    Parameters
    ----------
    years : pandas.DataFrame
        Agency-years: ``year, state, population_group, population, covered_by, months_reported,
        months_included`` and the counts.
    counts : sequence of str
        Columns to treat, e.g. ``["actual_murder"]``; none may be of a card other than actual offenses, whose
        months these are.

    Returns
    -------
    pandas.DataFrame
        `years` with, for each count, ``_complete`` (as reported where all twelve months are known, else
        missing), ``_scaled`` (times 12 / months where three or more are known, else missing) and
        ``_county_file`` (as scaled; with fewer months the rate per resident of the agencies that report
        twelve in the same year, state and population group, times the agency's population; missing where no
        such agency has residents); and `treatment`: ``reported, scaled, imputed, covered`` or ``missing``. An
        agency covered by another is missing throughout: its crimes are in the other's return.

    Raises
    ------
    ImpossibleValueError
        If a count is not of the card of actual offenses.

    Notes
    -----
    The last is the rule of the county files that NACJD has published since 1994 [1]_; Maltz and Targonski
    conclude that such data should not be used in policy studies [2]_. It is here to show what it does.

    References
    ----------
    .. [1] Kaplan, J. Decoding FBI Crime Data, chapter on county-level data, ucrbook.com.
    .. [2] Maltz and Targonski (2002), Journal of Quantitative Criminology 18(3).
    """
    if wrong := [name for name in counts if not name.startswith("actual_")]:
        raise ImpossibleValueError(
            f"{', '.join(wrong)}: not actual offenses.",
            where="treat_missing_months",
            remedy="Their months differ.",
        )
    months, covered = months_known(years), years["covered_by"].notna()
    columns = {"treatment": _treatment(years, months, covered)}
    for name in counts:
        count = years[name].astype("Float64").mask(covered)
        columns[f"{name}_complete"] = count.where(months == 12)
        columns[f"{name}_scaled"] = (count * 12 / months.where(months > 0)).where(months >= ENOUGH)
        imputed = _rate_of_complete(years, count.where(months == 12)) * years["population"].astype("Float64")
        few = imputed.where((months < ENOUGH) & ~covered)
        columns[f"{name}_county_file"] = columns[f"{name}_scaled"].fillna(few)
    treated = columns["treatment"].mask(
        columns["treatment"].eq("imputed") & _nothing_imputed(columns, counts), "missing"
    )
    return years.assign(**columns | {"treatment": treated})


def split_by_county(years: pd.DataFrame, counts: Sequence[str]) -> pd.DataFrame:
    """Return agency-years cut into the up to three counties over which their population lies.

    Returns
    -------
    pandas.DataFrame
        One row an agency, year and county (FBI county number within the state): ``year, state, ori7, county,
        share`` (of the population; 1 for the first county where there is none), ``population`` (of the part),
        ``months`` and the counts times the share. An agency without a county keeps one row, its county
        missing.
    """
    total, parts = years["population"].fillna(0), []
    for k in (1, 2, 3):
        people = years[f"population_{k}"].fillna(0)
        share = (people / total.where(total > 0)).fillna(float(k == 1)).astype("float64")
        part = years[["year", "state", "ori7"]].assign(
            county=years[f"county_{k}"], share=share, population=people, months=months_known(years)
        )
        for name in counts:
            part[name] = years[name].astype("Float64") * share
        parts.append(part[(share > 0) | (people > 0)])
    return pd.concat(parts, ignore_index=True).sort_values([*_KEYS, "ori7"], ignore_index=True)


def county_totals(years: pd.DataFrame, counts: Sequence[str]) -> pd.DataFrame:
    """Return counts of offenses by county under each treatment, with what they rest on.

    Parameters
    ----------
    years : pandas.DataFrame
        Agency-years (see `treat_missing_months`), at most one an agency, state and year but for repeated
        records, which all count.
    counts : sequence of str
        Columns of actual offenses.

    Returns
    -------
    pandas.DataFrame
        One row ``year, state, county`` (FBI county number; missing for agencies without one, New York City
        among them): ``agencies`` (with crimes of their own, so without those covered by another),
        ``complete_agencies`` (twelve months known), ``population``,
        ``coverage`` (percent: 100 less the share of missing months, agencies weighted by population; missing
        where nobody lives), and each count under each of `TREATMENTS`: sums over the agencies for which
        there is a figure, missing where there is none.

    Notes
    -----
    Covered agencies' populations count, with the months of the agency that covers them where it is in the
    same frame and year, else as missing months.
    """
    treated = treat_missing_months(years, counts)
    treated = treated.assign(months_reported=_months_of_coverer(treated), months_included=0)
    wanted = [f"{name}_{rule}" for name in counts for rule in TREATMENTS]
    own = treated["covered_by"].isna()
    split = split_by_county(treated.assign(own=own.astype(float)), [*wanted, "own"])
    split["missing"] = split["population"].astype(float) * (12 - split["months"].clip(upper=12)) / 12
    split["complete"] = (split["own"] > 0) & (split["months"] >= 12)
    split["own"] = split["own"] > 0
    groups = split.groupby(_KEYS, dropna=False, observed=True)
    table = (
        groups[["own", "complete", "population", "missing"]]
        .sum()
        .rename(columns={"own": "agencies", "complete": "complete_agencies"})
    )
    people = table["population"].astype(float)
    table["coverage"] = 100 * (1 - table.pop("missing") / people.where(people > 0))
    return table.join(groups[wanted].sum(min_count=1)).reset_index()


def county_fips(years: pd.DataFrame, fips: pd.Series) -> pd.DataFrame:
    """Return FIPS codes of the FBI's county numbers, learned from agencies whose county is known.

    Parameters
    ----------
    years : pandas.DataFrame
        Agency-years.
    fips : pandas.Series
        County FIPS code by ``ori7``, e.g. of the crosswalk of agencies.

    Returns
    -------
    pandas.DataFrame
        ``state, county, fips, agencies, share``: the FIPS code of most agencies that lie in that county
        alone, how many there are, and their share among all with a known code. A tie is left out.
    """
    alone = years[years["county_1"].notna() & years["county_2"].isna()]
    known = alone.assign(fips=alone["ori7"].map(fips)).dropna(subset="fips")
    counted = known.groupby(["state", "county_1", "fips"], observed=True)["ori7"].nunique()
    votes = counted.rename("agencies").reset_index()
    votes = votes.rename(columns={"county_1": "county"}).astype({"state": "str"})
    group = votes.groupby(["state", "county"])["agencies"]
    votes["share"] = votes["agencies"] / group.transform("sum")
    best = votes[votes["agencies"] == group.transform("max")]
    return best.drop_duplicates(["state", "county"], keep=False).reset_index(drop=True)


def clearance_rates(years: pd.DataFrame, offenses: Iterable[str]) -> pd.DataFrame:
    """Return offenses cleared per offense known.

    Parameters
    ----------
    years : pandas.DataFrame
        Agency-years: ``ori7, year, months_reported, months_cleared`` and counts.
    offenses : iterable of str
        Offenses in the record's words, e.g. ``["murder", "robbery"]``.

    Returns
    -------
    pandas.DataFrame
        ``ori7, year`` and ``<offense>_clearance_rate``: missing unless returns of offenses and of clearances
        came in for all twelve months, and where no offense is known. It can exceed 1: offenses of earlier
        years are cleared too.

    Raises
    ------
    DuplicateKeyError
        If an agency has two records in a year.
    """
    if years.duplicated(["ori7", "year"]).any():
        first = years.loc[years.duplicated(["ori7", "year"]), ["ori7", "year"]].iloc[0].to_dict()
        raise DuplicateKeyError(f"Two records of {first}.", where="clearance_rates", remedy="Keep one.")
    whole = (years["months_reported"] == 12) & (years["months_cleared"] == 12)
    rates = {}
    for name in offenses:
        known = years[f"actual_{name}"].astype("Float64")
        rates[f"{name}_clearance_rate"] = (years[f"cleared_{name}"] / known.where(known > 0)).where(whole)
    return years[["ori7", "year"]].assign(**rates)


def _treatment(years: pd.DataFrame, months: pd.Series, covered: pd.Series) -> pd.Series:
    names = np.select([covered, months == 12, months >= ENOUGH], ["covered", "reported", "scaled"], "imputed")
    return pd.Series(names, index=years.index, dtype="str")


def _nothing_imputed(columns: dict[str, pd.Series], counts: Sequence[str]) -> pd.Series:
    return pd.concat([columns[f"{name}_county_file"].isna() for name in counts], axis=1).all(axis=1)


def _rate_of_complete(years: pd.DataFrame, complete: pd.Series) -> pd.Series:
    """Return offenses per resident of the agencies that report twelve months, by year, state and group."""
    people = years["population"].astype("Float64").where(complete.notna())
    cells = years[_CELL].astype({"state": "str"}).assign(count=complete, people=people)
    sums = cells.groupby(_CELL, dropna=False)[["count", "people"]].transform("sum")
    return sums["count"] / sums["people"].where(sums["people"] > 0)


def _months_of_coverer(years: pd.DataFrame) -> pd.Series:
    months = months_known(years)
    best = months.groupby([years["year"], years["ori7"]]).max()
    key = pd.MultiIndex.from_arrays([years["year"], years["covered_by"]])
    theirs = pd.Series(best.reindex(key).to_numpy(), index=years.index).fillna(0)
    return months.where(years["covered_by"].isna(), np.maximum(months, theirs)).astype("int64")
