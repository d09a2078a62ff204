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
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...estimators.core.intervals import excludes_zero
from ...panels.store import load
from ..designs.paired_tests import judged
from ..designs.study_spec import cached_by_spec
from ..published.claims import claims
from ..published.margins import published_size
from .border_pairs import border_pairs
from .changes import changes, long_difference, splice_likeness, steps, swapped
from .early_adopters import early
from .fits import KEYS, broom, by_year, estimate, jackknife, rings_fit, two_way
from .results import StaggeredCounties
from .sample import PANELS, CountySample, county_sample, with_rates
from .spec import SPEC, StaggeredCountiesSpec

_PREPARED = ("fips", "year")


@cached_by_spec
def run(spec: StaggeredCountiesSpec = SPEC) -> StaggeredCounties:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in PANELS}, spec)


def study(panels: Mapping[str, pd.DataFrame], spec: StaggeredCountiesSpec = SPEC) -> StaggeredCounties:
    """Run the study on given panels, of the names in `PANELS`."""
    with warnings.catch_warnings():
        # Rows of few states are alternatives and early adopters: t over their own number of states, and placebo
        # counties, judge them, so the warning says nothing that the study does not.
        warnings.simplefilter("ignore", est.FewClustersWarning)
        return _study(panels, spec)


def _study(panels: Mapping[str, pd.DataFrame], spec: StaggeredCountiesSpec) -> StaggeredCounties:
    sample = county_sample(panels, spec=spec)
    frame = sample.frame
    jackknifed, without = _jackknifed(frame, spec=spec)
    together, apart = zip(*(early(panels, outcome, spec=spec) for outcome in spec.main), strict=True)
    table = changes(panels, sample, spec=spec)
    long = county_sample(panels, spec.long_rules, spec=spec).frame
    return StaggeredCounties(
        spec=spec,
        ledger=sample.ledger,
        adopters=_adopters(frame),
        mean_exposure=mean_exposure(frame),
        headline=_by_outcome(frame, spec=spec),
        jackknifed=jackknifed,
        exposure=_per_exposure(frame, spec=spec),
        without_state=without,
        forks=forks(panels, sample, spec=spec),
        years=_years(long, spec.main, None, spec=spec),
        years_in_states=_years(frame, spec.main[-2:], ["fips", ("state", "year")], spec=spec),
        rings=_rings(frame, spec=spec),
        tests=_tests(frame, spec=spec),
        rates=rates(frame, spec=spec),
        steps=steps(table, spec=spec),
        likeness=splice_likeness(table, spec=spec),
        early=pd.DataFrame(together),
        early_counties=pd.concat(apart, ignore_index=True),
        pairs=len(border_pairs(frame, spec=spec)),
    )


def forks(
    panels: Mapping[str, pd.DataFrame],
    sample: CountySample,
    outcomes: Sequence[str] = (),
    *,
    spec: StaggeredCountiesSpec,
) -> pd.DataFrame:
    """Return every specification for some outcomes, those followed when none is given.

    Returns
    -------
    pandas.DataFrame
        ``outcome, group, name, scale``, the estimate and its sample.
    """
    samples = {spec.rules: sample.frame}
    rows = []
    for one in spec.specifications:
        rules = spec.rules.replace(**one.sample)
        if rules not in samples:
            samples[rules] = county_sample(panels, rules, spec=spec).frame
        for outcome in outcomes or spec.main:
            names = {"outcome": outcome, "group": one.group, "name": one.name, "scale": one.scale}
            rows.append(names | estimate(samples[rules], outcome, one, spec=spec))
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


def _by_outcome(frame: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"outcome": outcome} | estimate(frame, outcome, spec.headline, spec=spec)
            for outcome in spec.outcomes
        ]
    )


def _per_exposure(frame: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    rows = []
    for outcome in spec.outcomes:
        fit = two_way(with_rates(frame, outcome), "exposure", list(_PREPARED))
        rows.append({"outcome": outcome} | broom(fit, spec.level, term="exposure"))
    return pd.DataFrame(rows)


def _jackknifed(frame: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, parts = [], []
    for outcome in spec.main:
        row, refits = jackknife(with_rates(frame, outcome), spec=spec)
        rows.append({"outcome": outcome} | row)
        parts.append(refits.assign(outcome=outcome))
    return pd.DataFrame(rows), pd.concat(parts, ignore_index=True)


def _years(
    frame: pd.DataFrame, outcomes: Sequence[str], effects: list[Any] | None, *, spec: StaggeredCountiesSpec
) -> pd.DataFrame:
    parts = [
        by_year(with_rates(frame, outcome), effects, spec=spec).assign(outcome=outcome)
        for outcome in outcomes
    ]
    return pd.concat(parts, ignore_index=True)


def _rings(frame: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    rows = []
    for outcome in spec.main:
        fit = rings_fit(with_rates(frame, outcome), spec=spec)
        rows += [
            {"outcome": outcome, "term": term} | broom(fit, spec.level, term=term)
            for term in fit.keys["term"]
        ]
    return pd.DataFrame(rows)


def _tests(frame: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    parts = [
        swapped(long_difference(with_rates(frame, outcome), spec=spec), spec=spec).assign(outcome=outcome)
        for outcome in spec.main
    ]
    return pd.concat(parts, ignore_index=True)


def margins(spec: StaggeredCountiesSpec) -> dict[str, tuple[str, float]]:
    """Return the published differences used as margins: claim to outcome and size in crimes per 100,000."""
    return {
        claim: (outcome, published_size(claim, table) * factor)
        for claim, (table, factor, outcome) in spec.margins.items()
    }


def rates(frame: pd.DataFrame, outcomes: Sequence[str] = (), *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    """Return the effect in crimes per 100,000 residents a year, and what it could show and excludes.

    Extended two-way effects of the rate, counties weighted by residents, errors by state. ``mean`` is the
    adopters' rate before; ``detectable_full`` the detectable effect per full exposure (over the mean one).
    """
    treated = frame[frame["cohort"].gt(0)]
    before = treated[treated["treated"].eq(0)]
    given: dict[str, Any] = {"outcome": "rate", **KEYS}
    rows = []
    for outcome in outcomes or spec.outcomes:
        table = with_rates(frame, outcome)
        fit = est.extended_twfe(
            table, weights="residents", absorb="unit", cluster="state", level=spec.level, **given
        )
        mean = before[outcome].sum() / before["people"].sum() * 1e5
        rows.append({"outcome": outcome, "mean": float(mean)} | broom(fit.aggregate("simple"), spec.level))
    found = pd.DataFrame(rows)
    limits = {"share": spec.margin_share * found["mean"]} | {
        claim: pd.Series(np.where(found["outcome"].eq(outcome), size, np.nan))
        for claim, (outcome, size) in margins(spec).items()
    }
    made = judged(
        found.drop(columns="mean"), mean=found["mean"], margins=limits, power=spec.power, level=spec.level
    )
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
        "headline": study.spec.headline.name,
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
    return sign if excludes_zero(low, high) else f"{sign}, zero inside"
