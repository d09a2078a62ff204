"""Statewide laws: each state's crime against a weighted mean of states without one, 1979 to 2019.

1. *Laws.* Every statewide law, order or court ruling that the panel of policies dates and that binds local
   agencies, each date once; California twice, 2014 (detainers) and 2018 (its Senate Bill 54). The year of
   adoption is the first treated year, whatever the day.
2. *Outcomes.* The FBI's estimates of state totals, crimes per 100,000 residents: homicide, robbery, motor
   vehicle theft, violent crime without rape (whose definition changed in 2013) and property crime.
3. *Window.* From `FIRST`, or the year from which the FBI calls the state's figures comparable, to `HORIZON`
   years from adoption on, 2019, or the year before the state's next law, whichever comes first.
4. *Donors.* States that no row of the policy panel names by the window's end, however doubtful or symbolic,
   with comparable figures all through the window; the District of Columbia is a city and no donor. Every
   state that is no donor is counted under its first reason.
5. *Estimators.* Synthetic control and synthetic difference-in-differences, rates and logarithms; permutation
   of the law over donors; see `synthetic_cases`.
6. *All laws since 2014 together*, by staggered synthetic difference-in-differences.
7. *Senate Bill 54*, the design of Kubrin and Bartos (2020), with variants.

States are large and mixed: many donors hold cities with policies of their own, and some passed bans on such
policies, which one variant leaves out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...estimators import Estimates, minimum_detectable_effect, synthetic_did
from ...panels.policies.cohorts import state_laws
from ...panels.store import load
from ...results import stored
from ...sources.states import by_usps
from ..designs.specification import LOG, RATE
from ..designs.synthetic_cases import METHODS, Case, build_case, fit
from .results import StateStudy
from .spec import STATE_LAWS, StateLawsSpec

#: Words by which the FBI says that a year begins a new series, and that a year is incomplete.
NOT_COMPARABLE, INCOMPLETE = "not comparable", "complete"
#: The joint design with every law moved back so many years, on years before any: nothing should be found.
PANELS = ("state_year", "policies", "state_bans")
_KEY = ["law", "outcome", "scale", "method"]


@stored
def run(spec: StateLawsSpec = STATE_LAWS) -> StateStudy:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in PANELS}, spec)


def study(panels: Mapping[str, pd.DataFrame], spec: StateLawsSpec = STATE_LAWS) -> StateStudy:
    """Run the study on given panels; the order of their rows does not matter."""
    rates, named = rate_tables(panels["state_year"], spec=spec), named_states(panels["policies"])
    breaks = series_starts(panels["state_year"])
    laws = dated_laws(panels["policies"], breaks, spec=spec)
    records: Any = laws.to_dict("records")
    donors: Any = pd.concat([donor_table(law, rates, named, breaks, spec=spec) for law in records])
    fits = {
        (law["law"], outcome, scale, method): fit(
            _case(law, donors, rates[outcome], scale), method, level=spec.level
        )
        for law in records
        for outcome in spec.outcomes
        for scale in spec.scales
        for method in METHODS
    }
    rows = [dict(zip(_KEY, key, strict=True)) | one.row for key, one in fits.items()]
    return StateStudy(
        spec=spec,
        laws=laws,
        donors=donors.reset_index(drop=True),
        estimates=pd.DataFrame(rows),
        fits=fits,
        joint=_joint(laws, panels, spec=spec),
        sb54=_sb54(laws, donors, rates, panels, spec=spec),
    )


def rate_tables(state_year: pd.DataFrame, *, spec: StateLawsSpec) -> dict[str, pd.DataFrame]:
    """Return crimes per 100,000 residents by state and year, one table an outcome, gaps missing."""
    rows = state_year.assign(state=state_year["state"].astype(object))
    return {
        name: rows.pivot(index="state", columns="year", values=f"{name}_estimated_per_100k").sort_index()
        for name in dict.fromkeys([*spec.outcomes, *spec.published_outcomes])
    }


def series_starts(state_year: pd.DataFrame) -> dict[str, list[int]]:
    """Return the years from which the FBI calls a state's figures not comparable with earlier ones."""
    marked = state_year[state_year["caveats"].fillna("").str.contains(NOT_COMPARABLE)]
    return {str(state): sorted(int(year) for year in rows["year"]) for state, rows in marked.groupby("state")}


def named_states(policies: pd.DataFrame) -> pd.DataFrame:
    """Return the first year in which any row names a state, limits and symbolic acts apart."""
    rows = policies[policies["kind"].eq("state")]
    symbolic = rows["content"].eq("symbolic")
    first = {"limit": rows[~symbolic], "symbolic": rows[symbolic]}
    return pd.DataFrame({name: part.groupby("state")["adopted_year"].min() for name, part in first.items()})


