"""Randomization inference against a loop that re-estimates the regression with all its dummies."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.errors import (
    ColumnError,
    EstimationError,
    KeyNotUniqueError,
    NotIdentifiedError,
    TooFewClustersError,
)
from analysis.estimators.resampling import permuted_statistics as _randomize
from analysis.estimators.resampling.assignments import plan_assignments, read_paths
from analysis.estimators.resampling.randomization import randomization_test


def panel(seed=1, states=8, units=3, years=5, missing=0.15, by="state"):
    rng = np.random.default_rng(seed)
    index = itertools.product(range(states), range(units), range(years))
    frame = pd.DataFrame(index, columns=["state", "u", "year"])
    frame["unit"] = frame.state * 100 + frame.u
    frame["region"] = frame.state % 2
    frame["half"] = frame.u % 2
    places = frame[by].astype("category").cat.codes.to_numpy()
    start = rng.permutation(np.r_[1, 2, 2, 3, np.full(places.max() - 3, 99)])
    frame["post"] = (frame.year >= start[places]).astype(float)
    frame["x"] = rng.normal(size=len(frame)) + 0.3 * frame.post
    frame["w"] = rng.uniform(0.5, 2.0, len(frame))
    frame["y"] = 0.2 * frame.post + frame.x + frame.year * 0.1 + rng.normal(size=states)[frame.state]
    frame["y"] += rng.normal(size=len(frame))
    return frame[rng.random(len(frame)) > missing].reset_index(drop=True)


def nuisance(frame, effects, covariates):
    blocks = [np.ones((len(frame), 1)), frame[list(covariates)].to_numpy(float)]
    for effect in effects:
        label = (
            frame[list(effect) if isinstance(effect, tuple) else [effect]].astype(str).agg("-".join, axis=1)
        )
        blocks.append(pd.get_dummies(label, dtype=float).to_numpy()[:, 1:])
    return np.hstack(blocks)


def regress(frame, treatment, others, weights, groups, null, observed):
    """Coefficient and CRV1 t (no factor) of `treatment` by least squares with all dummies."""
    w = np.ones(len(frame)) if weights is None else frame[weights].to_numpy()
    y = frame.y.to_numpy() - null * observed
    columns, root = np.column_stack([treatment, others]), np.sqrt(w)
    beta = np.linalg.lstsq(columns * root[:, None], y * root, rcond=1e-12)[0]
    bread = np.linalg.pinv((columns * w[:, None]).T @ columns, rcond=1e-12)
    scores = columns * (w * (y - columns @ beta))[:, None]
    scores = np.stack([scores[groups == g].sum(axis=0) for g in np.unique(groups)])
    return beta[0], beta[0] / np.sqrt((bread @ scores.T @ scores @ bread)[0, 0])


def start_dates(frame, place):
    first = frame[frame.post == 1].groupby(place).year.min()
    return first.reindex(sorted(frame[place].unique())).fillna(99).to_numpy()


CASES = {
    "cluster": {"design": "cluster", "cluster": "state", "effects": ["unit", "year"]},
    "cluster weights": {"design": "cluster", "cluster": "state", "effects": ["unit", "year"], "weights": "w"},
    "covariate": {"design": "cluster", "cluster": "state", "effects": ["unit", "year"], "covariates": ["x"]},
    "no effects": {"design": "cluster", "cluster": "state", "covariates": ["x"], "weights": "w"},
    "only year": {"design": "cluster", "cluster": "state", "effects": ["year"]},
    "region by year": {"design": "cluster", "cluster": "state", "effects": ["unit", ("region", "year")]},
    "unit": {"design": "unit", "effects": ["unit", "year"], "by": "unit"},
    "unit, cluster year": {"design": "unit", "effects": ["unit", "year"], "by": "unit", "cluster": "year"},
    "date": {"design": "date", "effects": ["unit", "year"], "by": "unit", "weights": "w"},
    "date by state": {
        "design": "date",
        "assigned": "state",
        "effects": ["unit", "year"],
        "covariates": ["x"],
    },
    "strata": {"design": "cluster", "cluster": "state", "strata": "region", "effects": ["unit", "year"]},
    "null": {"design": "cluster", "cluster": "state", "effects": ["unit", "year"], "null": 0.4},
}


@pytest.mark.parametrize("statistic", ["coefficient", "t"])
@pytest.mark.parametrize("case", CASES)
def test_equals_reestimating_with_all_dummies(case, statistic):
    options = dict(CASES[case])
    frame = panel(by=options.pop("by", "state"))
    result = randomization_test(
        frame,
        outcome="y",
        treatment="post",
        unit="unit",
        time="year",
        draws=25,
        seed=4,
        statistic=statistic,
        **options,
    )
    place = result.design["place"]
    codes = pd.factorize(frame[place], sort=True)[0]
    year = frame.year.to_numpy()
    paths = read_paths(frame.post.to_numpy(), codes, year, ("post", place))
    pools = np.zeros(codes.max() + 1, dtype=int)
    if options.get("strata"):
        pools[codes] = frame.region
    if options["design"] == "date":
        pools[start_dates(frame, place) == 99] = -1
    plan = plan_assignments(paths, pools, 25, 4)
    others = nuisance(frame, options.get("effects", []), options.get("covariates", []))
    groups, null = frame[options.get("cluster", place)].to_numpy(), options.get("null", 0.0)
    labels = plan.labels(*plan.chunk(0))
    tables = [(year >= start_of(paths)[label[codes]]).astype(float) for label in labels]
    pick = 0 if statistic == "coefficient" else 1
    found = [
        regress(frame, d, others, options.get("weights"), groups, null, frame.post.to_numpy())[pick]
        for d in tables
    ]
    np.testing.assert_allclose(result.extra["statistics"], found, rtol=1e-8, atol=1e-10)
    observed = regress(
        frame, frame.post, others, options.get("weights"), groups, null, frame.post.to_numpy()
    )[pick]
    exceeding = int((np.abs(found) >= abs(observed) * (1 - 1e-9)).sum())
    share = exceeding / len(found) if result.design["enumerated"] else (1 + exceeding) / 26
    assert result.row(term="post").p_value == share
    own = (start_dates(frame, place)[:, None] == start_of(paths)).argmax(axis=1)
    assert all(sorted(label) == sorted(own) for label in labels)


def start_of(paths):
    return np.where(paths.kinds.any(axis=1), paths.kinds.argmax(axis=1), 99)


@pytest.mark.parametrize("case", [name for name in CASES if name != "no effects"])
def test_dense_and_table_agree(case, monkeypatch):
    options = dict(CASES[case])
    call = {
        "outcome": "y",
        "treatment": "post",
        "unit": "unit",
        "time": "year",
        "draws": 300,
        "seed": 9,
    } | options
    frame = panel(by=call.pop("by", "state"))
    quick = randomization_test(frame, **call)
    monkeypatch.setattr(_randomize, "TABLE_CELLS", 0)
    slow = randomization_test(frame, **call)
    np.testing.assert_allclose(quick.extra["statistics"], slow.extra["statistics"], rtol=1e-8, atol=1e-11)
    pd.testing.assert_frame_equal(quick.tidy(), slow.tidy(), rtol=1e-9)


def test_design_keeps_what_it_must():
    """Never-treated units stay so in design date; strata keep their number of treated; clusters move whole."""
    frame = panel(by="unit")
    codes = pd.factorize(frame.unit, sort=True)[0]
    paths = read_paths(frame.post.to_numpy(), codes, frame.year.to_numpy(), ("post", "unit"))
    never = paths.label == paths.never
    date = plan_assignments(paths, np.where(never, -1, 0), 50, 1)
    labels = date.labels(*date.chunk(0))
    assert ((labels == paths.never) == never).all() and len(np.unique(labels, axis=0)) > 1
    half = np.zeros(len(paths.label), dtype=int)
    half[codes] = frame.half
    strata = plan_assignments(paths, half, 50, 1)
    treated = strata.labels(*strata.chunk(0)) != paths.never
    assert (treated[:, half == 1].sum(axis=1) == (~never)[half == 1].sum()).all()
    assert len(np.unique(treated, axis=0)) > 1


def test_enumerates_every_distinct_assignment_once():
    """8 states, 4 treated, two of them on one date: 8! / (4! 2!) = 840 assignments."""
    frame = panel()
    call = {
        "outcome": "y",
        "treatment": "post",
        "unit": "unit",
        "time": "year",
        "design": "cluster",
        "cluster": "state",
        "effects": ["unit", "year"],
    }
    result = randomization_test(frame, draws=840, **call)
    assert result.design["enumerated"] and result.design["draws"] == 840 and result.seed is None
    assert result.row(term="post").p_value == result.extra["exceeding"] / 840
    assert np.isclose(result.extra["statistics"], result.row(term="post").estimate, rtol=1e-9).sum() == 1
    codes = frame.state.to_numpy()
    paths = read_paths(frame.post.to_numpy(), codes, frame.year.to_numpy(), ("post", "state"))
    plan = plan_assignments(paths, np.zeros(8, int), 840, None)
    labels = plan.labels(*plan.chunk(0))
    want = set(itertools.permutations(paths.label.tolist()))
    assert {tuple(row) for row in labels.tolist()} == want and len(labels) == len(want) == 840
    drawn = randomization_test(frame, draws=839, seed=1, **call)
    assert not drawn.design["enumerated"]
    assert abs(drawn.row(term="post").p_value - result.row(term="post").p_value) < 0.06


def test_strata_enumerate_as_products():
    frame = panel(states=6)
    result = randomization_test(
        frame,
        outcome="y",
        treatment="post",
        unit="unit",
        time="year",
        design="cluster",
        cluster="state",
        strata="region",
        effects=["unit", "year"],
        draws=10_000,
    )
    starts = pd.Series(start_dates(frame, "state"))
    want = 1
    for _, own in starts.groupby(np.arange(6) % 2):
        want *= len(set(itertools.permutations(own)))
    assert result.design["enumerated"] and result.design["draws"] == want


def test_interval_holds_exactly_the_nulls_not_rejected():
    call = {
        "outcome": "y",
        "treatment": "post",
        "unit": "unit",
        "time": "year",
        "design": "cluster",
        "cluster": "state",
        "effects": ["unit", "year"],
        "draws": 840,
        "level": 0.8,
    }
    row = randomization_test(panel(), **call).row(term="post")
    assert row.conf_low < row.estimate < row.conf_high
    for bound, out in ((row.conf_low, -1), (row.conf_high, 1)):
        inside = randomization_test(panel(), null=bound - out * 1e-6, **call).row(term="post").p_value
        outside = randomization_test(panel(), null=bound + out * 1e-6, **call).row(term="post").p_value
        assert outside <= 0.2 < inside


def test_cross_section():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"unit": np.arange(12), "d": np.r_[np.ones(4), np.zeros(8)], "y": rng.normal(size=12)}
    )
    result = randomization_test(frame, outcome="y", treatment="d", unit="unit", draws=500)
    means = [
        frame.y[list(chosen)].mean() - frame.y.drop(list(chosen)).mean()
        for chosen in itertools.combinations(range(12), 4)
    ]
    assert result.design["draws"] == 495
    np.testing.assert_allclose(np.sort(result.extra["statistics"]), np.sort(means), rtol=1e-9)


def test_continuous_paths_are_swapped_whole():
    """Any treatment can be swapped when the panel is balanced."""
    frame = panel(missing=0)
    frame["dose"] = frame.state * 1.7 + frame.year * (frame.state + 1)
    result = randomization_test(
        frame,
        outcome="y",
        treatment="dose",
        unit="unit",
        time="year",
        design="cluster",
        cluster="state",
        effects=["unit", "year"],
        draws=200,
        seed=1,
    )
    assert 0 < result.row(term="dose").p_value <= 1


def bad(**changes):
    return {
        "outcome": "y",
        "treatment": "post",
        "unit": "unit",
        "time": "year",
        "design": "cluster",
        "cluster": "state",
        "effects": ["unit", "year"],
        "draws": 50,
        "seed": 1,
    } | changes


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"design": "row"}, EstimationError, "design must be"),
        ({"statistic": "F"}, EstimationError, "statistic must be"),
        ({"alternative": "equal-tailed"}, EstimationError, "alternative must be"),
        ({"draws": 0}, EstimationError, "draws"),
        ({"seed": None}, EstimationError, "seed is needed"),
        ({"cluster": None}, EstimationError, "needs cluster"),
        ({"treatment": "mixed"}, ColumnError, "varies within 'state'"),
        ({"treatment": "switching", "design": "unit"}, NotIdentifiedError, "Balance the panel"),
        ({"treatment": "dose", "design": "date", "balanced": True}, ColumnError, "no dates to permute"),
        ({"treatment": "once", "design": "date", "balanced": True}, NotIdentifiedError, "one date only"),
        ({"treatment": "all"}, NotIdentifiedError, "one treatment path"),
        ({"strata": "year"}, ColumnError, "varies within an assigned place"),
        ({"strata": "state"}, NotIdentifiedError, "nothing to permute"),
        ({"cluster": "one"}, TooFewClustersError, "one"),
        ({"effects": [("state", "year")]}, NotIdentifiedError, "post"),
        ({"time": "region"}, KeyNotUniqueError, "repeat"),
        ({"treatment": "text"}, ColumnError, "text"),
        ({"cohort": "year"}, ColumnError, "cohort 'year' varies"),
        ({"cohort": "first"}, ColumnError, "contradicts the cohort"),
    ],
)
def test_bad_input_is_named(changes, error, message):
    changes = dict(changes)
    frame = panel(missing=0 if changes.pop("balanced", False) else 0.15)
    frame = frame.assign(
        one=1, text="a", first=1, mixed=(frame.u == 1) * (frame.year > 2) * 1.0, dose=frame.state * frame.year
    )
    frame["switching"] = ((frame.state < 3) & (frame.year == 2)) * 1.0
    frame["once"] = ((frame.state < 3) & (frame.year >= 2)) * 1.0
    frame["all"] = (frame.year >= 2) * 1.0
    with pytest.raises(error, match=message):
        randomization_test(frame, **bad(**changes))


def test_rows_dropped_are_counted():
    frame = panel()
    frame.loc[:2, "y"] = np.nan
    frame.loc[3:4, "unit"] = np.nan
    sample = randomization_test(frame, **bad()).sample
    assert sample.dropped == {"missing y": 3, "missing unit": 2} and sample.used == len(frame) - 5


def test_cohort_gives_the_start_that_missing_rows_hide():
    frame = panel(missing=0)
    frame["first"] = frame.state.map(dict(enumerate(start_dates(frame, "state")))).replace(99, np.nan)
    frame = frame[~((frame.year == frame["first"]) & (frame.u == 0))]
    call = bad(design="date", cluster="unit", draws=30)
    late = randomization_test(frame, **call)
    dated = randomization_test(frame, cohort="first", **call)
    assert late.row(term="post").estimate == dated.row(term="post").estimate
    assert not np.allclose(late.extra["statistics"], dated.extra["statistics"])
