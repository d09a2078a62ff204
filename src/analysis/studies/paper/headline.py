"""Every design's answer on one scale: crimes per 100,000, percent, what it could find and what it excludes.

The designs of the two papers, rebuilt, and those that follow places over time, each with its headline alone:
what the report's paper says first. Nothing is estimated here that a study does not estimate.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from ...estimators import FewClustersWarning, adjust_p_values
from ...panels.store import load
from ...results import remembered, stored
from ..city_power import headline as city_headline
from ..credibility import counties as credibility
from ..credibility import smoothness
from ..multiverse import study as multiverse
from ..multiverse.grid import one_step
from ..multiverse.spec import SPEC as CURVE
from ..multiverse.summary import robustness
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_counties import study as staggered_counties
from ..staggered_counties.fits import jackknife
from ..staggered_counties.sample import PANELS, CountySample, county_sample, with_rates
from ..staggered_counties.spec import SPEC as COUNTY_SPEC
from ..synthetic import leads as state_leads
from ..synthetic import state_laws
from ..synthetic.spec import STATE_LAWS
from ..synthetic.variants import variants
from . import family, influence, lists, power

#: What is compared everywhere: the violent total that no change of the definition of rape disturbs.
VIOLENT, PROPERTY = "violent_without_rape", "property"
OUTCOMES = (VIOLENT, PROPERTY)
REBUILT, FOLLOWED = "The two papers’ designs, rebuilt", "Places followed before and after"
COUNTIES, STATES = power.COUNTIES, "States, staggered"
#: Designs shown first: key, group, study and design in the tables of `power`, and what a reader is told.
SHOWN = {
    "in_force": (REBUILT, power.UAR, "Matched pairs, while in force", "Cities in force, matched pairs"),
    "change": (REBUILT, power.UAR, "Matched pairs, change", "The same pairs, change"),
    "matched": (REBUILT, power.CAP, "Matched", "Counties of 2015, matched"),
    "within": (REBUILT, power.CAP, "Within states", "The same, within states"),
    "status": (FOLLOWED, power.STAGGERED, CITIES.treatments["status_inquiry"], "Cities, status inquiry"),
    "detain": (FOLLOWED, power.STAGGERED, CITIES.treatments["detainers"], "Cities, detainers"),
    "counties": (FOLLOWED, COUNTIES, credibility.ADMITTED, "Counties, detainers, same state and class"),
    "open": (FOLLOWED, COUNTIES, credibility.ALL, "The same, all other counties"),
    "states": (FOLLOWED, STATES, "All", "States with a statewide rule"),
}
#: Designs whose intervals the abstract counts.
FIRST_SAID = ("status", "detain", "counties", "states")
#: Largest p-value of a test on the years before at which a design counts as failing it.
DOUBT = credibility.ADMIT
#: What the tests on the years before say of a design.
PASSES, FAILS, NO_TEST = "pass", "fail", "no test"
#: The headline of the cities that are followed, as a specification of the multiverse.
BASE = {**CURVE.curve.headline, "outcome": VIOLENT}
MAIN, LATER = "Main", "From 1999 on"
_SCALED = ["estimate", "conf_low", "conf_high"]


@stored
def table() -> pd.DataFrame:
    """Return every design's headline, one row a design and outcome.

    Returns
    -------
    pandas.DataFrame
        ``key, group, name, outcome, used`` (places), ``mean``, ``estimate, conf_low, conf_high, detectable,
        smallest_margin`` in crimes per 100,000 residents a year, and the first three in percent of the mean
        (``percent, percent_low, percent_high``); ``detectable_share``, ``margin_share`` and ``power_share``,
        the chance to find a change of `MARGIN_SHARE`; ``p_value``, ``p_family`` (Romano and Wolf's, over all
        rows by `family`) and ``p_holm``;
        ``leads_p, leads_power, fake_p``, ``tests`` (`PASSES`, `FAILS` or `NO_TEST`); ``bound_low,
        bound_high``: percent, were trends to differ by half the largest change seen before; ``whole_low`` and
        on, by all of it; ``smooth_low`` and on, by a drift that bends by one log point a year; ``breakdown``:
        the share of the largest change before at which zero is no longer excluded.
    """
    rows: Any = judged().set_index(["study", "design", "outcome"])
    found = []
    for key, (group, study, design, name) in SHOWN.items():
        for outcome in (*OUTCOMES, "crime"):
            if (study, design, outcome) in rows.index:
                row: Any = rows.loc[(study, design, outcome)].to_dict()
                told = {"key": key, "group": group, "name": name, "outcome": outcome}
                found.append(told | _scaled(row, study))
    made = pd.DataFrame(found).merge(before(), on=["key", "outcome"], how="left", validate="1:1")
    alone = made.set_index(["key", "outcome"])["p_value"]
    holm = adjust_p_values(alone.tolist(), method="holm")["p_value_adjusted"].to_numpy()
    stepped = family.step_down_p(alone, influence.influence()).to_numpy()
    failed = made["leads_p"].le(DOUBT) | made["fake_p"].le(DOUBT)
    untested = made["leads_p"].isna() & made["fake_p"].isna()
    tests = np.select([untested, failed], [NO_TEST, FAILS], PASSES)
    return made.assign(p_family=stepped, p_holm=holm, tests=tests)


def _scaled(row: dict[str, Any], study: str) -> dict[str, Any]:
    """Return one design's shares as percent and as crimes per 100,000; log points are turned into shares."""
    mean = row["mean"] * (10 if row["unit"] == "per 10,000" else 1)
    names = [*_SCALED, "detectable", "smallest_margin"]
    shares = {name: np.expm1(row[name]) if study in power.PROPORTIONAL else row[name] for name in names}
    ends = {"percent": "estimate", "percent_low": "conf_low", "percent_high": "conf_high"}
    return (
        {"used": int(row["used"]), "mean": mean, "p_value": row["p_value"], "power_share": row["power_share"]}
        | {name: mean * value for name, value in shares.items()}
        | {name: 100 * shares[of] for name, of in ends.items()}
        | {"detectable_share": shares["detectable"], "margin_share": shares["smallest_margin"]}
    )


