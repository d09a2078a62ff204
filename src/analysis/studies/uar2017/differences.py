"""The matched comparison of every coding, as tables: who could be matched, balance, differences by year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..designs.city_series import CitySeries
from . import matching
from .sample import Sample, units_of
from .spec import UarSpec

#: Estimators drawn for every year; the others match anew each time and serve the cross-section.
BY_YEAR = (matching.UNMATCHED, matching.ONE_TO_ONE, matching.FULL)
#: Which treated cities enter a year: those whose policy was in force all year; or all of the coding, of
#: which the matched pairs are drawn, so that the years before adoption show what the matching left.
IN_FORCE, ALL = "in force", "all treated"
#: The sensitivity in which controls need to be clean only up to the cross-section.
EARLY = "in force, controls clean until then"
_HOLD_LEGACY_RAPE = ("violent", "rape_legacy")


@dataclass(frozen=True)
class Matched:
    """One coding's sample and the design made of it."""

    sample: Sample
    design: matching.Design


def matched_sample(
    panels: Mapping[str, pd.DataFrame],
    series: CitySeries,
    coding: str,
    treated: pd.DataFrame,
    until: int,
    *,
    spec: UarSpec,
) -> Matched:
    """Match the treated cities of a coding to cities that nothing names up to and including `until`."""
    sample = units_of(
        treated,
        panels["places"],
        panels["policies"],
        panels["undated_places"],
        series,
        coding=coding,
        clean_through=until,
        spec=spec,
    )
    return Matched(sample, matching.design_of(sample.units, spec=spec))


def years_of(outcome: str, *, spec: UarSpec) -> range:
    """Return the paper's years in which the outcome keeps its definition in every city."""
    return range(spec.first, (spec.last_legacy if outcome in _HOLD_LEGACY_RAPE else spec.last) + 1)


def differences(
    matched: Mapping[str, Matched], early: Matched, series: CitySeries, *, spec: UarSpec
) -> pd.DataFrame:
    """Return every difference of the study, one row each; see `analysis.studies.uar2017.study.Results`."""
    rows = []
    for coding, one in matched.items():
        rows += [{"coding": coding, **row} for row in _pooled(one, series, spec=spec)]
        rows += [{"coding": coding, **row} for row in _cross_section(one, series, IN_FORCE, spec=spec)]
    rows += [{"coding": spec.main, **row} for row in _by_year(matched[spec.main], series, spec=spec)]
    rows += [{"coding": spec.main, **row} for row in _cross_section(early, series, EARLY, spec=spec)]
    keys = ["coding", "estimator", "group", "year", "outcome"]
    return pd.DataFrame(rows).drop_duplicates(keys).reset_index(drop=True)


def _pooled(one: Matched, series: CitySeries, *, spec: UarSpec) -> Iterator[dict[str, Any]]:
    for outcome in spec.outcomes:
        for row in matching.pooled(
            one.design.pairs, series, outcome, years_of(outcome, spec=spec), spec=spec
        ):
            yield {"estimator": matching.ONE_TO_ONE, "year": pd.NA, "outcome": outcome, **row}


def _cross_section(
    one: Matched, series: CitySeries, group: str, *, spec: UarSpec
) -> Iterator[dict[str, Any]]:
    present = _present(one, spec.cross_section, IN_FORCE)
    for outcome in spec.outcomes:
        rates = _rates(one, series, outcome, spec=spec)[spec.cross_section]
        for estimator in matching.ESTIMATORS:
            found = matching.difference(one.design, estimator, present, rates, spec=spec)
            keys = {"estimator": estimator, "group": group, "year": spec.cross_section, "outcome": outcome}
            yield keys | found


def _by_year(one: Matched, series: CitySeries, *, spec: UarSpec) -> Iterator[dict[str, Any]]:
    for outcome in spec.outcomes:
        rates = _rates(one, series, outcome, spec=spec)
        for group, estimators in ((IN_FORCE, BY_YEAR), (ALL, (matching.ONE_TO_ONE,))):
            for year in years_of(outcome, spec=spec):
                present = _present(one, year, group)
                if one.design.units["is_treated"].to_numpy(bool)[present].sum() < spec.fewest:
                    continue
                for estimator in estimators:
                    found = matching.difference(one.design, estimator, present, rates[year], spec=spec)
                    yield {"estimator": estimator, "group": group, "year": year, "outcome": outcome} | found


def _present(one: Matched, year: int, group: str) -> np.ndarray:
    units = one.design.units
    holds = matching.in_force(units, [year])[year].to_numpy(bool)
    present: np.ndarray = units["is_treated"].eq(0).to_numpy() | holds | (group == ALL)
    return present


def _rates(one: Matched, series: CitySeries, outcome: str, *, spec: UarSpec) -> dict[int, np.ndarray]:
    table = series.values[outcome].reindex(one.design.units["ori"])
    return {year: table[year].to_numpy(float) for year in range(spec.first, spec.last + 1)}


def ledger(matched: Mapping[str, Matched], places: pd.DataFrame) -> pd.DataFrame:
    """Return ``coding, arm, reason, places``: with those matched on they are all places of the panel."""
    parts = []
    for coding, one in matched.items():
        used = one.design.units.assign(reason="used")
        rows = pd.concat([used, one.sample.dropped])[["is_treated", "reason"]]
        if len(rows) != len(places):
            raise AssertionError(f"{len(rows)} places accounted for, {len(places)} given")
        parts.append(rows.assign(coding=coding, arm=rows["is_treated"].map({1: "treated", 0: "control"})))
    counted = pd.concat(parts).groupby(["coding", "arm", "reason"], sort=False).size()
    return counted.rename("places").reset_index()


def treated_table(treated: Mapping[str, pd.DataFrame], matched: Mapping[str, Matched]) -> pd.DataFrame:
    """Return the treated cities of all codings with their match, or why they have none."""
    parts = []
    for coding, cities in treated.items():
        one = matched[coding]
        names = ["ori", "control_name", "control_state"]
        why = one.sample.dropped[["ori", "reason"]].rename(columns={"reason": "unmatched_because"})
        table = cities.merge(one.design.pairs[names], on="ori", how="left", validate="1:1")
        table = table.merge(why, on="ori", how="left", validate="1:1").fillna({"unmatched_because": ""})
        parts.append(table.assign(coding=coding))
    return pd.concat(parts, ignore_index=True)


def stacked(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one table by coding as rows of one, with the column ``coding`` first."""
    table = pd.concat(tables, names=["coding"]).reset_index("coding")
    return table.reset_index(drop=True)
