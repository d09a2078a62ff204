"""What the data hold and where they have holes: coverage, breaks, and when policies came.

Nothing here estimates; every function counts rows of committed panels for the first notebook.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..panels.breaks.comparability import has_break
from ..panels.policies.cohorts import cohorts, state_laws
from .designs.study_spec import StudySpec

#: Statuses of a city's violent-crime count, from the best to the worst.
STATUSES = ("published", "published, new series", "published without rape", "not published")


@dataclass(frozen=True)
class CoverageSpec(StudySpec):
    """What the first notebook counts."""

    #: A city is large from this many people on, in any year of the panel.
    large: int = 100_000
    #: Largest cities whose series are drawn one by one.
    largest: int = 30
    #: First year of adoptions counted.
    first: int = 1999
    #: Year at whose end counties are mapped that decline detainers, and cities that limit status inquiries.
    counties_until: int = 2015
    cities_until: int = 2014
    #: Shares of large cities under which a state's coverage is called thin, and a year's nearly none.
    thin: float = 0.5
    none: float = 0.1


SPEC = CoverageSpec()
_DEPARTMENT = r"^Metropolitan |( Metropolitan)? Police Department$| Metro$"


def years_table(city_year: pd.DataFrame) -> pd.DataFrame:
    """Return one row a year: cities, people in them, and how many print each total.

    Parameters
    ----------
    city_year : pandas.DataFrame
        The panel.

    Returns
    -------
    pandas.DataFrame
        ``year, cities, people_millions, violent, without_rape, property, rape_legacy, rape_revised``; all but
        people are counts of cities.
    """
    grouped = city_year.groupby("year")
    table = pd.DataFrame(
        {
            "cities": grouped.size(),
            "people_millions": grouped["population"].sum().astype(float) / 1e6,
            "violent": grouped["violent"].count(),
            "without_rape": grouped["violent_without_rape"].count(),
            "property": grouped["property"].count(),
            "rape_legacy": grouped["rape_legacy"].count(),
            "rape_revised": grouped["rape_revised"].count(),
        }
    )
    return table.reset_index()


def large_city_coverage(city_year: pd.DataFrame, outcome: str, floor: int) -> pd.DataFrame:
    """Return the share of each state's large cities that print an outcome, by year.

    Parameters
    ----------
    city_year : pandas.DataFrame
        The panel.
    outcome : str
        A count, e.g. ``violent``.
    floor : int
        People, in any year, from which a city counts; the denominator is the same in every year.

    Returns
    -------
    pandas.DataFrame
        Index: states, those with most large cities first; columns: years; values from 0 to 1.
    """
    large = city_year[city_year.groupby("ori")["population"].transform("max") >= floor]
    cities = large.groupby("state")["ori"].nunique()
    printed = large[large[outcome].notna()].groupby(["state", "year"]).size().unstack(fill_value=0)
    printed = printed.reindex(columns=sorted(city_year["year"].unique()), fill_value=0)
    order = cities.sort_index().sort_values(ascending=False, kind="stable").index
    return printed.div(cities, axis=0).loc[order]


def violent_status(city_year: pd.DataFrame, breaks: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return what the tables print of violent crime in the largest cities, one of `STATUSES` a year.

    Parameters
    ----------
    city_year, breaks : pandas.DataFrame
        Panels ``city_year`` and ``series_breaks``.
    number : int
        How many cities, by their largest population.

    Returns
    -------
    pandas.DataFrame
        Index: ``City, ST`` from the largest on; columns: years.
    """
    largest = city_year.groupby("ori")["population"].max().nlargest(number).index
    rows = city_year[city_year["ori"].isin(largest)]
    status = pd.Series("published", index=rows.index)
    status[has_break(rows, breaks, "level_shift", "violent")] = "published, new series"
    status[rows["violent"].isna()] = "published without rape"
    status[rows["violent_without_rape"].isna() & rows["violent"].isna()] = "not published"
    grid = status.to_frame("status").assign(ori=rows["ori"], year=rows["year"])
    grid = grid.pivot(index="ori", columns="year", values="status").fillna("not published")
    grid = grid.reindex(index=largest, columns=sorted(city_year["year"].unique()), fill_value="not published")
    return grid.rename(index=city_names(rows))


