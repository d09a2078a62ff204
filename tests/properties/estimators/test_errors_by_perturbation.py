"""Standard errors from what an estimator does when its data are moved a little, not from its formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import efficient_timing, entropy_balance

KEYS = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}


def panel(seed: int, sizes=(7, 9, 5, 12), periods: int = 6) -> pd.DataFrame:
    """Return cohorts of unequal size and unequal spread that start at 3, 4, 5 or never."""
    random = np.random.default_rng(seed)
    first = np.repeat([3.0, 4.0, 5.0, np.inf], sizes)
    path = (
        np.cumsum(random.normal(size=(len(first), periods)), axis=1)
        * np.linspace(0.5, 2, len(first))[:, None]
    )
    frame = pd.DataFrame(
        [(i, t) for i in range(len(first)) for t in range(1, periods + 1)], columns=["unit", "t"]
    )
    return frame.assign(y=path.ravel(), g=first[frame["unit"]])


def slopes(data, **options) -> dict[float, np.ndarray]:
    """Return the estimate's weight on the mean outcome of each cohort in each period: it is linear in them."""
    start = efficient_timing(data, **KEYS, **options).estimate[0]
    found = {}
    for g in np.unique(data["g"]):
        moved = [
            data.assign(y=data["y"] + ((data["g"] == g) & (data["t"] == t))) for t in np.unique(data["t"])
        ]
        found[g] = np.array([efficient_timing(m, **KEYS, **options).estimate[0] - start for m in moved])
    return found


def paths(data, g) -> np.ndarray:
    return data[data["g"] == g].pivot(index="unit", columns="t", values="y").to_numpy()


CASES = [{"by": by} for by in ("simple", "cohort", "calendar")] + [
    {"by": "event", "events": (e, e)} for e in (0, 1)
]


@pytest.mark.parametrize("options", CASES, ids=str)
def test_efficient_timing_error_is_that_of_a_sum_of_cohort_means(options):
    data = panel(1)
    weights = slopes(data, beta=0.4, **options)
    variance = sum((paths(data, g) @ w).var(ddof=1) / len(paths(data, g)) for g, w in weights.items())
    found = efficient_timing(data, **KEYS, beta=0.4, **options)
    assert found.std_error[0] == pytest.approx(np.sqrt(variance), rel=1e-9)


@pytest.mark.parametrize("options", CASES[:3], ids=str)
def test_refined_variance_takes_off_what_early_outcomes_predict_of_effects(options):
    """In each cohort a regression of the weighted path on outcomes before any adoption; their sum's spread, over N."""
    data = panel(2)
    total = np.zeros(2)
    for g, w in slopes(data, beta=0.0, **options).items():
        path = paths(data, g)
        design = np.column_stack([np.ones(len(path)), path[:, :2]])
        total += np.linalg.lstsq(design, path @ w, rcond=None)[0][1:]
    taken = (paths(data, 3.0)[:, :2] @ total).var(ddof=1) / data["unit"].nunique()
    plain, refined = (
        efficient_timing(data, **KEYS, beta=0.4, refined=r, **options).std_error[0] for r in (False, True)
    )
    assert plain**2 - refined**2 == pytest.approx(taken, rel=1e-7)


@pytest.mark.parametrize("estimand", ["ATT", "ATC", "ATE"])
@pytest.mark.parametrize("moments", [1, 2])
def test_entropy_balance_error_is_the_infinitesimal_jackknife(estimand, moments):
    """One row among 80 copies of all rows is left out: what the estimate moves by is the row's influence."""
    random = np.random.default_rng(8)
    n, copies = 60, 80
    x = random.normal(size=(n, 2))
    d = (random.random(n) < 1 / (1 + np.exp(-0.3 * x[:, 0]))).astype(int)
    y = x @ [1.0, -0.5] + d * (1 + x[:, 0]) + random.normal(size=n)
    data = pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "d": d, "y": y})
    options = {
        "outcome": "y",
        "treatment": "d",
        "covariates": ["x1", "x2"],
        "estimand": estimand,
        "moments": moments,
    }
    many = pd.concat([data] * copies, ignore_index=True)
    whole = entropy_balance(many, **options).estimate[0]
    moved = [entropy_balance(many.drop(index=row), **options).estimate[0] for row in range(n)]
    jackknife = np.sqrt(((np.array(moved) - whole) ** 2).sum()) * copies
    assert entropy_balance(data, **options).std_error[0] == pytest.approx(jackknife, rel=2e-3)
