"""The city designs on made data: vectorized draws against plain loops, and size on permuted policies."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from analysis import estimators as est
from analysis.studies.city_power import counts, headline, hierarchical, precision
from analysis.studies.city_power.choice import CHOSEN
from analysis.studies.city_power.permutations import by_size, by_state, observed
from analysis.studies.city_power.specification import CANDIDATES
from analysis.studies.city_power.trial import Drawn, ranking, winner
from analysis.studies.city_power.windows import windows, year_effects

YEARS = np.arange(2000, 2015)


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(11)
    rows = []
    for number in range(90):
        state = f"S{number % 10}"
        size = number % 3
        people = 20_000.0 * 3**size
        cohort = {0: 2006, 11: 2007, 22: 2006, 40: 2008}.get(number, 0)
        level = random.normal(-5, 0.4)
        drift = np.cumsum(random.normal(0, 0.05, len(YEARS)))
        mean = people * np.exp(level + 0.01 * (YEARS - 2000) + drift)
        seen = random.random(len(YEARS)) > 0.05
        rows.append(
            pd.DataFrame(
                {
                    "ori": f"C{number:03}",
                    "unit": f"C{number:03}/0",
                    "city": f"City {number}",
                    "state": state,
                    "region": "West" if number % 2 else "East",
                    "size": size,
                    "residents": people,
                    "cohort": cohort,
                    "year": YEARS,
                    "population": people,
                    "count": random.poisson(mean).astype(float),
                }
            )[seen]
        )
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def table(frame):
    return windows(frame)


def test_year_effects_are_those_of_the_poisson_regression(frame, table):
    never = frame[frame["cohort"].eq(0)].assign(log_people=lambda rows: np.log(rows["population"]))
    dummies = [f"y{year}" for year in YEARS[1:]]
    for year, name in zip(YEARS[1:], dummies, strict=True):
        never[name] = never["year"].eq(year).astype(float)
    fit = est.poisson(
        never, outcome="count", treatment=dummies, effects=["ori"], offset="log_people", cluster="state"
    )
    curve = year_effects(table.counts, table.people, table.never[None, :])[0]
    assert np.log(curve[1:]) == pytest.approx(fit.estimate, abs=1e-7)


def test_counts_in_every_draw_equal_a_loop_that_estimates_the_trend_anew(table):
    drawn = by_size(table, draws=25, seed=4)
    fast = counts.log_ratios(table, drawn)
    for draw in range(25):
        kept = table.never.copy()
        kept[drawn.rows[draw]] = False
        curve = year_effects(table.counts, table.people, kept[None, :])[0]
        after = expected = 0.0
        for row, date in zip(drawn.rows[draw], drawn.dates[draw], strict=True):
            rate = table.before[date, row] / (table.people_before[date, row] @ curve)
            expected += rate * (table.people_after[date, row] @ curve)
            after += table.after[date, row]
        assert fast[draw] == pytest.approx(np.log(after / expected), abs=1e-9)


def test_a_trend_by_cell_uses_cities_of_the_cell_alone(table):
    drawn = observed(table)
    changed = table.counts * np.where(table.cities["region"].eq("West"), 1.0, 1.5)[:, None]
    other = dataclasses.replace(table, counts=changed)
    mine = table.cities["region"].to_numpy()[drawn.rows[0]] == "West"
    before = counts.crimes(table, drawn, ("region",))[1][0]
    assert counts.crimes(other, drawn, ("region",))[1][0][mine] == pytest.approx(before[mine])


def _brute(made, rows, dates):
    """The estimate and both standard errors by plain loops over cities, dates and states."""
    table, states = made.table, np.unique(made.state)
    controls = [j for j in np.flatnonzero(table.never) if j not in set(rows)]

    def estimate(without=-1):
        top = bottom = 0.0
        for i, g in zip(rows, dates, strict=True):
            if made.state[i] == without:
                continue
            others = [j for j in controls if made.cell[j] == made.cell[i] and made.state[j] != without]
            weight = made.weights[g, others]
            mean = (weight @ made.ratios[g, others]) / weight.sum()
            top += made.weights[g, i] * (made.ratios[g, i] - mean)
            bottom += made.weights[g, i]
        return top / bottom

    whole = estimate()
    has = np.unique(made.state[rows])
    left = np.array([estimate(state) for state in has])
    jackknife = np.sqrt((len(has) - 1) / len(has) * ((left - whole) ** 2).sum())
    score = dict.fromkeys(states, 0.0)
    total = made.weights[dates, rows].sum()
    for i, g in zip(rows, dates, strict=True):
        others = [j for j in controls if made.cell[j] == made.cell[i]]
        weight = made.weights[g, others]
        mean = (weight @ made.ratios[g, others]) / weight.sum()
        score[made.state[i]] += made.weights[g, i] * (made.ratios[g, i] - mean - whole)
        for j, w in zip(others, weight, strict=True):
            score[made.state[j]] -= made.weights[g, i] / weight.sum() * w * (made.ratios[g, j] - mean)
    clustered = np.sqrt(len(states) / (len(states) - 1) * sum(v**2 for v in score.values())) / total
    return whole, clustered, jackknife


@pytest.mark.parametrize("weights", ["cell", "model"])
@pytest.mark.parametrize("trend", [(), ("region",), ("size",)])
def test_weighted_fits_equal_plain_loops_in_estimate_and_both_errors(table, weights, trend):
    made = precision.log_ratio_table(table, trend, weights)
    drawn = by_size(table, draws=6, seed=9)
    fits = precision.weighted_fits(made, drawn)
    for draw in range(6):
        want = _brute(made, drawn.rows[draw], drawn.dates[draw])
        got = fits.estimate[draw], fits.clustered[draw], fits.jackknife[draw]
        assert got == pytest.approx(want, rel=1e-9, abs=1e-12)


def test_an_adopter_is_in_no_pool_trend_or_weight(frame, table):
    changed = frame.assign(count=frame["count"].where(frame["cohort"].eq(0), frame["count"] * 3 + 1))
    other = windows(changed)
    for make in (by_size, by_state):
        drawn = make(table, draws=20, seed=2)
        assert table.never[drawn.rows].all()
        assert (make(other, draws=20, seed=2).rows == drawn.rows).all()
        for weights in ("cell", "model"):
            one, two = (
                precision.weighted_fits(precision.log_ratio_table(t, (), weights), drawn)
                for t in (table, other)
            )
            assert one.estimate == pytest.approx(two.estimate)
        assert counts.log_ratios(table, drawn) == pytest.approx(counts.log_ratios(other, drawn))


def test_draws_keep_the_size_class_and_blocks_keep_the_state(table):
    rows, dates = table.treated()
    size, state = table.cities["size"].to_numpy(), table.cities["state"].to_numpy()
    drawn = by_size(table, draws=50, seed=3)
    assert (size[drawn.rows] == size[rows]).all() and (drawn.dates == dates).all()
    once = by_size(table, draws=50, seed=3, replace=False)
    assert all(len(set(line)) == len(rows) for line in once.rows)
    blocks = by_state(table, draws=50, seed=3)
    for a in range(len(rows)):
        for b in range(len(rows)):
            assert (
                (state[blocks.rows[:, a]] == state[blocks.rows[:, b]]) == (state[rows[a]] == state[rows[b]])
            ).all()


def test_the_t_test_of_the_weighted_design_is_near_its_size_on_permuted_policies(table):
    made = precision.log_ratio_table(table, (), "cell")
    fits = precision.weighted_fits(made, by_size(table, draws=600, seed=8))
    rejected = np.abs(fits.estimate / fits.jackknife) > stats.t.ppf(0.975, fits.df)
    assert 0.005 <= rejected.mean() <= 0.12


def test_the_hierarchical_fit_maximizes_the_penalized_likelihood(table):
    made = precision.log_ratio_table(table, (), "model")
    drawn = observed(table)
    effect = hierarchical.hierarchical_effects(made, drawn)[0]
    rows, dates = drawn.rows[0], drawn.dates[0]
    before, after = table.before[dates, rows], table.after[dates, rows]
    offset = np.log(made.expected[dates, rows] / before) + precision.comparison_means(made, drawn)[0]
    variance = precision.spread_beyond_chance(made)[table.cities["size"].to_numpy()[rows]]

    def loss(values):
        eta = offset + values[0] + values[1:]
        chance = after * eta - (after + before) * np.logaddexp(0, eta)
        return -(chance.sum() - (values[1:] ** 2 / (2 * variance)).sum())

    best = optimize.minimize(loss, np.zeros(len(rows) + 1), method="BFGS", options={"gtol": 1e-7})
    assert effect == pytest.approx(best.x[0], abs=1e-5)


def test_a_true_effect_moves_the_weighted_estimate_by_itself(frame):
    treated = frame["cohort"].gt(0) & frame["year"].ge(frame["cohort"])
    more = windows(frame.assign(count=frame["count"].where(~treated, frame["count"] * 1.2)))
    plain = windows(frame)
    one, two = (
        precision.weighted_fits(precision.log_ratio_table(t, (), "cell"), observed(t)).estimate[0]
        for t in (plain, more)
    )
    assert two - one == pytest.approx(np.log(1.2), abs=0.005)


def test_the_rule_takes_the_smallest_detectable_change_among_designs_of_honest_size():
    rows = [
        ("greedy", 0.20, 0.05),
        ("wide", 0.05, 0.16),
        ("good", 0.07, 0.09),
        ("near and closer to 5%", 0.052, 0.092),
    ]
    results = pd.DataFrame(
        [
            {"candidate": name, "treatment": "t", "how": how, "rejected": size, "detectable": seen}
            for name, size, seen in rows
            for how in ("by size", "by state")
        ]
    )
    assert list(ranking(results)["candidate"]) == ["near and closer to 5%", "good", "wide", "greedy"]


def test_detectable_counts_both_signs():
    drawn = Drawn(np.random.default_rng(0).normal(0.05, 0.03, 4_000), -0.06, 0.06)
    assert drawn.rejection(-drawn.detectable()) >= 0.8
    assert drawn.rejection(drawn.detectable()) > 0.99


def test_the_choice_is_what_the_rule_takes_from_the_committed_trial():
    results = headline.trial_results()
    assert len(results) == 4 * len(CANDIDATES)
    assert winner(results).name == CHOSEN
    assert not ranking(results)["admitted"].any()
