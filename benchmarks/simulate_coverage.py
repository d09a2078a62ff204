"""Do 95% intervals hold the truth 95% of the time on real crime rates? Writes docs/staggered_coverage.md.

``python benchmarks/simulate_coverage.py [repetitions [processes]]``. Each repetition draws counties from the committed
panel, gives some of them a placebo date at random, and adds either nothing or effects that differ by cohort
and grow with time, at random to the same counties. Levels, trends and shocks of the outcomes are the real
ones. The truth of a linear estimator is what it gives on the added effects alone; two-way fixed effects are
held to the mean effect on treated county-years, which is what they are commonly read as.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from analysis import panels
from analysis.estimators import (
    Estimates,
    efficient_timing,
    group_time,
    imputation,
    interaction_weighted,
    local_projection,
    ols,
    stacked,
    switchers,
    two_stage,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "staggered_coverage.md"
OUTCOMES = ("property_imputed_per_100k", "homicide_imputed_per_100k")
FIRST, LAST, SMALLEST, COUNTIES = 2000, 2012, 25_000, 400
COHORTS, SHARE_TREATED, STATES_TREATED = (2004, 2006, 2008, 2010), 0.5, 0.5
SEED, WINDOW = 20_260_801, (-1, 2)
KEYS = {"outcome": "y", "unit": "fips", "time": "year", "cohort": "g"}


def real_panel(outcome: str) -> pd.DataFrame:
    """Return counties with a rate in every year and at least `SMALLEST` people in each."""
    rows = panels.load("county_year").query("@FIRST <= year <= @LAST")
    rows = rows[rows[outcome].notna() & rows["population_census"].ge(SMALLEST)]
    complete = rows.groupby("fips")["year"].transform("size") == LAST - FIRST + 1
    return rows.loc[complete, ["fips", "state", "year", outcome]].rename(columns={outcome: "rate"})


def _simple(fit) -> Estimates:
    return fit.aggregate("simple")


def two_way(data: pd.DataFrame) -> Estimates:
    """Return two-way fixed effects of a treatment dummy."""
    frame = data.assign(d=(data["year"] >= data["g"]).astype(float))
    return ols(frame, outcome="y", treatment="d", effects=["fips", "year"], cluster="fips")


def _switchers(data: pd.DataFrame) -> Estimates:
    frame = data.assign(d=(data["year"] >= data["g"]).astype(float))
    keys = {"outcome": "y", "unit": "fips", "time": "year"}
    return switchers(frame, **keys, treatment="d").extra["overall"]


BY_COUNTY: dict[str, Callable[[pd.DataFrame], Estimates]] = {
    "group_time, never treated": lambda d: _simple(group_time(d, **KEYS)),
    "group_time, not yet treated": lambda d: _simple(group_time(d, **KEYS, control="not_yet")),
    "interaction_weighted": lambda d: _simple(interaction_weighted(d, **KEYS)),
    "imputation": lambda d: imputation(d, **KEYS, by="overall"),
    "two_stage": lambda d: two_stage(d, **KEYS, by="overall"),
    "switchers": _switchers,
    "stacked": lambda d: stacked(d, **KEYS, window=WINDOW).extra["overall"],
    "local_projection": lambda d: local_projection(d, **KEYS, window=WINDOW, pooled=True, weighting="equal"),
    "efficient_timing": lambda d: efficient_timing(d, **KEYS),
    "two-way fixed effects": two_way,
}
BY_STATE: dict[str, Callable[[pd.DataFrame], Estimates]] = {
    "group_time, clustered by county": lambda d: _simple(group_time(d, **KEYS)),
    "group_time, clustered by state": lambda d: _simple(group_time(d, **KEYS, cluster="state")),
    "imputation, clustered by county": lambda d: imputation(d, **KEYS, by="overall"),
    "imputation, clustered by state": lambda d: imputation(d, **KEYS, by="overall", cluster="state"),
    "interaction_weighted, clustered by state": lambda d: _simple(
        interaction_weighted(d, **KEYS, cluster="state")
    ),
}
HELD_TO_MEAN = ("two-way fixed effects", "efficient_timing")


def draw(data: pd.DataFrame, random: np.random.Generator, by: str) -> pd.DataFrame:
    """Return a sample of counties with placebo cohorts given at random to counties or whole states."""
    counties = data.drop_duplicates("fips")
    if by == "county":
        chosen = random.choice(counties["fips"].to_numpy(), COUNTIES, replace=False)
        group = pd.Series(chosen, index=chosen)
        share = SHARE_TREATED
    else:
        group = counties.set_index("fips")["state"]
        share = STATES_TREATED
    names = np.sort(group.unique())
    dates = np.where(random.random(len(names)) < share, random.choice(COHORTS, len(names)), np.inf)
    cohort = group.map(dict(zip(names, dates, strict=True)))
    return data[data["fips"].isin(group.index)].assign(g=lambda d: d["fips"].map(cohort))


def added_effect(data: pd.DataFrame, scale: float) -> np.ndarray:
    """Return effects that grow with time since adoption and are larger in earlier cohorts."""
    since = np.where(data["year"] >= data["g"], data["year"] - data["g"] + 1.0, 0.0)
    early = np.where(np.isfinite(data["g"]), COHORTS[-1] + 1 - data["g"], 0.0)
    return scale * since * early / (COHORTS[-1] + 1 - COHORTS[0])


def truth(estimator, name: str, data: pd.DataFrame, effect: np.ndarray) -> float:
    """Return what the estimator should find."""
    on = (data["year"] >= data["g"]).to_numpy()
    if not effect.any():
        return 0.0
    if name in HELD_TO_MEAN:
        return float(effect[on].mean())
    return float(estimator(data.assign(y=effect)).estimate[0])


def simulate(outcome: str, effects: str, by: str, repetitions: int) -> pd.DataFrame:
    """Return bias, spread, mean error and coverage of each estimator."""
    data = real_panel(outcome)
    scale = 0.0 if effects == "none" else 0.25 * float(data.groupby("fips")["rate"].std().median())
    rows = []
    seeds = np.random.SeedSequence(SEED).spawn(repetitions)
    for random in map(np.random.default_rng, seeds):
        sample = draw(data, random, by)
        effect = added_effect(sample, scale)
        sample = sample.assign(y=sample["rate"] + effect)
        for name, estimator in (BY_COUNTY if by == "county" else BY_STATE).items():
            expected = truth(estimator, name, sample, effect)
            found = estimator(sample).tidy().iloc[0]
            inside = found["conf_low"] <= expected <= found["conf_high"]
            rows.append((name, found["estimate"] - expected, found["std_error"], inside, expected))
    table = pd.DataFrame(rows, columns=["estimator", "error", "std_error", "inside", "truth"])
    return _summary(table)


def _summary(table: pd.DataFrame) -> pd.DataFrame:
    groups = table.groupby("estimator", sort=False)
    return pd.DataFrame(
        {
            "truth": groups["truth"].mean(),
            "bias": groups["error"].mean(),
            "spread": groups["error"].std(),
            "mean_error": groups["std_error"].mean(),
            "coverage": groups["inside"].mean(),
        }
    ).reset_index()


def _section(title: str, table: pd.DataFrame, repetitions: int) -> list[str]:
    noise = 1.96 * np.sqrt(0.95 * 0.05 / repetitions)
    lines = [f"## {title}", "", f"{repetitions:,} repetitions: simulation error of a coverage of 95% is "
             f"{100 * noise:.1f} points.", "",
             "| estimator | truth | bias | spread of estimates | mean standard error | coverage, % |",
             "|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    for row in table.itertuples():
        lines.append(
            f"| {row.estimator} | {row.truth:.3g} | {row.bias:.2g} | {row.spread:.3g} | {row.mean_error:.3g} "
            f"| {100 * row.coverage:.1f} |"
        )
    return [*lines, ""]


def _design(outcome: str, effects: str, by: str, repetitions: int) -> tuple[str, pd.DataFrame, int]:
    warnings.simplefilter("ignore")
    count = repetitions if by == "county" else max(repetitions // 2, 2)
    places = "counties" if by == "county" else "states"
    title = f"{outcome}, dates given to {places}, effects: {effects}"
    return title, simulate(outcome, effects, by, count), count


def _reading(results) -> list[str]:
    """Return what the tables say, from the tables."""
    county = pd.concat([t.assign(title=title) for title, t, _ in results if "to counties" in title])
    states = pd.concat([t for title, t, _ in results if "to states" in title])
    naive = county["estimator"] == "two-way fixed effects"
    growing = county["title"].str.endswith("growing")
    sound, failing = (100 * county.loc[rows, "coverage"] for rows in (~naive, naive & growing))
    above = states["estimator"].str.endswith("by state")
    below, clustered = (100 * states.loc[rows, "coverage"] for rows in (~above, above))
    return [
        f"With dates given to counties, intervals of the {county['estimator'].nunique() - 1} estimators for "
        f"staggered adoption cover in {sound.min():.1f}% to {sound.max():.1f}% of repetitions; those of two-way",
        f"fixed effects, when effects grow, in {failing.min():.1f}% to {failing.max():.1f}%. With dates given to "
        "whole states, errors clustered by",
        f"county cover in {below.min():.1f}% to {below.max():.1f}%, clustered by state in {clustered.min():.1f}% "
        f"to {clustered.max():.1f}%: about fifty clusters of very unequal",
        "size are too few for the normal distribution, and `wild_bootstrap` or `randomization_test` is the remedy.",
        "",
    ]


def main() -> None:
    """Run every design, two at a time, and write the page."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    designs = [(o, e, by) for o in OUTCOMES
               for e, by in (("none", "county"), ("growing", "county"), ("none", "state"))]  # fmt: skip
    results = Parallel(n_jobs=jobs)(delayed(_design)(*design, repetitions) for design in designs)
    about = " ".join(__doc__.split("``. ", 1)[1].split())
    text = [
        "# Coverage of staggered estimators on real crime rates",
        "",
        "Written by `benchmarks/simulate_coverage.py`. " + about,
        "",
        f"Counties with a rate in every year {FIRST} to {LAST} and at least {SMALLEST:,} people; {COUNTIES} "
        f"a repetition when dates are given to counties, all when dates are given to states. Cohorts: "
        f"{', '.join(map(str, COHORTS))}. Seed {SEED}. Intervals are nominal 95%.",
        "",
        *_reading(results),
    ]
    for title, table, count in results:
        text += _section(title, table, count)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(text).rstrip() + "\n")


if __name__ == "__main__":
    main()
