"""Ways to match side by side: same units, plain recomputation, balance as claimed, row order."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.estimators import coarsened_exact, entropy_balance
from analysis.studies import matching_methods as matchings


@pytest.fixture(scope="module")
def found():
    return matchings.run()


def test_every_method_answers_in_both_designs(found):
    assert found.estimates.groupby("design")["method"].apply(list).to_dict() == {
        matchings.CITY: list(matchings.METHODS),
        matchings.COUNTY: list(matchings.METHODS),
    }
    assert found.estimates["problem"].eq("").all()
    assert found.estimates.groupby("design")["treated_given"].nunique().eq(1).all()


def test_only_coarsening_drops_treated_units(found):
    rows = found.estimates
    dropped = rows["treated"] < rows["treated_given"]
    assert set(rows.loc[dropped, "method"]) == {"coarsened exact"}


def test_entropy_balancing_equals_means(found):
    exact = found.balance[found.balance["method"].eq("entropy balancing")]
    np.testing.assert_allclose(exact["smd_after"], 0, atol=1e-6)


def test_genetic_balance_is_no_worse_than_nearest(found):
    gaps = found.estimates.set_index(["design", "method"])["largest_gap"]
    for design in (matchings.CITY, matchings.COUNTY):
        assert gaps[design, "genetic matching"] <= gaps[design, "nearest neighbour"]


@pytest.mark.parametrize("make", [matchings.city_frame, matchings.county_frame])
def test_estimates_are_weighted_differences_in_plain_numpy(make, found):
    frame, common, _ = make(found.spec)
    design = matchings.CITY if make is matchings.city_frame else matchings.COUNTY
    is_treated = frame[common["treatment"]].to_numpy(float) == 1
    y = frame[common["outcome"]].to_numpy(float)
    rows = found.estimates.set_index(["design", "method"])["estimate"]
    for method in ("coarsened exact", "entropy balancing"):
        weights = np.asarray(matchings.METHODS[method](frame, common, found.spec).extra["weights"], float)
        means = [np.average(y[arm], weights=weights[arm]) for arm in (is_treated, ~is_treated)]
        assert rows[design, method] == pytest.approx(means[0] - means[1], rel=1e-9)


def test_order_of_rows_does_not_matter(found):
    frame, common, _ = matchings.county_frame(found.spec)
    mixed = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    for method in (coarsened_exact, entropy_balance):
        first, second = (method(table, **common).estimate[0] for table in (frame, mixed))
        assert first == pytest.approx(second, rel=1e-8)
