"""What no relabelling, unit or machine may change in inference by resampling."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimators.errors import FewClustersWarning
from analysis.estimators.resampling import bootstrap_statistics as _wild
from analysis.estimators.resampling.randomization import randomization_test
from analysis.estimators.resampling.score_bootstrap import score_bootstrap
from analysis.estimators.resampling.wild_bootstrap import wild_bootstrap

pytestmark = pytest.mark.filterwarnings("ignore::analysis.estimators.errors.FewClustersWarning")
WILD = {
    "outcome": "y",
    "treatment": "post",
    "covariates": "x",
    "effects": ["unit", "year"],
    "cluster": "state",
}
RANDOM = {k: v for k, v in WILD.items() if k != "cluster"} | {
    "unit": "unit",
    "time": "year",
    "design": "cluster",
    "cluster": "state",
}


def panel(seed, states=7, units=2, years=5, effect=0.3):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        itertools.product(range(states), range(units), range(years)), columns=["state", "u", "year"]
    )
    frame["unit"] = frame.state * 100 + frame.u
    start = rng.permutation(np.r_[1, 2, 3, np.full(states - 3, 99)])
    frame["post"] = (frame.year >= start[frame.state]).astype(float)
    frame["x"] = rng.normal(size=len(frame))
    frame["w"] = rng.uniform(0.5, 2.0, len(frame))
    frame["y"] = (
        effect * frame.post + frame.x + rng.normal(size=states)[frame.state] + rng.normal(size=len(frame))
    )
    return frame


def wild(frame, **options):
    return wild_bootstrap(frame, **WILD | {"draws": 128} | options)


def random(frame, **options):
    return randomization_test(frame, **RANDOM | {"draws": 210} | options)


TESTS = {
    "wild": wild,
    "31": lambda f, **o: wild(f, kind="31", **o),
    "random": random,
    "random t": lambda f, **o: random(f, statistic="t", **o),
}
seeds, tests = st.integers(0, 10_000), st.sampled_from(sorted(TESTS))


def same(one, other, scale=1.0, shift=0.0):
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        want = scale * np.array(one[name]) + (0 if name == "std_error" else shift)
        np.testing.assert_allclose(other[name], want, rtol=1e-6, atol=1e-8 * abs(scale))
    np.testing.assert_array_equal(other["p_value"], one["p_value"])


@settings(max_examples=25, deadline=None)
@given(seeds, tests, st.floats(0.01, 100), st.floats(-50, 50))
def test_scale_and_shift_of_the_outcome(seed, name, scale, shift):
    frame = panel(seed)
    other = frame.assign(y=scale * frame.y + shift + 3 * scale * frame.unit - shift * frame.year)
    same(TESTS[name](frame, weights="w").tidy(), TESTS[name](other, weights="w").tidy(), scale)


@settings(max_examples=25, deadline=None)
@given(seeds, tests, st.floats(-3, 3))
def test_an_effect_added_moves_null_and_interval(seed, name, effect):
    frame = panel(seed)
    one = TESTS[name](frame, null=0.2).tidy()
    other = TESTS[name](frame.assign(y=frame.y + effect * frame.post), null=0.2 + effect).tidy()
    same(one, other, shift=effect)


@settings(max_examples=25, deadline=None)
@given(seeds, tests)
def test_row_order_and_labels(seed, name):
    """All sign vectors or assignments are taken, so even the order of clusters is free."""
    frame = panel(seed)
    rng = np.random.default_rng(seed)
    names = rng.permutation([f"s{i}" for i in range(7)])
    other = frame.assign(state=names[frame.state], unit=rng.permutation(1000)[frame.unit])
    same(TESTS[name](frame).tidy(), TESTS[name](other.sample(frac=1, random_state=seed)).tidy())


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from(["wild", "31"]))
def test_integer_weights_are_repeated_rows(seed, name):
    frame = panel(seed)
    frame["w"] = np.random.default_rng(seed).integers(1, 4, len(frame)).astype(float)
    repeated = frame.loc[frame.index.repeat(frame.w.astype(int))].reset_index(drop=True)
    one, other = TESTS[name](frame, weights="w"), TESTS[name](repeated)
    np.testing.assert_array_equal(one.tidy().p_value, other.tidy().p_value)
    np.testing.assert_allclose(
        one.tidy()[["estimate", "conf_low", "conf_high"]],
        other.tidy()[["estimate", "conf_low", "conf_high"]],
        rtol=1e-6,
        atol=1e-8,
    )


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from(["rademacher", "webb"]), st.booleans())
def test_squares_multiplied_out_equal_squares_formed(seed, distribution, restricted):
    frame = panel(seed, states=30)
    call = {"draws": 300, "seed": seed, "distribution": distribution, "restricted": restricted}
    plain = wild(frame, **call)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_wild, "MANY_CLUSTERS", 1)
        quick = wild(frame, **call)
    np.testing.assert_allclose(
        quick.extra["bootstrap_statistics"], plain.extra["bootstrap_statistics"], rtol=1e-8, atol=1e-10
    )
    same(plain.tidy(), quick.tidy())


@pytest.mark.parametrize("name", ["wild", "random"])
def test_true_null_is_rejected_as_often_as_promised(name):
    """240 samples without effect: p-values below 10% and 50% about as often (four standard errors)."""
    options = {"wild": {"seed": 1, "draws": 199, "intervals": False}, "random": {"seed": 1, "draws": 99}}[
        name
    ]
    frames = (panel(seed, states=16, effect=0.0) for seed in range(240))
    found = np.array([TESTS[name](frame, **options).tidy().p_value[0] for frame in frames])
    assert abs(np.mean(found <= 0.1) - 0.1) < 4 * np.sqrt(0.1 * 0.9 / 240)
    assert abs(np.mean(found <= 0.5) - 0.5) < 4 * np.sqrt(0.25 / 240)


SCRIPT = """
import hashlib, warnings
warnings.simplefilter("ignore")
import numpy as np
from test_wild_properties import WILD, RANDOM, panel
from analysis.estimators import randomization_test, wild_bootstrap
frame = panel(3, states=520, units=1, years=4)
digest = hashlib.sha256()
for options in ({}, {"kind": "31"}, {"distribution": "webb", "weights": "w"}, {"effects": ["state"]}):
    result = wild_bootstrap(frame, **WILD | {"draws": 999, "seed": 5} | options)
    digest.update(result.tidy().drop(columns="term").to_numpy(float).tobytes())
    digest.update(result.extra["bootstrap_statistics"].tobytes())
