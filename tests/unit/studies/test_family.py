"""Family-wise p-values by step-down equal those of closed testing by brute force, on the draws they share."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.studies.paper.family import step_down_p

DRAWS, SEED = 1_000, 7


@pytest.fixture
def moved():
    random = np.random.default_rng(3)
    shared = random.normal(size=(1, 20))
    table = pd.DataFrame(random.normal(size=(6, 20)) + 1.5 * shared, index=list("abcdef"))
    table.iloc[1, 5:] = 0.0
    return table


@pytest.fixture
def alone():
    return pd.Series([0.004, 0.02, 0.02, 0.3, 0.011, 0.9], index=list("abcdef"))


def closed(alone, moved, draws, seed):
    """Reject a row when every set of rows that holds it is rejected by its largest statistic."""
    multipliers = np.random.default_rng(seed).standard_normal((draws, moved.shape[1]))
    drawn = {
        row: np.abs([sum(g * d for g, d in zip(line, moved.loc[row], strict=True)) for line in multipliers])
        / np.sqrt(sum(d * d for d in moved.loc[row]))
        for row in alone.index
    }
    seen = {row: stats.norm.ppf(1 - p / 2) for row, p in alone.items()}
    found = {}
    for row in alone.index:
        worst = 0.0
        for size in range(1, len(alone) + 1):
            for rows in itertools.combinations(alone.index, size):
                if row in rows:
                    largest = np.max([drawn[r] for r in rows], axis=0)
                    worst = max(worst, np.mean(largest > max(seen[r] for r in rows) * (1 + 1e-9)))
        found[row] = worst
    return pd.Series(found)


def test_step_down_is_closed_testing(alone, moved):
    want = closed(alone, moved, DRAWS, SEED)
    got = step_down_p(alone, moved, draws=DRAWS, seed=SEED)
    assert got.to_numpy() == pytest.approx(want.to_numpy(), abs=1e-12)


def test_a_family_of_one_row_keeps_its_p_value(moved):
    alone = pd.Series([0.03], index=["c"])
    assert step_down_p(alone, moved)["c"] == pytest.approx(0.03, abs=0.002)


def test_rows_moved_by_the_same_states_alike_cost_nothing(alone):
    same = pd.DataFrame(np.tile(np.arange(1.0, 9.0), (6, 1)), index=alone.index)
    assert step_down_p(alone, same).to_numpy() == pytest.approx(alone.to_numpy(), abs=0.006)


def test_rows_moved_by_different_states_are_those_of_sidak(alone):
    apart = pd.DataFrame(np.eye(6), index=alone.index)
    ranked = alone.sort_values(kind="stable")
    stepped = np.maximum.accumulate([1 - (1 - p) ** (6 - i) for i, p in enumerate(ranked)])
    got = step_down_p(alone, apart)
    assert got[ranked.index].to_numpy() == pytest.approx(stepped, abs=0.006)


def test_units_of_a_row_do_not_matter(alone, moved):
    scaled = moved.mul([1, 10, 1e-3, 1e5, 2, 7], axis=0)
    pd.testing.assert_series_equal(step_down_p(alone, moved), step_down_p(alone, scaled))


def test_a_row_that_no_state_moves_is_refused(alone, moved):
    with pytest.raises(ValueError, match="no state moves d"):
        step_down_p(alone, moved.mul(np.array([1, 1, 1, 0, 1, 1]), axis=0))