def city_names(city_year: pd.DataFrame) -> dict[str, str]:
    """Return ``City, ST`` by agency, as the latest table prints it, without words for the department."""
    latest = city_year.sort_values("year").groupby("ori")[["city", "state"]].last()
    short = latest["city"].str.replace(_DEPARTMENT, "", regex=True)
    return {
        str(ori): f"{city}, {state}"
        for ori, city, state in zip(latest.index, short, latest["state"], strict=True)
    }


def breaks_table(breaks: pd.DataFrame) -> pd.DataFrame:
    """Return counted statements on breaks: ``effect, kind, statements, places, first, last``."""
    grouped = breaks.assign(place=breaks["break_ori"].fillna(breaks["break_state"])).groupby(
        ["effect", "break_kind"]
    )
    table = pd.DataFrame(
        {
            "statements": grouped.size(),
            "places": grouped["place"].nunique(),
            "first": grouped["first_year"].min(),
            "last": grouped["last_year"].max(),
        }
    ).reset_index()
    return table.assign(
        effect=table["effect"].str.replace("_", " "), break_kind=table["break_kind"].str.replace("_", " ")
    ).rename(columns={"break_kind": "kind"})


def adoptions(policies: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Return how many places adopted each kind of policy in each year, at dates that serve event time.

    Parameters
    ----------
    policies : pandas.DataFrame
        Panel ``policies``.
    first, last : int
        Years, both included.

    Returns
    -------
    pandas.DataFrame
        Index: years; columns: cities limiting status inquiries, counties declining detainers.
    """
    counted = {
        "cities limiting status inquiries": cohorts(policies, "status_inquiry", first=first, last=last),
        "counties declining detainers": cohorts(policies, "detainers", unit="county", first=first, last=last),
    }
    years = range(first, last + 1)
    return pd.DataFrame(
        {name: rows["cohort"].value_counts().reindex(years, fill_value=0) for name, rows in counted.items()}
    )


def excluded_table(policies: pd.DataFrame) -> pd.DataFrame:
    """Return places by definition and kind with why a date cannot serve event time.

    Returns
    -------
    pandas.DataFrame
        ``definition, kind, places, usable`` and one column a reason; ``places`` is the sum of the others.
    """
    reason = policies["excluded_because"].astype("object").where(~policies["in_event_time"], "usable")
    table = pd.crosstab([policies["definition"], policies["kind"]], reason.fillna("no reason given"))
    table.insert(0, "places", table.sum(axis=1))
    columns = ["places", "usable", *sorted(set(table.columns) - {"places", "usable"})]
    return table[columns].rename_axis(columns=None).reset_index()


def detainer_counties(policies: pd.DataFrame, counties: pd.DataFrame, until: int) -> dict[str, str]:
    """Return each county's class by how it came to decline detainers by the end of a year.

    Returns
    -------
    dict of str to str
        By FIPS: ``own policy, dated``, ``own policy, date not usable`` or ``statewide law alone``; counties
        with none are absent.
    """
    own = cohorts(policies, "detainers", unit="county", last=until, event_time_only=False)
    laws = state_laws(policies, "detainers")
    by_law = counties[counties["state"].isin(laws.loc[laws["cohort"] <= until, "state"])]["fips"]
    classes = dict.fromkeys(by_law, "statewide law alone")
    for fips, usable in zip(own["fips"], own["in_event_time"], strict=True):
        classes[fips] = "own policy, dated" if usable else "own policy, date not usable"
    return classes


def inquiry_cities(policies: pd.DataFrame, city_year: pd.DataFrame, until: int) -> pd.DataFrame:
    """Return cities that limited status inquiries at a usable date by the end of a year: ``place, fips``."""
    rows = cohorts(policies, "status_inquiry", last=until)
    county = city_year.dropna(subset=["county_fips"]).groupby("ori")["county_fips"].last()
    return pd.DataFrame({"place": rows["place"], "fips": rows["ori"].map(county)}).dropna()
