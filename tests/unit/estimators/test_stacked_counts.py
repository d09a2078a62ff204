"""The stacked Poisson event study against a stack and a regression written out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.estimators.errors import ColumnError, EstimationError, NotIdentifiedError
from analysis.estimators.staggered.stacked_counts import stacked_poisson

WINDOW = (-2, 1)


def frame(effect: float = 0.3, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    cohorts = np.repeat([0, 0, 0, 2005, 2008], 3)
    rows = pd.DataFrame(
        {
            "unit": np.repeat([f"u{i}" for i in range(len(cohorts))], 9),
            "year": np.tile(range(2001, 2010), len(cohorts)),
            "cohort": np.repeat(cohorts, 9),
        }
    )
    rows["people"] = random.uniform(1e4, 1e5, len(rows))
    level = 0.01 * np.exp(
        rows["unit"].map(dict(zip(rows["unit"].unique(), random.normal(size=15), strict=True)))
    )
    treated = rows["cohort"].gt(0) & rows["year"].ge(rows["cohort"])
    mean = rows["people"] * level * 0.97 ** (rows["year"] - 2001) * np.exp(effect * treated)
    return rows.assign(
        count=random.poisson(mean), log_people=np.log(rows["people"]), group=rows["unit"].str[-1]
    )


def fit(rows, **changes):
    options = {"outcome": "count", "unit": "unit", "time": "year", "cohort": "cohort", "window": WINDOW}
    return stacked_poisson(rows, **(options | {"offset": "log_people", "cluster": "group"} | changes))


def by_hand(rows: pd.DataFrame) -> pd.Series:
    """The stack built row by row, and a regression with a dummy for every effect."""
    parts = []
    for date in (2005, 2008):
        last = min(date + WINDOW[1], 2009)
        for _, own in rows.groupby("unit"):
            cohort = own["cohort"].iloc[0]
            near = own[own["year"].between(date + WINDOW[0], last)]
            both = (near["year"] < date).any() and (near["year"] >= date).any()
            if both and (cohort in (0, date) or cohort > last):
                parts.append(near.assign(stack=date, event=near["year"] - date, adopts=float(cohort == date)))
    stack = pd.concat(parts, ignore_index=True)
    names = stack["stack"].astype(str)
    effects = pd.get_dummies(
        pd.DataFrame({"u": names + stack["unit"], "t": names + stack["year"].astype(str)}), dtype=float
    )
    events = pd.DataFrame({e: stack["adopts"] * stack["event"].eq(e) for e in (-2, 0, 1)})
    design = pd.concat([events, effects.drop(columns=["t_20052003", "t_20082006"])], axis=1)
    design.columns = design.columns.astype(str)
    model = sm.GLM(stack["count"], design, sm.families.Poisson(), offset=stack["log_people"])
    return model.fit(tol=1e-12).params[["-2", "0", "1"]]


@pytest.mark.parametrize("seed", range(4))
def test_effects_are_those_of_the_stack_written_out(seed):
    rows = (
        frame(seed=seed).sample(frac=0.95, random_state=seed).sort_values(["unit", "year"], ignore_index=True)
    )
    found = fit(rows)
    assert found.keys["event_time"].tolist() == [-2, 0, 1]
    np.testing.assert_allclose(found.estimate, by_hand(rows), atol=1e-7)


def test_a_known_effect_is_found_and_the_scale_of_exposure_does_not_matter():
    rows = frame(effect=0.5)
    found = fit(rows)
    assert found.estimate[1:] == pytest.approx([0.5, 0.5], abs=0.05)
    np.testing.assert_allclose(
        fit(rows.assign(log_people=rows["log_people"] + 3)).estimate, found.estimate, atol=1e-8
    )


def test_what_happens_to_units_treated_within_the_window_touches_no_control():
    """The later cohort is a clean control of the earlier one until it adopts, and leaves the stack whole."""
    rows = frame()
    late = rows["cohort"].eq(2008) & rows["year"].ge(2008)
    moved = rows.assign(count=rows["count"].where(~late, rows["count"] * 50))
    only_early = rows["cohort"].ne(2008) | rows["year"].lt(2007)
    np.testing.assert_allclose(fit(moved[only_early]).estimate, fit(rows[only_early]).estimate)


@pytest.mark.parametrize(
    ("rows", "changes", "error"),
    [
        (frame(), {"window": (-1, 1)}, EstimationError),
        (frame(), {"window": (-3, -1)}, EstimationError),
        (frame().assign(year=lambda t: t["year"] + 0.5), {}, ColumnError),
        (frame().query("cohort == 0"), {}, NotIdentifiedError),
        (frame().query("cohort == 2005"), {}, NotIdentifiedError),
    ],
)
def test_what_cannot_be_estimated_is_refused(rows, changes, error):
    with pytest.raises(error):
        fit(rows.reset_index(drop=True), **changes)
