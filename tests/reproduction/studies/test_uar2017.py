"""The rebuilt Urban Affairs Review study against plain pandas, its own ledger, and its committed verdicts."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import linear_sum_assignment

from analysis.panels.store import load
from analysis.studies.published.claims import claims, compare
from analysis.studies.published.margins import published_size
from analysis.studies.published.verdicts import check_verdicts, committed
from analysis.studies.uar2017 import (
    exhibits as uar2017_exhibits,
)
from analysis.studies.uar2017 import (
    power as uar2017_power,
)
from analysis.studies.uar2017 import (
    study as uar2017,
)
from analysis.studies.uar2017.findings import difference
from analysis.studies.uar2017.spec import SPEC as UAR

PAPER = UAR.paper_period


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in uar2017.PANELS}


@pytest.fixture(scope="module")
def results():
    return uar2017.run()


@pytest.fixture(scope="module")
def rates(panels):
    """Rates straight from the panel: a dictionary, no table of the study."""
    rows = panels["city_year"]
    names = ["violent_per_100k", "violent_without_rape_per_100k", "rape_definition", "property_per_100k"]
    return rows.set_index(["ori", "year"])[names].to_dict("index")


def test_adopters_are_those_of_the_policy_panel(results, panels):
    rows = panels["policies"]
    kept = rows[
        (rows["definition"] == "status_inquiry") & (rows["kind"] == "city") & rows["in_event_time"]
        & rows["adopted_year"].between(2002, 2014)
    ]  # fmt: skip
    ours = results.treated[results.treated["coding"] == UAR.main]
    assert sorted(ours["ori"]) == sorted(kept["ori"])
    assert len(ours) > 20 and ours["source_url"].str.len().gt(0).all()


def test_codings_hold_new_york_and_chicago_where_they_should(results):
    cohort = results.treated.set_index(["coding", "place"])["cohort"]
    for coding in ("first instrument since 2002", "first limit since 2002"):
        assert cohort[(coding, "New York")] == 2003
        assert cohort[(coding, "Chicago")] == 2006
    assert not {(UAR.main, "New York"), (UAR.main, "Chicago")} & set(cohort.index)


def test_changes_of_single_cities_by_hand(results, rates):
    changes = results.changes
    rows = changes[(changes["coding"] == UAR.main) & (changes["period"] == PAPER) & changes["reason"].eq("")]
    rows = rows[rows["outcome"].isin(["violent", "property", "violent_without_rape"])]
    assert len(rows) > 100
    for row in rows.itertuples():
        offsets = range(1, row.window + 1)
        column = f"{row.outcome}_per_100k"
        before = [rates[(row.ori, row.cohort - k)][column] for k in offsets]
        after = [rates[(row.ori, row.cohort + k)][column] for k in offsets]
        assert row.change == pytest.approx(np.mean(after) - np.mean(before), rel=1e-12, abs=1e-9)


def test_violent_never_holds_revised_rape(results, rates):
    rows = results.changes[results.changes["outcome"].eq("violent") & results.changes["reason"].eq("")]
    used = {
        (row.ori, row.cohort + k)
        for row in rows.itertuples()
        for k in (*range(-row.window, 0), *range(1, row.window + 1))
    }
    assert {rates[key]["rape_definition"] for key in used} == {"legacy"}


def test_cities_their_state_excepts_are_used(results):
    """Minnesota withholds rape from 2006 to 2012, except for its two largest cities, which are printed."""
    pairs = results.pairs[results.pairs["coding"] == UAR.main]
    assert {"MN0271100", "MN0620900"} <= set(pairs["ori"])
    used = difference(results, "violent", group="in force", year=2012)["used"]
    without_rape = difference(results, "violent_without_rape", group="in force", year=2012)["used"]
    assert used > 0 and without_rape - used < 2, "both cities would be lost with the rapes of their state"


def test_no_change_spans_a_stated_break(results, panels):
    breaks = panels["series_breaks"]
    shifts = breaks[
        (breaks["effect"] == "level_shift") & (breaks["level"] == "city") & (breaks["offense"] == "all")
    ]
    starts = set(zip(shifts["break_ori"], shifts["first_year"], strict=True))
    used = results.changes[results.changes["reason"].eq("")]
    spanned = [
        (row.ori, year)
        for row in used[["ori", "cohort", "window"]].drop_duplicates().itertuples()
        for year in range(row.cohort - row.window + 1, row.cohort + row.window + 1)
        if (row.ori, year) in starts
    ]
    assert not spanned
    detroit = results.changes[results.changes["place"].eq("Detroit") & results.changes["window"].eq(3)]
    assert detroit["reason"].isin(["a new series begins"]).all()


def test_before_after_against_scipy(results):
    table, changes = results.before_after, results.changes
    compared = 0
    for row in table.to_dict("records"):
        keys = ["coding", "period", "outcome", "window"]
        group = changes[np.logical_and.reduce([changes[key] == row[key] for key in keys])]
        values = group["change"].dropna().to_numpy()
        test = stats.ttest_1samp(values, 0)
        low, high = test.confidence_interval(0.95)
        expected = [values.mean(), test.statistic, test.df, test.pvalue, low, high]
        found = [row[n] for n in ("estimate", "statistic", "df", "p_value", "conf_low", "conf_high")]
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        rose, fell = (values > 0).sum(), (values < 0).sum()
        assert row["p_sign"] == pytest.approx(stats.binomtest(rose, rose + fell).pvalue)
        compared += 1
    assert compared == len(UAR.codings) * len(UAR.periods) * len(UAR.outcomes) * len(UAR.windows)


def test_random_signs_against_all_of_them(results):
    """Against every assignment of signs where there are few pairs, exactly."""
    rows = results.changes[
        results.changes["coding"].eq(UAR.main) & results.changes["period"].eq(PAPER)
        & results.changes["outcome"].eq("violent") & results.changes["window"].eq(3)
    ]  # fmt: skip
    values = rows["change"].dropna().to_numpy()
    signs = np.array(list(itertools.product([1, -1], repeat=len(values))))
    share = np.mean(np.abs(signs @ values) >= abs(values.sum()) * (1 - 1e-9))
    table = results.before_after
    found = table[
        table["coding"].eq(UAR.main) & table["period"].eq(PAPER) & table["outcome"].eq("violent")
        & table["window"].eq(3)
    ]["p_flip"].item()  # fmt: skip
    assert len(values) > 8 and found == pytest.approx(share, abs=1e-12)


def test_ledgers_add_up(results, panels):
    per_coding = results.ledger.groupby("coding")["places"].sum()
    assert (per_coding == len(panels["places"])).all() and len(per_coding) == len(UAR.codings)
    keys = ["coding", "period", "outcome", "window"]
    left = results.before_after_dropped.groupby(keys)["cities"].sum()
    table = results.before_after.set_index(keys)
    total = table["used"] + left.reindex(table.index, fill_value=0)
    assert (total == table["given"]).all()
    treated = results.treated
    assert (treated["control_name"].isna() == treated["unmatched_because"].ne("")).all()


def test_controls_are_clean(results, panels):
    policies, undated, places = panels["policies"], panels["undated_places"], panels["places"]
    controls = results.units[results.units["is_treated"].eq(0)]
    assert len(controls.drop_duplicates("ori")) > 1_000
    by_place = places.set_index("primary_ori")["place_fips"]
    codes = set(controls["ori"].map(by_place))
    listed = policies[(policies["kind"] == "city") & (policies["adopted_year"] <= UAR.last)]
    named = set(listed["geoid"]) | set(undated["geoid"]) | set(listed["ori"].dropna())
    assert not codes & named and not set(controls["ori"]) & named
    assert not set(controls["ori"]) & set(UAR.named_by_authors)
    assert not set(controls["state"]) & {"CA", "CO", "CT", "NM", "OR", "RI"}
    assert controls["population"].ge(UAR.floor).all()


def test_one_to_one_is_the_least_total_distance(results):
    """The assignment again, region by region, from the covariates with numpy alone."""
    units = results.units[results.units["coding"] == UAR.main].reset_index(drop=True)
    x = units[list(UAR.covariates)].to_numpy(float)
    inverse = np.linalg.inv(np.cov(x.T, bias=True))
    total, pairs = 0.0, 0
    for region in units["region"].unique():
        rows = units["region"].eq(region).to_numpy()
        arms = [x[rows & units["is_treated"].eq(arm).to_numpy()] for arm in (1, 0)]
        steps = arms[0][:, None, :] - arms[1][None, :, :]
        cost = np.sqrt(np.einsum("ijk,kl,ijl->ij", steps, inverse, steps))
        left, right = linear_sum_assignment(cost)
        total, pairs = total + cost[left, right].sum(), pairs + len(left)
    ours = results.pairs[results.pairs["coding"] == UAR.main]
    assert len(ours) == pairs and ours["control"].is_unique
    assert ours["distance"].sum() == pytest.approx(total, rel=1e-9)


def test_matched_differences_by_hand(results, rates):
    """In 2012 and while in force, from the pairs and the panel, without the study's code."""
    pairs = results.pairs[results.pairs["coding"] == UAR.main]

    def gap(row, year):
        both = [rates.get((ori, year), {}) for ori in (row.ori, row.control)]
        if any(cell.get("rape_definition") != "legacy" for cell in both):
            return np.nan
        return both[0]["violent_per_100k"] - both[1]["violent_per_100k"]

    def holds(row, year):
        return row.cohort < year and (pd.isna(row.ended_year) or year < row.ended_year)

    at = [gap(row, 2012) for row in pairs.itertuples() if holds(row, 2012)]
    after = [
        pd.Series([gap(row, year) for year in range(2000, 2013) if holds(row, year)], dtype=float).mean()
        for row in pairs.itertuples()
    ]
    for values, keys in ((at, {"group": "in force", "year": 2012}), (after, {"group": "after"})):
        test = stats.ttest_1samp(pd.Series(values, dtype=float).dropna(), 0)
        row = difference(results, "violent", **keys)
        assert row["used"] == test.df + 1
        low, high = test.confidence_interval(0.95)
        np.testing.assert_allclose(
            [row["estimate"], row["p_value"], row["conf_low"], row["conf_high"]],
            [pd.Series(values, dtype=float).mean(), test.pvalue, low, high],
            rtol=1e-9,
        )


