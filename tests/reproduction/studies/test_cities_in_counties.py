"""Cities inside counties: the sample is what it says, and every estimate is found another way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from city_ratios import by_hand
from scipy import stats

from analysis.panels.store import load
from analysis.studies.cities_in_counties.design import CountyDesign, state_blocks
from analysis.studies.cities_in_counties.dose import HIGH_LESS_PLACEBO, SLOPE, dose_effects
from analysis.studies.cities_in_counties.sample import (
    ADOPTER,
    COMPARISON,
    PANELS,
    compared_within,
    county_cities,
)
from analysis.studies.cities_in_counties.spec import SPEC
from analysis.studies.cities_in_counties.study import run, smallest_detectable

VIOLENT = SPEC.totals[0]


@pytest.fixture(scope="module")
def sample():
    return county_cities({name: load(name) for name in PANELS}, spec=SPEC)


@pytest.fixture(scope="module")
def frame(sample):
    return sample.frame(VIOLENT)


@pytest.fixture(scope="module")
def study():
    return run()


def test_every_agency_stands_in_the_ledger_once_and_is_printed_in_every_year(sample):
    years = load("city_year")
    years = years[years["year"].between(*SPEC.years)]
    ledger = sample.ledger.set_index("step")["agencies"]
    assert ledger.sum() == years["ori"].nunique()
    assert ledger[ADOPTER] == sample.agencies["cohort"].gt(0).sum()
    assert ledger[COMPARISON] == sample.agencies["cohort"].eq(0).sum()
    counts = sample.counts.groupby("ori").size()
    assert counts.eq(SPEC.years[1] - SPEC.years[0] + 1).all()
    assert sample.counts[list(SPEC.totals)].notna().all().all()
    assert sample.agencies["residents"].ge(SPEC.smallest).all()


@pytest.mark.parametrize("name", ["All other cities", "Same region", "Same state"])
def test_estimate_and_jackknife_are_those_of_loops_over_cities(frame, study, name):
    within = SPEC.comparisons[name]
    full, error, df = by_hand(
        compared_within(frame, within, spec=SPEC), within[0] if within else None, SPEC.skip
    )
    row = study.comparisons.set_index(["comparison", "outcome"]).loc[(name, VIOLENT)]
    assert row["estimate"] == pytest.approx(full, abs=1e-8)
    if name != "Same state":
        assert row["std_error"] == pytest.approx(error, rel=1e-6) and row["df"] == df
    half = stats.t.ppf((1 + SPEC.level) / 2, row["df"]) * row["std_error"]
    assert (row["conf_low"], row["conf_high"]) == pytest.approx(
        (row["estimate"] - half, row["estimate"] + half)
    )
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(row["estimate"] / row["std_error"]), row["df"]))


def test_the_rule_takes_a_standard_error_and_never_an_estimate(study):
    moved = study.comparisons.assign(estimate=np.arange(len(study.comparisons), dtype=float))
    assert smallest_detectable(moved, SPEC) == smallest_detectable(study.comparisons, SPEC)
    passed = study.comparisons["fake_p"].gt(SPEC.admit) & study.comparisons["leads_p"].gt(SPEC.admit)
    both = passed.groupby(study.comparisons["comparison"]).transform("all")
    assert study.comparisons["admitted"].equals(both)
    assert bool(study.chosen) == bool(both.any())


def test_too_few_states_have_no_tests_and_are_never_admitted(study):
    few = study.comparisons["adopting_states"].lt(SPEC.fewest_states)
    assert few.any() and study.comparisons.loc[few, ["leads_p", "fake_p"]].isna().all().all()
    assert not study.comparisons.loc[few, "admitted"].any()


def test_the_year_of_adoption_is_in_no_mean(frame):
    """Multiplying all counts of each adopter's year of adoption leaves the estimate where it was."""
    changed = frame.assign(count=frame["count"].mask(frame["year"].eq(frame["cohort"]), frame["count"] * 3))
    one, other = (CountyDesign(f, (), spec=SPEC).fits.estimate[0] for f in (frame, changed))
    assert one == other
    late = frame["cohort"].gt(0) & frame["year"].gt(frame["cohort"])
    raised = frame.assign(count=frame["count"].mask(late, frame["count"] * 2))
    assert CountyDesign(raised, (), spec=SPEC).fits.estimate[0] > one + 0.5


def test_blocks_keep_states_together_and_never_draw_an_adopter(frame):
    design = CountyDesign(frame, (), spec=SPEC)
    drawn = state_blocks(design.table, draws=25, seed=1)
    state = design.table.cities["state"].to_numpy()
    home = state[design.drawn.rows[0]]
    assert design.table.never[drawn.rows].all()
    for draw in drawn.rows:
        for name in np.unique(home):
            assert len(np.unique(state[draw[home == name]])) == 1
    assert len({tuple(draw) for draw in drawn.rows}) == 25


def test_classes_of_dose_are_weighted_means_within_the_class(frame, study):
    """Each class alone, as a sample of its own under one trend, gives the same estimate and error."""
    rows = study.dose[study.dose["outcome"].eq(VIOLENT)].set_index("term")
    full = CountyDesign(compared_within(frame, ("dose_class",), spec=SPEC), ("dose_class",), spec=SPEC)
    at, dates = full.drawn.rows[0], full.drawn.dates[0]
    ratios, weights = full.made.ratios[dates, at], full.made.weights[dates, at]
    label = full.table.cities["dose_class"].to_numpy()
    difference = np.empty(len(at))
    for k, (row, date) in enumerate(zip(at, dates, strict=True)):
        others = full.table.never & (label == label[row])
        weight = full.made.weights[date, others]
        difference[k] = ratios[k] - np.average(full.made.ratios[date, others], weights=weight)
    found = {}
    for name in SPEC.classes:
        mine = (label[at] == name) & (weights > 0)
        found[name] = np.average(difference[mine], weights=weights[mine])
        assert rows.loc[name, "estimate"] == pytest.approx(found[name], abs=1e-10)
    gap = found[SPEC.classes[-1]] - found[SPEC.classes[0]]
    assert rows.loc[HIGH_LESS_PLACEBO, "estimate"] == pytest.approx(gap, abs=1e-10)
    dose = full.table.cities[SPEC.dose].to_numpy(float)[at]
    fitted = np.polyfit(dose, difference, 1, w=np.sqrt(weights))
    assert rows.loc[SLOPE, "estimate"] == pytest.approx(fitted[0], rel=1e-8)


def test_an_effect_that_grows_with_the_dose_is_found(frame):
    late = frame["cohort"].gt(0) & frame["year"].gt(frame["cohort"])
    more = np.exp(0.5 * frame[SPEC.dose].fillna(0))
    raised = frame.assign(count=frame["count"].where(~late, frame["count"] * more))
    before, after = (dose_effects(f, spec=SPEC).set_index("term")["estimate"] for f in (frame, raised))
    assert after[SLOPE] - before[SLOPE] == pytest.approx(0.5, abs=0.03)


def test_another_specification_is_another_study(sample):
    larger = county_cities({name: load(name) for name in PANELS}, spec=replace(SPEC, smallest=50_000))
    assert len(larger.agencies) < len(sample.agencies)
