"""The county study against plain pandas, numpy and statsmodels on the committed panels, and against itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.spatial import cKDTree

from analysis.panels.store import load
from analysis.studies.cap2017 import exhibits as cap2017_tables
from analysis.studies.cap2017 import study as cap2017
from analysis.studies.cap2017.findings import findings_of
from analysis.studies.cap2017.fits import MATCHED, WEIGHT, matching, selected, weighted
from analysis.studies.cap2017.sample import CRIME, county_frame, policy_in_force
from analysis.studies.cap2017.spec import SPEC as CAP
from analysis.studies.cap2017.urban_classes import by_class
from analysis.studies.published.claims import claims, compare
from analysis.studies.published.verdicts import check_verdicts, committed


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in cap2017.PANELS}


@pytest.fixture(scope="module")
def study():
    return cap2017.run()


@pytest.fixture(scope="module")
def plain(panels):
    """The main sample built from the panels without any code of the study."""
    policies, years = panels["policies"], panels["county_year"]
    rows = policies[(policies["definition"] == "detainers") & (policies["adopted_year"] <= 2015)]
    rows = rows[rows["ended_year"].isna() | (rows["ended_year"] > 2015)]
    local = rows[rows["kind"].isin(["county", "city"]) & rows["counties"].notna()]
    own = {fips for text in local["counties"] for fips in text.split(";")}
    laws = rows[(rows["kind"] == "state") & (rows["reach"] == "statewide") & rows["in_event_time"]]
    laws = set(laws.loc[laws["content"].isin(["detainers", "both"]), "state"])
    year = years[years["year"] == 2015].drop(columns="state")
    table = panels["counties"].merge(year, on="fips")
    table["d"] = (table["fips"].isin(own) | table["state"].isin(laws)).astype(float)
    named = _named(policies, panels["undated_places"])
    bound = policies[(policies["kind"] == "state") & (policies["reach"] == "statewide")]
    bound = bound[(bound["adopted_year"] <= 2015) & bound["definition"].eq("any_limit")]
    doubt = (table["fips"].isin(named) | table["state"].isin(bound["state"])) & table["d"].eq(0)
    table["y"] = (table["violent_kaplan_per_100k"] + table["property_with_arson_kaplan_per_100k"]) / 10
    table = table[~doubt & table["y"].notna() & (table["kaplan_quality"] < 3)]
    people = table["population_2010"].astype(float)
    table = table.assign(
        log_population=np.log(people), log_density=np.log(people / table["land_area_square_miles"])
    )
    return table.dropna(subset=list(CAP.covariates)).sort_values("fips", ignore_index=True)


def _named(policies, undated):
    """Counties that any limiting row names by 2015, whatever its confidence, and those of undated lists."""
    limits = policies[policies["definition"].eq("any_limit") & policies["kind"].isin(["city", "county"])]
    limits = limits[limits["counties"].notna()]
    unsure = limits["excluded_because"].isin(["low confidence", "start unknown", "earlier doubtful row"])
    limits = limits[unsure | (limits["adopted_year"] <= 2015)]
    listed = set(undated.loc[undated["kind"] == "county", "geoid"])
    return {fips for text in limits["counties"] for fips in text.split(";")} | listed


def _row(table, **key):
    keep = np.logical_and.reduce([table[name] == value for name, value in key.items()])
    assert keep.sum() == 1
    return table[keep].iloc[0]


def _jackknife(y, x, w, groups, position):
    """Return coefficient and CRV3 error by dropping each group and fitting again."""

    def fit(rows):
        root = np.sqrt(w[rows])
        return np.linalg.lstsq(x[rows] * root[:, None], y[rows] * root, rcond=None)[0][position]

    whole = fit(np.ones(len(y), bool))
    left = np.array([fit(groups != group) for group in np.unique(groups)])
    number = len(left)
    return whole, np.sqrt((number - 1) / number * ((left - whole) ** 2).sum()), number


def test_the_main_sample_is_the_one_built_by_hand(study, plain):
    ours = selected(study.counties, CAP.main, spec=CAP)
    assert list(ours["fips"]) == list(plain["fips"])
    np.testing.assert_array_equal(ours["declines"], plain["d"])
    np.testing.assert_allclose(ours[CRIME], plain["y"].astype(float), rtol=1e-14)
    used = study.ledger.set_index("reason")["counties"]
    assert used["used: declines detainers"] == plain["d"].sum()
    assert used["used: comparison"] == (1 - plain["d"]).sum()


def test_every_county_stands_once_in_the_ledger(study, panels):
    assert study.ledger["counties"].sum() == len(panels["counties"]) == len(study.counties) == 3141
    assert (study.ledger["counties"] > 0).all()


def test_unadjusted_is_a_difference_of_means_with_jackknife_errors(study, plain):
    row = _row(study.main, design="unadjusted")
    y, d = plain["y"].to_numpy(float), plain["d"].to_numpy()
    assert row["estimate"] == pytest.approx(y[d == 1].mean() - y[d == 0].mean(), abs=1e-9)
    x = np.column_stack([np.ones(len(d)), d])
    _, error, groups = _jackknife(y, x, np.ones(len(d)), plain["state"].to_numpy(str), 1)
    assert row["std_error"] == pytest.approx(error, rel=1e-9)
    half = stats.t.ppf(0.975, groups - 1) * error
    np.testing.assert_allclose(
        [row["conf_low"], row["conf_high"]], row["estimate"] + half * np.array([-1, 1]), rtol=1e-9
    )
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(row["estimate"] / error), groups - 1), rel=1e-9)
    assert row["detectable"] == pytest.approx(
        error * (stats.t.ppf(0.975, groups - 1) + stats.t.ppf(0.8, groups - 1)), rel=1e-9
    )
    assert row["comparison_mean"] == pytest.approx(y[d == 0].mean(), rel=1e-12)


@pytest.mark.parametrize(("design", "effects"), [("regression-adjusted", False), ("within states", True)])
def test_regressions_agree_with_statsmodels(study, plain, design, effects):
    row = _row(study.main, design=design)
    x = plain[["d", *CAP.covariates]].astype(float)
    x = pd.concat([x, pd.get_dummies(plain["state"], drop_first=True, dtype=float)], axis=1) if effects else x
    fit = sm.OLS(plain["y"].astype(float), sm.add_constant(x)).fit()
    assert row["estimate"] == pytest.approx(fit.params["d"], rel=1e-7)
    if not effects:
        values = sm.add_constant(x).to_numpy()
        y, groups = plain["y"].to_numpy(float), plain["state"].to_numpy(str)
        _, error, _ = _jackknife(y, values, np.ones(len(y)), groups, 1)
        assert row["std_error"] == pytest.approx(error, rel=1e-7)


def test_matching_is_the_nearest_neighbour_by_brute_force(study, plain):
    row = _row(study.main, design="matched")
    x = plain[list(CAP.covariates)].to_numpy(float)
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    d, y = plain["d"].to_numpy() == 1, plain["y"].to_numpy(float)
    _, nearest = cKDTree(x[~d]).query(x[d])
    assert row["estimate"] == pytest.approx((y[d] - y[~d][nearest]).mean(), abs=1e-8)
    assert row["comparison"] == len(np.unique(nearest))
    weights = np.ones(len(y))
    weights[~d] = np.bincount(nearest, minlength=(~d).sum())
    keep = weights > 0
    values = np.column_stack([np.ones(keep.sum()), d[keep]])
    groups = plain["state"].to_numpy(str)[keep]
    _, error, number = _jackknife(y[keep], values, weights[keep], groups, 1)
    assert row["std_error"] == pytest.approx(error, rel=1e-8)
    assert row["states"] == number


def test_balance_after_matching_is_that_of_the_weights(study, plain):
    counties = selected(study.counties, CAP.main, spec=CAP)
    used = weighted(counties, matching(counties, "declines", spec=CAP))
    for name in CAP.covariates:
        here = study.balance[study.balance["covariate"].eq(name)].iloc[0]
        means = [
            np.average(part[name].astype(float), weights=part[WEIGHT])
            for part in (used[used["declines"].eq(1)], used[used["declines"].eq(0)])
        ]
        spread = counties.loc[counties["declines"].eq(1), name].astype(float).std()
        assert here["smd_after"] == pytest.approx((means[0] - means[1]) / spread, abs=1e-10)


def test_the_chosen_distance_balances_best(study):
    worst = study.balance.groupby("matching", sort=False)["smd_after"].apply(lambda d: d.abs().max())
    assert worst.index[0] == "Nearest, scaled covariates" and worst.idxmin() == worst.index[0]
    assert worst.iloc[0] < 0.15


def test_classes_are_differences_within_each_class(study, plain):
    table = study.classes[study.classes["design"].eq("unadjusted")]
    assert list(table["class"]) == list(CAP.classes)
    for row in table.itertuples():
        here = plain[plain["nchs_class_2013"].eq(getattr(row, "_2", None) or row[2])]
        y, d = here["y"].to_numpy(float), here["d"].to_numpy()
        assert row.estimate == pytest.approx(y[d == 1].mean() - y[d == 0].mean(), abs=1e-9)
        assert (row.treated, row.comparison) == (d.sum(), (1 - d).sum())
    assert table["treated"].sum() == plain["d"].sum()


def test_contrasts_are_differences_of_classes(study):
    counties = selected(study.counties, CAP.main, spec=CAP)
    table, joint = by_class(counties, "declines", spec=CAP)
    near = table[table["design"].eq(MATCHED)].set_index("class")["estimate"]
    assert study.contrasts["central"]["estimate"] == pytest.approx(near[1] - near.drop(1).min(), abs=1e-9)
    income = study.income_classes
    income = income[income["design"].eq(MATCHED)].set_index("class")["estimate"]
    assert study.contrasts["income"]["estimate"] == pytest.approx(income[6] - income[1], abs=1e-6)
    variance = joint[MATCHED].covariance
    assert variance.shape == (6, 6) and np.linalg.eigvalsh(variance).min() > -1e-8


def test_policies_in_force_end_and_begin(panels):
    policies = panels["policies"]
    held = policy_in_force(policies, "detainers", 2015)
    assert held["fips"].is_unique and len(held) == 232
    ended = policies.copy()
    one = held["fips"].iloc[0]
    hit = ended["counties"].fillna("").str.contains(one) & ended["definition"].eq("detainers")
    ended["ended_year"] = ended["ended_year"].mask(hit, 2015)
    assert one not in set(policy_in_force(ended, "detainers", 2015)["fips"])
    ended["ended_year"] = policies["ended_year"].mask(hit, 2016)
    assert one in set(policy_in_force(ended, "detainers", 2015)["fips"])
    assert len(policy_in_force(policies, "detainers", 2013)) < len(held)


def test_whole_states_are_those_the_variant_leaves_out(study):
    whole = set(study.states.loc[study.states["declining_share"].eq(1), "state"])
    assert {"CA", "CT"} <= whole
    out = study.counties[~study.counties["is_in_mixed_state"]]
    assert set(out["state"]) == whole


def test_codings_nest(study):
    counties = study.counties
    declines = counties["declines"].eq(1)
    for narrower in ("declines_by_own_policy", "declines_dated"):
        assert not (counties[narrower].eq(1) & ~declines).any()
        assert counties[narrower].eq(0).equals(counties["declines"].eq(0))
    assert counties["declines_or_not"].eq(1).equals(declines) and counties["declines_or_not"].notna().all()


def test_property_and_violent_add_up(study):
    for design in study.main["design"]:
        parts = study.offenses[study.offenses["design"].eq(design)]["estimate"].sum()
        assert parts == pytest.approx(_row(study.main, design=design)["estimate"], abs=1e-8)


def test_equivalence_is_two_one_sided_tests(study):
    assert len(study.equivalence) == 8
    for row in study.equivalence.itertuples():
        main = _row(study.main, design=row.design)
        t = stats.t(main["states"] - 1)
        above = t.sf((main["estimate"] + row.bound) / main["std_error"])
        below = t.cdf((main["estimate"] - row.bound) / main["std_error"])
        assert row.p_value == pytest.approx(max(above, below), rel=1e-9)
        assert row.equivalent == (row.p_value < 0.05)


def test_power_is_that_of_the_two_sided_test(study):
    at = study.power[study.power["is_printed"]]
    assert len(at) == 4 and at["effect"].eq(35.5).all()
    for row in at.itertuples():
        main = _row(study.main, design=row.design)
        t, critical = stats.t(main["states"] - 1), stats.t.ppf(0.975, main["states"] - 1)
        size = 35.5 / main["std_error"]
        assert row.power == pytest.approx(t.sf(critical - size) + t.cdf(-critical - size), rel=1e-9)


def test_past_crime_is_the_older_file(study, panels):
    years = panels["county_year"]
    row = years[(years["year"] == 2012) & years["fips"].eq("06075")].iloc[0]
    parts = row[["violent_without_rape_imputed", "property_imputed", "arson_imputed"]].sum()
    ours = study.counties.set_index("fips").loc["06075", "crime_2012"]
    assert ours == pytest.approx(float(parts) / float(row["population_covered"]) * 1e4, rel=1e-12)
    illinois = study.counties[study.counties["state"].eq("IL")]
    assert illinois["crime_2006"].isna().all() and illinois["crime_2012"].notna().any()


@pytest.fixture(scope="module")
def shuffled(panels):
    rng = np.random.default_rng(5)
    mixed = {
        name: frame.iloc[rng.permutation(len(frame))].reset_index(drop=True) for name, frame in panels.items()
    }
    return cap2017.study(mixed)


def test_row_order_does_not_matter(study, shuffled):
    """Every table is the same, to the bit, whatever the order of the panels' rows."""
    compared = 0
    for part in dataclasses.fields(study):
        one, other = getattr(study, part.name), getattr(shuffled, part.name)
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other, check_exact=True)
            compared += one.size
        else:
            assert one == other
    assert compared > 10_000