@stored
def before() -> pd.DataFrame:
    """Return what tests on the years before say of each design that has any, and bounds: see `table`."""
    cities, counties = city_headline.tests(), _county_tests()
    kinds = {"status": "status_inquiry", "detain": "detainers"}
    parts = [cities[cities["definition"].eq(of)].assign(key=key) for key, of in kinds.items()]
    parts = [part.rename(columns={"fake_p_value": "fake_p"}) for part in parts]
    names = {"counties": credibility.ADMITTED, "open": credibility.ALL}
    parts += [counties[counties["comparison"].eq(of)].assign(key=key) for key, of in names.items()]
    made = pd.concat([*parts, _state_tests()], ignore_index=True)
    ends = {
        f"{mark}_{end}": 100 * np.expm1(made[of.format(end)]) for mark, of in BOUNDS.items() for end in ENDS
    }
    columns = ["key", "outcome", "leads_p", "leads_power", "fake_p", "breakdown", *ends]
    return made.assign(**ends)[columns]


#: Ends of intervals, and what the intervals that allow trends to differ are called: half and all of the
#: largest change before, and a drift whose slope may change by one log point a year.
ENDS = ("low", "high")
BOUNDS = {"bound": "{}_0.5", "whole": "{}_1", "smooth": "smooth_{}_0.01"}


def _county_tests() -> pd.DataFrame:
    keys = ["comparison", "outcome"]
    return credibility.table().merge(smoothness.table(), on=keys, how="left", validate="1:1")


def _state_tests() -> pd.DataFrame:
    laws = state_variants()
    laws = laws[laws["variant"].eq(STATE_LAWS.placebo) & laws["scale"].eq("rate")]
    fake = laws.rename(columns={"p_value": "fake_p"})[["outcome", "fake_p"]]
    return state_leads.table().merge(fake, on="outcome", validate="1:1").assign(key="states")


