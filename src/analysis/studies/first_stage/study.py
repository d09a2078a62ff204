"""The first stage: what detainer policies changed at the jail door, and for whom.

Declined detainers of every county from 2008 to 2014 around its dated policy, with the volume at its jails
as exposure; the share declined in fiscal year 2015; each policy date against the first year of declines; and
the counties that decline without a row in the policy list. Treatment dates come from a cited list of this project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ... import estimators as est
from ...panels.store import load
from ..designs.study_spec import cached_by_spec
from .dates import dates_and_declines, decliners_without_row, rates_by
from .fits import event_path, pooled_effect, share_declined
from .sample import PANELS, FirstStageSample, first_stage_sample
from .spec import SPEC, FirstStageSpec

#: Adopters by what dates them; the others of the model leave with theirs.
_ADOPTERS = {"all": ("local", "state law"), "local policy": ("local",), "state law": ("state law",)}
#: Columns by which the rates of misdated and inert policies are given.
BY = ("dated_by", "basis", "confidence", "is_upper_bound", "source_type", "state")


@dataclass(frozen=True)
class FirstStage:
    """What the study found, as tables; effects are log ratios of declines.

    Attributes
    ----------
    spec : FirstStageSpec
    ledger : pandas.DataFrame
        Counties by the step that left them out.
    by_year : pandas.DataFrame
        Recorded declines at local facilities by ``year`` and ``group`` (adopters, comparison).
    events : pandas.DataFrame
        Log ratios by ``sample`` and ``event_time``.
    effects : pandas.DataFrame
        One ratio by ``sample`` and ``adopters_dated_by``: errors by jackknife over states, and the
        detectable log ratio.
    shares : pandas.DataFrame
        Share declined of fiscal year 2015's detainers by ``sample`` and ``group``.
    dates : pandas.DataFrame
        Every dated county with the first year of declines and a verdict.
    rates : dict of str to pandas.DataFrame
        Rates of misdated and inert policies by a column.
    decliners : pandas.DataFrame
        Counties that decline and that no policy, law or list names.
    """

    spec: FirstStageSpec
    ledger: pd.DataFrame
    by_year: pd.DataFrame
    events: pd.DataFrame
    effects: pd.DataFrame
    shares: pd.DataFrame
    dates: pd.DataFrame
    rates: dict[str, pd.DataFrame]
    decliners: pd.DataFrame


@cached_by_spec
def run(spec: FirstStageSpec = SPEC) -> FirstStage:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in PANELS}, spec)


def study(panels: Mapping[str, pd.DataFrame], spec: FirstStageSpec = SPEC) -> FirstStage:
    """Run the study on given panels, of the names in `PANELS`."""
    sample = first_stage_sample(panels, spec=spec)
    dates = dates_and_declines(sample.counties, panels, spec=spec)
    return FirstStage(
        spec=spec,
        ledger=sample.ledger,
        by_year=_by_year(sample),
        events=_events(sample, spec),
        effects=_effects(sample, spec),
        shares=_shares(sample, spec),
        dates=dates,
        rates={by: rates_by(dates, by) for by in BY},
        decliners=decliners_without_row(sample.counties, panels, spec=spec),
    )


def _by_year(sample: FirstStageSample) -> pd.DataFrame:
    group = np.where(sample.frame["cohort"].gt(0), "adopters", "comparison")
    table = sample.frame.assign(group=group).groupby(["group", "year"])
    return table.agg(declined=("declined", "sum"), counties=("fips", "nunique")).reset_index()


def _events(sample: FirstStageSample, spec: FirstStageSpec) -> pd.DataFrame:
    parts = []
    for name, states in spec.samples.items():
        frame = sample.frame[~sample.frame["state"].isin(states)].reset_index(drop=True)
        parts.append(event_path(frame, spec=spec).assign(sample=name))
    return pd.concat(parts, ignore_index=True)


def _effects(sample: FirstStageSample, spec: FirstStageSpec) -> pd.DataFrame:
    rows = []
    for name, states in spec.samples.items():
        frame = sample.frame[~sample.frame["state"].isin(states)].reset_index(drop=True)
        for label, kinds in _ADOPTERS.items():
            kept = frame["cohort"].eq(0) | frame["dated_by"].isin(kinds)
            found = pooled_effect(frame[kept].reset_index(drop=True), spec=spec)
            rows.append({"sample": name, "adopters_dated_by": label} | found)
    table = pd.DataFrame(rows)
    table["detectable"] = [
        est.minimum_detectable_effect(error, power=spec.power, level=spec.level, df=df)
        for error, df in zip(table["std_error"], table["df"], strict=True)
    ]
    return table


def _shares(sample: FirstStageSample, spec: FirstStageSpec) -> pd.DataFrame:
    counties = sample.counties
    named = counties["exposed_from"].le(spec.clean_through).fillna(False).astype(bool)
    bound = counties["cohort"].between(1, spec.bound_by)
    group = np.select([bound, named], ["policy dated", "named, none sure"], "no policy known")
    rows = []
    for name, states in spec.samples.items():
        for which in ("policy dated", "named, none sure", "no policy known"):
            kept = counties[(group == which) & ~counties["state"].isin(states)]
            rows.append({"sample": name, "group": which} | share_declined(kept, spec=spec))
    return pd.DataFrame(rows)