for options in ({}, {"statistic": "t", "draws": 100}):
    result = randomization_test(frame, **RANDOM | {"draws": 500, "seed": 5} | options)
    digest.update(result.tidy().drop(columns="term").to_numpy(float).tobytes())
    digest.update(result.extra["statistics"].tobytes())
print(digest.hexdigest())
"""


def test_same_bits_for_any_hash_seed_and_thread_count():
    here = os.path.dirname(__file__)

    def run(hash_seed, threads):
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        environment = (
            os.environ | dict.fromkeys(names, threads) | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": here}
        )
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert run("0", "1") == run("77", "4")


@pytest.mark.parametrize("jobs", [2, 3])
def test_same_bits_on_any_number_of_jobs(jobs):
    frame = panel(4, states=600)
    for test, options in ((wild, {}), (wild, {"distribution": "webb"}), (random, {})):
        one = test(frame, draws=1500, seed=8, **options)
        many = test(frame, draws=1500, seed=8, n_jobs=jobs, **options)
        key = "statistics" if test is random else "bootstrap_statistics"
        np.testing.assert_array_equal(one.extra[key], many.extra[key])
        pd.testing.assert_frame_equal(one.tidy(), many.tidy(), check_exact=True)


def _slow_pid():
    time.sleep(0.1)
    return os.getpid()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_dask_cluster_gives_the_bits_of_one_core():
    """A real local cluster of three worker processes, through joblib's Dask backend."""
    distributed = pytest.importorskip("distributed")
    from joblib import Parallel, delayed, parallel_config

    frame = panel(5, states=600)
    counts = frame.assign(y=np.random.default_rng(1).poisson(np.exp(frame.x)))
    calls = [
        lambda: wild(frame, draws=2000, seed=1).extra["bootstrap_statistics"],
        lambda: wild(frame, draws=2000, seed=1, cluster="unit", kind="31").extra["bootstrap_statistics"],
        lambda: random(frame, draws=2000, seed=1).extra["statistics"],
        lambda: random(frame, draws=200, seed=1, statistic="t").extra["statistics"],
        lambda: score_bootstrap(counts, **WILD | {"draws": 2000, "seed": 1, "intervals": False}).extra[
            "bootstrap_statistics"
        ],
    ]
    alone = [call() for call in calls]
    with (
        distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(3, timeout=60)
        workers = set(client.run(os.getpid).values())
        with parallel_config("dask"):
            used = set(Parallel()(delayed(_slow_pid)() for _ in range(12)))
            spread = [call() for call in calls]
    assert len(workers) == 3 and os.getpid() not in workers
    assert used <= workers and len(used) >= 2
    for one, other in zip(alone, spread, strict=True):
        np.testing.assert_array_equal(one, other)


def test_warning_is_a_user_warning():
    assert issubclass(FewClustersWarning, UserWarning)
