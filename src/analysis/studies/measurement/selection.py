"""What selection into Table 8 does: the cities of the FBI's master file, printed and not printed, in 2013.

Table 8 prints cities whose twelve months reached the FBI; the master file holds every agency. Nothing here
estimates: every function counts rows of the panels ``return_a_2013`` and ``city_year``.
"""

from __future__ import annotations

import pandas as pd

from ...panels.crime.return_a import join_return_a

#: Population groups of cities, from the largest to the smallest.
GROUPS = {
    "1": "250,000 or more",
    "2": "100,000 to 249,999",
    "3": "50,000 to 99,999",
    "4": "25,000 to 49,999",
    "5": "10,000 to 24,999",
    "6": "2,500 to 9,999",
    "7": "under 2,500",
}
#: Why a city of the master file is or is not in Table 8.
STATUSES = (
    "printed",
    "printed without a violent total",
    "twelve months, not printed",
    "some months",
    "no month",
)


def master_cities(master: pd.DataFrame, city_year: pd.DataFrame) -> pd.DataFrame:
    """Return the cities of the master file with their status in Table 8.

    Parameters
    ----------
    master : pandas.DataFrame
        Panel ``return_a_2013``.
    city_year : pandas.DataFrame
        Panel ``city_year``.

    Returns
    -------
    pandas.DataFrame
        Agencies of population groups 1 to 7 with residents that report for themselves: the columns of
        `master`, `group` (see `GROUPS`) and `status` (see `STATUSES`).
    """
    joined = join_return_a(city_year, master).set_index("ori7")
    own = master["covered_by"].isna() & (master["population"] > 0).fillna(False)
    cities = master[own & master["population_group"].str[0].isin(list(GROUPS))].copy()
    total = cities["ori7"].map(joined["violent"])
    status = pd.Series("some months", index=cities.index, dtype="str")
    status[cities["months_reported"] == 12] = "twelve months, not printed"
    status[cities["months_reported"] == 0] = "no month"
    status[cities["ori7"].isin(joined.index)] = "printed without a violent total"
    status[total.notna()] = "printed"
    return cities.assign(group=cities["population_group"].str[0].map(GROUPS), status=status)


def selection_table(cities: pd.DataFrame) -> pd.DataFrame:
    """Return cities by size and status in Table 8.

    Returns
    -------
    pandas.DataFrame
        ``group, cities``, a column for each of `STATUSES` (they add up to `cities`), ``printed_share`` (of
        cities, with or without a violent total) and ``people_share`` (of their residents).
    """
    table = pd.crosstab(cities["group"], cities["status"])
    table = table.reindex(index=list(GROUPS.values()), columns=list(STATUSES), fill_value=0)
    printed = cities["status"].str.startswith("printed")
    people = cities["population"].astype(float)
    table.insert(0, "cities", table.sum(axis=1))
    table["printed_share"] = printed.groupby(cities["group"]).mean()
    table["people_share"] = (people * printed).groupby(cities["group"]).sum() / people.groupby(
        cities["group"]
    ).sum()
    return table.rename_axis(index="group", columns=None).reset_index()


def rates_by_status(
    cities: pd.DataFrame, offenses: tuple[str, ...] = ("homicide", "robbery")
) -> pd.DataFrame:
    """Return crime per 100,000 residents of cities that report twelve months, by their status in Table 8.

    Parameters
    ----------
    cities : pandas.DataFrame
        As `master_cities` returns it.
    offenses : tuple of str, optional
        Offenses of the panel.

    Returns
    -------
    pandas.DataFrame
        ``status, cities, people_millions`` and ``<offense>_per_100k``: crimes of all of them over their
        residents, as the master file holds them. Cities that lack a month are left out: their crime of the
        year is not known.
    """
    whole = cities[cities["months_reported"] == 12]
    groups = whole.groupby("status")
    people = groups["population"].sum().astype(float)
    table = pd.DataFrame({"cities": groups.size(), "people_millions": people / 1e6})
    for name in offenses:
        table[f"{name}_per_100k"] = groups[f"{name}_reported"].sum().astype(float) / people * 1e5
    return table.reindex([name for name in STATUSES if name in table.index]).reset_index()
