"""Counties that decline detainers against the counties around them: the published border design, by years.

Arellano-Bover and Biasi (2017, unpublished) compare 100 counties without detainers with the 251 that border
them, quarter by quarter: eight quarters before, four after, stacked by adopting county. Quarters are in no
file here, and of 2013 and 2014 only the sum is known. This is therefore the yearly analogue.

1. *Adopters*: counties whose own policy (or that of a city that covers them) declines detainers from a dated
   day of 2008 to 2014 on, also where a statewide law came first, and still in 2014. A statewide law alone
   makes no adopter: the published list is of jurisdictions. Dates come from a cited list of this project.
2. *Comparison*: counties that touch an adopter, are no adopter themselves, lie in no state whose law declines
   detainers by 2014, and are named by no policy or list by then.
3. *Groups*: an adopter and its comparison counties, from `BEFORE` years before the year (or the period of two
   years) of adoption to `AFTER` later. A county stands once in every group it borders on.
4. *Treatment*: the share of the year or period in which the adopter's policy was in force, so that the
   coefficient is, like that of a quarterly dummy, the effect of being bound all the time. Beside it stands a
   dummy for a year or period in which the policy was in force at all: the effect on crime as it was.
5. *Outcome*: the logarithm of crimes per 100,000; counties without a crime drop out, as in the published
   design. Violent crime is without rape, whose definition changes in 2013.
6. *Effects*: counties and years; or counties and years within groups. Columns: none; covariates; county
   trends; both. Two years before can carry no trend, so columns with trends start `BEFORE_TRENDS` years
   before. The published covariates could not be read; ours are `COVARIATES`.
7. *Errors*: clustered by county.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...panels.policies.cohorts import cohorts, exposure, state_laws
from ...panels.store import load
from ...sources.county.icpsr import BOROUGHS
from ..staggered_counties.border_pairs import adjacent
from ..staggered_counties.fits import Row, broom
from ..staggered_counties.sample import NEW_YORK, PANELS, begins, data_reasons, period_counts, with_rates
from ..staggered_counties.spec import SPEC as COUNTIES

FIRST_POLICY, LAST_POLICY = 2008, 2014
BEFORE, AFTER = 2, 1
BEFORE_TRENDS = 5
#: Outcomes by their published names.
TOTALS = {"total": "total", "violent": "violent_without_rape", "property": "property"}
TYPES = {
    "murder": "homicide",
    "robbery": "robbery",
    "assault": "aggravated_assault",
    "burglary": "burglary",
    "larceny": "larceny",
    "auto_theft": "motor_vehicle_theft",
}
#: Yearly: percent of the labor force, percent of persons, logarithm of dollars of the year.
COVARIATES = ("unemployment_rate", "poverty_rate", "log_income")
#: Effects beside those of counties, by published design.
DESIGNS: dict[str, list[Any]] = {"dd1": ["fips", "year"], "dd2": ["fips", ("group", "year")]}
#: Covariates and trends, by published column.
COLUMNS = {1: (False, False), 2: (True, False), 3: (False, True), 4: (True, True)}
#: Quarters of the adopters by Hispanic share, in the design with groups; outcomes of the fourth.
QUARTERS = (1, 2, 3, 4)
QUARTER_OUTCOMES = {1: ("total",), 2: ("total",), 3: ("total",), 4: ("total", "property", "violent")}
#: The balance table's rows, and the column of the panel `counties` (unemployment: of 2010).
BALANCE = {
    "density": "density_2010",
    "democratic_2008": "democratic_vote_share_2008",
    "hispanic": "hispanic_share_2010",
    "unemployment": "unemployment_rate_2010",
    "foreign_born": "foreign_born_share_2010",
    "income": "median_household_income_2010_nominal",
}
KINDS = ("no_detainer", "bordering", "other")
_RULES = COUNTIES.rules.replace(first_year=FIRST_POLICY - BEFORE_TRENDS)
USABLE = COUNTIES.rules  #: Counties whose counts serve are those of the staggered county study.


@dataclass(frozen=True)
class BorderStudy:
    """Everything the design finds; effects in log points.

    Attributes
    ----------
    counties : pandas.DataFrame
        One row a county: ``fips, state, code`` (New York's boroughs share one), ``kind`` (of `KINDS`),
        ``compared`` (bordering and free of other limits), ``adopted``, and the columns of `BALANCE`.
    sizes : dict of str to int
        Counties by kind, those compared, and adopters, groups and comparison counties in the stack.
    estimates : pandas.DataFrame
        ``outcome, design, column``, the estimate with its sample, and that of the dummy (``dummy_estimate,
        dummy_std_error, dummy_conf_low, dummy_conf_high``).
    quarters : pandas.DataFrame
        ``quarter, outcome, column`` and the estimate.
    balance : pandas.DataFrame
        ``trait, kind, mean, weighted`` (by residents of 2010), ``counties``.
    """

    counties: pd.DataFrame
    sizes: dict[str, int]
    estimates: pd.DataFrame
    quarters: pd.DataFrame
    balance: pd.DataFrame


@cache
def run() -> BorderStudy:
    """Run the design on the committed panels, once a process."""
    return study({name: load(name) for name in PANELS})


def study(panels: Mapping[str, pd.DataFrame]) -> BorderStudy:
    """Run the design on given panels; the order of their rows does not matter."""
    counties = kinds(panels)
    stacks = {trends: stack(panels, counties, trends=trends) for trends in (False, True)}
    return BorderStudy(
        counties=counties,
        sizes=_sizes(counties, stacks[False]),
        estimates=_estimates(stacks),
        quarters=_quarters(stacks),
        balance=balance(counties),
    )


def adopters(policies: pd.DataFrame) -> pd.DataFrame:
    """Return the counties with a policy of their own: ``fips, adopted`` (date as printed)."""
    own = cohorts(
        policies,
        COUNTIES.definition,
        unit="county",
        first=FIRST_POLICY,
        last=LAST_POLICY,
        event_time_only=False,
    )
    dated = own["in_event_time"] | own["excluded_because"].eq("absorbed by state law").fillna(False)
    ended = own["ended_year"].le(LAST_POLICY).fillna(False)
    return own.loc[(dated & ~ended).astype(bool), ["fips", "adopted"]].reset_index(drop=True)


def kinds(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every county with its kind; see `BorderStudy`."""
    policies, years = panels["policies"], panels["county_year"]
    table = panels["counties"].sort_values("fips", ignore_index=True)
    table = table.merge(adopters(policies), on="fips", how="left", validate="1:1")
    rates = years[years["year"].eq(2010)].set_index("fips")["unemployment_rate"]
    table = table.assign(
        code=table["fips"].where(~table["fips"].isin(BOROUGHS), NEW_YORK),
        unemployment_rate_2010=table["fips"].map(rates),
    )
    adopts = table["adopted"].notna()
    near = table["code"].isin(_neighbours(set(table.loc[adopts, "code"]))["fips"])
    laws = state_laws(policies, COUNTIES.definition)
    bound = table["state"].isin(laws.loc[laws["cohort"].le(LAST_POLICY), "state"])
    named = exposure(policies, panels["undated_places"], unit="county").set_index("fips")["exposed_from"]
    free = ~bound & ~table["fips"].map(named).le(LAST_POLICY).fillna(False).astype(bool)
    table["kind"] = np.select([adopts, near], KINDS[:2], KINDS[2])
    table["compared"] = table["kind"].eq("bordering") & free
    kept = ["fips", "state", "code", "kind", "compared", "adopted", "population_2010", "has_boundary_break"]
    return table[[*kept, *BALANCE.values()]]


def _neighbours(codes: set[str]) -> pd.DataFrame:
    """Return ``group`` (one of `codes`) and ``fips`` (a county that touches it)."""
    pairs = adjacent(COUNTIES.touching)
    both = pd.concat([pairs, pairs.rename(columns={"one": "other", "other": "one"})])
    near = both[both["one"].isin(codes)].rename(columns={"one": "group", "other": "fips"})
    return near[["group", "fips"]].sort_values(["group", "fips"], ignore_index=True)


def stack(panels: Mapping[str, pd.DataFrame], counties: pd.DataFrame, *, trends: bool) -> pd.DataFrame:
    """Return one row a group, county and period within the group's window.

    Columns: ``group, fips, year, moment`` (middle of the period), ``bound`` (share of it under the adopter's
    policy, 0 for comparison counties), ``in_force`` (whether any), counts, ``people``, `COVARIATES`,
    ``hispanic`` (of the adopter).
    Groups without a comparison county are left out.
    """
    units = counties.drop_duplicates("code").set_index("code")
    counts = period_counts(panels, _RULES, spec=COUNTIES)
    seen = counts[counts["year"].ge(USABLE.first_year)]
    left = [
        mask.reindex(units.index).fillna(True)
        for mask in data_reasons(units, seen, USABLE, spec=COUNTIES).values()
    ]
    usable = units[~units["has_boundary_break"].to_numpy(bool) & ~np.any(left, axis=0)]
    treated = usable[usable["kind"].eq(KINDS[0])]
    near = _neighbours(set(treated.index))
    near = near[near["fips"].isin(usable.index[usable["compared"]])]
    own = pd.DataFrame({"group": treated.index, "fips": treated.index})
    members = pd.concat([own[own["group"].isin(near["group"])], near], ignore_index=True)
    rows = members.merge(counts, on="fips", validate="m:m").merge(economy(panels), on=["fips", "year"])
    rows = _within(rows, treated["adopted"], BEFORE_TRENDS if trends else BEFORE)
    hispanic = rows["group"].map(treated["hispanic_share_2010"])
    made = rows.assign(hispanic=hispanic, state=rows["fips"].map(units["state"]))
    return made.sort_values(["group", "fips", "year"], ignore_index=True)


def _within(rows: pd.DataFrame, adopted: pd.Series, before: int) -> pd.DataFrame:
    """Return the rows of each group's window, with ``bound`` and ``moment``."""
    starts = {code: begins(date) for code, date in adopted.items()}
    year, months = (rows["group"].map({code: s[i] for code, s in starts.items()}) for i in (0, 1))
    start = year + months / 12
    length = np.where(rows["year"].eq(COUNTIES.period), len(COUNTIES.period_years), 1)
    share: pd.Series = ((rows["year"] + length - start) / length).clip(0, 1)
    bound = share.where(rows["fips"].eq(rows["group"]), 0.0)
    made = rows.assign(
        bound=bound, in_force=bound.gt(0).astype(float), moment=rows["year"] + (length - 1) / 2
    )
    return made[rows["year"].between(year.clip(upper=COUNTIES.period) - before, year + AFTER)]


def economy(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return `COVARIATES` by county and period: means weighted by residents over boroughs and both years."""
    years = panels["county_year"]
    years = years[years["year"].le(COUNTIES.period_years[1])]
    values = pd.DataFrame(
        {
            "unemployment_rate": years["unemployment_rate"],
            "poverty_rate": years["poverty_rate"],
            "log_income": np.log(years["median_household_income_nominal"].astype(float)),
        }
    ).astype(float)
    people = years["population_census"].astype(float)
    keys = {
        "fips": years["fips"].where(~years["fips"].isin(BOROUGHS), NEW_YORK),
        "year": years["year"].clip(upper=COUNTIES.period),
    }
    sums = values.mul(people, axis=0).assign(**keys).groupby(["fips", "year"]).sum(min_count=1)
    weights = values.notna().mul(people, axis=0).assign(**keys).groupby(["fips", "year"]).sum()
    return (sums / weights.where(weights > 0)).reset_index()


def fit(
    rows: pd.DataFrame, outcome: str, design: str, column: int, treatment: str | Sequence[str] = "bound"
) -> est.Estimates:
    """Return the regression of one published design and column on a stack."""
    covariates, trends = COLUMNS[column]
    return est.ols(
        with_rates(rows, outcome),
        outcome="log_rate",
        treatment=treatment,
        covariates=COVARIATES if covariates else (),
        effects=DESIGNS[design],
        trends={"fips": "moment"} if trends else None,
        cluster="fips",
        level=COUNTIES.level,
    )


def _estimates(stacks: Mapping[bool, pd.DataFrame]) -> pd.DataFrame:
    cells = [(name, design, column) for name in TOTALS for design in DESIGNS for column in COLUMNS]
    cells += [(name, "dd2", 4) for name in TYPES]
    rows = []
    for name, design, column in cells:
        given = (stacks[COLUMNS[column][1]], (TOTALS | TYPES)[name], design, column)
        found, dummy = fit(*given), broom(fit(*given, "in_force"), COUNTIES.level, term="in_force")
        key: Row = {"outcome": name, "design": design, "column": column}
        key |= {"rows": found.sample.used, "counties": found.sample.clusters}
        shown = ("estimate", "std_error", "conf_low", "conf_high")
        rows.append(
            key | broom(found, COUNTIES.level, term="bound") | {f"dummy_{n}": dummy[n] for n in shown}
        )
    return pd.DataFrame(rows)


def _quarters(stacks: Mapping[bool, pd.DataFrame]) -> pd.DataFrame:
    made = {trends: with_quarters(rows) for trends, rows in stacks.items()}
    terms = [f"bound_{quarter}" for quarter in QUARTERS]
    rows = []
    for name in TOTALS:
        for column, (_, trends) in COLUMNS.items():
            found = fit(made[trends], TOTALS[name], "dd2", column, terms)
            for quarter in [q for q in QUARTERS if name in QUARTER_OUTCOMES[q]]:
                key: Row = {"quarter": quarter, "outcome": name, "column": column}
                rows.append(key | broom(found, COUNTIES.level, term=f"bound_{quarter}"))
    return pd.DataFrame(rows)


def with_quarters(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with ``bound_1`` to ``bound_4``: treatment by quarter of the adopters' Hispanic share."""
    groups = rows.drop_duplicates("group").set_index("group")["hispanic"]
    quarter = rows["group"].map(pd.qcut(groups, len(QUARTERS), labels=list(QUARTERS)).astype(int))
    return rows.assign(**{f"bound_{q}": rows["bound"].where(quarter.eq(q), 0.0) for q in QUARTERS})


def balance(counties: pd.DataFrame) -> pd.DataFrame:
    """Return means of counties by kind, each county alike and weighted by residents."""
    rows = []
    for trait, column in BALANCE.items():
        for kind in KINDS:
            part = counties[counties["kind"].eq(kind) & counties[column].notna()]
            values, people = (part[name].to_numpy(float) for name in (column, "population_2010"))
            weighted = float(np.average(values, weights=people))
            rows.append(
                {"trait": trait, "kind": kind, "mean": float(values.mean()), "weighted": weighted}
                | {"counties": len(part)}
            )
    return pd.DataFrame(rows)


def _sizes(counties: pd.DataFrame, rows: pd.DataFrame) -> dict[str, int]:
    found = {kind: int(counties["kind"].eq(kind).sum()) for kind in KINDS}
    members = rows.drop_duplicates(["group", "fips"])
    others = members[members["fips"].ne(members["group"])]
    return found | {
        "compared": int(counties["compared"].sum()),
        "groups": members["group"].nunique(),
        "in_stack": others["fips"].nunique(),
        "placed": len(others),
    }
