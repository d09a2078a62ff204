"""Abadie and Imbens's remaining rows, weights in `match` by brute force, and where R's Matching divides otherwise.

Estimates and errors ship with the R package Matching (Sekhon 2011, doi:10.18637/jss.v042.i07), which replicates
Imbens's file. Its rows 15 and 16 combine weights, exact matching and bias adjustment in a way that neither
kernel below reproduces, and are not claimed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from example_data import lalonde as read_lalonde

from analysis.estimators import match
from analysis.estimators.errors import ColumnError, EstimationError

FOUR = ["age", "educ", "re74", "re75"]
ROWS = {
    8: ({"bias_adjustment": True, "variance": "sample"}, 1.63091519500783, 0.745233606420550),
    9: ({"bias_adjustment": ["married", "age"], "variance": "sample"}, 1.71968656670868, 0.743608513017050),
    12: ({}, 1.71440714918138, 0.743384632957198),
    14: ({"weights": "w", "variance": "sample"}, 3.14695956932726, 1.070914907138643),
}
EXACT_ESTIMATE, EXACT_ERROR_OF_R = 1.36928912506340, 0.404228086032945
THREE_NEIGHBOURS_OF_R = 0.696272433717223


@pytest.fixture(scope="module")
def lalonde():
    data = read_lalonde()
    return data.assign(thousands=data["re78"] / 1000, w=np.exp((data["educ"] - 10.1) / 2))


def fit(data, covariates=FOUR, **options):
    options = {"estimand": "ATE"} | options
    return match(data, outcome="thousands", treatment="treat", covariates=covariates, **options)


@pytest.mark.parametrize("row", ROWS)
def test_further_rows_of_abadie_and_imbens(lalonde, row):
    options, estimate, error = ROWS[row]
    found = fit(lalonde, **options)
    assert found.estimate[0] == pytest.approx(estimate, abs=1e-12)
    assert found.std_error[0] == pytest.approx(error, abs=1e-12)


def test_exact_matching_agrees_in_the_estimate_and_r_divides_by_units_it_dropped(lalonde):
    found = fit(lalonde, exact=FOUR, variance="sample")
    assert found.estimate[0] == pytest.approx(EXACT_ESTIMATE, abs=1e-12)
    pairs = found.extra["pairs"]
    used = np.bincount(pairs["donor_row"], pairs["weight"], minlength=len(lalonde))
    sign = np.where(lalonde["treat"].to_numpy()[pairs["target_row"]] == 1, 1.0, -1.0)
    outcome = lalonde["thousands"].to_numpy()
    gap = sign * (outcome[pairs["target_row"]] - outcome[pairs["donor_row"]]) - found.estimate[0]
    noise = 0.5 * pairs["weight"] @ gap**2 / pairs["weight"].sum()
    focal = np.zeros(len(lalonde))
    focal[pairs["target_row"]] = 1
    ours = np.sqrt(noise * ((focal + used) ** 2).sum()) / focal.sum()
    theirs = np.sqrt(noise * ((1 + used) ** 2).sum()) / len(lalonde)
    assert (int(focal.sum()), len(lalonde)) == (169, 445)
    assert found.std_error[0] == pytest.approx(ours, rel=1e-12)
    assert theirs == pytest.approx(EXACT_ERROR_OF_R, abs=1e-12)
    assert ours > 2 * theirs


def test_conditional_variance_follows_the_paper_where_r_takes_the_variance_of_unit_and_neighbours(lalonde):
    found = fit(lalonde, variance="sample", variance_neighbours=3)
    x, y = found.extra["coordinates"], lalonde["thousands"].to_numpy()
    treated, pairs = lalonde["treat"].to_numpy(), found.extra["pairs"]
    used = np.bincount(pairs["donor_row"], pairs["weight"], minlength=len(y))
    paper, r = np.zeros(len(y)), np.zeros(len(y))
    for i in range(len(y)):
        mates = np.flatnonzero((treated == treated[i]) & (np.arange(len(y)) != i))
        squared = ((x[mates] - x[i]) ** 2).sum(axis=1)
        near = mates[squared <= np.sort(squared)[2] + 1e-5]
        paper[i] = len(near) / (len(near) + 1) * (y[i] - y[near].mean()) ** 2
        r[i] = np.var(y[[i, *near]], ddof=1)
    load = (1 + used) ** 2
    assert found.std_error[0] == pytest.approx(np.sqrt(paper @ load) / len(y), rel=1e-6)
    assert np.sqrt(r @ load) / len(y) == pytest.approx(THREE_NEIGHBOURS_OF_R, rel=1e-6)


def test_whole_weights_estimate_as_copies_of_rows(lalonde):
    data = lalonde.assign(copies=1 + lalonde["educ"].astype(int) % 3)
    long = data.loc[data.index.repeat(data["copies"])].reset_index(drop=True)
    for options in (
        {},
        {"estimand": "ATT", "neighbours": 2},
        {"distance": "mahalanobis"},
        {"bias_adjustment": True},
    ):
        weighted, copied = fit(data, weights="copies", **options), fit(long, **options)
        assert weighted.estimate[0] == pytest.approx(copied.estimate[0], rel=1e-10)


@pytest.mark.parametrize("estimand", ["ATE", "ATT", "ATC"])
@pytest.mark.parametrize("variance", ["sample", "population"])
@pytest.mark.parametrize("near", [0, 2])
def test_weighted_errors_by_brute_force(lalonde, estimand, variance, near):
    data = lalonde.iloc[::3].reset_index(drop=True)
    found = fit(
        data, weights="w", estimand=estimand, variance=variance, variance_neighbours=near, neighbours=2
    )
    y, d, w = (data[name].to_numpy() for name in ("thousands", "treat", "w"))
    x, n = found.extra["coordinates"], len(data)
    share = np.zeros((n, n))
    for i in range(n):
        if estimand == "ATE" or d[i] == (estimand == "ATT"):
            share[i] = shares(x, w, i, np.flatnonzero(d != d[i]), 2)
    focal = share.sum(axis=1) > 0
    sign = np.where(d == 1, 1.0, -1.0)
    effect = sign * (y - share @ y)
    own = np.where(focal, w, 0.0)
    estimate = own @ effect / own.sum()
    if near:
        sigma = np.zeros(n)
        for i in range(n):
            s = shares(x, w, i, np.flatnonzero((d == d[i]) & (np.arange(n) != i)), near)
            sigma[i] = (y[i] - s @ y) ** 2 / (1 + s @ s)
    else:
        tau = sign[:, None] * (y[:, None] - y[None, :])
        mass = own[:, None] * share
        sigma = np.full(n, 0.5 * (mass * (tau - estimate) ** 2).sum() / mass.sum())
    total = sigma @ (own + own @ share) ** 2
    if variance == "population":
        total += (own**2 * ((effect - estimate) ** 2 - sigma - share**2 @ sigma))[focal].sum()
    assert found.estimate[0] == pytest.approx(estimate, rel=1e-10)
    assert found.std_error[0] == pytest.approx(np.sqrt(total) / own.sum(), rel=1e-10)


def shares(x, w, i, pool, wanted):
    squared = ((x[pool] - x[i]) ** 2).sum(axis=1)
    order = np.argsort(squared, kind="stable")
    last = np.flatnonzero(np.cumsum(w[pool][order]) >= wanted)[0]
    near = pool[squared <= squared[order[last]] + 1e-5]
    return np.bincount(near, w[near] / w[near].sum(), minlength=len(w))


def test_equal_weights_change_nothing(lalonde):
    for options in ({}, {"estimand": "ATT"}, {"variance_neighbours": 2}, {"caliper": 0.5}):
        plain, weighted = fit(lalonde, **options), fit(lalonde.assign(one=1.0), weights="one", **options)
        np.testing.assert_allclose(weighted.estimate, plain.estimate, rtol=1e-12)
        np.testing.assert_allclose(weighted.std_error, plain.std_error, rtol=1e-12)
        pd.testing.assert_frame_equal(weighted.extra["pairs"], plain.extra["pairs"], rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"replace": False, "estimand": "ATT"}, "weights need"),
        ({"ties": "first"}, "weights need"),
        ({"method": "optimal", "estimand": "ATT"}, "weights need"),
        ({"distance": "propensity"}, "weighted propensity score"),
    ],
)
def test_weights_without_a_meaning_are_refused(lalonde, options, words):
    with pytest.raises(EstimationError, match=words):
        fit(lalonde, weights="w", **options)


def test_weights_of_zero_are_refused(lalonde):
    with pytest.raises(ColumnError, match="zero or negative"):
        fit(lalonde.assign(w=0.0), weights="w")
