"""Estimates from Parquet files: the digits of those in memory, whatever the pieces, order and gaps."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import analysis.estimators as memory
from analysis.estimators import (
    ColumnError,
    EstimationError,
    FewClustersWarning,
    KeyNotUniqueError,
    NotConvergedError,
    NotIdentifiedError,
    TooFewClustersError,
    streaming,
)

pytestmark = pytest.mark.filterwarnings("ignore::analysis.estimators.FewClustersWarning")
SAME = 1e-9


def rows(n=6_000, seed=1) -> pd.DataFrame:
    """Return an uneven panel with repeats, singletons, missing values, zero weights and text labels."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"u": draw.integers(0, n // 15, n), "t": draw.integers(2000, 2012, n)})
    frame["s"], frame["x"] = frame["u"] % 37, draw.normal(size=n)
    frame["z"], frame["w"] = draw.integers(0, 3, n).astype(float), draw.uniform(0.5, 2, n)
    frame["y"] = 50 + 0.3 * frame["x"] + 0.01 * frame["u"] + 0.1 * frame["t"] + draw.normal(size=n)
    frame["c"] = draw.poisson(np.exp(0.2 * frame["x"] - 0.1 * frame["z"] + frame["u"] * 2 / n))
    frame["e"] = draw.uniform(-0.5, 0.5, n)
    frame["name"] = "u" + frame["u"].astype(str)
    frame.loc[5:9, "x"], frame.loc[20, "w"], frame.loc[30, "y"] = np.nan, 0.0, np.nan
    frame.loc[frame["u"].eq(3), "c"] = 0
    alone = frame.iloc[[100]].assign(u=99_999, t=2001, name="alone")
    return pd.concat([frame, alone], ignore_index=True)


@pytest.fixture(scope="module")
def table():
    return rows()


