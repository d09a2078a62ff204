"""Every estimator of a frame answers hostile frames in words, or with finite numbers; never with another's error."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest

from analysis import estimators as est
from analysis.estimators.errors import ColumnError, EstimationError

STAGGERED = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}
TWO_WAY = {"outcome": "y", "treatment": "d", "effects": ["unit", "t"]}
PANEL = {"outcome": "y", "unit": "unit", "time": "t", "treatment": "d"}
LATE = PANEL | {"treatment": "late"}
WINDOW = {"window": (-2, 1)}
MATCHED = {"outcome": "y", "treatment": "ever", "covariates": ["x", "z"]}
CLUSTERED = {"outcome": "y", "treatment": "d", "cluster": "state", "effects": ["t"]}
DRAWS = {"draws": 49, "seed": 0, "n_jobs": 1}


def _matched():
    """Return a match of the plain frame, for what is asked of a frame and a result."""
    return est.match(panel(), **MATCHED, replace=False)


def _reported(data, **named):
    """Return a report; where it says that a fault of the data stops it, raise what it says."""
    report = est.staggered_report(data, **named)
    if report.stops:
        raise EstimationError(report.findings.to_string())
    return report


ESTIMATORS = {
    "group_time": (est.group_time, STAGGERED),
    "group_time, not yet": (est.group_time, STAGGERED | {"control": "not_yet"}),
    "group_time, repeated": (est.group_time, STAGGERED | {"panel": "repeated"}),
    "interaction_weighted": (est.interaction_weighted, STAGGERED),
    "extended_twfe": (est.extended_twfe, STAGGERED),
    "extended_twfe, unit": (est.extended_twfe, STAGGERED | {"absorb": "unit"}),
    "imputation": (est.imputation, STAGGERED),
    "two_stage": (est.two_stage, STAGGERED),
    "stacked": (est.stacked, STAGGERED | WINDOW),
    "local_projection": (est.local_projection, STAGGERED | WINDOW),
    "efficient_timing": (est.efficient_timing, STAGGERED),
    "event_study": (est.event_study, STAGGERED),
    "compare_estimators": (est.compare_estimators, STAGGERED),
    "switchers": (est.switchers, PANEL),
    "bacon_decomposition": (est.bacon_decomposition, PANEL),
    "random_effects": (est.random_effects, PANEL),
    "between": (est.between, PANEL),
    "first_differences": (est.first_differences, PANEL),
    "mundlak": (est.mundlak, PANEL),
    "hausman": (est.hausman, PANEL),
    "driscoll_kraay": (est.driscoll_kraay, PANEL),
    "ols": (est.ols, TWO_WAY),
    "poisson": (est.poisson, TWO_WAY),
    "negative_binomial": (est.negative_binomial, TWO_WAY | {"outcome": "count", "effects": ["t"]}),
    "twfe_weights": (est.twfe_weights, TWO_WAY),
    "two_by_two": (est.two_by_two, {"outcome": "y", "treated": "ever", "post": "post"}),
    "match": (est.match, MATCHED),
    "coarsened_exact": (est.coarsened_exact, MATCHED),
    "full_match": (est.full_match, MATCHED),
    "genetic_match": (est.genetic_match, MATCHED | {"population": 5, "generations": 1, "workers": 1}),
    "entropy_balance": (est.entropy_balance, MATCHED),
    "subclassify": (est.subclassify, MATCHED),
    "balance_table": (est.balance_table, {"treatment": "ever", "covariates": ["x", "y"]}),
    "balance_tests": (lambda data: est.balance_tests(data, _matched(), ["x", "y"]), {}),
    "effective_sample_sizes": (
        lambda data: est.effective_sample_sizes(data, treatment="ever", weights=_matched()),
        {},
    ),
    "rosenbaum_bounds": (
        lambda data, **named: est.rosenbaum_bounds(data, _matched(), **named),
        {"outcome": "y"},
    ),
    "synthetic_control": (est.synthetic_control, LATE),
    "synthetic_did": (est.synthetic_did, LATE | {"draws": 5}),
    "conformal_intervals": (est.conformal_intervals, LATE),
    "wild_bootstrap": (est.wild_bootstrap, CLUSTERED | DRAWS),
    "score_bootstrap": (est.score_bootstrap, CLUSTERED | DRAWS),
    "romano_wolf": (
        est.romano_wolf,
        {"outcomes": "y"} | {k: v for k, v in (CLUSTERED | DRAWS).items() if k != "outcome"},
    ),
    "randomization_test": (est.randomization_test, PANEL | DRAWS),
    "omitted_variable_bounds": (
        est.omitted_variable_bounds,
        {"outcome": "y", "treatment": "d", "covariates": ["x", "z"], "contour": 3},
    ),
    "cluster_diagnostics": (est.cluster_diagnostics, CLUSTERED),
    "staggered_report": (
        _reported,
        {"outcome": "y", "unit": "unit", "time": "t", "adopted": "g", "refits": 2},
    ),
    "adoption_cohort": (est.adoption_cohort, {"unit": "unit", "time": "t", "treatment": "d"}),
    "ended_cohort": (est.ended_cohort, {"unit": "unit", "time": "t", "treatment": "d", "since": 2004}),
    "exposure_rings": (
        est.exposure_rings,
        {"unit": "unit", "time": "t", "cohort": "g", "latitude": "x", "longitude": "z"},
    ),
    "leave_one_out": (lambda data, **named: est.leave_one_out(est.ols, data, by="t", **named), TWO_WAY),
    "placebo_dates": (
        lambda data, **named: est.placebo_dates(est.group_time, data, shifts=(1,), **named),
        STAGGERED,
    ),
}


def panel() -> pd.DataFrame:
    random = np.random.default_rng(1)
    unit, t = np.repeat(np.arange(40), 6), np.tile(np.arange(2000, 2006), 40)
    g = np.resize([0.0, 0.0, 2002.0, 2004.0], 40)[unit]
    d = ((g > 0) & (t >= g)).astype(float)
    y = np.exp(random.normal(size=40)[unit] / 3 + 0.2 * d + random.normal(size=len(t)) / 3)
    data = pd.DataFrame({"unit": unit, "t": t, "g": g, "d": d, "y": y})
    count = random.negative_binomial(2, 2 / (2 + 8 * y)).astype(float)
    x, z = random.normal(size=(2, 40))[:, unit]
    return data.assign(
        count=count,
        ever=(g > 0) * 1.0,
        post=(t >= 2002) * 1.0,
        x=x,
        z=z,
        state=unit % 10,
        late=d * (g == 2004),
    )


def every(column, value):
    return lambda data: data.assign(**{column: value})


def scaled(factor):
    return lambda data: data.assign(y=data["y"] * factor, count=data["count"] * factor)


FRAMES = {
    "empty": lambda data: data.iloc[:0],
    "one row": lambda data: data.iloc[:1],
    "one unit": lambda data: data[data["unit"] == 2],
    "two units": lambda data: data[data["unit"].isin([0, 2])],
    "one period": lambda data: data[data["t"] == 2003],
    "two periods": lambda data: data[data["t"].isin([2001, 2002])],
    "no outcome": lambda data: data.assign(y=np.nan, count=np.nan),
    "infinite outcome": lambda data: data.assign(y=data["y"].where(data["unit"] != 3, np.inf)),
    "text outcome": lambda data: data.assign(y="a", count="a"),
    "complex outcome": lambda data: data.assign(y=data["y"] + 1j, count=data["count"] + 1j),
    "constant outcome": lambda data: data.assign(y=1.0, count=1.0),
    "zero outcome": lambda data: data.assign(y=0.0, count=0.0),
    "outcome of 1e155": scaled(1e155),
    "outcome of 1e-300": scaled(1e-300),
    "outcome of 1e12": scaled(1e12),
    "outcome of 1e-12": scaled(1e-12),
    "none treated": lambda data: data.assign(g=0.0, d=0.0, late=0.0, ever=0.0),
    "all treated": lambda data: data.assign(g=2000.0, d=1.0, late=1.0, ever=1.0),
    "all treated at once": lambda data: data.assign(
        g=2003.0, ever=1.0, **dict.fromkeys(("d", "late"), (data["t"] >= 2003) * 1.0)
    ),
    "one cohort": lambda data: data[data["g"].isin([2002.0])],
    "cohort between periods": lambda data: data.assign(g=data["g"] + 0.5 * (data["g"] > 0)),
    "negative cohort": every("g", -1.0),
    "repeated rows": lambda data: pd.concat([data, data]),
    "missing cohort type": lambda data: data.assign(g=data["g"].astype(str)),
    "a list": lambda data: data.to_dict("list"),
    "an array": lambda data: data.to_numpy(),
    "index of the same names": lambda data: data.set_index(["unit", "t"], drop=False),
}
REFUSED = ("complex outcome", "text outcome", "infinite outcome", "outcome of 1e155", "outcome of 1e-300")
NO_OUTCOME = {"twfe_weights", "effective_sample_sizes", "adoption_cohort", "ended_cohort", "exposure_rings"}


def answers(result):
    """Return the numbers of a result."""
    if isinstance(result, est.Estimates):
        yield result.estimate
        if not np.isnan(result.covariance).all():  # a decomposition has no errors of its own
            yield result.std_error
    elif isinstance(result, est.Comparison):
        for part in result.events.values():
            yield part.estimate
            yield part.std_error


def test_every_public_function_of_a_frame_stands_in_the_table():
    """A new estimator is asked for its line."""
    public = {name: getattr(est, name) for name in est.__all__ if inspect.isfunction(getattr(est, name))}
    takes = {name for name, each in public.items() if "data" in inspect.signature(each).parameters}
    assert len(takes) > 40
    assert {name.partition(",")[0] for name in ESTIMATORS} == takes


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_hostile_frames(name, frame):
    """Every answer is an error of this package or finite; what no estimator may take is refused."""
    estimator, options = ESTIMATORS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = estimator(FRAMES[frame](panel()), **options)
        except EstimationError as error:
            assert len(str(error)) >= 20
            return
    assert frame not in REFUSED or name in NO_OUTCOME or options.get("outcome") == "count"
    for values in answers(result):
        assert np.isfinite(values).all()
        assert (np.abs(values) < 1e20).all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_plain_frame_is_answered(name):
    estimator, options = ESTIMATORS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = estimator(panel(), **options)
    assert all(np.isfinite(values).all() for values in answers(result))


@pytest.mark.parametrize("frame", REFUSED)
@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in NO_OUTCOME])
def test_outcomes_no_estimator_may_take(name, frame):
    estimator, options = ESTIMATORS[name]
    if frame == "infinite outcome" and options.get("outcome") == "count":
        pytest.skip("the infinite values stand in another column")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(EstimationError, match=r"complex|not numbers|holds text|infinite|rescale"):
            estimator(FRAMES[frame](panel()), **options)


def test_a_constant_treatment_is_no_effect_over_no_error():
    with pytest.raises(EstimationError, match="does not vary"):
        est.driscoll_kraay(panel().assign(d=1.0), **PANEL)


def test_match_refuses_a_cluster_it_would_ignore():
    random = np.random.default_rng(2)
    data = pd.DataFrame({"x": random.normal(size=60), "d": np.arange(60) % 2, "y": random.normal(size=60)})
    options = {"outcome": "y", "treatment": "d", "covariates": ["x"], "cluster": "state"}
    data = data.assign(state=np.arange(60) // 6)
    for variance in (None, "population", "sample"):
        with pytest.raises(EstimationError, match="would be ignored"):
            est.match(data, **options, variance=variance)
    assert np.isfinite(est.match(data, **options, replace=False, variance="cluster").std_error).all()


def test_scale_limits_are_where_fourth_powers_end():
    data = panel()
    base = est.group_time(data, **STAGGERED)
    for factor in (1e70, 1e-70):
        moved = est.group_time(data.assign(y=data["y"] * factor), **STAGGERED)
        np.testing.assert_allclose(moved.std_error / factor, base.std_error, rtol=1e-9)
    with pytest.raises(ColumnError, match="rescale"):
        est.group_time(data.assign(y=data["y"] * 1e76), **STAGGERED)
