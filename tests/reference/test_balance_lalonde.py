"""Balance of the LaLonde samples: published differences and p-values, and the genetic search's gain.

Sources: standardized differences from the README of MatchIt (614 rows); p-values after matching with
weights 1 to 8 from Matching 4.10-8 (445 rows).
"""

from __future__ import annotations

import example_data
import numpy as np
import pandas as pd
import pytest

from analysis.estimators import balance_table, balance_tests, genetic_match, match

EIGHT = ["age", "educ", "black", "hisp", "married", "nodegr", "re74", "re75"]
FIXED_WEIGHTS_P = [0.00185196, 0.40558076, 0.65507250, 1, 0.31731584, 0.31731584, 0.10271154, 0.00633850]
MATCHIT_SMD = {
    "age": -0.3094,
    "educ": 0.0550,
    "black": 1.7615,
    "hispan": -0.3498,
    "married": -0.8263,
    "nodegree": 0.2450,
    "re74": -0.7211,
    "re75": -0.2903,
}


@pytest.fixture(scope="module")
def lalonde(verification):
    return pd.read_csv(verification / "lalonde.csv")


def test_paired_t_p_values(lalonde):
    weights = np.arange(1.0, 9.0)
    result = match(lalonde, outcome="re78", treatment="treat", covariates=EIGHT, distance=weights)
    tests = balance_tests(lalonde, result, EIGHT)
    np.testing.assert_allclose(tests["t_p_value"], FIXED_WEIGHTS_P, atol=5e-9)
    smallest = tests[["t_p_value", "ks_p_value"]].min(axis=None)
    assert smallest == pytest.approx(0.00185195802471, abs=1e-14)


def test_genetic_balance_beats_fixed_and_equal_weights(lalonde):
    found = genetic_match(
        lalonde, outcome="re78", treatment="treat", covariates=EIGHT, population=60, generations=12, seed=1
    )
    reached = found.extra["p_values"]
    assert reached[0] > 0.00185195802471
    assert tuple(reached) > tuple(found.extra["p_values_equal_weights"])
    tests = balance_tests(lalonde, found, EIGHT)
    pooled = tests[["t_p_value", "ks_p_value"]].to_numpy().ravel()
    np.testing.assert_allclose(np.sort(pooled[~np.isnan(pooled)]), reached, rtol=1e-9)
    assert reached[0] > 0.1


def test_standardized_differences_before_matching():
    data = pd.read_csv(example_data.FACTS / "lalonde_614.csv")
    assert len(data) == 614
    table = balance_table(data, treatment="treat", covariates=list(MATCHIT_SMD), denominator="treated")
    np.testing.assert_allclose(table["smd_before"], list(MATCHIT_SMD.values()), atol=5e-5)