@pytest.fixture(scope="module")
def place(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    table.to_parquet(path)
    return path


def same(ours, theirs):
    """Compare every number of two results; the covariance against the product of its errors."""
    assert list(ours.keys.iloc[:, 0]) == list(theirs.keys.iloc[:, 0])
    np.testing.assert_allclose(ours.estimate, theirs.estimate, rtol=SAME, atol=SAME * theirs.std_error.max())
    scale = np.outer(theirs.std_error, theirs.std_error)
    scale = np.where(scale > 0, scale, 1.0)
    np.testing.assert_allclose(ours.covariance / scale, theirs.covariance / scale, atol=SAME)
    assert ours.sample.given == theirs.sample.given and ours.sample.dropped == theirs.sample.dropped
    assert ours.sample.clusters == theirs.sample.clusters
    assert ours.design["df"] == theirs.design["df"]
    for name in ("correction", "parameters_counted", "effects", "cluster"):
        assert ours.design.get(name) == theirs.design.get(name), name


EFFECTS = [[], ["u"], ["u", "t"], ["name", "t"], ["t", ("s", "z")], ["u", "t", "z"]]
COVARIANCES = [{"covariance": "iid"}, {}, {"cluster": "u"}, {"cluster": "s"}, {"cluster": "t"}]


@pytest.mark.parametrize("effects", EFFECTS, ids=str)
@pytest.mark.parametrize("how", COVARIANCES, ids=str)
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize(("method", "outcome"), [("ols", "y"), ("poisson", "c")])
def test_regressions_have_the_digits_of_memory(table, place, method, outcome, effects, how, weights):
    options = {"outcome": outcome, "covariates": ["x", "z"], "effects": effects, "weights": weights, **how}
    if "z" in effects:
        options["covariates"] = ["x"]
    same(getattr(streaming, method)(place, rows=1_500, **options), getattr(memory, method)(table, **options))


@pytest.mark.parametrize("correction", ["fixest", "stata", "linearmodels", "statsmodels", "none"])
@pytest.mark.parametrize("how", [*COVARIANCES[:4], {"cluster": "s", "singletons": "keep"}], ids=str)
def test_small_sample_conventions_are_the_same(table, place, correction, how):
    options = {"outcome": "y", "treatment": "x", "effects": ["u", "t"], "correction": correction, **how}
    same(streaming.ols(place, rows=1_500, **options), memory.ols(table, **options))
    if correction != "linearmodels":
        options["outcome"] = "c"
        same(streaming.poisson(place, rows=1_500, **options), memory.poisson(table, **options))


def test_an_offset_is_added(table, place):
    options = {"outcome": "c", "treatment": "x", "effects": ["u", "t"], "offset": "e", "cluster": "u"}
    same(streaming.poisson(place, rows=1_500, **options), memory.poisson(table, **options))


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("how", [{"covariance": "iid"}, {"cluster": "s"}], ids=str)
def test_rows_that_share_a_cell_are_summed_first(tmp_path, weights, how):
    draw = np.random.default_rng(4)
    frame = pd.DataFrame({"s": draw.integers(0, 40, 40_000), "t": draw.integers(0, 12, 40_000)})
    frame["d"] = ((frame["s"] < 15) & (frame["t"] > frame["s"] % 5 + 4)).astype(float)
    frame["y"] = 300 + frame["d"] + frame["s"] / 9 + draw.normal(size=len(frame))
    frame["c"] = draw.poisson(np.exp(0.3 * frame["d"] + frame["s"] / 40))
    frame["w"] = draw.uniform(0.5, 2, len(frame))
    frame.to_parquet(tmp_path / "cells.parquet")
    for method, outcome in (("ols", "y"), ("poisson", "c")):
        options = {"outcome": outcome, "treatment": "d", "effects": ["s", "t"], "weights": weights, **how}
        ours = getattr(streaming, method)(tmp_path / "cells.parquet", **options)
        assert ours.extra["cells"]
        theirs = getattr(memory, method)(frame, **options)
        same(ours, theirs)
        if method == "ols":
            assert ours.extra["r2_within"] == pytest.approx(theirs.extra["r2_within"], abs=1e-9)


def test_a_collinear_column_is_left_out_and_an_absorbed_treatment_refused(table, place, tmp_path):
    table.assign(x2=2 * table["x"], fixed=table["s"] * 1.0).to_parquet(tmp_path / "more.parquet")
    found = streaming.ols(
        tmp_path / "more.parquet", outcome="y", covariates=["x", "x2", "fixed"], effects="u"
    )
    assert found.extra["columns"] == {"x": "used", "x2": "collinear", "fixed": "absorbed"}
    with pytest.raises(NotIdentifiedError, match="absorbed by the effects"):
        streaming.ols(tmp_path / "more.parquet", outcome="y", treatment="fixed", effects="u")


def test_pieces_order_and_files_change_no_digit(table, place, tmp_path):
    options = {"outcome": "y", "treatment": "x", "effects": ["u", "t"], "cluster": "s"}
    ordered = table.sort_values("u", kind="stable")
    for number, part in enumerate(np.array_split(np.arange(len(ordered)), 7)):
        ordered.iloc[part].to_parquet(tmp_path / f"part{number}.parquet", row_group_size=300)
    found = [streaming.ols(tmp_path, rows=size, **options) for size in (200, 5_000, 10**9)] + [
        streaming.ols(str(tmp_path / "part*.parquet"), rows=700, **options)
    ]
    for each in found:
        same(each, memory.ols(table, **options))


def panel(units=400, seed=1) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "u": range(units),
            "g": np.resize([0, 2003, 2005, 2006, np.nan, 2000], units),
            "s": draw.integers(0, 35, units),
        }
    ).merge(pd.DataFrame({"t": range(2000, 2008)}), how="cross")
    frame["w"] = draw.uniform(0.5, 2, len(frame))
    frame["y"] = draw.normal(size=len(frame)) + frame["u"] * 0.1
    frame["y"] += frame["t"] >= frame["g"].fillna(9999).replace(0, 9999)
    return frame


ADOPTION = [
    {},
    {"control": "not_yet"},
    {"base": "varying"},
    {"anticipation": 1},
    {"panel": "complete"},
    {"weights": "w"},
    {"cluster": "s"},
    {"weights": "w", "cluster": "s", "control": "not_yet"},
]


@pytest.mark.parametrize("gaps", [False, True], ids=["balanced", "gaps"])
@pytest.mark.parametrize("options", ADOPTION, ids=str)
def test_group_time_effects_and_their_averages_are_those_of_memory(tmp_path, gaps, options):
    frame = panel()
    if gaps:
        frame = frame[np.random.default_rng(2).random(len(frame)) > 0.1].sample(frac=1, random_state=1)
        frame.iloc[3:9, frame.columns.get_loc("y")] = np.nan
    frame.to_parquet(tmp_path / "panel.parquet")
    keys = {"outcome": "y", "unit": "u", "time": "t", "cohort": "g", **options}
    theirs = memory.group_time(frame, **keys)
    ours = streaming.group_time(tmp_path / "panel.parquet", rows=500, **keys)
    same(ours, theirs)
    pd.testing.assert_frame_equal(ours.extra["ledger"], theirs.extra["ledger"])
    assert ours.pretest().p_value == pytest.approx(theirs.pretest().p_value, rel=1e-8)
    for by in ("simple", "cohort", "calendar", "event"):
        mine, other = ours.aggregate(by), theirs.aggregate(by)
        same(mine, other)
        if by != "simple":
            same(mine.extra["overall"], other.extra["overall"])
    same(ours.aggregate("event", window=(-2, 1)), theirs.aggregate("event", window=(-2, 1)))
    same(ours.aggregate("event", balance=1), theirs.aggregate("event", balance=1))