@stored
def judged() -> pd.DataFrame:
    """Return the designs of `power` with counties and states that are followed beside them, as shares."""
    more = pd.concat([_county_rows(), _state_rows()], ignore_index=True)
    return pd.concat([power.run().designs, power.judge(more)], ignore_index=True)


@remembered
def county_panels() -> tuple[dict[str, pd.DataFrame], CountySample]:
    """Return the panels of the county study and its sample."""
    panels = {name: load(name) for name in PANELS}
    return panels, county_sample(panels, spec=COUNTY_SPEC)


@stored
def county_forks() -> pd.DataFrame:
    """Return every fork of the county study for the two totals; see `staggered_counties.forks`.

    The headline's errors are those of its own study: each state left out in turn.
    """
    panels, sample = county_panels()
    with warnings.catch_warnings():
        # Specifications on few states are alternatives, judged by t over their own number of states.
        warnings.simplefilter("ignore", FewClustersWarning)
        rows = staggered_counties.forks(panels, sample, OUTCOMES, spec=COUNTY_SPEC)
    for place in rows.index[rows["name"].eq(COUNTY_SPEC.headline.name)]:
        found = jackknife(with_rates(sample.frame, str(rows.loc[place, "outcome"])), spec=COUNTY_SPEC)[0]
        rows.loc[place, list(found)] = list(found.values())
    return rows


def _county_rows() -> pd.DataFrame:
    """Return comparisons of counties that are shown: log points times the adopters' rate before."""
    frame = county_panels()[1].frame
    rates = frame[frame["cohort"].gt(0) & frame["treated"].eq(0)]
    rows = []
    for row in credibility.table().to_dict("records"):
        if row["comparison"] in (credibility.ADMITTED, credibility.ALL):
            mean = rates[row["outcome"]].sum() / rates["people"].sum() * 1e5
            told = {"study": COUNTIES, "design": row["comparison"], "outcome": row["outcome"]}
            told |= {
                "used": int(frame["treated"].sum()),
                "unit": "per 100,000",
                "mean": mean,
                "df": row["df"],
            }
            rows.append(told | {name: row[name] * mean for name in [*_SCALED, "std_error"]})
    return pd.DataFrame(rows)


@stored
def county_before() -> dict[str, Any]:
    """Return the share of time under the policy, and how the comparisons of counties pass their tests."""
    rows: Any = credibility.table()
    passed = rows.groupby("comparison")["admitted"].first()
    inside = rows[rows["comparison"].eq(credibility.INSIDE)].set_index("outcome")
    return {
        "exposure": staggered_counties.mean_exposure(county_panels()[1].frame),
        "comparisons": len(passed),
        "comparisons_passing": int(passed.sum()),
        "inside_fake": 100 * np.expm1(inside.loc[PROPERTY, "fake_estimate"]),
        "inside_fake_p": inside.loc[PROPERTY, "fake_p"],
        "fake_from": credibility.FAKE_FROM,
    }


def state_variants() -> pd.DataFrame:
    """Return the joint design of statewide laws under every variant."""
    return variants()


def _state_rows() -> pd.DataFrame:
    """Return the joint estimates in rates, with the rate of states under a law less the effect as mean."""
    rows = state_variants()
    rows = rows[rows["variant"].eq(MAIN) & rows["scale"].eq("rate") & rows["outcome"].isin(OUTCOMES)]
    mean = rows["outcome"].map(state_laws.mean_under_law(OUTCOMES)) - rows["estimate"]
    return pd.DataFrame(
        {
            "study": STATES,
            "design": "All",
            "outcome": rows["outcome"],
            "used": rows["states"],
            "unit": "per 100,000",
            "mean": mean,
            "df": np.inf,
            **{name: rows[name] for name in [*_SCALED, "std_error"]},
        }
    )


