"""Any data frame, a formula, and the words of other packages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import estimators as es

KEYS = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}


def panel() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame([(u, t) for u in range(24) for t in range(2000, 2006)], columns=["unit", "year"])
    frame["first"] = np.array([2002, 2004, 0])[frame["unit"] % 3]
    frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    frame["kind"] = np.array(["a", "b", "c"])[np.arange(len(frame)) % 3]
    frame["x"] = rng.normal(size=len(frame))
    frame["y"] = frame["treated"] + frame["x"] + frame["unit"] % 5 + rng.normal(size=len(frame))
    frame.loc[5, "x"] = np.nan
    return frame


def polars(frame):
    return pytest.importorskip("polars").from_pandas(frame)


def lazy(frame):
    return polars(frame).lazy()


def arrow(frame):
    return pytest.importorskip("pyarrow").Table.from_pandas(frame)


def relation(frame):
    return pytest.importorskip("duckdb").from_df(frame)


CALLS = {
    "ols": lambda d: es.ols(d, outcome="y", treatment="treated", covariates=["x"], effects=["unit", "year"]),
    "group_time": lambda d: es.group_time(d, **KEYS),
    "imputation": lambda d: es.imputation(data=d, **KEYS),
    "match": lambda d: es.match(d, outcome="y", treatment="treated", covariates="x"),
    "conley-free diagnostics": lambda d: es.cluster_diagnostics(
        d, outcome="y", treatment="x", cluster="unit"
    ),
    "formula": lambda d: es.ols("y ~ x | unit", d),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [polars, lazy, arrow, relation], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", CALLS)
def test_every_kind_of_frame_gives_the_same_bits(name, make):
    frame = panel()
    want, got = CALLS[name](frame).tidy(), CALLS[name](make(frame)).tidy()
    pd.testing.assert_frame_equal(got, want, check_exact=True)


@pytest.mark.parametrize("data", [{"y": [1.0]}, np.ones((3, 2)), None])
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(es.ColumnError, match="data must be a pandas, polars or pyarrow frame"):
        es.group_time(data, **KEYS)


@pytest.mark.parametrize(
    ("word", "ours"),
    [("yname", "outcome"), ("gname", "cohort"), ("idname", "unit"), ("tname", "time"), ("outcom", "outcome")],
)
def test_other_packages_words_are_answered_with_ours(word, ours):
    with pytest.raises(TypeError, match=rf"group_time\(\) has no argument '{word}': did you mean {ours}=\?"):
        es.group_time(panel(), **{word: "y"})


def test_columns_by_position_are_answered_with_keywords():
    with pytest.raises(TypeError, match="takes columns by keyword: outcome=, unit=, time=, cohort="):
        es.group_time(panel(), "y", "unit")


def test_formula_is_the_call_by_keywords():
    by_words = es.ols(
        panel(), outcome="y", covariates=["treated", "x"], effects=["unit", "year"], cluster="unit"
    )
    by_formula = es.ols("y ~ treated + x | unit + year", panel(), cluster="unit")
    pd.testing.assert_frame_equal(by_formula.tidy(), by_words.tidy(), check_exact=True)
    assert by_formula.sample == by_words.sample
    assert by_formula.sample.dropped == {"missing x": 1}


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x",
        "y ~ x + C(kind)",
        "np.exp(y) ~ x * treated | unit",
        "y ~ x | unit^kind",
        "y ~ x | unit + year",
    ],
)
def test_formula_agrees_with_pyfixest(formula):
    feols = pytest.importorskip("pyfixest").feols
    ours, theirs = es.ols(formula, panel(), covariance="HC1"), feols(formula, panel(), vcov="HC1").tidy()
    np.testing.assert_allclose(np.sort(ours.estimate), np.sort(theirs["Estimate"]), rtol=1e-8)
    np.testing.assert_allclose(np.sort(ours.std_error), np.sort(theirs["Std. Error"]), rtol=1e-8)


@pytest.mark.parametrize(
    ("formula", "options", "words"),
    [
        ("y ~ nothing", {}, "cannot be read"),
        ("y ~ x - 1", {}, "without an intercept"),
        ("y ~ x | unit | z ~ w", {}, "instruments"),
        ("y ~ x", {"outcome": "y"}, "already says"),
    ],
)
def test_formulas_that_are_refused(formula, options, words):
    with pytest.raises(es.EstimationError, match=words):
        es.ols(formula, panel(), **options)