def test_unmatched_against_scipy(results, rates):
    units = results.units[results.units["coding"] == UAR.main]
    value = [rates.get((ori, 2012), {}).get("property_per_100k", np.nan) for ori in units["ori"]]
    units = units.assign(value=value).dropna(subset=["value"])
    ended = units["ended_year"].isna() | units["ended_year"].gt(2012)
    treated = units[units["is_treated"].eq(1) & units["cohort"].lt(2012) & ended]["value"]
    control = units[units["is_treated"].eq(0)]["value"]
    row = difference(results, "property", group="in force", year=2012, estimator="unmatched")
    assert abs(len(control) - row["controls"]) <= 5, "all but the few whose figure the FBI calls faulty"
    test = stats.ttest_ind(treated, control, equal_var=False)
    assert row["estimate"] == pytest.approx(treated.mean() - control.mean(), rel=0.01)
    assert row["p_value"] == pytest.approx(test.pvalue, rel=0.05)


def test_detectable_effects_and_equivalence(results):
    table = results.before_after.dropna(subset=["std_error"])
    multiple = stats.t.ppf(0.975, table["df"]) + stats.t.ppf(0.8, table["df"])
    np.testing.assert_allclose(table["detectable"], multiple * table["std_error"], rtol=1e-9)
    half = stats.t.ppf(0.95, table["df"]) * table["std_error"]
    inside = (table["estimate"].abs() + half) < UAR.margin_share * table["mean_before"]
    assert (table["within_share"].to_numpy(bool) == inside.to_numpy(bool)).all()
    np.testing.assert_allclose(table["smallest_margin"], table["estimate"].abs() + half, rtol=1e-9)
    rows = results.spreads.set_index("design")
    expected = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * rows.loc["unmatched", "sd"] * np.sqrt(2 / 55)
    assert uar2017_power.detectable(next(results.spreads.itertuples()), 55, spec=UAR) == pytest.approx(
        expected
    )
    needed = uar2017_power.cities_needed(results.spreads, {"x": 20.0}, spec=UAR).set_index("design")["x"]
    for row in results.spreads.itertuples():
        n = needed[row.design]
        assert (
            uar2017_power.detectable(row, n, spec=UAR) <= 20 < uar2017_power.detectable(row, n - 1, spec=UAR)
        )


