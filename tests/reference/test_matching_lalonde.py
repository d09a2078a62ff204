"""Matching on the LaLonde experimental sample (445 rows) against published and recomputed values.

Sources: the Abadie-Imbens and the exact rows ship with the R package Matching (Sekhon 2011,
doi:10.18637/jss.v042.i07); the others were computed with its version 4.10-8.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import match

FOUR = ["age", "educ", "re74", "re75"]
EIGHT = ["age", "educ", "black", "hisp", "married", "nodegr", "re74", "re75"]

ABADIE_IMBENS = [
    (["age"], "ATE", 1, "inverse_variance", 1.78519111481212, 0.686716677322528),
    (FOUR, "ATE", 1, "inverse_variance", 1.71440714918138, 0.740129179632503),
    (FOUR, "ATE", 3, "inverse_variance", 1.53630268121115, 0.661930423623259),
    (FOUR, "ATT", 1, "inverse_variance", 1.72691301785071, 0.836629632308480),
    (FOUR, "ATC", 1, "inverse_variance", 1.70550874262821, 0.820095935752824),
    (FOUR, "ATE", 1, "mahalanobis", 1.59261673326378, 0.684729829415588),
    (FOUR, "ATE", 1, np.eye(4), 1.71440714918138, 0.740129179632503),
]
POPULATION = [("ATE", 0.743384633), ("ATT", 0.853713938), ("ATC", 0.819993689)]
EIGHT_COVARIATES = [
    ("inverse_variance", False, 2108.90365559, 887.018688825, 268),
    ("inverse_variance", True, 2119.65594108, 876.422891828, 268),
    ("mahalanobis", False, 2453.07904658, 803.760390822, 272),
    ("mahalanobis", True, 2243.12307017, 802.668534428, 272),
    (np.arange(1.0, 9.0), False, 2182.4998664, 817.653474678, 270),
]


@pytest.fixture(scope="module")
def lalonde(verification):
    data = pd.read_csv(verification / "lalonde.csv")
    assert data.shape == (445, 12) and data["treat"].sum() == 185
    return data.assign(thousands=data["re78"] / 1000)


@pytest.mark.parametrize(
    ("covariates", "estimand", "neighbours", "distance", "estimate", "error"), ABADIE_IMBENS
)
def test_seven_rows_of_abadie_and_imbens(
    lalonde, covariates, estimand, neighbours, distance, estimate, error
):
    found = match(
        lalonde,
        outcome="thousands",
        treatment="treat",
        covariates=covariates,
        estimand=estimand,
        neighbours=neighbours,
        distance=distance,
        variance="sample",
    )
    assert found.estimate[0] == pytest.approx(estimate, abs=1e-12)
    assert found.std_error[0] == pytest.approx(error, abs=1e-12)


@pytest.mark.parametrize(("estimand", "error"), POPULATION)
def test_population_errors(lalonde, estimand, error):
    found = match(lalonde, outcome="thousands", treatment="treat", covariates=FOUR, estimand=estimand)
    assert found.std_error[0] == pytest.approx(error, abs=1e-9)


@pytest.mark.parametrize(("distance", "adjust", "estimate", "error", "pairs"), EIGHT_COVARIATES)
def test_eight_covariates(lalonde, distance, adjust, estimate, error, pairs):
    found = match(
        lalonde,
        outcome="re78",
        treatment="treat",
        covariates=EIGHT,
        distance=distance,
        bias_adjustment=adjust,
    )
    assert found.estimate[0] == pytest.approx(estimate, rel=1e-11)
    assert found.std_error[0] == pytest.approx(error, rel=1e-11)
    assert len(found.extra["pairs"]) == pairs


def test_exact_matching(lalonde):
    exact = ["black", "age", "educ"]
    found = match(lalonde, outcome="re78", treatment="treat", covariates="age", exact=exact)
    assert found.estimate[0] == pytest.approx(1907.307353, abs=1e-6)
    pairs = found.extra["pairs"]
    left, right = lalonde.iloc[pairs["target_row"]], lalonde.iloc[pairs["donor_row"]]
    assert (left[exact].to_numpy() == right[exact].to_numpy()).all()


def test_propensity_score_of_dehejia_and_wahba(lalonde):
    squares = {f"{name}_squared": lalonde[name] ** 2 for name in FOUR}
    data = lalonde.assign(**squares)
    found = match(
        data,
        outcome="re78",
        treatment="treat",
        covariates=[*EIGHT, *squares, "u74", "u75"],
        distance="propensity",
    )
    assert found.estimate[0] == pytest.approx(2153.30601969, abs=1e-8)
    assert found.std_error[0] == pytest.approx(825.398067988, abs=1e-8)
    assert len(found.extra["pairs"]) == 346
