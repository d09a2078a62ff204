"""The stack of all limits: the largest cities of a state stay, and states are permuted as blocks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from analysis.studies.city_power.union import blocks, thinned


def test_the_largest_adopters_of_a_state_stay_and_nobody_else_leaves():
    cities = pd.DataFrame({"ori": list("abcdef"), "state": ["CA"] * 4 + ["TX"] * 2})
    cities = cities.assign(cohort=[2014, 2014, 2014, 0, 0, 2015], residents=[5, 9, 7, 1, 1, 2])
    frame = pd.concat([cities.assign(year=year) for year in (2013, 2014)], ignore_index=True)
    kept = thinned(frame, most=2)
    assert sorted(kept["ori"].unique()) == ["b", "c", "d", "e", "f"]
    assert (kept.groupby("ori").size() == 2).all()


def made(adopting, others):
    """Return windows of states with so many adopting, or never-adopting, cities."""
    states = [s for s, n in {**adopting, **others}.items() for _ in range(n)]
    cohort = [2014 if s in adopting else 0 for s in states]
    cities = pd.DataFrame({"state": states, "cohort": cohort, "size": np.arange(len(states)) % 3})
    rows = np.flatnonzero(cities["cohort"].gt(0))
    return SimpleNamespace(
        cities=cities,
        never=cities["cohort"].eq(0).to_numpy(),
        usable=np.ones((1, len(cities)), bool),
        treated=lambda: (rows, np.zeros(len(rows), int)),
    )


def test_dates_of_a_state_go_to_one_other_state_also_when_states_run_out():
    table = made({"CA": 3, "NY": 3, "IL": 2}, {"TX": 8, "OH": 7})
    drawn = blocks(table, draws=40, seed=1)
    state = table.cities["state"].to_numpy()
    assert table.never[drawn.rows].all()
    own = state[table.treated()[0]]
    for row in drawn.rows:
        for adopter in ("CA", "NY", "IL"):
            assert len(set(state[row[own == adopter]])) == 1
            assert len(set(row[own == adopter])) == (own == adopter).sum()
    assert len({tuple(state[row]) for row in drawn.rows}) > 1


def test_a_state_that_none_can_replace_goes_to_the_one_with_the_most_cities():
    table = made({"CA": 6}, {"TX": 8, "OH": 7})
    drawn = blocks(table, draws=5, seed=1)
    assert set(table.cities["state"].to_numpy()[drawn.rows].ravel()) == {"TX"}
