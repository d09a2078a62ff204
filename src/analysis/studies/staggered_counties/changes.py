"""Changes of county crime between two spans: inference that needs least squares, and the splice of two files.

From 2015 crime comes from another file, which counts and imputes differently: a level before and one after
can never be compared. A change across the splice is the change of crime plus what the files differ by in that
county. A comparison of changes is therefore right only if that difference is alike, given what a design
absorbs, in adopting and other counties: `splice_likeness` tests it where there is no policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...sources.county.icpsr import BOROUGHS
from .border_pairs import border_pairs
from .fits import broom
from .sample import NEW_YORK, CountySample, county_sample, county_treatment, one_coverage
from .spec import StaggeredCountiesSpec

#: Parts of the totals that the file from 2015 prints, by name in either older panel.
_PARTS = {
    "violent": ["homicide", "rape", "robbery", "aggravated_assault"],
    "property_with_arson": ["burglary", "larceny", "motor_vehicle_theft", "arson"],
}
_NEW = {"violent": "violent_kaplan_per_100k", "property_with_arson": "property_with_arson_kaplan_per_100k"}
#: Steps from one span to another by name; those that cross the splice are marked.
STEPS = {
    "2010–12 to 2013–14, one file": ("base", "both"),
    "2010–12 to 2015, two files": ("base", "2015"),
    "2010–12 to 2017, two files": ("base", "2017"),
    "2015 to 2017, one file": ("2015", "2017"),
}
#: What is absorbed, by name.
DESIGNS: dict[str, list[str]] = {
    "nothing absorbed": [],
    "same region": ["region"],
    "same urban-rural class": ["nchs_class_2013"],
    "same state": ["state"],
    "border pairs": ["pair"],
}
_TRAITS = ["log_residents", "hispanic_share_2010", "foreign_born_share_2010"]


def changes(
    panels: Mapping[str, pd.DataFrame], sample: CountySample | None = None, *, spec: StaggeredCountiesSpec
) -> pd.DataFrame:
    """Return one row a county of the headline's sample with logarithms of rates by span and outcome.

    Columns ``<outcome>_<span>``: spans ``base`` (2010-12), ``both`` (2013-14), and the years of the other
    file, from counties of its better two qualities. Missing where the rate is missing or zero; also, in a
    year of the other file, for adopters whose policy had ended and comparison counties named by then.
    """
    sample = sample or county_sample(panels, spec=spec)
    counties = sample.frame.drop_duplicates("fips").set_index("fips")
    counties = counties.assign(
        adopts=counties["cohort"].gt(0).astype(float), log_residents=np.log(counties["residents"])
    )
    old, two = _old_rates(panels["county_year"], spec), _both_rates(panels["county_2013_2014"])
    for outcome in spec.spliced_outcomes:
        spans = {"base": old[outcome], "both": two[outcome]}
        spans |= {str(year): _new_rates(panels["county_year"], year, outcome) for year in spec.spliced}
        for span, rate in spans.items():
            found = rate.reindex(counties.index).astype(float)
            counties[f"{outcome}_{span}"] = np.log(found.where(found > 0))
    return _still_comparable(counties, panels, spec=spec).reset_index()


def _old_rates(years: pd.DataFrame, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    rows = years[years["year"].between(*spec.base) & one_coverage(years).gt(0)]
    return _rates(rows, "{}_imputed", "population_census", {"rape": "rape_legacy"})


def _both_rates(both: pd.DataFrame) -> pd.DataFrame:
    return _rates(both, "{}_imputed_2013_2014", "person_years_2013_2014", {"rape": "rape_either"})


def _rates(rows: pd.DataFrame, column: str, people: str, names: Mapping[str, str]) -> pd.DataFrame:
    codes = rows["fips"].where(~rows["fips"].isin(BOROUGHS), NEW_YORK)
    residents = rows[people].astype(float).groupby(codes).sum()
    table = {}
    for outcome, parts in _PARTS.items():
        columns = [column.format(names.get(part, part)) for part in parts]
        count = rows[columns].astype(float).sum(axis=1, skipna=False)
        table[outcome] = (
            count.groupby(codes).sum(min_count=1).mask(count.isna().groupby(codes).any()) / residents
        )
    return pd.DataFrame(table)


def _new_rates(years: pd.DataFrame, year: int, outcome: str) -> pd.Series:
    rows = years[years["year"].eq(year) & years["kaplan_quality"].lt(3).fillna(False)]
    rows = rows.assign(code=rows["fips"].where(~rows["fips"].isin(BOROUGHS), NEW_YORK))
    people = rows["population_census"].astype(float)
    crimes = (rows[_NEW[outcome]].astype(float) * people).groupby(rows["code"]).sum(min_count=1)
    return crimes / people.groupby(rows["code"]).sum() / 1e5


def _still_comparable(
    counties: pd.DataFrame, panels: Mapping[str, pd.DataFrame], *, spec: StaggeredCountiesSpec
) -> pd.DataFrame:
    known = county_treatment(panels, spec.rules, spec=spec).reindex(counties.index)
    laws = panels["policies"]
    laws = laws[laws["definition"].eq("any_limit") & laws["kind"].eq("state") & laws["reach"].eq("statewide")]
    by_law = counties["state"].map(laws.groupby("state")["adopted_year"].min())
    first = pd.concat([known["exposed_from"].astype(float), by_law.astype(float)], axis=1).min(axis=1)
    adopts = counties["adopts"].eq(1)
    for year in spec.spliced:
        gone = np.where(adopts, known["ended_year"].astype(float) <= year, first <= year)
        for outcome in spec.spliced_outcomes:
            counties[f"{outcome}_{year}"] = counties[f"{outcome}_{year}"].mask(gone)
    return counties


def steps(table: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    """Return the difference of changes between adopters and others by outcome, step and design.

    Log points, weighted by residents; cluster-jackknife errors by state (border pairs: clustered by state,
    without the jackknife, each county weighing its residents over its pairs). ``crosses`` marks the splice.
    """
    rows = []
    for outcome in spec.spliced_outcomes:
        for name, (before, after) in STEPS.items():
            change = table[f"{outcome}_{after}"] - table[f"{outcome}_{before}"]
            known = table.assign(change=change)[change.notna()].reset_index(drop=True)
            for design in DESIGNS:
                found = _difference(known, design, spec=spec)
                rows.append(
                    {"outcome": outcome, "step": name, "design": design, "crosses": "two" in name} | found
                )
    return pd.DataFrame(rows)


def _difference(
    known: pd.DataFrame, design: str, treatment: str = "adopts", *, spec: StaggeredCountiesSpec
) -> dict[str, Any]:
    paired = design == "border pairs"
    rows = _paired(known, spec=spec) if paired else known.assign(weight=known["residents"])
    fit = est.ols(
        rows,
        outcome="change",
        treatment=treatment,
        effects=DESIGNS[design],
        weights="weight",
        cluster="state",
        covariance="CRV1" if paired else "CRV3",
        level=spec.level,
    )
    used = rows[np.asarray(fit.sample.rows)].drop_duplicates("fips")
    return broom(fit, spec.level, term=treatment) | {
        "counties": len(used),
        "treated": int(used["adopts"].sum()),
        "states": used["state"].nunique(),
    }


def _paired(known: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    pairs = border_pairs(known, spec=spec)
    long = pairs.melt(["pair", "segment"], ["one", "other"], value_name="fips")[["pair", "segment", "fips"]]
    made = long.merge(known, on="fips", validate="m:1")
    repeats = made.groupby("fips")["pair"].transform("size")
    made = made.assign(weight=made["residents"] / repeats)
    return made.sort_values(["pair", "fips"], ignore_index=True)


def splice_likeness(table: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    """Return how the change of files goes with likeness to adopters, among counties without a policy.

    Likeness is the fit of adoption to residents and the Hispanic and foreign-born shares, scaled so that the
    average adopter stands one above the average other county. The change is that of the step from 2013-14 to
    2015, in which these counties changed nothing: were the splice harmless to a design, its coefficient would
    be zero. Beside it the same for the step from 2010-12 to 2013-14, in one file.
    """
    score = est.ols(table, outcome="adopts", covariates=_TRAITS)
    coefficient = score.tidy().set_index("term")["estimate"]
    index = table[_TRAITS] @ coefficient[_TRAITS]
    gap = index[table["adopts"].eq(1)].mean() - index[table["adopts"].eq(0)].mean()
    others = table.assign(likeness=index / gap)[table["adopts"].eq(0)]
    rows = []
    for outcome in spec.spliced_outcomes:
        for step, (before, after) in {"splice": ("both", "2015"), "one file": ("base", "both")}.items():
            change = others[f"{outcome}_{after}"] - others[f"{outcome}_{before}"]
            known = others.assign(change=change)[change.notna()].reset_index(drop=True)
            spread = float(np.sqrt(np.cov(known["change"], aweights=known["residents"])))
            for design in ("nothing absorbed", "same region", "same state"):
                found = _difference(known, design, "likeness", spec=spec)
                rows.append({"outcome": outcome, "step": step, "design": design, "spread": spread} | found)
    return pd.DataFrame(rows)


def long_difference(rows: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    """Return one row a county: log rate of 2013-14 less that of the mean rate before, and who adopts.

    Parameters
    ----------
    rows : pandas.DataFrame
        `with_rates` of a sample's frame. Counties without a crime in either span are left out.
    """
    late = rows["year"].eq(spec.period)
    sums = [rows[mask].groupby("fips")[["count", "people"]].sum() for mask in (late, ~late)]
    after, before = (part["count"] / part["people"] for part in sums)
    both = pd.Series(np.log(after.where(after > 0)) - np.log(before.where(before > 0)))
    counties = rows.drop_duplicates("fips").assign(adopts=lambda frame: frame["cohort"].gt(0).astype(float))
    counties = counties.assign(change=counties["fips"].map(both), weight=counties["residents"])
    return counties[counties["change"].notna()].reset_index(drop=True)


def swapped(counties: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    """Return tests of the difference of changes: jackknife, wild bootstrap, and adoption handed to others.

    ``whole states swapped`` keeps to states in which all counties of the sample adopt or none does;
    ``counties swapped in states`` to what happens inside states, with state effects.
    """
    common: dict[str, Any] = {"outcome": "change", "treatment": "adopts", "weights": "weight"}
    share = counties.groupby("state")["adopts"].transform("mean")
    whole = counties[share.isin([0.0, 1.0])].reset_index(drop=True)
    jackknifed = est.ols(counties, cluster="state", covariance="CRV3", level=spec.level, **common)
    wild = est.wild_bootstrap(
        counties, cluster="state", draws=spec.draws, seed=spec.seed, level=spec.level, **common
    )
    random: dict[str, Any] = {
        "unit": "fips",
        "draws": spec.draws,
        "seed": spec.seed,
        "level": spec.level,
    } | common
    between = est.randomization_test(whole, design="cluster", cluster="state", **random)
    inside = est.randomization_test(counties, design="unit", strata="state", effects=["state"], **random)
    kinds = {
        "jackknife by state": (jackknifed, counties),
        "wild bootstrap by state": (wild, counties),
        "whole states swapped": (between, whole),
        "counties swapped in states": (inside, counties),
    }
    return pd.DataFrame([_tested(name, *kind) for name, kind in kinds.items()])


def _tested(name: str, result: est.Estimates, counties: pd.DataFrame) -> dict[str, Any]:
    row = result.row(term="adopts")
    shown: Sequence[str] = ("estimate", "p_value", "conf_low", "conf_high")
    states = counties.loc[counties["adopts"].eq(1), "state"].nunique()
    return {"test": name, "counties": len(counties), "treated_states": states} | {
        n: float(row[n]) for n in shown
    }
