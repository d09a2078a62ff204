"""Counties that stopped honouring detainers, 2008 to 2014: staggered designs on county crime 2000-2017.

Three designs that never compare levels of two crime files. The main one holds the two years 2013 and 2014,
known only as a sum, against the years before, for counties that adopted in these years; adopters were bound
for part of the time, so the effect is that on the two years as they were, and beside it stands the effect per
full exposure. The few adopters until 2012 have yearly counts after adoption; placebo counties judge them.
Changes across the splice of 2014 and 2015 are shown apart, with a test of what they assume. Treatment dates
come from a cited list of this project, not from any of the papers.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from ... import estimators as est
from ...panels.store import load
from ..designs.paired_tests import judged
from ..published.claims import claims
from .border_pairs import border_pairs
from .changes import changes, long_difference, splice_likeness, steps, swapped
from .early_adopters import early
from .fits import KEYS, broom, by_year, estimate, jackknife, rings_fit, two_way
from .sample import PANELS, CountySample, county_sample, with_rates
from .spec import FIRST, FORKS, HEADLINE, LEVEL, MARGIN_SHARE, MARGINS, OUTCOMES, POWER, PRIMARY, CountyRules

#: Outcomes followed through every fork, and those of the randomization tests.
MAIN = (*PRIMARY, "violent_without_rape", "property")
_PREPARED = ("fips", "year")


@dataclass(frozen=True)
class StaggeredCounties:
    """Everything the study found, as tables; effects in log points unless a unit is named.

    Attributes
    ----------
    ledger, adopters : pandas.DataFrame
        Counties by the step that left them out; adopters in the sample by state with mean ``exposure``.
    mean_exposure : float
        Share of the adopters' person-years of 2013-14 under the policy.
    headline, jackknifed : pandas.DataFrame
        The headline by ``outcome``; for `MAIN`, with errors from leaving out each state.
    exposure : pandas.DataFrame
        By ``outcome``, the effect per full exposure, were it at once and constant.
    without_state : pandas.DataFrame
        Refits of the headline by ``outcome`` and ``state`` left out, with that state's ``treated``.
    forks : pandas.DataFrame
        Every fork for `MAIN`.
    years, years_in_states : pandas.DataFrame
        Differences by period relative to 2012 from 2000 on, by ``outcome``, and for violent and property
        crime the same from 2008 on with state-by-year effects; ``pretest_p`` tests all periods before.
    rings : pandas.DataFrame
        By ``outcome`` and ``term``: adopters, and comparison counties by distance to the nearest.
    tests : pandas.DataFrame
        Jackknife, wild bootstrap and swapped policies, by ``outcome``, on changes of logarithms.
    rates : pandas.DataFrame
        Headline in crimes per 100,000 with the detectable effect and tests of equivalence.
    steps, likeness : pandas.DataFrame
        Changes within and across the two crime files; what the splice does among counties without policies.
    early, early_counties : pandas.DataFrame
        Adopters until 2012 together by ``outcome``, and one by one.
    pairs : int
        Adjacent pairs across state borders that differ.
    """

    ledger: pd.DataFrame
    adopters: pd.DataFrame
    mean_exposure: float
    headline: pd.DataFrame
    jackknifed: pd.DataFrame
    exposure: pd.DataFrame
    without_state: pd.DataFrame
    forks: pd.DataFrame
    years: pd.DataFrame
    years_in_states: pd.DataFrame
    rings: pd.DataFrame
    tests: pd.DataFrame
    rates: pd.DataFrame
    steps: pd.DataFrame
    likeness: pd.DataFrame
    early: pd.DataFrame
    early_counties: pd.DataFrame
    pairs: int


def run(panels: Mapping[str, pd.DataFrame] | None = None) -> StaggeredCounties:
    """Run the study on the committed panels, or on others of the same names and columns."""
    with warnings.catch_warnings():
        # Rows of few states are forks and early adopters: t over their own number of states, and placebo
        # counties, judge them, so the warning says nothing that the study does not.
        warnings.simplefilter("ignore", est.FewClustersWarning)
        return _run(panels or {name: load(name) for name in PANELS})


def _run(panels: Mapping[str, pd.DataFrame]) -> StaggeredCounties:
    sample = county_sample(panels)
    frame = sample.frame
    jackknifed, without = _jackknifed(frame)
    together, apart = zip(*(early(panels, outcome) for outcome in MAIN), strict=True)
    table = changes(panels, sample)
    long = county_sample(panels, CountyRules(first_year=FIRST)).frame
    return StaggeredCounties(
        ledger=sample.ledger,
        adopters=_adopters(frame),
        mean_exposure=mean_exposure(frame),
        headline=_by_outcome(frame),
        jackknifed=jackknifed,
        exposure=_per_exposure(frame),
        without_state=without,
        forks=forks(panels, sample),
        years=_years(long, MAIN, None),
        years_in_states=_years(frame, MAIN[-2:], ["fips", ("state", "year")]),
        rings=_rings(frame),
        tests=_tests(frame),
        rates=rates(frame),
        steps=steps(table),
        likeness=splice_likeness(table),
        early=pd.DataFrame(together),
        early_counties=pd.concat(apart, ignore_index=True),
        pairs=len(border_pairs(frame)),
    )


@cache
def results() -> StaggeredCounties:
    """Return the study on the committed panels, run once a process."""
    return run()


def forks(
    panels: Mapping[str, pd.DataFrame], sample: CountySample, outcomes: Sequence[str] = MAIN
) -> pd.DataFrame:
    """Return every fork: ``outcome, group, name, scale``, the estimate and its sample."""
    samples = {str({}): sample.frame}
    rows = []
    for fork in FORKS:
        key = str(fork.rules)
        if key not in samples:
            samples[key] = county_sample(panels, CountyRules(**fork.rules)).frame
        for outcome in outcomes:
            found = estimate(samples[key], outcome, fork)
            rows.append(
                {"outcome": outcome, "group": fork.group, "name": fork.name, "scale": fork.scale} | found
            )
    return pd.DataFrame(rows)


def _adopters(frame: pd.DataFrame) -> pd.DataFrame:
    treated = frame[frame["treated"].gt(0)]
    grouped = treated.groupby("state")
    table = pd.DataFrame(
        {
            "counties": grouped.size(),
            "residents": grouped["residents"].sum(),
            "exposure": grouped["exposure"].mean(),
        }
    )
    everyone = frame.drop_duplicates("fips").groupby("state").size()
    table["comparison"] = everyone.reindex(table.index) - table["counties"]
    return table.reset_index()


def mean_exposure(frame: pd.DataFrame) -> float:
    """Return the share of the adopters' person-years of 2013-14 under the policy."""
    treated = frame[frame["treated"].gt(0)]
    return float(np.average(treated["exposure"], weights=treated["people"]))