def dated_laws(
    policies: pd.DataFrame, breaks: Mapping[str, list[int]], *, spec: StateLawsSpec
) -> pd.DataFrame:
    """Return the laws that can be studied, with the window of each; see `StateStudy`."""
    found = pd.concat([state_laws(policies, definition) for definition in spec.definitions])
    found = found[found["in_event_time"] & found["cohort"].le(spec.last)]
    found = found.drop_duplicates(["state", "cohort"]).sort_values(["cohort", "state"]).reset_index(drop=True)
    following = found.sort_values("cohort").groupby("state")["cohort"].shift(-1)
    start = found["cohort"].astype(int)
    last = np.minimum(
        np.minimum(start + spec.horizon - 1, spec.last), following.fillna(spec.last + 1).astype(int) - 1
    )
    own = [
        max([spec.first, *(year for year in breaks.get(state, []) if year <= at)])
        for state, at in zip(found["state"], start, strict=True)
    ]
    names = found["state"].map(by_usps("name")).astype(object)
    return pd.DataFrame(
        {
            "law": names + " " + start.astype(str),
            "state": found["state"].astype(object),
            "start": start,
            "adopted": found["adopted"],
            "content": found["content"],
            "source_url": found["source_url"],
            "first": own,
            "last": last,
            "before": start - own,
            "after": last - start + 1,
        }
    )


def donor_table(
    law: Mapping[str, Any],
    rates: Mapping[str, pd.DataFrame],
    named: pd.DataFrame,
    breaks: Mapping[str, list[int]],
    *,
    spec: StateLawsSpec,
) -> pd.DataFrame:
    """Return every other state with the first reason why it is no donor, empty where it is one."""
    table = rates["property"]
    states = [state for state in table.index if state != law["state"]]
    gap = table[list(range(law["first"], law["last"] + 1))].isna().any(axis=1)
    since = named.reindex(states)
    tests = {
        "a city": [state in spec.city_states for state in states],
        "statewide limit by the end of the window": since["limit"].le(law["last"]).fillna(False),
        "symbolic act by the end of the window": since["symbolic"].le(law["last"]).fillna(False),
        "a new series within the window": [
            any(law["first"] < year <= law["last"] for year in breaks.get(state, [])) for state in states
        ],
        "no figures for part of the window": gap[states],
    }
    masks = [np.asarray(test, bool) for test in tests.values()]
    return pd.DataFrame({"law": law["law"], "state": states, "reason": np.select(masks, list(tests), "")})


def _case(
    law: Mapping[str, Any], donors: pd.DataFrame, table: pd.DataFrame, scale: str, last: int | None = None
) -> Case:
    own = donors[donors["law"].eq(law["law"]) & donors["reason"].eq("")]
    years = range(law["first"], (last or law["last"]) + 1)
    return build_case(
        law["law"], law["state"], law["start"], table.loc[[law["state"], *own["state"]]], years, scale
    )


def joint(only: Collection[str] = (), *, spec: StateLawsSpec = STATE_LAWS) -> pd.DataFrame:
    """Return `StateStudy.joint` on the committed panels, all variants or some, without the rest."""
    panels = {name: load(name) for name in PANELS}
    laws = dated_laws(panels["policies"], series_starts(panels["state_year"]), spec=spec)
    return _joint(laws, panels, only, spec=spec)


def _joint(
    laws: pd.DataFrame, panels: Mapping[str, pd.DataFrame], only: Collection[str] = (), *, spec: StateLawsSpec
) -> pd.DataFrame:
    """Return the average effect of all laws since `JOINT_FROM` under every variant, or some."""
    start: Any = _first_laws(laws, spec=spec)
    names = start.index.map(by_usps("name"))
    jobs: list[tuple[str, Any, dict[str, Any]]] = [
        ("Main", start, {}),
        (spec.later_variant, start, {"first": spec.later}),
    ]
    jobs += [("States with a ban left out", start, {"without": set(panels["state_bans"]["state"])})]
    jobs += [("Incomplete donors left out", start, {"without": _incomplete(panels["state_year"], spec.last)})]
    jobs += [(spec.placebo, start - spec.shift, {"last": spec.joint_from - 1})]
    jobs += [
        (f"Without {name}", start.drop(state), {"draws": spec.fewer_draws})
        for state, name in zip(start.index, names, strict=True)
    ]
    rates = rate_tables(panels["state_year"], spec=spec)
    parts = []
    for variant, begins, options in (job for job in jobs if not only or job[0] in only):
        outcomes = list(spec.outcomes if variant == "Main" else spec.joint_outcomes)
        parts += together(variant, begins, outcomes, rates, panels, **options, spec=spec)
    return pd.DataFrame(parts)


def mean_under_law(outcomes: Collection[str], *, spec: StateLawsSpec = STATE_LAWS) -> dict[str, float]:
    """Return the mean rate of the states of the joint design over all their years under a law."""
    panels = {name: load(name) for name in PANELS}
    laws = dated_laws(panels["policies"], series_starts(panels["state_year"]), spec=spec)
    rates: Any = rate_tables(panels["state_year"], spec=spec)
    start = _first_laws(laws, spec=spec)
    years = [(state, year) for state, first in start.items() for year in range(int(first), spec.last + 1)]
    return {name: float(np.mean([rates[name].loc[key] for key in years])) for name in outcomes}


