"""States to 2023: donors, spans and permutation found another way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.panels.store import load
from analysis.studies.states_to_2023.exhibits import figures, main_rows
from analysis.studies.states_to_2023.spec import SPEC
from analysis.studies.states_to_2023.study import BANS, LAW, PANELS, gap_states, judged_span, run


@pytest.fixture(scope="module")
def study():
    return run()


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in PANELS}


def test_no_donor_limits_forbids_or_begins_a_new_series(study, panels):
    donors = set(study.donors.loc[study.donors["reason"].eq(""), "state"])
    rows = panels["policies"]
    assert not donors & set(rows.loc[rows["kind"].eq("state"), "state"])
    assert not donors & set(panels["state_bans"]["state"]) and "DC" not in donors
    assert len(study.donors) + len(study.laws) == panels["state_year_2023"]["state"].nunique() == 51


def test_dates_are_those_of_the_panels(study, panels):
    bans = panels["state_bans"].set_index("state")["ban_year"]
    laws = study.laws.set_index("state")
    assert all(laws.loc[state, "start"] == bans[state] for state in SPEC.bans)
    assert laws.loc["CA", "start"] == 2018


def test_gap_states_by_a_loop_over_agencies(panels):
    cities = panels["city_year"]
    first, second = (
        cities[cities["year"].eq(year) & cities["violent_without_rape"].notna()] for year in SPEC.gap_years
    )
    there, found = set(second["ori"]), set()
    for state in first["state"].unique():
        own = first[first["state"].eq(state) & first["population"].ge(SPEC.gap_residents)]
        whole = sum(own["population"])
        kept = sum(n for ori, n in zip(own["ori"], own["population"], strict=True) if ori in there)
        if whole and kept / whole < SPEC.gap_share:
            found.add(state)
    assert found == gap_states(cities, SPEC) and {"IL", "CA", "FL"} <= found


def test_bans_together_are_the_mean_of_each_alone(study):
    longer = list(SPEC.spans)[1]
    rows = study.effects[study.effects["span"].eq(longer) & study.effects["donors"].eq("All donors")]
    together = rows[rows["law"].eq(BANS)].set_index("outcome")["estimate"]
    alone = study.single.groupby("outcome")["estimate"].mean()
    pd.testing.assert_series_equal(together.sort_index(), alone.sort_index(), check_names=False)


def sdid(table: pd.DataFrame, state: str, start: int) -> float:
    """Return synthetic difference-in-differences with weights solved by projected gradients, in numpy."""
    years = table.columns.to_numpy()
    pre = years < start
    others = table.drop(index=state).to_numpy(float)
    own = table.loc[state].to_numpy(float)
    noise = np.diff(others[:, pre], axis=1).std(ddof=1)
    zeta = (1 * (~pre).sum()) ** 0.25 * noise
    unit = simplex(others[:, pre].T, own[pre], zeta**2 * pre.sum())
    time = simplex(others[:, pre], others[:, ~pre].mean(axis=1), (1e-6 * noise) ** 2 * len(others))
    gap = own - unit @ others
    return float(gap[~pre].mean() - time @ gap[pre])


def simplex(design: np.ndarray, target: np.ndarray, ridge: float) -> np.ndarray:
    """Minimize the squared error with an intercept and a ridge over weights that are positive and sum to one."""
    from scipy.optimize import minimize

    x, y = design - design.mean(axis=0), target - target.mean()
    count = x.shape[1]
    quadratic = x.T @ x + ridge * np.eye(count)
    scale = np.abs(quadratic).max()
    found = minimize(
        lambda w: (w @ quadratic @ w - 2 * w @ (x.T @ y)) / scale,
        np.full(count, 1 / count),
        jac=lambda w: (2 * quadratic @ w - 2 * x.T @ y) / scale,
        bounds=[(0, 1)] * count,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(count)},
        options={"maxiter": 2_000, "ftol": 1e-14},
        method="SLSQP",
    )
    return found.x


@pytest.mark.parametrize("outcome", ["homicide", "property"])
def test_each_ban_alone_is_found_by_weights_solved_another_way(study, panels, outcome):
    donors = study.donors.loc[study.donors["reason"].eq(""), "state"]
    rows = panels["state_year_2023"].astype({"state": object})
    table = np.log(rows.pivot(index="state", columns="year", values=f"{outcome}_estimated_per_100k"))
    table = table.loc[:, table.columns >= SPEC.first]
    single = study.single[study.single["outcome"].eq(outcome)].set_index("state")["estimate"]
    for law in study.laws[study.laws["is_ban"]].to_dict("records"):
        found = sdid(table.loc[[law["state"], *donors]], law["state"], law["start"])
        assert single[law["state"]] == pytest.approx(found, abs=2e-3)


def test_the_law_alone_ranks_among_its_donors(study):
    """With twenty placebos a p-value is a multiple of one twenty-first."""
    rows = study.effects[study.effects["law"].eq(LAW)]
    assert np.allclose((rows["p_value"] * (rows["donors_used"] + 1)) % 1, 0, atol=1e-9) or np.allclose(
        np.round(rows["p_value"] * (rows["donors_used"] + 1)), rows["p_value"] * (rows["donors_used"] + 1)
    )
    assert (rows["conf_low"] <= rows["estimate"]).all() and (rows["estimate"] <= rows["conf_high"]).all()


def test_homicide_decides_about_2021_and_2022(study):
    longer, without = list(SPEC.spans)[1:3]
    assert study.chosen_span == (longer if study.gap_in_errors < 1 else without)
    far = study.effects.copy()
    far.loc[far["span"].eq(without) & far["outcome"].eq(SPEC.judge), "estimate"] += 5
    assert judged_span(far, SPEC)[0] == without


def test_what_is_said_follows_the_rows(study):
    rows, found = main_rows(study), figures(study)
    assert len(rows) == found["ban_rows"] + found["law_rows"] == 2 * len(SPEC.outcomes)
    failing = rows[rows["law"].eq(LAW) & rows["false_p"].le(SPEC.admit)]["outcome"].map(SPEC.outcomes)
    assert found["law_failing"] == [name.lower() for name in failing]
    assert (rows["p_holm"] >= rows["p_value"]).all()