def test_relabelled_counties_keep_their_unadjusted_difference(panels):
    """A treatment that falls on other counties gives another answer: the panels' policies are used."""
    none = panels["policies"].assign(adopted_year=2017)
    frame = county_frame(panels | {"policies": none}, spec=CAP)
    assert not frame["declines"].eq(1).any()


def test_figures_tables_hold_every_estimate(study):
    rows = cap2017_tables.forest(study)
    assert len(rows) == len(study.main) + len(study.matchings) - 1 + len(study.variants) - 2
    assert rows[["estimate", "conf_low", "conf_high"]].notna().all(axis=None)
    assert set(cap2017_tables.map_classes(study.counties)) == set(study.counties["fips"])
    assert len(cap2017_tables.economy_table(study)) == 6


def test_what_the_notes_say_of_other_designs(study):
    """The notes of claims that differ name other designs: they must hold."""

    def reaching(table, printed):
        holds = (table["conf_low"] <= printed) & (printed <= table["conf_high"])
        return list(table.loc[holds, "design"])

    outcome = study.economy["outcome"]
    assert reaching(study.main, -35.5) == [] and (study.main["conf_low"] > -35.5).all()
    assert "unadjusted" in reaching(study.economy[outcome.eq("poverty_rate")], -2.3)
    assert "matched" not in reaching(study.economy[outcome.eq("poverty_rate")], -2.3)
    assert reaching(study.economy[outcome.eq("unemployment_rate")], -1.1) == ["unadjusted"]


def test_every_claim_has_a_finding_and_the_verdicts_are_committed(study):
    published, found = claims("cap2017"), findings_of(study)
    assert set(found) == set(published)
    verdicts = compare(published, found)
    untested = verdicts[verdicts["verdict"].eq("untested")]
    assert set(untested["claim"]) == {"cap_public_assistance", "cap_children_public_assistance"}
    assert verdicts.loc[verdicts["verdict"].isin(["differs", "untested"]), "note"].ne("").all()
    kept = committed()
    check_verdicts(verdicts, kept[kept["study"] == "cap2017"])
