"""Comparisons of counties, tested where there was no policy: leads, fake dates, and Secure Communities.

A comparison is admitted if, for violent and for property crime, neither the joint test of the years before
2012 nor a policy pretended for 2011 and 2012 rejects at `ADMIT`. The rule was fixed on these tests alone; the
estimate of every comparison stands beside them, admitted or not. Counties that adopted are more urban than
the others of their state, and urban crime fell faster: a comparison inside states alone fails both tests, one
inside states and between counties of the same urban-rural class passes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ... import estimators as est
from ...estimators import Estimates, Sample
from ...panels.store import load
from ..literature import secure_communities
from ..staggered_counties.fits import broom, two_way
from ..staggered_counties.sample import PANELS, county_sample, with_rates
from ..staggered_counties.spec import SPEC as COUNTIES
from ..staggered_counties.study import mean_exposure

OUTCOMES = ("violent_without_rape", "property")
#: What counties are compared within, year by year, by name.
COMPARISONS: dict[str, list[Any]] = {
    "All other counties": ["fips", "year"],
    "Same region": ["fips", ("region", "year")],
    "Same urban-rural class": ["fips", ("nchs_class_2013", "year")],
    "Same state": ["fips", ("state", "year")],
    "Same state, and same class": ["fips", ("state", "year"), ("nchs_class_2013", "year")],
}
ALL, INSIDE, ADMITTED = "All other counties", "Same state", "Same state, and same class"
#: Both tests must have a p-value above this for a comparison to be admitted.
ADMIT = 0.10
#: First year of the policy that is pretended, on years until 2012.
FAKE_FROM = 2011
MAGNITUDES = (0.5, 1.0)
#: A drift, log points a year, against which the power of the test of leads is stated.
DRIFT = 0.01


@cache
def table() -> pd.DataFrame:
    """Return `tested` on the committed panels."""
    return tested(county_sample({name: load(name) for name in PANELS}, spec=COUNTIES).frame)


def tested(frame: pd.DataFrame) -> pd.DataFrame:
    """Return every comparison's tests before the policy, its estimate and bounds, by outcome.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `CountySample`, from 2008 on.

    Returns
    -------
    pandas.DataFrame
        ``comparison, outcome``; the effect on 2013 and 2014 (``estimate, std_error, df, conf_low, conf_high,
        p_value``, log points, errors by state); ``fake_estimate, fake_p``; ``leads_p, leads_power`` (to find
        a drift of `DRIFT` a year), ``leads_drift`` (found with 80% power); ``low_0.5, high_0.5, low_1,
        high_1``, ``breakdown``; ``admitted``.
    """
    rows = [
        {"comparison": name, "outcome": outcome} | one(with_rates(frame, outcome), effects)
        for outcome in OUTCOMES
        for name, effects in COMPARISONS.items()
    ]
    made = pd.DataFrame(rows)
    passed = made["fake_p"].gt(ADMIT) & made["leads_p"].gt(ADMIT)
    return made.assign(admitted=passed.groupby(made["comparison"]).transform("all"))


@cache
def admitted_effect(outcome: str) -> dict[str, float]:
    """Return the effect on 2013 and 2014 of one outcome under the admitted comparison.

    Columns of an estimate, ``treated`` (counties), ``exposure`` (share of their time under a policy) and
    ``mean`` (adopters' rate before, per 100,000).
    """
    frame = county_sample({name: load(name) for name in PANELS}, spec=COUNTIES).frame
    found = broom(
        two_way(with_rates(frame, outcome), "treated", COMPARISONS[ADMITTED]), COUNTIES.level, term="treated"
    )
    adopters = frame[frame["cohort"].gt(0)]
    before = adopters[adopters["treated"].eq(0)]
    return found | {
        "treated": int(adopters["fips"].nunique()),
        "exposure": mean_exposure(frame),
        "mean": float(before[outcome].sum() / before["people"].sum() * 1e5),
    }


def one(rows: pd.DataFrame, effects: list[Any]) -> dict[str, Any]:
    """Return one comparison's estimate, tests before and bounds; see `tested`."""
    main = broom(two_way(rows, "treated", effects), COUNTIES.level, term="treated")
    before = rows[rows["year"].le(COUNTIES.last_yearly)].reset_index(drop=True)
    pretended = (before["cohort"].gt(0) & before["year"].ge(FAKE_FROM)).astype(float)
    fake = broom(
        two_way(before.assign(pretended=pretended), "pretended", effects), COUNTIES.level, term="pretended"
    )
    events = event_path(rows, effects)
    return (
        main
        | {"fake_estimate": fake["estimate"], "fake_p": fake["p_value"]}
        | leads(events)
        | _bounds(events)
    )


def event_path(rows: pd.DataFrame, effects: list[Any]) -> Estimates:
    """Return effects by period against 2012, keyed by ``event_time`` (0: 2013 and 2014 together)."""
    adopts = rows["cohort"].gt(0)
    years = [int(year) for year in np.unique(rows["year"]) if year != COUNTIES.last_yearly]
    names = {year: f"in_{year}" for year in years}
    made = rows.assign(
        **{name: (adopts & rows["year"].eq(year)).astype(float) for year, name in names.items()}
    )
    fit = two_way(made, list(names.values()), effects)
    clusters = fit.sample.clusters or 2
    return Estimates(
        method="two-way Poisson by year",
        keys=pd.DataFrame({"event_time": [year - COUNTIES.period for year in years]}),
        estimate=fit.estimate,
        covariance=fit.covariance,
        sample=Sample(given=len(rows), used=len(rows), clusters=clusters),
        design={"df": float(clusters - 1), "correction": "by state"},
        level=COUNTIES.level,
    )


def leads(events: Estimates) -> dict[str, float]:
    """Return the joint F test of the leads and what drift it would have found."""
    time = events.keys["event_time"].to_numpy()
    before = time < -1
    effects, covariance = events.estimate[before], events.covariance[np.ix_(before, before)]
    count, df = int(before.sum()), float(events.design["df"])
    statistic = float(effects @ np.linalg.solve(covariance, effects)) / count
    away = (time[before] + 1).astype(float)
    information = float(away @ np.linalg.solve(covariance, away))
    critical = stats.f.ppf(COUNTIES.level, count, df)

    def power(drift: float) -> float:
        return float(stats.ncf.sf(critical, count, df, drift**2 * information))

    found = [size for size in np.arange(0.0005, 0.1, 0.0005) if power(size) >= COUNTIES.power]
    return {
        "leads_p": float(stats.f.sf(statistic, count, df)),
        "leads_power": power(DRIFT),
        "leads_drift": float(found[0]) if found else float("inf"),
    }


def _bounds(events: Estimates) -> dict[str, float]:
    sets = est.honest_bounds(events, values=MAGNITUDES, target=0, points=200, level=COUNTIES.level)
    found = {"breakdown": float(est.breakdown_value(events, target=0, level=COUNTIES.level, highest=5.0))}
    for row in sets.dropna(subset="value").to_dict("records"):
        found |= {f"{end}_{row['value']:g}": float(row[f"conf_{end}"]) for end in ("low", "high")}
    return found


@cache
def activation() -> pd.DataFrame:
    """Return what Secure Communities did to recorded crime under every comparison, with its lead.

    Activation by county from 2008 to 2013 has the same counties, years and counts as the policies here, and
    published studies find nothing. ``outcome, comparison``, the estimate, and ``lead, lead_p``: the effect of
    the year to come given this one, which is zero where counties moved alike before.
    """
    panels: Mapping[str, pd.DataFrame] = {name: load(name) for name in PANELS}
    frame = secure_communities.sample(panels)
    about = panels["counties"].set_index("fips")[["region", "nchs_class_2013"]]
    frame = frame.join(about, on="fips")
    rows = []
    for name, outcome in secure_communities.OUTCOMES.items():
        data = with_rates(frame, outcome)
        for comparison in (ALL, INSIDE, ADMITTED):
            effects = COMPARISONS[comparison]
            found = broom(two_way(data, "activated", effects), COUNTIES.level, term="activated")
            ahead = broom(two_way(data, ["activated", "to_come"], effects), COUNTIES.level, term="to_come")
            rows.append(
                {"outcome": name, "comparison": comparison}
                | found
                | {"lead": ahead["estimate"], "lead_p": ahead["p_value"]}
            )
    return pd.DataFrame(rows)
