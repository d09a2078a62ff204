"""Refits without each group equal new regressions on the rows that are left, and begin nearer their end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import poisson
from analysis.estimators.core.frame import prepare
from analysis.estimators.regression.poisson_irls import fit_poisson
from analysis.estimators.regression.poisson_refits import poisson_refits

GIVEN = {"outcome": "y", "treatment": ["a", "b"], "effects": ["unit", ("kind", "time")], "offset": "size"}


def panel(seed: int, *, only: int | None = None) -> pd.DataFrame:
    """Return 60 units of 9 groups over odd periods, some zero throughout; term b varies in few groups."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        [(u, t) for u in range(60) for t in (2001, 2003, 2004, 2008)], columns=["unit", "time"]
    )
    frame["group"], frame["kind"] = "g" + (frame["unit"] % 9).astype(str), frame["unit"] % 2
    frame["size"] = random.normal(size=60)[frame["unit"]]
    late = frame["time"].ge(2004)
    frame["a"] = (late & frame["unit"].mod(3).eq(0)).astype(float)
    in_few = frame["group"].eq("g4") if only else frame["group"].isin(["g4", "g7"])
    frame["b"] = (late & in_few).astype(float) * random.random(len(frame))
    level = random.normal(size=60)[frame["unit"]] - 1.0
    frame["y"] = random.poisson(np.exp(level + frame["size"] + 0.2 * frame["a"]))
    return frame.sample(frac=1.0, random_state=seed, ignore_index=True)


@pytest.mark.parametrize("seed", range(4))
def test_each_refit_is_the_regression_on_what_is_left(seed):
    frame = panel(seed)
    whole, refits = poisson_refits(frame, without="group", **GIVEN)
    assert whole == pytest.approx(poisson(frame, **GIVEN).estimate, rel=1e-9)
    labels = np.sort(frame["group"].unique())
    assert len(refits) == len(labels)
    for label, row in zip(labels, refits, strict=True):
        assert row == pytest.approx(poisson(frame[frame["group"].ne(label)], **GIVEN).estimate, rel=1e-9)


def test_a_term_that_only_one_group_has_is_missing_without_it():
    _, refits = poisson_refits(panel(1, only=4), without="group", **GIVEN)
    assert np.argwhere(np.isnan(refits)).tolist() == [[4, 1]]


def test_the_start_is_used_and_changes_nothing_but_the_steps():
    arrays = prepare(panel(2), outcome="y", columns=["a"], effects=["unit", "time"], offset="size")
    first = fit_poisson(arrays)
    again = fit_poisson(arrays, start=np.where(np.arange(len(first.mean)) % 7, np.log(first.mean), np.nan))
    near = fit_poisson(arrays, start=np.log(first.mean))
    assert near.iterations < again.iterations <= first.iterations + 1
    assert near.linear.coefficient == pytest.approx(first.linear.coefficient, rel=1e-10)
    assert again.linear.coefficient == pytest.approx(first.linear.coefficient, rel=1e-10)
