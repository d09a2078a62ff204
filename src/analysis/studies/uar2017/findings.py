"""What the rebuilt study says to each published claim of the Urban Affairs Review paper."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from ...estimators.core.intervals import excludes_zero
from ..published.claims import Finding
from .matching import ONE_TO_ONE
from .results import Results

_RATE = "per 100,000 residents"
_SUBSTITUTE = (
    "Ours is a substitute list, of cities whose instrument a source that could be read dates; the paper used "
    "a list of the National Immigration Law Center that could not be obtained."
)
_OUR_CHOICE = "The study takes this over from the paper as its own specification, so it cannot test it."


def findings_of(results: Results) -> dict[str, Finding]:
    """Return the findings by claim; claims without one keep the reason in their row."""
    groups = [*_matched(results), *_before_after(results), *_by_city(results), *_sample(results)]
    return {finding.claim: finding for finding in groups}


def difference(results: Results, outcome: str, **keys: Any) -> pd.Series:
    """Return one difference of the main coding, one-to-one matches unless another estimator is named."""
    table = results.differences
    wanted = {"coding": results.spec.main, "estimator": ONE_TO_ONE, "outcome": outcome} | keys
    for name, value in wanted.items():
        table = table[table[name].eq(value).fillna(False)]
    if len(table) != 1:
        raise KeyError(f"{wanted} names {len(table)} differences")
    return table.iloc[0]


def before_after(results: Results, outcome: str, window: int = 1) -> pd.Series:
    """Return the mean change of the main coding in the paper's years."""
    table = results.before_after
    period = next(iter(results.spec.periods))
    rows = table["coding"].eq(results.spec.main) & table["period"].eq(period)
    rows &= table["outcome"].eq(outcome) & table["window"].eq(window)
    return table[rows].iloc[0]


def _matched(results: Results) -> list[Finding]:
    names = {"violent": "violent", "rape": "rape_legacy", "property": "property"}
    found = [
        _interval(f"uar_matched_{name}", difference(results, outcome, group="after"), _told(results, outcome))
        for name, outcome in names.items()
    ]
    pooled = difference(results, "violent", group="after")
    at_2012 = difference(results, "violent", group="in force", year=results.spec.cross_section)
    return [*found, _interval("uar_violent_sign", pooled), _interval("uar_violent_2012", at_2012)]


def _before_after(results: Results) -> list[Finding]:
    names = {"violent": "violent", "rape": "rape_legacy", "property": "property"}
    return [
        _interval(f"uar_prepost_{name}", before_after(results, outcome)) for name, outcome in names.items()
    ]


def _by_city(results: Results) -> list[Finding]:
    violent, cities = before_after(results, "violent"), results.by_chance
    unchanged = int((~cities["beyond"]).sum())
    return [
        Finding("uar_prepost_some_up", violent["rose"], unit="cities"),
        Finding("uar_prepost_some_down", violent["fell"], unit="cities"),
        Finding("uar_prepost_some_unchanged", unchanged, unit="cities"),
    ]


def _sample(results: Results) -> list[Finding]:
    treated = results.treated[results.treated["coding"].eq(results.spec.main)]
    outside = treated[treated["state"].ne("DC")]
    states = outside["state"].nunique()
    counted = {
        "uar_cities": (len(treated), "cities"),
        "uar_cities_without_dc": (len(outside), "cities"),
        "uar_states_19": (states, "states"),
        "uar_states_20": (states, "states"),
    }
    found = [Finding(name, n, unit=unit, note=_SUBSTITUTE) for name, (n, unit) in counted.items()]
    ours = ("uar_first_adoption", "uar_first_year", "uar_last_year")
    return found + [Finding(name, math.nan, unit="calendar year", note=_OUR_CHOICE) for name in ours]


def _interval(claim: str, row: pd.Series, more: str = "") -> Finding:
    note = ""
    if excludes_zero(row["conf_low"], row["conf_high"]):
        note = (
            f"The 95% interval excludes zero, with {int(row['used'])} cities of the substitute list. {more}"
        )
    mean = row["mean_control"] if "mean_control" in row else row["mean_before"]
    return Finding(
        claim,
        row["estimate"],
        row["conf_low"],
        row["conf_high"],
        unit=_RATE,
        note=note.strip(),
        mean=float(mean),
    )


def _told(results: Results, outcome: str) -> str:
    """Say how far the same pairs stood apart before adoption, and how that changed."""
    before, change = (difference(results, outcome, group=group) for group in ("before", "change"))
    return (
        f"The same pairs stood {before['estimate']:.0f} apart before adoption; the change is "
        f"{change['estimate']:.0f}, 95% interval {change['conf_low']:.0f} to {change['conf_high']:.0f}."
    )