def _by_outcome(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([{"outcome": outcome} | estimate(frame, outcome, HEADLINE) for outcome in OUTCOMES])


def _per_exposure(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for outcome in OUTCOMES:
        fit = two_way(with_rates(frame, outcome), "exposure", list(_PREPARED))
        rows.append({"outcome": outcome} | broom(fit, term="exposure"))
    return pd.DataFrame(rows)


def _jackknifed(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, parts = [], []
    for outcome in MAIN:
        row, refits = jackknife(with_rates(frame, outcome))
        rows.append({"outcome": outcome} | row)
        parts.append(refits.assign(outcome=outcome))
    return pd.DataFrame(rows), pd.concat(parts, ignore_index=True)


def _years(frame: pd.DataFrame, outcomes: Sequence[str], effects: list | None) -> pd.DataFrame:
    parts = [by_year(with_rates(frame, outcome), effects).assign(outcome=outcome) for outcome in outcomes]
    return pd.concat(parts, ignore_index=True)


def _rings(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for outcome in MAIN:
        fit = rings_fit(with_rates(frame, outcome))
        rows += [{"outcome": outcome, "term": term} | broom(fit, term=term) for term in fit.keys["term"]]
    return pd.DataFrame(rows)


def _tests(frame: pd.DataFrame) -> pd.DataFrame:
    parts = [swapped(long_difference(with_rates(frame, outcome))).assign(outcome=outcome) for outcome in MAIN]
    return pd.concat(parts, ignore_index=True)


def margins() -> dict[str, tuple[str, float]]:
    """Return the published differences used as margins: claim to outcome and size in crimes per 100,000."""
    found = {}
    for claim, (table, factor, outcome) in MARGINS.items():
        figure = claims(table)[claim].figure
        assert figure is not None
        found[claim] = (outcome, abs(float(figure.value)) * factor)
    return found


def rates(frame: pd.DataFrame, outcomes: Sequence[str] = tuple(OUTCOMES)) -> pd.DataFrame:
    """Return the effect in crimes per 100,000 residents a year, and what it could show and excludes.

    Extended two-way effects of the rate, counties weighted by residents, errors by state. ``mean`` is the
    adopters' rate before; ``detectable_full`` the detectable effect per full exposure (over the mean one).
    """
    treated = frame[frame["cohort"].gt(0)]
    before = treated[treated["treated"].eq(0)]
    rows = []
    for outcome in outcomes:
        table = with_rates(frame, outcome)
        fit = est.extended_twfe(
            table, outcome="rate", weights="residents", absorb="unit", cluster="state", level=LEVEL, **KEYS
        )
        mean = before[outcome].sum() / before["people"].sum() * 1e5
        rows.append({"outcome": outcome, "mean": float(mean)} | broom(fit.aggregate("simple")))
    found = pd.DataFrame(rows)
    limits = {"share": MARGIN_SHARE * found["mean"]} | {
        claim: pd.Series(np.where(found["outcome"].eq(outcome), size, np.nan))
        for claim, (outcome, size) in margins().items()
    }
    made = judged(found.drop(columns="mean"), mean=found["mean"], margins=limits, power=POWER, level=LEVEL)
    return made.assign(detectable_full=made["detectable"] / mean_exposure(frame))


def fragility(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far the forks in logarithms or proportions lie apart, by outcome.

    Returns
    -------
    pandas.DataFrame
        ``outcome, forks, lowest, highest`` (log points), ``below, above`` (intervals wholly below or above
        zero), ``holds_zero``.
    """
    rows = []
    for outcome, part in table[table["scale"].ne("rate") & table["problem"].eq("")].groupby(
        "outcome", sort=False
    ):
        below, above = int(part["conf_high"].lt(0).sum()), int(part["conf_low"].gt(0).sum())
        rows.append(
            {
                "outcome": outcome,
                "forks": len(part),
                "lowest": part["estimate"].min(),
                "highest": part["estimate"].max(),
                "below": below,
                "above": above,
                "holds_zero": len(part) - below - above,
            }
        )
    return pd.DataFrame(rows)


#: Unpublished county estimates held beside ours, by our outcome: those with border-group effects.
BESIDE = {
    "violent_without_rape": "arellano2017_violent_dd2_4",
    "property": "arellano2017_property_dd2_4",
    "homicide": "arellano2017_type_murder",
    "robbery": "arellano2017_type_robbery",
    "motor_vehicle_theft": "arellano2017_type_auto_theft",
}


def beside(study: StaggeredCounties) -> pd.DataFrame:
    """Return the sign of each published estimate, whether its interval excludes zero, and ours by design.

    Sizes are not compared: the published counties, years, data and periods are others.
    """
    table = claims("other_studies")
    designs = {
        "headline": HEADLINE.name,
        "in_states": "Same state, year by year",
        "at_borders": "Across state borders, pair by pair",
    }
    rows = []
    for outcome, claim in BESIDE.items():
        figures = [table[name].figure for name in (claim, f"{claim}_se")]
        value, error = (float(figure.value) for figure in figures if figure is not None)
        mine = study.forks[study.forks["outcome"].eq(outcome)].set_index("name")
        rows.append(
            {
                "outcome": outcome,
                "claim": claim,
                "published": _said(value - 1.96 * error, value, value + 1.96 * error),
            }
            | {
                key: _said(*mine.loc[name, ["conf_low", "estimate", "conf_high"]])
                for key, name in designs.items()
            }
        )
    return pd.DataFrame(rows)


def _said(low: float, value: float, high: float) -> str:
    sign = "higher" if value > 0 else "lower"
    return sign if low > 0 or high < 0 else f"{sign}, zero inside"
