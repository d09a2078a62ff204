"""The city sample and the observed-to-expected design, held to plain pandas and to hand computations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import group_time, poisson
from analysis.estimators.regression.two_way_counts import period_effects
from analysis.estimators.resampling.placebos import randomization_p_value
from analysis.panels.store import load
from analysis.studies.designs import expected_counts as expected
from analysis.studies.designs.city_sample import PANELS, SampleRules, city_sample
from analysis.studies.staggered_cities import fits
from analysis.studies.staggered_cities.inference import scale_gap
from analysis.studies.staggered_cities.spec import SPEC as CITIES_SPEC


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in PANELS}


@pytest.fixture(scope="module")
def samples(panels):
    return {d: city_sample(panels, SampleRules(d, "robbery")) for d in CITIES_SPEC.main_treatments}


@pytest.mark.parametrize("definition", CITIES_SPEC.main_treatments)
def test_ledger_adds_up_to_the_panel(panels, samples, definition):
    ledger = samples[definition].ledger
    assert ledger["rows"].sum() == len(panels["city_year"])
    assert ledger["rows"].iloc[-1] == len(samples[definition].frame) > 10_000
    assert ledger["agencies"].iloc[-1] == samples[definition].frame["ori"].nunique()


@pytest.mark.parametrize("definition", CITIES_SPEC.main_treatments)
def test_treated_and_controls_by_plain_pandas(panels, samples, definition):
    """Treated agencies are those the policy panel dates; no control is one that anything names by that year."""
    frame = samples[definition].frame
    policies = panels["policies"]
    dated = policies[
        policies["definition"].eq(definition)
        & policies["kind"].eq("city")
        & policies["in_event_time"]
        & policies["adopted_year"].between(2000, 2019)
    ]
    treated = frame[frame["cohort"].gt(0)].drop_duplicates("ori")
    found = treated.merge(dated[["geoid", "adopted_year"]], left_on="place_fips", right_on="geoid")
    assert len(found) >= len(treated) - 2  # a few towns are coded otherwise in the policy panel
    assert (found["cohort"] == found["adopted_year"]).all()

    never = frame[frame["cohort"].eq(0)]
    named = policies[policies["kind"].eq("city") & policies["definition"].isin(["any_limit", "symbolic"])]
    first = named.groupby("geoid")["adopted_year"].min()
    assert not (never["year"] >= never["place_fips"].map(first).fillna(9999)).any()
    assert not never["place_fips"].isin(panels["undated_places"]["geoid"]).any()
    laws = policies[policies["kind"].eq("state") & policies["definition"].eq("any_limit")]
    laws = laws[laws["reach"].eq("statewide")].groupby("state")["adopted_year"].min()
    assert not (never["year"] >= never["state"].map(laws).fillna(9999)).any()
    assert len(never) > 10_000


def test_counts_and_residents_are_those_of_the_panel(panels, samples):
    frame = samples["detainers"].frame
    both = frame.merge(panels["city_year"], on=["ori", "year"], suffixes=("", "_panel"), validate="1:1")
    assert len(both) == len(frame)
    np.testing.assert_array_equal(both["count"], both["robbery"].astype(float))
    np.testing.assert_allclose(both["rate"], both["robbery_per_100k"].astype(float), rtol=1e-12)
    assert (frame.groupby("ori")["year"].nunique() >= 15).all()
    assert (frame["residents"] >= 25_000).all()
    assert frame.groupby("ori")["cohort"].nunique().eq(1).all()


def test_order_of_rows_does_not_matter(panels, samples):
    shuffled = {name: table.sample(frac=1, random_state=1) for name, table in panels.items()}
    again = city_sample(shuffled, SampleRules("detainers", "robbery"))
    pd.testing.assert_frame_equal(again.frame, samples["detainers"].frame)
    pd.testing.assert_frame_equal(again.ledger, samples["detainers"].ledger)


def test_group_time_cell_by_hand(samples):
    """One cohort and year of `group_time` on the real panel: a difference of differences of means."""
    frame = samples["detainers"].frame
    result = group_time(
        frame, outcome="log_rate", unit="unit", time="year", cohort="cohort", control="never", base="varying"
    )
    for cohort, time in ((2014, 2014), (2014, 2017), (2017, 2019)):
        wide = frame.pivot(index="unit", columns="year", values="log_rate")
        change = (wide[time] - wide[cohort - 1]).dropna()
        of = frame.drop_duplicates("unit").set_index("unit")["cohort"].reindex(change.index)
        by_hand = change[of.eq(cohort)].mean() - change[of.eq(0)].mean()
        assert result.row(cohort=cohort, time=time)["estimate"] == pytest.approx(by_hand, rel=1e-10)


def test_year_effects_are_those_of_a_poisson_regression(samples):
    frame = samples["detainers"].frame
    some = frame[frame["cohort"].eq(0) & frame["state"].isin(["TX", "FL", "OH", "NC"])].reset_index(drop=True)
    years = np.sort(some["year"].unique())
    dummies = pd.get_dummies(some["year"], dtype=float).iloc[:, 1:].add_prefix("y")
    fit = poisson(
        some.join(dummies),
        outcome="count",
        treatment=list(dummies.columns),
        effects=["ori"],
        offset="log_population",
        cluster="ori",
    )
    wide = [
        some.pivot(index="ori", columns="year", values=name)[years].to_numpy()
        for name in ("count", "population")
    ]
    np.testing.assert_allclose(np.log(period_effects(*wide))[1:], fit.estimate, atol=1e-8)


def test_expected_crimes_of_a_city_by_hand(samples):
    """Boston, 2014: its rate before, moved by the year effects of cities that never adopt.

    The FBI says that 2019 cannot be compared with the years before: that year counts on neither side.
    """
    frame = samples["detainers"].frame
    table = expected.expected_crimes(frame, CITIES_SPEC.horizon)
    at = table.cities.index[table.cities["city"].eq("Boston")][0]
    date = int(table.cities.loc[at, "cohort"])
    never = frame[frame["cohort"].eq(0)]
    years = np.arange(frame["year"].min(), frame["year"].max() + 1)
    wide = [
        never.pivot(index="ori", columns="year", values=n)[years].to_numpy() for n in ("count", "population")
    ]
    trend = pd.Series(period_effects(*wide), index=years)
    rows = frame[frame["ori"].eq(table.cities.loc[at, "ori"])].set_index("year")
    boston = rows[rows["unit"].eq(rows.loc[date - 1, "unit"])]
    assert set(rows.index) - set(boston.index) == {2019}
    before, after = (
        boston.loc[date - CITIES_SPEC.horizon.before : date - 1],
        boston.loc[date : date + CITIES_SPEC.horizon.after],
    )
    rate = before["count"].sum() / (before["population"] * trend[before.index]).sum()
    by_hand = rate * (after["population"] * trend[after.index]).sum()
    column = table.own[at]
    assert table.expected[at, column] == pytest.approx(by_hand, rel=1e-10)
    assert table.observed[at, column] == after["count"].sum()
    assert len(before) >= CITIES_SPEC.horizon.fewest_before


def test_a_known_effect_is_found_and_scale_does_not_matter(samples):
    frame = samples["detainers"].frame
    table = expected.expected_crimes(frame, CITIES_SPEC.horizon)
    rows = expected.treated_rows(table)
    start = expected.ratio(table, rows, table.own[rows])
    halved = frame.assign(count=frame["count"] * np.where(frame["treated"].eq(1), 0.5, 1.0))
    moved = expected.expected_crimes(halved, CITIES_SPEC.horizon)
    assert expected.ratio(moved, rows, moved.own[rows]) - start == pytest.approx(np.log(0.5), abs=1e-10)
    tenfold = expected.expected_crimes(frame.assign(population=frame["population"] * 10), CITIES_SPEC.horizon)
    assert expected.ratio(tenfold, rows, tenfold.own[rows]) == pytest.approx(start, abs=1e-10)


def test_other_places_keep_their_size_class_and_the_seed_decides(samples):
    table = expected.expected_crimes(samples["detainers"].frame, CITIES_SPEC.horizon)
    one = expected.placebo_places(table, draws=199, seed=1)
    np.testing.assert_array_equal(one, expected.placebo_places(table, draws=199, seed=1))
    assert not np.array_equal(one, expected.placebo_places(table, draws=199, seed=2))
    assert np.isfinite(one).all()
    dates = expected.placebo_dates(table, draws=199, seed=1)
    assert abs(np.median(dates)) < 1 and np.isfinite(dates).all()
    assert randomization_p_value(0.0, one) == 1.0
    assert randomization_p_value(np.inf, one) == pytest.approx(1 / 200)


def test_scale_gap_parts_add_up(samples):
    found = scale_gap(samples["detainers"].frame, spec=CITIES_SPEC)
    assert found["additive"] == pytest.approx(found["proportional"] + found["scale"], rel=1e-12)
    assert found["before"] > found["before_never"]


def test_every_fork_names_a_known_estimator_and_subset():
    assert CITIES_SPEC.specifications[0] is CITIES_SPEC.headline
    assert {fork.estimator for fork in CITIES_SPEC.specifications} <= set(fits.ESTIMATORS)
    assert {fork.options.get("subset", "all") for fork in CITIES_SPEC.specifications} <= set(fits.SUBSETS)
    assert len({(fork.group, fork.name) for fork in CITIES_SPEC.specifications}) == len(
        CITIES_SPEC.specifications
    )


@pytest.mark.parametrize("outcome", ["homicide", "motor_vehicle_theft"])
def test_what_the_chapter_says_of_its_strongest_results(panels, outcome):
    """Under detainer policies both are below zero, and the headline's interval holds zero."""
    frame = city_sample(panels, SampleRules("detainers", outcome)).frame
    found = fits.estimate(frame, CITIES_SPEC.headline, spec=CITIES_SPEC)
    assert found["estimate"] < -0.1 and found["conf_low"] < 0 < found["conf_high"]
    assert 0.05 < found["p_value"] < 0.5
    regression = fits.estimate(frame, CITIES_SPEC.specifications[2], spec=CITIES_SPEC)
    assert CITIES_SPEC.specifications[2].estimator == "counts" and regression["conf_high"] < 0


def test_a_city_is_unusual_when_its_interval_leaves_out_zero(samples):
    found = expected.by_city(
        expected.expected_crimes(samples["detainers"].frame, CITIES_SPEC.horizon), level=0.95
    )
    judged = found[found["conf_low"].notna()]
    out = judged["conf_low"].gt(0) | judged["conf_high"].lt(0)
    assert (out == judged["p_value"].lt(0.05)).all() and len(judged) > 15
    assert (found["placebos"][found["conf_low"].isna()] < 60).all()


def test_a_design_that_is_not_identified_says_so(samples):
    frame = samples["detainers"].frame
    never = frame[frame["cohort"].eq(0)]
    fork = next(fork for fork in CITIES_SPEC.specifications if fork.estimator == "group_time")
    found = fits.estimate(never, fork, spec=CITIES_SPEC)
    assert found["problem"] and "estimate" not in found