def test_what_the_chapter_says_in_words(results):
    """Sentences of the notebook that hold no figure stand or fall here."""
    for outcome in ("violent", "rape_legacy", "property"):
        rows = results.before_after
        row = rows[rows["coding"].eq(UAR.main) & rows["period"].eq(PAPER) & rows["outcome"].eq(outcome)].iloc[
            0
        ]
        assert row["window"] == 1 and row["conf_low"] < 0 < row["conf_high"]
    after, before, change = (difference(results, "violent", group=g) for g in ("after", "before", "change"))
    assert after["estimate"] > 0 and before["estimate"] > 0 and before["estimate"] > change["estimate"]
    assert change["conf_low"] < 0 < change["conf_high"] and abs(change["estimate"]) < change["std_error"]
    means = uar2017_exhibits.change_rows(results)
    out = means[means["highlight"]]
    assert set(out["group"]) <= {"Property", "Motor vehicle theft"} and (out["estimate"] < 0).all()
    curves = results.detectable[results.detectable["cities"].eq(uar2017_power.paper_cities(UAR))]
    assert curves["detectable"].min() > max(
        published_size(UAR.margin_claim), UAR.margin_share * results.spreads["mean"].iloc[0]
    )
    codings = uar2017_exhibits.codings_pooled(results, "violent")
    level, moved = (codings[codings["group"].eq(g)] for g in codings["group"].unique())
    assert (level["estimate"] > 0).all() and set(level["conf_low"] > 0) == {True, False}
    assert ((moved["conf_low"] < 0) & (moved["conf_high"] > 0)).all()
    assert moved["estimate"].abs().max() < level["estimate"].min()


