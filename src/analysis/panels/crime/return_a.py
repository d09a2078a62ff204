"""The Return A master file beside Table 8: the `return_a_2013` panel, its join, and why the two differ."""

from __future__ import annotations

import pandas as pd

from ...errors import ImpossibleValueError
from ...sources.registry.files import locate
from ...sources.return_a import read_agency_years
from ..columns import panel_model, validate

#: The registered file of 2013, and its year.
FILE, YEAR = "fbi_return_a/RETURNA2013.txt.zip", 2013
KEYS = ["ori7", "year"]
#: Offenses in the words of the panels, by the record's.
OFFENSES = {
    "homicide": "murder",
    "rape": "rape",
    "robbery": "robbery",
    "aggravated_assault": "aggravated_assault",
    "burglary": "burglary",
    "larceny": "larceny",
    "motor_vehicle_theft": "motor_vehicle_theft",
}
#: Offenses that Table 8 and the master file count alike; the master file does not tell rape's definition.
COMPARED = tuple(name for name in OFFENSES if name != "rape")
#: Kinds of difference between Table 8 and the master file, in the order in which they are given.
KINDS = (
    "not in the master file",
    "no return in the master file",
    "months missing in the master file",
    "below zero in the master file",
    "updated later than the last agreement",
    "unexplained",
)
_WEAPONS = ("assault_gun", "assault_knife", "assault_other_weapon", "assault_hands")
_HEADER = ["agency_name", "population_group", "covered_by"]

ReturnA2013 = panel_model(
    "ReturnA2013",
    [
        *["ori7", "year", "state", *_HEADER, "population", "months_reported", "months_cleared"],
        *["last_month_reported", "last_updated"],
        *[f"{name}_reported" for name in OFFENSES],
        *[f"{name}_cleared" for name in OFFENSES],
    ],
    keys=KEYS,
    doc="One row an agency of the FBI's Return A master file, reporting or not.",
)


def build_return_a_2013() -> pd.DataFrame:
    """Return the panel of every agency of the master file of 2013, valid under `ReturnA2013`."""
    years = with_aggravated_assault(read_agency_years(locate(FILE)).frame)
    frame = years[["ori7", "year", "state", *_HEADER, "population", "last_month_reported"]].copy()
    frame[["months_reported", "months_cleared"]] = years[["months_reported", "months_cleared"]]
    frame["last_updated"] = years["last_updated"].dt.strftime("%Y-%m-%d")
    for name, printed in OFFENSES.items():
        frame[f"{name}_reported"] = years[f"actual_{printed}"]
        frame[f"{name}_cleared"] = years[f"cleared_{printed}"]
    return validate(_typed(frame), ReturnA2013)


def with_aggravated_assault(years: pd.DataFrame) -> pd.DataFrame:
    """Return agency-years with `actual_aggravated_assault`, `cleared_...` and so on for all four cards.

    The record's total of assault leaves simple assault out in some years and holds it in others. Where the
    four weapons add up to the total, it is aggravated assault; where they do so only with simple assault,
    simple assault is taken off; where neither holds (an agency that reports totals alone), the year's other
    agencies tell which of the two the file does, if they all agree; else the count is missing.

    Parameters
    ----------
    years : pandas.DataFrame
        As `analysis.sources.return_a.read_agency_years` returns them.
    """
    columns = {}
    for card in ("unfounded", "actual", "cleared", "cleared_under_18"):
        total, simple = years[f"{card}_assault"], years[f"{card}_simple_assault"]
        weapons = years[[f"{card}_{name}" for name in _WEAPONS]].sum(axis=1, min_count=4)
        without, holding = (total == weapons), (total == weapons + simple)
        # Where simple assault is not zero at most one holds: such agencies tell what the file does.
        telling = (simple != 0) & (without | holding)
        includes = holding[telling].groupby(years["year"][telling]).agg(["min", "max"])
        agreed = includes.loc[includes["min"] == includes["max"], "min"].astype("boolean")
        rule = years["year"].map(agreed).astype("boolean")
        known = without.fillna(False) | holding.fillna(False)
        holds = holding.where(known, rule).astype("boolean")
        columns[f"{card}_aggravated_assault"] = (total - simple.where(holds, 0)).where(holds.notna())
    return years.assign(**columns)


def join_return_a(city_year: pd.DataFrame, master: pd.DataFrame) -> pd.DataFrame:
    """Return the city-years of the master's years with what the master file holds of each.

    Parameters
    ----------
    city_year : pandas.DataFrame
        Panel ``city_year``.
    master : pandas.DataFrame
        Panel ``return_a_2013``, or agency-years with the same columns.

    Returns
    -------
    pandas.DataFrame
        Every city-year of those years once; the master's columns by their names, ``population_master`` and
        ``agency_name`` among them, missing where `in_master` is false. Joined one to one on the first seven
        characters of the ORI and the year.
    """
    rows = city_year[city_year["year"].isin(master["year"].unique())]
    rows = rows.assign(ori7=rows["ori"].str[:7])
    held = master.drop(columns="state").rename(columns={"population": "population_master"})
    joined = rows.merge(held, on=KEYS, how="left", validate="one_to_one", indicator="in_master")
    return joined.assign(in_master=joined["in_master"].eq("both"))


