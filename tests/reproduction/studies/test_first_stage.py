"""The first stage on the committed panels, and its estimates computed another way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.estimators import poisson
from analysis.panels.store import load
from analysis.report.stage import findings
from analysis.studies.dose import study as dose
from analysis.studies.first_stage import fits, sample
from analysis.studies.first_stage.dates import SEEN, VERDICTS, dates_and_declines, rates_by
from analysis.studies.first_stage.exhibits import sources_table
from analysis.studies.first_stage.spec import SPEC
from analysis.studies.first_stage.study import run
from analysis.studies.paper import stage


@pytest.fixture(scope="module")
def study():
    return run()


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in sample.PANELS}


@pytest.fixture(scope="module")
def made(panels):
    return sample.first_stage_sample(panels, spec=SPEC)


def test_every_county_stands_in_the_ledger_once(study, made):
    assert study.ledger["counties"].sum() == len(made.counties) == 3_141 - 4
    in_model = study.ledger.set_index("step")["counties"].iloc[-2:].sum()
    years = SPEC.years[1] - SPEC.years[0] + 1
    assert len(made.frame) == in_model * years and not made.frame.isna().drop(columns="dated_by").any().any()


def test_the_ratio_is_that_of_cohort_totals(made):
    """With cohort and year effects and a fixed exposure, counties add up: a regression on totals agrees."""
    frame = made.frame.assign(volume=np.exp(made.frame["log_volume"]))
    totals = frame.groupby(["cohort", "year", "treated"], as_index=False)[["declined", "volume"]].sum()
    dummies = pd.get_dummies(totals[["cohort", "year"]].astype(str), drop_first=True, dtype=float)
    design = sm.add_constant(pd.concat([totals["treated"], dummies], axis=1))
    found = sm.GLM(
        totals["declined"], design, family=sm.families.Poisson(), offset=np.log(totals["volume"])
    ).fit(tol=1e-12)
    ours = fits.pooled_effect(made.frame, spec=SPEC)["estimate"]
    assert ours == pytest.approx(found.params["treated"], abs=1e-6)


def test_county_effects_give_the_same_ratio(made):
    by_county = poisson(
        made.frame, outcome="declined", treatment="treated", effects=["fips", "year"], cluster="state"
    )
    assert float(by_county.row(term="treated")["estimate"]) == pytest.approx(
        fits.pooled_effect(made.frame, spec=SPEC)["estimate"], abs=1e-6
    )


def test_declines_rise_with_a_dated_policy_and_not_before(study):
    everywhere = study.effects.set_index(["sample", "adopters_dated_by"]).loc[("all states", "all")]
    assert everywhere["conf_low"] > 0 and everywhere["declined_after"] > 10 * everywhere["declined_before"]
    path = study.events[study.events["sample"] == "all states"].set_index("event_time")
    assert (path.loc[[0, 1], "conf_low"] > 0).all()
    assert path.loc[:-1, "estimate"].max() < path.loc[0, "estimate"] / 2


def test_shares_add_up_and_part_bound_counties_from_others(study, made):
    all_states = study.shares[study.shares["sample"] == "all states"].set_index("group")
    assert all_states["detainers"].sum() == made.counties["detainers_2015"].sum()
    assert all_states["declined"].sum() == made.counties["declined_2015"].sum()
    bound, none = all_states.loc["policy dated"], all_states.loc["no policy known"]
    assert bound["conf_low"] > none["conf_high"]
    row = all_states.loc["policy dated"]
    assert row["estimate"] == pytest.approx(row["declined"] / row["detainers"], rel=1e-12)


def test_each_dated_county_has_one_verdict(study):
    dates = study.dates
    assert not dates["fips"].duplicated().any() and set(dates["verdict"]) <= set(VERDICTS)
    late = dates["first_declines"].astype("float64") - dates["cohort"]
    assert (late[dates["verdict"] == "agrees"].between(0, SPEC.slack)).all()
    assert (late[dates["verdict"] == "declines came before"] < 0).all()
    assert dates.loc[dates["verdict"] == "inert", "first_declines"].isna().all()
    table = rates_by(dates, "dated_by")
    assert table["seen"].sum() == dates["verdict"].isin(SEEN).sum()
    known = table[[name.replace(" ", "_") for name in SEEN]].sum(axis=1)
    assert (known == table["seen"]).all()


def test_a_higher_mark_finds_fewer_early_declines_and_more_inert_policies(study):
    table = study.by_mark.set_index("mark")
    assert table["declines_came_before"].is_monotonic_decreasing
    assert table["inert"].is_monotonic_increasing


def test_rates_by_source_are_counted_from_the_dates(study):
    seen = study.dates[study.dates["verdict"].isin(SEEN)]
    table = sources_table(study).set_index("source_type")
    assert table["seen"].sum() == len(seen) and table["seen"].is_monotonic_decreasing
    press = seen[seen["source_type"].eq("press")]["verdict"]
    assert table.loc["press", "misdated_share"] == pytest.approx(press.isin(VERDICTS[1:3]).mean())
    assert table.loc["press", "inert_share"] == pytest.approx(press.eq("inert").mean())
    law = table.index.str.endswith("(state law)")
    assert table.loc[law, "seen"].item() == seen["source_type"].isna().sum()
    assert seen.loc[seen["source_type"].isna(), "dated_by"].eq("state law").all()


def test_what_the_readme_says_moves_with_the_study(study):
    """Shares, verdicts of dates and the dose design each reach the sentence from their own table."""
    told = stage.door(study, dose.run())
    text = findings(told).markdown
    half = study.shares.assign(estimate=study.shares["estimate"] / 2)
    assert findings(stage.door(replace(study, shares=half), dose.run())).markdown != text
    marks = study.by_mark.assign(seen=7, agrees=0.1, declines_came_before=0.2, declines_came_late=0.3)
    moved = stage.door(replace(study, by_mark=marks), dose.run())
    assert (moved["stage_seen"], moved["stage_agrees"]) == (7, 0.1)
    assert moved["stage_misdated"] == pytest.approx(0.5) and moved["stage_inert"] == told["stage_inert"]
    seen = study.dates[study.dates["verdict"].isin(SEEN)]["verdict"]
    assert told["stage_seen"] == len(seen)
    assert told["stage_misdated"] == pytest.approx(seen.isin(VERDICTS[1:3]).mean())
    assert told["stage_inert"] == pytest.approx(seen.eq("inert").mean())
    calm = replace(dose.run(), false_period=dose.run().false_period.assign(conf_low=-1.0, conf_high=1.0))
    assert "attributed" in text and "attributed" not in findings(stage.door(study, calm)).markdown


def test_decliners_without_a_row_are_named_by_nothing(study):
    assert len(study.decliners) > 20 and (study.decliners["declined"] >= SPEC.decliner).all()
    assert not set(study.decliners["fips"]) & set(study.dates["fips"])
    assert not (study.decliners["exposed_from"] <= 2015).fillna(False).any()


def test_the_order_of_rows_does_not_matter(panels, made):
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in panels.items()}
    again = sample.first_stage_sample(shuffled, spec=SPEC)
    pd.testing.assert_frame_equal(again.frame, made.frame)
    first = dates_and_declines(made.counties, panels, spec=SPEC)
    second = dates_and_declines(again.counties, shuffled, spec=SPEC)
    pd.testing.assert_frame_equal(first, second)
