"""Tables of a synthetic control: path, predictors, placebos, and fits without single donors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats
from . import classic_fit as kernels
from .predictors import Problem, rms


def ratio_table(problem: Problem, gap: Floats, others: Floats, kept: Bools) -> pd.DataFrame:
    """Return gaps before and after of the treated unit and each placebo, and the rank of their ratio."""
    pre, donors = problem.recipe.pre, problem.panel.donors
    gaps = np.vstack([gap, others])
    table = pd.DataFrame(
        {
            "unit": ["treated", *problem.panel.units[donors]],
            "before": rms(gaps, pre),
            "after": np.sqrt((gaps[:, pre:] ** 2).mean(axis=1)),
            "ratio": kernels.rmspe_ratio(gaps, pre),
            "is_counted": [True, *kept],
        }
    )
    return table.assign(rank=table["ratio"].where(table["is_counted"]).rank(ascending=False, method="max"))


def placebo_table(problem: Problem, others: Floats) -> pd.DataFrame:
    """Return placebo gaps, periods by donor."""
    panel = problem.panel
    return pd.DataFrame(others.T, index=panel.times, columns=panel.units[panel.donors])


def leave_one_out(problem: Problem, weights: Floats) -> pd.DataFrame:
    """Return the estimate without each weighted donor."""
    names: Any = problem.panel.units[problem.panel.donors]
    rows = []
    for left_out in np.flatnonzero(np.abs(weights) > 1e-8):
        stays = np.arange(len(weights)) != left_out
        fewer = kernels.donor_weights(
            problem.recipe,
            problem.predictors[:, stays],
            problem.target_predictors,
            problem.donors[stays],
            problem.target,
        )
        gap = problem.target - fewer @ problem.donors[stays]
        rows.append((names[left_out], float(gap[problem.recipe.pre :].mean())))
    return pd.DataFrame(rows, columns=["unit", "estimate"])


def tables(problem: Problem, weights: Floats, gap: Floats) -> dict[str, float | pd.DataFrame]:
    """Return unit weights, path, predictors and fit of the treated series."""
    panel, pre = problem.panel, problem.recipe.pre
    path = pd.DataFrame(
        {
            "time": panel.times,
            "treated": problem.target,
            "synthetic": problem.target - gap,
            "gap": gap,
            "is_post": np.arange(len(gap)) >= pre,
        }
    )
    predictors = pd.DataFrame(
        {
            "predictor": problem.labels,
            "treated": problem.target_predictors,
            "synthetic": problem.predictors @ weights,
            "donors": problem.predictors.mean(axis=1),
        }
    )
    return {
        "unit_weights": pd.DataFrame({"unit": panel.units[panel.donors], "weight": weights}),
        "path": path,
        "predictors": predictors,
        "fit_before": float(rms(gap, pre)),
    }


def keys_of(problem: Problem) -> pd.DataFrame:
    """Return the keys of the mean effect and of each period's."""
    after = problem.panel.times[problem.recipe.pre :]
    return pd.DataFrame({"term": ["ATT"] + ["gap"] * len(after), "time": [np.nan, *after]})