def table8_differences(joined: pd.DataFrame) -> pd.DataFrame:
    """Return every count that Table 8 prints and the master file does not hold so, with the kind of reason.

    Parameters
    ----------
    joined : pandas.DataFrame
        As `join_return_a` returns it.

    Returns
    -------
    pandas.DataFrame
        ``ori, year, state, city, quantity, printed, master, kind``: one row a city and quantity (population
        and offenses without rape, whose definition the master file does not tell). `kind` is one of `KINDS`:
        the agency is not in the file, or has no return, or lacks months; or its count is below zero (more
        unfounded than reported), where Table 8 prints zero; or a month of it was updated in a calendar month
        after the last one in which agencies agree almost without exception (see `last_agreement`); or none of
        these.

    Notes
    -----
    Kinds are conditions under which figures differ, not proof that they are the cause.
    """
    parts = [_differing(joined, name) for name in ("population", *COMPARED)]
    return pd.concat(parts, ignore_index=True)


def agreement(joined: pd.DataFrame) -> pd.DataFrame:
    """Return how far Table 8 and the master file agree.

    Returns
    -------
    pandas.DataFrame
        One row a quantity: ``quantity, compared`` (cities of the master file for which Table 8 prints it),
        ``equal, higher, lower`` (of the master's counts), ``share_equal``. A city with no count in the master
        file is neither of the three.
    """
    rows = []
    for name in ("population", *COMPARED):
        kept = joined[joined["in_master"] & joined[name].notna()]
        gap = _master(kept, name) - kept[name]
        counts = [int((gap == 0).sum()), int((gap > 0).sum()), int((gap < 0).sum())]
        rows.append((name, len(kept), *counts, counts[0] / len(kept)))
    return pd.DataFrame(rows, columns=["quantity", "compared", "equal", "higher", "lower", "share_equal"])


def last_agreement(joined: pd.DataFrame, share: float = 0.99) -> str:
    """Return the last month up to which every month of last update agrees: ``YYYY-MM``, empty for none.

    Parameters
    ----------
    joined : pandas.DataFrame
        As `join_return_a` returns it.
    share : float, optional
        Of the cities last updated in a calendar month, how many must have every offense equal.
    """
    kept = joined[joined["in_master"] & joined["last_updated"].notna()]
    equal = pd.concat([_same(kept, name) for name in COMPARED], axis=1).all(axis=1)
    by_month = equal.groupby(kept["last_updated"].str[:7]).mean()
    broken = by_month.index[by_month < share]
    agreed = by_month.index[by_month.index < broken[0]] if len(broken) else by_month.index
    return str(agreed[-1]) if len(agreed) else ""


def _differing(joined: pd.DataFrame, name: str) -> pd.DataFrame:
    rows = joined[joined[name].notna() & ~_same(joined, name)]
    found = rows[["ori", "year", "state", "city"]].assign(
        quantity=name, printed=rows[name], master=_master(rows, name)
    )
    return found.assign(kind=_kinds(rows, found["master"], last_agreement(joined)))


def _kinds(rows: pd.DataFrame, master: pd.Series, agreed: str) -> pd.Series:
    kind = pd.Series(KINDS[5], index=rows.index, dtype="str")
    kind[rows["last_updated"].fillna("").str[:7] > agreed] = KINDS[4]
    kind[(master < 0).fillna(False).astype(bool)] = KINDS[3]
    kind[rows["months_reported"].fillna(0) < 12] = KINDS[2]
    kind[rows["months_reported"].fillna(0) == 0] = KINDS[1]
    kind[~rows["in_master"]] = KINDS[0]
    return kind


def _same(joined: pd.DataFrame, name: str) -> pd.Series:
    """Return whether both hold the same count; a count that Table 8 does not print is not compared: true."""
    return ((_master(joined, name) == joined[name]) | joined[name].isna()).fillna(False).astype(bool)


def _master(joined: pd.DataFrame, name: str) -> pd.Series:
    return joined["population_master" if name == "population" else f"{name}_reported"]


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    schema = ReturnA2013.to_schema()
    names = list(schema.columns)
    if missing := [name for name in names if name not in frame]:
        raise ImpossibleValueError(f"The panel lacks {missing}.", where="return_a_2013")
    text = pd.StringDtype(na_value=float("nan"))
    kinds = {name: str(schema.columns[name].dtype) for name in names}
    casts = {name: text if kind in ("str", "string") else kind for name, kind in kinds.items()}
    return frame[names].astype(casts).sort_values(KEYS).reset_index(drop=True)