def test_row_order_does_not_matter(results, panels):
    shuffled = {
        name: frame.sample(frac=1, random_state=7).reset_index(drop=True) for name, frame in panels.items()
    }
    again = uar2017.study(shuffled)
    for name in (
        "treated",
        "before_after",
        "before_after_dropped",
        "pairs",
        "differences",
        "balance",
        "spreads",
    ):
        one, two = getattr(results, name), getattr(again, name)
        keys = [column for column in one if one[column].dtype.kind not in "fb"]
        pd.testing.assert_frame_equal(
            one.sort_values(keys).reset_index(drop=True), two.sort_values(keys).reset_index(drop=True)
        )


def test_verdicts_are_committed():
    kept = committed()
    table = compare(claims("uar2017"), uar2017.findings())
    check_verdicts(table, kept[kept["study"] == "uar2017"])
    assert table.set_index("claim")["verdict"]["uar_prepost_st_louis"] == "untested"
    assert set(table.loc[table["verdict"].eq("untested"), "note"].str.len() > 0) == {True}


def test_finds_what_a_policy_would_do(panels, results):
    """A rise of half put into every treated city after adoption is found by both designs."""
    cities = results.treated[results.treated["coding"] == UAR.main].set_index("ori")["cohort"]
    rows = panels["city_year"].copy()
    after = rows["year"] > rows["ori"].map(cities.to_dict()).fillna(9999)
    for name in ("violent_without_rape",):
        rows[f"{name}_per_100k"] = rows[f"{name}_per_100k"].where(~after, rows[f"{name}_per_100k"] * 1.5)
    shifted = uar2017.study({**panels, "city_year": rows})
    for table, was in ((shifted.before_after, results.before_after),):
        pick = lambda t: t[  # noqa: E731
            t["coding"].eq(UAR.main) & t["period"].eq(PAPER) & t["outcome"].eq("violent_without_rape")
            & t["window"].eq(1)
        ].iloc[0]  # fmt: skip
        assert pick(table)["estimate"] > pick(was)["estimate"] + 200 and pick(table)["conf_low"] > 0
    change = difference(shifted, "violent_without_rape", group="change")
    assert change["conf_low"] > 0
    before = [difference(r, "violent_without_rape", group="before")["estimate"] for r in (shifted, results)]
    assert before[0] == pytest.approx(before[1], rel=1e-12)