def _first_laws(laws: pd.DataFrame, *, spec: StateLawsSpec) -> pd.Series:
    since = laws[laws["first"].eq(spec.first) & laws["start"].ge(spec.joint_from)].drop_duplicates("state")
    return since.set_index("state")["start"]


def together(
    variant: str,
    start: pd.Series,
    outcomes: Collection[str],
    rates: Mapping[str, pd.DataFrame],
    panels: Mapping[str, pd.DataFrame],
    *,
    first: int | None = None,
    last: int | None = None,
    without: Collection[str] = frozenset(),
    draws: int | None = None,
    spec: StateLawsSpec,
) -> list[dict[str, Any]]:
    """Return the average effect over states that start in given years, one row an outcome and scale."""
    first, last, draws = first or spec.first, last or spec.last, draws or spec.draws
    whole = {"law": variant, "state": "", "first": first, "last": last}
    table = donor_table(
        whole, rates, named_states(panels["policies"]), series_starts(panels["state_year"]), spec=spec
    )
    donors = sorted(set(_less(table[table["reason"].eq("")], without)["state"]) - set(start.index))
    begins = start[start.le(last)]
    rows = []
    for outcome in outcomes:
        window = rates[outcome].loc[[*begins.index, *donors], list(range(first, last + 1))]
        for scale in spec.scales:
            result = _staggered(window, begins, scale, draws, spec=spec)
            found = result.tidy(spec.level).iloc[0]
            row = {name: float(found[name]) for name in ("estimate", "std_error", "conf_low", "conf_high")}
            p_value = float(result.extra["placebo_p_values"][0])
            detectable = float(np.ravel(minimum_detectable_effect(row["std_error"], df=np.inf))[0])
            rows.append(
                {"variant": variant, "outcome": outcome, "scale": scale, **row, "p_value": p_value}
                | {"detectable": detectable, "states": len(begins), "donors": len(donors)}
            )
    return rows


def _staggered(
    table: pd.DataFrame, start: pd.Series, scale: str, draws: int, *, spec: StateLawsSpec
) -> Estimates:
    values: Any = np.log(table) if scale == LOG else table
    rows = values.reset_index().melt(id_vars="state", var_name="year", value_name="value")
    rows["year"] = rows["year"].astype(int)
    rows["cohort"] = rows["state"].map(start).fillna(0).astype(int)
    return synthetic_did(
        rows, outcome="value", unit="state", time="year", cohort="cohort", draws=draws, seed=spec.seed
    )


def _sb54(
    laws: pd.DataFrame,
    donors: pd.DataFrame,
    rates: Mapping[str, pd.DataFrame],
    panels: Mapping[str, pd.DataFrame],
    *,
    spec: StateLawsSpec,
) -> pd.DataFrame:
    """Return the variants of the published design, both estimators each."""
    law: Any = laws[laws["state"].eq(spec.sb54[0]) & laws["start"].eq(spec.sb54[1])].iloc[0].to_dict()
    bans = set(panels["state_bans"]["state"])
    incomplete = _incomplete(panels["state_year"], law["last"])
    variants = {
        f"Until {spec.sb54[1]}, as published": ({"last": spec.sb54[1]}, set()),
        f"Until {spec.last}": ({}, set()),
        spec.later_variant: ({"first": spec.later}, set()),
        "States with a ban left out": ({}, bans),
        "Donors with incomplete years left out": ({}, incomplete),
    }
    rows = []
    for name, (change, without) in variants.items():
        changed: Any = law | change
        own = (
            _redone(changed, rates, panels, without, spec=spec)
            if "first" in change
            else _less(donors, without)
        )
        for outcome in spec.published_outcomes:
            for method in METHODS:
                found = fit(_case(changed, own, rates[outcome], RATE), method, level=spec.level)
                rows.append({"variant": name, "outcome": outcome, "method": method, **found.row})
    return pd.DataFrame(rows)


def _less(donors: pd.DataFrame, without: Collection[str]) -> pd.DataFrame:
    return donors[~donors["state"].isin(sorted(without))]


def _redone(
    law: Mapping[str, Any],
    rates: Mapping[str, pd.DataFrame],
    panels: Mapping[str, pd.DataFrame],
    without: Collection[str],
    *,
    spec: StateLawsSpec,
) -> pd.DataFrame:
    table = donor_table(
        law, rates, named_states(panels["policies"]), series_starts(panels["state_year"]), spec=spec
    )
    return _less(table, without)


def _incomplete(state_year: pd.DataFrame, last: int) -> set[str]:
    said = state_year["caveats"].fillna("").str.contains(INCOMPLETE) & state_year["year"].le(last)
    return set(state_year.loc[said, "state"].astype(str))