@stored
def choices() -> pd.DataFrame:
    """Return what every choice does to the headline of the cities that are followed, one at a time.

    The neighbors of `BASE` are estimated anew; see `multiverse_summary.robustness` for the columns. ``base``
    marks the headline's own choices; the headline itself stands first. Last, what of the list is believed
    (`lists.choices`), which is no dimension of the curve.
    """
    kept = multiverse.admitted(multiverse.results())
    chunks: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for choice in one_step(BASE):
        chunks.setdefault(tuple(choice[name] for name in CURVE.curve.sample_names), []).append(choice)
    with warnings.catch_warnings():
        # Few states are among what is varied; the paper says beside the choices what such errors are worth.
        warnings.simplefilter("ignore", FewClustersWarning)
        near = multiverse.as_frame(row for chunk in chunks.values() for row in multiverse.compute(chunk))
    every = pd.concat([multiverse.admitted(near), kept], ignore_index=True).drop_duplicates("spec")
    rows = robustness(every, BASE)
    chosen = {fork.title: fork.levels[BASE[fork.name]] for fork in CURVE.curve.dimensions}
    rows = rows.assign(base=rows["fork"].map(chosen).eq(rows["choice"]))
    parts = lists.choices().assign(shift=np.nan, significant=np.nan, specifications=0)
    rows = pd.concat([rows, parts[rows.columns]], ignore_index=True)
    head = rows[rows["base"]].head(1).assign(fork="Headline", choice="All as the headline chose", base=False)
    return pd.concat([head, rows], ignore_index=True)


@stored
def figures() -> dict[str, Any]:
    """Return the figures of the paper's sentences: KEY_NAME of `table`, KEY_property_NAME, and some more.

    Without the addition: violent crime without rape, or all crime where a design has that alone.
    """
    rows = table()
    found: dict[str, Any] = {"margin": CITIES.margin_share}
    for row in rows.to_dict("records"):
        mark = f"{row['key']}_property" if row["outcome"] == PROPERTY else row["key"]
        found |= {
            f"{mark}_{name}": row[name] for name in rows.columns if name not in ("key", "group", "name")
        }
    violent = rows[rows["outcome"].eq(VIOLENT) & rows["key"].isin(FIRST_SAID)]
    passing = violent[violent["tests"].eq(PASSES)]
    full = county_before()["exposure"]
    return found | {
        "rows": len(rows),
        "designs": len(violent),
        "hold": int(includes_zero(violent).sum()),
        "passing": len(passing),
        "rows_excluding": int((~includes_zero(rows)).sum()),
        **_jointly(rows),
        "seen_low": violent["detectable_share"].min(),
        "seen_high": violent["detectable_share"].max(),
        "chance_low": violent["power_share"].min(),
        "chance_high": violent["power_share"].max(),
        "counties_full": found["counties_percent"] / full,
        "counties_full_low": found["counties_percent_low"] / full,
        "counties_full_high": found["counties_percent_high"] / full,
        **county_before(),
        **_laws(),
    }


def _jointly(rows: pd.DataFrame) -> dict[str, Any]:
    """Return what remains of the rows when they are judged as a family."""
    family = rows["p_family"].le(1 - CITIES.level)
    return {
        "rows_family": int(family.sum()),
        "rows_standing": int((family & rows["tests"].ne(FAILS)).sum()),
        "smallest_family": float(rows["p_family"].min()),
        "rows_holm": int(rows["p_holm"].le(1 - CITIES.level).sum()),
        "smallest_holm": float(rows["p_holm"].min()),
    }


def includes_zero(rows: pd.DataFrame) -> pd.Series:
    """Return which intervals include zero."""
    return rows["conf_low"].le(0) & rows["conf_high"].ge(0)


def _laws() -> dict[str, Any]:
    """Return property crime under laws on later years, and what the design finds before there were any."""
    rows: Any = state_variants().set_index(["variant", "outcome", "scale"])
    later, first = rows.loc[(LATER, PROPERTY, "rate")], rows.loc[(MAIN, PROPERTY, "rate")]
    placebo = rows.loc[(STATE_LAWS.placebo, VIOLENT, "rate")]
    found = {f"later_{name}": later[name] for name in ("estimate", "conf_low", "conf_high", "p_value")}
    return found | {
        "law_p": first["p_value"],
        "placebo_estimate": placebo["estimate"],
        "placebo_p": placebo["p_value"],
        "shift": STATE_LAWS.shift,
    }
