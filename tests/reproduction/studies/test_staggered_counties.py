"""The staggered county study against plain pandas, numpy and statsmodels, and its own claims about itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.panels.store import load
from analysis.studies.staggered_counties import study
from analysis.studies.staggered_counties.border_pairs import adjacent, border_pairs, pair_rows
from analysis.studies.staggered_counties.changes import (
    changes,
    long_difference,
    splice_likeness,
    steps,
    swapped,
)
from analysis.studies.staggered_counties.early_adopters import early, early_frame
from analysis.studies.staggered_counties.fits import by_year, counts_fit, estimate, jackknife, with_rings
from analysis.studies.staggered_counties.sample import (
    NEW_YORK,
    PANELS,
    county_sample,
    months_bound,
    with_rates,
)
from analysis.studies.staggered_counties.spec import SPEC as COUNTIES_SPEC
from analysis.studies.staggered_counties.spec import CountyRules

BOROUGHS = ["36005", "36047", "36061", "36081", "36085"]


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in PANELS}


@pytest.fixture(scope="module")
def sample(panels):
    return county_sample(panels, spec=COUNTIES_SPEC)


@pytest.fixture(scope="module")
def plain(panels):
    """Adopters and clean comparison counties built from the panels without any code of the study."""
    policies, years, both = panels["policies"], panels["county_year"], panels["county_2013_2014"]
    local = policies[policies["kind"].isin(["city", "county"]) & policies["counties"].notna()]
    each = local.assign(fips=local["counties"].str.split(";")).explode("fips")
    limits = each[each["definition"].eq("any_limit")]
    unsure = limits["excluded_because"].isin(["low confidence", "start unknown", "earlier doubtful row"])
    named = set(limits.loc[unsure | limits["adopted_year"].le(2014), "fips"])
    listed = panels["undated_places"]
    named |= set(listed.loc[listed["kind"].eq("county"), "geoid"])
    laws = policies[policies["kind"].eq("state") & policies["reach"].eq("statewide")]
    anywhere = laws[laws["definition"].eq("any_limit") & laws["adopted_year"].le(2014)]
    counties = panels["counties"]
    clean = counties[~counties["fips"].isin(named) & ~counties["state"].isin(anywhere["state"])]
    clean = clean[~clean["has_boundary_break"]]
    counts = years[years["year"].between(2008, 2012) & years["coverage"].ge(80)]
    seen = counts.groupby("fips").size()
    rate = counts[counts["year"].ge(2010)].groupby("fips")[["property_imputed", "population_census"]].sum()
    before = (rate["property_imputed"] / rate["population_census"]).astype(float)
    after = both.set_index("fips")
    after = (after["property_imputed_2013_2014"] / after["person_years_2013_2014"]).astype(float)
    still = (after.eq(0) & before.reindex(after.index).eq(0)).astype(float)
    ratio = (after / before).fillna(still.where(still.eq(1))).reindex(clean["fips"])
    usable = seen.reindex(clean["fips"]).ge(3) & ratio.between(1 / 3, 3)
    return set(usable.index[usable])


def test_comparison_counties_are_those_built_by_hand(sample, plain):
    mine = sample.frame.drop_duplicates("fips")
    assert set(mine.loc[mine["cohort"].eq(0), "fips"]) == plain
    assert len(plain) > 2_500


def test_adopters_have_a_dated_policy_or_law_of_the_two_years(sample, panels):
    policies = panels["policies"]
    rows = policies[policies["definition"].eq("detainers") & policies["adopted_year"].between(2013, 2014)]
    rows = rows[rows["in_event_time"] | rows["excluded_because"].eq("absorbed by state law")]
    own = {code for text in rows["counties"].dropna() for code in text.split(";")}
    states = set(rows.loc[rows["kind"].eq("state") & rows["in_event_time"], "state"])
    adopters = sample.frame[sample.frame["treated"].gt(0)]
    assert (adopters["fips"].isin(own) | adopters["state"].isin(states)).all()
    assert {"CA", "CT", "RI"} <= states
    assert len(adopters) == 224
    assert adopters["exposure"].between(0, 1, inclusive="neither").all()
    california = adopters.loc[adopters["state"].eq("CA"), "exposure"]
    np.testing.assert_allclose(california, 11.5 / 24)


def test_every_county_stands_once_in_the_ledger(sample, panels):
    assert sample.ledger["counties"].sum() == len(panels["counties"]) - 4
    assert sample.ledger["counties"].iloc[-1] == sample.frame["fips"].nunique()


def test_counts_are_the_panels(sample, panels):
    both = panels["county_2013_2014"].set_index("fips")
    late = sample.frame[sample.frame["year"].eq(COUNTIES_SPEC.period)].set_index("fips")
    robbery = both["robbery_imputed_2013_2014"].reindex(late.index).astype(float)
    np.testing.assert_array_equal(late["robbery"], robbery)
    people = both["person_years_2013_2014"].reindex(late.index).astype(float)
    np.testing.assert_array_equal(late["people"], people)
    assert sample.frame["year"].isin([*range(2008, 2013), COUNTIES_SPEC.period]).all()


def test_new_york_is_one_place(panels):
    frame = early_frame(panels, "robbery", spec=COUNTIES_SPEC)
    years = panels["county_year"]
    city = years[years["fips"].isin(BOROUGHS) & years["year"].eq(2010)]
    row = frame[frame["ori"].eq(NEW_YORK) & frame["year"].eq(2010)]
    assert row["count"].item() == city["robbery_imputed"].sum()
    assert not frame["ori"].isin(set(BOROUGHS) - {NEW_YORK}).any()


@pytest.mark.parametrize(
    ("adopted", "months"),
    [("2013-01-01", 24), ("2014-01", 11.5), ("2014", 6), ("2014-07-01", 6), ("2012-05", 24), ("2015-03", 0)],
)
def test_months_bound(adopted, months):
    assert months_bound(adopted, spec=COUNTIES_SPEC) == pytest.approx(months, abs=1e-9)


def test_headline_is_a_ratio_of_ratios_by_county_effects(sample):
    """A Poisson regression with county and year effects written out for a handful of states."""
    few = with_rates(sample.frame[sample.frame["state"].isin(["NJ", "MD"])], "property")
    found = counts_fit(few)
    dummies = pd.get_dummies(few[["fips", "year"]].astype(str), dtype=float).drop(columns="year_2012")
    design = np.column_stack([few["treated"], dummies])
    model = sm.GLM(
        few["count"].to_numpy(), design, sm.families.Poisson(), offset=few["log_people"].to_numpy()
    )
    assert found.estimate[0] == pytest.approx(model.fit(tol=1e-12).params[0], abs=1e-7)


def test_forks_and_jackknife_on_some_states(panels, sample):
    frame = sample.frame[sample.frame["state"].isin(["IA", "NJ", "MD", "PA", "NE", "MN", "KS"])]
    rows = pd.DataFrame(
        [
            {"name": fork.name} | estimate(frame, "robbery", fork, spec=COUNTIES_SPEC)
            for fork in COUNTIES_SPEC.specifications
        ]
    )
    assert rows["problem"].eq("").all() and rows["estimate"].notna().all()
    assert (rows["conf_low"] < rows["estimate"]).all() and (rows["estimate"] < rows["conf_high"]).all()
    row, refits = jackknife(with_rates(frame, "robbery"), spec=COUNTIES_SPEC)
    gap = refits["estimate"] - row["estimate"]
    assert row["std_error"] == pytest.approx(np.sqrt(6 / 7 * (gap**2).sum()), rel=1e-12)
    assert row["df"] == 6
    assert refits.set_index("state").loc["IA", "treated"] == 12


def test_event_study_is_relative_to_2012_and_ends_at_the_two_way_effect_alone(sample):
    rows = with_rates(sample.frame[sample.frame["year"].isin([2012, COUNTIES_SPEC.period])], "property")
    one = by_year(
        pd.concat([rows, with_rates(sample.frame[sample.frame["year"].eq(2011)], "property")]),
        spec=COUNTIES_SPEC,
    ).set_index("year")
    alone = counts_fit(rows)
    assert set(one.index) == {2011, COUNTIES_SPEC.period}
    assert one.loc[COUNTIES_SPEC.period, "estimate"] == pytest.approx(float(alone.estimate[0]), abs=2e-3)


def test_adjacency_knows_some_borders(sample):
    pairs = set(map(tuple, adjacent(COUNTIES_SPEC.touching)[["one", "other"]].to_numpy()))
    assert ("11001", "24033") in pairs and ("06015", "41015") in pairs and ("01001", "06001") not in pairs
    found = border_pairs(sample.frame, spec=COUNTIES_SPEC)
    state = sample.frame.drop_duplicates("fips").set_index("fips")["state"]
    assert (state[found["one"]].to_numpy() != state[found["other"]].to_numpy()).all()
    rows = pair_rows(sample.frame, spec=COUNTIES_SPEC)
    weight = rows[rows["year"].eq(COUNTIES_SPEC.period)].groupby("fips")["once"].sum()
    assert weight.max() <= 1 + 1e-12
    assert rows[rows["year"].eq(COUNTIES_SPEC.period)].groupby("pair")["treated"].sum().eq(1).all()


def test_rings_hold_only_comparison_counties_within_reach(sample):
    rows, names = with_rings(sample.frame, spec=COUNTIES_SPEC)
    inside = rows[names].sum(axis=1)
    assert inside.isin([0, 1]).all()
    assert (inside[rows["treated"].gt(0)] == 0).all() and (
        inside[rows["year"].lt(COUNTIES_SPEC.period)] == 0
    ).all()
    assert inside.sum() > 500


@pytest.fixture(scope="module")
def table(panels, sample):
    return changes(panels, sample, spec=COUNTIES_SPEC)


def test_a_step_is_a_weighted_difference_of_mean_changes(table):
    row = steps(
        table[
            ["fips", "state", "region", "nchs_class_2013", "residents", "adopts", "cohort"]
            + [
                f"{outcome}_{span}"
                for outcome in ("violent", "property_with_arson")
                for span in ("base", "both", "2015", "2017")
            ]
        ],
        spec=COUNTIES_SPEC,
    )
    row = row[
        row["outcome"].eq("property_with_arson") & row["design"].eq("nothing absorbed") & row["crosses"]
    ]
    change = table["property_with_arson_2015"] - table["property_with_arson_base"]
    kept, weight = change.notna(), table["residents"]
    mean = {
        k: np.average(change[kept & table["adopts"].eq(k)], weights=weight[kept & table["adopts"].eq(k)])
        for k in (0, 1)
    }
    assert row["estimate"].iloc[0] == pytest.approx(mean[1] - mean[0], abs=1e-10)


def test_rates_of_both_files_are_the_panels(table, panels):
    years = panels["county_year"].set_index(["fips", "year"])
    some = table[table["violent_2015"].notna() & ~table["fips"].isin(BOROUGHS)].set_index("fips")
    printed = years["violent_kaplan_per_100k"].xs(2015, level="year").reindex(some.index)
    np.testing.assert_allclose(np.exp(some["violent_2015"]) * 1e5, printed, rtol=1e-9)
    assert (years["kaplan_quality"].xs(2015, level="year").reindex(some.index) < 3).all()


def test_a_splice_that_follows_likeness_is_found(table):
    """If the new file counted a tenth more per unit of likeness, the placebo says so."""
    base = splice_likeness(table, spec=COUNTIES_SPEC).set_index(["outcome", "step", "design"])["estimate"]
    traits = table["hispanic_share_2010"]
    changed = table.assign(violent_2015=table["violent_2015"] + traits)
    moved = splice_likeness(changed, spec=COUNTIES_SPEC).set_index(["outcome", "step", "design"])["estimate"]
    key = ("violent", "splice", "nothing absorbed")
    assert moved[key] > base[key] + 0.05
    assert (
        moved[("violent", "one file", "nothing absorbed")]
        == base[("violent", "one file", "nothing absorbed")]
    )


def test_swapped_policies_start_from_the_same_difference(sample):
    counties = long_difference(with_rates(sample.frame, "property"), spec=COUNTIES_SPEC)
    found = swapped(counties, spec=COUNTIES_SPEC).set_index("test")
    mean = counties.groupby("adopts").apply(lambda rows: np.average(rows["change"], weights=rows["weight"]))
    for name in ("jackknife by state", "wild bootstrap by state"):
        assert found.loc[name, "estimate"] == pytest.approx(mean[1.0] - mean[0.0], abs=1e-10)
    assert (
        found.loc["whole states swapped", "treated_states"]
        < found.loc["jackknife by state", "treated_states"]
    )


def test_early_adopters_are_observed_over_expected(panels):
    row, counties = early(panels, "property", spec=COUNTIES_SPEC)
    assert row["estimate"] == pytest.approx(np.log(counties["observed"].sum() / counties["expected"].sum()))
    assert row["treated"] == len(counties) == 11
    assert counties["cohort"].between(2008, 2012).all()


def test_order_of_rows_does_not_matter(panels, sample):
    shuffled = {name: frame.sample(frac=1, random_state=4) for name, frame in panels.items()}
    again = county_sample(shuffled, spec=COUNTIES_SPEC)
    pd.testing.assert_frame_equal(again.frame, sample.frame)
    pd.testing.assert_frame_equal(again.ledger, sample.ledger)


def test_margins_are_the_published_figures():
    found = study.margins(COUNTIES_SPEC)
    assert found["manning2022_violent"] == ("violent_without_rape", pytest.approx(17.9))
    assert found["cap_crime"] == ("total", pytest.approx(355.0))


def test_rates_judge_margins_as_two_one_sided_tests(sample):
    frame = sample.frame[sample.frame["state"].isin(["IA", "NJ", "MD", "PA", "OH", "WA", "KS"])]
    table = study.rates(frame, spec=COUNTIES_SPEC).set_index("outcome")
    row = table.loc["total"]
    from scipy import stats

    half = stats.t.ppf(0.95, row["df"]) * row["std_error"]
    inside = row["estimate"] - half > -355 and row["estimate"] + half < 355
    assert bool(row["within_cap_crime"]) == inside
    assert row["detectable"] == pytest.approx(
        row["std_error"] * (stats.t.ppf(0.975, row["df"]) + stats.t.ppf(0.8, row["df"]))
    )


def test_statewide_laws_and_bans_leave_the_sample_when_asked(panels):
    own = county_sample(panels, CountyRules(include_state_laws=False), spec=COUNTIES_SPEC)
    assert not own.frame["state"].isin(["CA", "CT", "RI", "CO"]).any()
    banned = county_sample(panels, CountyRules(keep_bans=False), spec=COUNTIES_SPEC)
    controls = banned.frame[banned.frame["cohort"].eq(0)]
    assert not controls["state"].isin(["AZ", "AL", "MO", "SC"]).any()
    assert not COUNTIES_SPEC.headline.sample


def test_what_the_chapter_says_of_property_crime(panels, sample):
    """A near comparison turns the sign, and adopters were gaining on the others before 2012."""
    by_name = {fork.name: fork for fork in COUNTIES_SPEC.specifications}
    near = [
        estimate(sample.frame, "property", by_name[name], spec=COUNTIES_SPEC)
        for name in ("Same state, year by year", "Across state borders, pair by pair")
    ]
    assert all(row["estimate"] < 0 < row["conf_high"] for row in near)
    assert estimate(sample.frame, "property", COUNTIES_SPEC.headline, spec=COUNTIES_SPEC)["conf_low"] > 0
    long = county_sample(panels, CountyRules(first_year=2000), spec=COUNTIES_SPEC).frame
    years = by_year(with_rates(long, "property"), spec=COUNTIES_SPEC).set_index("year")
    assert years.loc[2010, "estimate"] < 0 < years.loc[2013, "estimate"] and years["pretest_p"].iloc[0] < 0.05
    assert by_year(with_rates(long, "violent_without_rape"), spec=COUNTIES_SPEC)["pretest_p"].iloc[0] < 0.05