def test_an_event_study_that_was_streamed_can_be_bounded(tmp_path):
    panel().to_parquet(tmp_path / "panel.parquet")
    keys = {"outcome": "y", "unit": "u", "time": "t", "cohort": "g"}
    ours = streaming.group_time(tmp_path, **keys).aggregate("event", window=(-3, 1))
    theirs = memory.group_time(panel(), **keys).aggregate("event", window=(-3, 1))
    assert memory.breakdown_value(ours) == memory.breakdown_value(theirs)


def test_faults_are_said(table, place, tmp_path):
    keys = {"outcome": "y", "treatment": "x"}
    with pytest.raises(ColumnError, match="no column"):
        streaming.ols(place, outcome="Y", treatment="x")
    with pytest.raises(ColumnError, match="not numbers"):
        streaming.ols(place, outcome="name", treatment="x")
    with pytest.raises(EstimationError, match="no Parquet file"):
        streaming.ols(tmp_path / "none.parquet", **keys)
    with pytest.raises(EstimationError, match="do not go together"):
        streaming.ols(place, **keys, cluster="u", covariance="HC1")
    with pytest.raises(EstimationError, match="levels together"):
        wide = pd.DataFrame(
            {
                "a": range(9000),
                "b": np.arange(9000) // 2,
                "y": 1.0 * np.arange(9000) % 7,
                "x": np.arange(9000) % 5.0,
            }
        )
        pd.concat([wide, wide.assign(x=wide["x"] ** 2)]).to_parquet(tmp_path / "wide.parquet")
        streaming.ols(tmp_path / "wide.parquet", **keys, effects=["a", "b"])
    table.assign(y=table["y"].where(table.index > 3, np.inf)).to_parquet(tmp_path / "infinite.parquet")
    with pytest.raises(ColumnError, match="4 infinite values"):
        streaming.ols(tmp_path / "infinite.parquet", **keys)
    table.assign(one=1).to_parquet(tmp_path / "one.parquet")
    with pytest.raises(TooFewClustersError):
        streaming.ols(tmp_path / "one.parquet", **keys, cluster="one")
    with pytest.raises(ColumnError, match="negative values"):
        streaming.poisson(place, outcome="x", treatment="z")


def test_few_clusters_warn(place):
    with pytest.warns(FewClustersWarning):
        streaming.ols(place, outcome="y", treatment="x", cluster="t")


def test_a_repeated_unit_period_and_a_changing_cohort_are_refused(tmp_path):
    keys = {"outcome": "y", "unit": "u", "time": "t", "cohort": "g"}
    pd.concat([panel(), panel().head(1)]).to_parquet(tmp_path / "twice.parquet")
    with pytest.raises(KeyNotUniqueError):
        streaming.group_time(tmp_path / "twice.parquet", **keys)
    changing = panel()
    changing.loc[12, "g"] = 2005
    changing.to_parquet(tmp_path / "changing.parquet")
    with pytest.raises(ColumnError, match="constant in a unit"):
        streaming.group_time(tmp_path / "changing.parquet", **keys)


def test_separation_does_not_pass_for_a_maximum(tmp_path):
    frame = pd.DataFrame(
        {"y": [0, 0, 0, 1, 2, 3] * 20, "x": [1.0, 1, 1, 0, 0, 0] * 20, "z": np.arange(120) % 7.0}
    )
    frame.to_parquet(tmp_path / "separated.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((NotConvergedError, NotIdentifiedError)):
            streaming.poisson(tmp_path / "separated.parquet", outcome="y", covariates=["x", "z"])


def test_importing_it_loads_neither_duckdb_nor_pandas():
    code = "import sys; from analysis.estimators import streaming; print([m for m in ('duckdb', 'pandas') if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_the_example_prints_what_it_says():
    import doctest

    (test,) = [t for t in doctest.DocTestFinder(recurse=False).find(streaming.ols, "ols") if t.examples]
    assert doctest.DocTestRunner().run(test).failed == 0
